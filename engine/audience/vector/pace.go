package vector

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// pace is how a time or a duration moves while time goes by: so many nanoseconds
// in each, or unsteadily. Steps, such as those of a last event's instant, are no
// movement: what makes them notes them.
type pace struct {
	slope  int64
	steady bool
}

func (p pace) moves() bool { return !p.steady || p.slope != 0 }

// pace is that of a time or a duration; other values do not move but by steps.
func (c *compiler) pace(n ir.Node) pace {
	switch n := n.(type) {
	case *ir.Now:
		return pace{1, true}
	case *ir.Neg:
		p := c.pace(n.X)
		return pace{-p.slope, p.steady}
	case *ir.Arith:
		if kind := n.T.Kind; kind != campaign.Time && kind != campaign.Duration {
			return pace{0, true}
		}
		l, r := c.pace(n.L), c.pace(n.R)
		return pace{l.slope + int64(direction(n.Op))*r.slope, l.steady && r.steady}
	case *ir.Cond:
		then, otherwise := c.pace(n.Then), c.pace(n.Else)
		return pace{then.slope, then.steady && then == otherwise}
	case *ir.Fold:
		if kind := n.T.Kind; n.Body != nil && (kind == campaign.Time || kind == campaign.Duration) {
			return c.pace(n.Body) // the least of what moves alike moves like all
		}
	}
	return pace{0, true}
}

// speed is the pace of a time or a duration for one person: of If ? Then : Else it is
// that of the branch in force.
func (c *compiler) speed(n ir.Node) func(*frame) pace {
	if p := c.pace(n); p.steady {
		return func(*frame) pace { return p }
	}
	switch n := n.(type) {
	case *ir.Neg:
		x := c.speed(n.X)
		return func(f *frame) pace {
			p := x(f)
			return pace{-p.slope, p.steady}
		}
	case *ir.Arith:
		return c.relative(n.L, n.R, int64(direction(n.Op)))
	case *ir.Cond:
		test, then, otherwise := c.inner(n.If), c.speed(n.Then), c.speed(n.Else)
		return func(f *frame) pace {
			if test(f) == expr.True {
				return then(f)
			}
			return otherwise(f)
		}
	}
	return func(*frame) pace { return pace{} }
}

// relative is the speed of l plus or minus r.
func (c *compiler) relative(l, r ir.Node, sign int64) func(*frame) pace {
	x, y := c.speed(l), c.speed(r)
	return func(f *frame) pace {
		p, q := x(f), y(f)
		return pace{p.slope + sign*q.slope, p.steady && q.steady}
	}
}

// unsteady notes that a value under way moves now this way, now that way.
func (f *frame) unsteady() {
	if f.watch {
		f.flowing = true
		f.in(aSecond)
	}
}

// crossing notes when the comparison of two values that move against each other
// turns; difference is that of left and right, cut off at 292 years.
func (f *frame) crossing(op ir.CompareOp, difference int64, p pace) {
	switch {
	case !p.moves():
		return
	case !p.steady:
		f.unsteady()
		return
	case p.slope < 0: // turn both around
		op, difference, p.slope = op.Flip(), -max(difference, -never), -p.slope
	}
	if difference > 0 {
		return
	}
	now := holds(op, sign(difference))
	meet := (-max(difference, -never) + p.slope - 1) / p.slope
	if holds(op, sign(difference+meet*p.slope)) != now {
		f.in(meet)
	}
	after := -max(difference, -never)/p.slope + 1
	if holds(op, 1) != now {
		f.in(after)
	}
}

func sign(v int64) int {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	}
	return 0
}

// holds tells what a comparison gives for two values in the order o.
func holds(op ir.CompareOp, o int) expr.Truth {
	switch op {
	case ir.Eq:
		return expr.TruthOf(o == 0)
	case ir.Ne:
		return expr.TruthOf(o != 0)
	case ir.Lt:
		return expr.TruthOf(o < 0)
	case ir.Le:
		return expr.TruthOf(o <= 0)
	case ir.Gt:
		return expr.TruthOf(o > 0)
	}
	return expr.TruthOf(o >= 0)
}
