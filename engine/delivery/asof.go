package delivery

import (
	"context"
	"fmt"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// asOf is a project in which one resource is an earlier definition of itself.
func (d *Delivery) asOf(ctx context.Context, p *link.Project, a addr.Addr, digest campaign.Digest) (*link.Project, error) {
	var stored store.Definition
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		stored, err = r.Definition(digest)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("definition %s of %s: %w", digest.Short(), a, err)
	}
	resources := []campaign.Resource{{Addr: a, Digest: digest, Body: stored.Body}}
	for _, kind := range campaign.Kinds() {
		for _, name := range p.Names(kind) {
			other := named(kind, name)
			if r, ok := p.Resource(other); ok && other != a {
				resources = append(resources, r)
			}
		}
	}
	return link.Link(resources, p.Settings, p.Environment)
}
