package expr

import (
	"cmp"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// flat joins the lists that the elements have.
func flat(s *sequence, body fn[[]any]) fn[[]any] {
	return func(f *frame) ([]any, bool) {
		cur, ok := s.start(f)
		if !ok {
			return nil, false
		}
		var out []any
		for cur.next(f) {
			if list, ok := body(f); ok {
				out = append(out, list...)
			}
		}
		return out, true
	}
}

// heaviest is top(): the value with the largest total weight.
func heaviest[T comparable](c *compiler, n *ir.Fold, body fn[T], order func(a, b T) int) fn[T] {
	s := c.sequence(n)
	weight := known(1.0)
	if n.Weight != nil {
		weight = c.number(n.Weight)
	}
	return func(f *frame) (best T, ok bool) {
		cur, known := s.start(f)
		if !known {
			return best, false
		}
		total := map[T]float64{}
		for cur.next(f) {
			v, have := body(f)
			if !have {
				continue
			}
			w, weighs := weight(f)
			if !weighs {
				w = 0
			}
			total[v] += w
		}
		for v, w := range total {
			if heavier := cmp.Compare(w, total[best]); !ok || heavier > 0 || heavier == 0 && order(v, best) < 0 {
				best, ok = v, true
			}
		}
		return best, ok
	}
}

// heaviestTime is top() of instants, which are one however they are written.
func heaviestTime(c *compiler, n *ir.Fold) fn[time.Time] {
	at := c.time(n.Body)
	nanos := heaviest(c, n, func(f *frame) (int64, bool) {
		t, ok := at(f)
		return t.UnixNano(), ok
	}, cmp.Compare)
	return func(f *frame) (time.Time, bool) {
		v, ok := nanos(f)
		return time.Unix(0, v).UTC(), ok
	}
}

// one gives the fold that ends in one of the values: min, max or top.
func one[T comparable](c *compiler, n *ir.Fold, compileBody func(ir.Node) fn[T], order func(a, b T) int) fn[T] {
	if n.Op == ir.FoldTop {
		return heaviest(c, n, compileBody(n.Body), order)
	}
	return extreme(c, n, compileBody, order)
}
