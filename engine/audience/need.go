package audience

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// NeedOf says how much of a record expressions look at, through the segments
// that they name.
func NeedOf(p *link.Project, reads ...campaign.Reads) store.Need {
	all := p.Closure(reads...)
	return store.Need{Events: all.Events, Consents: len(all.Topics) > 0 || all.Reachable}
}
