package vector

import (
	"cmp"
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// bounds are the closed range of values that a comparison holds of, in the unit of
// the column. Of Ne, it is the range that it does not hold of. The comparison is
// unknown of values before least or after most, and of all where known is false.
type bounds struct {
	low, high   int64
	flow, fhigh float64
	least, most int64
	fallback    expr.Truth
	known       bool
}

// spread is the closed range of whole numbers of which op holds, compared with a
// value that lies between: first is the least number that is not below it, after
// the least that is above it.
func spread(op ir.CompareOp, first, after int64) (low, high int64) {
	switch op {
	case ir.Lt:
		return math.MinInt64, first - 1
	case ir.Le:
		return math.MinInt64, after - 1
	case ir.Gt:
		return after, math.MaxInt64
	case ir.Ge:
		return first, math.MaxInt64
	}
	return first, after - 1 // Eq, and what Ne is not
}

// integers are the bounds of a comparison with whole units.
func integers(b *rangeBlock, first, after int64) bounds {
	r := bounds{known: true, least: math.MinInt64, most: math.MaxInt64}
	r.low, r.high = spread(b.op, first, after)
	return r
}

func (c *compiler) numberBounds(b *rangeBlock, a *ir.Attribute, n ir.Node) func(*frame) bounds {
	value := c.number(n)
	d, has := a.Default.(float64)
	return func(f *frame) bounds {
		v, ok := value(f)
		if !ok {
			return bounds{}
		}
		r := floats(b.op, v)
		if scale := b.column.Num.Scale; b.column.Num.F64 == nil && scale > 0 {
			r.low, r.high = spread(b.op, notBelow(v, scale), above(v, scale))
		}
		r.known = true
		if has {
			r.fallback = holds(b.op, cmp.Compare(d, v))
		}
		return r
	}
}

// floats is the closed range of numbers of which op holds.
func floats(op ir.CompareOp, v float64) bounds {
	low, high := math.Inf(-1), math.Inf(1)
	switch op {
	case ir.Lt:
		high = math.Nextafter(v, low)
	case ir.Le:
		high = v
	case ir.Gt:
		low = math.Nextafter(v, high)
	case ir.Ge:
		low = v
	default:
		low, high = v, v
	}
	return bounds{flow: low, fhigh: high}
}

// notBelow is the least whole number i for which i/scale is not below v. Division
// rounds, but never turns the order around.
func notBelow(v, scale float64) int64 {
	i, ok := near(v * scale)
	for ok && float64(i)/scale < v {
		i++
	}
	return i
}

// above is the least whole number i for which i/scale is above v.
func above(v, scale float64) int64 {
	i, ok := near(v * scale)
	for ok && float64(i)/scale <= v {
		i++
	}
	return i
}

// near is a whole number a little below v; false where v is far from any int32.
func near(v float64) (int64, bool) {
	switch {
	case v > 1<<33:
		return 1 << 33, false
	case v < -1<<33:
		return -1 << 33, false
	}
	return int64(math.Floor(v)) - 2, true
}

func (c *compiler) dayBounds(b *rangeBlock, a *ir.Attribute, n ir.Node) func(*frame) bounds {
	value := c.day(n)
	d, has := a.Default.(campaign.CivilDate)
	return func(f *frame) bounds {
		v, ok := value(f)
		if !ok {
			return bounds{}
		}
		r := integers(b, v, v+1)
		if has {
			r.fallback = holds(b.op, compareDays(daysOf(d), v))
		}
		return r
	}
}

func (c *compiler) durationBounds(b *rangeBlock, a *ir.Attribute, n ir.Node) func(*frame) bounds {
	value := c.duration(n)
	d, has := a.Default.(time.Duration)
	return func(f *frame) bounds {
		v, ok := value(f)
		if !ok {
			return bounds{}
		}
		r := integers(b, int64(v), plus(int64(v), 1))
		if has {
			r.fallback = holds(b.op, compareDurations(d, v))
		}
		return r
	}
}

func (c *compiler) timeBounds(b *rangeBlock, a *ir.Attribute, n ir.Node) func(*frame) bounds {
	value := c.time(n)
	d, has := a.Default.(time.Time)
	return func(f *frame) bounds {
		v, ok := value(f)
		if !ok {
			return bounds{}
		}
		r := integers(b, before(v)+1, v.UnixMicro()+1)
		if has {
			r.fallback = holds(b.op, d.Compare(v))
		}
		return r
	}
}

// ageBlock finds the comparison of now - attribute with a duration that is the
// same for everybody.
func (c *compiler) ageBlock(n *ir.Compare) block {
	l, r, op := n.L, n.R, n.Op
	if alike(l) {
		l, r, op = r, l, op.Flip()
	}
	age, ok := l.(*ir.Arith)
	if !ok || age.Op != ir.Sub || age.L.Type().Kind != campaign.Time || age.R.Type().Kind != campaign.Time || !alike(r) || !alike(age.L) {
		return nil
	}
	a, ok := age.R.(*ir.Attribute)
	if !ok || a.Default != nil || c.table.Attributes[a.Name] == nil {
		return nil
	}
	b := &rangeBlock{column: c.table.Attributes[a.Name], op: op.Flip()}
	from, length := c.time(age.L), c.duration(r)
	b.bounds = func(f *frame) bounds {
		t, ok1 := from(f)
		d, ok2 := length(f)
		if !ok1 || !ok2 {
			return bounds{}
		}
		v := t.Add(-d) // t - x op d holds where x op.Flip() t - d does
		r := integers(b, before(v)+1, v.UnixMicro()+1)
		// What is 292 years or more away is unknown.
		r.least = before(t.Add(-math.MaxInt64)) + 1
		r.most = t.Add(math.MaxInt64).UnixMicro()
		if t.Add(-math.MaxInt64).Equal(instant(r.least)) {
			r.least++
		}
		return r
	}
	return b
}
