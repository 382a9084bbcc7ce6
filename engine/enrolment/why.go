package enrolment

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/explain"
	"github.com/herald-campaigns/herald/engine/store"
)

// movesTold is how many moves an explanation goes back.
const movesTold = 20

// Explain says why a person is in a segment or is not, when that changes by itself,
// and how it came about. The error is a *link.NotFoundError for a segment, or
// store.ErrNotFound for a person, that there is not.
func (s *Service) Explain(ctx context.Context, person int64, segment string) (*explain.Explanation, error) {
	schema := s.Live.Schema()
	out, err := s.explain(ctx, schema, person, segment)
	if err != nil {
		return nil, fmt.Errorf("explaining segment.%s: %w", segment, err)
	}
	return out, nil
}

func (s *Service) explain(ctx context.Context, schema *audience.Schema, person int64, label string) (out *explain.Explanation, err error) {
	segment, err := schema.Project().Segment(label)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	err = s.Store.View(ctx, func(r store.Reader) error {
		event, change, err := r.Heads()
		if err != nil {
			return err
		}
		x := &records{}
		if err := x.Use(ctx, schema); err != nil {
			return err
		}
		if err := x.Advance(r, event, change); err != nil {
			return err
		}
		subject := x.ask(person, now)
		if subject == nil {
			if x.failed != nil {
				return x.failed
			}
			return fmt.Errorf("person %d: %w", person, store.ErrNotFound)
		}
		moves, err := r.MovesOf(person, label, movesTold)
		if err != nil {
			return err
		}
		clock := Index(x) // an index knows the instants exactly
		if s.Index != nil {
			clock = s.Index
		}
		out, err = explain.New(schema.Project()).Explain(explain.Question{
			Segment: label, Person: subject, Now: now, Next: changesAt(clock, segment.When, person, now), Moves: moves,
			Event: func(seq int64) (store.Event, bool) {
				e, err := r.Event(seq)
				return e, err == nil
			},
		})
		return err
	})
	return out, err
}

// changesAt is when an answer changes with no news, as far as can be seen in some
// hundred instants; zero where it does not.
func changesAt(x Index, when *expr.Checked, person int64, now time.Time) time.Time {
	ask := []*expr.Checked{when}
	var is, then [1]expr.Truth
	x.TestEach(person, ask, now, is[:])
	at, ok := nextOf(x, person, ask, now)
	for range maxInstants {
		if !ok {
			break
		}
		if x.TestEach(person, ask, at, then[:]); (then[0] == expr.True) != (is[0] == expr.True) {
			return at
		}
		at, ok = nextOf(x, person, ask, at)
	}
	return time.Time{}
}
