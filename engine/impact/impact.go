// Package impact counts what a plan does to people: it asks the audience and
// the journeys under way, and hands the plan its Facts.
//
// By role:
//   - the whole: Count, over a Base
//   - changed segments: who enters, leaves and stays, with a sample
//   - what reads them: content, branches, exits and audiences, and whom that moves
//   - broadcasts that change: whom they would reach
//   - narrower types: how many stored values no longer fit
//
// Enters: a Plan, its Revision, the Snapshot, the store, an instant. Leaves:
// numbers, and a few indices as a sample. Refused: changing anything.
package impact

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
)

// Asker answers conditions of one project over everybody.
type Asker interface {
	audience.Evaluator
	// Reach counts whom a message would reach; topic is "" for a transactional one.
	Reach(ctx context.Context, condition *expr.Checked, topic, channel string, now time.Time) (audience.Reach, error)
}

// Base is what is counted over.
type Base struct {
	Store store.Store
	// Ask returns an Asker for a project; nil: by reading the record.
	Ask func(*link.Project) Asker
}

func (b Base) ask(p *link.Project) Asker {
	if b.Ask == nil {
		return audience.NewScan(b.Store, p)
	}
	return b.Ask(p)
}

// Count completes p with numbers about people at the instant now. A plan that
// touches no people costs nothing.
func Count(ctx context.Context, base Base, p *plan.Plan, rev *campaign.Revision, live *state.Snapshot, now time.Time) error {
	if len(p.Changes) == 0 {
		return nil
	}
	c, err := newCount(base, p, rev, live, now)
	if err != nil {
		return err
	}
	facts := plan.Facts{At: now}
	if facts.Segments, err = c.segments(ctx); err != nil {
		return fmt.Errorf("counting people: %w", err)
	}
	if facts.Broadcasts, err = c.broadcasts(ctx); err != nil {
		return fmt.Errorf("counting recipients: %w", err)
	}
	if facts.Backfills, err = c.backfills(ctx); err != nil {
		return fmt.Errorf("counting who enters new journeys: %w", err)
	}
	if facts.Ripples, err = c.ripples(ctx); err != nil {
		return fmt.Errorf("counting what follows from changed segments: %w", err)
	}
	if facts.Unfit, err = c.unfit(ctx); err != nil {
		return fmt.Errorf("counting values that no longer fit: %w", err)
	}
	if facts.Inside, err = inside(ctx, base.Store); err != nil {
		return fmt.Errorf("counting people under way: %w", err)
	}
	p.AddPeople(rev, facts)
	return nil
}

// side is a project as it is live, or as it would be.
type side struct {
	project *link.Project
	asker   Asker
}

// count is one Count at work.
type count struct {
	Base
	plan      *plan.Plan
	rev       *campaign.Revision
	live      *state.Snapshot
	now       time.Time
	resources []campaign.Resource // as they are live
	changed   map[string][]string // segments whose meaning changes, and what it comes from
	before    side
	after     side
}

func newCount(base Base, p *plan.Plan, rev *campaign.Revision, live *state.Snapshot, now time.Time) (*count, error) {
	c := &count{Base: base, plan: p, rev: rev, live: live, now: now, changed: plan.ChangedSegments(p, rev, live)}
	var err error
	if c.resources, err = live.Campaign(); err != nil {
		return nil, err
	}
	if c.before.project, err = link.Link(c.resources, live.Settings, live.Environment); err != nil {
		return nil, err
	}
	if c.after.project, err = link.Link(rev.Resources, rev.Settings, rev.Environment); err != nil {
		return nil, err
	}
	c.before.asker, c.after.asker = base.ask(c.before.project), base.ask(c.after.project)
	return c, nil
}

// change is the Change of one resource; nil where it stays.
func (c *count) change(kind, name string) *plan.Change {
	for i := range c.plan.Changes {
		if a := c.plan.Changes[i].Addr; a.Kind() == kind && a.Name() == name {
			return &c.plan.Changes[i]
		}
	}
	return nil
}
