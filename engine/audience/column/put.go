package column

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// newColumn is a column without rows.
func newColumn(t campaign.Type) *Column {
	c := &Column{Type: t}
	switch t.Kind {
	case campaign.String, campaign.Ref, campaign.Any:
		c.Dict = &Dict{}
	case campaign.Map:
		c.Keys = newColumn(campaign.Of(campaign.String))
		c.Elem = newColumn(*t.Elem)
	case campaign.List, campaign.Set:
		c.Elem = newColumn(*t.Elem)
	case campaign.Object:
		c.Fields = make(map[string]*Column, len(t.Fields))
		for _, f := range t.Fields {
			c.Fields[f.Name] = newColumn(f.Type)
		}
	}
	return c
}

// Len is the number of rows.
func (c *Column) Len() int { return int(c.rows) }

// put sets row i to a campaign value, nil for none, adding the rows that are
// missing until there. A value of another Go type than the column's counts as none.
func (c *Column) put(i uint32, v any) {
	for c.rows < i {
		c.put(c.rows, nil)
	}
	fresh := i == c.rows
	if fresh {
		c.room()
		c.rows++
	}
	known := c.write(i, v, fresh)
	if c.collection() || c.Known == nil && known {
		return
	}
	if c.Known == nil {
		c.Known = ones(c.rows)
	}
	c.Known.hold(c.rows)
	c.Known.Put(i, known)
}

func (c *Column) collection() bool {
	return c.Type.Kind == campaign.List || c.Type.Kind == campaign.Set || c.Type.Kind == campaign.Map
}

// room adds an empty row.
func (c *Column) room() {
	switch c.Type.Kind {
	case campaign.Bool:
		c.Bool.hold(c.rows + 1)
	case campaign.Number:
		c.Num.room()
	case campaign.String, campaign.Ref, campaign.Any:
		c.Code.room()
	case campaign.Date:
		c.Day = push(c.Day, 0)
	case campaign.Time:
		c.Micros = push(c.Micros, 0)
	case campaign.Duration:
		c.Nanos = push(c.Nanos, 0)
	case campaign.List, campaign.Set, campaign.Map:
		c.From = push(c.From, 0)
		c.To = push(c.To, 0)
	}
}

// write sets what row i holds, and tells whether it has a value. What is absent
// leaves zeros.
func (c *Column) write(i uint32, v any, fresh bool) (known bool) {
	switch c.Type.Kind {
	case campaign.Bool:
		b, ok := v.(bool)
		c.Bool.Put(i, b)
		return ok
	case campaign.Number:
		f, ok := v.(float64)
		c.Num.put(i, f)
		return ok
	case campaign.String, campaign.Ref, campaign.Any:
		return c.writeText(i, v, fresh)
	case campaign.Date:
		d, ok := v.(campaign.CivilDate)
		c.Day[i] = 0
		if ok {
			c.Day[i] = DayOf(d)
		}
		return ok
	case campaign.Time:
		t, ok := v.(time.Time)
		c.Micros[i] = 0
		if ok {
			c.Micros[i] = t.UnixMicro()
		}
		return ok
	case campaign.Duration:
		d, ok := v.(time.Duration)
		c.Nanos[i] = int64(d)
		return ok
	case campaign.List, campaign.Set:
		items, _ := v.([]any)
		c.writeList(i, items)
	case campaign.Map:
		m, _ := v.(map[string]any)
		c.writeMap(i, m)
	case campaign.Object:
		m, ok := v.(map[string]any)
		for name, f := range c.Fields {
			f.put(i, m[name])
		}
		return ok
	}
	return false
}

func (c *Column) writeText(i uint32, v any, fresh bool) bool {
	s, ok := v.(string)
	if c.Type.Kind == campaign.Any && v != nil {
		b, err := json.Marshal(v)
		s, ok = string(b), err == nil
	}
	if !fresh && c.Has(i) {
		if ok && c.Dict.String(c.Code.At(i)) == s {
			return true
		}
		c.Dict.released++
	}
	code := uint32(0)
	if ok {
		code = c.Dict.intern(s)
	}
	c.Code.put(i, code)
	return ok
}

// writeList puts the elements at the end of all; those that row i had are left
// there without a value, until the next gathering.
func (c *Column) writeList(i uint32, items []any) {
	c.leave(i)
	c.From[i] = c.Elem.rows
	for _, item := range items {
		c.Elem.put(c.Elem.rows, item)
	}
	c.To[i] = c.Elem.rows
}

func (c *Column) writeMap(i uint32, m map[string]any) {
	c.leave(i)
	c.From[i] = c.Elem.rows
	for _, key := range slices.Sorted(maps.Keys(m)) {
		c.Keys.put(c.Keys.rows, key)
		c.Elem.put(c.Elem.rows, m[key])
	}
	c.To[i] = c.Elem.rows
}

func (c *Column) leave(i uint32) {
	c.left += c.To[i] - c.From[i]
	for e := c.From[i]; e < c.To[i]; e++ {
		c.Elem.put(e, nil)
		if c.Keys != nil {
			c.Keys.put(e, nil)
		}
	}
}

// sweep forgets the strings that no row has any more.
func (c *Column) sweep() {
	for _, f := range c.parts() {
		f.sweep()
	}
	if c.Dict == nil || c.Dict.released == 0 {
		return
	}
	var used Bits
	used.hold(uint32(c.Dict.Len()))
	for i := range c.rows {
		if c.Has(i) {
			used.Put(c.Code.At(i), true)
		}
	}
	codes := c.Dict.keep(used)
	for i := range c.rows {
		if c.Has(i) {
			c.Code.put(i, codes[c.Code.At(i)])
		}
	}
}

// released is how many strings might be of no row any more.
func (c *Column) released() int {
	n := 0
	if c.Dict != nil {
		n = c.Dict.released
	}
	for _, f := range c.parts() {
		n += f.released()
	}
	return n
}

// parts are the columns within.
func (c *Column) parts() []*Column {
	var parts []*Column
	if c.Keys != nil {
		parts = append(parts, c.Keys)
	}
	if c.Elem != nil {
		parts = append(parts, c.Elem)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		parts = append(parts, c.Fields[name])
	}
	return parts
}

// reserve makes room for factor times the rows there are.
func (c *Column) reserve(factor float64) {
	total := int(float64(c.rows) * factor)
	switch c.Type.Kind {
	case campaign.Number:
		c.Num.reserve(total)
	case campaign.String, campaign.Ref, campaign.Any:
		c.Code.reserve(total)
	case campaign.Date:
		c.Day = reserve(c.Day, total)
	case campaign.Time:
		c.Micros = reserve(c.Micros, total)
	case campaign.Duration:
		c.Nanos = reserve(c.Nanos, total)
	case campaign.List, campaign.Set, campaign.Map:
		c.From, c.To = reserve(c.From, total), reserve(c.To, total)
	}
	for _, part := range c.parts() {
		part.reserve(factor)
	}
}
