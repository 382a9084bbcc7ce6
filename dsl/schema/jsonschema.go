package schema

import (
	"encoding/json"
	"strings"
)

// JSONSchema writes the JSON Schema (draft 2020-12) of .hcl.json files.
func JSONSchema(root *Block) ([]byte, error) {
	w := &jsonWriter{defs: map[string]any{}, parents: map[*Block]int{}}
	w.count(root)
	doc := w.body(root)
	doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	doc["$id"] = "https://herald-campaigns.github.io/schemas/campaign.schema.json"
	doc["title"] = "herald campaign file (.hcl.json)"
	doc["$defs"] = w.defs
	out, err := json.MarshalIndent(doc, "", "  ")
	return append(out, '\n'), err
}

// jsonWriter is one run.
type jsonWriter struct {
	defs    map[string]any // what is referred to, by name
	parents map[*Block]int // how many blocks one may stand in
}

// count goes through a block and what may stand in it.
func (w *jsonWriter) count(b *Block) {
	for _, n := range append(b.Blocks[:len(b.Blocks):len(b.Blocks)], b.Kinds...) {
		if w.parents[n]++; w.parents[n] == 1 {
			w.count(n)
		}
	}
}

// body is the schema of what stands between the braces of a block. Blocks that
// may stand in several places (the steps of journeys) are put under $defs.
func (w *jsonWriter) body(b *Block) map[string]any {
	properties := map[string]any{"//": map[string]any{"description": "A comment."}}
	var required []string
	for _, a := range b.Attributes {
		if a.Later {
			continue
		}
		properties[a.Name] = attribute(a)
		if a.Required {
			required = append(required, a.Name)
		}
	}
	for _, n := range b.Blocks {
		if !n.Later {
			properties[n.Name] = w.nested(n)
		}
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": b.Open}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func (w *jsonWriter) nested(b *Block) map[string]any {
	inner := map[string]any{}
	if w.parents[b] > 1 {
		if _, done := w.defs[b.Name]; !done {
			w.defs[b.Name] = true // holds the place while its own body is written
			w.defs[b.Name] = w.body(b)
		}
		inner["$ref"] = "#/$defs/" + b.Name
	} else {
		inner = w.body(b)
	}
	many := func(s map[string]any) map[string]any {
		return map[string]any{"anyOf": []any{s, map[string]any{"type": "array", "items": s}}}
	}
	if b.Label == "" {
		if b.Repeats {
			inner = many(inner)
		}
		return described(inner, b.Doc)
	}
	if len(b.Kinds) > 0 {
		return described(many(w.byKind(b)), b.Doc)
	}
	if b.Again {
		inner = many(inner)
	}
	byName := map[string]any{"type": "object", "additionalProperties": inner}
	if !b.FreeText {
		byName["propertyNames"] = map[string]any{"pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"}
	}
	return described(many(byName), b.Doc)
}

// byKind is the schema of a block whose label chooses its body.
func (w *jsonWriter) byKind(b *Block) map[string]any {
	properties := map[string]any{}
	for _, k := range b.Kinds {
		if !k.Later {
			properties[k.Word] = described(w.body(k), k.Doc)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}

func described(s map[string]any, doc string) map[string]any {
	s["description"] = doc
	return s
}

func attribute(a Attribute) map[string]any {
	s := map[string]any{"description": a.Doc}
	switch a.Kind {
	case Number:
		s["type"] = []string{"number", "string"} // "${variable.x}"
	case Bool:
		s["type"] = []string{"boolean", "string"}
	case Strings, Numbers, Durations:
		s["type"] = []string{"array", "string"}
	case Bindings, Map:
		s["type"] = []string{"object", "string"}
	case Value:
	case Reference:
		s["type"], s["pattern"] = "string", `^\$\{`+refName(a)+`\}$`
	default:
		s["type"] = "string"
	}
	if len(a.OneOf) > 0 {
		s["enum"] = a.OneOf
	}
	return s
}

// refName is the pattern of what a Reference may name. The profile, of which there
// is one, has no label.
func refName(a Attribute) string {
	const label = `\.[A-Za-z_][A-Za-z0-9_-]*`
	if len(a.Refs) == 0 {
		return "[a-z_]+" + label
	}
	var names []string
	for _, kind := range a.Refs {
		if kind != "profile" {
			kind += label
		}
		names = append(names, kind)
	}
	if len(names) == 1 {
		return names[0]
	}
	return "(" + strings.Join(names, "|") + ")"
}
