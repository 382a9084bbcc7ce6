package sqlite

import (
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// WaitsFor implements store.JourneyReader.
func (r *reader) WaitsFor(person int64, event string) ([]store.Wait, error) {
	return all(r.conn, func(r *row) store.Wait {
		return store.Wait{Cohort: r.text(), Index: r.int(), Person: r.int64(), Event: r.text()}
	}, `SELECT cohort, idx, person, event FROM waits WHERE person = ? AND event = ? ORDER BY cohort, idx`, person, event)
}

// AddWaits implements store.JourneyWriter.
func (t *tx) AddWaits(waits []store.Wait) error {
	for _, w := range waits {
		if _, err := t.exec(`INSERT INTO waits (cohort, idx, person, event) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			w.Cohort, w.Index, w.Person, w.Event); err != nil {
			return err
		}
	}
	return nil
}

// RemoveWaits implements store.JourneyWriter.
func (t *tx) RemoveWaits(cohort string, indices []int) error {
	_, err := t.exec(`DELETE FROM waits WHERE cohort = ? AND idx IN (SELECT value FROM json_each(?))`, cohort, list(indices))
	return err
}

// DuePending implements store.JourneyReader.
func (r *reader) DuePending(now time.Time, limit int) ([]store.Pending, error) {
	return all(r.conn, func(r *row) store.Pending {
		return store.Pending{Journey: r.text(), Person: r.int64(), Key: r.text(), Event: r.int64(), DueAt: r.time()}
	}, `SELECT journey, person, key, event, due_at FROM pending WHERE due_at <= ? ORDER BY due_at, event LIMIT ?`, now, noLimit(limit))
}

// NextPending implements store.JourneyReader.
func (r *reader) NextPending() (time.Time, error) {
	return one(r.conn, (*row).time, `SELECT min(due_at) FROM pending`)
}

// PutPending implements store.JourneyWriter.
func (t *tx) PutPending(p store.Pending) error {
	_, err := t.exec(`INSERT INTO pending (journey, person, key, event, due_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET event = excluded.event, due_at = excluded.due_at`, p.Journey, p.Person, p.Key, p.Event, p.DueAt)
	return err
}

// DeletePending implements store.JourneyWriter.
func (t *tx) DeletePending(journey string, person int64, key string) error {
	_, err := t.exec(`DELETE FROM pending WHERE journey = ? AND person = ? AND key = ?`, journey, person, key)
	return err
}
