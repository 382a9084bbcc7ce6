package campaign

import (
	"slices"
	"strings"
)

// Stands reports whether a stored value is one of type t as it stands: whether
// Coerce would give it back as it is. It spares copying payloads, most of which
// were checked when they came in.
func Stands(t Type, v any) bool {
	switch t.Kind {
	case String:
		_, ok := v.(string)
		return ok
	case Ref:
		s, ok := v.(string)
		return ok && s != "" && strings.TrimSpace(s) == s
	case Number:
		_, ok := v.(float64)
		return ok
	case Bool:
		_, ok := v.(bool)
		return ok
	case Any:
		return true
	case List, Set:
		return allStand(t, v)
	case Object:
		return fieldsStand(t, v)
	}
	return false // dates, times and durations are strings in JSON; maps are rare
}

func allStand(t Type, v any) bool {
	items, ok := v.([]any)
	if !ok {
		return false
	}
	for i, item := range items {
		if item == nil || !Stands(*t.Elem, item) {
			return false
		}
		if t.Kind == Set && t.Elem.Kind == String && slices.Contains(items[:i], item) {
			return false
		}
	}
	return true
}

func fieldsStand(t Type, v any) bool {
	object, ok := v.(map[string]any)
	if !ok {
		return false
	}
	for _, f := range t.Fields {
		if v := object[f.Name]; v != nil && !Stands(f.Type, v) {
			return false
		}
	}
	return true
}
