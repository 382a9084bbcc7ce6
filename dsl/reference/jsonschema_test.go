package reference_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/schema"
)

const project = `{
  "//": "a comment",
  "herald": {"required_providers": {"smtp": {"source": "builtin/smtp"}}},
  "variable": {"v": {"type": "number", "default": 3, "validation": {"condition": "value > 0", "message": "must be positive"}}},
  "locals": {"l": "${variable.v}"},
  "profile": {"attribute": {"age": {"type": "number"}}},
  "topic": {"t": {"opt_in": "single"}},
  "trait": {"r": {"model": {"rfm": {"events": "${event.e}", "amount": "total", "money": [1, 2, 3, 4]}}}},
  "library": {"lifecycle": {"purchase": "${event.e}"}},
  "source": {"s": {"into": "${profile}", "person": {"id": "row.id"}, "map": {"age": "row.age"}}, "u": {"into": "${event.e}", "person": {"id": "row.id"}}},
  "segment": {"a": {"when": "profile.age > variable.v"}},
  "event": {"e": {"property": [{"p": {"type": "list(string)"}}, {"q": {"type": "number"}}]}},
  "content": {"c": {"case": {"x": {"when": "segment.a", "body": "x"}}, "else": {"body": "y"}}},
  "journey": {"j": {
    "trigger": {"t": {"event": "${event.e}"}},
    "send": {"x": {"message": "${message.m}", "with": {"cart": "trigger.event"}}},
    "branch": {"b": {"case": {"c": {"when": "step.x.opened", "branch": {"d": {"case": {"e": {"when": "segment.a", "wait": {"w": {"for": "1d"}}}}}}}}}}
  }}
}`

// TestJSONSchema holds projects against the schema that editors use.
func TestJSONSchema(t *testing.T) {
	src, err := schema.JSONSchema(schema.Root)
	require.NoError(t, err)
	v := validator{root: decode(t, string(src)).(map[string]any)}
	require.Empty(t, v.check(v.root, decode(t, project), "$"))
	for broken, want := range map[string]string{
		`{"segmnt": {}}`:                                               "$.segmnt",
		`{"segment": {"a": {"wen": "true"}}}`:                          "$.segment",
		`{"segment": {"x y": {"when": "true"}}}`:                       "$.segment",
		`{"topic": {"t": {"opt_in": "triple"}}}`:                       "$.topic",
		`{"sender": {"s": {"from": "x"}}}`:                             "$.sender",
		`{"journey": {"j": {"trigger": {"t": {"event": "event.e"}}}}}`: "$.journey",
		`{"metric": {"x": {}}}`:                                        "$.metric",
		`{"trait": {"x": {"model": {"rmf": {}}}}}`:                     "$.trait",
		`{"source": {"x": {"into": "${topic.x}", "person": {}}}}`:      "$.source",
		`[]`: "$",
	} {
		require.Contains(t, v.check(v.root, decode(t, broken), "$"), want, broken)
	}
}

func decode(t *testing.T, src string) any {
	var v any
	require.NoError(t, json.Unmarshal([]byte(src), &v))
	return v
}

// validator knows the keywords that the schema uses.
type validator struct{ root map[string]any }

// check returns the paths at which v does not fit s.
func (c validator) check(s map[string]any, v any, path string) (bad []string) {
	fail := func(at string) { bad = append(bad, at) }
	for keyword, want := range s {
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description":
		case "$ref":
			name := want.(string)[len("#/$defs/"):]
			bad = append(bad, c.check(c.root["$defs"].(map[string]any)[name].(map[string]any), v, path)...)
		case "anyOf":
			if !slices.ContainsFunc(want.([]any), func(one any) bool { return len(c.check(one.(map[string]any), v, path)) == 0 }) {
				fail(path)
			}
		case "type":
			if !isA(v, want) {
				fail(path)
			}
		case "enum":
			if !slices.Contains(want.([]any), v) {
				fail(path)
			}
		case "pattern":
			if text, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(text) {
				fail(path)
			}
		case "items":
			list, _ := v.([]any)
			for i, item := range list {
				bad = append(bad, c.check(want.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i))...)
			}
		case "required", "properties", "additionalProperties", "propertyNames":
			if object, ok := v.(map[string]any); ok {
				bad = append(bad, c.object(s, keyword, object, path)...)
			}
		default:
			fail("unknown keyword " + keyword)
		}
	}
	return bad
}

func (c validator) object(s map[string]any, keyword string, v map[string]any, path string) (bad []string) {
	properties, _ := s["properties"].(map[string]any)
	if keyword == "required" {
		for _, name := range s[keyword].([]any) {
			if _, ok := v[name.(string)]; !ok {
				bad = append(bad, path)
			}
		}
		return bad
	}
	for name, item := range v {
		at := path + "." + name
		property, known := properties[name].(map[string]any)
		more, _ := s["additionalProperties"].(map[string]any)
		switch {
		case keyword == "properties" && known:
			bad = append(bad, c.check(property, item, at)...)
		case keyword == "propertyNames":
			bad = append(bad, c.check(s[keyword].(map[string]any), name, at)...)
		case keyword == "additionalProperties" && !known && s[keyword] == false:
			bad = append(bad, at)
		case keyword == "additionalProperties" && !known && more != nil:
			bad = append(bad, c.check(more, item, at)...)
		}
	}
	return bad
}

func isA(v, want any) bool {
	kinds, many := want.([]any)
	if !many {
		kinds = []any{want}
	}
	have := ""
	switch v.(type) {
	case map[string]any:
		have = "object"
	case []any:
		have = "array"
	case string:
		have = "string"
	case float64:
		have = "number"
	case bool:
		have = "boolean"
	}
	return slices.Contains(kinds, any(have))
}
