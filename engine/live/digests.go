package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// known is a journey's definition, and its program.
type known struct {
	def     *campaign.Journey
	program *journey.Program
}

// Journey links a journey by digest against the live project: the present
// definition, or an older one that people are still on their way through.
func (h *Holder) Journey(ctx context.Context, digest campaign.Digest) (*link.Journey, error) {
	k, err := h.know(ctx, digest)
	if err != nil {
		return nil, err
	}
	rev := h.current.Load()
	project := rev.schema.Project()
	if r, ok := project.Resource(k.def.Address()); ok && r.Digest == digest {
		return project.Journey(k.def.Name)
	}
	rev.mu.Lock()
	defer rev.mu.Unlock()
	j, ok := rev.older[digest]
	if !ok {
		j = project.LinkJourney(k.def, digest)
		rev.older[digest] = j
		for _, broken := range j.Broken {
			h.log.WarnContext(ctx, "an old definition no longer fits the model: what its expression asks is unknown",
				"journey", k.def.Name, "revision", digest.Short(), "error", broken)
		}
	}
	return j, nil
}

// Program finds a compiled journey by digest, from memory, so that workflow code
// may ask. One that is not there is read by Run, and is there soon after.
func (h *Holder) Program(digest campaign.Digest) (*journey.Program, error) {
	h.mu.Lock()
	k, ok := h.known[digest]
	h.mu.Unlock()
	if ok {
		return k.program, nil
	}
	select {
	case h.wanted <- digest:
	default: // many are wanted; who asks will ask again
	}
	return nil, fmt.Errorf("the journey definition %s is not loaded yet", digest.Short())
}

// preload reads the definitions that runs will ask for: those that are live, and
// those that people are under way through. What cannot be read is said; it stops
// those runs and nothing else.
func (h *Holder) preload(ctx context.Context, project *link.Project) error {
	digests, err := h.underWay(ctx)
	if err != nil {
		return err
	}
	for _, name := range project.Names("journey") {
		if r, ok := project.Resource(addr.New("journey", name)); ok {
			digests = append(digests, r.Digest)
		}
	}
	slices.Sort(digests)
	for _, digest := range slices.Compact(digests) {
		if _, err := h.know(ctx, digest); err != nil {
			h.log.ErrorContext(ctx, "a journey cannot run", "error", err)
		}
	}
	return nil
}

func (h *Holder) underWay(ctx context.Context) ([]campaign.Digest, error) {
	var digests []campaign.Digest
	err := h.store.View(ctx, func(r store.Reader) error {
		counts, err := r.StepCounts()
		for _, c := range counts {
			if c.Outcome == "" {
				digests = append(digests, c.Definition)
			}
		}
		return err
	})
	return digests, err
}

// know finds a definition, in memory or in the store.
func (h *Holder) know(ctx context.Context, digest campaign.Digest) (known, error) {
	h.mu.Lock()
	k, ok := h.known[digest]
	h.mu.Unlock()
	if ok {
		return k, nil
	}
	k, err := h.read(ctx, digest)
	if err != nil {
		return known{}, fmt.Errorf("the journey definition %s: %w", digest.Short(), err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known[digest] = k
	return k, nil
}

func (h *Holder) read(ctx context.Context, digest campaign.Digest) (known, error) {
	var stored store.Definition
	err := h.store.View(ctx, func(r store.Reader) (err error) {
		stored, err = r.Definition(digest)
		return err
	})
	if err != nil {
		return known{}, err
	}
	def, err := campaign.Decode("journey", stored.Body)
	if err != nil {
		return known{}, err
	}
	j, ok := def.(*campaign.Journey)
	if !ok {
		return known{}, fmt.Errorf("it is a %T", def)
	}
	program, err := journey.Compile(j)
	return known{j, program}, err
}
