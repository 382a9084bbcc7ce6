package vector

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// compare compares two scalars, or lists of strings or numbers.
func (c *compiler) compare(n *ir.Compare) cond {
	kind := n.L.Type().Kind
	if kind == campaign.Any {
		kind = n.R.Type().Kind
	}
	switch kind {
	case campaign.Number:
		return c.compareNumbers(n)
	case campaign.String, campaign.Ref:
		return compareBy(n.Op, c.text(n.L), c.text(n.R), strings.Compare)
	case campaign.Date:
		return compareBy(n.Op, c.day(n.L), c.day(n.R), compareDays)
	case campaign.Time:
		return c.compareTimes(n)
	case campaign.Duration:
		return c.compareMoving(n)
	case campaign.List, campaign.Set:
		test := "equal"
		if kind == campaign.Set || n.R.Type().Kind == campaign.Set {
			test = "equivalent"
		}
		same := c.compareSeries(n.L, n.R, test)
		if n.Op == ir.Ne {
			return func(f *frame) expr.Truth { return same(f).Not() }
		}
		return same
	case campaign.Bool:
		l, r, want := c.inner(n.L), c.inner(n.R), n.Op == ir.Eq
		return func(f *frame) expr.Truth {
			a, b := l(f), r(f)
			if a == expr.Unknown || b == expr.Unknown {
				return expr.Unknown
			}
			return expr.TruthOf((a == b) == want)
		}
	}
	c.missing = true
	return truth(expr.Unknown)
}

func compareBy[T any](op ir.CompareOp, l, r fn[T], order func(a, b T) int) cond {
	return func(f *frame) expr.Truth {
		a, ok := l(f)
		if !ok {
			return expr.Unknown
		}
		b, ok := r(f)
		if !ok {
			return expr.Unknown
		}
		return holds(op, order(a, b))
	}
}

// compareNumbers has a short way for a constant on the right.
func (c *compiler) compareNumbers(n *ir.Compare) cond {
	l := c.number(n.L)
	k, ok := n.R.(*ir.Const)
	if !ok {
		return compareBy(n.Op, l, c.number(n.R), cmp.Compare)
	}
	v, ok := k.Value.(float64)
	if !ok {
		return truth(expr.Unknown)
	}
	op := n.Op
	return func(f *frame) expr.Truth {
		a, ok := l(f)
		if !ok {
			return expr.Unknown
		}
		return holds(op, cmp.Compare(a, v))
	}
}

func (c *compiler) compareTimes(n *ir.Compare) cond {
	l, r, op := c.time(n.L), c.time(n.R), n.Op
	speed := c.relative(n.L, n.R, -1)
	return func(f *frame) expr.Truth {
		a, ok := l(f)
		if !ok {
			return expr.Unknown
		}
		b, ok := r(f)
		if !ok {
			return expr.Unknown
		}
		if f.watch {
			f.crossing(op, int64(a.Sub(b)), speed(f))
		}
		return holds(op, a.Compare(b))
	}
}

// compareMoving compares two durations.
func (c *compiler) compareMoving(n *ir.Compare) cond {
	l, r, op := c.duration(n.L), c.duration(n.R), n.Op
	speed := c.relative(n.L, n.R, -1)
	return func(f *frame) expr.Truth {
		a, ok := l(f)
		if !ok {
			return expr.Unknown
		}
		b, ok := r(f)
		if !ok {
			return expr.Unknown
		}
		if f.watch {
			f.crossing(op, plus(int64(a), -max(int64(b), -never)), speed(f))
		}
		return holds(op, cmp.Compare(a, b))
	}
}

// in is unknown if the value is, even if the list is empty.
func (c *compiler) in(n *ir.In) cond {
	if k, ok := n.Of.(*ir.Const); ok {
		if list, ok := k.Value.([]any); ok {
			return c.inConstant(n.X, list)
		}
	}
	if n.Of.Type().Kind == campaign.Map {
		return c.inMap(n)
	}
	list, ok := c.series(n.Of)
	if !ok {
		c.missing = true
		return truth(expr.Unknown)
	}
	switch n.X.Type().Kind {
	case campaign.String, campaign.Ref:
		return inSeries(c.text(n.X), list, textAt)
	case campaign.Number:
		return inSeries(c.number(n.X), list, numberAt)
	case campaign.Date:
		return inSeries(c.day(n.X), list, dayAt)
	case campaign.Duration:
		return inSeries(c.duration(n.X), list, durationAt)
	}
	c.missing = true
	return truth(expr.Unknown)
}

// inConstant looks for a value in a list that is written down.
func (c *compiler) inConstant(x ir.Node, list []any) cond {
	switch x.Type().Kind {
	case campaign.String, campaign.Ref:
		return among(c.text(x), only[string](list))
	case campaign.Number:
		return among(c.number(x), only[float64](list))
	case campaign.Duration:
		return among(c.duration(x), only[time.Duration](list))
	case campaign.Date:
		dates := only[campaign.CivilDate](list)
		days := make([]int64, len(dates))
		for i, d := range dates {
			days[i] = daysOf(d)
		}
		return among(c.day(x), days)
	}
	c.missing = true
	return truth(expr.Unknown)
}

func only[T any](list []any) []T {
	out := make([]T, 0, len(list))
	for _, v := range list {
		if t, ok := v.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

func among[T comparable](x fn[T], list []T) cond {
	if len(list) > 16 {
		return amongMany(x, list)
	}
	return func(f *frame) expr.Truth {
		v, ok := x(f)
		if !ok {
			return expr.Unknown
		}
		return expr.TruthOf(slices.Contains(list, v))
	}
}

func amongMany[T comparable](x fn[T], list []T) cond {
	set := make(map[T]struct{}, len(list))
	for _, v := range list {
		set[v] = struct{}{}
	}
	return func(f *frame) expr.Truth {
		v, ok := x(f)
		if !ok {
			return expr.Unknown
		}
		_, found := set[v]
		return expr.TruthOf(found)
	}
}

func inSeries[T comparable](x fn[T], list series, read func(*column.Column, uint32) (T, bool)) cond {
	return func(f *frame) expr.Truth {
		v, ok1 := x(f)
		s, ok2 := list.span(f)
		if !ok1 || !ok2 {
			return expr.Unknown
		}
		for i := s.from; i < s.to; i++ {
			if e, ok := read(list.elem, s.at(i)); ok && e == v {
				return expr.True
			}
		}
		return expr.False
	}
}

// inMap asks whether a map has a key.
func (c *compiler) inMap(n *ir.In) cond {
	x, of := c.text(n.X), c.locate(n.Of)
	switch {
	case of.column == nil && of.fallback == nil && c.isNobodys(n.Of):
		return func(f *frame) expr.Truth {
			if _, ok := x(f); !ok {
				return expr.Unknown
			}
			return expr.False
		}
	case of.column == nil || of.fallback != nil:
		c.missing = true
		return truth(expr.Unknown)
	}
	find := c.rowOfKey(of, n.X)
	return func(f *frame) expr.Truth {
		if _, ok := x(f); !ok {
			return expr.Unknown
		}
		_, ok := find(f)
		return expr.TruthOf(ok)
	}
}

// question is a function that gives a condition.
func (c *compiler) question(n *ir.Call) cond {
	switch n.Func {
	case ir.SetsContains:
		return c.compareSeries(n.Args[0], n.Args[1], "contains")
	case ir.SetsIntersects:
		return c.compareSeries(n.Args[0], n.Args[1], "intersects")
	case ir.SetsEquivalent:
		return c.compareSeries(n.Args[0], n.Args[1], "equivalent")
	}
	return c.textTest(n)
}

// textTest is a question about a text.
func (c *compiler) textTest(n *ir.Call) cond {
	var test func(s, part string) bool
	switch n.Func {
	case ir.Contains:
		test = strings.Contains
	case ir.StartsWith:
		test = strings.HasPrefix
	case ir.EndsWith:
		test = strings.HasSuffix
	case ir.Matches:
		return c.matches(n)
	default:
		c.missing = true
		return truth(expr.Unknown)
	}
	x, y := c.text(n.Args[0]), c.text(n.Args[1])
	return func(f *frame) expr.Truth {
		s, ok1 := x(f)
		part, ok2 := y(f)
		if !ok1 || !ok2 {
			return expr.Unknown
		}
		return expr.TruthOf(test(s, part))
	}
}

func (c *compiler) matches(n *ir.Call) cond {
	pattern, _ := n.Args[1].(*ir.Const)
	if pattern == nil {
		c.missing = true
		return truth(expr.Unknown)
	}
	text, _ := pattern.Value.(string)
	re, err := regexp.Compile(text)
	if err != nil { // lowering has refused it
		return truth(expr.Unknown)
	}
	x := c.text(n.Args[0])
	return func(f *frame) expr.Truth {
		s, ok := x(f)
		if !ok {
			return expr.Unknown
		}
		return expr.TruthOf(re.MatchString(s))
	}
}
