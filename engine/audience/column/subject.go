package column

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
)

// Subject is a person taken from a Table, as the closures of a condition ask for
// one. It is used by one goroutine at a time, and can be used for one person
// after another. What a condition reads must be in the Table's Plan.
type Subject struct {
	expr.Nobody // in no journey

	table *Table
	slot  uint32
	now   time.Time
	ask   func(s *Subject, label string, now time.Time) expr.Truth

	events   map[string][]expr.EventRow
	segments map[string]expr.Truth // Unknown while being asked: a circle is unknown
}

var _ expr.Subject = (*Subject)(nil)

// Subject returns a person of the table, who is nobody until Reset. ask tells
// whether they are in a segment: it is called once for each of them and label,
// and may ask the Subject in turn; nil: every segment is unknown.
func (t *Table) Subject(ask func(s *Subject, label string, now time.Time) expr.Truth) *Subject {
	return &Subject{table: t, ask: ask, events: map[string][]expr.EventRow{}, segments: map[string]expr.Truth{}}
}

// Reset turns s into the person of another slot, or at another instant.
func (s *Subject) Reset(slot uint32, now time.Time) {
	s.slot, s.now = slot, now
	clear(s.events)
	clear(s.segments)
}

// Slot is whom s stands for.
func (s *Subject) Slot() uint32 { return s.slot }

// Test asks a condition.
func (s *Subject) Test(c *expr.Checked) expr.Truth { return c.Test(s, s.now) }

// Attribute is the stored value of an attribute.
func (s *Subject) Attribute(name string) (any, bool) {
	c := s.table.Attributes[name]
	if c == nil {
		return nil, false
	}
	v := c.Value(s.slot)
	return v, v != nil
}

// Events is the history of one event, oldest first, with what is kept of it.
func (s *Subject) Events(label string) []expr.EventRow {
	rows, ok := s.events[label]
	if ok {
		return rows
	}
	if e := s.table.Events[label]; e != nil {
		rows = e.history(s.slot)
	}
	s.events[label] = rows
	return rows
}

// history is what expressions see of a person's rows.
func (e *Events) history(slot uint32) []expr.EventRow {
	from, to, late := e.Rows(slot)
	rows := make([]expr.EventRow, 0, int(to-from)+len(late))
	e.each(slot, func(r uint32) bool {
		props := make(map[string]any, len(e.Props))
		for name, c := range e.Props {
			if v := c.Value(r); v != nil {
				props[name] = v
			}
		}
		rows = append(rows, expr.EventRow{At: e.At.Time(r), Props: props})
		return true
	})
	return rows
}

// Segment tells whether the person is in a segment. One that needs itself is
// unknown.
func (s *Subject) Segment(label string) expr.Truth {
	if truth, ok := s.segments[label]; ok || s.ask == nil {
		return truth
	}
	s.segments[label] = expr.Unknown
	truth := s.ask(s, label, s.now)
	s.segments[label] = truth
	return truth
}

// Subscribed tells whether the person permits the topic on some channel.
func (s *Subject) Subscribed(topic string) bool { return s.table.Topics[topic].Has(s.slot) }

// Reachable tells whether a channel has a permission and an address that works.
func (s *Subject) Reachable(channel string) bool { return s.table.Reachable[channel].Has(s.slot) }

// Consent is what the person last said of a topic by a channel.
func (s *Subject) Consent(topic, channel string) (expr.ConsentWord, bool) {
	c := s.table.Consents[Permission{topic, channel}]
	if c == nil || !c.Known.Has(s.slot) {
		return expr.ConsentWord{}, false
	}
	at, source := c.Said(s.slot)
	return expr.ConsentWord{Granted: c.Granted.Has(s.slot), At: at, Source: source}, true
}
