package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
)

// Fill sets the rows and infers the columns' types: number, bool or date where
// every value of the column is one, else string for texts and Any for the rest.
// It refuses rows without the key, two rows with one key, and column names that
// an expression could not write.
func (c *Catalog) Fill(rows []map[string]any) error {
	c.Columns, c.Rows = nil, make([]map[string]any, 0, len(rows))
	seen := map[string]int{}
	for i, row := range rows {
		key, err := Coerce(Of(String), row[c.Key])
		if s, _ := key.(string); err != nil || s == "" {
			return fmt.Errorf("row %d has no %s, which is the key of catalog.%s", i+1, c.Key, c.Name)
		}
		if first, dup := seen[key.(string)]; dup {
			return fmt.Errorf("rows %d and %d have the same %s, which is the key of catalog.%s", first, i+1, c.Key, c.Name)
		}
		seen[key.(string)] = i + 1
	}
	types := map[string]Type{c.Key: Of(String)}
	present := map[string]int{}
	for _, row := range rows {
		for name, raw := range row {
			if raw == nil {
				continue
			}
			if !addr.IsLabel(name) || strings.Contains(name, "-") {
				return fmt.Errorf("the column %q of catalog.%s cannot be named in an expression: use letters, digits and _", name, c.Name)
			}
			present[name]++
			if name != c.Key {
				types[name] = join(types[name], raw)
			}
		}
	}
	for name, t := range types {
		c.Columns = append(c.Columns, Field{Name: name, Type: t, Optional: present[name] < len(rows)})
	}
	slices.SortFunc(c.Columns, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return c.convert(rows)
}

// convert brings the rows to the JSON form of the columns' types.
func (c *Catalog) convert(rows []map[string]any) error {
	row := c.RowType()
	for i, raw := range rows {
		v, err := Coerce(row, raw)
		if err != nil {
			return fmt.Errorf("row %d of catalog.%s: %w", i+1, c.Name, err)
		}
		c.Rows = append(c.Rows, JSONValue(v).(map[string]any))
	}
	return nil
}

// join widens the type so far (zero for none) so that raw fits, too.
func join(t Type, raw any) Type {
	for _, candidate := range []Kind{Number, Bool, Date} {
		if t.IsZero() || t.Kind == candidate {
			if _, err := Coerce(Of(candidate), raw); err == nil {
				return Of(candidate)
			}
		}
	}
	if t.Kind == Any {
		return t
	}
	switch raw.(type) {
	case string, float64:
		return Of(String)
	}
	return Of(Any)
}
