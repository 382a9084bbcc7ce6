package enrolment

import (
	"context"
	"errors"
	"fmt"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// EndRun closes an issue of a broadcast whose recipients have all been sent to.
// It may be repeated.
func (s *Service) EndRun(ctx context.Context, q journey.EndRunRequest) error {
	err := s.Store.Update(ctx, func(tx store.Tx) error { return tx.EndRun(q.Run, q.At) })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("end of %s: %w", q.Run, err)
	}
	return nil
}
