package vector

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// series are the elements of a list or set: rows of a column.
type series struct {
	elem *column.Column // nil: there are never any
	span func(*frame) (span, bool)
}

// series finds a list or set whose elements are rows of a column: one that is
// looked up, a part of one, or the lists of several rows joined. What has
// elements of its own making is left to package expr.
func (c *compiler) series(n ir.Node) (s series, ok bool) {
	if fold, is := n.(*ir.Fold); is && (fold.Op == ir.FoldFilter || fold.Op == ir.FoldFlat) {
		return c.gathered(fold)
	}
	of, kind := c.locate(n), n.Type().Kind
	switch {
	case of.events != nil || of.fallback != nil || kind != campaign.List && kind != campaign.Set:
		return s, false
	case of.column != nil:
		list, row := of.column, of.row
		return series{list.Elem, func(f *frame) (s span, ok bool) {
			if r, ok := row(f); ok {
				s.from, s.to = extent(list, r)
			}
			s.alone = f.until
			return s, true
		}}, true
	case c.isNobodys(n):
		return series{nil, func(f *frame) (span, bool) { return span{alone: f.until}, true }}, true
	}
	return s, false
}

// gathered are the rows that filter() leaves, or that flat() joins.
func (c *compiler) gathered(n *ir.Fold) (series, bool) {
	if n.Var == nil || n.Var.Slot >= maxVariables {
		return series{}, false
	}
	w := c.walk(n)
	if w == nil {
		return series{}, false
	}
	if n.Op == ir.FoldFilter {
		if w.events != nil {
			return series{}, false
		}
		test := c.inner(n.Body)
		return series{w.list.elem, w.gather(func(f *frame, r uint32, out []uint32) []uint32 {
			if test(f) == expr.True {
				out = append(out, r)
			}
			return out
		})}, true
	}
	lists, ok := c.series(n.Body)
	if !ok {
		return series{}, false
	}
	return series{lists.elem, w.gather(func(f *frame, _ uint32, out []uint32) []uint32 {
		s, _ := lists.span(f)
		for i := s.from; i < s.to; i++ {
			out = append(out, s.at(i))
		}
		return out
	})}, true
}

// gather goes over a walk and keeps the rows that add gives, in memory of the
// frame that belongs to the walk's variable.
func (w *walk) gather(add func(f *frame, r uint32, out []uint32) []uint32) func(*frame) (span, bool) {
	return func(f *frame) (span, bool) {
		s, ok := w.start(f)
		if !ok {
			return span{}, false
		}
		out := f.rows[w.slot][:0]
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			before := len(out)
			if out = add(f, r, out); len(out) > before {
				w.leaves(f, r)
			}
		}
		f.rows[w.slot] = out
		return span{to: uint32(len(out)), late: out, alone: f.until}, true
	}
}

// source is a series, or a list that is written down, of one Go type.
type source[T any] struct {
	written []T
	series
	read func(*column.Column, uint32) (T, bool)
}

func sourceOf[T any](c *compiler, n ir.Node, read func(*column.Column, uint32) (T, bool)) (s source[T], ok bool) {
	if k, is := n.(*ir.Const); is {
		list, is := k.Value.([]any)
		s.written = only[T](list)
		return s, is && len(s.written) == len(list)
	}
	s.read = read
	s.series, ok = c.series(n)
	return s, ok
}

// open gives the elements by number.
func (s *source[T]) open(f *frame) (sp span, n uint32, ok bool) {
	if s.span == nil {
		return sp, uint32(len(s.written)), true
	}
	sp, ok = s.span(f)
	return sp, sp.to - sp.from, ok
}

func (s *source[T]) get(sp *span, i uint32) (v T) {
	if s.span == nil {
		return s.written[i]
	}
	v, _ = s.read(s.elem, sp.at(sp.from+i))
	return v
}

// compareSeries asks a question about two lists of strings or numbers.
func (c *compiler) compareSeries(l, r ir.Node, test string) cond {
	kind := campaign.Any
	for _, n := range []ir.Node{l, r} {
		if e := n.Type().Elem; e != nil && e.Kind != campaign.Any {
			kind = e.Kind
		}
	}
	switch kind {
	case campaign.String, campaign.Ref:
		return between(c, l, r, test, textAt)
	case campaign.Number:
		return between(c, l, r, test, numberAt)
	}
	c.missing = true
	return truth(expr.Unknown)
}

func between[T comparable](c *compiler, l, r ir.Node, test string, read func(*column.Column, uint32) (T, bool)) cond {
	a, ok1 := sourceOf(c, l, read)
	b, ok2 := sourceOf(c, r, read)
	if !ok1 || !ok2 {
		c.missing = true
		return truth(expr.Unknown)
	}
	return func(f *frame) expr.Truth {
		as, n, ok1 := a.open(f)
		bs, m, ok2 := b.open(f)
		if !ok1 || !ok2 {
			return expr.Unknown
		}
		switch test {
		case "contains":
			return expr.TruthOf(allIn(&b, &bs, m, &a, &as, n))
		case "intersects":
			return expr.TruthOf(anyIn(&a, &as, n, &b, &bs, m))
		case "equivalent":
			return expr.TruthOf(allIn(&a, &as, n, &b, &bs, m) && allIn(&b, &bs, m, &a, &as, n))
		}
		equal := n == m
		for i := uint32(0); equal && i < n; i++ {
			equal = a.get(&as, i) == b.get(&bs, i)
		}
		return expr.TruthOf(equal)
	}
}

// allIn reports whether all elements of a are among those of b.
func allIn[T comparable](a *source[T], as *span, n uint32, b *source[T], bs *span, m uint32) bool {
	for i := range n {
		if !isIn(a.get(as, i), b, bs, m) {
			return false
		}
	}
	return true
}

func anyIn[T comparable](a *source[T], as *span, n uint32, b *source[T], bs *span, m uint32) bool {
	for i := range n {
		if isIn(a.get(as, i), b, bs, m) {
			return true
		}
	}
	return false
}

func isIn[T comparable](v T, b *source[T], bs *span, m uint32) bool {
	for i := range m {
		if b.get(bs, i) == v {
			return true
		}
	}
	return false
}

// heaviest is top(): the value with the largest total weight, of several the
// smallest. Weights of one value are added oldest first.
func heaviest[T any](c *compiler, n *ir.Fold, read func(*column.Column, uint32) (T, bool), key func(*column.Column, uint32) (uint64, bool), order func(a, b T) int) fn[T] {
	w := c.walk(n)
	if w == nil {
		return absent[T]()
	}
	of := c.locate(n.Body)
	if of.column == nil || of.fallback != nil {
		return none[T](c)
	}
	weight := constant(1.0)
	var fades *weights
	if n.Weight != nil {
		weight, fades = c.number(n.Weight), c.weights(n.Weight)
	}
	return func(f *frame) (best T, ok bool) {
		s, known := w.start(f)
		if !known {
			return best, false
		}
		begun := tally{}
		mark := len(f.weighed)
		for i := s.from; i < s.to; i++ {
			r := s.at(i)
			if !w.use(f, r) {
				continue
			}
			at, there := of.row(f)
			if !there {
				continue
			}
			if k, have := key(of.column, at); have {
				w.leaves(f, r)
				v := fades.weigh(f, weight, &begun)
				f.weighed = append(f.weighed, weighed{k, at, v})
			}
		}
		best, ok = top(f.weighed[mark:], of.column, read, order)
		f.weighed = f.weighed[:mark]
		return best, ok
	}
}

// weighed is a value of which a row has one, by its key.
type weighed struct {
	key    uint64
	row    uint32
	weight float64
}

func top[T any](all []weighed, of *column.Column, read func(*column.Column, uint32) (T, bool), order func(a, b T) int) (best T, ok bool) {
	slices.SortStableFunc(all, func(a, b weighed) int {
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		}
		return 0
	})
	most := 0.0
	for i := 0; i < len(all); {
		total, first := 0.0, i
		for ; i < len(all) && all[i].key == all[first].key; i++ {
			total += all[i].weight
		}
		v, _ := read(of, all[first].row)
		if !ok || total > most || total == most && order(v, best) < 0 {
			best, most, ok = v, total, true
		}
	}
	return best, ok
}
