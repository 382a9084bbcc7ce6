package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// begin makes the person, and notes what they will do.
func (r *rehearsal) begin() error {
	r.profile()
	r.consents()
	r.record.Events = map[string][]store.Event{}
	given := slices.Clone(r.test.Given.Events)
	slices.SortStableFunc(given, func(a, b campaign.GivenEvent) int { return cmp.Compare(a.At, b.At) })
	for _, e := range given {
		if _, ok := r.project.Event(e.Event); !ok {
			return fmt.Errorf("there is no event.%s", e.Event)
		}
		at := r.test.Start.Add(e.At)
		event := store.Event{Name: e.Event, At: at, ReceivedAt: at, Properties: jsonOf(e.Data)}
		if e.At < 0 {
			r.keep(event)
			continue
		}
		r.agenda.note(at, func() error {
			r.say("event.%s", event.Name)
			return r.happens(event)
		})
	}
	return r.doors()
}

// profile says who the person is.
func (r *rehearsal) profile() {
	p := &r.record.Person
	p.ID, p.Key, p.Email = 1, "somebody", SampleEmail
	p.CreatedAt, p.UpdatedAt, p.Attributes = r.test.Start, r.test.Start, map[string]any{}
	for name, v := range r.test.Given.Profile {
		r.set(name, v)
	}
}

// set sets one attribute to a campaign value; nil removes it.
func (r *rehearsal) set(name string, v any) {
	p := &r.record.Person
	text, _ := v.(string)
	switch name {
	case "id":
		p.Key = text
	case "email":
		p.Email = text
	case "phone":
		p.Phone = text
	case "created_at":
		if at, ok := v.(time.Time); ok {
			p.CreatedAt = at
		}
	default:
		if v == nil {
			delete(p.Attributes, name)
		} else {
			p.Attributes[name] = campaign.JSONValue(v)
		}
	}
}

// consents are those given; none given are all.
func (r *rehearsal) consents() {
	if len(r.test.Given.Consents) == 0 {
		for _, p := range r.permits {
			r.consent(store.Consent{Topic: p.topic, Channel: p.channel, Granted: true, At: r.test.Start, Source: "test"})
		}
	}
	for _, c := range r.test.Given.Consents {
		word := store.Consent{Topic: c.Topic, Channel: c.Channel, Granted: c.Granted, At: r.test.Start.Add(c.At), Source: "test"}
		if c.At <= 0 {
			r.consent(word)
			continue
		}
		r.agenda.note(word.At, func() error { return r.speaks(word) })
	}
}

// consent puts a word on record in place of the one before.
func (r *rehearsal) consent(word store.Consent) {
	r.record.Consents = slices.DeleteFunc(r.record.Consents, func(c store.Consent) bool { return c.Topic == word.Topic && c.Channel == word.Channel })
	r.record.Consents = append(r.record.Consents, word)
}

// speaks lets the person say something of a topic.
func (r *rehearsal) speaks(word store.Consent) error {
	name := "unsubscribed"
	if word.Granted {
		name = "subscribed"
	}
	r.consent(word)
	r.say("%s topic.%s on %s", name, word.Topic, word.Channel)
	return r.happens(store.Event{Name: name, Properties: map[string]any{"topic": word.Topic, "channel": word.Channel}})
}

// keep puts an event on record.
func (r *rehearsal) keep(e store.Event) store.Event {
	r.seq++
	e.Seq, e.Person = r.seq, r.record.ID
	r.record.Events[e.Name] = append(r.record.Events[e.Name], e)
	return e
}

func jsonOf(values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	for k, v := range values {
		out[k] = campaign.JSONValue(v)
	}
	return out
}
