// Package live holds the project that is live, linked and ready, and follows the
// store when an apply changes it.
//
// Enters: a store. Leaves: the present link.Project and audience.Schema, and
// journeys and programs by digest, for people who are on their way through older
// definitions. Refused: changing what is live, which is apply's.
//
// A definition never changes under its digest, so what is kept by digest is kept
// for good. Whoever needs two things of one project takes the Schema once and
// asks it for both.
package live

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// Holder follows what is live. It is safe for concurrent use.
type Holder struct {
	store store.Store
	log   *slog.Logger

	current atomic.Pointer[revision]
	loading sync.Mutex           // one load at a time
	wanted  chan campaign.Digest // definitions that Program has missed

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	known   map[campaign.Digest]known
}

// revision is the project at one serial.
type revision struct {
	serial int64
	schema *audience.Schema

	mu    sync.Mutex
	older map[campaign.Digest]*link.Journey // against this project
}

// Open loads what is live. A nil log is silent.
func Open(ctx context.Context, s store.Store, log *slog.Logger) (*Holder, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	h := &Holder{
		store:   s,
		log:     log,
		wanted:  make(chan campaign.Digest, 64),
		changed: make(chan struct{}),
		known:   map[campaign.Digest]known{},
	}
	if err := h.Refresh(ctx); err != nil {
		return nil, err
	}
	return h, nil
}

// Current is the live project.
func (h *Holder) Current() *link.Project { return h.Schema().Project() }

// Schema is the live project, prepared for asking people.
func (h *Holder) Schema() *audience.Schema { return h.current.Load().schema }

// Serial is the store's serial of the live project.
func (h *Holder) Serial() int64 { return h.current.Load().serial }

// Revision is the live project together with its serial.
func (h *Holder) Revision() (*audience.Schema, int64) {
	rev := h.current.Load()
	return rev.schema, rev.serial
}

// Changed is closed when another project has become live.
func (h *Holder) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

// DefaultPoll is how often Run looks for changes, in wall time.
const DefaultPoll = 250 * time.Millisecond

// Run follows the store until ctx is done. A project that cannot be read is
// logged, and the one before stays live; poll 0 is DefaultPoll.
func (h *Holder) Run(ctx context.Context, poll time.Duration) error {
	if poll <= 0 {
		poll = DefaultPoll
	}
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	failed := ""
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case digest := <-h.wanted:
			if _, err := h.know(ctx, digest); err != nil {
				h.log.WarnContext(ctx, "a run waits for a definition that cannot be read", "error", err)
			}
		case <-ticker.C:
			err := h.Refresh(ctx)
			switch {
			case err == nil:
				failed = ""
			case ctx.Err() == nil && err.Error() != failed:
				failed = err.Error()
				h.log.ErrorContext(ctx, "the live project cannot be read; the one before stays", "error", err)
			}
		}
	}
}

// Refresh reads what is live if it has changed.
func (h *Holder) Refresh(ctx context.Context) error {
	h.loading.Lock()
	defer h.loading.Unlock()
	have := h.current.Load()
	var found store.Live
	same := false
	err := h.store.View(ctx, func(r store.Reader) error {
		serial, err := r.LiveSerial()
		if err != nil {
			return err
		}
		if same = have != nil && have.serial == serial; same {
			return nil
		}
		found, err = r.Live()
		return err
	})
	if err != nil || same {
		return wrap(err)
	}
	return wrap(h.adopt(ctx, found))
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("reading what is live: %w", err)
	}
	return nil
}

// Link links what a store says is live.
func Link(found store.Live) (*link.Project, error) {
	resources := make([]campaign.Resource, len(found.Resources))
	for i, r := range found.Resources {
		resources[i] = campaign.Resource{Addr: r.Addr, Digest: r.Digest, Body: r.Body, DependsOn: r.DependsOn}
	}
	return link.Link(resources, found.Settings, found.Environment)
}

// adopt links what was found and makes it current.
func (h *Holder) adopt(ctx context.Context, found store.Live) error {
	project, err := Link(found)
	if err != nil {
		return err
	}
	if err := h.preload(ctx, project); err != nil {
		return err
	}
	h.current.Store(&revision{serial: found.Serial, schema: audience.NewSchema(project), older: map[campaign.Digest]*link.Journey{}})
	h.mu.Lock()
	close(h.changed)
	h.changed = make(chan struct{})
	h.mu.Unlock()
	h.log.InfoContext(ctx, "live project", "serial", found.Serial, "resources", len(found.Resources), "environment", found.Environment.Name)
	return nil
}
