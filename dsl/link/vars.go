package link

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/template"
)

// The addresses that every template may name.
const (
	UnsubscribeURL = "unsubscribe_url"
	PreferencesURL = "preferences_url"
	ViewURL        = "view_url"
	WhyURL         = "why_url"
)

// Templates is what the templates of a project have in common. A project has
// many messages and one of it. The zero Templates knows nothing of people.
type Templates struct {
	common   []campaign.Field
	traits   []expr.Trait
	catalogs map[string]campaign.Type
	locale   string
}

// NewTemplates prepares what the messages of a world may name. profile may be nil.
func NewTemplates(world expr.World, profile *campaign.Profile) Templates {
	t := Templates{traits: world.Traits, catalogs: make(map[string]campaign.Type, len(world.Catalogs))}
	if profile != nil {
		t.locale = profile.Locale.Default
	}
	for _, c := range world.Catalogs {
		t.catalogs[c.Name] = c.RowType()
	}
	t.common = []campaign.Field{
		{Name: "profile", Type: profileType(world.Profile)},
		{Name: "segment", Type: segmentType(world.Segments)},
	}
	for _, url := range []string{UnsubscribeURL, PreferencesURL, ViewURL, WhyURL} {
		t.common = append(t.common, campaign.Field{Name: url, Type: campaign.Of(campaign.String)})
	}
	return t
}

// WithTraits adds the traits of the world, which env was made of. Any of them may be unknown of a
// person, but for collections, which are empty then.
func (t Templates) WithTraits(env *expr.Env) Templates {
	var fields []campaign.Field
	for _, trait := range t.traits {
		f := campaign.Field{Name: trait.Name, Optional: true}
		if c, _ := env.CheckTrait(trait.Name); c != nil { // else of the zero type, which nobody is blamed for
			f.Type = partly(c.Type())
			f.Optional = !isCollection(f.Type)
		}
		fields = append(fields, f)
	}
	t.common = append(slices.Clone(t.common), campaign.Field{Name: "trait", Type: campaign.ObjectOf(fields...)})
	return t
}

// partly makes each field of an object one that may be missing.
func partly(t campaign.Type) campaign.Type {
	if t.Kind != campaign.Object {
		return t
	}
	fields := slices.Clone(t.Fields)
	for i := range fields {
		fields[i].Type, fields[i].Optional = partly(fields[i].Type), true
	}
	return campaign.ObjectOf(fields...)
}

// Vars is what the templates of m may name: the common, its inputs, its blocks
// and its strings.
func (t Templates) Vars(m *campaign.Message) template.Vars {
	fields := make([]campaign.Field, 0, len(t.common)+len(m.Inputs))
	fields = append(append(fields, t.common...), m.Inputs...)
	contents := make([]string, len(m.Blocks))
	for i, b := range m.Blocks {
		contents[i] = b.Name
	}
	return template.Vars{
		Root:          campaign.ObjectOf(fields...),
		Contents:      contents,
		Strings:       m.Strings,
		DefaultLocale: t.locale,
		Catalogs:      t.catalogs,
	}
}

// profileType makes an attribute optional where nothing stands in for an absent
// value: it has no default, and is no collection, which would be empty.
func profileType(attributes []campaign.Attribute) campaign.Type {
	fields := make([]campaign.Field, len(attributes))
	for i, a := range attributes {
		fields[i] = campaign.Field{Name: a.Name, Type: a.Type, Optional: a.Default == nil && !isCollection(a.Type)}
	}
	return campaign.ObjectOf(fields...)
}

func isCollection(t campaign.Type) bool {
	return t.Kind == campaign.List || t.Kind == campaign.Set || t.Kind == campaign.Map
}

func segmentType(labels []string) campaign.Type {
	fields := make([]campaign.Field, len(labels))
	for i, l := range labels {
		fields[i] = campaign.Field{Name: l, Type: campaign.Of(campaign.Bool)}
	}
	return campaign.ObjectOf(fields...)
}
