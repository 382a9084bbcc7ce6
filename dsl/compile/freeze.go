package compile

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
)

// freeze puts the definitions in dependency order, by address where that leaves
// a choice, and makes them a Revision.
func (c *compiler) freeze() *campaign.Revision {
	slices.SortFunc(c.definitions, func(a, b frozen) int { return a.def.Address().Compare(b.def.Address()) })
	byAddr := make(map[addr.Addr]*frozen, len(c.definitions))
	for i := range c.definitions {
		byAddr[c.definitions[i].def.Address()] = &c.definitions[i]
	}
	resources := make([]campaign.Resource, 0, len(c.definitions))
	done := make(map[addr.Addr]bool, len(c.definitions))
	var place func(f *frozen)
	place = func(f *frozen) {
		a := f.def.Address()
		if done[a] {
			return
		}
		done[a] = true
		depends := make([]addr.Addr, 0, len(f.depends))
		for d := range f.depends {
			if byAddr[d] != nil {
				depends = append(depends, d)
			}
		}
		slices.SortFunc(depends, addr.Addr.Compare)
		for _, d := range depends {
			place(byAddr[d])
		}
		resources = append(resources, campaign.NewResource(f.def, depends))
	}
	for i := range c.definitions {
		place(&c.definitions[i])
	}
	out := campaign.NewRevision(c.result.settings, c.result.environment, resources)
	out.Removed = c.removed
	return out
}
