package reason

import "github.com/herald-campaigns/herald/dsl/expr/ir"

// terms remembers what has been worked out of nodes: the alternatives of a condition
// share most of theirs.
type terms struct {
	texts map[ir.Node]string
	nots  map[ir.Node]ir.Node
	ways  map[*ir.Cond]ir.Node
}

func newTerms() *terms {
	return &terms{texts: map[ir.Node]string{}, nots: map[ir.Node]ir.Node{}, ways: map[*ir.Cond]ir.Node{}}
}

func (t *terms) text(n ir.Node) string {
	text, ok := t.texts[n]
	if !ok {
		text = ir.Text(n)
		t.texts[n] = text
	}
	return text
}

// hasKey is the name of "x has a value" among what is said.
func (t *terms) hasKey(n ir.Node) string { return "has " + t.text(n) }

// not is !n in normal form.
func (t *terms) not(n ir.Node) ir.Node {
	out, ok := t.nots[n]
	if !ok {
		out = ir.Normal(&ir.Not{X: n})
		t.nots[n] = out
	}
	return out
}

// eitherWay is If ? Then : Else as (If && Then) || (!If && Else).
func (t *terms) eitherWay(c *ir.Cond) ir.Node {
	out, ok := t.ways[c]
	if !ok {
		out = ir.Normal(&ir.Logic{Op: ir.Or, Xs: []ir.Node{
			&ir.Logic{Op: ir.And, Xs: []ir.Node{c.If, c.Then}}, &ir.Logic{Op: ir.And, Xs: []ir.Node{&ir.Not{X: c.If}, c.Else}},
		}})
		t.ways[c] = out
	}
	return out
}
