package vector

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// looked reads a value that is looked up.
func looked[T any](c *compiler, n ir.Node, read func(*column.Column, uint32) (T, bool)) fn[T] {
	at := c.locate(n)
	if v, ok := at.value.(fn[T]); ok {
		return v
	}
	if at.column == nil {
		return stray[T](c, n, at)
	}
	fallback, has := at.fallback.(T)
	return read1(at, read, fallback, has)
}

func read1[T any](at place, read func(*column.Column, uint32) (T, bool), fallback T, has bool) fn[T] {
	col, row := at.column, at.row
	return func(f *frame) (T, bool) {
		if r, ok := row(f); ok {
			if v, ok := read(col, r); ok {
				return v, true
			}
		}
		return fallback, has
	}
}

// chosen is If ? Then : Else.
func chosen[T any](c *compiler, n *ir.Cond, branch func(ir.Node) fn[T]) fn[T] {
	test, then, otherwise := c.inner(n.If), branch(n.Then), branch(n.Else)
	return func(f *frame) (zero T, ok bool) {
		switch test(f) {
		case expr.True:
			return then(f)
		case expr.False:
			return otherwise(f)
		}
		return zero, false
	}
}

func (c *compiler) number(n ir.Node) fn[float64] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(float64); ok {
			return constant(v)
		}
		return absent[float64]()
	case *ir.Arith:
		return c.arithmetic(n)
	case *ir.Neg:
		x := c.number(n.X)
		return func(f *frame) (float64, bool) {
			v, ok := x(f)
			return -v, ok
		}
	case *ir.Call:
		return c.numberCall(n)
	case *ir.Cond:
		return chosen(c, n, c.number)
	case *ir.Fold:
		return c.foldNumber(n)
	}
	return looked(c, n, numberAt)
}

// arithmetic has no infinite results: a division by zero is unknown.
func (c *compiler) arithmetic(n *ir.Arith) fn[float64] {
	if n.L.Type().Kind == campaign.Duration {
		return c.ratio(n)
	}
	l, r := c.number(n.L), c.number(n.R)
	var op func(a, b float64) float64
	switch n.Op {
	case ir.Add:
		op = func(a, b float64) float64 { return a + b }
	case ir.Sub:
		op = func(a, b float64) float64 { return a - b }
	case ir.Mul:
		op = func(a, b float64) float64 { return a * b }
	case ir.Div:
		op = func(a, b float64) float64 { return a / b }
	case ir.Mod:
		op = math.Mod
	default:
		return none[float64](c)
	}
	return func(f *frame) (float64, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		v := op(a, b)
		return v, finite(v)
	}
}

func finite(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) }

func (c *compiler) numberCall(n *ir.Call) fn[float64] {
	switch n.Func {
	case ir.Size:
		return c.size(n.Args[0])
	case ir.ToInt:
		x := c.numberOf(n.Args[0])
		return func(f *frame) (float64, bool) {
			v, ok := x(f)
			return math.Trunc(v), ok
		}
	case ir.ToDouble:
		return c.numberOf(n.Args[0])
	case ir.Age:
		return c.age(n.Args[0])
	case ir.DaysUntil:
		return c.daysUntil(n.Args)
	case ir.Decay:
		return c.decay(n.Args)
	case ir.DistanceKm:
		return c.distance(n.Args)
	case ir.Abs, ir.Round, ir.Floor, ir.Ceil, ir.Least, ir.Greatest:
		return c.mathCall(n)
	case ir.Year, ir.Month, ir.Day, ir.Weekday, ir.WeekOf, ir.Hour:
		return c.calendarPart(n)
	}
	return none[float64](c)
}

// numberOf is a number, or the number that a text is.
func (c *compiler) numberOf(n ir.Node) fn[float64] {
	if n.Type().Kind == campaign.Number {
		return c.number(n)
	}
	x := c.text(n)
	return func(f *frame) (float64, bool) {
		s, ok := x(f)
		if !ok {
			return 0, false
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return v, err == nil && finite(v)
	}
}

func (c *compiler) size(n ir.Node) fn[float64] {
	switch n.Type().Kind {
	case campaign.List, campaign.Set, campaign.Map:
		return c.length(n)
	case campaign.String, campaign.Ref:
		x := c.text(n)
		return func(f *frame) (float64, bool) {
			s, ok := x(f)
			return float64(utf8.RuneCountInString(s)), ok
		}
	}
	return none[float64](c)
}

func (c *compiler) text(n ir.Node) fn[string] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(string); ok {
			return constant(v)
		}
		return absent[string]()
	case *ir.Arith:
		l, r := c.text(n.L), c.text(n.R)
		return func(f *frame) (string, bool) {
			a, ok1 := l(f)
			b, ok2 := r(f)
			if !ok1 || !ok2 {
				return "", false
			}
			return a + b, true
		}
	case *ir.Consent:
		return c.saidWhere(n)
	case *ir.Call:
		return c.textCall(n)
	case *ir.Cond:
		return chosen(c, n, c.text)
	case *ir.Fold:
		if n.Op == ir.FoldTop {
			return heaviest(c, n, textAt, codeKey, strings.Compare)
		}
		return extreme(c, n, c.text, strings.Compare)
	}
	return looked(c, n, textAt)
}

// textCall is a function that gives a text.
func (c *compiler) textCall(n *ir.Call) fn[string] {
	var change func(string) string
	switch kind := n.Args[0].Type().Kind; {
	case n.Func == ir.ToString && (kind == campaign.String || kind == campaign.Ref):
		return c.text(n.Args[0])
	case n.Func == ir.ToString:
		return c.toString(n.Args[0])
	case n.Func == ir.LowerASCII:
		change = lowerASCII
	case n.Func == ir.UpperASCII:
		change = upperASCII
	case n.Func == ir.Trim:
		change = strings.TrimSpace
	default:
		return none[string](c)
	}
	x := c.text(n.Args[0])
	return func(f *frame) (string, bool) {
		s, ok := x(f)
		return change(s), ok
	}
}

// toString writes a scalar as package expr does.
func (c *compiler) toString(n ir.Node) fn[string] {
	switch n.Type().Kind {
	case campaign.Bool:
		test := c.inner(n)
		return func(f *frame) (string, bool) {
			t := test(f)
			return t.String(), t != expr.Unknown
		}
	case campaign.Number:
		return written(c.number(n), func(v float64) any { return v })
	case campaign.Duration:
		return moving(c.pace(n), written(c.duration(n), func(v time.Duration) any { return v }))
	case campaign.Time:
		return moving(c.pace(n), written(c.time(n), func(v time.Time) any { return v }))
	case campaign.Date:
		return written(c.day(n), func(v int64) any { return campaign.DateOf(midnight(v)) })
	}
	return none[string](c)
}

func written[T any](v fn[T], value func(T) any) fn[string] {
	return func(f *frame) (string, bool) {
		t, ok := v(f)
		if !ok {
			return "", false
		}
		return expr.ValueOf(value(t)).Text(), true
	}
}

// moving is a value that changes with every nanosecond: it is asked for again
// every second.
func moving(p pace, v fn[string]) fn[string] {
	if !p.moves() {
		return v
	}
	return func(f *frame) (string, bool) {
		f.in(aSecond)
		return v(f)
	}
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r + 'A' - 'a'
		}
		return r
	}, s)
}

// duration is a length of time, in nanoseconds.
func (c *compiler) duration(n ir.Node) fn[time.Duration] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(time.Duration); ok {
			return constant(v)
		}
		return absent[time.Duration]()
	case *ir.Neg:
		x := c.duration(n.X)
		return func(f *frame) (time.Duration, bool) {
			d, ok := x(f)
			return -d, ok
		}
	case *ir.Arith:
		return c.difference(n)
	case *ir.Cond:
		return chosen(c, n, c.duration)
	case *ir.Fold:
		return extreme(c, n, c.duration, compareDurations)
	}
	return looked(c, n, durationAt)
}

func compareDurations(a, b time.Duration) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
