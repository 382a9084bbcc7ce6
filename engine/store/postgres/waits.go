package postgres

import (
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// WaitsFor implements store.JourneyReader.
func (r *reader) WaitsFor(person int64, event string) ([]store.Wait, error) {
	return all(r.conn, func(r *row) store.Wait {
		return store.Wait{Cohort: r.text(), Index: r.int(), Person: r.int64(), Event: r.text()}
	}, `SELECT cohort, idx, person, event FROM waits WHERE person = $1 AND event = $2 ORDER BY cohort, idx`, person, event)
}

// AddWaits implements store.JourneyWriter.
func (t *tx) AddWaits(waits []store.Wait) error {
	for _, w := range waits {
		if err := t.later(`INSERT INTO waits (cohort, idx, person, event) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			w.Cohort, w.Index, w.Person, w.Event); err != nil {
			return err
		}
	}
	return nil
}

// RemoveWaits implements store.JourneyWriter.
func (t *tx) RemoveWaits(cohort string, indices []int) error {
	return t.later(`DELETE FROM waits WHERE cohort = $1 AND idx = ANY($2)`, cohort, indices)
}

// DuePending implements store.JourneyReader.
func (r *reader) DuePending(now time.Time, limit int) ([]store.Pending, error) {
	return all(r.conn, func(r *row) store.Pending {
		return store.Pending{Journey: r.text(), Person: r.int64(), Key: r.text(), Event: r.int64(), DueAt: r.time()}
	}, `SELECT journey, person, key, event, due_at FROM pending WHERE due_at <= $1 ORDER BY due_at, event LIMIT $2`, now, noLimit(limit))
}

// NextPending implements store.JourneyReader.
func (r *reader) NextPending() (time.Time, error) {
	return one(r.conn, (*row).time, `SELECT min(due_at) FROM pending`)
}

// PutPending implements store.JourneyWriter.
func (t *tx) PutPending(p store.Pending) error {
	return t.later(`INSERT INTO pending (journey, person, key, event, due_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (person, journey, key) DO UPDATE SET event = excluded.event, due_at = excluded.due_at`, p.Journey, p.Person, p.Key, p.Event, p.DueAt)
}

// DeletePending implements store.JourneyWriter.
func (t *tx) DeletePending(journey string, person int64, key string) error {
	return t.later(`DELETE FROM pending WHERE journey = $1 AND person = $2 AND key = $3`, journey, person, key)
}
