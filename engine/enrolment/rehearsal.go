package enrolment

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// What follows is the dispatcher's judgement of one event and one person, for who
// rehearses a journey without a store.

// Knock is an event, or a segment's border crossed, at a journey's door.
type Knock struct {
	Journey *link.Journey
	Person  *audience.Person // as of now, with the event on record
	Event   store.Event      // zero: none
	Now     time.Time
}

func (k Knock) happening(p *link.Project) happening {
	h := happening{Person: k.Person, now: k.Now}
	if event := triggerEvent(p, k.Journey); event != nil {
		h.payload = audience.Payload(event, payloadOf(k.Event))
	}
	return h
}

// Key is the enrolment's key; ok is false where the trigger has one and it is
// unknown: such an event meets no trigger.
func (k Knock) Key(p *link.Project) (key string, ok bool) {
	return k.happening(p).key(&start{Journey: k.Journey, trigger: k.Journey.Def.Trigger.Event})
}

// Where asks the trigger's condition.
func (k Knock) Where(p *link.Project) bool { return k.happening(p).holds(k.Journey.Where) }

// Payload is what trigger.event stands for, as an enrolment keeps it.
func (k Knock) Payload() map[string]any { return payloadOf(k.Event) }

// Welcome tells whether goal_when and exit_when let somebody in.
func (k Knock) Welcome(p *link.Project, trigger map[string]any, enteredAt time.Time) bool {
	e := &entry{journey: k.Journey, trigger: trigger, enteredAt: enteredAt}
	return e.welcome(k.Person, triggerEvent(p, k.Journey), k.Now)
}

// NextMoment is the first instant after another at which a condition could change
// for a person with no news; ok is false for never.
func NextMoment(p *link.Project, c *expr.Checked) func(person *audience.Person, after time.Time) (at time.Time, ok bool) {
	m := newMoments(p, c)
	return func(person *audience.Person, after time.Time) (time.Time, bool) {
		next := earliest{after: after}
		m.of(person, &next)
		return next.at, next.found
	}
}
