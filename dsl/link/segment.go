package link

import (
	"errors"
	"fmt"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Segment is a segment that can be asked.
type Segment struct {
	Def    *campaign.Segment
	Digest campaign.Digest
	When   *expr.Checked
}

// Broadcast is a broadcast that can be planned and sent.
type Broadcast struct {
	Def      *campaign.Broadcast
	Digest   campaign.Digest
	Audience *expr.Checked
	With     []Binding
}

// Binding is the value of one input of a message.
type Binding struct {
	Input string
	Value *expr.Checked // nil where an old definition no longer checks: no value
}

func (p *Project) linkSegment(r campaign.Resource) (*Segment, error) {
	def, err := decodeAs[*campaign.Segment](r)
	if err != nil {
		return nil, err
	}
	l := p.linker(r)
	return &Segment{Def: def, Digest: r.Digest, When: l.condition("when", &def.When, PersonScope())}, l.err()
}

func (p *Project) linkBroadcast(r campaign.Resource) (*Broadcast, error) {
	def, err := decodeAs[*campaign.Broadcast](r)
	if err != nil {
		return nil, err
	}
	l := p.linker(r)
	return &Broadcast{
		Def: def, Digest: r.Digest,
		Audience: l.condition("audience", &def.Audience, PersonScope()),
		With:     l.bindings(def.With, BroadcastScope()),
	}, l.err()
}

// Condition checks a condition that stands in no definition, as typed on a
// command line.
func (p *Project) Condition(src string) (*expr.Checked, []expr.Problem, error) {
	env, err := p.env()
	if err != nil {
		return nil, nil, err
	}
	c, problems := env.Check(src, PersonScope(), campaign.Of(campaign.Bool))
	return c, problems, nil
}

// linker checks the expressions of one definition and keeps what fails. All of
// them passed when the definition was compiled: what fails here was compiled
// against another model.
type linker struct {
	p      *Project
	of     campaign.Resource
	broken []error
}

func (p *Project) linker(r campaign.Resource) *linker { return &linker{p: p, of: r} }

func (l *linker) err() error { return errors.Join(l.broken...) }

func (l *linker) fail(place, reason string) {
	l.broken = append(l.broken, fmt.Errorf("%s: %s: %s", l.of.Addr, place, reason))
}

// condition checks an expression that may be missing; nil for that, and for one
// that fails.
func (l *linker) condition(place string, e *campaign.Expr, sc expr.Scope) *expr.Checked {
	if e == nil {
		return nil
	}
	return l.check(place, *e, sc, campaign.Of(campaign.Bool))
}

func (l *linker) check(place string, e campaign.Expr, sc expr.Scope, want campaign.Type) *expr.Checked {
	env, err := l.p.env()
	if err != nil {
		l.fail(place, err.Error())
		return nil
	}
	c, problems := env.Check(e.Text, sc, want)
	if c == nil {
		l.fail(place, describe(problems))
	}
	return c
}

func (l *linker) bindings(with []campaign.Binding, sc expr.Scope) []Binding {
	out := make([]Binding, len(with))
	for i, b := range with {
		out[i] = Binding{Input: b.Input, Value: l.check("with "+b.Input, b.Value, sc, b.Value.Type)}
	}
	return out
}

func describe(problems []expr.Problem) string {
	if len(problems) == 0 {
		return "the expression cannot be checked"
	}
	return problems[0].Summary + ": " + problems[0].Detail
}
