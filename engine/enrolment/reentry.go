package enrolment

import (
	"errors"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// MayEnter tells whether a re-entry rule lets somebody in at an instant, given
// their last enrolment: never while they are inside, never again where the rule
// says so, and else when its After has passed since that one ended.
func MayEnter(rule campaign.Reentry, last store.Enrolment, at time.Time) bool {
	if last.EndedAt.IsZero() || !rule.Allow {
		return false
	}
	return !at.Before(last.EndedAt.Add(rule.After))
}

// door knows who is inside: in the store, and by what is about to be written.
type door struct {
	reader  store.Reader
	entered map[doorKey]bool
}

type doorKey struct {
	journey string
	person  int64
	key     string
}

func newDoor(r store.Reader) *door { return &door{reader: r, entered: map[doorKey]bool{}} }

// opens tells whether e may enter; if so, e is inside from then on.
func (d *door) opens(e *entry) (bool, error) {
	def := e.journey.Def
	k := doorKey{journey: def.Name, person: e.person}
	if def.Reentry.Per == campaign.PerKey {
		k.key = e.key
	}
	if d.entered[k] {
		return false, nil
	}
	last, err := d.reader.LastEnrolment(def.Name, e.person, e.key, def.Reentry.Per != campaign.PerKey)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return false, err
	case !MayEnter(def.Reentry, last, e.from):
		return false, nil
	}
	d.entered[k] = true
	return true, nil
}
