package ir

import (
	"cmp"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// joined is && or || of normal operands.
func joined(op LogicOp, xs []Node) Node {
	xs = inOrder(byValues(op, flattened(op, xs)))
	var out []Node
	for _, x := range xs {
		if b, ok := truthOf(x); ok {
			if b == (op == Or) {
				return truth(b) // decides, whatever is unknown
			}
			continue
		}
		out = append(out, x)
	}
	switch len(out) {
	case 0:
		return truth(op == And)
	case 1:
		return out[0]
	}
	return &Logic{Op: op, Xs: out}
}

// inOrder sorts nodes by their text and leaves out repeats.
func inOrder(nodes []Node) []Node {
	texts := make(map[Node]string, len(nodes))
	for _, n := range nodes {
		texts[n] = Text(n)
	}
	slices.SortStableFunc(nodes, func(a, b Node) int { return cmp.Compare(texts[a], texts[b]) })
	return slices.CompactFunc(nodes, func(a, b Node) bool { return texts[a] == texts[b] })
}

// byValues makes one `x in [a, b]` of x == a || x == b, and one !(x in [a, b]) of
// x != a && x != b: both are unknown where x is.
func byValues(op LogicOp, xs []Node) []Node {
	type group struct {
		x      Node
		t      campaign.Type
		values []any
	}
	groups, order := map[string]*group{}, []string{}
	var out []Node
	for _, n := range xs {
		x, t, values, ok := valuesOf(op, n)
		if !ok {
			out = append(out, n)
			continue
		}
		key := Text(x)
		if groups[key] == nil {
			groups[key] = &group{x: x, t: t}
			order = append(order, key)
		}
		g := groups[key]
		g.values = append(g.values, values...)
	}
	for _, key := range order {
		g := groups[key]
		in := among(&In{X: g.x, Of: &Const{T: campaign.ListOf(g.t), Value: g.values}})
		if op == And {
			in = negated(in)
		}
		out = append(out, in)
	}
	return out
}

// valuesOf understands an operand as x being one of values, for ||, or as x being
// none of them, for &&.
func valuesOf(op LogicOp, n Node) (x Node, t campaign.Type, values []any, ok bool) {
	equals := Eq
	if op == And {
		equals = Ne
		if not, isNot := n.(*Not); isNot {
			n = not.X
		} else if _, isIn := n.(*In); isIn {
			return nil, t, nil, false
		}
	}
	switch n := n.(type) {
	case *Compare:
		c, isConst := n.R.(*Const)
		if !isConst || c.Unset || n.Op != equals || c.T.Elem != nil || c.Value == nil || isConstant(n.L) {
			return nil, t, nil, false
		}
		return n.L, c.T, []any{c.Value}, true
	case *In:
		c, isConst := n.Of.(*Const)
		if !isConst || c.Unset || c.T.Elem == nil || isConstant(n.X) {
			return nil, t, nil, false
		}
		list, isList := c.Value.([]any)
		return n.X, *c.T.Elem, list, isList && len(list) > 0
	}
	return nil, t, nil, false
}

func isConstant(n Node) bool {
	_, ok := n.(*Const)
	return ok
}

// among is x in […]: a list that is written down has its elements in one order,
// and of a single one it is ==.
func among(n *In) Node {
	c, ok := n.Of.(*Const)
	list, isList := []any(nil), false
	if ok && !c.Unset {
		list, isList = c.Value.([]any)
	}
	if !isList || len(list) == 0 {
		return n
	}
	list = slices.Clone(list)
	written := func(v any) string { return Text(&Const{Value: v}) }
	slices.SortStableFunc(list, func(a, b any) int { return cmp.Compare(written(a), written(b)) })
	list = slices.CompactFunc(list, func(a, b any) bool { return written(a) == written(b) })
	if len(list) == 1 && list[0] != nil && !isConstant(n.X) {
		return compared(Eq, n.X, &Const{T: *c.T.Elem, Value: list[0]})
	}
	return &In{X: n.X, Of: &Const{T: c.T, Value: list}}
}
