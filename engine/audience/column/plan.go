package column

import (
	"maps"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Plan says which columns a Table has.
type Plan struct {
	Attributes map[string]Kept            `json:"attributes"` // by name
	Events     map[string]map[string]Kept `json:"events"`     // label → properties, by name
	Topics     []string                   `json:"topics"`     // sorted
	Channels   []string                   `json:"channels"`   // sorted; each topic's consent is kept on each
	Details    bool                       `json:"details"`    // of consents also when and where they were given
}

// Kept is what is kept of an attribute or a property.
type Kept struct {
	Declared campaign.Type `json:"declared"` // what a stored value must fit, as a whole
	Kept     campaign.Type `json:"kept"`     // the same, without the fields of objects that nobody looks at
}

// Whole keeps all of a value.
func Whole(t campaign.Type) Kept { return Kept{Declared: t, Kept: t} }

// Covers reports whether a table of plan p has all that q wants.
func (p Plan) Covers(q Plan) bool { return p.Missing(q).Empty() }

// Missing is what a table of plan p has to load to have all that q wants. An event
// of which anything is missing is loaded as a whole, and so are consents: then all
// that either wants is there. Where they differ on what is declared, q is right.
func (p Plan) Missing(q Plan) Plan {
	missing := Plan{Attributes: missingKept(p.Attributes, q.Attributes), Events: map[string]map[string]Kept{}}
	for label, props := range q.Events {
		have, there := p.Events[label]
		if lacking := missingKept(have, props); !there || len(lacking) > 0 {
			whole := map[string]Kept{}
			maps.Copy(whole, have)
			maps.Copy(whole, lacking)
			missing.Events[label] = whole
		}
	}
	topics, channels := sortedUnion(p.Topics, q.Topics), sortedUnion(p.Channels, q.Channels)
	if len(topics) > len(p.Topics) || len(channels) > len(p.Channels) || q.Details && !p.Details {
		missing.Topics, missing.Channels, missing.Details = topics, channels, p.Details || q.Details
	}
	return missing
}

// Empty reports whether the plan wants nothing.
func (p Plan) Empty() bool {
	return len(p.Attributes)+len(p.Events)+len(p.Topics)+len(p.Channels) == 0 && !p.Details
}

// Permissions are the consents that are kept.
func (p Plan) Permissions() []Permission {
	var all []Permission
	for _, topic := range p.Topics {
		for _, channel := range p.Channels {
			all = append(all, Permission{topic, channel})
		}
	}
	return all
}

// Labels are the events that are kept, sorted.
func (p Plan) Labels() []string { return slices.Sorted(maps.Keys(p.Events)) }

func missingKept(have, want map[string]Kept) map[string]Kept {
	missing := map[string]Kept{}
	for name, k := range want {
		h, there := have[name]
		switch {
		case !there || !h.Declared.Equal(k.Declared):
			missing[name] = k
		case !joinTypes(h.Kept, k.Kept).Equal(h.Kept):
			missing[name] = Kept{k.Declared, joinTypes(h.Kept, k.Kept)}
		}
	}
	return missing
}

// joinTypes is the type with the fields of either; both are parts of one.
func joinTypes(a, b campaign.Type) campaign.Type {
	switch {
	case a.Elem != nil && b.Elem != nil:
		elem := joinTypes(*a.Elem, *b.Elem)
		return campaign.Type{Kind: a.Kind, Elem: &elem}
	case a.Kind == campaign.Object && b.Kind == campaign.Object:
		var fields []campaign.Field
		for _, name := range sortedUnion(names(a), names(b)) {
			f, inA := a.Field(name)
			g, inB := b.Field(name)
			switch {
			case inA && inB:
				f.Type = joinTypes(f.Type, g.Type)
			case inB:
				f = g
			}
			fields = append(fields, f)
		}
		return campaign.ObjectOf(fields...)
	}
	return a
}

func names(t campaign.Type) []string {
	var all []string
	for _, f := range t.Fields {
		all = append(all, f.Name)
	}
	return all
}

func sortedUnion(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// With is a plan with the names of either; of what both have, p's.
func (p Plan) With(q Plan) Plan {
	joined := Plan{
		Attributes: together(q.Attributes, p.Attributes),
		Events:     together(q.Events, p.Events),
		Topics:     sortedUnion(p.Topics, q.Topics),
		Channels:   sortedUnion(p.Channels, q.Channels),
		Details:    p.Details || q.Details,
	}
	for label, props := range joined.Events {
		joined.Events[label] = together(q.Events[label], props)
	}
	return joined
}
