package ir

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Short is what authors write as a name or a function and evaluators see as its
// meaning: trait.x, gap(), open_rate("90d"). Text writes it as it was written.
// What evaluators get is Expand of the tree, which has none.
type Short struct {
	Name   string   // "open_rate"; of a trait its label
	Method bool     // the first argument stands before the dot
	Args   []Node   // as written; a duration is written as text
	X      Node     // the meaning
	Traits []string // of a trait: it and all that it names
	Depth  int      // of a trait: how many variables there are around it; those in X count from 0
}

// Type is that of the meaning.
func (n *Short) Type() campaign.Type { return n.X.Type() }

func (p *printer) short(n *Short) {
	if n.Traits != nil {
		p.path("trait", n.Name)
		return
	}
	args := n.Args
	if n.Method {
		p.node(args[0], tightest)
		p.WriteByte('.')
		args = args[1:]
	}
	p.WriteString(n.Name + "(")
	for i, arg := range args {
		if i > 0 {
			p.WriteString(", ")
		}
		if c, ok := arg.(*Const); ok && c.T.Kind == campaign.Duration {
			p.length(c)
			continue
		}
		p.node(arg, loosest)
	}
	p.WriteByte(')')
}

// Expand puts the meanings of all Shorts in their places.
func Expand(n Node) Node {
	found := false
	Walk(n, func(n Node) bool {
		_, short := n.(*Short)
		found = found || short
		return !found
	})
	if !found {
		return n
	}
	return expand(n)
}

func expand(n Node) Node {
	short, ok := n.(*Short)
	if !ok {
		return tidy(n, Rebuild(n, expand))
	}
	x := expand(short.X)
	if short.Depth > 0 {
		x = deeper(x, short.Depth)
	}
	return x
}

// tidy joins what putting a meaning in its place has left apart; before is n with
// its short forms. What was written out stays as it was written.
func tidy(before, n Node) Node {
	switch n := n.(type) {
	case *Logic:
		return &Logic{Op: n.Op, Xs: flattened(n.Op, n.Xs)}
	case *Not:
		if inner, ok := n.X.(*Not); ok {
			return inner.X
		}
	case *Field: // trait.rfm.score: of an object that is written out, one value
		_, short := before.(*Field).X.(*Short)
		if o, ok := n.X.(*Object); ok && short {
			if i, found := slices.BinarySearch(o.Names, n.Name); found {
				return o.Values[i]
			}
		}
	}
	return n
}

func flattened(op LogicOp, xs []Node) []Node {
	var out []Node
	for _, x := range xs {
		if inner, ok := x.(*Logic); ok && inner.Op == op {
			out = append(out, flattened(op, inner.Xs)...)
			continue
		}
		out = append(out, x)
	}
	return out
}

// deeper moves the variables of n that many slots up.
func deeper(n Node, by int) Node {
	var move func(Node) Node
	move = func(n Node) Node {
		if v, ok := n.(*Var); ok {
			return &Var{Name: v.Name, Slot: v.Slot + by, T: v.T}
		}
		return Rebuild(n, move)
	}
	return move(n)
}
