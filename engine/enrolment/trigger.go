package enrolment

import (
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// happening is a person at the moment of an event, as a trigger's key and where
// see them.
type happening struct {
	*audience.Person
	payload map[string]any
	now     time.Time
}

// Event is the payload of the event.
func (h happening) Event() map[string]any { return h.payload }

// holds asks a condition; a missing one holds.
func (h happening) holds(c *expr.Checked) bool { return c == nil || c.Test(h, h.now).Holds() }

// key is the enrolment's key; ok is false where the trigger has one and it is
// unknown.
func (h happening) key(s *start) (key string, ok bool) {
	if s.trigger.Key == nil {
		return "", true
	}
	if s.Key == nil {
		return "", false
	}
	v, err := s.Key.Eval(h, h.now)
	key = v.Text()
	return key, err == nil && v.Known() && key != ""
}

func (t *turn) happening(p *audience.Person, s *start, e store.Event) happening {
	return happening{Person: p, payload: audience.Payload(s.event, payloadOf(e)), now: t.latest}
}

// triggers lets an event meet the triggers that look for it.
func (t *turn) triggers(e store.Event) error {
	person := t.people[e.Person]
	if person == nil {
		return nil
	}
	for _, s := range t.rt.starts[e.Name] {
		if s.history(e) {
			t.count.History++
			continue
		}
		if err := t.trigger(s, person, e); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) trigger(s *start, p *audience.Person, e store.Event) error {
	h := t.happening(p, s, e)
	key, ok := h.key(s)
	switch {
	case !ok:
		return nil
	case s.trigger.Settle > 0:
		t.arm(store.Pending{Journey: s.Def.Name, Person: e.Person, Key: key, Event: e.Seq, DueAt: e.At.Add(s.trigger.Settle)})
		return nil
	case !h.holds(s.Where):
		return nil
	}
	return t.enter(&entry{
		journey: s.Journey, person: e.Person, key: key, trigger: payloadOf(e),
		enteredAt: e.At, from: t.arrival(e), ref: fmt.Sprintf("e%d", e.Seq),
	}, p, s.event)
}

// arm begins to settle, in place of an earlier event of this turn.
func (t *turn) arm(p store.Pending) {
	if i := t.armed(p); i >= 0 {
		t.pending[i] = p
		return
	}
	t.pending = append(t.pending, p)
}

func (t *turn) armed(p store.Pending) int {
	for i, q := range t.pending {
		if q.Journey == p.Journey && q.Person == p.Person && q.Key == p.Key {
			return i
		}
	}
	return -1
}

// settle lets in whose triggers have been quiet for long enough; `where` is
// asked now.
func (t *turn) settle(limit int) error {
	due, err := t.r.DuePending(t.now, limit)
	if err != nil {
		return err
	}
	ids := make([]int64, len(due))
	for i, p := range due {
		ids[i] = p.Person
	}
	if err := t.meet(ids); err != nil {
		return err
	}
	for _, p := range due {
		if t.armed(p) >= 0 { // not quiet after all
			continue
		}
		t.settled = append(t.settled, p)
		t.count.Settled++
		if err := t.settleOne(p); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) settleOne(p store.Pending) error {
	person := t.people[p.Person]
	e, err := t.r.Event(p.Event)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && person == nil:
		return nil // erased
	case err != nil:
		return err
	}
	for _, s := range t.rt.starts[e.Name] {
		if s.Def.Name != p.Journey || !t.happening(person, s, e).holds(s.Where) {
			continue
		}
		from := p.DueAt
		if from.Before(e.ReceivedAt) {
			from = e.ReceivedAt
		}
		return t.enter(&entry{
			journey: s.Journey, person: p.Person, key: p.Key, trigger: payloadOf(e),
			enteredAt: e.At, from: earlier(from, t.now), ref: fmt.Sprintf("p%d", e.Seq),
		}, person, s.event)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
