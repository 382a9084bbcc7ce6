package link

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// NotFoundError says that a project has no such block.
type NotFoundError struct{ Addr addr.Addr }

// Error names the block.
func (e *NotFoundError) Error() string { return fmt.Sprintf("the project has no %s", e.Addr) }

// lookup finds the maker of a program by label and calls it.
func lookup[T any](makers map[string]func() (T, error), kind, name string) (T, error) {
	if f, ok := makers[name]; ok {
		return f()
	}
	var none T
	if !addr.IsLabel(name) {
		return none, fmt.Errorf("%q is not a name of a %s", name, kind)
	}
	return none, &NotFoundError{addr.New(kind, name)}
}

// Segment links a segment.
func (p *Project) Segment(name string) (*Segment, error) {
	return lookup(p.segments, "segment", name)
}

// Message links a message.
func (p *Project) Message(name string) (*Message, error) {
	return lookup(p.messages, "message", name)
}

// Journey links a journey in its present definition.
func (p *Project) Journey(name string) (*Journey, error) {
	return lookup(p.journeys, "journey", name)
}

// Broadcast links a broadcast.
func (p *Project) Broadcast(name string) (*Broadcast, error) {
	return lookup(p.broadcasts, "broadcast", name)
}

// Source links a source.
func (p *Project) Source(name string) (*Source, error) {
	return lookup(p.sources, "source", name)
}

// Names are the labels of a kind, sorted. The slice belongs to the project.
func (p *Project) Names(kind string) []string { return p.names[kind] }

// Resource is a resource as it was given to Link.
func (p *Project) Resource(a addr.Addr) (campaign.Resource, bool) {
	r, ok := p.resources[a]
	return r, ok
}

// Profile is what is known of a person, built-in attributes included.
func (p *Project) Profile() *campaign.Profile { return p.profile }

// Event finds an event by label, built-in ones included.
func (p *Project) Event(label string) (*campaign.Event, bool) {
	e, ok := p.events[label]
	return e, ok
}

// EventByWire finds a declared event by the name that the shop sends.
func (p *Project) EventByWire(name string) (*campaign.Event, bool) {
	e, ok := p.wires[name]
	return e, ok
}

// Catalog finds a catalog.
func (p *Project) Catalog(name string) (*campaign.Catalog, bool) {
	c, ok := p.catalogs[name]
	return c, ok
}

// Row finds a row of a catalog by key, as campaign values; nil where there is
// none. The row is only to be read.
func (p *Project) Row(catalog, key string) map[string]any {
	rows, ok := p.rows[catalog]
	if !ok {
		return nil
	}
	return rows()[key]
}

// Topic finds a topic.
func (p *Project) Topic(name string) (*campaign.Topic, bool) {
	t, ok := p.topics[name]
	return t, ok
}

// Trait finds a trait.
func (p *Project) Trait(name string) (*campaign.Trait, bool) {
	t, ok := p.traits[name]
	return t, ok
}

// TraitValue is the program of a trait.
func (p *Project) TraitValue(name string) (*expr.Checked, error) {
	if p.traits[name] == nil {
		return nil, &NotFoundError{addr.New("trait", name)}
	}
	env, err := p.env()
	if err != nil {
		return nil, err
	}
	c, problems := env.CheckTrait(name)
	if c == nil {
		return nil, fmt.Errorf("trait.%s: %s", name, describe(problems))
	}
	return c, nil
}

// Sender finds a sender.
func (p *Project) Sender(name string) (*campaign.Sender, bool) {
	s, ok := p.senders[name]
	return s, ok
}

// Provider finds a provider.
func (p *Project) Provider(name string) (*campaign.Provider, bool) {
	d, ok := p.providers[name]
	return d, ok
}

// World is what expressions may name.
func (p *Project) World() expr.World { return p.world() }
