package exprtest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Someone is a person out of maps. What is not in them is absent; a segment that
// is not is unknown.
type Someone struct {
	Attributes map[string]any
	Histories  map[string][]expr.EventRow // oldest first; some after Now
	Segments   map[string]expr.Truth
	Topics     map[string]bool
	Channels   map[string]bool
	Consents   map[Said]expr.ConsentWord

	Happened  map[string]any // event
	Triggered map[string]any // trigger.event
	Entered   time.Time
	Element   any            // trigger.item
	Steps     map[string]any // by "reminder.opened"
}

// Said names a word of consent.
type Said struct{ Topic, Channel string }

var _ expr.ItemSubject = (*Someone)(nil)

// Attribute is a value of the profile.
func (s *Someone) Attribute(name string) (any, bool) { v, ok := s.Attributes[name]; return v, ok }

// Events is a history.
func (s *Someone) Events(label string) []expr.EventRow { return s.Histories[label] }

// Segment is Unknown for a segment that nothing is said of.
func (s *Someone) Segment(label string) expr.Truth { return s.Segments[label] }

// Subscribed is what Topics says.
func (s *Someone) Subscribed(topic string) bool { return s.Topics[topic] }

// Reachable is what Channels says.
func (s *Someone) Reachable(channel string) bool { return s.Channels[channel] }

// Consent is what was said.
func (s *Someone) Consent(topic, channel string) (expr.ConsentWord, bool) {
	c, ok := s.Consents[Said{topic, channel}]
	return c, ok
}

// Event is what happened.
func (s *Someone) Event() map[string]any { return s.Happened }

// Trigger is what let the person in.
func (s *Someone) Trigger() map[string]any { return s.Triggered }

// Item is the element that let the person in.
func (s *Someone) Item() any { return s.Element }

// EnteredAt is the entry into the journey.
func (s *Someone) EnteredAt() time.Time { return s.Entered }

// Step is what is known of a step.
func (s *Someone) Step(name, field string) (any, bool) {
	v, ok := s.Steps[name+"."+field]
	return v, ok
}

// Person makes up somebody of whom much is absent. Topics holds of those with a
// granted consent for some channel, Channels of those that some consent was
// granted for, as in the log. Identifiers and addresses repeat from person to
// person: give each their own where that matters.
func Person(t *rapid.T, w expr.World) *Someone { return newLanguage(w, PersonScope()).Person(t) }

// Person makes up somebody in the place of the Scope.
func (l *Language) Person(t *rapid.T) *Someone {
	s := &Someone{
		Attributes: map[string]any{}, Histories: map[string][]expr.EventRow{}, Segments: map[string]expr.Truth{},
		Topics: map[string]bool{}, Channels: map[string]bool{}, Consents: map[Said]expr.ConsentWord{}, Steps: map[string]any{},
	}
	d := &drawing{T: t, Language: l}
	for _, a := range l.world.Profile {
		if v := d.maybe(a.Type, a.OneOf); v != nil {
			s.Attributes[a.Name] = v
		}
	}
	for _, e := range l.world.Events {
		if rows := d.history(e); len(rows) > 0 {
			s.Histories[e.Name] = rows
		}
	}
	for _, label := range l.world.Segments {
		s.Segments[label] = rapid.SampledFrom([]expr.Truth{expr.Unknown, expr.False, expr.True}).Draw(t, label)
	}
	d.consents(s)
	d.place(s)
	return s
}

// drawing makes up the values of one person.
type drawing struct {
	*rapid.T
	*Language
}

// maybe is a value of a type, nil two times out of seven.
func (d *drawing) maybe(t campaign.Type, oneOf []string) any {
	if rapid.IntRange(0, 6).Draw(d.T, "known") < 2 {
		return nil
	}
	return d.value(t, oneOf)
}

func (d *drawing) value(t campaign.Type, oneOf []string) any {
	switch t.Kind {
	case campaign.List, campaign.Set:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(d.T, "elements") {
			if v := d.value(*t.Elem, oneOf); v != nil && (t.Kind == campaign.List || !repeats(list, v)) {
				list = append(list, v)
			}
		}
		return list
	case campaign.Map:
		m := map[string]any{}
		for _, key := range []string{"a", "b", "c1"} {
			if v := d.maybe(*t.Elem, nil); v != nil {
				m[key] = v
			}
		}
		return m
	case campaign.Object:
		return d.object(t)
	}
	values := d.Values(t, oneOf)
	if len(values) == 0 {
		return nil
	}
	return rapid.SampledFrom(values).Draw(d.T, "value")
}

func (d *drawing) object(t campaign.Type) map[string]any {
	m := map[string]any{}
	for _, f := range t.Fields {
		if v := d.maybe(f.Type, nil); v != nil {
			m[f.Name] = v
		}
	}
	return m
}

// history is up to six events, of which some share an instant.
func (d *drawing) history(e *campaign.Event) []expr.EventRow {
	var rows []expr.EventRow
	for range rapid.SampledFrom([]int{0, 1, 2, 3, 6}).Draw(d.T, e.Name) {
		row := expr.EventRow{At: Now.Add(-rapid.SampledFrom(ages).Draw(d.T, "age")), Props: map[string]any{}}
		for _, p := range e.Properties {
			if v := d.maybe(p.Type, nil); v != nil {
				row.Props[p.Name] = v
			}
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b expr.EventRow) int { return a.At.Compare(b.At) })
	return rows
}

func (d *drawing) consents(s *Someone) {
	for _, topic := range d.world.Topics {
		for _, channel := range d.world.Channels {
			if rapid.Bool().Draw(d.T, fmt.Sprintf("%s by %s", topic, channel)) {
				continue
			}
			word := expr.ConsentWord{Granted: rapid.Bool().Draw(d.T, "granted")}
			word.At, _ = d.value(campaign.Of(campaign.Time), nil).(time.Time)
			word.Source = rapid.SampledFrom([]string{"", "form", "import"}).Draw(d.T, "source")
			s.Consents[Said{topic, channel}] = word
			if word.Granted {
				s.Topics[topic], s.Channels[channel] = true, true
			}
		}
	}
}

// place is what is known in a trigger and in a journey.
func (d *drawing) place(s *Someone) {
	if e := d.event(d.scope.Event); e != nil {
		s.Happened = d.payload(e.Type())
	}
	if d.scope.Trigger != nil && !d.scope.Trigger.IsZero() {
		s.Triggered = d.payload(*d.scope.Trigger)
	}
	if d.scope.Journey && rapid.Bool().Draw(d.T, "entered") {
		s.Entered = Now.Add(-3 * day)
	}
	if d.scope.Item != nil {
		s.Element = d.maybe(*d.scope.Item, nil)
	}
	for _, step := range d.scope.Steps {
		if !step.Response.IsZero() {
			if v := d.maybe(step.Response, nil); v != nil {
				s.Steps[step.Name+".response"] = v
			}
		}
		for _, field := range []string{"arm", "at", "clicked", "delivered", "met", "ok", "opened", "status"} {
			if kind, ok := stepFields(step.Kind)[field]; ok {
				if v := d.maybe(campaign.Of(kind), nil); v != nil {
					s.Steps[step.Name+"."+field] = v
				}
			}
		}
	}
}

func (d *drawing) payload(t campaign.Type) map[string]any {
	m := d.object(t)
	m["at"] = Now.Add(-3 * day)
	return m
}

// repeats reports whether a set has a value already.
func repeats(set []any, v any) bool {
	return slices.ContainsFunc(set, func(w any) bool { return fmt.Sprint(v) == fmt.Sprint(w) })
}
