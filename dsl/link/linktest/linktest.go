// Package linktest builds projects for tests from definitions whose expressions
// are only text, without HCL: it checks the expressions as compile does.
package linktest

import (
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
)

// TB is what of testing.TB is needed; rapid's T has it, too.
type TB interface {
	require.TestingT
	Helper()
}

// CEL is an expression that has not been checked.
func CEL(src string) campaign.Expr { return campaign.Expr{Text: src} }

// When is a condition that has not been checked.
func When(src string) *campaign.Expr { return &campaign.Expr{Text: src} }

// Resources checks the expressions of definitions, in place, and freezes them.
func Resources(t TB, defs ...campaign.Definition) []campaign.Resource {
	t.Helper()
	b := &builder{t: t, env: environment(t, defs), defs: defs}
	out := make([]campaign.Resource, len(defs))
	for i, d := range defs {
		b.check(d)
		out[i] = campaign.NewResource(d, nil)
	}
	return out
}

// Project links definitions whose expressions are only text.
func Project(t TB, defs ...campaign.Definition) *link.Project {
	t.Helper()
	p, err := link.Link(Resources(t, defs...), campaign.Settings{}, campaign.Environment{Name: "test"})
	require.NoError(t, err)
	return p
}

func environment(t TB, defs []campaign.Definition) *expr.Env {
	t.Helper()
	var profile *campaign.Profile
	var events []*campaign.Event
	var catalogs []*campaign.Catalog
	var segments, topics []string
	var traits []expr.Trait
	for _, d := range defs {
		switch d := d.(type) {
		case *campaign.Profile:
			profile = d
		case *campaign.Event:
			events = append(events, d)
		case *campaign.Catalog:
			catalogs = append(catalogs, d)
		case *campaign.Segment:
			segments = append(segments, d.Name)
		case *campaign.Topic:
			topics = append(topics, d.Name)
		case *campaign.Trait:
			traits = append(traits, expr.Trait{Name: d.Name, Source: d.Value.Text})
		}
	}
	world := link.World(profile, events, catalogs, segments, topics)
	world.Traits = traits
	env, err := expr.NewEnv(world)
	require.NoError(t, err)
	return env
}

// builder checks expressions where they stand.
type builder struct {
	t    TB
	env  *expr.Env
	defs []campaign.Definition
}

func (b *builder) check(d campaign.Definition) {
	b.t.Helper()
	switch d := d.(type) {
	case *campaign.Trait:
		b.expr(&d.Value, link.PersonScope(), campaign.Type{})
	case *campaign.Segment:
		b.condition(&d.When, link.PersonScope())
	case *campaign.Message:
		for i := range d.Blocks {
			for j := range d.Blocks[i].Cases {
				b.condition(d.Blocks[i].Cases[j].When, link.PersonScope())
			}
		}
	case *campaign.Broadcast:
		b.condition(&d.Audience, link.PersonScope())
		b.bindings(d.With, link.BroadcastScope())
	case *campaign.Journey:
		b.journey(d)
	}
}

func (b *builder) journey(j *campaign.Journey) {
	b.t.Helper()
	if e := j.Trigger.Event; e != nil {
		if e.Items != nil {
			b.expr(e.Items, link.TriggerScope(e.Event), campaign.Type{})
		}
		if e.Key != nil {
			b.expr(e.Key, link.ElementScope(e), campaign.Of(campaign.String))
		}
		b.condition(e.Where, link.ElementScope(e))
	}
	if d := j.Trigger.Date; d != nil {
		b.expr(&d.Date, link.PersonScope(), campaign.Type{})
	}
	if s := j.Trigger.Schedule; s != nil {
		b.condition(&s.Audience, link.PersonScope())
	}
	sc := link.JourneyScopeOf(j, func(label string) (*campaign.Event, bool) { e := b.event(label); return e, e != nil })
	b.condition(j.ExitWhen, sc)
	b.condition(j.GoalWhen, sc)
	j.Steps.Walk(func(s campaign.Step) {
		switch s := s.(type) {
		case *campaign.Send:
			b.bindings(s.With, sc)
		case *campaign.Update:
			b.bindings(s.Set, sc)
		case *campaign.Emit:
			b.bindings(s.With, sc)
		case *campaign.Enter:
			b.bindings(s.With, sc)
		case *campaign.Call:
			b.bindings(s.Body, sc)
			b.bindings(s.Query, sc)
		case *campaign.Wait:
			b.condition(s.Until, sc)
			for _, e := range []*campaign.Expr{s.Delay, s.At} {
				if e != nil {
					b.expr(e, sc, e.Type)
				}
			}
		case *campaign.Branch:
			for i := range s.Cases {
				b.condition(s.Cases[i].When, sc)
			}
		}
	})
}

func (b *builder) event(label string) *campaign.Event {
	for _, d := range b.defs {
		if e, ok := d.(*campaign.Event); ok && e.Name == label {
			return e
		}
	}
	for _, e := range campaign.BuiltinEvents() {
		if e.Name == label {
			return &e
		}
	}
	require.FailNow(b.t, "no such event", label)
	return nil
}

func (b *builder) bindings(with []campaign.Binding, sc expr.Scope) {
	b.t.Helper()
	for i := range with {
		b.expr(&with[i].Value, sc, with[i].Value.Type)
	}
}

func (b *builder) condition(e *campaign.Expr, sc expr.Scope) {
	b.t.Helper()
	if e != nil {
		b.expr(e, sc, campaign.Of(campaign.Bool))
	}
}

func (b *builder) expr(e *campaign.Expr, sc expr.Scope, want campaign.Type) {
	b.t.Helper()
	c, problems := b.env.Check(e.Text, sc, want)
	require.NotNil(b.t, c, "%s: %+v", e.Text, problems)
	*e = c.Expr()
}
