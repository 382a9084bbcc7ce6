package pushdown

import (
	"fmt"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// sequence asks for an event of each step, each later than the one before: a row of
// a join of the events with themselves.
func (c *compiler) sequence(n *ir.Sequence) piece {
	c.ofPerson()
	var p piece
	var from, where []string
	var since []piece
	first, before := "", ""
	for _, h := range n.Steps {
		s := c.step(h)
		from = append(from, "events "+s.alias)
		where = append(where, s.where)
		p.doubts = append(p.doubts, s.doubts...)
		since = append(since, s.since...)
		if before != "" {
			where = append(where, fmt.Sprintf("%s.at > %s.at", s.alias, before))
		} else {
			first = s.alias
		}
		before = s.alias
	}
	if n.For != nil {
		d, ok := n.For.Value.(time.Duration)
		if !ok || d%time.Microsecond != 0 {
			return c.fail("a length that is not set, or finer than a microsecond")
		}
		where = append(where, fmt.Sprintf("%s.at <= %s.at + %s * interval '1 microsecond'", before, first, c.arg(d.Microseconds(), "bigint")))
	}
	p.sql = fmt.Sprintf("EXISTS (SELECT 1 FROM %s WHERE %s)", strings.Join(from, ", "), strings.Join(where, " AND "))
	for _, s := range since {
		p.sql = fmt.Sprintf("(CASE WHEN %s IS NOT NULL THEN %s END)", s.sql, p.sql)
		p.doubts = append(p.doubts, s.doubts...)
	}
	return p
}

// step is the events of one step.
type step struct {
	alias, where string
	doubts       []string
	since        []piece
}

func (c *compiler) step(h *ir.History) step {
	since, _ := c.starts(h)
	c.aliases++
	s := step{alias: fmt.Sprintf("e%d", c.aliases), since: since}
	s.where = fmt.Sprintf("%s.person = p.id AND %s", s.alias, strings.ReplaceAll(c.window(h, since), "%s", s.alias))
	window, events := s.where, &join{alias: s.alias}
	c.inside(events, func() {
		for _, f := range h.Filters {
			where, ok := f.(*ir.Where)
			if !ok {
				continue
			}
			c.vars[where.Var.Slot] = binding{event: events}
			cond := c.bool(where.Cond)
			s.where += fmt.Sprintf(" AND (%s) IS TRUE", cond.sql)
			if len(cond.doubts) > 0 {
				s.doubts = append(s.doubts, fmt.Sprintf("EXISTS (SELECT 1 FROM events %s WHERE %s AND (%s))", s.alias, window, anyOf(cond.doubts)))
			}
		}
	})
	return s
}
