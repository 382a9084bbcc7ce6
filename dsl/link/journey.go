package link

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Journey is a journey whose conditions can be asked.
type Journey struct {
	Def      *campaign.Journey
	Digest   campaign.Digest
	Key      *expr.Checked // of an event trigger; nil: none
	Where    *expr.Checked // of an event trigger; nil: none
	Items    *expr.Checked // of an event trigger; nil: none. Key and Where are asked of each element
	Date     *expr.Checked // of a date trigger
	Audience *expr.Checked // of a schedule trigger
	ExitWhen *expr.Checked // nil: none
	GoalWhen *expr.Checked // nil: none
	// Broken is why expressions of an old definition no longer check against the
	// present model. They are nil, and so unknown: a case that is not taken, a wait
	// that times out, an input without a value.
	Broken []error

	steps map[string]*Step
}

// Step is a step with its programs.
type Step struct {
	Def   campaign.Step
	Until *expr.Checked   // of a wait; nil: none
	Delay *expr.Checked   // of a wait: a duration; nil: none
	At    *expr.Checked   // of a wait: a time or a date; nil: none
	Cases []*expr.Checked // of a branch, one for each case; nil for the else
	With  []Binding       // of a send, update, emit, enter or call
	Query []Binding       // of a call: With is its body
}

// Step finds a step by label, inside branches too.
func (j *Journey) Step(name string) (*Step, bool) {
	s, ok := j.steps[name]
	return s, ok
}

func (p *Project) linkJourney(r campaign.Resource) (*Journey, error) {
	def, err := decodeAs[*campaign.Journey](r)
	if err != nil {
		return nil, err
	}
	l := p.linker(r)
	j := l.journey(def)
	return j, l.err()
}

// LinkJourney links a definition that need not be the present one: people are
// still on their way through it. What no longer checks is Broken, and unknown.
func (p *Project) LinkJourney(def *campaign.Journey, digest campaign.Digest) *Journey {
	l := p.linker(campaign.Resource{Addr: def.Address(), Digest: digest})
	j := l.journey(def)
	j.Broken = l.broken
	return j
}

func (l *linker) journey(def *campaign.Journey) *Journey {
	j := &Journey{Def: def, Digest: l.of.Digest, steps: map[string]*Step{}}
	l.trigger(j, def.Trigger)
	sc := l.scope(def)
	j.ExitWhen = l.condition("exit_when", def.ExitWhen, sc)
	j.GoalWhen = l.condition("goal_when", def.GoalWhen, sc)
	def.Steps.Walk(func(s campaign.Step) { j.steps[s.StepName()] = l.step(s, sc) })
	return j
}

func (l *linker) trigger(j *Journey, t campaign.Trigger) {
	switch {
	case t.Event != nil:
		sc := ElementScope(t.Event)
		j.Items = l.value("items", t.Event.Items, TriggerScope(t.Event.Event))
		if t.Event.Key != nil {
			j.Key = l.check("key", *t.Event.Key, sc, campaign.Of(campaign.String))
		}
		j.Where = l.condition("where", t.Event.Where, sc)
	case t.Date != nil:
		j.Date = l.check("date", t.Date.Date, PersonScope(), t.Date.Date.Type)
	case t.Schedule != nil:
		j.Audience = l.condition("audience", &t.Schedule.Audience, PersonScope())
	}
}

// scope is the place of all that stands in the steps of a journey.
func (l *linker) scope(def *campaign.Journey) expr.Scope {
	if t := def.Trigger.Event; t != nil {
		if _, ok := l.p.Event(t.Event); !ok {
			l.fail("trigger", "event."+t.Event+" is not declared")
		}
	}
	return JourneyScopeOf(def, l.p.Event)
}

func (l *linker) step(s campaign.Step, sc expr.Scope) *Step {
	out := &Step{Def: s}
	switch s := s.(type) {
	case *campaign.Send:
		out.With = l.bindings(s.With, sc)
	case *campaign.Update:
		out.With = l.bindings(s.Set, sc)
	case *campaign.Emit:
		out.With = l.bindings(s.With, sc)
	case *campaign.Enter:
		out.With = l.bindings(s.With, sc)
	case *campaign.Call:
		out.With, out.Query = l.bindings(s.Body, sc), l.bindings(s.Query, sc)
	case *campaign.Wait:
		out.Until = l.condition("step "+s.Name, s.Until, sc)
		out.Delay, out.At = l.value("step "+s.Name, s.Delay, sc), l.value("step "+s.Name, s.At, sc)
	case *campaign.Branch:
		for _, c := range s.Cases {
			out.Cases = append(out.Cases, l.condition("case "+c.Name+" of step "+s.Name, c.When, sc))
		}
	case *campaign.Exit:
	}
	return out
}

// value checks an expression that may be missing; it has the type that it had
// when it was compiled.
func (l *linker) value(place string, e *campaign.Expr, sc expr.Scope) *expr.Checked {
	if e == nil {
		return nil
	}
	return l.check(place, *e, sc, e.Type)
}
