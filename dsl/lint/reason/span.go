package reason

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// span is what a value can still be.
type span struct {
	lo, hi   bound
	allowed  []any // nil: any
	listed   bool  // allowed counts
	excluded []any
	whole    bool // a whole number
}

// bound is an end of an interval; at is nil for none.
type bound struct {
	at   any
	open bool // at itself is outside
}

func (s *span) clone() span {
	out := *s
	out.allowed, out.excluded = slices.Clone(s.allowed), slices.Clone(s.excluded)
	return out
}

// ranges are what functions can give.
var ranges = map[ir.Func][2]float64{
	ir.Size: {0, math.Inf(1)}, ir.Month: {1, 12}, ir.Day: {1, 31}, ir.Weekday: {1, 7}, ir.WeekOf: {1, 53}, ir.Hour: {0, 23},
}

// spanOf is what a value can be before anything is said of it.
func spanOf(n ir.Node) span {
	switch n := n.(type) {
	case *ir.Attribute:
		if n.T.Kind == campaign.String && len(n.OneOf) > 0 {
			s := span{}
			for _, word := range n.OneOf {
				s.allowed = append(s.allowed, word)
			}
			s.listed = true
			return s
		}
	case *ir.Fold:
		switch n.Op {
		case ir.FoldCount, ir.FoldCountIf, ir.FoldDistinct:
			return span{lo: bound{at: 0.0}, whole: true}
		}
	case *ir.Call:
		if r, ok := ranges[n.Func]; ok {
			s := span{lo: bound{at: r[0]}, whole: true}
			if !math.IsInf(r[1], 1) {
				s.hi = bound{at: r[1]}
			}
			return s
		}
	}
	return span{}
}

// compare narrows the span to values of which `value op c` holds.
func (s *span) compare(op ir.CompareOp, c any) {
	switch op {
	case ir.Eq:
		s.among([]any{c})
	case ir.Ne:
		s.excluded = append(s.excluded, c)
	case ir.Lt, ir.Le:
		if b := (bound{c, op == ir.Lt}); s.hi.at == nil || tighter(b, s.hi, -1) {
			s.hi = b
		}
	case ir.Gt, ir.Ge:
		if b := (bound{c, op == ir.Gt}); s.lo.at == nil || tighter(b, s.lo, 1) {
			s.lo = b
		}
	}
	s.round()
}

// tighter reports that a leaves less than b; side is 1 for a lower end.
func tighter(a, b bound, side int) bool {
	o, ok := order(a.at, b.at)
	return ok && (o == side || o == 0 && a.open && !b.open)
}

// round brings the ends of whole numbers to whole numbers.
func (s *span) round() {
	if !s.whole {
		return
	}
	if lo, ok := s.lo.at.(float64); ok {
		up := math.Ceil(lo)
		if s.lo.open && up == lo {
			up++
		}
		s.lo = bound{at: up}
	}
	if hi, ok := s.hi.at.(float64); ok {
		down := math.Floor(hi)
		if s.hi.open && down == hi {
			down--
		}
		s.hi = bound{at: down}
	}
}

// among narrows the span to the values of a list.
func (s *span) among(list []any) {
	if !s.listed {
		s.allowed, s.listed = list, true
	} else {
		s.allowed = slices.DeleteFunc(slices.Clone(s.allowed), func(v any) bool { return !holds(list, v) })
	}
	if len(s.allowed) == 1 && ordered(s.allowed[0]) {
		s.compareEnds(s.allowed[0])
	}
}

// compareEnds lets a span of one value have it as both ends.
func (s *span) compareEnds(v any) {
	for _, op := range []ir.CompareOp{ir.Ge, ir.Le} {
		s.compare(op, v)
	}
}

// possible reports that a value is left.
func (s *span) possible() bool {
	if s.listed {
		return slices.ContainsFunc(s.allowed, s.takes)
	}
	if s.lo.at == nil || s.hi.at == nil {
		return true
	}
	o, ok := order(s.lo.at, s.hi.at)
	switch {
	case !ok:
		return true
	case o > 0:
		return false
	case o == 0:
		return s.takes(s.lo.at)
	}
	return !s.whole || s.countLeft()
}

// takes reports that v lies in the interval and is not excluded.
func (s *span) takes(v any) bool {
	for _, end := range []struct {
		bound
		side int
	}{{s.lo, -1}, {s.hi, 1}} {
		if o, ok := order(v, end.at); ok && (o == end.side || o == 0 && end.open) {
			return false
		}
	}
	return !holds(s.excluded, v)
}

// countLeft looks for a whole number in a short interval.
func (s *span) countLeft() bool {
	lo, _ := s.lo.at.(float64)
	hi, _ := s.hi.at.(float64)
	if hi-lo > float64(len(s.excluded)) {
		return true
	}
	for v := lo; v <= hi; v++ {
		if s.takes(v) {
			return true
		}
	}
	return false
}

func holds(list []any, v any) bool {
	return slices.ContainsFunc(list, func(w any) bool {
		o, ok := order(v, w)
		return ok && o == 0
	})
}

func ordered(v any) bool {
	_, ok := order(v, v)
	return ok
}

// order compares two values of one kind; bools have an order here, so that they
// can be told apart.
func order(a, b any) (o int, ok bool) {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true
		}
	case time.Time:
		if b, ok := b.(time.Time); ok {
			return a.Compare(b), true
		}
	case time.Duration:
		if b, ok := b.(time.Duration); ok {
			return cmp.Compare(a, b), true
		}
	case campaign.CivilDate:
		if b, ok := b.(campaign.CivilDate); ok {
			return a.Compare(b), true
		}
	case bool:
		if b, ok := b.(bool); ok {
			return cmp.Compare(fromBool(a), fromBool(b)), true
		}
	}
	return 0, false
}

func fromBool(b bool) int {
	if b {
		return 1
	}
	return 0
}
