package impact

import (
	"context"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/store"
)

// place is where a journey asks conditions that read a changed segment: the
// first of the cases that holds decides.
type place struct {
	name          string
	segments      []string
	before, after *link.Block
}

func exitPlace(before, after *link.Journey, segments []string) place {
	one := func(c *expr.Checked) *link.Block {
		return &link.Block{Cases: []link.Case{{Name: "exit", When: c}, {Name: "stay", Else: true}}}
	}
	return place{"exit_when", segments, one(before.ExitWhen), one(after.ExitWhen)}
}

// branchPlace is a branch as a block: without an else, people fall through.
func (c *count) branchPlace(before, after *link.Journey, s campaign.Step) (place, bool) {
	def, ok := s.(*campaign.Branch)
	if !ok {
		return place{}, false
	}
	was, okBefore := before.Step(def.Name)
	will, okAfter := after.Step(def.Name)
	if !okBefore || !okAfter {
		return place{}, false
	}
	segments := c.changedIn(will.Cases...)
	return place{"branch " + def.Name, segments, branchBlock(was), branchBlock(will)}, len(segments) > 0
}

func branchBlock(s *link.Step) *link.Block {
	b := &link.Block{}
	def, ok := s.Def.(*campaign.Branch)
	if !ok {
		return b
	}
	for i, c := range def.Cases {
		b.Cases = append(b.Cases, link.Case{Name: c.Name, When: s.Cases[i], Else: c.When == nil})
	}
	return b
}

// underWay asks the people within a journey what they would get at each place.
func (c *count) underWay(ctx context.Context, j *link.Journey, places []place) ([]plan.Ripple, error) {
	if len(places) == 0 {
		return nil, nil
	}
	was, err := c.choose(ctx, c.before, j, places, func(p place) *link.Block { return p.before })
	if err != nil {
		return nil, err
	}
	will, err := c.choose(ctx, c.after, j, places, func(p place) *link.Block { return p.after })
	if err != nil {
		return nil, err
	}
	var out []plan.Ripple
	for i, p := range places {
		ripple := plan.Ripple{Reader: addr.New("journey", j.Def.Name), Place: p.name, Segments: p.segments, People: len(was[i])}
		ripple.Moves = shifts(was[i], will[i], "", "")
		if p.name == "exit_when" { // who would stay after all is no news
			ripple.Moves = only(ripple.Moves, "exit")
		}
		out = append(out, ripple)
	}
	return out, nil
}

func only(moves []plan.Shift, to string) []plan.Shift {
	var out []plan.Shift
	for _, m := range moves {
		if m.To == to {
			out = append(out, m)
		}
	}
	return out
}

// choose gives, for each place, the case of each person under way.
func (c *count) choose(ctx context.Context, s side, j *link.Journey, places []place, block func(place) *link.Block) ([]map[int64]string, error) {
	out := make([]map[int64]string, len(places))
	var conditions []*expr.Checked
	for i, p := range places {
		out[i] = map[int64]string{}
		conditions = append(conditions, conditionsOf(block(p))...)
	}
	schema := audience.NewSchema(s.project)
	need := audience.NeedOf(s.project, link.ReadsOf(conditions...)...)
	linked, err := s.project.Journey(j.Def.Name)
	if err != nil {
		return nil, err
	}
	err = c.Store.View(ctx, func(r store.Reader) error {
		return eachUnderWay(r, j.Def.Name, func(cohort string, members journey.Members) error {
			party, err := enrolment.Load(r, schema, linked, enrolment.Request{Cohort: cohort, Members: members, Now: c.now, Need: need})
			if err != nil {
				return err
			}
			for _, t := range party.Travellers {
				for i, p := range places {
					out[i][t.ID()] = chosen(block(p), t)
				}
			}
			return nil
		})
	})
	return out, err
}

func chosen(b *link.Block, t *enrolment.Traveller) string {
	if c := b.Choose(t.Test); c != nil {
		return c.Name
	}
	return ""
}

// eachUnderWay calls f for the open members of each cohort of a journey.
func eachUnderWay(r store.Reader, name string, f func(cohort string, members journey.Members) error) error {
	cohorts, err := r.OpenCohorts(0)
	if err != nil {
		return err
	}
	for _, c := range cohorts {
		if c.Journey != name {
			continue
		}
		enrolments, err := r.Enrolments(c.ID, nil)
		if err != nil {
			return err
		}
		var members journey.Members
		for _, e := range enrolments {
			if e.EndedAt.IsZero() {
				members = append(members, e.Index)
			}
		}
		if err := f(c.ID, members); err != nil {
			return err
		}
	}
	return nil
}
