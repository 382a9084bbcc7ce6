// Package state owns the Snapshot of what is live: the side of a plan that the
// store answers for.
//
// Enters: store.Live. Leaves: resources by address, decoded when they are
// looked at. Refused: HCL, Temporal.
package state

import (
	"context"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// Snapshot is what is live at one instant.
type Snapshot struct {
	Serial      int64 // grows with every change: a plan made at another serial is stale
	Environment campaign.Environment
	Settings    campaign.Settings
	Resources   []store.LiveResource // by address
	byAddr      map[addr.Addr]int
}

// Load reads the snapshot.
func Load(ctx context.Context, s store.Store) (*Snapshot, error) {
	var live store.Live
	err := s.View(ctx, func(r store.Reader) (err error) {
		live, err = r.Live()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is live: %w", err)
	}
	return New(live), nil
}

// New indexes what a store calls live.
func New(live store.Live) *Snapshot {
	s := &Snapshot{
		Serial: live.Serial, Environment: live.Environment, Settings: live.Settings,
		Resources: slices.Clone(live.Resources), byAddr: make(map[addr.Addr]int, len(live.Resources)),
	}
	slices.SortFunc(s.Resources, func(a, b store.LiveResource) int { return a.Addr.Compare(b.Addr) })
	for i, r := range s.Resources {
		s.byAddr[r.Addr] = i
	}
	return s
}

// Empty reports whether nothing was ever applied.
func (s *Snapshot) Empty() bool { return len(s.Resources) == 0 && s.Environment.Name == "" }

// Resource returns what is live at a.
func (s *Snapshot) Resource(a addr.Addr) (store.LiveResource, bool) {
	i, ok := s.byAddr[a]
	if !ok {
		return store.LiveResource{}, false
	}
	return s.Resources[i], true
}

// Definition decodes what is live at a.
func (s *Snapshot) Definition(a addr.Addr) (campaign.Definition, error) {
	r, ok := s.Resource(a)
	if !ok {
		return nil, fmt.Errorf("%s: %w", a, store.ErrNotFound)
	}
	return campaign.Decode(a.Kind(), r.Body)
}

// Campaign returns all live resources, decoded, in dependency order, as a
// worker links them.
func (s *Snapshot) Campaign() ([]campaign.Resource, error) {
	out := make([]campaign.Resource, 0, len(s.Resources))
	placed := make(map[addr.Addr]bool, len(s.Resources))
	var place func(store.LiveResource) error
	place = func(r store.LiveResource) error {
		if placed[r.Addr] {
			return nil
		}
		placed[r.Addr] = true
		for _, d := range r.DependsOn {
			if dep, ok := s.Resource(d); ok {
				if err := place(dep); err != nil {
					return err
				}
			}
		}
		def, err := campaign.Decode(r.Addr.Kind(), r.Body)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Addr, err)
		}
		out = append(out, campaign.Resource{Addr: r.Addr, Digest: r.Digest, Body: r.Body, Def: def, DependsOn: r.DependsOn})
		return nil
	}
	for _, r := range s.Resources {
		if err := place(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}
