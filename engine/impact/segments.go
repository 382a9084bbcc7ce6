package impact

import (
	"context"
	"maps"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/plan"
)

// sampleSize is how many of those who enter, and of those who leave, are named.
const sampleSize = 3

// segments evaluates each changed segment as it is live and as it would be.
func (c *count) segments(ctx context.Context) (map[string]plan.SegmentEffect, error) {
	names := slices.Sorted(maps.Keys(c.changed))
	if len(names) == 0 {
		return nil, nil
	}
	was, err := c.before.selectAll(ctx, names, c)
	if err != nil {
		return nil, err
	}
	will, err := c.after.selectAll(ctx, names, c)
	if err != nil {
		return nil, err
	}
	out := make(map[string]plan.SegmentEffect, len(names))
	for _, name := range names {
		d := audience.Compare(was[name], will[name])
		effect := plan.SegmentEffect{
			Because: c.changed[name], Spelling: c.spelling(name), Before: d.Before, After: d.After,
			Enters: len(d.Enters), Leaves: len(d.Leaves), Stays: d.Stays, Unknown: d.Unknown,
		}
		if effect.Sample, err = c.sample(ctx, name, d); err != nil {
			return nil, err
		}
		out[name] = effect
	}
	return out, nil
}

// selectAll evaluates the named segments that a project has, in one pass.
func (s side) selectAll(ctx context.Context, names []string, c *count) (map[string]audience.Selection, error) {
	var present []string
	var conditions []*expr.Checked
	for _, name := range names {
		if !slices.Contains(s.project.Names("segment"), name) {
			continue
		}
		segment, err := s.project.Segment(name)
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
	selections, err := s.asker.SelectMany(ctx, conditions, c.now)
	if err != nil {
		return nil, err
	}
	for i, name := range present {
		out[name] = selections[i]
	}
	return out, nil
}

// spelling reports whether a segment's own condition is written otherwise and
// means the same.
func (c *count) spelling(name string) bool {
	if c.change("segment", name) == nil {
		return false
	}
	before, err := c.before.project.Segment(name)
	if err != nil {
		return false // it is new
	}
	after, err := c.after.project.Segment(name)
	return err == nil && before.When.Text() != after.When.Text() && before.When.Meaning() == after.When.Meaning()
}

// backfills counts who is inside the segments of new journeys that begin with
// everybody who is there.
func (c *count) backfills(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	for _, change := range c.plan.Changes {
		j, ok := change.Resource.Def.(*campaign.Journey)
		if !ok || change.Action != plan.Create || j.Trigger.Segment == nil || !j.Trigger.Segment.Backfill {
			continue
		}
		segment, err := c.after.project.Segment(j.Trigger.Segment.Segment)
		if err != nil {
			return nil, err
		}
		inside, err := c.after.asker.Select(ctx, segment.When, c.now)
		if err != nil {
			return nil, err
		}
		out[j.Name] = len(inside.Yes)
	}
	return out, nil
}

// broadcasts counts whom each new or changed broadcast would reach.
func (c *count) broadcasts(ctx context.Context) (map[string]plan.BroadcastEffect, error) {
	out := map[string]plan.BroadcastEffect{}
	for _, change := range c.plan.Changes {
		def, ok := change.Resource.Def.(*campaign.Broadcast)
		if !ok {
			continue
		}
		broadcast, err := c.after.project.Broadcast(def.Name)
		if err != nil {
			return nil, err
		}
		message, err := c.after.project.Message(def.Message)
		if err != nil {
			return nil, err
		}
		topic := message.Def.Topic
		if t, ok := c.after.project.Topic(topic); ok && t.Transactional {
			topic = ""
		}
		reach, err := c.after.asker.Reach(ctx, broadcast.Audience, topic, message.Def.Channel, c.now)
		if err != nil {
			return nil, err
		}
		out[def.Name] = plan.BroadcastEffect{
			Matched: reach.Matched, Consented: reach.Consented, Reachable: reach.Deliverable, Unknown: reach.Unknown,
		}
	}
	return out, nil
}
