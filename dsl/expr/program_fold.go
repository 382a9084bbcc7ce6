package expr

import (
	"cmp"
	"sort"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// sequence is what a fold goes over.
type sequence struct {
	list   fn[[]any]                       // elements; nil for a history
	rows   func(*frame) ([]EventRow, bool) // events in the window, oldest first
	wheres []cond                          // conditions on events
	slot   int                             // of the variable, for body and wheres alike
}

// cursor goes over a sequence. It lives on the stack.
type cursor struct {
	*sequence
	elems []any
	rows  []EventRow
	i     int
}

func (c *compiler) sequence(n *ir.Fold) *sequence {
	s := &sequence{slot: -1}
	if n.Var != nil {
		s.slot = n.Var.Slot
	}
	h, ok := n.Over.(*ir.History)
	if !ok {
		s.list = c.list(n.Over)
		return s
	}
	s.rows = c.window(h)
	for _, f := range h.Filters {
		if w, ok := f.(*ir.Where); ok {
			s.slot = w.Var.Slot
			s.wheres = append(s.wheres, c.cond(w.Cond))
		}
	}
	return s
}

// window finds the events of a history that within and since leave.
func (c *compiler) window(h *ir.History) func(*frame) ([]EventRow, bool) {
	var within time.Duration // the shortest; 0 for none
	var since []fn[time.Time]
	for _, f := range h.Filters {
		switch f := f.(type) {
		case *ir.Within:
			if d := f.Duration(); within == 0 || d < within {
				within = d
			}
		case *ir.Since:
			since = append(since, c.startOf(f.From))
		}
	}
	label := h.Event
	return func(f *frame) ([]EventRow, bool) {
		rows := f.subject.Events(label)
		rows = rows[:after(rows, f.now)]
		if within > 0 {
			rows = rows[after(rows, f.now.Add(-within)):]
		}
		for _, from := range since {
			t, ok := from(f)
			if !ok {
				return nil, false
			}
			rows = rows[notBefore(rows, t):]
		}
		return rows, true
	}
}

func (c *compiler) startOf(n ir.Node) fn[time.Time] {
	if n.Type().Kind != campaign.Date {
		return c.time(n)
	}
	date := c.date(n)
	return func(f *frame) (time.Time, bool) {
		d, ok := date(f)
		return d.In(time.UTC), ok
	}
}

// after is the index of the first event after t.
func after(rows []EventRow, t time.Time) int {
	return sort.Search(len(rows), func(i int) bool { return rows[i].At.After(t) })
}

// notBefore is the index of the first event at t or after it.
func notBefore(rows []EventRow, t time.Time) int {
	return sort.Search(len(rows), func(i int) bool { return !rows[i].At.Before(t) })
}

// start is false for a sequence that is unknown as a whole.
func (s *sequence) start(f *frame) (c cursor, ok bool) {
	c.sequence = s
	if s.list != nil {
		c.elems, ok = s.list(f)
	} else {
		c.rows, ok = s.rows(f)
	}
	return c, ok
}

// next puts the next element into the variable.
func (c *cursor) next(f *frame) bool {
	for c.i < len(c.rows)+len(c.elems) {
		i := c.i
		c.i++
		if c.use(f, i) {
			return true
		}
	}
	return false
}

// use puts element i into the variable and tells whether the wheres hold of it.
func (c *cursor) use(f *frame, i int) bool {
	if c.list != nil {
		f.vars[c.slot] = element{v: c.elems[i]}
		return c.elems[i] != nil
	}
	if c.slot >= 0 {
		f.vars[c.slot] = element{row: &c.rows[i]}
	}
	for _, where := range c.wheres {
		if where(f) != True {
			return false
		}
	}
	return true
}

// foldTruth compiles the folds that give a condition.
func (c *compiler) foldTruth(n *ir.Fold) cond {
	s := c.sequence(n)
	switch n.Op {
	case ir.FoldAny, ir.FoldNone:
		return anyOrNone(s, TruthOf(n.Op == ir.FoldAny))
	case ir.FoldExists:
		return quantified(s, c.cond(n.Body), True)
	case ir.FoldAll:
		return quantified(s, c.cond(n.Body), False)
	case ir.FoldExistsOne:
		return exactlyOne(s, c.cond(n.Body))
	}
	return func(*frame) Truth { return Unknown }
}

func anyOrNone(s *sequence, found Truth) cond {
	return func(f *frame) Truth {
		cur, ok := s.start(f)
		switch {
		case !ok:
			return Unknown
		case cur.next(f):
			return found
		}
		return found.Not()
	}
}

// quantified stops at the first element that decides: a true one for exists, a
// false one for all.
func quantified(s *sequence, body cond, decides Truth) cond {
	return func(f *frame) Truth {
		cur, ok := s.start(f)
		if !ok {
			return Unknown
		}
		result := decides.Not()
		for cur.next(f) {
			switch body(f) {
			case decides:
				return decides
			case Unknown:
				result = Unknown
			}
		}
		return result
	}
}

func exactlyOne(s *sequence, body cond) cond {
	return func(f *frame) Truth {
		cur, ok := s.start(f)
		if !ok {
			return Unknown
		}
		found, unknown := 0, false
		for cur.next(f) {
			switch body(f) {
			case True:
				if found++; found > 1 {
					return False
				}
			case Unknown:
				unknown = true
			}
		}
		if unknown {
			return Unknown
		}
		return TruthOf(found == 1)
	}
}

// foldNumber compiles the folds that give a number.
func (c *compiler) foldNumber(n *ir.Fold) fn[float64] {
	s := c.sequence(n)
	switch n.Op {
	case ir.FoldCount:
		return count(s, func(*frame) Truth { return True })
	case ir.FoldCountIf:
		return count(s, c.cond(n.Body))
	case ir.FoldSum:
		return total(s, c.number(n.Body), func(sum, _ float64) (float64, bool) { return sum, finite(sum) })
	case ir.FoldAvg:
		return total(s, c.number(n.Body), func(sum, n float64) (float64, bool) { return sum / n, n > 0 && finite(sum) })
	case ir.FoldDistinct:
		return c.distinct(s, n.Body)
	}
	return one(c, n, c.number, cmp.Compare)
}

func count(s *sequence, body cond) fn[float64] {
	return func(f *frame) (float64, bool) {
		cur, ok := s.start(f)
		if !ok {
			return 0, false
		}
		n := 0
		for cur.next(f) {
			if body(f) == True {
				n++
			}
		}
		return float64(n), true
	}
}

// total adds up what is known, and lets finish make the result of the sum and of
// how many there were.
func total(s *sequence, body fn[float64], finish func(sum, n float64) (float64, bool)) fn[float64] {
	return func(f *frame) (float64, bool) {
		cur, ok := s.start(f)
		if !ok {
			return 0, false
		}
		var sum, n float64
		for cur.next(f) {
			if v, ok := body(f); ok {
				sum += v
				n++
			}
		}
		return finish(sum, n)
	}
}

// extreme is min or max, by an order of values.
func extreme[T any](c *compiler, n *ir.Fold, compileBody func(ir.Node) fn[T], order func(a, b T) int) fn[T] {
	if n.Op != ir.FoldMin && n.Op != ir.FoldMax {
		return never[T]()
	}
	s, body, least := c.sequence(n), compileBody(n.Body), n.Op == ir.FoldMin
	return func(f *frame) (best T, ok bool) {
		cur, known := s.start(f)
		if !known {
			return best, false
		}
		for cur.next(f) {
			if v, have := body(f); have && (!ok || (order(v, best) < 0) == least) {
				best, ok = v, true
			}
		}
		return best, ok
	}
}

// distinct counts different values.
func (c *compiler) distinct(s *sequence, body ir.Node) fn[float64] {
	if kind := body.Type().Kind; kind == campaign.String || kind == campaign.Ref {
		return different(s, c.text(body))
	}
	value := c.any(body)
	return different(s, func(f *frame) (any, bool) {
		v, ok := value(f)
		if t, isTime := v.(time.Time); isTime {
			return t.UnixNano(), ok
		}
		return v, ok && isScalar(v)
	})
}

// isScalar guards the key of a map against values of another type than declared.
func isScalar(v any) bool {
	switch v.(type) {
	case string, float64, bool, time.Duration, campaign.CivilDate:
		return true
	}
	return false
}

func different[T comparable](s *sequence, body fn[T]) fn[float64] {
	return func(f *frame) (float64, bool) {
		cur, ok := s.start(f)
		if !ok {
			return 0, false
		}
		seen := map[T]struct{}{}
		for cur.next(f) {
			if v, ok := body(f); ok {
				seen[v] = struct{}{}
			}
		}
		return float64(len(seen)), true
	}
}

// endOf is first() or last(), or the object that a ref or a fold leads to.
func (c *compiler) endOf(n *ir.Fold) fn[object] {
	s := c.sequence(n)
	if n.Op != ir.FoldFirst && n.Op != ir.FoldLast {
		return never[object]()
	}
	backward := n.Op == ir.FoldLast
	return func(f *frame) (object, bool) {
		cur, ok := s.start(f)
		if !ok {
			return object{}, false
		}
		for i := range cur.rows {
			if backward {
				i = len(cur.rows) - 1 - i
			}
			if cur.use(f, i) {
				return object{row: &cur.rows[i]}, true
			}
		}
		return object{}, false
	}
}

// collect is filter() or map().
func (c *compiler) collect(n *ir.Fold) fn[[]any] {
	s := c.sequence(n)
	var pick fn[any]
	switch n.Op {
	case ir.FoldMap:
		pick = c.any(n.Body)
	case ir.FoldFlat:
		return flat(s, c.list(n.Body))
	case ir.FoldFilter:
		test := c.cond(n.Body)
		pick = func(f *frame) (any, bool) { return f.vars[s.slot].v, test(f) == True }
	default:
		return never[[]any]()
	}
	return func(f *frame) ([]any, bool) {
		cur, ok := s.start(f)
		if !ok {
			return nil, false
		}
		var out []any
		for cur.next(f) {
			if v, ok := pick(f); ok {
				out = append(out, v)
			}
		}
		return out, true
	}
}
