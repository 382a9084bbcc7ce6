package postgres

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

const cohortColumns = `id, journey, definition, size, created_at, ended_at`

func readCohort(r *row) store.Cohort {
	return store.Cohort{
		ID: r.text(), Journey: r.text(), Definition: campaign.Digest(r.text()), Size: r.int(), CreatedAt: r.time(), EndedAt: r.time(),
	}
}

const enrolmentColumns = `cohort, idx, journey, person, key, trigger, entered_at, step, wake_at, updated_at, ended_at, outcome`

func readEnrolment(r *row) store.Enrolment {
	e := store.Enrolment{Cohort: r.text(), Index: r.int(), Journey: r.text(), Person: r.int64(), Key: r.text()}
	r.json(&e.Trigger)
	e.EnteredAt, e.Step, e.WakeAt, e.UpdatedAt, e.EndedAt, e.Outcome = r.time(), r.text(), r.time(), r.time(), r.time(), r.text()
	return e
}

// Cohort implements store.JourneyReader.
func (r *reader) Cohort(id string) (store.Cohort, error) {
	return one(r.conn, readCohort, `SELECT `+cohortColumns+` FROM cohorts WHERE id = $1`, id)
}

// OpenCohorts implements store.JourneyReader.
func (r *reader) OpenCohorts(limit int) ([]store.Cohort, error) {
	return all(r.conn, readCohort, `SELECT `+cohortColumns+` FROM cohorts WHERE ended_at IS NULL ORDER BY created_at, id LIMIT $1`, noLimit(limit))
}

// Enrolments implements store.JourneyReader.
func (r *reader) Enrolments(cohort string, indices []int) ([]store.Enrolment, error) {
	if indices == nil {
		return all(r.conn, readEnrolment, `SELECT `+enrolmentColumns+` FROM enrolments WHERE cohort = $1 ORDER BY idx`, cohort)
	}
	return all(r.conn, readEnrolment, `SELECT `+enrolmentColumns+` FROM enrolments
		WHERE cohort = $1 AND idx = ANY($2) ORDER BY idx`, cohort, indices)
}

// EnrolmentsOfPerson implements store.JourneyReader.
func (r *reader) EnrolmentsOfPerson(person int64) ([]store.Enrolment, error) {
	return all(r.conn, readEnrolment, `SELECT `+enrolmentColumns+` FROM enrolments WHERE person = $1 ORDER BY position DESC`, person)
}

// LastEnrolment implements store.JourneyReader.
func (r *reader) LastEnrolment(journey string, person int64, key string, anyKey bool) (store.Enrolment, error) {
	if anyKey {
		return one(r.conn, readEnrolment, `SELECT `+enrolmentColumns+` FROM enrolments
			WHERE person = $1 AND journey = $2 ORDER BY position DESC LIMIT 1`, person, journey)
	}
	return one(r.conn, readEnrolment, `SELECT `+enrolmentColumns+` FROM enrolments
		WHERE person = $1 AND journey = $2 AND key = $3 ORDER BY position DESC LIMIT 1`, person, journey, key)
}

// CreateCohort implements store.JourneyWriter.
func (t *tx) CreateCohort(c store.Cohort, members []store.Enrolment) error {
	added, err := t.exec(`INSERT INTO cohorts (`+cohortColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
		c.ID, c.Journey, c.Definition, c.Size, c.CreatedAt, c.EndedAt)
	if err != nil {
		return err
	}
	if added == 0 {
		return fmt.Errorf("%w: cohort %s is there already", store.ErrConflict, c.ID)
	}
	for i := range members {
		if err := t.enrol(c, &members[i]); err != nil {
			return err
		}
	}
	return nil
}

// enrol adds a member; what is the cohort's is taken from there.
func (t *tx) enrol(c store.Cohort, e *store.Enrolment) error {
	var trigger any
	if e.Trigger != nil {
		text, err := jsonText(e.Trigger)
		if err != nil {
			return err
		}
		trigger = text
	}
	return t.later(`INSERT INTO enrolments (position, `+enrolmentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		t.draw("enrolment", 1), c.ID, e.Index, c.Journey, e.Person, e.Key, trigger, e.EnteredAt, e.Step, e.WakeAt, e.UpdatedAt, e.EndedAt, e.Outcome)
}

// SaveProgress implements store.JourneyWriter.
func (t *tx) SaveProgress(cohort string, steps []store.Progress) error {
	for _, p := range steps {
		moved, err := t.exec(`UPDATE enrolments SET step = $3, wake_at = $4, ended_at = $5, outcome = $6, updated_at = $7 WHERE cohort = $1 AND idx = $2`,
			cohort, p.Index, p.Step, p.WakeAt, p.EndedAt, p.Outcome, p.At)
		if err != nil {
			return err
		}
		if moved == 0 {
			return fmt.Errorf("member %d of cohort %s: %w", p.Index, cohort, store.ErrNotFound)
		}
	}
	return nil
}

// EndCohort implements store.JourneyWriter.
func (t *tx) EndCohort(cohort string, at time.Time) error {
	ended, err := t.exec(`UPDATE cohorts SET ended_at = $2 WHERE id = $1`, cohort, at)
	if err == nil && ended == 0 {
		err = fmt.Errorf("cohort %s: %w", cohort, store.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return t.later(`DELETE FROM waits WHERE cohort = $1`, cohort)
}
