package pushdown

import (
	"fmt"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// rows are what a fold goes over, and how an aggregate says so.
type rows struct {
	filter string // " FILTER (WHERE …)", or ""
	order  string // of time, or of the list
	doubts []string
	column func(aggregate string) string // where the aggregate is to be read; NULL over nothing
	since  []piece                       // where one is unknown, the fold is
}

// fold goes over a history, or over a stored list.
func (c *compiler) fold(n *ir.Fold) piece {
	if h, ok := n.Over.(*ir.History); ok {
		return c.overHistory(n, h)
	}
	return c.overList(n)
}

// overHistory makes a column, or some, of the join over the events of a window.
func (c *compiler) overHistory(n *ir.Fold, h *ir.History) piece {
	return c.overHistoryBy(n, h, func(r *rows) piece { return c.aggregate(n, r) })
}

func (c *compiler) overHistoryBy(n *ir.Fold, h *ir.History, aggregate func(*rows) piece) piece {
	since, lateral := c.starts(h)
	j := c.joinOf("events", c.window(h, since))
	j.lateral = j.lateral || lateral
	if c.failed != "" {
		return piece{sql: "NULL"}
	}
	var p piece
	c.inside(j, func() {
		r := &rows{order: fmt.Sprintf("%[1]s.at, %[1]s.seq", j.alias), column: j.column, since: since}
		conditions := []string{j.alias + ".seq IS NOT NULL"} // an aggregate has to look at a row of its own
		for _, f := range h.Filters {
			where, ok := f.(*ir.Where)
			if !ok {
				continue
			}
			c.vars[where.Var.Slot] = binding{event: j}
			cond := c.bool(where.Cond)
			conditions = append(conditions, "("+cond.sql+")")
			r.doubts = append(r.doubts, cond.doubts...)
		}
		if len(conditions) > 1 || n.Var != nil {
			r.filter = " FILTER (WHERE " + strings.Join(conditions, " AND ") + ")"
		}
		if n.Var != nil {
			c.vars[n.Var.Slot] = binding{event: j}
		}
		p = aggregate(r)
		p.doubts = j.doubt(r.doubts)
	})
	for _, s := range since {
		p.sql = fmt.Sprintf("(CASE WHEN %s IS NOT NULL THEN %s END)", s.sql, p.sql)
		p.doubts = append(p.doubts, s.doubts...)
	}
	return p
}

// starts are the beginnings of the windows that since() opens, in order, and
// whether one of them hangs on the person.
func (c *compiler) starts(h *ir.History) (since []piece, lateral bool) {
	probe := &join{}
	for _, f := range h.Filters {
		from, ok := f.(*ir.Since)
		if !ok {
			continue
		}
		c.inside(probe, func() {
			p := c.instant(from.From)
			if from.From.Type().Kind == campaign.Date {
				p.sql = fmt.Sprintf("(%s::timestamp AT TIME ZONE 'UTC')", p.sql)
			}
			since = append(since, p)
		})
	}
	return since, probe.lateral
}

// window is the condition on events that are looked at: with the label, not after
// now, within the windows.
func (c *compiler) window(h *ir.History, since []piece) string {
	where := fmt.Sprintf("%%s.name = %s AND %%s.at <= %s", c.text(h.Event), c.arg(c.now, "timestamptz"))
	if d := h.Window(); d > 0 {
		from := c.now.Add(-d) // of an instant finer than a microsecond, the same events are later
		if !c.exact && d%time.Microsecond != 0 {
			c.fail("a window finer than a microsecond")
		}
		where += fmt.Sprintf(" AND %%s.at > %s", c.arg(from, "timestamptz"))
	}
	for _, s := range since {
		where += " AND %s.at >= " + s.sql
	}
	return where
}

// overList makes a subquery over the elements of a stored list.
func (c *compiler) overList(n *ir.Fold) piece {
	list := c.list(n.Over)
	if c.failed != "" || n.Var == nil {
		return c.fail("a list without a question")
	}
	c.aliases++
	x := fmt.Sprintf("x%d", c.aliases)
	was, had := c.vars[n.Var.Slot]
	c.vars[n.Var.Slot] = binding{json: x + ".v"}
	elements := fmt.Sprintf("FROM jsonb_array_elements(%s) WITH ORDINALITY %s (v, n)", list.sql, x)
	r := &rows{order: x + ".n", filter: fmt.Sprintf(" FILTER (WHERE %s.n IS NOT NULL)", x), column: func(aggregate string) string { return fmt.Sprintf("(SELECT %s %s)", aggregate, elements) }}
	p := c.aggregate(n, r)
	delete(c.vars, n.Var.Slot)
	if had {
		c.vars[n.Var.Slot] = was
	}
	p.doubts = list.doubts
	if len(r.doubts) > 0 {
		p.doubts = append(p.doubts, fmt.Sprintf("EXISTS (SELECT 1 %s WHERE %s)", elements, anyOf(r.doubts)))
	}
	return p
}

// aggregate is what a fold gives over rows.
func (c *compiler) aggregate(n *ir.Fold, r *rows) piece {
	switch n.Op {
	case ir.FoldAny, ir.FoldNone:
		found := fmt.Sprintf("coalesce(%s, 0) > 0", r.column("count(*)"+r.filter))
		return piece{sql: fmt.Sprintf(map[ir.FoldOp]string{ir.FoldAny: "(%s)", ir.FoldNone: "(NOT %s)"}[n.Op], found)}
	case ir.FoldCount:
		return piece{sql: fmt.Sprintf("coalesce(%s, 0)::float8", r.column("count(*)"+r.filter)), small: true}
	case ir.FoldExists, ir.FoldAll, ir.FoldExistsOne, ir.FoldCountIf:
		return c.quantified(n, r)
	case ir.FoldFirst, ir.FoldLast:
		return c.fail("an event as a whole")
	}
	return c.valued(n, r)
}

// and adds a condition to the filter.
func (r *rows) and(condition string) string {
	return strings.TrimSuffix(r.filter, ")") + " AND " + condition + ")"
}

// quantified are the folds of a condition: what decides, decides; else it is
// unknown where one is.
func (c *compiler) quantified(n *ir.Fold, r *rows) piece {
	body := c.bool(n.Body)
	r.doubts = append(r.doubts, body.doubts...)
	yes := fmt.Sprintf("coalesce(%s, 0)", r.column("count(*)"+r.and("("+body.sql+")")))
	if n.Op == ir.FoldCountIf {
		return piece{sql: yes + "::float8", small: true}
	}
	unknown := fmt.Sprintf("coalesce(%s, 0) > 0", r.column("count(*)"+r.and("("+body.sql+") IS NULL")))
	switch n.Op {
	case ir.FoldExists:
		return piece{sql: fmt.Sprintf("(CASE WHEN %s > 0 THEN TRUE WHEN %s THEN NULL ELSE FALSE END)", yes, unknown)}
	case ir.FoldExistsOne:
		return piece{sql: fmt.Sprintf("(CASE WHEN %[1]s > 1 THEN FALSE WHEN %[2]s THEN NULL ELSE %[1]s = 1 END)", yes, unknown)}
	}
	no := fmt.Sprintf("coalesce(%s, 0)", r.column("count(*)"+r.and("NOT ("+body.sql+")")))
	return piece{sql: fmt.Sprintf("(CASE WHEN %s > 0 THEN FALSE WHEN %s THEN NULL ELSE TRUE END)", no, unknown)}
}

// valued are the folds of a value. Sums go in the order of time, so that they round
// as herald's do; numbers that might overflow are in doubt.
func (c *compiler) valued(n *ir.Fold, r *rows) piece {
	body := c.value(n.Body)
	r.doubts = append(r.doubts, body.doubts...)
	kind := n.Body.Type().Kind
	switch n.Op {
	case ir.FoldSum, ir.FoldAvg:
		if !body.small {
			r.doubts = append(r.doubts, fmt.Sprintf("coalesce(abs(%s) > 1e290, FALSE)", body.sql))
		}
		sum := r.column(fmt.Sprintf("sum(CASE WHEN abs(%[1]s) <= 1e290 THEN %[1]s END ORDER BY %[2]s)%[3]s", body.sql, r.order, r.filter))
		if n.Op == ir.FoldSum {
			return piece{sql: fmt.Sprintf("coalesce(%s, 0::float8)", sum)}
		}
		return piece{sql: fmt.Sprintf("(%s / nullif(%s, 0)::float8)", sum, r.column(fmt.Sprintf("count(%s)%s", body.sql, r.filter)))}
	case ir.FoldMin, ir.FoldMax:
		if kind == campaign.Bool {
			break
		}
		return piece{sql: collated(r.column(fmt.Sprintf("%s(%s)%s", n.Op, body.sql, r.filter)), kind), small: body.small}
	case ir.FoldDistinct:
		return piece{sql: fmt.Sprintf("coalesce(%s, 0)::float8", r.column(fmt.Sprintf("count(DISTINCT %s)%s", body.sql, r.filter))), small: true}
	}
	return c.fail("%s()", n.Op)
}

// wholeEvent is the slot of a variable that authors have not named.
const wholeEvent = -1

// end is a part of the first or last event.
func (c *compiler) end(f *ir.Fold, n *ir.Field) piece {
	h, ok := f.Over.(*ir.History)
	if !ok || f.Op != ir.FoldFirst && f.Op != ir.FoldLast {
		return c.fail("a part of a computed object")
	}
	direction := ""
	if f.Op == ir.FoldLast {
		direction = " DESC"
	}
	element := &ir.Var{Name: "e", Slot: wholeEvent, T: campaign.ObjectOf(campaign.Field{Name: n.Name, Type: n.T})}
	picked := &ir.Fold{Op: ir.FoldMin, Over: h, Var: element, Body: &ir.Field{X: element, Name: n.Name, T: n.T}, T: n.T}
	return c.overHistoryBy(picked, h, func(r *rows) piece {
		body := c.value(picked.Body)
		r.doubts = append(r.doubts, body.doubts...)
		order := strings.ReplaceAll(r.order, ",", direction+",") + direction
		return piece{sql: collated(r.column(fmt.Sprintf("(array_agg(%s ORDER BY %s)%s)[1]", body.sql, order, r.filter)), n.T.Kind)}
	})
}
