package server

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/engine/report"
	"github.com/herald-campaigns/herald/engine/store"
)

// figures are the counts that the live page shows. Counting reads whole tables,
// and the page asks every two seconds, from each window that is open: one count
// serves all of them, and the next waits for longer the longer the last one took.
type figures struct {
	wall func() time.Time

	mu   sync.Mutex // held while counting
	last *count
	due  time.Time // until then, last will do
}

// count is what was counted at one time.
type count struct {
	Rows      []report.Row
	Purchases bool // whether Rows tell of them
	Steps     []store.StepCount
	Sends     []store.CampaignCount
}

const (
	freshFor = time.Second // at least
	rest     = 9           // times as long as counting took: a tenth of a core at most
	// maxScanned is how many people's orders are looked through for purchases.
	maxScanned = 50_000
)

// get returns the last count, or counts anew when that is due.
func (f *figures) get(ctx context.Context, fresh func(context.Context) (*count, error)) (*count, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	start := f.wall()
	if f.last != nil && start.Before(f.due) {
		return f.last, nil
	}
	c, err := fresh(ctx)
	if err != nil {
		return nil, err
	}
	end := f.wall()
	f.last, f.due = c, end.Add(max(freshFor, rest*end.Sub(start)))
	return c, nil
}

// count reads the figures from the store.
func (s *server) count(ctx context.Context) (*count, error) {
	c := &count{}
	var people int64
	err := s.Store.View(ctx, func(r store.Reader) (err error) {
		if people, err = r.CountPeople(); err != nil {
			return err
		}
		if c.Steps, err = r.StepCounts(); err != nil {
			return err
		}
		c.Sends, err = r.CampaignCounts()
		return err
	})
	if err != nil {
		return nil, err
	}
	var opts report.Options
	if people <= maxScanned && slices.Contains(s.Live.Current().Names("event"), purchase) {
		opts.Purchase, c.Purchases = purchase, true
	}
	c.Rows, err = report.Build(ctx, s.Store, opts)
	return c, err
}

// purchase is the event that the page counts as one, by the name that the Segment
// specification gives it.
const purchase = "order_completed"
