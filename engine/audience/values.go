package audience

import (
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/schedule"
)

// Values are the named attributes as a template wants them: typed, with defaults
// in place of what is absent. What is absent and has no default is left out.
func (p *Person) Values(names []string) map[string]any {
	values := make(map[string]any, len(names))
	for _, name := range names {
		if v, ok := p.Attribute(name); ok {
			values[name] = v
		} else if v := p.schema.fallback(name); v != nil {
			values[name] = v
		}
	}
	return values
}

// fallback is an attribute's default, in its declared type.
func (s *Schema) fallback(name string) any {
	i, ok := s.index[name]
	if !ok || s.attributes[i].Default == nil {
		return nil
	}
	v, err := campaign.Coerce(s.attributes[i].Type, s.attributes[i].Default)
	if err != nil {
		return nil
	}
	return v
}

// text is a string attribute, or its default.
func (p *Person) text(name string) string {
	v, ok := p.Attribute(name)
	if !ok {
		v = p.schema.fallback(name)
	}
	s, _ := v.(string)
	return s
}

// Zone is where the person lives. A name that is no zone counts as the default:
// ok is false then. Without any name the default is no mistake.
func (p *Person) Zone() (zone *time.Location, ok bool) {
	name := p.text(p.schema.zoneFrom)
	if name == "" {
		return p.schema.zone, true
	}
	if zone, ok := schedule.Zone(name); ok {
		return zone, true
	}
	return p.schema.zone, false
}

// Locale is the language that the person reads, among those that are known:
// de-AT reads de where there is no de-AT. Without a list of known ones, it is the
// person's own word.
func (p *Person) Locale() string {
	rule := p.schema.locale
	name := p.text(rule.From)
	if len(rule.Known) == 0 && name != "" {
		return name
	}
	for name != "" {
		for _, known := range rule.Known {
			if strings.EqualFold(known, name) {
				return known
			}
		}
		cut := strings.LastIndexAny(name, "-_")
		name = name[:max(cut, 0)]
	}
	return rule.Default
}

// typed gives a payload the types that were declared. Most payloads have them
// already, since they were checked when they came in: those are not copied.
func typed(t campaign.Type, payload map[string]any) map[string]any {
	if campaign.Stands(t, payload) {
		return payload
	}
	out := make(map[string]any, len(payload))
	for _, f := range t.Fields {
		if v, err := campaign.Coerce(f.Type, payload[f.Name]); err == nil && v != nil {
			out[f.Name] = v
		}
	}
	return out
}

// Payload gives a stored event payload, with its `at`, the types of its event.
func Payload(e *campaign.Event, payload map[string]any) map[string]any {
	if payload == nil {
		return nil
	}
	return typed(e.Type(), payload)
}
