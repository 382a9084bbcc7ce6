package vector

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// foldTruth compiles the folds that give a condition.
func (c *compiler) foldTruth(n *ir.Fold) cond {
	switch n.Op {
	case ir.FoldAny, ir.FoldNone:
		return c.anyOrNone(n)
	case ir.FoldExists:
		return c.quantified(n, expr.True)
	case ir.FoldAll:
		return c.quantified(n, expr.False)
	case ir.FoldExistsOne:
		return c.exactlyOne(n)
	}
	c.missing = true
	return truth(expr.Unknown)
}

// anyOrNone looks from the newest. Of what is found, only its leaving can change
// the answer.
func (c *compiler) anyOrNone(n *ir.Fold) cond {
	w, found := c.walk(n), expr.TruthOf(n.Op == ir.FoldAny)
	if w == nil {
		return truth(expr.Unknown)
	}
	return func(f *frame) expr.Truth {
		s, ok := w.start(f)
		if !ok {
			return expr.Unknown
		}
		for i := s.to; i > s.from; i-- {
			r, soFar := s.at(i-1), f.until
			f.until = never
			if w.use(f, r) {
				w.leaves(f, r)
				f.until = min(s.alone, f.until)
				return found
			}
			f.until = min(soFar, f.until)
		}
		return found.Not()
	}
}

// quantified stops at the first row that decides: a true one for exists, a false
// one for all.
func (c *compiler) quantified(n *ir.Fold, decides expr.Truth) cond {
	w := c.walk(n)
	if w == nil {
		return truth(expr.Unknown)
	}
	body := c.inner(n.Body)
	return func(f *frame) expr.Truth {
		s, ok := w.start(f)
		if !ok {
			return expr.Unknown
		}
		result := decides.Not()
		for i := s.to; i > s.from; i-- {
			r, soFar := s.at(i-1), f.until
			f.until = never
			if w.use(f, r) {
				switch body(f) {
				case decides:
					w.leaves(f, r)
					f.until = min(s.alone, f.until)
					return decides
				case expr.Unknown:
					w.leaves(f, r)
					result = expr.Unknown
				}
			}
			f.until = min(soFar, f.until)
		}
		return result
	}
}

func (c *compiler) exactlyOne(n *ir.Fold) cond {
	w := c.walk(n)
	if w == nil {
		return truth(expr.Unknown)
	}
	body := c.inner(n.Body)
	return func(f *frame) expr.Truth {
		s, ok := w.start(f)
		if !ok {
			return expr.Unknown
		}
		found, unknown := 0, false
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			switch body(f) {
			case expr.True:
				w.leaves(f, r)
				if found++; found > 1 {
					return expr.False
				}
			case expr.Unknown:
				w.leaves(f, r)
				unknown = true
			}
		}
		if unknown {
			return expr.Unknown
		}
		return expr.TruthOf(found == 1)
	}
}

// foldNumber compiles the folds that give a number.
func (c *compiler) foldNumber(n *ir.Fold) fn[float64] {
	switch n.Op {
	case ir.FoldCount:
		return c.count(n, nil)
	case ir.FoldCountIf:
		return c.count(n, n.Body)
	case ir.FoldSum:
		return c.total(n, func(sum, _ float64) (float64, bool) { return sum, finite(sum) })
	case ir.FoldAvg:
		return c.total(n, func(sum, n float64) (float64, bool) { return sum / n, n > 0 && finite(sum) })
	case ir.FoldMin, ir.FoldMax:
		return extreme(c, n, c.number, cmp.Compare)
	case ir.FoldDistinct:
		return c.distinct(n)
	case ir.FoldTop:
		return heaviest(c, n, numberAt, numberKey, cmp.Compare)
	}
	return none[float64](c)
}

func (c *compiler) count(n *ir.Fold, body ir.Node) fn[float64] {
	w := c.walk(n)
	if w == nil {
		return absent[float64]()
	}
	var holds cond
	if body != nil {
		holds = c.inner(body)
	}
	return func(f *frame) (float64, bool) {
		s, ok := w.start(f)
		if !ok {
			return 0, false
		}
		if holds == nil && len(w.wheres) == 0 {
			if f.watch && s.to > s.from {
				w.leaves(f, s.at(s.from))
			}
			return float64(s.to - s.from), true
		}
		sum := 0
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if w.use(f, r) && (holds == nil || holds(f) == expr.True) {
				w.leaves(f, r)
				sum++
			}
		}
		return float64(sum), true
	}
}

// total adds up what is known, oldest first: another order could differ in the
// last bit. finish makes the result of the sum and of how many there were.
func (c *compiler) total(n *ir.Fold, finish func(sum, n float64) (float64, bool)) fn[float64] {
	w := c.walk(n)
	if w == nil {
		return absent[float64]()
	}
	body := c.number(n.Body)
	return func(f *frame) (float64, bool) {
		s, ok := w.start(f)
		if !ok {
			return 0, false
		}
		var sum, n float64
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			if v, ok := body(f); ok {
				w.leaves(f, r)
				sum += v
				n++
			}
		}
		return finish(sum, n)
	}
}

// extreme is min or max, by an order of values.
func extreme[T any](c *compiler, n *ir.Fold, compile func(ir.Node) fn[T], order func(a, b T) int) fn[T] {
	if n.Op != ir.FoldMin && n.Op != ir.FoldMax {
		return none[T](c)
	}
	if parts := c.strands(n); parts != nil {
		return extremeOf(c, parts, compile, order)
	}
	w, least := c.walk(n), n.Op == ir.FoldMin
	if w == nil {
		return absent[T]()
	}
	body := compile(n.Body)
	return func(f *frame) (best T, ok bool) {
		s, known := w.start(f)
		if !known {
			return best, false
		}
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			if v, have := body(f); have {
				w.leaves(f, r)
				if !ok || (order(v, best) < 0) == least {
					best, ok = v, true
				}
			}
		}
		return best, ok
	}
}

// distinct counts different values, by a number that stands for each.
func (c *compiler) distinct(n *ir.Fold) fn[float64] {
	w := c.walk(n)
	if w == nil {
		return absent[float64]()
	}
	key := c.key(n.Body)
	return func(f *frame) (float64, bool) {
		s, ok := w.start(f)
		if !ok {
			return 0, false
		}
		mark := len(f.scratch)
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			if k, ok := key(f); ok {
				w.leaves(f, r)
				f.scratch = append(f.scratch, k)
			}
		}
		keys := f.scratch[mark:]
		slices.Sort(keys)
		count := len(slices.Compact(keys))
		f.scratch = f.scratch[:mark]
		return float64(count), true
	}
}

// key gives equal numbers for equal values.
func (c *compiler) key(n ir.Node) fn[uint64] {
	switch n.Type().Kind {
	case campaign.String, campaign.Ref:
		of := c.locate(n)
		if of.fallback != nil || of.column == nil && !c.isNobodys(n) {
			return none[uint64](c)
		}
		if of.column == nil {
			return absent[uint64]()
		}
		return read1(of, codeKey, 0, false)
	case campaign.Number:
		return keyed(c.number(n), bitsOf)
	case campaign.Date:
		return keyed(c.day(n), func(v int64) uint64 { return uint64(v) })
	case campaign.Duration:
		return keyed(c.duration(n), func(v time.Duration) uint64 { return uint64(v) })
	case campaign.Time:
		return keyed(c.time(n), func(v time.Time) uint64 { return uint64(v.UnixNano()) })
	case campaign.Bool:
		test := c.inner(n)
		return func(f *frame) (uint64, bool) {
			t := test(f)
			return uint64(t), t != expr.Unknown
		}
	}
	return none[uint64](c)
}

func keyed[T any](v fn[T], key func(T) uint64) fn[uint64] {
	return func(f *frame) (uint64, bool) {
		t, ok := v(f)
		if !ok {
			return 0, false
		}
		return key(t), true
	}
}

func bitsOf(v float64) uint64 { return math.Float64bits(v + 0) } // without a negative zero

func numberKey(c *column.Column, r uint32) (uint64, bool) {
	v, ok := numberAt(c, r)
	return bitsOf(v), ok
}

func codeKey(c *column.Column, r uint32) (uint64, bool) {
	code, ok := codeAt(c, r)
	return uint64(code), ok
}

// locateEnd finds the event that first() or last() give.
func (c *compiler) locateEnd(n *ir.Fold) place {
	if n.Op != ir.FoldFirst && n.Op != ir.FoldLast || n.Body != nil {
		return place{}
	}
	w := c.walk(n)
	if w == nil || w.events == nil {
		return place{}
	}
	if n.Op == ir.FoldLast {
		return place{events: w.events, row: w.last}
	}
	return place{events: w.events, row: w.first}
}

func (w *walk) first(f *frame) (uint32, bool) {
	s, ok := w.start(f)
	if !ok {
		return 0, false
	}
	for i := s.from; i < s.to; i++ {
		if r := s.at(i); w.use(f, r) {
			w.leaves(f, r)
			return r, true
		}
	}
	return 0, false
}

func (w *walk) last(f *frame) (uint32, bool) {
	s, ok := w.start(f)
	if !ok {
		return 0, false
	}
	for i := s.to; i > s.from; i-- {
		if r := s.at(i - 1); w.use(f, r) {
			w.leaves(f, r)
			return r, true
		}
	}
	return 0, false
}
