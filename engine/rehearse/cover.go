package rehearse

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Otherwise is the way of a branch for whom no case holds, where there is no else.
const Otherwise = "otherwise"

// Coverage is which steps and ways of journeys plays have been through. It is for
// one goroutine.
type Coverage struct{ passed map[string]map[Passage]bool }

// Add takes in a play.
func (c *Coverage) Add(r *Run) {
	if c.passed == nil {
		c.passed = map[string]map[Passage]bool{}
	}
	of := c.passed[r.Test.Journey]
	if of == nil {
		of = map[Passage]bool{}
		c.passed[r.Test.Journey] = of
	}
	for _, p := range r.Passed {
		of[p] = true
	}
}

// Covered is how much of one journey was gone through.
type Covered struct {
	Journey string    `json:"journey"`
	Passed  int       `json:"passed"`
	Of      int       `json:"of"`
	Missing []Passage `json:"missing,omitempty"` // in the order written
}

// Of looks at one journey: each step counts, and each way of a branch or a split.
func (c *Coverage) Of(j *campaign.Journey) Covered {
	out := Covered{Journey: j.Name}
	for _, p := range passages(j) {
		out.Of++
		if c.passed[j.Name][p] {
			out.Passed++
		} else {
			out.Missing = append(out.Missing, p)
		}
	}
	return out
}

// passages are what there is to go through.
func passages(j *campaign.Journey) (all []Passage) {
	j.Steps.Walk(func(s campaign.Step) {
		all = append(all, Passage{Step: s.StepName()})
		switch s := s.(type) {
		case *campaign.Branch:
			otherwise := true
			for _, c := range s.Cases {
				all = append(all, Passage{s.Name, c.Name})
				otherwise = otherwise && c.When != nil
			}
			if otherwise {
				all = append(all, Passage{s.Name, Otherwise})
			}
		case *campaign.Split:
			for _, a := range s.Arms {
				if a.Weight > 0 {
					all = append(all, Passage{s.Name, a.Name})
				}
			}
		}
	})
	return all
}
