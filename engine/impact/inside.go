package impact

import (
	"context"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/store"
)

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
