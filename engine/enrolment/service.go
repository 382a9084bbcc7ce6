package enrolment

import (
	"log/slog"
	"time"

	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
)

// Config is what Service and Dispatcher need. Store and Live are required.
type Config struct {
	Store store.Store
	Live  *live.Holder
	Now   func() time.Time // campaign time; nil: the wall clock
	Log   *slog.Logger     // nil: silent
	// CatchUp is how late an issue of a broadcast, or the return of a date, still
	// starts when ticks were missed; 0 is a day.
	CatchUp time.Duration
	// Index answers conditions for the Dispatcher (and knows when they change, for
	// Explain). The Dispatcher is then the only one that advances it; nil: it reads
	// records.
	Index Index
	// Until is how long the wall clock takes until campaign time reaches t; nil: as
	// long as Now says.
	Until func(t time.Time) time.Duration
	// Owner names this process where leases are held; required by Dispatcher.
	Owner string
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = func() time.Time { return time.Now().UTC() }
	}
	if now := c.Now; c.Until == nil {
		c.Until = func(t time.Time) time.Duration { return max(0, t.Sub(now())) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.CatchUp <= 0 {
		c.CatchUp = 24 * time.Hour
	}
	return c
}

// Service answers what workflows ask. It is safe for concurrent use.
type Service struct{ Config }

// NewService returns a Service.
func NewService(c Config) *Service { return &Service{c.withDefaults()} }
