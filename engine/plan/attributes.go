package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// attributes lists the differences between two definitions in JSON form, by
// path. Lists of named things (steps, cases, properties) are compared by name,
// so that inserting one does not move all that follow.
func attributes(before, after []byte) []AttributeChange {
	var out []AttributeChange
	diff("", decode(before), decode(after), func(path string, b, a any) {
		out = append(out, AttributeChange{Path: path, Before: b, After: a})
	})
	return out
}

func decode(body []byte) any {
	if body == nil {
		return nil
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return string(body)
	}
	return simplify(v)
}

// simplify turns the model's JSON into what an author would recognise: an
// expression is its text, a list of named things is a map by name, the name
// itself and what is derived (reads) are left out.
func simplify(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if text, ok := v["text"].(string); ok && v["type"] != nil {
			return text
		}
		out := make(map[string]any, len(v))
		for k, item := range v {
			switch n, isNumber := item.(json.Number); {
			case k == "name", k == "optional" && v["type"] != nil:
			case isNumber && durations[k]:
				out[k] = duration(n)
			default:
				out[k] = simplify(item)
			}
		}
		if len(out) == 1 && out["type"] != nil {
			return out["type"] // a field
		}
		return out
	case []any:
		return simplifyList(v)
	}
	return v
}

// durations names the fields of the model that count nanoseconds.
var durations = map[string]bool{"for": true, "timeout": true, "react": true, "settle": true, "after": true}

func duration(n json.Number) any {
	ns, err := n.Int64()
	if err != nil {
		return n
	}
	return campaign.FormatDuration(time.Duration(ns))
}

func simplifyList(items []any) any {
	named := &namedList{items: map[string]any{}}
	for _, item := range items {
		name, value, ok := namedItem(item)
		if _, dup := named.items[name]; !ok || dup {
			out := make([]any, len(items))
			for i := range items {
				out[i] = simplify(items[i])
			}
			return out
		}
		named.order = append(named.order, name)
		named.items[name] = value
	}
	if len(named.order) == 0 {
		return []any{}
	}
	return named
}

// namedList is a list whose elements have names.
type namedList struct {
	order []string
	items map[string]any
}

// namedItem tells the name of a list's element: its name, its input, or that of
// the only thing in it ({"send": {"name": …}}).
func namedItem(item any) (name string, value any, ok bool) {
	m, isMap := item.(map[string]any)
	if !isMap {
		return "", nil, false
	}
	if name, ok = m["input"].(string); ok {
		return name, simplify(m["value"]), true
	}
	if name, ok = m["name"].(string); ok {
		return name, simplify(m), true
	}
	if len(m) == 1 {
		for kind, inner := range m {
			if name, _, ok = namedItem(inner); ok {
				if fields, isMap := simplify(inner).(map[string]any); isMap {
					fields["step"] = kind
					return name, fields, true
				}
			}
		}
	}
	return "", nil, false
}

func diff(path string, before, after any, found func(path string, b, a any)) {
	switch {
	case reflect.DeepEqual(before, after):
		return
	case isTree(before) && (isTree(after) || after == nil), isTree(after) && before == nil:
		diffTrees(path, before, after, found)
	default:
		found(path, plain(before), plain(after))
	}
}

func isTree(v any) bool {
	switch v.(type) {
	case map[string]any, *namedList:
		return true
	}
	return false
}

func diffTrees(path string, before, after any, found func(path string, b, a any)) {
	b, bKeys := children(before)
	a, aKeys := children(after)
	for _, k := range bKeys {
		if _, ok := a[k]; !ok {
			diff(join(path, k), b[k], nil, found)
		}
	}
	for _, k := range aKeys {
		diff(join(path, k), b[k], a[k], found)
	}
	if was, now := common(bKeys, a), common(aKeys, b); ordered(before) && ordered(after) && !slices.Equal(was, now) {
		found(path, strings.Join(was, ", "), strings.Join(now, ", "))
	}
}

func ordered(v any) bool { _, ok := v.(*namedList); return ok }

// common returns the keys that are in other, too.
func common(keys []string, other map[string]any) []string {
	var out []string
	for _, k := range keys {
		if _, ok := other[k]; ok {
			out = append(out, k)
		}
	}
	return out
}

func children(v any) (map[string]any, []string) {
	switch v := v.(type) {
	case *namedList:
		return v.items, v.order
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		return v, keys
	}
	return nil, nil
}

// plain turns what simplify made back into JSON values.
func plain(v any) any {
	switch v := v.(type) {
	case *namedList:
		out := make(map[string]any, len(v.items))
		for k, item := range v.items {
			out[k] = plain(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = plain(item)
		}
		return out
	}
	return v
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	if strings.ContainsAny(key, ". ") {
		return fmt.Sprintf("%s[%q]", path, key)
	}
	return path + "." + key
}
