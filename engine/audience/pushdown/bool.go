package pushdown

import (
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// bool is a condition: a boolean, whose NULL is unknown. SQL's AND, OR and NOT are
// Kleene's.
func (c *compiler) bool(n ir.Node) piece {
	switch n := n.(type) {
	case *ir.Not:
		x := c.bool(n.X)
		return joined(fmt.Sprintf("(NOT %s)", x.sql), x)
	case *ir.Logic:
		return c.logic(n)
	case *ir.Compare:
		return c.compare(n)
	case *ir.In:
		return c.in(n)
	case *ir.Has:
		return c.has(n.X)
	case *ir.Segment:
		when := c.enter(n.Name)
		if when == nil {
			return c.fail("there is no segment %s, or it asks for itself", n.Name)
		}
		defer c.leave()
		vars := c.vars
		c.vars = map[int]binding{}
		p := c.bool(when)
		c.vars = vars
		return p
	case *ir.Subscribed:
		return c.subscribed(n.Topic)
	case *ir.Reachable:
		return c.reachable(n.Channel)
	case *ir.Sequence:
		return c.sequence(n)
	case *ir.Call:
		return c.test(n)
	}
	if p, ok := c.plain(n); ok {
		return p
	}
	return c.fail("a condition of another kind")
}

func (c *compiler) logic(n *ir.Logic) piece {
	sqls, parts := make([]string, len(n.Xs)), make([]piece, len(n.Xs))
	for i, x := range n.Xs {
		parts[i] = c.bool(x)
		sqls[i] = parts[i].sql
	}
	return joined("("+strings.Join(sqls, words[n.Op])+")", parts...)
}

var signs = map[ir.CompareOp]string{ir.Eq: "=", ir.Ne: "<>", ir.Lt: "<", ir.Le: "<=", ir.Gt: ">", ir.Ge: ">="}

func (c *compiler) compare(n *ir.Compare) piece {
	switch n.L.Type().Kind {
	case campaign.Bool, campaign.Number, campaign.String, campaign.Ref, campaign.Date, campaign.Time, campaign.Duration:
		l, r := c.value(n.L), c.value(n.R)
		return joined(fmt.Sprintf("(%s %s %s)", l.sql, signs[n.Op], r.sql), l, r)
	}
	return c.fail("a comparison of lists")
}

// in is unknown where the value is; a stored list is always known.
func (c *compiler) in(n *ir.In) piece {
	x := c.value(n.X)
	if of, ok := n.Of.(*ir.Const); ok && !of.Unset {
		return c.inConstants(x, of)
	}
	switch n.Of.Type().Kind {
	case campaign.List, campaign.Set:
	default:
		return c.fail("in of a %s", n.Of.Type())
	}
	list := c.list(n.Of)
	switch n.X.Type().Kind {
	case campaign.String, campaign.Ref:
		return joined(fmt.Sprintf("(%s ? %s)", list.sql, x.sql), x, list)
	case campaign.Number:
		return joined(fmt.Sprintf("(CASE WHEN %[2]s IS NOT NULL THEN %[1]s @> to_jsonb(%[2]s) END)", list.sql, x.sql), x, list)
	}
	return c.fail("in of a list of %s", n.X.Type())
}

func (c *compiler) inConstants(x piece, of *ir.Const) piece {
	values, _ := of.Value.([]any)
	if len(values) == 0 {
		return joined(fmt.Sprintf("(CASE WHEN %s IS NOT NULL THEN FALSE END)", x.sql), x)
	}
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = c.constant(v).sql
	}
	return joined(fmt.Sprintf("(%s IN (%s))", x.sql, strings.Join(items, ", ")), x)
}

// has asks whether a value is known, or a collection has elements.
func (c *compiler) has(x ir.Node) piece {
	switch x.Type().Kind {
	case campaign.List, campaign.Set:
		list := c.list(x)
		return joined(fmt.Sprintf("(%s <> '[]'::jsonb)", list.sql), list)
	case campaign.Object:
		return c.hasObject(x)
	case campaign.Map:
		return c.fail("has() of a map")
	}
	p := c.value(x)
	return joined(fmt.Sprintf("(%s IS NOT NULL)", p.sql), p)
}

// hasObject asks whether there is an attribute, or a first or last event.
func (c *compiler) hasObject(x ir.Node) piece {
	if a, ok := x.(*ir.Attribute); ok {
		object := c.object(a)
		return joined(fmt.Sprintf("(%s IS NOT NULL)", object.sql), object)
	}
	f, ok := x.(*ir.Fold)
	if !ok || f.Op != ir.FoldFirst && f.Op != ir.FoldLast {
		return c.fail("has() of an object")
	}
	p := c.fold(&ir.Fold{Op: ir.FoldAny, Over: f.Over, T: campaign.Of(campaign.Bool)})
	return joined(fmt.Sprintf("coalesce(%s, FALSE)", p.sql), p)
}

// test is a question about texts or sets.
func (c *compiler) test(n *ir.Call) piece {
	switch n.Func {
	case ir.Contains, ir.StartsWith, ir.EndsWith:
		x, y := c.string(n.Args[0]), c.string(n.Args[1])
		return joined(fmt.Sprintf(map[ir.Func]string{
			ir.Contains: "(strpos(%s, %s) > 0)", ir.StartsWith: "starts_with(%s, %s)", ir.EndsWith: "(right(%[1]s, char_length(%[2]s)) = %[2]s)",
		}[n.Func], x.sql, y.sql), x, y)
	case ir.Matches:
		return c.fail("a regular expression, which the server reads otherwise")
	}
	return c.fail("%s()", n.Func)
}

// said are the newest words of people on topics and channels.
const said = `(SELECT DISTINCT ON (person, topic, channel) person, topic, channel, granted, at, source FROM consents ORDER BY person, topic, channel, at DESC, id DESC)`

func (c *compiler) subscribed(topic string) piece {
	j := c.joinOf(said, "%s.topic = "+c.text(topic))
	c.ofPerson()
	return piece{sql: fmt.Sprintf("coalesce(%s, FALSE)", j.column(fmt.Sprintf("bool_or(%s.granted)", j.alias)))}
}

// reachable asks for a permission, whatever for, and an address that works.
func (c *compiler) reachable(channel string) piece {
	address, ok := map[string]string{"email": "p.email", "sms": "p.phone"}[channel]
	if !ok {
		return piece{sql: "FALSE"}
	}
	name := c.text(channel)
	j := c.joinOf(said, "%s.channel = "+name)
	c.ofPerson()
	return piece{sql: fmt.Sprintf(`(coalesce(%s, '') <> '' AND coalesce(%s, FALSE)
		AND NOT EXISTS (SELECT 1 FROM suppressions WHERE channel = %s AND address IN (p.email, p.phone)))`,
		address, j.column(fmt.Sprintf("bool_or(%s.granted)", j.alias)), name)}
}

// consent is a field of what was said last of a topic by a channel.
func (c *compiler) consent(n *ir.Consent) piece {
	j := c.joinOf(said, fmt.Sprintf("%%s.topic = %s AND %%s.channel = %s", c.text(n.Topic), c.text(n.Channel)))
	c.ofPerson()
	switch n.Field {
	case ir.ConsentGranted:
		return piece{sql: fmt.Sprintf("coalesce(%s, FALSE)", j.column(fmt.Sprintf("bool_or(%s.granted)", j.alias)))}
	case ir.ConsentAt:
		return piece{sql: fmt.Sprintf("nullif(%s, '0001-01-01 00:00:00+00')", j.column(fmt.Sprintf("min(%s.at)", j.alias)))}
	case ir.ConsentSource:
		return piece{sql: fmt.Sprintf(`(nullif(%s, '') COLLATE "C")`, j.column(fmt.Sprintf(`min(%s.source COLLATE "C")`, j.alias)))}
	}
	return c.fail("consent.%s", n.Field)
}
