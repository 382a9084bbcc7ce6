package impact

import (
	"context"

	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/plan"
)

// sample names some of those who move.
func (c *count) sample(_ context.Context, _ string, d audience.Difference) ([]plan.Sample, error) {
	var out []plan.Sample
	for _, id := range audience.Sample(d.Enters, sampleSize) {
		out = append(out, plan.Sample{Person: id, Enters: true})
	}
	for _, id := range audience.Sample(d.Leaves, sampleSize) {
		out = append(out, plan.Sample{Person: id})
	}
	return out, nil
}
