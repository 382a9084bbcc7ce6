package expr

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// traitTable holds the traits of a World. Each is checked once, when it is
// first named.
type traitTable struct {
	env    *Env
	names  []string // sorted
	byName map[string]*trait
	order  sync.Once // finds the circles, before the first is checked
}

// trait is a trait and what has become of checking it.
type trait struct {
	Trait
	circle   []string // the way back to itself: a, b, a; nil for none
	once     sync.Once
	checked  *Checked
	problems []Problem
	depth    int // how many variables are inside each other in it
	size     int // how many nodes it is
}

// maxExpanded is how many nodes an expression may have with its traits in it.
const maxExpanded = 20_000

func newTraits(e *Env, all []Trait) (*traitTable, error) {
	t := &traitTable{env: e, byName: make(map[string]*trait, len(all))}
	for _, one := range all {
		if t.byName[one.Name] != nil {
			return nil, fmt.Errorf("there are two traits %q", one.Name)
		}
		t.byName[one.Name] = &trait{Trait: one}
		t.names = append(t.names, one.Name)
	}
	slices.Sort(t.names)
	return t, nil
}

// CheckTrait is a trait as Check sees it, whatever type its value has. Both
// results are nil for a name that no trait has, and for one that looks at
// something whose own declaration is in error.
func (e *Env) CheckTrait(name string) (*Checked, []Problem) {
	t := e.traits.find(name)
	if t == nil {
		return nil, nil
	}
	return t.checked, t.problems
}

// find is a trait, checked; nil for none.
func (ts *traitTable) find(name string) *trait {
	t := ts.byName[name]
	if t == nil {
		return nil
	}
	ts.order.Do(ts.findCircles) // so that no check waits for itself
	t.once.Do(func() { ts.check(t) })
	return t
}

// personScope is where traits stand.
var personScope = Scope{Person: true, Catalog: true}

func (ts *traitTable) check(t *trait) {
	if t.circle != nil {
		t.problems = []Problem{{CodeNever, summaries[CodeNever], fmt.Sprintf("The value of trait.%s needs itself: %s.", t.Name, strings.Join(t.circle, " → ")),
			"Let one of them do without the others.", 0, len(t.Source)}}
		return
	}
	if t.checked, t.problems = ts.env.Check(t.Source, personScope, campaign.Type{}); t.checked == nil {
		return
	}
	ir.Walk(t.checked.node, func(n ir.Node) bool {
		t.size++
		if v := variableOf(n); v != nil {
			t.depth = max(t.depth, v.Slot+1)
		}
		return true
	})
}

// variableOf is the variable that a node brings.
func variableOf(n ir.Node) *ir.Var {
	switch n := n.(type) {
	case *ir.Fold:
		return n.Var
	case *ir.History:
		for _, f := range n.Filters {
			if w, ok := f.(*ir.Where); ok {
				return w.Var
			}
		}
	}
	return nil
}

// celType is the type of a trait for CEL's checker; its error type, which goes
// with everything, if the trait is in error.
func (ts *traitTable) celType(name string) *types.Type {
	t := ts.find(name)
	if t == nil || t.checked == nil {
		return types.ErrorType
	}
	return ts.env.universe.cel(t.checked.typ)
}

// findCircles goes depth first along the names in the texts of the traits.
func (ts *traitTable) findCircles() {
	const underway, done = 1, 2
	state := map[string]int{}
	var way []string
	var visit func(name string)
	visit = func(name string) {
		t := ts.byName[name]
		switch {
		case t == nil || state[name] == done:
			return
		case state[name] == underway:
			circle := way[slices.Index(way, name):]
			for i, member := range circle {
				ts.byName[member].circle = append(slices.Concat(circle[i:], circle[:i]), member)
			}
			return
		}
		state[name] = underway
		way = append(way, name)
		for _, other := range ts.namedIn(t.Source) {
			visit(other)
		}
		way = way[:len(way)-1]
		state[name] = done
	}
	for _, name := range ts.names {
		visit(name)
	}
}

// namedIn lists the traits that a text names, in its order.
func (ts *traitTable) namedIn(src string) []string {
	if !strings.Contains(src, "trait") {
		return nil
	}
	tree, errs := ts.env.parser.Parse(common.NewTextSource(src))
	if len(errs.GetErrors()) > 0 {
		return nil
	}
	var out []string
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.SelectKind {
			if of := e.AsSelect().Operand(); of.Kind() == ast.IdentKind && of.AsIdent() == "trait" {
				out = append(out, e.AsSelect().FieldName())
			}
		}
	}))
	return out
}

// trait is trait.NAME: a short form of the trait's tree.
func (l *lowering) trait(e ast.Expr, name string) ir.Node {
	t := l.traits.find(name)
	if t == nil || t.checked == nil {
		return l.error() // it has been said at the trait
	}
	if l.expanded += t.size; l.expanded > maxExpanded {
		return l.fail(e, CodeCost, fmt.Sprintf("With the traits that it names the expression has more than %s parts.", thousands(maxExpanded)), "Name fewer traits, or simpler ones.")
	}
	if len(l.vars)+t.depth > maxVariables {
		return l.fail(e, CodeCost, fmt.Sprintf("More than %d lists and histories are gone over inside each other.", maxVariables), "Ask for the trait outside of them.")
	}
	named := append([]string{name}, t.checked.reads.Traits...)
	slices.Sort(named)
	return &ir.Short{Name: name, X: t.checked.node, Traits: slices.Compact(named), Depth: len(l.vars)}
}

// expand puts the meanings of short forms in their places. A comparison of two
// constants, which a constant trait can make, becomes one.
func expand(n ir.Node) ir.Node {
	out := ir.Expand(n)
	if out == n {
		return n
	}
	return settled(out)
}

func settled(n ir.Node) ir.Node {
	out := ir.Rebuild(n, settled)
	if n, ok := out.(*ir.Compare); ok {
		a, b := constOf(n.L), constOf(n.R)
		if a != nil && b != nil && !a.Unset && !b.Unset {
			return &ir.Const{T: n.Type(), Value: compareValues(n.Op, a.Value, b.Value) == True}
		}
	}
	return out
}
