package link

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// ReadsOf is what expressions look at; a nil one looks at nothing.
func ReadsOf(expressions ...*expr.Checked) []campaign.Reads {
	reads := make([]campaign.Reads, 0, len(expressions))
	for _, c := range expressions {
		if c != nil {
			reads = append(reads, c.Reads())
		}
	}
	return reads
}

// Closure is what expressions look at, through the segments that they name: the
// union of reads, of the reads of those segments, and so on. A segment that
// cannot be linked adds nothing.
func (p *Project) Closure(reads ...campaign.Reads) campaign.Reads {
	seen := map[string]bool{}
	all := slices.Clone(reads)
	for i := 0; i < len(all); i++ {
		for _, label := range all[i].Segments {
			if seen[label] {
				continue
			}
			seen[label] = true
			if s, err := p.Segment(label); err == nil {
				all = append(all, s.Def.When.Reads)
			}
		}
	}
	return union(all...)
}

// union joins reads, sorted and without repeats.
func union(all ...campaign.Reads) campaign.Reads {
	var u campaign.Reads
	for _, r := range all {
		u.Attributes = append(u.Attributes, r.Attributes...)
		u.Events = append(u.Events, r.Events...)
		u.Segments = append(u.Segments, r.Segments...)
		u.Topics = append(u.Topics, r.Topics...)
		u.Catalogs = append(u.Catalogs, r.Catalogs...)
		u.Traits = append(u.Traits, r.Traits...)
		u.Steps = append(u.Steps, r.Steps...)
		u.Reachable = u.Reachable || r.Reachable
		u.Time = u.Time || r.Time
	}
	for _, list := range []*[]string{&u.Attributes, &u.Events, &u.Segments, &u.Topics, &u.Catalogs, &u.Traits, &u.Steps} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return u
}
