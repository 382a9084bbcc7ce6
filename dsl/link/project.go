package link

import (
	"fmt"
	"slices"
	"sync"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Project is a linked project. Its programs are made when they are first asked
// for; it is safe for concurrent use.
type Project struct {
	Settings    campaign.Settings
	Environment campaign.Environment

	resources map[addr.Addr]campaign.Resource
	names     map[string][]string // kind → labels, sorted

	profile   *campaign.Profile
	events    map[string]*campaign.Event // by label, built-in ones included
	wires     map[string]*campaign.Event // by the name that the shop sends
	catalogs  map[string]*campaign.Catalog
	topics    map[string]*campaign.Topic
	traits    map[string]*campaign.Trait
	senders   map[string]*campaign.Sender
	providers map[string]*campaign.Provider

	world     func() expr.World
	env       func() (*expr.Env, error)
	templates func() Templates
	rows      map[string]func() map[string]map[string]any // catalog → key → row

	segments   map[string]func() (*Segment, error)
	messages   map[string]func() (*Message, error)
	journeys   map[string]func() (*Journey, error)
	broadcasts map[string]func() (*Broadcast, error)
	sources    map[string]func() (*Source, error)
}

// Link makes a project of resources as they are stored: their Def may be missing,
// and is then read from their Body. It reads the model (profile, events,
// catalogs, topics, traits, senders, providers) at once, and fails where that cannot be
// read; all else waits until it is asked for.
func Link(resources []campaign.Resource, settings campaign.Settings, env campaign.Environment) (*Project, error) {
	p := &Project{
		Settings:    settings,
		Environment: env,
		resources:   make(map[addr.Addr]campaign.Resource, len(resources)),
		names:       map[string][]string{},
		profile:     &campaign.Profile{},
		events:      map[string]*campaign.Event{},
		wires:       map[string]*campaign.Event{},
		catalogs:    map[string]*campaign.Catalog{},
		topics:      map[string]*campaign.Topic{},
		traits:      map[string]*campaign.Trait{},
		senders:     map[string]*campaign.Sender{},
		providers:   map[string]*campaign.Provider{},
		rows:        map[string]func() map[string]map[string]any{},
		segments:    map[string]func() (*Segment, error){},
		messages:    map[string]func() (*Message, error){},
		journeys:    map[string]func() (*Journey, error){},
		broadcasts:  map[string]func() (*Broadcast, error){},
		sources:     map[string]func() (*Source, error){},
	}
	for _, e := range campaign.BuiltinEvents() {
		p.events[e.Name] = &e
	}
	for _, r := range resources {
		if err := p.add(r); err != nil {
			return nil, fmt.Errorf("linking %s: %w", r.Addr, err)
		}
	}
	for _, labels := range p.names {
		slices.Sort(labels)
	}
	p.profile.Attributes = attributes(p.profile)
	p.world = sync.OnceValue(p.makeWorld)
	p.env = sync.OnceValues(func() (*expr.Env, error) { return expr.NewEnv(p.world()) })
	p.templates = sync.OnceValue(p.makeTemplates)
	return p, nil
}

// add puts one resource where it belongs.
func (p *Project) add(r campaign.Resource) error {
	kind, name := r.Addr.Kind(), r.Addr.Name()
	p.resources[r.Addr] = r
	p.names[kind] = append(p.names[kind], name)
	switch kind {
	case "segment":
		p.segments[name] = sync.OnceValues(func() (*Segment, error) { return p.linkSegment(r) })
	case "message":
		p.messages[name] = sync.OnceValues(func() (*Message, error) { return p.linkMessage(r) })
	case "journey":
		p.journeys[name] = sync.OnceValues(func() (*Journey, error) { return p.linkJourney(r) })
	case "broadcast":
		p.broadcasts[name] = sync.OnceValues(func() (*Broadcast, error) { return p.linkBroadcast(r) })
	case "source":
		p.sources[name] = sync.OnceValues(func() (*Source, error) { return p.linkSource(r) })
	case "content": // stands compiled in the messages that show it
	default:
		return p.addModel(r)
	}
	return nil
}

// addModel reads what conditions and templates are checked against.
func (p *Project) addModel(r campaign.Resource) error {
	def, err := decode(r)
	if err != nil {
		return err
	}
	switch d := def.(type) {
	case *campaign.Profile:
		profile := *d
		p.profile = &profile
	case *campaign.Event:
		p.events[d.Name] = d
		p.wires[wireName(d)] = d
	case *campaign.Catalog:
		p.catalogs[d.Name] = d
		p.rows[d.Name] = sync.OnceValue(func() map[string]map[string]any { return rowsByKey(d) })
	case *campaign.Topic:
		p.topics[d.Name] = d
	case *campaign.Trait:
		p.traits[d.Name] = d
	case *campaign.Sender:
		p.senders[d.Name] = d
	case *campaign.Provider:
		p.providers[d.Name] = d
	}
	return nil
}

func (p *Project) makeWorld() expr.World {
	var events []*campaign.Event
	for _, e := range p.events {
		events = append(events, e)
	}
	var catalogs []*campaign.Catalog
	for _, name := range p.names["catalog"] {
		catalogs = append(catalogs, p.catalogs[name])
	}
	w := World(p.profile, events, catalogs, p.names["segment"], p.names["topic"])
	for _, name := range p.names["trait"] {
		w.Traits = append(w.Traits, expr.Trait{Name: name, Source: p.traits[name].Value.Text})
	}
	return w
}

func (p *Project) makeTemplates() Templates {
	t := NewTemplates(p.world(), p.profile)
	if env, err := p.env(); err == nil {
		t = t.WithTraits(env)
	}
	return t
}

func decode(r campaign.Resource) (campaign.Definition, error) {
	if r.Def != nil {
		return r.Def, nil
	}
	return campaign.Decode(r.Addr.Kind(), r.Body)
}

// decodeAs decodes a resource whose address tells its type.
func decodeAs[D campaign.Definition](r campaign.Resource) (D, error) {
	var none D
	def, err := decode(r)
	if err != nil {
		return none, err
	}
	d, ok := def.(D)
	if !ok {
		return none, fmt.Errorf("%s holds a %T", r.Addr, def)
	}
	return d, nil
}

func wireName(e *campaign.Event) string {
	if e.Wire != "" {
		return e.Wire
	}
	return e.Name
}

// rowsByKey makes campaign values of the rows of a catalog. A cell that does not
// fit its column was refused when the project was compiled.
func rowsByKey(c *campaign.Catalog) map[string]map[string]any {
	t := c.RowType()
	rows := make(map[string]map[string]any, len(c.Rows))
	for _, raw := range c.Rows {
		v, err := campaign.Coerce(t, raw)
		row, ok := v.(map[string]any)
		if err != nil || !ok {
			continue
		}
		if key, ok := expr.ValueOf(row[c.Key]), true; ok && key.Known() {
			rows[key.Text()] = row
		}
	}
	return rows
}
