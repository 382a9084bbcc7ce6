package link

import (
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Channels are the ways to reach people: reachable.CHANNEL.
func Channels() []string { return []string{"email"} }

// World is what the expressions of a project may name. Built-in attributes and
// events are added where they are missing; variables and locals have been
// replaced by their values in all that is stored, so only compile sets them.
func World(profile *campaign.Profile, events []*campaign.Event, catalogs []*campaign.Catalog, segments, topics []string) expr.World {
	return expr.World{
		Profile:  attributes(profile),
		Events:   withBuiltin(events),
		Catalogs: catalogs,
		Segments: segments,
		Topics:   topics,
		Channels: Channels(),
	}
}

func attributes(profile *campaign.Profile) []campaign.Attribute {
	var all []campaign.Attribute
	if profile != nil {
		all = slices.Clone(profile.Attributes)
	}
	for _, builtin := range campaign.BuiltinAttributes() {
		if !slices.ContainsFunc(all, func(a campaign.Attribute) bool { return a.Name == builtin.Name }) {
			all = append(all, builtin)
		}
	}
	slices.SortFunc(all, func(a, b campaign.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func withBuiltin(events []*campaign.Event) []*campaign.Event {
	known := make(map[string]bool, len(events))
	for _, e := range events {
		known[e.Name] = true
	}
	all := slices.Clone(events)
	for _, e := range campaign.BuiltinEvents() {
		if !known[e.Name] {
			all = append(all, &e)
		}
	}
	slices.SortFunc(all, func(a, b *campaign.Event) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// PersonScope is where a condition speaks of a person and nothing else: segments,
// cases of contents, audiences, the date of a date trigger.
func PersonScope() expr.Scope { return expr.Scope{Person: true, Catalog: true} }

// TriggerScope is inside a trigger that looks at an event: key and where.
func TriggerScope(event string) expr.Scope {
	return expr.Scope{Person: true, Catalog: true, Event: event}
}

// ItemScope is inside a trigger that looks at each element of a list in an event:
// its key and where.
func ItemScope(event string, item campaign.Type) expr.Scope {
	return expr.Scope{Person: true, Catalog: true, Event: event, Trigger: new(campaign.Type), Item: &item}
}

// JourneyScope is inside a journey: its steps, its exit_when. event is the type
// of trigger.event, the zero Type when the trigger looks at none.
func JourneyScope(event campaign.Type, steps []expr.StepVar) expr.Scope {
	return expr.Scope{Person: true, Catalog: true, Journey: true, Trigger: &event, Steps: steps}
}

// JourneyScopeOf is the JourneyScope of a journey, with trigger.item where its
// trigger has one. The events are those that it may name.
func JourneyScopeOf(j *campaign.Journey, event func(label string) (*campaign.Event, bool)) expr.Scope {
	sc := JourneyScope(campaign.Type{}, StepVars(j.Steps))
	switch t := j.Trigger; {
	case t.Event != nil:
		if e, ok := event(t.Event.Event); ok {
			sc.Trigger = new(e.Type())
		}
		sc.Item = t.Event.Item()
	case t.API != nil:
		sc.Trigger = new(t.API.Type())
	}
	return sc
}

// ElementScope is where key and where of an event trigger are asked: of the event,
// or of each element of its items.
func ElementScope(t *campaign.EventTrigger) expr.Scope {
	if item := t.Item(); item != nil {
		return ItemScope(t.Event, *item)
	}
	return TriggerScope(t.Event)
}

// RowScope is where a source speaks of a row of a file, of this type.
func RowScope(row campaign.Type) expr.Scope { return expr.Scope{Row: &row, Catalog: true} }

// BroadcastScope is where the inputs of a broadcast's message get their values.
func BroadcastScope() expr.Scope { return PersonScope() }

// CallVar is a call that expressions may look at.
func CallVar(name string, response []campaign.Field) expr.StepVar {
	v := expr.StepVar{Name: name, Kind: expr.StepCall}
	if len(response) > 0 {
		v.Response = campaign.ObjectOf(response...)
	}
	return v
}

// StepVars are the steps of a journey that its expressions may look at, sorted by
// name.
func StepVars(steps campaign.Steps) []expr.StepVar {
	var vars []expr.StepVar
	steps.Walk(func(s campaign.Step) {
		switch s := s.(type) {
		case *campaign.Send:
			vars = append(vars, expr.StepVar{Name: s.Name, Kind: expr.StepSend})
		case *campaign.Wait:
			vars = append(vars, expr.StepVar{Name: s.Name, Kind: expr.StepWait})
		case *campaign.Call:
			vars = append(vars, CallVar(s.Name, s.Response))
		case *campaign.Split:
			vars = append(vars, expr.StepVar{Name: s.Name, Kind: expr.StepSplit})
		}
	})
	slices.SortFunc(vars, func(a, b expr.StepVar) int { return strings.Compare(a.Name, b.Name) })
	return vars
}
