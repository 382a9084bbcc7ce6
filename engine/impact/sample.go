package impact

import (
	"context"

	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/explain"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/store"
)

// sample names some of those who move, and says what the condition finds of them
// as it will be.
func (c *count) sample(ctx context.Context, name string, d audience.Difference) ([]plan.Sample, error) {
	var out []plan.Sample
	for _, id := range audience.Sample(d.Enters, sampleSize) {
		out = append(out, plan.Sample{Person: id, Enters: true})
	}
	for _, id := range audience.Sample(d.Leaves, sampleSize) {
		out = append(out, plan.Sample{Person: id})
	}
	segment, err := c.after.project.Segment(name)
	if err != nil || len(out) == 0 || personal(c.after.project, segment) {
		return out, nil //nolint:nilerr // a segment that is no more finds nothing
	}
	why := explain.New(c.after.project)
	schema := audience.NewSchema(c.after.project)
	need := audience.NeedOf(c.after.project, segment.When.Reads())
	err = c.Store.View(ctx, func(r store.Reader) error {
		for i := range out {
			records, err := r.Records([]int64{out[i].Person}, need)
			if err != nil || len(records) == 0 {
				return err
			}
			out[i].Why = decisive(why.Findings(audience.PersonOf(schema, &records[0], c.now), segment.When, c.now))
		}
		return nil
	})
	return out, err
}

// decisive is the first comparison that a condition hangs on, in words; "" where
// it hangs on none.
func decisive(found []explain.Finding) string {
	for i := range found {
		f := &found[i]
		if !f.Decides {
			continue
		}
		if f.Op != "" {
			return f.Sentence()
		}
		if why := decisive(f.Parts); why != "" {
			return why
		}
	}
	return ""
}

// personal reports whether a condition looks at what is personal data: a plan does
// not tell that.
func personal(p *link.Project, s *link.Segment) bool {
	reads := p.Closure(s.When.Reads())
	for _, a := range p.Profile().Attributes {
		for _, name := range reads.Attributes {
			if a.Name == name && (a.PII || name == "id") {
				return true
			}
		}
	}
	return false
}
