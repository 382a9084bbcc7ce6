package vector

import (
	"math"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// course tells how a number moves from now on, until what is noted on the way. It is
// only asked while the frame watches. What it cannot tell notes f.flowing, or is loose.
type course = fn[motion]

// course compiles that of a number.
func (c *compiler) course(n ir.Node) course {
	switch n := n.(type) {
	case *ir.Arith:
		return c.courseOfArith(n)
	case *ir.Neg:
		x := c.course(n.X)
		return func(f *frame) (out motion, ok bool) {
			m, ok := x(f)
			out.plus(&m, -1)
			return out, ok
		}
	case *ir.Cond:
		return chosen(c, n, c.course)
	case *ir.Call:
		switch {
		case n.Func == ir.Decay && !c.pace(n.Args[1]).moves():
			return c.fading(n.Args)
		case n.Func == ir.Least || n.Func == ir.Greatest:
			return c.furthest(n)
		case n.Func == ir.ToDouble && n.Args[0].Type().Kind == campaign.Number:
			return c.course(n.Args[0])
		case edges[n.Func] != [2]float64{} && n.Args[0].Type().Kind == campaign.Number:
			return c.stepped(n)
		}
	case *ir.Field:
		if of := c.locate(n); of.course != nil {
			return of.course
		}
	case *ir.Fold:
		switch n.Op {
		case ir.FoldSum, ir.FoldAvg:
			return c.summed(n)
		case ir.FoldMin, ir.FoldMax:
			return c.outermost(n)
		}
	}
	v := c.number(n)
	return func(f *frame) (motion, bool) {
		x, ok := v(f)
		return still(x), ok
	}
}

func (c *compiler) courseOfArith(n *ir.Arith) course {
	if n.L.Type().Kind == campaign.Duration {
		return c.courseOfRatio(n)
	}
	l, r, op := c.course(n.L), c.course(n.R), n.Op
	return func(f *frame) (motion, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return motion{}, false
		}
		switch op {
		case ir.Add:
			a.plus(&b, 1)
		case ir.Sub:
			a.plus(&b, -1)
		case ir.Mul:
			a = product(&a, &b)
		case ir.Div:
			a = a.over(&b)
		default:
			a = remainder(&a, &b)
		}
		return a, a.loose || finite(a.fixed)
	}
}

func remainder(a, b *motion) motion {
	if a.moves() || b.moves() {
		return motion{loose: true}
	}
	return still(math.Mod(a.fixed, b.fixed))
}

func product(a, b *motion) motion {
	switch {
	case !b.moves():
		return a.times(b)
	case !a.moves():
		return b.times(a)
	}
	return motion{loose: true}
}

// courseOfRatio is that of a duration divided by another, which moves in a straight
// line where the other does not.
func (c *compiler) courseOfRatio(n *ir.Arith) course {
	l, r, speed, other := c.duration(n.L), c.duration(n.R), c.speed(n.L), c.speed(n.R)
	return func(f *frame) (motion, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return motion{}, false
		}
		p := speed(f)
		if !p.steady || other(f).moves() || b == 0 && p.moves() {
			return motion{loose: true}, true
		}
		m := still(float64(a) / float64(b))
		m.slope = float64(p.slope) / float64(b)
		return m, finite(m.fixed)
	}
}

// Beyond so many half-lives, what fades has no longer all of its digits, and then
// none.
const (
	faint = 1000
	gone  = 1100
)

// fading is the course of decay().
func (c *compiler) fading(args []ir.Node) course {
	age, half, speed := c.duration(args[0]), c.duration(args[1]), c.speed(args[0])
	return func(f *frame) (motion, bool) {
		a, ok1 := age(f)
		h, ok2 := half(f)
		if !ok1 || !ok2 || h <= 0 {
			return motion{}, false
		}
		p := speed(f)
		v, _ := expr.Decay(a, h)
		switch {
		case !p.moves() || p.slope < 0 && p.steady && a <= 0:
			return still(v), true
		case !p.steady || p.slope < 0:
			return motion{loose: true}, true
		case a < 0:
			f.in(int64(-a) / p.slope)
			return still(v), true
		}
		fades := fading{half: float64(h) / float64(p.slope), size: v, mass: v}
		switch x := float64(a) / float64(h); {
		case x > gone:
			return still(0), true
		case x > faint:
			f.later((gone - x) * fades.half)
			return motion{loose: true}, true
		default:
			f.later((faint - x) * fades.half)
		}
		m := motion{steps: 1}
		m.fades(fades)
		return m, true
	}
}

// later notes that something could change after a time in nanoseconds.
func (f *frame) later(after float64) {
	if after < math.MaxInt64 {
		f.in(int64(after))
	}
}

// edges are where what is rounded has to come to for the result to change, from the
// result.
var edges = map[ir.Func][2]float64{
	ir.Floor: {0, 1}, ir.Ceil: {-1, 0}, ir.Round: {-0.5, 0.5}, ir.ToInt: {-1, 1},
}

// stepped is the course of what is rounded: it stands still until the next edge.
func (c *compiler) stepped(n *ir.Call) course {
	x, v, ends := c.course(n.Args[0]), c.number(n), edges[n.Func]
	side := func(f *frame) int {
		whole, _ := v(f)
		return int(whole)
	}
	return func(f *frame) (motion, bool) {
		m, ok := x(f)
		if !ok || m.loose {
			return m, ok
		}
		f.watch = false
		whole, _ := v(f)
		f.watch = true
		for _, end := range ends {
			if edge := still(whole + end); m.moves() {
				gap := m
				gap.plus(&edge, -1)
				f.meets(&gap, side)
			}
		}
		return still(whole), true
	}
}

// summed is the course of sum() and avg().
func (c *compiler) summed(n *ir.Fold) course {
	w := c.walk(n)
	if w == nil {
		return absent[motion]()
	}
	body, avg := c.course(n.Body), n.Op == ir.FoldAvg
	return func(f *frame) (sum motion, ok bool) {
		s, ok := w.start(f)
		if !ok {
			return sum, false
		}
		count := 0.0
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			if m, known := body(f); known {
				w.leaves(f, r)
				sum.plus(&m, 1)
				count++
			}
		}
		if avg {
			k := still(1 / count)
			return sum.times(&k), count > 0
		}
		return sum, true
	}
}

// furthest is the course of math.least() and math.greatest(): that of the one side,
// until they meet.
func (c *compiler) furthest(n *ir.Call) course {
	l, r := c.course(n.Args[0]), c.course(n.Args[1])
	side, least := sides(c.number(n.Args[0]), c.number(n.Args[1])), n.Func == ir.Least
	return func(f *frame) (motion, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return motion{}, false
		}
		gap := a
		gap.plus(&b, -1)
		if gap.loose {
			return gap, true
		}
		if gap.moves() {
			f.meets(&gap, side)
		}
		if (f.peek(0, side) < 0) == least {
			return a, true
		}
		return b, true
	}
}

// outermost is the course of min() and max(): that of the one in front, until another
// could have come to it.
func (c *compiler) outermost(n *ir.Fold) course {
	w := c.walk(n)
	if w == nil {
		return absent[motion]()
	}
	body, sign := c.course(n.Body), 1.0
	if n.Op == ir.FoldMin {
		sign = -1
	}
	return func(f *frame) (best motion, ok bool) {
		s, known := w.start(f)
		if !known {
			return best, false
		}
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			m, have := body(f)
			if !have {
				continue
			}
			w.leaves(f, r)
			if !ok {
				best, ok = m, true
				continue
			}
			best = f.ahead(&best, &m, sign)
		}
		return best, ok
	}
}

// aMoment is too little to wait for: what is as near as that is looked at otherwise.
const aMoment = 1e6 // nanoseconds

// ahead is the larger of two motions, or the smaller for a negative sign. It notes
// until when it is.
func (f *frame) ahead(a, b *motion, sign float64) motion {
	gap := *a
	gap.plus(b, -1)
	if gap.loose {
		return gap
	}
	if gap.moves() {
		t, sure := gap.apart()
		if !sure || t < aMoment {
			return motion{loose: true}
		}
		f.later(t * (1 - 0x1p-46))
	}
	if v, _ := gap.at(0); v*sign >= 0 {
		return *a
	}
	return *b
}
