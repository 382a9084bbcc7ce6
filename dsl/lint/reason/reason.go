// Package reason tells what can be told of a condition without asking anybody:
// that it is true of nobody, that it is false of nobody, that whoever one is true
// of another is true of as well.
//
// By role:
//   - Of: a Condition, which is asked Never, NeverFalse, Known and Meaning
//   - Condition.Implies: of two
//
// Enters: trees of package ir, checked. Leaves: yes, or "cannot be told" as no: an
// answer of yes is a proof, under Kleene's logic and for every person and instant.
// Refused: people, files, and conditions that fall into more than a few hundred
// alternatives, of which nothing is told.
//
// The method is that of analytic tableaux (Smullyan 1968): what must be true is
// taken apart into facts, one alternative at a time, and each alternative is held
// against what its facts say of one value: intervals, lists of values, and histories
// that are parts of one another.
package reason

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// maxCases is how many alternatives of a condition are looked at.
const maxCases = 256

// Condition is a condition in the form that is reasoned about. It is not safe for
// concurrent use.
type Condition struct {
	node     ir.Node // normal
	opposite ir.Node // of node; nil until asked for
	terms    *terms
}

// Of prepares a condition.
func Of(n ir.Node) *Condition { return &Condition{node: ir.Normal(n), terms: newTerms()} }

// Meaning is the text of the condition in normal form.
func (c *Condition) Meaning() string { return c.terms.text(c.node) }

// Never reports that the condition is true of nobody.
func (c *Condition) Never() bool { return c.impossible(c.node) }

// NeverFalse reports that the condition is false of nobody: it is true, or unknown.
func (c *Condition) NeverFalse() bool {
	if c.opposite == nil {
		c.opposite = ir.Normal(&ir.Not{X: c.node})
	}
	return c.impossible(c.opposite)
}

// Known reports that the condition is unknown of nobody.
func (c *Condition) Known() bool { return newFacts(c.terms).known(c.node) }

// Implies reports that d is true of everybody whom c is true of. Where c is true of
// nobody, it is not asked.
func (c *Condition) Implies(d *Condition) bool {
	asked := false
	told := newSearch().each(newFacts(c.terms), []ir.Node{c.node}, func(f *facts) bool {
		asked = true
		return f.entail(d.node)
	})
	return told && asked
}

// impossible reports that there is no alternative of n in which all can be true.
func (c *Condition) impossible(n ir.Node) bool {
	found := false
	told := newSearch().each(newFacts(c.terms), []ir.Node{n}, func(*facts) bool {
		found = true
		return false
	})
	return told && !found
}

// search goes through the alternatives of a condition, the first ones first.
type search struct{ left int }

func newSearch() *search { return &search{left: maxCases} }

// each takes f, all of which is true, and what else must be true, and visits each
// alternative that is possible, until visit returns false or there are too many.
// It is true when all were visited.
func (s *search) each(f *facts, must []ir.Node, visit func(*facts) bool) bool {
	var open []ir.Node // alternatives, which are looked at when all else is said
	for len(must) > 0 {
		n := must[0]
		must = must[1:]
		if c, ok := n.(*ir.Cond); ok && c.Then.Type().Kind == campaign.Bool {
			n = f.terms.eitherWay(c)
		}
		if l, ok := n.(*ir.Logic); ok {
			if l.Op == ir.And {
				must = slices.Concat(l.Xs, must)
			} else {
				open = append(open, l)
			}
			continue
		}
		if !f.add(n) {
			return true
		}
	}
	if !f.consistent() {
		return true
	}
	if len(open) == 0 {
		return visit(f)
	}
	either, _ := open[0].(*ir.Logic)
	for _, x := range either.Xs {
		if s.left--; s.left < 0 {
			return false
		}
		if !s.each(f.clone(), slices.Concat([]ir.Node{x}, open[1:]), visit) {
			return false
		}
	}
	return true
}

// known reports that n has a value, given the facts.
func (f *facts) known(n ir.Node) bool {
	if f.said[f.terms.text(n)] != 0 || f.said[f.terms.hasKey(n)] == yes {
		return true
	}
	switch n := n.(type) {
	case *ir.Const:
		return !n.Unset
	case *ir.Now, *ir.Subscribed, *ir.Reachable, *ir.Has:
		return true
	case *ir.Consent:
		return n.Field == ir.ConsentGranted
	case *ir.Attribute:
		return n.Default != nil || isCollection(n.T)
	case *ir.Not:
		return f.known(n.X)
	case *ir.Logic:
		return !slices.ContainsFunc(n.Xs, func(x ir.Node) bool { return !f.known(x) })
	case *ir.Compare:
		return f.known(n.L) && f.known(n.R)
	case *ir.In:
		return f.known(n.X) && f.known(n.Of)
	case *ir.Arith:
		return n.T.Kind == campaign.Number && n.Op < ir.Mul && f.known(n.L) && f.known(n.R)
	case *ir.Fold:
		return f.knownFold(n)
	}
	return false
}

func (f *facts) knownFold(n *ir.Fold) bool {
	switch n.Op {
	case ir.FoldAny, ir.FoldNone, ir.FoldCount, ir.FoldCountIf, ir.FoldDistinct:
	default:
		return false // a sum may be beyond all numbers
	}
	h, ok := n.Over.(*ir.History)
	return !ok || !slices.ContainsFunc(h.Filters, func(filter ir.Filter) bool {
		since, ok := filter.(*ir.Since)
		return ok && !f.known(since.From)
	})
}

func isCollection(t campaign.Type) bool {
	return t.Kind == campaign.List || t.Kind == campaign.Set || t.Kind == campaign.Map
}

// entail reports that a condition in normal form is true where the facts are.
func (f *facts) entail(b ir.Node) bool {
	if l, ok := b.(*ir.Logic); ok {
		if l.Op == ir.And {
			return !slices.ContainsFunc(l.Xs, func(x ir.Node) bool { return !f.entail(x) })
		}
		if slices.ContainsFunc(l.Xs, f.entail) {
			return true
		}
	}
	if f.said[f.terms.text(b)] == yes {
		return true
	}
	if !f.known(b) {
		return false
	}
	opposite := f.clone()
	return !opposite.add(f.terms.not(b)) || !opposite.consistent()
}
