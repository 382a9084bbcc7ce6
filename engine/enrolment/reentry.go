package enrolment

import (
	"errors"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// MayEnter tells whether a re-entry rule lets somebody in at an instant, given
// their last enrolment: while they are inside only where the rule restarts, never
// again where the rule says so, and else when its After has passed since that one
// ended.
func MayEnter(rule campaign.Reentry, last store.Enrolment, at time.Time) bool {
	switch {
	case last.EndedAt.IsZero():
		return rule.Restart
	case !rule.Allow:
		return false
	}
	return !at.Before(last.EndedAt.Add(rule.After))
}

// door knows who is inside: in the store, and by what is about to be written.
type door struct {
	reader   store.Reader
	entered  map[doorKey]*entry
	restarts []reaction // to the runs that people leave to begin anew
	dropped  int        // entries
}

type doorKey struct {
	journey string
	person  int64
	key     string
}

func newDoor(r store.Reader) *door { return &door{reader: r, entered: map[doorKey]*entry{}} }

// opens tells whether e may enter; if so, e is inside from then on. Where the rule
// restarts, who is inside leaves the run that they are in; who came a moment ago,
// and has not begun, enters with what came later instead.
func (d *door) opens(e *entry) (bool, error) {
	def := e.journey.Def
	k := doorKey{journey: def.Name, person: e.person}
	if def.Reentry.Per == campaign.PerKey {
		k.key = e.key
	}
	if before := d.entered[k]; before != nil {
		if def.Reentry.Restart {
			before.dropped = true
			d.dropped++
			d.entered[k] = e
		}
		return def.Reentry.Restart, nil
	}
	last, err := d.reader.LastEnrolment(def.Name, e.person, e.key, def.Reentry.Per != campaign.PerKey)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return false, err
	case !MayEnter(def.Reentry, last, e.from):
		return false, nil
	}
	if err == nil && last.EndedAt.IsZero() {
		d.restarts = append(d.restarts, reaction{last.Cohort, journey.Reaction{Restarted: journey.Members{last.Index}}})
	}
	d.entered[k] = e
	return true, nil
}
