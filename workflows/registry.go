package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
)

// ErrUnknownDefinition says that this worker has not got a definition (yet).
var ErrUnknownDefinition = errors.New("this worker does not have the definition yet")

// Registry is the Definitions of a worker: programs in memory, which it loads
// when they are first asked for. Definitions never change, so that it only grows,
// by a few kilobytes each.
type Registry struct {
	load func(ctx context.Context, digest campaign.Digest) (*campaign.Journey, error)
	log  *slog.Logger

	mu       sync.Mutex
	programs map[campaign.Digest]*journey.Program
	loading  map[campaign.Digest]chan struct{} // closed when a load has ended
}

const (
	loadTimeout = 10 * time.Second
	// patience is how long workflow code waits for a load: less than the second
	// after which the SDK takes it for dead, and long enough that a definition which
	// is there costs no second attempt, which the server makes ten seconds later.
	patience = 600 * time.Millisecond
)

// NewRegistry returns an empty registry over load, which reads one definition
// from the record. A nil log is none.
func NewRegistry(load func(ctx context.Context, digest campaign.Digest) (*campaign.Journey, error), log *slog.Logger) *Registry {
	return &Registry{load: load, log: or(log, slog.New(slog.DiscardHandler)),
		programs: map[campaign.Digest]*journey.Program{}, loading: map[campaign.Digest]chan struct{}{}}
}

// Preload loads the definitions that are live, before a worker begins to poll.
func (r *Registry) Preload(ctx context.Context, digests ...campaign.Digest) error {
	for _, d := range digests {
		if _, err := r.add(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// Program answers from memory. What it lacks it begins to load, and waits for a
// moment.
func (r *Registry) Program(digest campaign.Digest) (*journey.Program, error) {
	p, loaded := r.known(digest)
	if p != nil {
		return p, nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-loaded:
	case <-timer.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := r.programs[digest]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("journey %s: %w", digest.Short(), ErrUnknownDefinition)
}

// known returns a program, or what is closed when its load has ended.
func (r *Registry) known(digest campaign.Digest) (*journey.Program, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := r.programs[digest]; ok {
		return p, nil
	}
	loaded, ok := r.loading[digest]
	if !ok {
		loaded = make(chan struct{})
		r.loading[digest] = loaded
		go r.fetch(digest, loaded)
	}
	return nil, loaded
}

func (r *Registry) fetch(digest campaign.Digest, loaded chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	if _, err := r.add(ctx, digest); err != nil {
		r.log.Warn("a run waits for a definition that cannot be loaded", "definition", digest.Short(), "error", scrub(err.Error()))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.loading, digest)
	close(loaded)
}

func (r *Registry) add(ctx context.Context, digest campaign.Digest) (*journey.Program, error) {
	j, err := r.load(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("load definition %s: %w", digest.Short(), err)
	}
	p, err := journey.Compile(j)
	if err != nil {
		return nil, fmt.Errorf("definition %s: %w", digest.Short(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.programs[digest] = p
	return p, nil
}
