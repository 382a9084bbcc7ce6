package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// ErrTooLarge says that a batch is larger than MaxBatch.
var ErrTooLarge = fmt.Errorf("the batch is larger than %d KB", MaxBatch>>10)

// Status is what became of a call.
type Status string

// The statuses.
const (
	Accepted  Status = "accepted"
	Duplicate Status = "duplicate" // an event with its messageId was there already
	Rejected  Status = "rejected"
)

// Result is what became of a call.
type Result struct {
	Status   Status
	Reason   string   // of a rejected one
	Warnings []string // what was left out of an accepted one
	Person   int64    // whom it is about; 0 when rejected
	Event    int64    // Seq of the event that it told of; 0 when it is none, or no news
}

// The sources of what comes by a call.
const (
	api     = "api"
	browser = "browser" // with the key that stands in a shop's pages
)

// Take stores calls, all in one transaction, and returns a Result for each.
// What is refused is kept for repair. An error means that nothing was stored:
// the same calls may be sent again.
func (in *Intake) Take(ctx context.Context, calls []Call) ([]Result, error) {
	size := 0
	for i := range calls {
		size += len(calls[i].raw)
	}
	if size > MaxBatch {
		return nil, ErrTooLarge
	}
	now := in.now().UTC()
	words := in.vocabulary()
	items := make([]item, len(calls))
	for i := range calls {
		items[i].call = &calls[i]
		items[i].draft, items[i].problem = words.call(&calls[i], origin{source: api, received: now})
	}
	var results []Result
	err := in.store.Update(ctx, func(tx store.Tx) error {
		results = make([]Result, len(calls))
		return shelve(tx, items, results, sourceOf(calls), now)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// sourceOf is what the calls of one request came by.
func sourceOf(calls []Call) string {
	if len(calls) > 0 && calls[0].Public {
		return browser
	}
	return api
}

func shelve(tx store.Tx, items []item, results []Result, source string, now time.Time) error {
	s := newShelf(tx, origin{source: source, received: now})
	for i, it := range items {
		if err := s.put(it, &results[i]); err != nil {
			return err
		}
	}
	return s.close()
}
