package impact

import (
	"context"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/store"
)

// unfit counts, for each type that becomes narrower, the stored values that do
// not fit it any more. Types that become wider cost nothing.
func (c *count) unfit(ctx context.Context) ([]plan.Unfit, error) {
	narrowed := map[string][]*narrow{} // by label of the event; "" for the profile
	var all []*narrow
	for _, change := range campaign.SchemaChanges(c.resources, c.rev.Resources) {
		if change.Effect != campaign.Narrowed {
			continue
		}
		n := &narrow{SchemaChange: change}
		label := ""
		if change.Addr.Kind() == "event" {
			label = change.Addr.Name()
		}
		narrowed[label], all = append(narrowed[label], n), append(all, n)
	}
	if len(all) == 0 {
		return nil, nil
	}
	err := c.Store.View(ctx, func(r store.Reader) error {
		if err := countAttributes(ctx, r, narrowed[""]); err != nil {
			return err
		}
		delete(narrowed, "")
		return countProperties(ctx, r, narrowed)
	})
	if err != nil {
		return nil, err
	}
	var out []plan.Unfit
	for _, n := range all {
		if n.values > 0 {
			out = append(out, n.told())
		}
	}
	return out, nil
}

// narrow is one type that becomes narrower, and the values that were met.
type narrow struct {
	campaign.SchemaChange
	values int // that do not fit
}

func (n *narrow) told() plan.Unfit {
	u := plan.Unfit{Where: n.Addr, Name: n.Field, Before: n.Before.String(), After: n.After.String(), Values: n.values, Stay: n.Before.Equal(n.After)}
	if len(n.OneOf) > 0 {
		u.After += " (one of " + strings.Join(n.OneOf, ", ") + ")"
	}
	return u
}

func (n *narrow) meet(values map[string]any) {
	if v := values[n.Field]; v != nil && !n.Fits(v) {
		n.values++
	}
}

// lookEvery is after how many rows it is looked whether somebody still waits.
const lookEvery = 10_000

func countAttributes(ctx context.Context, r store.Reader, narrowed []*narrow) error {
	if len(narrowed) == 0 {
		return nil
	}
	seen := 0
	return r.EachRecord(0, store.Need{}, func(record *store.Record) error {
		if seen++; seen%lookEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, n := range narrowed {
			n.meet(record.Attributes)
		}
		return nil
	})
}

func countProperties(ctx context.Context, r store.Reader, narrowed map[string][]*narrow) error {
	if len(narrowed) == 0 {
		return nil
	}
	need := store.Need{Properties: map[string][]string{}}
	for label, list := range narrowed {
		need.Events = append(need.Events, label)
		for _, n := range list {
			need.Properties[label] = append(need.Properties[label], n.Field)
		}
	}
	seen := 0
	return r.EachEvent(0, need, func(e *store.Event) error {
		if seen++; seen%lookEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, n := range narrowed[e.Name] {
			n.meet(e.Properties)
		}
		return nil
	})
}
