package delivery

import (
	"context"
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/providers/provider"
)

// ways are the outlets of one batch: the sender's own, and the mailbox. Both are
// opened when an address first needs them.
type ways struct {
	*Delivery
	environment campaign.Environment
	definition  *campaign.Provider
	version     string
	kind        provider.Kind

	own, mailbox *outlet
}

// waysOf prepares the way out of a sender.
func (d *Delivery) waysOf(p *link.Project, sender *campaign.Sender) (*ways, error) {
	def, ok := p.Provider(sender.Provider)
	if !ok {
		return nil, fmt.Errorf("sender.%s: the project has no provider.%s", sender.Name, sender.Provider)
	}
	kind, err := findKind(d.Kinds, def.Source)
	if err != nil {
		return nil, err
	}
	resource, _ := p.Resource(named("provider", def.Name))
	return &ways{Delivery: d, environment: p.Environment, definition: def, version: string(resource.Digest), kind: kind}, nil
}

// to is the outlet for an address. This is the guard: a provider that leaves this
// machine is opened for nobody whom the environment does not let reach.
func (w *ways) to(ctx context.Context, address string) (*outlet, error) {
	if !w.kind.Capabilities.Stays && !reaches(w.environment, address) {
		return w.take(&w.mailbox, provider.Mailbox, "", func() (*outlet, error) {
			kind, err := findKind(w.Kinds, provider.Mailbox)
			if err != nil {
				return nil, err
			}
			return w.openOutlet(ctx, kind, nil)
		})
	}
	return w.take(&w.own, w.definition.Name, w.version, func() (*outlet, error) {
		return w.openOutlet(ctx, w.kind, w.definition.Config)
	})
}

func (w *ways) take(held **outlet, name, version string, open func() (*outlet, error)) (*outlet, error) {
	if *held != nil {
		return *held, nil
	}
	out, err := w.outlets.use(name, version, open)
	if err != nil {
		return nil, err
	}
	*held = out
	return out, nil
}

// done gives the outlets back.
func (w *ways) done() {
	for _, out := range []*outlet{w.own, w.mailbox} {
		if out != nil {
			w.outlets.done(out)
		}
	}
}

// reaches reports whether an environment lets mail out to an address.
func reaches(env campaign.Environment, address string) bool {
	if env.Deliver == campaign.DeliverPeople {
		return true
	}
	address = strings.ToLower(address)
	domain := address[strings.LastIndexByte(address, '@')+1:]
	for _, allowed := range env.Allow {
		allowed = strings.ToLower(allowed)
		if allowed == address || allowed == "@"+domain {
			return true
		}
	}
	return false
}
