// Package impact counts what a plan does to people: it asks the audience and
// the journeys under way, and hands the plan its Facts.
//
// Enters: a Plan, its Revision, the Snapshot, the store, an instant. Leaves:
// numbers, and a few indices as a sample. Refused: changing anything.
package impact

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
)

// sampleSize is how many of the people who enter a segment are named.
const sampleSize = 5

// Count completes p with numbers about people at the instant now. A plan that
// touches no people costs nothing.
func Count(ctx context.Context, s store.Store, p *plan.Plan, rev *campaign.Revision, live *state.Snapshot, now time.Time) error {
	if len(p.Changes) == 0 {
		return nil
	}
	after, err := link.Link(rev.Resources, rev.Settings, rev.Environment)
	if err != nil {
		return err
	}
	facts := plan.Facts{At: now}
	if facts.Segments, err = segments(ctx, s, p, rev, live, after, now); err != nil {
		return fmt.Errorf("counting people: %w", err)
	}
	if facts.Broadcasts, err = broadcasts(ctx, s, p, after, now); err != nil {
		return fmt.Errorf("counting recipients: %w", err)
	}
	if facts.Inside, err = inside(ctx, s); err != nil {
		return fmt.Errorf("counting people under way: %w", err)
	}
	p.AddPeople(rev, facts)
	return nil
}

// segments evaluates each changed segment as it is live and as it would be.
func segments(ctx context.Context, s store.Store, p *plan.Plan, rev *campaign.Revision, live *state.Snapshot, after *link.Project, now time.Time) (map[string]plan.SegmentEffect, error) {
	changed := plan.ChangedSegments(p, rev, live)
	if len(changed) == 0 {
		return nil, nil
	}
	resources, err := live.Campaign()
	if err != nil {
		return nil, err
	}
	before, err := link.Link(resources, live.Settings, live.Environment)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(changed))
	for name := range changed {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	was, err := selectAll(ctx, s, before, names, now)
	if err != nil {
		return nil, err
	}
	will, err := selectAll(ctx, s, after, names, now)
	if err != nil {
		return nil, err
	}
	out := make(map[string]plan.SegmentEffect, len(names))
	for _, name := range names {
		d := audience.Compare(was[name], will[name])
		out[name] = plan.SegmentEffect{
			Because: changed[name], Before: d.Before, After: d.After, Enters: len(d.Enters), Leaves: len(d.Leaves),
			Unknown: d.Unknown, Sample: audience.Sample(d.Enters, sampleSize),
		}
	}
	return out, nil
}

// selectAll evaluates the named segments that a project has, in one scan.
func selectAll(ctx context.Context, s store.Store, project *link.Project, names []string, now time.Time) (map[string]audience.Selection, error) {
	var present []string
	var conditions []*expr.Checked
	for _, name := range names {
		if !slices.Contains(project.Names("segment"), name) {
			continue
		}
		segment, err := project.Segment(name)
		if err != nil {
			return nil, err
		}
		present = append(present, name)
		conditions = append(conditions, segment.When)
	}
	out := make(map[string]audience.Selection, len(names))
	if len(present) == 0 {
		return out, nil
	}
	selections, err := audience.NewScan(s, project).SelectMany(ctx, conditions, now)
	if err != nil {
		return nil, err
	}
	for i, name := range present {
		out[name] = selections[i]
	}
	return out, nil
}

// broadcasts counts whom each new or changed broadcast would reach.
func broadcasts(ctx context.Context, s store.Store, p *plan.Plan, after *link.Project, now time.Time) (map[string]plan.BroadcastEffect, error) {
	out := map[string]plan.BroadcastEffect{}
	scan := audience.NewScan(s, after)
	for _, c := range p.Changes {
		def, ok := c.Resource.Def.(*campaign.Broadcast)
		if !ok {
			continue
		}
		broadcast, err := after.Broadcast(def.Name)
		if err != nil {
			return nil, err
		}
		message, err := after.Message(def.Message)
		if err != nil {
			return nil, err
		}
		topic := message.Def.Topic
		if t, ok := after.Topic(topic); ok && t.Transactional {
			topic = ""
		}
		reach, err := scan.Reach(ctx, broadcast.Audience, topic, message.Def.Channel, now)
		if err != nil {
			return nil, err
		}
		out[def.Name] = plan.BroadcastEffect{
			Matched: reach.Matched, Consented: reach.Consented, Reachable: reach.Deliverable, Unknown: reach.Unknown,
		}
	}
	return out, nil
}

// inside counts the people under way in each journey, by step.
func inside(ctx context.Context, s store.Store) (map[string][]plan.StepPeople, error) {
	var counts []store.StepCount
	err := s.View(ctx, func(r store.Reader) (err error) {
		counts, err = r.StepCounts()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := map[string][]plan.StepPeople{}
	for _, c := range counts {
		if c.Outcome != "" || c.People == 0 {
			continue
		}
		steps := out[c.Journey]
		i := slices.IndexFunc(steps, func(s plan.StepPeople) bool { return s.Step == c.Step })
		if i < 0 {
			steps, i = append(steps, plan.StepPeople{Step: c.Step}), len(steps)
		}
		steps[i].People += int(c.People)
		out[c.Journey] = steps
	}
	for _, steps := range out {
		slices.SortFunc(steps, func(a, b plan.StepPeople) int { return strings.Compare(a.Step, b.Step) })
	}
	return out, nil
}
