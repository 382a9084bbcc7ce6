package link

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Meaning is a digest of what a block does: two definitions that have it in common
// differ in spelling alone. Conditions stand in it in normal form, with the traits
// that they name worked in, and descriptions are left out. So a block whose
// definition was not edited has another Meaning when one of its traits was; what it
// names by segment.x it has by name.
//
// That two meanings differ does not prove that they do so for somebody.
func (p *Project) Meaning(a addr.Addr) (campaign.Digest, error) {
	r, ok := p.resources[a]
	if !ok {
		return "", &NotFoundError{a}
	}
	def, err := campaign.Decode(a.Kind(), r.Body) // a copy
	if err != nil {
		return "", err
	}
	env, err := p.env()
	if err != nil {
		return "", err
	}
	scopes := p.scopes(def)
	for i, e := range campaign.Expressions(def) {
		if c, _ := env.Check(e.Text, scopes(i), e.Type); c != nil { // else it goes by its text
			e.Text = c.Meaning()
		}
		e.Reads = campaign.Reads{}
	}
	nameless(def)
	return campaign.NewResource(def, nil).Digest, nil
}

// SameMeaning reports whether a block means the same in two projects. It does not
// where one of them has none.
func SameMeaning(before, after *Project, a addr.Addr) (bool, error) {
	for _, p := range []*Project{before, after} {
		if _, ok := p.resources[a]; !ok {
			return false, nil
		}
	}
	b, err := before.Meaning(a)
	if err != nil {
		return false, fmt.Errorf("%s as it is: %w", a, err)
	}
	n, err := after.Meaning(a)
	if err != nil {
		return false, fmt.Errorf("%s as it would be: %w", a, err)
	}
	return b == n, nil
}

// scopes tells where each of campaign.Expressions stands.
func (p *Project) scopes(def campaign.Definition) func(i int) expr.Scope {
	switch d := def.(type) {
	case *campaign.Source:
		return func(int) expr.Scope { return RowScope(d.Row) }
	case *campaign.Journey:
		inTrigger := len(campaign.Expressions(&campaign.Journey{Trigger: d.Trigger}))
		trigger, items := PersonScope(), -1
		if t := d.Trigger.Event; t != nil {
			if trigger = ElementScope(t); t.Items != nil {
				items = 0 // of the event as a whole
			}
		}
		steps := JourneyScopeOf(d, p.Event)
		return func(i int) expr.Scope {
			switch {
			case i == items:
				return TriggerScope(d.Trigger.Event.Event)
			case i < inTrigger:
				return trigger
			}
			return steps
		}
	}
	return func(int) expr.Scope { return PersonScope() }
}

// nameless takes off what is there for people to read.
func nameless(def campaign.Definition) {
	switch d := def.(type) {
	case *campaign.Profile:
		for i := range d.Attributes {
			d.Attributes[i].Description = ""
		}
	case *campaign.Event:
		d.Description = ""
	case *campaign.Trait:
		d.Description, d.Model = "", ""
	case *campaign.Segment:
		d.Description, d.Library = "", ""
	case *campaign.Journey:
		d.Description = ""
	case *campaign.Source:
		d.Description, d.File = "", ""
	}
}
