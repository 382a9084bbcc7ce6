package reason

import (
	"maps"
	"slices"

	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// answer is what is said of a condition: nothing, that it is true, that it is false.
type answer uint8

const (
	yes answer = iota + 1
	no
)

// facts are conditions that are all true, sorted by what they speak of.
type facts struct {
	terms  *terms
	said   map[string]answer // by the text of the condition, or by hasKey
	values map[string]*span  // by the text of the value
	counts []counted
}

// counted is a history whose length is known to lie in a span.
type counted struct {
	history *ir.History
	key     string // of values
}

func newFacts(t *terms) *facts {
	return &facts{terms: t, said: map[string]answer{}, values: map[string]*span{}}
}

func (f *facts) clone() *facts {
	out := &facts{terms: f.terms, said: maps.Clone(f.said), values: make(map[string]*span, len(f.values)), counts: slices.Clone(f.counts)}
	for key, s := range f.values {
		copied := s.clone()
		out.values[key] = &copied
	}
	return out
}

// say adds an answer; false when the opposite was said.
func (f *facts) say(key string, a answer) bool {
	if f.said[key] != 0 && f.said[key] != a {
		return false
	}
	f.said[key] = a
	return true
}

// add takes a condition in normal form to be true; false when it cannot be.
func (f *facts) add(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Const:
		return n.Unset || n.Value == true
	case *ir.Logic:
		if n.Op == ir.And {
			return !slices.ContainsFunc(n.Xs, func(x ir.Node) bool { return !f.add(x) })
		}
		return true // only entail asks, which goes by what must be true
	case *ir.Not:
		return f.addNot(n.X)
	case *ir.Has:
		return f.say(f.terms.hasKey(n.X), yes)
	case *ir.Compare:
		return f.addCompare(n)
	case *ir.In:
		return f.addIn(n)
	case *ir.Fold:
		if h, ok := n.Over.(*ir.History); ok && (n.Op == ir.FoldAny || n.Op == ir.FoldNone) {
			return f.addAny(h, n.Op == ir.FoldAny)
		}
	}
	return f.say(f.terms.text(n), yes) && f.say(f.terms.text(f.terms.not(n)), no)
}

func (f *facts) addNot(x ir.Node) bool {
	switch x := x.(type) {
	case *ir.Has:
		return f.say(f.terms.hasKey(x.X), no)
	case *ir.In:
		if list, ok := written(x.Of); ok {
			s := f.value(x.X)
			s.excluded = append(s.excluded, list...)
			return f.say(f.terms.hasKey(x.X), yes) && s.possible()
		}
	}
	return f.say(f.terms.text(x), no)
}

// written are the elements of a list that is written down.
func written(n ir.Node) ([]any, bool) {
	c, ok := n.(*ir.Const)
	if !ok || c.Unset {
		return nil, false
	}
	list, ok := c.Value.([]any)
	return list, ok
}

func (f *facts) addCompare(n *ir.Compare) bool {
	if !f.asked(n.L) || !f.asked(n.R) {
		return false
	}
	c, ok := n.R.(*ir.Const)
	if !ok || c.Unset || !ordered(c.Value) {
		return f.addRelation(n)
	}
	s := f.value(n.L)
	s.compare(n.Op, c.Value)
	return s.possible()
}

// asked notes that a comparison that is true has known sides.
func (f *facts) asked(n ir.Node) bool {
	if _, ok := n.(*ir.Const); ok || isCollection(n.Type()) {
		return true
	}
	return f.say(f.terms.hasKey(n), yes)
}

// addRelation keeps which of <, = and > may hold between two values.
func (f *facts) addRelation(n *ir.Compare) bool {
	l, r, op := f.terms.text(n.L), f.terms.text(n.R), n.Op
	if l == r {
		return op == ir.Eq || op == ir.Le || op == ir.Ge
	}
	if isCollection(n.L.Type()) && (op == ir.Eq || op == ir.Ne) { // equality alone
		if op == ir.Ne {
			return f.say(l+" == "+r, no)
		}
		return f.say(l+" == "+r, yes)
	}
	s := f.values[l+" ? "+r]
	if s == nil {
		s = &span{}
		f.values[l+" ? "+r] = s
	}
	s.compare(op, 0.0) // l - r, as it were
	return s.possible()
}

func (f *facts) addIn(n *ir.In) bool {
	if list, ok := written(n.Of); ok {
		s := f.value(n.X)
		s.among(list)
		return f.asked(n.X) && s.possible()
	}
	return f.say(f.terms.hasKey(n.Of), yes) && f.say(f.terms.text(n), yes)
}

// addAny is count() > 0, or count() == 0.
func (f *facts) addAny(h *ir.History, some bool) bool {
	s := f.length(h, f.terms.text(h)+".count()")
	if some {
		s.compare(ir.Ge, 1.0)
	} else {
		s.compare(ir.Le, 0.0)
	}
	return s.possible()
}

// value finds or makes what is known of a value.
func (f *facts) value(n ir.Node) *span {
	key := f.terms.text(n)
	if s := f.values[key]; s != nil {
		return s
	}
	if fold, ok := n.(*ir.Fold); ok && fold.Op == ir.FoldCount {
		if h, ok := fold.Over.(*ir.History); ok {
			return f.length(h, key)
		}
	}
	s := spanOf(n)
	f.values[key] = &s
	return &s
}

// length finds or makes what is known of how many events a history has.
func (f *facts) length(h *ir.History, key string) *span {
	s := f.values[key]
	if s == nil {
		s = &span{lo: bound{at: 0.0}, whole: true}
		f.values[key] = s
		f.counts = append(f.counts, counted{h, key})
	}
	return s
}

// consistent holds histories against each other: one that is a part of another has
// no more events than it.
func (f *facts) consistent() bool {
	for _, a := range f.counts {
		for _, b := range f.counts {
			if a.key == b.key || !partOf(a.history, b.history) {
				continue
			}
			least, most := f.values[a.key].lo, f.values[b.key].hi
			if o, ok := order(least.at, most.at); ok && o > 0 {
				return false
			}
		}
	}
	return true
}

// partOf reports that every event of a is one of b.
func partOf(a, b *ir.History) bool {
	if a.Event != b.Event || b.Window() > 0 && (a.Window() == 0 || a.Window() > b.Window()) {
		return false
	}
	left := narrowing(a)
	return !slices.ContainsFunc(narrowing(b), func(filter string) bool { return !slices.Contains(left, filter) })
}

// narrowing are the texts of the filters of a history but its window, one for each
// part of a condition.
func narrowing(h *ir.History) []string {
	var out []string
	for _, filter := range h.Filters {
		switch filter := filter.(type) {
		case *ir.Since:
			out = append(out, "since "+ir.Text(filter.From))
		case *ir.Where:
			parts := []ir.Node{filter.Cond}
			if l, ok := filter.Cond.(*ir.Logic); ok && l.Op == ir.And {
				parts = l.Xs
			}
			for _, part := range parts {
				out = append(out, ir.Text(part))
			}
		case *ir.Within:
			if filter.For.Unset {
				out = append(out, "within "+filter.For.From)
			}
		}
	}
	return out
}
