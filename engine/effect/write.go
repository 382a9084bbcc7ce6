package effect

import (
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// update sets attributes. One whose value is unknown is removed.
func (b *batch) update(tx store.Tx, def *campaign.Update, t *enrolment.Traveller) error {
	fresh, err := b.record(tx, t, "attributes_updated", b.place(nil))
	if err != nil || !fresh {
		return err
	}
	found := values(t, b.step.With)
	attributes := make(map[string]any, len(def.Set))
	for _, set := range def.Set {
		attributes[set.Input] = found[set.Input] // nil where it is unknown
	}
	p := store.Person{Attributes: attributes, UpdatedAt: b.now}
	switch r := t.Record(); {
	case r.Key != "":
		p.Key = r.Key
	case r.AnonymousID != "":
		p.AnonymousID = r.AnonymousID
	default:
		p.Email = r.Email
	}
	_, err = tx.Identify(p)
	return err
}

// subscribe notes a permission, or its end, that the journey gives or takes.
func (b *batch) subscribe(tx store.Tx, def *campaign.Subscribe, t *enrolment.Traveller) error {
	name := "unsubscribed"
	if def.Granted {
		name = "subscribed"
	}
	fresh, err := b.record(tx, t, name, b.place(map[string]any{"topic": def.Topic, "channel": def.Channel}))
	if err != nil || !fresh {
		return err
	}
	from := fmt.Sprintf("%s step %s", b.journey.Def.Address(), b.q.Step)
	return tx.PutConsents([]store.Consent{{
		Person: t.ID(), Topic: def.Topic, Channel: def.Channel, Granted: def.Granted, At: b.now, Source: from, Proof: b.q.Cohort,
	}})
}

// errNoEnter says that nobody here can let people into journeys.
var errNoEnter = errors.New("this worker lets nobody into other journeys")

func (b *batch) enter(tx store.Tx, def *campaign.Enter, t *enrolment.Traveller) error {
	if b.Enter == nil {
		return errNoEnter
	}
	fresh, err := b.record(tx, t, "journey_entered", b.place(map[string]any{"journey": def.Journey}))
	if err != nil || !fresh {
		return err
	}
	return b.Enter(tx, def.Journey, t.ID(), values(t, b.step.With), b.now, b.key(t))
}

// throttle lets so many through in a time, whatever cohort they are in. It is the
// generic cell rate algorithm (ITU-T I.371): a theoretical arrival time moves on
// by Per/Max for each who is let through, and may run ahead of now by Per.
func (b *batch) throttle(tx store.Tx, def *campaign.Throttle, travellers []*enrolment.Traveller) error {
	name := "throttle/" + b.journey.Def.Name + "/" + b.journey.Def.Origin(def.Name)
	at, err := tx.Cursor(name)
	if err != nil {
		return err
	}
	bucket := gcra{next: time.UnixMicro(at).UTC(), each: def.Per / time.Duration(max(1, def.Max)), ahead: def.Per}
	waiting := bucket
	for _, t := range travellers {
		if turn := bucket.take(b.now); !turn.After(b.now) {
			b.result.Add(t.Enrolment.Index, journey.OutcomeSent)
			waiting = bucket
			continue
		}
		b.result.PutOff(t.Enrolment.Index, waiting.turn(b.now))
		waiting.next = waiting.next.Add(waiting.each)
	}
	return tx.SetCursor(name, bucket.next.UnixMicro())
}

// gcra is a bucket of tokens as one instant.
type gcra struct {
	next  time.Time // theoretical arrival time
	each  time.Duration
	ahead time.Duration // how far next may run ahead
}

// turn is when the next is let through.
func (g *gcra) turn(now time.Time) time.Time {
	turn := g.next.Add(g.each - g.ahead)
	if turn.Before(now) {
		return now
	}
	return turn
}

// take lets one through if it is their turn, and tells when it is.
func (g *gcra) take(now time.Time) time.Time {
	turn := g.turn(now)
	if turn.After(now) {
		return turn
	}
	if g.next.Before(now) {
		g.next = now
	}
	g.next = g.next.Add(g.each)
	return turn
}
