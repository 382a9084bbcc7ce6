package enrolment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Enter lets somebody into a live journey by its name, from within a transaction,
// whatever its trigger is: its exit_when, goal_when and re-entry rule count as they
// do for everybody. The payload is what trigger.event stands for, in JSON form. The
// ref names what it came from; the same one enters once. Somebody who may not enter,
// who is gone, or a journey that is not live any more, is no error.
func (s *Service) Enter(tx store.Tx, name string, person int64, payload map[string]any, now time.Time, ref string) error {
	err := s.enter(tx, name, person, payload, now, ref)
	if err != nil {
		return fmt.Errorf("entering journey.%s: %w", name, err)
	}
	return nil
}

func (s *Service) enter(tx store.Tx, name string, person int64, payload map[string]any, now time.Time, ref string) error {
	schema := s.Live.Schema()
	j, err := schema.Project().Journey(name)
	if missing := (*link.NotFoundError)(nil); errors.As(err, &missing) {
		s.Log.WarnContext(context.Background(), "nobody enters a journey that is not live", "journey", name)
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := tx.Cohort(journey.CohortID(name, ref)); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	records, err := recordsByID(tx, []int64{person}, audience.NeedOf(schema.Project(), link.ReadsOf(j.GoalWhen, j.ExitWhen)...))
	if err != nil || records[person] == nil {
		return err
	}
	e := &entry{journey: j, person: person, trigger: payloadOf(store.Event{At: now, Properties: payload}), enteredAt: now, from: now, ref: ref}
	if j.Def.Reentry.Per == campaign.PerKey {
		e.key = ref // it came by no key: each is its own
	}
	if !e.welcome(audience.PersonOf(schema, records[person], now), triggerEvent(schema.Project(), j), now) {
		return nil
	}
	d := newDoor(tx)
	opens, err := d.opens(e)
	if err != nil || !opens {
		return err
	}
	_, err = enrol(tx, []*entry{e}, d, now)
	return err
}
