package expr

import (
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// World is what the expressions of a project may name.
type World struct {
	Profile   []campaign.Attribute // all of them, built-in ones included
	Events    []*campaign.Event    // declared and built-in
	Catalogs  []*campaign.Catalog
	Segments  []string // labels
	Topics    []string // labels
	Channels  []string // reachable.CHANNEL: "email"
	Traits    []Trait
	Variables map[string]Const
	Locals    map[string]Const
}

// Const is the value of a variable or a local. When a project is only
// validated a variable may have a type and no value: Known is false then.
type Const struct {
	Type  campaign.Type
	Value any // in Go form, as campaign values are; nil when not Known
	Known bool
}

// Trait is a value that is worked out for each person: trait.NAME. It is checked
// when first asked for, where a person can be named and nothing else, and may
// name other traits, as long as that does not lead back to itself.
type Trait struct {
	Name   string
	Source string // CEL
}

// Scope says where an expression stands, and so what it may name there. `now`,
// `variable` and `local` can be named everywhere.
type Scope struct {
	Person  bool           // profile, events, segment, topic, consent, reachable, trait
	Event   string         // label: `event` is the payload of this event, as in a trigger's key and where
	Trigger *campaign.Type // `trigger`, with trigger.event of this type; the zero Type is a trigger without an event
	Item    *campaign.Type // trigger.item, of this type: the element that let the person in
	Journey bool           // journey.entered_at
	Steps   []StepVar      // step.NAME
	Catalog bool           // catalog.NAME
	Value   *campaign.Type // `value`, of this type: what the validation of a variable asks about
	Row     *campaign.Type // `row`, of this type: a row of a source
}

// StepVar is a step that an expression may look at.
type StepVar struct {
	Name     string
	Kind     string        // StepSend, StepWait, StepCall or StepSplit
	Response campaign.Type // of a StepCall: step.NAME.response; the zero Type: there is none
}

// fields are what is known of the step.
func (s StepVar) fields() []campaign.Field {
	if s.Response.IsZero() {
		return stepFields[s.Kind]
	}
	return append(slices.Clone(stepFields[s.Kind]), campaign.Field{Name: "response", Type: s.Response})
}

// The kinds of step that expressions see, and what is known of them.
const (
	StepSend  = "send"  // at, delivered, opened, machine_opened, clicked, bounced, withheld
	StepWait  = "wait"  // met
	StepCall  = "call"  // ok, status, response
	StepSplit = "split" // arm
)

// key identifies the scope among those of one World.
func (s Scope) key() string {
	var b strings.Builder
	for _, on := range []bool{s.Person, s.Journey, s.Catalog} {
		if on {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	b.WriteString(s.Event)
	for _, t := range []*campaign.Type{s.Trigger, s.Item, s.Value, s.Row} {
		b.WriteByte('\n')
		if t != nil {
			b.WriteString(t.String())
		}
	}
	for _, step := range s.Steps {
		b.WriteByte('\n')
		b.WriteString(step.Kind)
		b.WriteByte(' ')
		b.WriteString(step.Name)
		if !step.Response.IsZero() {
			b.WriteByte(' ')
			b.WriteString(step.Response.String())
		}
	}
	return b.String()
}
