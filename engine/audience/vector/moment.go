package vector

import (
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// time is an instant.
func (c *compiler) time(n ir.Node) fn[time.Time] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(time.Time); ok {
			return constant(v)
		}
		return absent[time.Time]()
	case *ir.Now:
		return func(f *frame) (time.Time, bool) { return f.now, true }
	case *ir.Consent:
		return c.saidAt(n)
	case *ir.Field:
		if n.Name == "at" {
			if of := c.locate(n.X); of.events != nil {
				return instantOf(of)
			}
		}
	case *ir.Arith:
		return c.shifted(n)
	case *ir.Cond:
		return chosen(c, n, c.time)
	case *ir.Fold:
		return extreme(c, n, c.time, time.Time.Compare)
	}
	return looked(c, n, timeAt)
}

func timeAt(c *column.Column, r uint32) (time.Time, bool) {
	micros, ok := microsAt(c, r)
	return instant(micros), ok
}

// instantOf is when an event was.
func instantOf(of place) fn[time.Time] {
	events, row := of.events, of.row
	return func(f *frame) (time.Time, bool) {
		r, ok := row(f)
		if !ok {
			return time.Time{}, false
		}
		return events.At.Time(r), true
	}
}

func direction(op ir.ArithOp) time.Duration {
	if op == ir.Sub {
		return -1
	}
	return 1
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

// difference is the time between two times or dates, or a sum of durations. One
// that is longer than 292 years is unknown.
func (c *compiler) difference(n *ir.Arith) fn[time.Duration] {
	switch n.L.Type().Kind {
	case campaign.Time:
		return c.between(n)
	case campaign.Date:
		l, r := c.day(n.L), c.day(n.R)
		return func(f *frame) (time.Duration, bool) {
			a, ok1 := l(f)
			b, ok2 := r(f)
			if !ok1 || !ok2 {
				return 0, false
			}
			return bounded(midnight(a).Sub(midnight(b)))
		}
	}
	l, r, sign := c.duration(n.L), c.duration(n.R), direction(n.Op)
	pace := c.pace(n)
	return func(f *frame) (time.Duration, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		sum := a + sign*b
		overflow := (sum > a) != (sign*b > 0) && b != 0
		if overflow && pace.moves() {
			f.unsteady()
		}
		return sum, ok1 && ok2 && !overflow
	}
}

func bounded(d time.Duration) (time.Duration, bool) {
	return d, d != math.MaxInt64 && d != math.MinInt64
}

// between is the time between two instants.
func (c *compiler) between(n *ir.Arith) fn[time.Duration] {
	l, r, speed := c.time(n.L), c.time(n.R), c.speed(n)
	return func(f *frame) (time.Duration, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		d, ok := bounded(a.Sub(b))
		if f.watch {
			f.limits(a, b, d, ok, speed(f))
		}
		return d, ok
	}
}

// limits notes when a difference becomes too long to be known, or short enough.
func (f *frame) limits(a, b time.Time, d time.Duration, known bool, p pace) {
	const longest = math.MaxInt64 / int64(time.Second)
	switch {
	case !p.moves():
	case !p.steady:
		f.unsteady()
	case known && p.slope > 0:
		f.in((math.MaxInt64 - int64(d)) / p.slope)
	case known:
		f.in((int64(d) - math.MinInt64) / -p.slope)
	default:
		seconds := a.Unix() - b.Unix()
		if p.slope > 0 {
			seconds = -seconds
		}
		if seconds > 0 {
			f.in(min(max(seconds-longest-1, 1), longest) * int64(time.Second) / max(p.slope, -p.slope))
		}
	}
}

// day is a date, in days since 1970.
func (c *compiler) day(n ir.Node) fn[int64] {
	switch n := n.(type) {
	case *ir.Const:
		if v, ok := n.Value.(campaign.CivilDate); ok {
			return constant(daysOf(v))
		}
		return absent[int64]()
	case *ir.Call:
		if n.Func != ir.ToDate {
			return none[int64](c)
		}
		t := c.local(n.Args, aDay)
		return func(f *frame) (int64, bool) {
			t, ok := t(f)
			return dayOf(t), ok
		}
	case *ir.Arith:
		return c.shiftedDay(n)
	case *ir.Cond:
		return chosen(c, n, c.day)
	case *ir.Fold:
		return extreme(c, n, c.day, compareDays)
	}
	return c.lookedDay(n)
}

func (c *compiler) lookedDay(n ir.Node) fn[int64] {
	at := c.locate(n)
	if at.column == nil {
		date := stray[campaign.CivilDate](c, n, at)
		return func(f *frame) (int64, bool) {
			d, ok := date(f)
			if !ok {
				return 0, false
			}
			return daysOf(d), true
		}
	}
	d, has := at.fallback.(campaign.CivilDate)
	if !has {
		return read1(at, dayAt, 0, false)
	}
	return read1(at, dayAt, daysOf(d), true)
}

func compareDays(a, b int64) int { return compareDurations(time.Duration(a), time.Duration(b)) }

// shiftedDay is a date plus or minus the whole days of a duration.
func (c *compiler) shiftedDay(n *ir.Arith) fn[int64] {
	l, r, sign, speed := c.day(n.L), c.duration(n.R), int64(direction(n.Op)), c.speed(n.R)
	const whole = 24 * time.Hour
	return func(f *frame) (int64, bool) {
		d, ok1 := l(f)
		by, ok2 := r(f)
		if f.watch && ok2 {
			f.wholes(int64(by), int64(whole), speed(f))
		}
		return d + sign*int64(by/whole), ok1 && ok2
	}
}

// wholes notes when the number of whole units in a moving v changes.
func (f *frame) wholes(v, unit int64, p pace) {
	rest := v - floorDiv(v, unit)*unit
	switch {
	case !p.moves():
	case !p.steady:
		f.unsteady()
	case rest == 0:
		f.in(1)
	case p.slope > 0:
		f.in((unit - rest) / p.slope)
	default:
		f.in(rest / -p.slope)
	}
}
