package vector

import (
	"cmp"
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// grid is after how long a value is asked for again that moves all the time, in a way
// that has no motion. What asks for it looks between now and then more closely.
const grid = int64(time.Hour)

// smooth wraps a comparison of what moves all the time. Where the motion of both
// sides is known, it notes when they meet. Else it looks, between now and the next
// step, at most an hour, for the instant at which the answer turns: of a value that
// only falls, or only rises, it finds it to the nanosecond, by bisection.
func (c *compiler) smooth(n *ir.Compare, test cond) cond {
	if !c.flowing(n) {
		return test
	}
	stepwise := bisected(test)
	if n.L.Type().Kind != campaign.Number || n.R.Type().Kind != campaign.Number {
		return stepwise
	}
	left, right, side := c.course(n.L), c.course(n.R), c.sideOf(n, test)
	return func(f *frame) expr.Truth {
		if !f.watch {
			return test(f)
		}
		before, flowing := f.until, f.flowing
		f.until, f.flowing = never, false
		gap, known := left(f)
		if known {
			var r motion
			if r, known = right(f); known {
				gap.plus(&r, -1)
			}
		}
		if f.flowing || gap.loose {
			f.until, f.flowing = before, flowing
			return stepwise(f)
		}
		if known && gap.moves() {
			f.meets(&gap, side)
		}
		f.until, f.flowing = min(before, f.until), flowing
		f.watch = false
		answer := test(f)
		f.watch = true
		return answer
	}
}

// sideOf tells on which side of each other two numbers are, as far as that matters:
// what is equal for a nanosecond only has to be found out for == and !=.
func (c *compiler) sideOf(n *ir.Compare, test cond) func(*frame) int {
	if n.Op != ir.Eq && n.Op != ir.Ne {
		return func(f *frame) int { return int(test(f)) }
	}
	return sides(c.number(n.L), c.number(n.R))
}

func sides(l, r fn[float64]) func(*frame) int {
	return func(f *frame) int {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return 2
		}
		return cmp.Compare(a, b)
	}
}

// peek asks for something as of another instant, which is so many nanoseconds away.
func (f *frame) peek(after int64, side func(*frame) int) int {
	now, micro, watch := f.now, f.micro, f.watch
	f.now = now.Add(time.Duration(after))
	f.micro, f.watch = f.now.UnixMicro(), false
	s := side(f)
	f.now, f.micro, f.watch = now, micro, watch
	return s
}

// meets notes when a side turns that the sign of a gap decides. The gap says from when
// on it could; there it is looked at in steps that grow, and the instant is found by
// bisection. Before f.until the gap moves as it says.
func (f *frame) meets(gap *motion, side func(*frame) int) {
	t, sure := gap.apart()
	limit := f.until - f.nano
	if f.until == never {
		limit = never
	}
	if t *= 1 - 0x1p-46; !(t < float64(limit)-1) {
		return
	}
	low, was := max(int64(t)-1, 0), f.peek(0, side)
	if low > 0 && f.peek(low, side) != was {
		low = 0 // rounding has gone further than it should
	}
	start, most := low, int64(math.MaxInt64)
	if !sure {
		most = grid
	}
	for d := int64(1); ; d *= 8 {
		high := min(plus(start, min(d, most)), limit-1)
		if high <= low {
			return
		}
		if f.peek(high, side) != was {
			f.in(f.between(low, high, was, side))
			return
		}
		if high == limit-1 {
			return
		}
		low = high
		v, off := gap.at(float64(high))
		if d >= most || d >= 1<<50 || d >= 1<<21 && sure && math.Abs(v) > 8*off {
			f.in(high)
			return
		}
	}
}

// between is the first instant with another side than low has; high has one.
func (f *frame) between(low, high int64, was int, side func(*frame) int) int64 {
	for low+1 < high {
		if mid := low + (high-low)/2; f.peek(mid, side) == was {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// bisected looks for the turn of a condition between now and what it notes.
func bisected(test cond) cond {
	side := func(f *frame) int { return int(test(f)) }
	return func(f *frame) expr.Truth {
		if !f.watch {
			return test(f)
		}
		before, flowing := f.until, f.flowing
		f.until, f.flowing = never, false
		answer := test(f)
		if high := f.until - 1 - f.nano; f.flowing && f.until != never && high > 0 && f.peek(high, side) != int(answer) {
			f.in(f.between(0, high, int(answer), side))
		}
		f.until, f.flowing = min(before, f.until), flowing
		return answer
	}
}

// flowing reports whether a node looks at numbers that move all the time, or at times
// that move unsteadily.
func (c *compiler) flowing(n ir.Node) (flows bool) {
	ir.Walk(n, func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.Call:
			flows = flows || n.Func == ir.Decay
		case *ir.Arith:
			flows = flows || n.Op == ir.Div && n.L.Type().Kind == campaign.Duration
		}
		flows = flows || !c.pace(n).steady
		return !flows
	})
	return flows
}
