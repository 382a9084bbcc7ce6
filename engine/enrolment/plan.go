package enrolment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Plan carries out the tick of a schedule: it starts what became due in (From,
// To]. A tick for something that is not live any more starts nothing. Ticks may
// overlap, and be repeated.
func (s *Service) Plan(ctx context.Context, q journey.PlanRequest) (journey.PlanResult, error) {
	from, err := s.from(ctx, q)
	if err != nil {
		return journey.PlanResult{}, fmt.Errorf("planning %s: %w", q.Addr, err)
	}
	var result journey.PlanResult
	switch q.Addr.Kind() {
	case "broadcast":
		result, err = s.PlanBroadcast(ctx, q.Addr.Name(), from, q.To)
	case "journey":
		result, err = s.PlanDates(ctx, q.Addr.Name(), from, q.To)
	default:
		err = fmt.Errorf("a %s has no schedule", q.Addr.Kind())
	}
	if missing := (*link.NotFoundError)(nil); errors.As(err, &missing) {
		return journey.PlanResult{}, nil
	}
	if err != nil {
		return journey.PlanResult{}, fmt.Errorf("planning %s: %w", q.Addr, err)
	}
	return result, nil
}

// from is where a tick's window begins: the first one's when the resource went
// live, and none's before the catch-up window.
func (s *Service) from(ctx context.Context, q journey.PlanRequest) (time.Time, error) {
	from, earliest := q.From, q.To.Add(-s.CatchUp)
	if from.IsZero() {
		applied, err := s.appliedAt(ctx, q.Addr)
		if err != nil {
			return time.Time{}, err
		}
		from = applied
	}
	if from.Before(earliest) {
		return earliest, nil
	}
	return from, nil
}

// appliedAt is when the present definition of a resource went live; zero where
// there is none.
func (s *Service) appliedAt(ctx context.Context, a addr.Addr) (time.Time, error) {
	var at time.Time
	err := s.Store.View(ctx, func(r store.Reader) error {
		found, err := r.Live()
		for _, resource := range found.Resources {
			if resource.Addr == a {
				at = resource.AppliedAt
			}
		}
		return err
	})
	return at, err
}
