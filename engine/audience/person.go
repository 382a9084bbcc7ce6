package audience

import (
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/store"
)

// Person answers a condition's questions about one person at one instant. It is
// used by one goroutine at a time, and can be used for one person after another.
type Person struct {
	expr.Nobody // in no journey

	schema *Schema
	record *store.Record
	now    time.Time

	attributes []memo
	events     map[string][]expr.EventRow
	segments   map[string]expr.Truth // Unknown while being asked: a circle is unknown
}

var _ expr.Subject = (*Person)(nil)

// memo is an attribute's value, once it has been asked for.
type memo struct {
	asked bool
	value any // nil: absent
}

// NewPerson returns a Person that is nobody until Reset.
func NewPerson(s *Schema) *Person {
	return &Person{
		schema:     s,
		record:     &store.Record{},
		attributes: make([]memo, len(s.attributes)),
		events:     map[string][]expr.EventRow{},
		segments:   map[string]expr.Truth{},
	}
}

// PersonOf returns the person of a record.
func PersonOf(s *Schema, record *store.Record, now time.Time) *Person {
	p := NewPerson(s)
	p.Reset(record, now)
	return p
}

// Reset turns p into the person of another record. The record must have been
// loaded with what will be asked; see NeedOf.
func (p *Person) Reset(record *store.Record, now time.Time) {
	p.record, p.now = record, now
	clear(p.attributes)
	clear(p.events)
	clear(p.segments)
}

// ID is the person's index.
func (p *Person) ID() int64 { return p.record.ID }

// Record is what p was made of. It is only to be read.
func (p *Person) Record() *store.Record { return p.record }

// Test asks a condition.
func (p *Person) Test(c *expr.Checked) expr.Truth { return c.Test(p, p.now) }

// Attribute is the stored value of an attribute, in its declared type.
func (p *Person) Attribute(name string) (any, bool) {
	i, ok := p.schema.index[name]
	if !ok {
		return nil, false
	}
	m := &p.attributes[i]
	if !m.asked {
		m.asked = true
		m.value = p.load(&p.schema.attributes[i])
	}
	return m.value, m.value != nil
}

// load reads an attribute from where the record has it.
func (p *Person) load(a *campaign.Attribute) any {
	switch a.Name {
	case "id":
		return nonEmpty(p.record.Key)
	case "email":
		return nonEmpty(p.record.Email)
	case "phone":
		return nonEmpty(p.record.Phone)
	case "created_at":
		if p.record.CreatedAt.IsZero() {
			return nil
		}
		return p.record.CreatedAt.UTC()
	}
	v, err := campaign.Coerce(a.Type, p.record.Attributes[a.Name])
	if err != nil {
		return nil
	}
	return v
}

func nonEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Events is the history of one event, oldest first.
func (p *Person) Events(label string) []expr.EventRow {
	rows, ok := p.events[label]
	if ok {
		return rows
	}
	t, known := p.schema.events[label]
	if known {
		events := p.record.Events[label]
		rows = make([]expr.EventRow, len(events))
		for i, e := range events {
			rows[i] = expr.EventRow{At: e.At, Props: typed(t, e.Properties)}
		}
	}
	p.events[label] = rows
	return rows
}

// Segment tells whether the person is in a segment. One that the project does
// not have, or that needs itself, is unknown.
func (p *Person) Segment(label string) expr.Truth {
	if truth, ok := p.segments[label]; ok {
		return truth
	}
	p.segments[label] = expr.Unknown
	segment, err := p.schema.project.Segment(label)
	if err != nil {
		return expr.Unknown
	}
	truth := segment.When.Test(p, p.now)
	p.segments[label] = truth
	return truth
}

// Subscribed tells whether the person permits the topic on some channel.
func (p *Person) Subscribed(topic string) bool {
	return slices.ContainsFunc(p.record.Consents, func(c store.Consent) bool { return c.Granted && c.Topic == topic })
}

// Consent is the newest word on a topic and channel.
func (p *Person) Consent(topic, channel string) (expr.ConsentWord, bool) {
	for _, c := range p.record.Consents {
		if c.Topic == topic && c.Channel == channel {
			return expr.ConsentWord{Granted: c.Granted, At: c.At.UTC(), Source: c.Source}, true
		}
	}
	return expr.ConsentWord{}, false
}

// Permits tells whether the person permits the topic on one channel.
func (p *Person) Permits(topic, channel string) bool {
	return slices.ContainsFunc(p.record.Consents, func(c store.Consent) bool {
		return c.Granted && c.Topic == topic && c.Channel == channel
	})
}

// Reachable tells whether a channel has a permission, whatever for, and an
// address that works.
func (p *Person) Reachable(channel string) bool {
	return p.Deliverable(channel) && slices.ContainsFunc(p.record.Consents, func(c store.Consent) bool {
		return c.Granted && c.Channel == channel
	})
}

// Deliverable tells whether a channel has an address that is not suppressed.
func (p *Person) Deliverable(channel string) bool {
	return p.Address(channel) != "" && !slices.Contains(p.record.Suppressed, channel)
}

// Address is where a channel reaches the person; "" for nowhere.
func (p *Person) Address(channel string) string {
	switch channel {
	case "email":
		return p.record.Email
	case "sms":
		return p.record.Phone
	}
	return ""
}
