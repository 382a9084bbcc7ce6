package enrolment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Progress writes down where people are, drops the waits of who waits no more,
// and ends the cohort, in one transaction. It may be repeated.
func (s *Service) Progress(ctx context.Context, q journey.ProgressRequest) error {
	var steps []store.Progress
	for _, p := range q.Places {
		for _, i := range p.Members {
			steps = append(steps, store.Progress{Index: i, Step: p.Step, WakeAt: p.WakeAt, EndedAt: p.EndedAt, Outcome: p.Outcome, At: q.At})
		}
	}
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if err := saveProgress(tx, q.Cohort, steps); err != nil {
			return err
		}
		if len(q.Unregister) > 0 {
			if err := tx.RemoveWaits(q.Cohort, q.Unregister); err != nil {
				return err
			}
		}
		if q.Ended {
			return tx.EndCohort(q.Cohort, q.At)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("progress of %s: %w", q.Cohort, err)
	}
	return nil
}

// saveProgress passes over members who have been erased.
func saveProgress(tx store.Tx, cohort string, steps []store.Progress) error {
	for i := range steps {
		if err := tx.SaveProgress(cohort, steps[i:i+1]); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Path is one enrolment of a person, with what was sent and done on the way.
type Path struct {
	Enrolment store.Enrolment
	Sends     []store.Send // oldest first
	Done      []Deed       // by other steps; oldest first
}

// Deed is an effect other than a message.
type Deed struct {
	At    time.Time
	Step  string
	Event string // that the effect left: "call_answered"
	Note  string // what came of it: "200"; may be empty
}

// String tells it in one line.
func (d Deed) String() string {
	if d.Note == "" {
		return fmt.Sprintf("step %s: %s", d.Step, d.Event)
	}
	return fmt.Sprintf("step %s: %s, %s", d.Step, d.Event, d.Note)
}

// Show tells the ways of one person, newest first.
func (s *Service) Show(ctx context.Context, person int64) ([]Path, error) {
	var paths []Path
	err := s.Store.View(ctx, func(r store.Reader) error {
		enrolments, err := r.EnrolmentsOfPerson(person)
		if err != nil {
			return err
		}
		for _, e := range enrolments {
			sends, err := r.SendsOfCohort(e.Cohort, "", []int{e.Index})
			if err != nil {
				return err
			}
			done, err := deedsOf(r, e)
			if err != nil {
				return err
			}
			paths = append(paths, Path{Enrolment: e, Sends: sends, Done: done})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the ways of person %d: %w", person, err)
	}
	return paths, nil
}
