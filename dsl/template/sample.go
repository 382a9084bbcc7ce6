package template

import (
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// sampleTime is the moment at which sample data are taken.
var sampleTime = time.Date(2026, time.May, 14, 9, 30, 0, 0, time.UTC)

// Sample makes up a value of type t, the same at each call: what a preview
// shows when no person is at hand. The fields of an object are made up by name.
func Sample(t campaign.Type) any { return sample("", t, 0) }

// SampleData makes up a value for all that vars name.
func SampleData(vars Vars) Data {
	values, _ := Sample(vars.Root).(map[string]any)
	return Data{
		Values: values,
		Now:    sampleTime,
		Catalog: func(catalog, _ string) map[string]any {
			row, _ := Sample(vars.Catalogs[catalog]).(map[string]any)
			return row
		},
	}
}

// wanted are the variables from outside that a template names, each with the
// fields that it takes of them; "" stands for all. A project has thousands of
// segments and a template looks at two: no sample is made up of the others.
type wanted map[string]map[string]bool

func (w wanted) add(e *pathExpr) {
	if w[e.name] == nil {
		w[e.name] = map[string]bool{}
	}
	field := ""
	if len(e.steps) > 0 && e.steps[0].index == nil {
		field = e.steps[0].name
	}
	w[e.name][field] = true
}

// of is vars with what is wanted alone.
func (w wanted) of(vars Vars) Vars {
	var roots []campaign.Field
	for _, root := range vars.Root.Fields {
		fields, ok := w[root.Name]
		if !ok {
			continue
		}
		if root.Type.Kind == campaign.Object && !fields[""] {
			var some []campaign.Field
			for name := range fields {
				if f, ok := root.Type.Field(name); ok {
					some = append(some, f)
				}
			}
			root.Type = campaign.ObjectOf(some...)
		}
		roots = append(roots, root)
	}
	vars.Root = campaign.ObjectOf(roots...)
	return vars
}

const maxSampleDepth = 8

func sample(name string, t campaign.Type, depth int) any {
	switch t.Kind {
	case campaign.String:
		return sampleString(name)
	case campaign.Ref:
		return "sample"
	case campaign.Number:
		return sampleNumber(name)
	case campaign.Bool:
		return true
	case campaign.Date:
		return campaign.DateOf(sampleTime)
	case campaign.Time:
		return sampleTime
	case campaign.Duration:
		return 14 * 24 * time.Hour
	case campaign.Any:
		return "something"
	}
	if depth < maxSampleDepth {
		return sampleParts(name, t, depth+1)
	}
	return nil
}

// sampleParts makes up what has parts: two elements, one entry, or all fields.
func sampleParts(name string, t campaign.Type, depth int) any {
	switch t.Kind {
	case campaign.List:
		elem := sample(strings.TrimSuffix(name, "s"), elementOf(t), depth)
		return []any{elem, elem}
	case campaign.Set:
		return []any{sample(strings.TrimSuffix(name, "s"), elementOf(t), depth)}
	case campaign.Map:
		return map[string]any{"key": sample(name, elementOf(t), depth)}
	case campaign.Object:
		object := make(map[string]any, len(t.Fields))
		for _, f := range t.Fields {
			object[f.Name] = sample(f.Name, f.Type, depth)
		}
		return object
	}
	return nil
}

// sampleStrings are values by what the name of a field ends in.
var sampleStrings = []struct{ suffix, value string }{
	{"first_name", "Ada"}, {"last_name", "Lovelace"}, {"email", "ada@example.com"}, {"phone", "+44 20 7946 0018"},
	{"language", "en"}, {"locale", "en"}, {"timezone", "Europe/London"}, {"currency", "EUR"}, {"country", "GB"},
	{"url", "https://example.com/sample"}, {"link", "https://example.com/sample"}, {"image", "https://example.com/sample.png"},
	{"color", "#b5651d"}, {"colour", "#b5651d"}, {"hours", "7:00–18:00"}, {"id", "42"}, {"code", "SAMPLE10"}, {"sku", "rye-750"},
	{"city", "London"}, {"street", "12 Mill Lane"}, {"postcode", "N1 9GU"}, {"name", "Sourdough Rye"},
}

func sampleString(name string) string {
	for _, s := range sampleStrings {
		if strings.HasSuffix(strings.ToLower(name), s.suffix) {
			return s.value
		}
	}
	if name == "" {
		return "sample"
	}
	return strings.ReplaceAll(name, "_", " ")
}

func sampleNumber(name string) float64 {
	switch {
	case strings.Contains(name, "price"), strings.Contains(name, "total"), strings.Contains(name, "amount"):
		return 4.2
	case strings.Contains(name, "percent"):
		return 10
	}
	return 2
}
