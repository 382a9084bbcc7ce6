package pushdown

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// attribute reads an attribute of the profile, or its default.
func (c *compiler) attribute(n *ir.Attribute) piece {
	c.ofPerson()
	var p piece
	switch n.Name {
	case "id":
		p = piece{sql: "p.key"}
	case "email", "phone":
		p = piece{sql: "p." + n.Name}
	case "created_at":
		p = piece{sql: "p.created_at"}
	default:
		p = c.stored("p.attributes -> "+c.text(n.Name), n.T)
	}
	if n.Default == nil {
		return p
	}
	return joined(fmt.Sprintf("coalesce(%s, %s)", p.sql, c.constant(n.Default).sql), p)
}

// Patterns of texts that casts read as Coerce does. 29 February is left out: it
// hangs on the year.
const (
	datePattern     = `(1[0-9]|20|21)[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)`
	timePattern     = datePattern + `T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z`
	refPattern      = `[!-~]([ -~]*[!-~])?` // without white space around it, which Coerce takes away
	durationPattern = `(?=.)([0-9]{1,4}w)?([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?`
)

// stored reads a JSON value as a value of a type. In doubt is all that is not
// spelled as herald spells it: what Coerce makes of it is Coerce's business.
func (c *compiler) stored(json string, t campaign.Type) piece {
	json = "(" + json + ")"
	read, ok := map[campaign.Kind]struct{ typeof, pattern, cast string }{
		campaign.String:   {"string", "", "(%s #>> '{}')"},
		campaign.Ref:      {"string", refPattern, "(%s #>> '{}')"},
		campaign.Number:   {"number", "", "(%s)::float8"},
		campaign.Bool:     {"boolean", "", "(%s)::boolean"},
		campaign.Date:     {"string", datePattern, "(%s #>> '{}')::date"},
		campaign.Time:     {"string", timePattern, "(%s #>> '{}')::timestamptz"},
		campaign.Duration: {"string", durationPattern, ""},
	}[t.Kind]
	if !ok {
		return c.fail("a value of type %s", t)
	}
	good := fmt.Sprintf("jsonb_typeof%s = '%s'", json, read.typeof)
	if read.pattern != "" {
		good = fmt.Sprintf("coalesce((%s #>> '{}') ~ '^%s$', FALSE) AND %s", json, read.pattern, good)
	}
	value := parseDuration(json)
	if t.Kind != campaign.Duration {
		value = fmt.Sprintf(read.cast, json)
	}
	p := piece{
		sql:    fmt.Sprintf("CASE WHEN %s THEN %s END", good, value),
		doubts: []string{fmt.Sprintf("coalesce(jsonb_typeof%s, 'null') <> 'null' AND NOT (%s)", json, good)},
	}
	p.sql = collated(p.sql, t.Kind)
	return p
}

// parseDuration is a duration in microseconds, of a text that fits the pattern.
func parseDuration(json string) string {
	part := func(unit string, seconds int64) string {
		return fmt.Sprintf("coalesce(substring(%s #>> '{}' from '([0-9]+)%s')::bigint, 0) * %d", json, unit, seconds*1_000_000)
	}
	return part("w", 604800) + " + " + part("d", 86400) + " + " + part("h", 3600) + " + " + part("m", 60) + " + " + part("s", 1)
}

// fieldOf is a part of an object: of an event, of an element, of a row, or of the
// first or last event.
func (c *compiler) fieldOf(n *ir.Field) piece {
	switch x := n.X.(type) {
	case *ir.Var:
		b, ok := c.vars[x.Slot]
		switch {
		case !ok:
			return c.fail("a variable from around another history")
		case b.event != nil && n.Name == "at":
			return piece{sql: b.event.alias + ".at"}
		case b.event != nil:
			return c.stored(fmt.Sprintf("%s.properties -> %s", b.event.alias, c.text(n.Name)), n.T)
		}
		return c.stored(fmt.Sprintf("%s -> %s", b.json, c.text(n.Name)), n.T)
	case *ir.Row:
		return c.cell(x, n)
	case *ir.Fold:
		return c.end(x, n)
	case *ir.Attribute:
		object := c.object(x)
		return joined(c.stored(fmt.Sprintf("%s -> %s", object.sql, c.text(n.Name)), n.T).sql, object)
	}
	return c.fail("a part of a computed object")
}

// object is an attribute that is an object: SQL of a jsonb, NULL where it is
// absent. It is in doubt as a whole, for herald reads all of it or nothing.
func (c *compiler) object(n *ir.Attribute) piece {
	json, ok := c.jsonOf(n)
	if !ok || n.T.Kind != campaign.Object {
		return c.fail("an attribute that is a %s", n.T)
	}
	return piece{
		sql:    fmt.Sprintf("(CASE WHEN jsonb_typeof%s = 'object' THEN %s END)", json, json),
		doubts: []string{"NOT (" + c.spelled(json, n.T) + ")"},
	}
}

// jsonOf is the SQL of a list as it is stored.
func (c *compiler) jsonOf(n ir.Node) (string, bool) {
	switch n := n.(type) {
	case *ir.Attribute:
		if n.Default != nil {
			return "", false
		}
		c.ofPerson()
		return "(p.attributes -> " + c.text(n.Name) + ")", true
	case *ir.Var:
		if b, ok := c.vars[n.Slot]; ok && b.event == nil {
			return b.json, true
		}
	case *ir.Field:
		x, ok := n.X.(*ir.Var)
		if !ok {
			return "", false
		}
		b, ok := c.vars[x.Slot]
		switch {
		case !ok:
			return "", false
		case b.event != nil:
			return fmt.Sprintf("(%s.properties -> %s)", b.event.alias, c.text(n.Name)), true
		}
		return fmt.Sprintf("(%s -> %s)", b.json, c.text(n.Name)), true
	}
	return "", false
}

// list is a stored list or set: SQL of a jsonb array, empty where it is absent.
func (c *compiler) list(n ir.Node) piece {
	json, ok := c.jsonOf(n)
	if !ok {
		return c.fail("a list that is computed")
	}
	t := n.Type()
	spelled := c.spelled(json, t)
	return piece{
		sql:    fmt.Sprintf("(CASE WHEN jsonb_typeof(%s) = 'array' THEN %s ELSE '[]'::jsonb END)", json, json),
		doubts: []string{fmt.Sprintf("NOT (%s)", spelled)},
	}
}

// spelled is SQL that is true of a JSON value that is absent, or as herald spells
// values of the type, down to the last field. It is never NULL.
func (c *compiler) spelled(json string, t campaign.Type) string {
	absent := fmt.Sprintf("coalesce(jsonb_typeof(%s), 'null') = 'null'", json)
	switch t.Kind {
	case campaign.List, campaign.Set:
		c.aliases++
		x := fmt.Sprintf("s%d", c.aliases)
		elements := fmt.Sprintf("jsonb_array_elements(CASE WHEN jsonb_typeof(%s) = 'array' THEN %s ELSE '[]'::jsonb END) %s (v)", json, json, x)
		again := ""
		if t.Kind == campaign.Set { // Coerce leaves out what is there already
			again = fmt.Sprintf(" AND (SELECT count(*) = count(DISTINCT v) FROM %s)", elements)
		}
		return fmt.Sprintf("(%s OR jsonb_typeof(%s) = 'array' AND NOT EXISTS (SELECT 1 FROM %s WHERE jsonb_typeof(%s.v) = 'null' OR NOT (%s))%s)",
			absent, json, elements, x, c.spelled(x+".v", *t.Elem), again)
	case campaign.Object:
		good := fmt.Sprintf("%s OR jsonb_typeof(%s) = 'object'", absent, json)
		for _, f := range t.Fields {
			good = fmt.Sprintf("(%s) AND %s", good, c.spelled(fmt.Sprintf("(%s -> %s)", json, c.text(f.Name)), f.Type))
		}
		return "(" + good + ")"
	}
	p := c.stored(json, t)
	return "NOT (" + anyOf(p.doubts) + ")"
}

// cell is a value of a row of a catalog: the column travels as one argument.
func (c *compiler) cell(row *ir.Row, n *ir.Field) piece {
	catalog, ok := c.project.Catalog(row.Catalog)
	if !ok {
		return c.fail("there is no catalog %s", row.Catalog)
	}
	column := map[string]any{}
	for _, raw := range catalog.Rows {
		v, err := campaign.Coerce(campaign.Of(campaign.String), raw[catalog.Key])
		key, ok := v.(string)
		if err != nil || !ok {
			continue
		}
		delete(column, key) // of two rows with one key the last counts
		if cell := c.project.Row(row.Catalog, key)[n.Name]; cell != nil {
			column[key] = campaign.JSONValue(cell)
		}
	}
	key := c.string(row.Key)
	values, ok := jsonArgument(column)
	if !ok {
		return c.fail("a catalog with a text that PostgreSQL does not hold")
	}
	cell := c.stored(fmt.Sprintf("%s -> %s", c.arg(values, "jsonb"), key.sql), n.T)
	return joined(cell.sql, key, cell)
}
