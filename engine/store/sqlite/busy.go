package sqlite

import (
	"context"
	"math/rand/v2"
	"time"
)

// Two processes take turns at the write lock, which has no queue. Who waits
// looks every busyPoll or so; who has been writing for busySpell without a
// pause leaves a gap of breath, long enough to be found by the other.
const (
	busyPoll  = time.Millisecond
	busySpell = 100 * time.Millisecond
	breath    = 2 * busyPoll
)

// retryBusy calls f until it meets no lock of another process, for as long as
// patience and ctx last.
func retryBusy(ctx context.Context, patience time.Duration, f func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := f()
		if err == nil || !isBusy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyPoll/2 + rand.N(busyPoll)):
		}
	}
}
