package expr

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Oracle evaluates expressions by cel-go's own interpreter, with CEL's own
// unknowns. It is slow, and there so that tests can hold other evaluators to it:
// what is written in this package about logic, comprehensions, selection and
// conditionals is written there a second time by other people. Functions that
// CEL does not have are written a second time here.
type Oracle struct {
	env *Env
	cel *cel.Env

	mu  sync.Mutex
	now time.Time // of the evaluation under way
}

// NewOracle makes the oracle of an Env.
func NewOracle(e *Env) (*Oracle, error) {
	o := &Oracle{env: e}
	meanings := o.meanings()
	var fns []*decls.FunctionDecl
	for _, d := range declarations(e.refs) {
		meaning, ok := meanings[d.name]
		if !ok { // part of CEL's interpreter: && and the like
			continue
		}
		if slices.Contains(redirected, d.name) {
			d.name = "@" + d.name
		}
		fn, err := d.decl(meaning)
		if err != nil {
			return nil, err
		}
		fns = append(fns, fn)
	}
	var err error
	o.cel, err = cel.NewCustomEnv(cel.CustomTypeProvider(builder{e.universe, o}), cel.CustomTypeAdapter(types.DefaultTypeAdapter), cel.FunctionDecls(fns...))
	return o, err
}

// Eval evaluates src as it stands in sc. What cannot be computed is unknown.
func (o *Oracle) Eval(src string, sc Scope, s Subject, now time.Time) (Value, error) {
	c, err := o.check(src, sc)
	if err != nil {
		return Value{}, err
	}
	o.redirect(c.tree)
	program, err := o.cel.PlanProgram(c.tree)
	if err != nil {
		return Value{}, fmt.Errorf("planning %q: %w", src, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = now
	v, _, err := program.Eval(o.names(c.place, s))
	if err != nil || isAbsent(v) {
		return Value{}, nil
	}
	return ValueOf(fromCEL(v)), nil
}

func (o *Oracle) check(src string, sc Scope) (*checking, error) {
	key := sc.key()
	p, err := o.env.place(sc, key)
	if err != nil {
		return nil, err
	}
	c := &checking{Env: o.env, place: p, source: &source{text: src}}
	if node := c.understand(); node == nil {
		return nil, fmt.Errorf("%q does not pass: %v", src, c.problems)
	}
	return c, nil
}

// redirected are operators that the interpreter has a meaning of its own for,
// which knows nothing of refs, and methods that must know their result's type.
var redirected = []string{operators.Equals, operators.NotEquals, operators.In, operators.Index, "first", "last"}

// redirect calls our functions for what is redirected.
func (o *Oracle) redirect(tree *ast.AST) {
	fac, nextID := ast.NewExprFactory(), ast.MaxID(tree)
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || !slices.Contains(redirected, e.AsCall().FunctionName()) {
			return
		}
		name, args := "@"+e.AsCall().FunctionName(), e.AsCall().Args()
		if e.AsCall().IsMemberFunction() {
			nextID++
			args = []ast.Expr{e.AsCall().Target(), fac.NewLiteral(nextID, types.String(tree.GetType(e.ID()).TypeName()))}
		}
		e.SetKindCase(fac.NewCall(e.ID(), name, args...))
		tree.SetReference(e.ID(), ast.NewFunctionReference(name))
	}))
}

// names gives a person as the values of the roots.
func (o *Oracle) names(p *place, s Subject) map[string]any {
	e := o.env
	return map[string]any{
		"now":       types.Timestamp{Time: o.now},
		"profile":   lookup(func(name string) ref.Val { return o.attribute(s, name) }),
		"events":    lookup(func(name string) ref.Val { return o.history(s, name) }),
		"segment":   lookup(func(name string) ref.Val { return fromTruth(s.Segment(name)) }),
		"reachable": lookup(func(name string) ref.Val { return types.Bool(s.Reachable(name)) }),
		"topic": lookup(func(name string) ref.Val {
			return lookup(func(string) ref.Val { return types.Bool(s.Subscribed(name)) })
		}),
		"variable": lookup(func(name string) ref.Val { return o.constant("variable." + name) }),
		"local":    lookup(func(name string) ref.Val { return o.constant("local." + name) }),
		"catalog": lookup(func(name string) ref.Val {
			return lookup(func(key string) ref.Val { return o.row(name, key) })
		}),
		"event": lookup(func(name string) ref.Val {
			return as[record](o.value(s.Event(), *e.events[p.scope.Event].Elem)).lookup(name)
		}),
		"trigger": lookup(func(string) ref.Val {
			return o.value(s.Trigger(), *p.scope.Trigger)
		}),
		"journey": lookup(func(string) ref.Val {
			if s.EnteredAt().IsZero() {
				return absent()
			}
			return types.Timestamp{Time: s.EnteredAt()}
		}),
		"step": lookup(func(step string) ref.Val {
			return lookup(func(field string) ref.Val { return o.step(p, s, step, field) })
		}),
	}
}
