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

	mu    sync.Mutex
	now   time.Time // of the evaluation under way
	who   Subject
	plans map[plannedFor]planned
}

// planned is an expression as cel-go evaluates it.
type planned struct {
	place   *place
	program cel.Program
}

// plannedFor is a text in a scope.
type plannedFor struct{ src, scope string }

// maxPlans is how many expressions an Oracle remembers.
const maxPlans = 1000

// NewOracle makes the oracle of an Env.
func NewOracle(e *Env) (*Oracle, error) {
	o := &Oracle{env: e, plans: map[plannedFor]planned{}}
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
	fn, err := o.builder()
	if err != nil {
		return nil, err
	}
	fns = append(fns, fn)
	o.cel, err = cel.NewCustomEnv(cel.CustomTypeProvider(e.universe), cel.CustomTypeAdapter(types.DefaultTypeAdapter), cel.FunctionDecls(fns...))
	return o, err
}

// Eval evaluates src as it stands in sc. What cannot be computed is unknown.
func (o *Oracle) Eval(src string, sc Scope, s Subject, now time.Time) (Value, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now, o.who = now, s
	v, err := o.eval(src, sc)
	if err != nil || isAbsent(v) {
		return Value{}, err
	}
	return ValueOf(fromCEL(v)), nil
}

// eval is Eval of who is asked about. It comes back to itself for traits.
func (o *Oracle) eval(src string, sc Scope) (ref.Val, error) {
	p, err := o.plan(src, sc)
	if err != nil {
		return nil, err
	}
	v, _, err := p.program.Eval(o.names(p.place, o.who))
	if err != nil { // of the evaluation: unknown
		return absent(), nil
	}
	return v, nil
}

// plan makes an expression ready for cel-go, once for all who are asked.
func (o *Oracle) plan(src string, sc Scope) (planned, error) {
	key := plannedFor{src, sc.key()}
	if p, ok := o.plans[key]; ok {
		return p, nil
	}
	c, err := o.check(src, sc)
	if err != nil {
		return planned{}, err
	}
	o.redirect(c.tree)
	program, err := o.cel.PlanProgram(c.tree)
	if err != nil {
		return planned{}, fmt.Errorf("planning %q: %w", src, err)
	}
	if len(o.plans) >= maxPlans {
		clear(o.plans)
	}
	p := planned{c.place, program}
	o.plans[key] = p
	return p, nil
}

// trait evaluates a trait by itself.
func (o *Oracle) trait(name string) ref.Val {
	v, err := o.eval(o.env.traits.byName[name].Source, personScope)
	if err != nil {
		return types.WrapErr(err)
	}
	return v
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
// which knows nothing of refs, and methods that must know their result's type, or
// how their target is written.
var redirected = []string{operators.Equals, operators.NotEquals, operators.In, operators.Index, "first", "last", "frequency"}

// redirect calls our functions for what is redirected, and for the literals of
// objects, which for the interpreter are unknown as soon as a field is.
func (o *Oracle) redirect(tree *ast.AST) {
	fac, nextID := ast.NewExprFactory(), ast.MaxID(tree)
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() == ast.StructKind {
			nextID++
			args := []ast.Expr{fac.NewLiteral(nextID, types.String(e.AsStruct().TypeName()))}
			for _, f := range entriesOf(e) {
				nextID++
				args = append(args, fac.NewLiteral(nextID, types.String(f.name)), f.value)
			}
			e.SetKindCase(fac.NewCall(e.ID(), fnObject, args...))
			tree.SetReference(e.ID(), ast.NewFunctionReference(fnObject))
			return
		}
		if e.Kind() != ast.CallKind || !slices.Contains(redirected, e.AsCall().FunctionName()) {
			return
		}
		name, args := "@"+e.AsCall().FunctionName(), e.AsCall().Args()
		switch {
		case e.AsCall().FunctionName() == "frequency":
			args = append([]ast.Expr{e.AsCall().Target(), args[0]}, windowsOf(e.AsCall().Target())...)
		case e.AsCall().FunctionName() == operators.Index:
			nextID++
			args = []ast.Expr{args[0], args[1], fac.NewLiteral(nextID, types.String(tree.GetType(e.ID()).TypeName()))}
		case e.AsCall().IsMemberFunction():
			nextID++
			args = []ast.Expr{e.AsCall().Target(), fac.NewLiteral(nextID, types.String(tree.GetType(e.ID()).TypeName()))}
		}
		e.SetKindCase(fac.NewCall(e.ID(), name, args...))
		tree.SetReference(e.ID(), ast.NewFunctionReference(name))
	}))
}

// windowsOf are the lengths of the within() of a history.
func windowsOf(history ast.Expr) []ast.Expr {
	switch {
	case history.Kind() == ast.ComprehensionKind:
		return windowsOf(history.AsComprehension().IterRange())
	case history.Kind() == ast.CallKind && history.AsCall().IsMemberFunction():
		inner := windowsOf(history.AsCall().Target())
		if history.AsCall().FunctionName() == "within" {
			return append(inner, history.AsCall().Args()...)
		}
		return inner
	}
	return nil
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
		"consent": lookup(func(topic string) ref.Val {
			return lookup(func(channel string) ref.Val { return said(s, topic, channel) })
		}),
		"trait":    lookup(o.trait),
		"variable": lookup(func(name string) ref.Val { return o.constant("variable." + name) }),
		"local":    lookup(func(name string) ref.Val { return o.constant("local." + name) }),
		"catalog": lookup(func(name string) ref.Val {
			return lookup(func(key string) ref.Val { return o.row(name, key) })
		}),
		"event": lookup(func(name string) ref.Val {
			return as[record](o.value(s.Event(), *e.events[p.scope.Event].Elem)).lookup(name)
		}),
		"trigger": lookup(func(name string) ref.Val {
			if name == "item" {
				return o.value(itemOf(s), *p.scope.Item)
			}
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
