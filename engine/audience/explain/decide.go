package explain

import (
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// anatomy is a condition taken apart.
type anatomy struct {
	operands []*expr.Operand
	leaves   map[ir.Node]int // of the tree: position in operands
	node     ir.Node
	whole    bool // each leaf of the tree is an operand
}

// newAnatomy takes a condition apart. Where the tree has other leaves than the
// operands, which a trait that is a condition itself brings about, it is not whole.
func newAnatomy(c *expr.Checked) *anatomy {
	a := &anatomy{operands: c.Operands(), leaves: map[ir.Node]int{}, node: c.Node(), whole: true}
	texts := map[string]int{}
	for i, o := range a.operands {
		texts[ir.Text(o.Node)] = i
	}
	a.place(a.node, texts)
	return a
}

func (a *anatomy) place(n ir.Node, texts map[string]int) {
	switch n := n.(type) {
	case *ir.Const:
		if _, ok := n.Value.(bool); !ok {
			a.whole = false
		}
	case *ir.Not:
		a.place(n.X, texts)
	case *ir.Logic:
		for _, x := range n.Xs {
			a.place(x, texts)
		}
	case *ir.Cond:
		a.place(n.If, texts)
		a.place(n.Then, texts)
		a.place(n.Else, texts)
	default:
		i, ok := texts[ir.Text(n)]
		a.leaves[n] = i
		a.whole = a.whole && ok
	}
}

// decide marks the operands because of which a condition has its answer: where one
// of several sides joined by && is false it is that side, where all are true it is
// all of them. Where that cannot be told, all are marked.
func (a *anatomy) decide(truths []expr.Truth) []bool {
	d := deciding{a, truths, make([]bool, len(truths))}
	if a.whole {
		d.mark(a.node, d.truth(a.node))
		return d.out
	}
	for i := range d.out {
		d.out[i] = true
	}
	return d.out
}

type deciding struct {
	*anatomy
	truths []expr.Truth // of the operands
	out    []bool
}

// truth is the answer of a part of the tree.
func (d *deciding) truth(n ir.Node) expr.Truth {
	switch n := n.(type) {
	case *ir.Const:
		return expr.TruthOf(n.Value == true)
	case *ir.Not:
		return d.truth(n.X).Not()
	case *ir.Logic:
		return d.logic(n)
	case *ir.Cond:
		switch d.truth(n.If) {
		case expr.True:
			return d.truth(n.Then)
		case expr.False:
			return d.truth(n.Else)
		}
		return expr.Unknown
	}
	return d.truths[d.leaves[n]]
}

func (d *deciding) logic(n *ir.Logic) expr.Truth {
	all := expr.TruthOf(n.Op == ir.And)
	for _, x := range n.Xs {
		if n.Op == ir.And {
			all = all.And(d.truth(x))
		} else {
			all = all.Or(d.truth(x))
		}
	}
	return all
}

// mark notes the leaves because of which n is truth.
func (d *deciding) mark(n ir.Node, truth expr.Truth) {
	switch n := n.(type) {
	case *ir.Const:
	case *ir.Not:
		d.mark(n.X, truth.Not())
	case *ir.Logic:
		for _, x := range n.Xs {
			if d.truth(x) == truth {
				d.mark(x, truth)
			}
		}
	case *ir.Cond:
		test := d.truth(n.If)
		d.mark(n.If, test)
		switch test {
		case expr.True:
			d.mark(n.Then, truth)
		case expr.False:
			d.mark(n.Else, truth)
		case expr.Unknown:
		}
	default:
		d.out[d.leaves[n]] = true
	}
}

// nameOf is the property by which people know an event, where there is one: the
// first, by name, that is an id or a number and a text.
func nameOf(row expr.EventRow) string {
	var names []string
	for name, v := range row.Props {
		if _, text := v.(string); text && (name == "id" || strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_number")) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	s, _ := row.Props[names[0]].(string)
	return s
}
