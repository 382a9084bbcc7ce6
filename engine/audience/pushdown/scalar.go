package pushdown

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// value is a scalar of any kind.
func (c *compiler) value(n ir.Node) piece {
	switch n.Type().Kind {
	case campaign.Bool:
		return c.bool(n)
	case campaign.Number:
		return c.number(n)
	case campaign.String, campaign.Ref:
		return c.string(n)
	case campaign.Date, campaign.Time, campaign.Duration:
		return c.instant(n)
	}
	return c.fail("a value of type %s", n.Type())
}

// plain gives what is looked up, or folded, and not computed; false for others.
func (c *compiler) plain(n ir.Node) (piece, bool) {
	switch n := n.(type) {
	case *ir.Const:
		if n.Unset {
			return c.fail("%s has no value", n.From), true
		}
		return c.constant(n.Value), true
	case *ir.Attribute:
		return c.attribute(n), true
	case *ir.Field:
		return c.fieldOf(n), true
	case *ir.Var:
		b, ok := c.vars[n.Slot]
		if !ok || b.event != nil {
			return c.fail("a variable from around another history"), true
		}
		return c.stored(b.json, n.T), true
	case *ir.Consent:
		return c.consent(n), true
	case *ir.Fold:
		return c.fold(n), true
	case *ir.Cond:
		test, then, otherwise := c.bool(n.If), c.value(n.Then), c.value(n.Else)
		p := joined(fmt.Sprintf("(CASE WHEN %s THEN %s WHEN NOT (%s) THEN %s END)", test.sql, then.sql, test.sql, otherwise.sql), test, then, otherwise)
		p.small = then.small && otherwise.small
		return p, true
	}
	return piece{}, false
}

// constant is a value that authors wrote.
func (c *compiler) constant(v any) piece {
	switch v := v.(type) {
	case bool:
		return piece{sql: strings.ToUpper(fmt.Sprint(v))}
	case float64:
		return piece{sql: c.arg(v, "float8"), small: v == 0 || math.Abs(v) < 1e50 && math.Abs(v) > 1e-50}
	case string:
		return piece{sql: c.text(v)}
	case campaign.CivilDate:
		return piece{sql: c.arg(v.In(time.UTC), "date")}
	case time.Time:
		if !v.Equal(v.Truncate(time.Microsecond)) {
			return c.fail("an instant finer than a microsecond")
		}
		return piece{sql: c.arg(v.UTC(), "timestamptz")}
	case time.Duration:
		if v%time.Microsecond != 0 {
			return c.fail("a duration finer than a microsecond")
		}
		return piece{sql: c.arg(v.Microseconds(), "bigint")}
	}
	return c.fail("a constant that is not one value")
}

// jsonArgument is a value as text of a jsonb.
func jsonArgument(v any) (string, bool) {
	text, err := json.Marshal(v)
	if err != nil || strings.Contains(string(text), `\u0000`) {
		return "", false
	}
	return string(text), true
}

// number is a float8.
func (c *compiler) number(n ir.Node) piece {
	if p, ok := c.plain(n); ok {
		return p
	}
	switch n := n.(type) {
	case *ir.Neg:
		x := c.number(n.X)
		p := joined(fmt.Sprintf("(- %s)", x.sql), x)
		p.small = x.small
		return p
	case *ir.Arith:
		return c.arithmetic(n)
	case *ir.Call:
		return c.numberCall(n)
	}
	return c.fail("a number that is computed in another way")
}

// safe is a number with which sums, products and quotients of two neither overflow
// nor underflow, which the server refuses. Others are in doubt.
const safe = `(%[1]s = 0 OR abs(%[1]s) BETWEEN 1e-150 AND 1e150)`

// arithmetic is arithmetic on numbers.
func (c *compiler) arithmetic(n *ir.Arith) piece {
	if n.Op == ir.Mod || n.L.Type().Kind != campaign.Number {
		return c.fail("a remainder, or a quotient of durations")
	}
	l, r := c.number(n.L), c.number(n.R)
	var guards []string
	for _, x := range []piece{l, r} {
		if !x.small {
			guards = append(guards, fmt.Sprintf(safe, x.sql))
		}
	}
	result := fmt.Sprintf("%s %s %s", l.sql, n.Op, r.sql)
	if n.Op == ir.Div {
		result = fmt.Sprintf("%s / nullif(%s, 0)", l.sql, r.sql) // a division by zero is unknown
	}
	if len(guards) == 0 {
		return joined("("+result+")", l, r) // no longer small: small numbers may be many
	}
	guard := strings.Join(guards, " AND ")
	p := joined(fmt.Sprintf("(CASE WHEN %s THEN %s END)", guard, result), l, r)
	p.doubts = append(p.doubts, fmt.Sprintf("coalesce(NOT (%s), FALSE)", guard))
	return p
}

var numeric = map[ir.Func]string{
	ir.ToDouble: "(%s)", ir.ToInt: "trunc(%s)", ir.Abs: "abs(%s)", ir.Floor: "floor(%s)", ir.Ceil: "ceil(%s)",
	ir.Round: "(CASE WHEN abs(%[1]s - trunc(%[1]s)) >= 0.5 THEN trunc(%[1]s) + sign(%[1]s) ELSE trunc(%[1]s) END)", // halves away from zero
}

func (c *compiler) numberCall(n *ir.Call) piece {
	x := n.Args[0]
	switch n.Func {
	case ir.Size:
		return c.size(x)
	case ir.ToDouble, ir.ToInt, ir.Abs, ir.Floor, ir.Ceil, ir.Round:
		if x.Type().Kind != campaign.Number {
			return c.fail("%s() of a text", n.Func)
		}
		p := c.number(x)
		return joined(fmt.Sprintf(numeric[n.Func], p.sql), p)
	case ir.Least, ir.Greatest: // SQL's pass over what is unknown
		l, r := c.number(x), c.number(n.Args[1])
		return joined(fmt.Sprintf("(CASE WHEN %[2]s IS NOT NULL AND %[3]s IS NOT NULL THEN %[1]s(%[2]s, %[3]s) END)",
			strings.TrimPrefix(string(n.Func), "math."), l.sql, r.sql), l, r)
	case ir.Age:
		return c.age(x)
	case ir.Year, ir.Month, ir.Day, ir.Weekday, ir.WeekOf, ir.Hour:
		return c.calendarPart(n)
	}
	return c.fail("%s()", n.Func)
}

var parts = map[ir.Func]string{ir.Year: "year", ir.Month: "month", ir.Day: "day", ir.Weekday: "isodow", ir.WeekOf: "week", ir.Hour: "hour"}

func (c *compiler) calendarPart(n *ir.Call) piece {
	if len(n.Args) > 1 {
		return c.fail("%s() in a time zone, of which the server has a list of its own", n.Func)
	}
	p := c.instant(n.Args[0])
	if n.Args[0].Type().Kind == campaign.Time {
		p.sql = fmt.Sprintf("(%s AT TIME ZONE 'UTC')", p.sql)
	}
	p.sql = fmt.Sprintf("extract(%s FROM %s)::float8", parts[n.Func], p.sql)
	p.small = true
	return p
}

// age is the number of full years from a date until today in UTC.
func (c *compiler) age(x ir.Node) piece {
	p := c.instant(x)
	today := campaign.DateOf(c.now)
	p.sql = fmt.Sprintf("(%[2]s - extract(year FROM %[1]s) - CASE WHEN extract(month FROM %[1]s) * 100 + extract(day FROM %[1]s) > %[3]s THEN 1 ELSE 0 END)::float8",
		p.sql, c.arg(int64(today.Year), "bigint"), c.arg(int64(today.Month)*100+int64(today.Day), "bigint"))
	p.small = true
	return p
}

func (c *compiler) size(x ir.Node) piece {
	switch x.Type().Kind {
	case campaign.String, campaign.Ref:
		p := c.string(x)
		p.sql, p.small = fmt.Sprintf("char_length(%s)::float8", p.sql), true
		return p
	case campaign.List, campaign.Set:
		p := c.list(x)
		p.sql, p.small = fmt.Sprintf("jsonb_array_length(%s)::float8", p.sql), true
		return p
	}
	return c.fail("size() of a %s", x.Type())
}
