package lint

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/lint/reason"
)

// condition looks at a condition for itself; false when it has said something. A
// missing one is none of its business.
func (l *linter) condition(at place, name string, c *expr.Checked) bool {
	if c == nil || len(c.Unset()) > 0 {
		return true
	}
	n := l.inlined(c.Node())
	return l.sense(at, name, n, reason.Of(n))
}

// sense looks at a condition that has been prepared.
func (l *linter) sense(at place, name string, n ir.Node, c *reason.Condition) bool {
	switch {
	case c.Never():
		l.report(Nobody, at.attribute(name), fmt.Sprintf("%s of %s cannot hold of anybody%s", name, at, because(n)), "Ask for less.")
	case c.NeverFalse():
		of := "everybody"
		if !c.Known() {
			of = "everybody of whom it is known"
		}
		l.report(Everybody, at.attribute(name), fmt.Sprintf("%s of %s holds of %s.", name, at, of), "Ask for what is meant, or leave it out.")
	default:
		return true
	}
	return false
}

// because names two operands of which both cannot hold.
func because(n ir.Node) string {
	l, ok := ir.Expand(n).(*ir.Logic)
	if !ok || l.Op != ir.And {
		return "."
	}
	for i, a := range l.Xs {
		for _, b := range l.Xs[:i] {
			if reason.Of(&ir.Logic{Op: ir.And, Xs: []ir.Node{b, a}}).Never() {
				return fmt.Sprintf(": %s and %s exclude each other.", short(b), short(a))
			}
		}
	}
	return "."
}

// short is the text of a condition, as far as it fits a sentence.
func short(n ir.Node) string {
	text := []rune(ir.Text(n))
	if len(text) > 80 {
		return string(text[:79]) + "…"
	}
	return string(text)
}

// How far segments are looked into: through how many of them, and how many nodes a
// condition may have with them in it.
const (
	maxThrough = 4
	maxInlined = 200
)

// inlined puts the conditions of segments in the place of their names, unless that
// becomes too much.
func (l *linter) inlined(n ir.Node) ir.Node {
	size := 0
	out := l.inline(ir.Expand(n), 0, &size)
	if size > maxInlined {
		return n
	}
	return out
}

func (l *linter) inline(n ir.Node, through int, size *int) ir.Node {
	if *size++; *size > maxInlined {
		return n
	}
	if s, ok := n.(*ir.Segment); ok && through < maxThrough {
		if linked, err := l.project.Segment(s.Name); err == nil && linked.When != nil && len(linked.When.Unset()) == 0 {
			return l.inline(ir.Expand(linked.When.Node()), through+1, size)
		}
		return n
	}
	return ir.Rebuild(n, func(child ir.Node) ir.Node { return l.inline(child, through, size) })
}

// ways are the cases of a branch or content, from the first on.
type ways struct {
	*linter
	what    string // branch "next"
	earlier []way
	all     string // the case that holds of everybody; "": none
}

type way struct {
	name string
	when *reason.Condition
}

// add looks at one case in the light of those before it.
func (w *ways) add(at place, name string, c *expr.Checked) {
	if len(c.Unset()) > 0 {
		return
	}
	if w.blocked(at) {
		return
	}
	n := w.inlined(c.Node())
	when := reason.Of(n)
	if before, ok := w.before(when); ok {
		w.report(Unreachable, at.attribute("when"),
			fmt.Sprintf("case %q of %s: whoever it holds of goes down case %q before it.", name, w.what, before), fmt.Sprintf("Put it before case %q, or delete it.", before))
		return
	}
	w.sense(at, "when", n, when)
	if when.NeverFalse() && when.Known() {
		w.all = name
	}
	w.earlier = append(w.earlier, way{name, when})
}

// before finds an earlier case that takes all whom a condition is true of.
func (w *ways) before(when *reason.Condition) (string, bool) {
	for _, e := range w.earlier {
		if e.when.Meaning() == when.Meaning() || when.Implies(e.when) {
			return e.name, true
		}
	}
	return "", false
}

// rest looks at the else.
func (w *ways) rest(at place) { w.blocked(at) }

// blocked reports a way behind one that everybody goes.
func (w *ways) blocked(at place) bool {
	if w.all == "" {
		return false
	}
	w.report(Unreachable, at.header(), fmt.Sprintf("%s: everybody goes down case %q of %s.", at, w.all, w.what), "Delete it, or ask for less before it.")
	return true
}
