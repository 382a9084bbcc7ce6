package ir

import "slices"

// Rebuild is n with each node directly in it replaced by what change makes of
// it. The variables of folds and filters are among them: change gives a *Var for
// a *Var, a *Const for the *Const of a window, a *History for a step. n itself is
// left as it is.
func Rebuild(n Node, change func(Node) Node) Node {
	all := func(nodes []Node) []Node {
		out := make([]Node, len(nodes))
		for i, x := range nodes {
			out[i] = change(x)
		}
		return out
	}
	switch n := n.(type) {
	case *Field:
		return &Field{change(n.X), n.Name, n.T}
	case *Index:
		return &Index{change(n.X), change(n.Key), n.T}
	case *Row:
		return &Row{n.Catalog, change(n.Key), n.T}
	case *Has:
		return &Has{change(n.X)}
	case *Not:
		return &Not{change(n.X)}
	case *Neg:
		return &Neg{change(n.X)}
	case *Logic:
		return &Logic{n.Op, all(n.Xs)}
	case *Cond:
		return &Cond{change(n.If), change(n.Then), change(n.Else)}
	case *Compare:
		return &Compare{n.Op, change(n.L), change(n.R)}
	case *In:
		return &In{change(n.X), change(n.Of)}
	case *Arith:
		return &Arith{n.Op, change(n.L), change(n.R), n.T}
	case *Call:
		return &Call{n.Func, all(n.Args), n.T}
	case *List:
		return &List{all(n.Elems), n.T}
	case *Object:
		return &Object{n.Names, all(n.Values), n.T}
	case *History:
		return rebuildHistory(n, change)
	case *Fold:
		return rebuildFold(n, change)
	case *Sequence:
		steps := make([]*History, len(n.Steps))
		for i, h := range n.Steps {
			steps[i], _ = change(h).(*History)
		}
		return &Sequence{n.For, steps}
	case *Short:
		return &Short{n.Name, n.Method, n.Args, change(n.X), n.Traits, n.Depth}
	}
	return n // a leaf
}

func rebuildHistory(n *History, change func(Node) Node) *History {
	h := &History{Event: n.Event, T: n.T, Filters: slices.Clone(n.Filters)}
	for i, f := range h.Filters {
		switch f := f.(type) {
		case *Since:
			h.Filters[i] = &Since{change(f.From)}
		case *Where:
			v, _ := change(f.Var).(*Var)
			h.Filters[i] = &Where{v, change(f.Cond)}
		}
	}
	return h
}

func rebuildFold(n *Fold, change func(Node) Node) *Fold {
	out := &Fold{Op: n.Op, Over: change(n.Over), T: n.T}
	if n.Var != nil {
		out.Var, _ = change(n.Var).(*Var)
	}
	if n.Body != nil {
		out.Body = change(n.Body)
	}
	if n.Weight != nil {
		out.Weight = change(n.Weight)
	}
	return out
}
