package enrolment

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
)

// until is a wait whose end each member has of their own.
type until struct {
	step   *link.Step
	def    *campaign.Wait
	clock  schedule.Clock
	window *schedule.Window
	zone   *time.Location // nil: where each person lives
}

// untilOf reads a wait; nil for one that is the same for all.
func untilOf(step *link.Step, def *campaign.Wait) (*until, error) {
	if !def.Personal() {
		return nil, nil
	}
	u := &until{step: step, def: def}
	if def.Clock != "" {
		at, err := schedule.ParseClock(def.Clock)
		if err != nil {
			return nil, err
		}
		u.clock = at
	}
	if def.Window != nil {
		w, err := schedule.NewWindow(def.Window.From, def.Window.To, def.Window.Days)
		if err != nil {
			return nil, err
		}
		u.window = &w
	}
	if def.Timezone != "" && def.Timezone != campaign.Recipient {
		zone, ok := schedule.Zone(def.Timezone)
		if !ok {
			return nil, fmt.Errorf("%q is not a time zone", def.Timezone)
		}
		u.zone = zone
	}
	return u, nil
}

// of is when the wait is over for a traveller, counted from an instant. ok is
// false where the delay or the date is unknown, and for a window that never opens:
// there is nothing to wait for.
func (u *until) of(t *Traveller, from time.Time) (at time.Time, ok bool) {
	zone := u.zone
	if zone == nil {
		zone, _ = t.Zone()
	}
	switch {
	case u.def.Delay != nil:
		d, known := t.value(u.step.Delay).(time.Duration)
		if !known {
			return time.Time{}, false
		}
		at = from.Add(max(0, d))
	case u.def.At != nil:
		switch v := t.value(u.step.At).(type) {
		case time.Time:
			at = v
		case campaign.CivilDate:
			at = u.clock.On(v, zone)
		default:
			return time.Time{}, false
		}
	default:
		at = from.Add(u.def.For)
	}
	if at.Before(from) {
		at = from
	}
	if u.window != nil {
		return u.window.Next(at, zone)
	}
	return at, true
}
