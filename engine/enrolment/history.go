package enrolment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// historyLease is held while history is brought in; historyFor is how long it
// outlives an import that was killed, in wall time.
const (
	historyLease = "history"
	historyFor   = time.Minute
)

// ErrBringing says that somebody else is bringing history in.
var ErrBringing = errors.New("another import is at work: wait for its end")

// History is an import that sets nothing off, of which there is one at a time. What
// it brings is marked (store.Event.Imported, store.Change.Quietly): it moves people
// into segments and out of them, and fires no trigger.
type History struct {
	store store.Store
	owner string
}

// OpenHistory begins to bring history in. Close it.
func OpenHistory(ctx context.Context, s store.Store, owner string) (*History, error) {
	h := &History{store: s, owner: owner}
	if err := h.Renew(ctx); err != nil {
		return nil, fmt.Errorf("bringing history in: %w", err)
	}
	return h, nil
}

// Renew is to be called now and then while rows come in.
func (h *History) Renew(ctx context.Context) error {
	return h.store.Update(ctx, func(tx store.Tx) error {
		now := time.Now()
		got, err := tx.Acquire(historyLease, h.owner, now, now.Add(historyFor))
		if err == nil && !got {
			err = ErrBringing
		}
		return err
	})
}

// Close lets another import begin.
func (h *History) Close(ctx context.Context) error {
	return h.store.Update(ctx, func(tx store.Tx) error { return tx.Release(historyLease, h.owner) })
}
