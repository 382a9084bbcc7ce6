package rehearse

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/schedule"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// doors are what lets the person in other than by an event: the test itself, a
// segment, the return of a date.
func (r *rehearsal) doors() error {
	if at := r.test.Enter; at != nil {
		r.agenda.note(r.test.Start.Add(*at), func() error { return r.enter(arrival{at: r.now, trigger: r.sample()}) })
		return nil
	}
	switch t := r.Def.Trigger; {
	case r.watched != nil:
		r.agenda.note(r.test.Start, func() error { return r.cross(!t.Segment.Leaves) })
	case t.Date != nil:
		return r.returns(t.Date)
	}
	return nil
}

// sample is trigger.event for who is let in by the test: the last event of the
// trigger's kind that was given, until now.
func (r *rehearsal) sample() map[string]any {
	t := r.Def.Trigger.Event
	if t == nil {
		return map[string]any{"at": campaign.JSONValue(r.now)}
	}
	rows := r.record.Events[t.Event]
	if len(rows) == 0 {
		return nil
	}
	return enrolment.Knock{Event: rows[len(rows)-1]}.Payload()
}

// happens is an event of now, in the order in which everything looks at it.
func (r *rehearsal) happens(e store.Event) error {
	e.At, e.ReceivedAt = r.now, r.now
	e = r.keep(e)
	if err := r.cross(true); err != nil {
		return err
	}
	for _, w := range r.ways {
		if err := w.hear(e.Name); err != nil {
			return err
		}
	}
	return r.trigger(e)
}

// cross looks whether the person has crossed the border of the watched segment, and
// when time could next do that. Who is inside when the play begins has entered, but
// not left before.
func (r *rehearsal) cross(fires bool) error {
	if r.watched == nil || r.test.Enter != nil {
		return nil
	}
	p := r.person(r.now)
	is := p.Test(r.watched.When).Holds()
	if at, ok := r.moment(p, r.now); ok && !at.After(r.triggersUntil()) {
		r.pending[""]++ // what was noted before is worth nothing now
		mine := r.pending[""]
		r.agenda.note(at, func() error {
			if r.pending[""] != mine {
				return nil
			}
			return r.cross(true)
		})
	}
	if is == r.inside {
		return nil
	}
	r.inside = is
	verb := "leaves"
	if is {
		verb = "enters"
	}
	r.say("%s segment.%s", verb, r.watched.Def.Name)
	if !fires || is == r.Def.Trigger.Segment.Leaves {
		return nil
	}
	return r.enter(arrival{at: r.now})
}

// trigger lets an event meet the trigger.
func (r *rehearsal) trigger(e store.Event) error {
	t := r.Def.Trigger.Event
	if t == nil || t.Event != e.Name || r.test.Enter != nil {
		return nil
	}
	key, ok := r.knock(e).Key(r.project)
	if !ok {
		return nil
	}
	if t.Settle == 0 {
		return r.admit(e, key)
	}
	r.pending[key]++
	mine := r.pending[key]
	r.agenda.note(r.now.Add(t.Settle), func() error {
		if r.pending[key] != mine { // not quiet after all
			return nil
		}
		return r.admit(e, key)
	})
	return nil
}

func (r *rehearsal) knock(e store.Event) enrolment.Knock {
	return enrolment.Knock{Journey: r.Journey, Person: r.person(r.now), Event: e, Now: r.now}
}

// admit asks `where`, and lets the person in.
func (r *rehearsal) admit(e store.Event, key string) error {
	k := r.knock(e)
	if !k.Where(r.project) {
		return nil
	}
	return r.enter(arrival{at: e.At, key: key, trigger: k.Payload()})
}

// returns notes the days on which the date comes back.
func (r *rehearsal) returns(t *campaign.DateTrigger) error {
	at, err := schedule.ParseClock(t.At)
	if err != nil {
		return err
	}
	p := r.person(r.test.Start)
	zone, _ := p.Zone()
	if t.Timezone != "" && t.Timezone != campaign.Recipient {
		loc, ok := schedule.Zone(t.Timezone)
		if !ok {
			return fmt.Errorf("%q is not a time zone", t.Timezone)
		}
		zone = loc
	}
	v, err := r.Date.Eval(p, r.test.Start)
	if err != nil {
		return err
	}
	var date campaign.CivilDate
	switch v := v.Any().(type) {
	case campaign.CivilDate:
		date = v
	case time.Time:
		date = campaign.DateOf(v.In(zone))
	default:
		return nil
	}
	for _, o := range schedule.Returns(date, at, r.test.Start.Add(-time.Microsecond), r.triggersUntil(), zone) {
		r.agenda.note(o.At, func() error { return r.enter(arrival{at: o.At, key: o.Day.String()}) })
	}
	return nil
}

// arrival is the person at the door.
type arrival struct {
	at      time.Time // the trigger's own instant
	key     string
	trigger map[string]any
}

// enter lets the person in, by the rules that count for everybody.
func (r *rehearsal) enter(a arrival) error {
	k := enrolment.Knock{Journey: r.Journey, Person: r.person(r.now), Now: r.now}
	if !k.Welcome(r.project, a.trigger, a.at) {
		r.say("does not enter: it is over before it begins")
		return nil
	}
	last := r.lastWay(a.key)
	if last != nil {
		if !enrolment.MayEnter(r.Def.Reentry, last.enrolment, r.now) {
			r.say("does not enter again")
			return nil
		}
		if last.enrolment.EndedAt.IsZero() {
			if err := last.step(journey.Cancel{Outcome: journey.Restarted}); err != nil {
				return err
			}
		}
	}
	w, err := newWay(r, a)
	if err != nil {
		return err
	}
	r.ways = append(r.ways, w)
	r.say("enters journey.%s", r.Def.Name)
	return w.step(journey.Start{At: r.now})
}

// lastWay is the last enrolment that counts for the re-entry rule.
func (r *rehearsal) lastWay(key string) *way {
	for i := len(r.ways) - 1; i >= 0; i-- {
		if r.Def.Reentry.Per != campaign.PerKey || r.ways[i].enrolment.Key == key {
			return r.ways[i]
		}
	}
	return nil
}
