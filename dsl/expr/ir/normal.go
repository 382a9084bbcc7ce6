package ir

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Normal is n in a form that conditions of one meaning share: operands of && and
// || in one order and without repeats, negations at the leaves, constants right of
// comparisons, filters of histories in one order, variables named by their slot.
// It rewrites only what keeps the value, unknown included, for every person and
// instant. Two conditions whose Text(Normal(n)) are equal differ in spelling alone;
// that they are not equal does not prove that they differ in meaning.
//
// The negation normal form and the rules of && and || are those that hold in
// Kleene's strong three-valued logic; the law of the excluded middle does not,
// so a || !a stays.
func Normal(n Node) Node { return normal(Expand(n)) }

func normal(n Node) Node {
	if v, ok := n.(*Var); ok {
		return &Var{Name: fmt.Sprintf("v%d", v.Slot), Slot: v.Slot, T: v.T}
	}
	switch n := Rebuild(n, normal).(type) {
	case *Not:
		return negated(n.X)
	case *Logic:
		return joined(n.Op, n.Xs)
	case *Compare:
		return compared(n.Op, n.L, n.R)
	case *In:
		return among(n)
	case *Cond:
		return chosen(n)
	case *Fold:
		return folded(n)
	case *History:
		return &History{Event: n.Event, T: n.T, Filters: filters(n.Filters)}
	case *Arith:
		return commuted(n)
	case *Call:
		return called(n)
	default:
		return n
	}
}

var (
	yes = &Const{T: campaign.Of(campaign.Bool), Value: true}
	no  = &Const{T: campaign.Of(campaign.Bool), Value: false}
)

func truth(b bool) Node {
	if b {
		return yes
	}
	return no
}

// truthOf is the value of a constant condition.
func truthOf(n Node) (b, ok bool) {
	if c, isConst := n.(*Const); isConst {
		b, ok = c.Value.(bool)
	}
	return b, ok
}

// negated is !n, of a normal n: the negation goes down to the leaves.
func negated(n Node) Node {
	switch n := n.(type) {
	case *Const:
		if b, ok := truthOf(n); ok {
			return truth(!b)
		}
	case *Not:
		return n.X
	case *Logic:
		return joined(And+Or-n.Op, mapped(n.Xs, negated))
	case *Compare:
		return compared(n.Op.Opposite(), n.L, n.R)
	case *Cond:
		return chosen(&Cond{If: n.If, Then: negated(n.Then), Else: negated(n.Else)})
	case *Fold:
		if op, ok := opposites[n.Op]; ok {
			out := &Fold{Op: op, Over: n.Over, Var: n.Var, T: n.T}
			if n.Body != nil {
				out.Body = negated(n.Body)
			}
			return out
		}
	}
	return &Not{X: n}
}

var opposites = map[FoldOp]FoldOp{FoldAny: FoldNone, FoldNone: FoldAny, FoldExists: FoldAll, FoldAll: FoldExists}

func mapped(nodes []Node, f func(Node) Node) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		out[i] = f(n)
	}
	return out
}
