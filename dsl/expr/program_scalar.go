package expr

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

func (c *compiler) number(n ir.Node) fn[float64] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(float64); ok {
			return known(v)
		}
		return never[float64]()
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
		return choose(c, n, c.number)
	case *ir.Fold:
		return c.foldNumber(n)
	}
	return lookUp[float64](c, n)
}

// lookUp takes a value that is looked up and not computed.
func lookUp[T any](c *compiler, n ir.Node) fn[T] {
	leaf := c.leaf(n)
	if leaf == nil {
		return never[T]()
	}
	return unbox[T](leaf)
}

var arithmetic = map[ir.ArithOp]func(a, b float64) float64{
	ir.Add: func(a, b float64) float64 { return a + b },
	ir.Sub: func(a, b float64) float64 { return a - b },
	ir.Mul: func(a, b float64) float64 { return a * b },
	ir.Div: func(a, b float64) float64 { return a / b },
	ir.Mod: math.Mod,
}

// arithmetic has no infinite results: a division by zero is unknown.
func (c *compiler) arithmetic(n *ir.Arith) fn[float64] {
	if n.L.Type().Kind == campaign.Duration {
		return c.ratio(n)
	}
	l, r, op := c.number(n.L), c.number(n.R), arithmetic[n.Op]
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
	}
	return c.calendarPart(n)
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
	case campaign.List, campaign.Set:
		list := c.list(n)
		return func(f *frame) (float64, bool) {
			v, ok := list(f)
			return float64(len(v)), ok
		}
	case campaign.Map, campaign.Object:
		o := c.object(n)
		return func(f *frame) (float64, bool) {
			v, ok := o(f)
			return float64(len(v.m)), ok
		}
	}
	x := c.text(n)
	return func(f *frame) (float64, bool) {
		s, ok := x(f)
		return float64(utf8.RuneCountInString(s)), ok
	}
}

func (c *compiler) text(n ir.Node) fn[string] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(string); ok {
			return known(v)
		}
		return never[string]()
	case *ir.Arith:
		l, r := c.text(n.L), c.text(n.R)
		return func(f *frame) (string, bool) {
			a, ok1 := l(f)
			b, ok2 := r(f)
			return a + b, ok1 && ok2
		}
	case *ir.Consent:
		return saidWhere(n)
	case *ir.Call:
		return c.textCall(n)
	case *ir.Cond:
		return choose(c, n, c.text)
	case *ir.Fold:
		return one(c, n, c.text, strings.Compare)
	}
	return lookUp[string](c, n)
}

func (c *compiler) textCall(n *ir.Call) fn[string] {
	if n.Func == ir.ToString {
		return c.toString(n.Args[0])
	}
	change := map[ir.Func]func(string) string{ir.LowerASCII: lowerASCII, ir.UpperASCII: upperASCII, ir.Trim: strings.TrimSpace}[n.Func]
	if change == nil {
		return never[string]()
	}
	x := c.text(n.Args[0])
	return func(f *frame) (string, bool) {
		s, ok := x(f)
		return change(s), ok
	}
}

func (c *compiler) toString(n ir.Node) fn[string] {
	if kind := n.Type().Kind; kind == campaign.String || kind == campaign.Ref {
		return c.text(n)
	}
	x := c.any(n)
	return func(f *frame) (string, bool) {
		v, ok := x(f)
		if !ok {
			return "", false
		}
		return text(v), true
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

func (c *compiler) time(n ir.Node) fn[time.Time] {
	switch n := n.(type) {
	case *ir.Now:
		return func(f *frame) (time.Time, bool) { return f.now, true }
	case *ir.EnteredAt:
		return func(f *frame) (time.Time, bool) {
			t := f.subject.EnteredAt()
			return t, !t.IsZero()
		}
	case *ir.Consent:
		return saidAt(n)
	case *ir.Field:
		if n.Name == "at" {
			return c.instantOf(n)
		}
	case *ir.Arith:
		return c.shifted(n)
	case *ir.Cond:
		return choose(c, n, c.time)
	case *ir.Fold:
		if n.Op == ir.FoldTop {
			return heaviestTime(c, n)
		}
		return extreme(c, n, c.time, time.Time.Compare)
	}
	return lookUp[time.Time](c, n)
}

// instantOf is x.at, without boxing the instant of an event.
func (c *compiler) instantOf(n *ir.Field) fn[time.Time] {
	x := c.object(n.X)
	return func(f *frame) (time.Time, bool) {
		o, ok := x(f)
		if !ok {
			return time.Time{}, false
		}
		if o.row != nil {
			return o.row.At, true
		}
		t, ok := o.m["at"].(time.Time)
		return t, ok
	}
}

// shifted is a time plus or minus a duration.
func (c *compiler) shifted(n *ir.Arith) fn[time.Time] {
	l, r, sign := c.time(n.L), c.duration(n.R), direction(n.Op)
	return func(f *frame) (time.Time, bool) {
		t, ok1 := l(f)
		d, ok2 := r(f)
		return t.Add(sign * d), ok1 && ok2
	}
}

func direction(op ir.ArithOp) time.Duration {
	if op == ir.Sub {
		return -1
	}
	return 1
}

func (c *compiler) duration(n ir.Node) fn[time.Duration] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(time.Duration); ok {
			return known(v)
		}
		return never[time.Duration]()
	case *ir.Neg:
		x := c.duration(n.X)
		return func(f *frame) (time.Duration, bool) {
			d, ok := x(f)
			return -d, ok
		}
	case *ir.Arith:
		return c.difference(n)
	case *ir.Cond:
		return choose(c, n, c.duration)
	case *ir.Fold:
		return one(c, n, c.duration, cmp.Compare)
	case *ir.Call:
		return c.days(n)
	}
	return lookUp[time.Duration](c, n)
}

// days is Days, the only function that gives a duration.
func (c *compiler) days(n *ir.Call) fn[time.Duration] {
	x := c.number(n.Args[0])
	return func(f *frame) (time.Duration, bool) {
		v, ok := x(f)
		if !ok {
			return 0, false
		}
		return daysOf(v)
	}
}

// daysOf is so many times 24 hours; false where that is more than a duration holds.
func daysOf(v float64) (time.Duration, bool) {
	d := v * float64(24*time.Hour)
	return time.Duration(d), math.Abs(d) < math.MaxInt64
}

// difference is the time between two times or dates, or a sum of durations. One
// that is longer than 292 years is unknown.
func (c *compiler) difference(n *ir.Arith) fn[time.Duration] {
	switch n.L.Type().Kind {
	case campaign.Time:
		l, r := c.time(n.L), c.time(n.R)
		return func(f *frame) (time.Duration, bool) {
			a, ok1 := l(f)
			b, ok2 := r(f)
			return bounded(a.Sub(b), ok1 && ok2)
		}
	case campaign.Date:
		l, r := c.date(n.L), c.date(n.R)
		return func(f *frame) (time.Duration, bool) {
			a, ok1 := l(f)
			b, ok2 := r(f)
			return bounded(a.In(time.UTC).Sub(b.In(time.UTC)), ok1 && ok2)
		}
	}
	l, r, sign := c.duration(n.L), c.duration(n.R), direction(n.Op)
	return func(f *frame) (time.Duration, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		sum := a + sign*b
		overflow := (sum > a) != (sign*b > 0) && b != 0
		return sum, ok1 && ok2 && !overflow
	}
}

// bounded refuses a difference that time.Time.Sub has cut off.
func bounded(d time.Duration, ok bool) (time.Duration, bool) {
	return d, ok && d != math.MaxInt64 && d != math.MinInt64
}
