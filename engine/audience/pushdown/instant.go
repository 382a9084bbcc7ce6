package pushdown

import (
	"fmt"
	"math"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// instant is a date, a timestamptz, or a duration in microseconds.
func (c *compiler) instant(n ir.Node) piece {
	if p, ok := c.plain(n); ok {
		return p
	}
	switch n := n.(type) {
	case *ir.Now:
		if !c.exact {
			return c.fail("now, which is finer than a microsecond")
		}
		return piece{sql: c.arg(c.now, "timestamptz")}
	case *ir.Neg:
		x := c.instant(n.X)
		return joined(fmt.Sprintf("(- %s)", x.sql), x)
	case *ir.Arith:
		return c.shifted(n)
	case *ir.Call:
		if n.Func == ir.ToDate && len(n.Args) == 1 {
			x := c.instant(n.Args[0])
			return joined(fmt.Sprintf("(%s AT TIME ZONE 'UTC')::date", x.sql), x)
		}
		return c.fail("%s() in a time zone", n.Func)
	}
	return c.fail("a time that is computed in another way")
}

// longest is the longest duration of herald, in microseconds: 292 years.
const longest = math.MaxInt64 / 1000

// shifted is arithmetic on times, dates and durations.
func (c *compiler) shifted(n *ir.Arith) piece {
	if n.Op != ir.Add && n.Op != ir.Sub {
		return c.fail("%s of durations", n.Op)
	}
	l, r := c.instant(n.L), c.instant(n.R)
	switch from, by := n.L.Type().Kind, n.R.Type().Kind; {
	case from == campaign.Time && by == campaign.Duration:
		return joined(fmt.Sprintf("(%s %s (%s) * interval '1 microsecond')", l.sql, n.Op, r.sql), l, r)
	case from == campaign.Time:
		return bounded(fmt.Sprintf("((extract(epoch FROM %s) - extract(epoch FROM %s)) * 1000000)", l.sql, r.sql), l, r)
	case from == campaign.Date && by == campaign.Duration:
		return joined(fmt.Sprintf("(%s %s ((%s) / 86400000000)::integer)", l.sql, n.Op, r.sql), l, r)
	case from == campaign.Date:
		return bounded(fmt.Sprintf("((%s - %s)::numeric * 86400000000)", l.sql, r.sql), l, r)
	}
	return bounded(fmt.Sprintf("((%s)::numeric %s (%s))", l.sql, n.Op, r.sql), l, r)
}

// bounded is a duration, unknown where herald has none that long.
func bounded(sql string, l, r piece) piece {
	return joined(fmt.Sprintf("(CASE WHEN abs(%[1]s) <= %[2]d THEN (%[1]s)::bigint END)", sql, longest), l, r)
}
