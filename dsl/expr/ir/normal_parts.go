package ir

import (
	"cmp"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// compared is a comparison of normal sides.
func compared(op CompareOp, l, r Node) Node {
	if isConstant(l) && !isConstant(r) || isConstant(l) == isConstant(r) && Text(r) < Text(l) {
		op, l, r = op.Flip(), r, l
	}
	if b, ok := truthOf(r); ok && !isConstant(l) && (op == Eq || op == Ne) {
		if b == (op == Eq) {
			return l
		}
		return negated(l)
	}
	if n := counted(op, l, r); n != nil {
		return n
	}
	return &Compare{Op: op, L: l, R: r}
}

// counted makes any() and none() of comparing count() with 0 or 1.
func counted(op CompareOp, l, r Node) Node {
	f, ok := l.(*Fold)
	c, isConst := r.(*Const)
	if !ok || f.Op != FoldCount || !isConst || c.Unset {
		return nil
	}
	one := &Fold{Op: FoldAny, Over: f.Over, T: campaign.Of(campaign.Bool)}
	switch v := c.Value; {
	case v == 0.0 && (op == Gt || op == Ne), v == 1.0 && op == Ge:
		return one
	case v == 0.0 && (op == Le || op == Eq), v == 1.0 && op == Lt:
		return negated(one)
	}
	return nil
}

// chosen is If ? Then : Else of normal parts.
func chosen(n *Cond) Node {
	if b, ok := truthOf(n.If); ok {
		if b {
			return n.Then
		}
		return n.Else
	}
	if opposite := negated(n.If); plainer(opposite, n.If) {
		n = &Cond{If: opposite, Then: n.Else, Else: n.Then}
	}
	then, ok1 := truthOf(n.Then)
	otherwise, ok2 := truthOf(n.Else)
	switch {
	case ok1 && ok2 && then && !otherwise:
		return n.If
	case ok1 && ok2 && !then && otherwise:
		return negated(n.If)
	}
	return n
}

// plainer reports whether a is to be written rather than its opposite b: one
// without a negation, or else the one that comes first.
func plainer(a, b Node) bool {
	_, notA := a.(*Not)
	_, notB := b.(*Not)
	if notA != notB {
		return notB
	}
	return Text(a) < Text(b)
}

// folded writes count(o, condition) of a history as where(o, condition).count().
func folded(n *Fold) Node {
	h, ok := n.Over.(*History)
	if !ok || n.Op != FoldCountIf {
		return n
	}
	with := append(slices.Clone(h.Filters), &Where{Var: n.Var, Cond: n.Body})
	return &Fold{Op: FoldCount, Over: &History{Event: h.Event, T: h.T, Filters: filters(with)}, T: n.T}
}

// filters puts the filters of a history in order: the shortest window, the
// instants, the conditions one by one. What a where() leaves out does not hang on
// what stands before it.
func filters(all []Filter) []Filter {
	var within *Within
	var out []Filter
	var since, where []Node
	var v *Var
	for _, f := range all {
		switch f := f.(type) {
		case *Within:
			switch {
			case f.For.Unset:
				out = append(out, f)
			case within == nil || f.Duration() < within.Duration():
				within = f
			}
		case *Since:
			since = append(since, f.From)
		case *Where:
			v = f.Var
			if both, ok := f.Cond.(*Logic); ok && both.Op == And {
				where = append(where, both.Xs...)
			} else {
				where = append(where, f.Cond)
			}
		}
	}
	if within != nil {
		out = append(out, &Within{For: &Const{T: within.For.T, Value: within.For.Value}})
	}
	for _, from := range inOrder(since) {
		out = append(out, &Since{From: from})
	}
	if len(where) > 0 {
		if cond := joined(And, where); cond != Node(yes) {
			out = append(out, &Where{Var: v, Cond: cond})
		}
	}
	return out
}

// commuted puts the numbers of a + or * in one order.
func commuted(n *Arith) Node {
	if n.T.Kind == campaign.Number && (n.Op == Add || n.Op == Mul) && Text(n.R) < Text(n.L) {
		return &Arith{Op: n.Op, L: n.R, R: n.L, T: n.T}
	}
	return n
}

// called puts the arguments in one order where the order is none.
func called(n *Call) Node {
	switch n.Func {
	case SetsIntersects, SetsEquivalent, Least, Greatest:
		args := slices.Clone(n.Args)
		slices.SortStableFunc(args, func(a, b Node) int { return cmp.Compare(Text(a), Text(b)) })
		return &Call{Func: n.Func, Args: args, T: n.T}
	}
	return n
}
