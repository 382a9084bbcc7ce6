package template

import (
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

var listFilters = []filter{
	{
		name: "join", in: listKinds, params: []param{{name: "separator", kinds: stringKinds, optional: true}},
		summary: "Writes the elements with a text between them.", example: `{{ items | map: "name" | join: ", " }}`,
		result: "Rye, Oat, Roll", check: scalarElements,
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			list, _ := in.([]any)
			for i, item := range list {
				if i > 0 {
					dst = append(dst, optional(args, 0, " ")...)
				}
				if dst = text(dst, item, r.location); len(dst) > maxValue {
					break
				}
			}
			return dst
		},
	},
	{
		name: "split", in: stringKinds, params: []param{{name: "separator", kinds: stringKinds}},
		summary: "Makes a list of a text.", example: `{{ "rye,oat" | split: "," | last }}`, result: "oat",
		typ: func(*call) campaign.Type { return campaign.ListOf(stringType) },
		apply: func(r *renderer, in any, args []any) any {
			parts := strings.Split(str(r, in), str(r, args[0]))
			list := make([]any, len(parts))
			for i, part := range parts {
				list[i] = part
			}
			return list
		},
	},
	{
		name: "first", in: listKinds, summary: "The first element. There is none in an empty list, so a default is asked for.",
		example: `{{ "rye,oat" | split: "," | first }}`, result: "rye", typ: element,
		apply: func(_ *renderer, in any, _ []any) any { return at(in, 0) },
	},
	{
		name: "last", in: listKinds, summary: "The last element.", example: `{{ "rye,oat" | split: "," | last }}`, result: "oat",
		typ:   element,
		apply: func(_ *renderer, in any, _ []any) any { return at(in, -1) },
	},
	{
		name: "size", in: stringKinds | listKinds | kindsOf(campaign.Map), total: true,
		summary: "How many elements a list has, or characters a text. What is missing has none.",
		example: `{{ items | size }}`, result: "3",
		typ:    func(*call) campaign.Type { return numberType },
		absent: func(*call) bool { return false },
		apply:  func(_ *renderer, in any, _ []any) any { return size(in) },
	},
	{
		name: "reverse", in: listKinds, summary: "The list from its end.", example: `{{ items | map: "name" | reverse | join: ", " }}`,
		result: "Roll, Oat, Rye",
		apply: func(_ *renderer, in any, _ []any) any {
			list, _ := in.([]any)
			list = slices.Clone(list)
			slices.Reverse(list)
			return list
		},
	},
	{
		name: "uniq", in: listKinds, summary: "The list without repeats.",
		example: `{{ items | map: "kind" | uniq | join: ", " }}`, result: "bread, pastry", check: scalarElements,
		apply: func(_ *renderer, in any, _ []any) any {
			list, _ := in.([]any)
			seen := make(map[any]bool, len(list))
			var out []any
			for _, item := range list {
				if key := hashable(item); !seen[key] {
					seen[key] = true
					out = append(out, item)
				}
			}
			return out
		},
	},
	{
		name: "sort", in: listKinds, params: []param{{name: "field", kinds: stringKinds, optional: true, constant: true}},
		summary: "The list in order, of its elements or of a field of theirs. What lacks the field comes last.",
		example: `{{ items | sort: "price" | map: "name" | join: ", " }}`, result: "Roll, Oat, Rye",
		check: scalarElements,
		apply: func(r *renderer, in any, args []any) any {
			list, _ := in.([]any)
			list = slices.Clone(list)
			field := optional(args, 0, "")
			slices.SortStableFunc(list, func(a, b any) int {
				x, y := fieldOf(a, field), fieldOf(b, field)
				if n, ok := compare(x, y, r.location); ok {
					return n
				}
				return digit(x == nil) - digit(y == nil)
			})
			return list
		},
	},
	{
		name: "map", in: listKinds, params: []param{{name: "field", kinds: stringKinds, constant: true}},
		summary: "The list of one field of the elements, without those that lack it.",
		example: `{{ items | map: "name" | join: ", " }}`, result: "Rye, Oat, Roll",
		typ: func(c *call) campaign.Type { return campaign.ListOf(c.elementField().Type) },
		absent: func(c *call) bool {
			return c.in.absent || c.elementField().Optional
		},
		apply: func(_ *renderer, in any, args []any) any {
			list, _ := in.([]any)
			out := make([]any, 0, len(list))
			for _, item := range list {
				if v := fieldOf(item, optional(args, 0, "")); v != nil {
					out = append(out, v)
				}
			}
			return out
		},
	},
	{
		name: "where", in: listKinds,
		params:  []param{{name: "field", kinds: stringKinds, constant: true}, {name: "value", kinds: scalarKinds, optional: true}},
		summary: "The elements whose field has a value, or any value. There may be none, so what follows asks for a default.",
		example: `{{ items | where: "kind", "bread" | map: "name" | join: ", " | default: "none" }}`, result: "Rye, Oat",
		check:  comparableField,
		absent: func(c *call) bool { return true },
		apply: func(r *renderer, in any, args []any) any {
			list, _ := in.([]any)
			var out []any
			for _, item := range list {
				v := fieldOf(item, optional(args, 0, ""))
				if len(args) == 1 && !blank(v) || len(args) > 1 && equal(v, args[1], r.location) {
					out = append(out, item)
				}
			}
			return out
		},
	},
	{
		name: "sum", in: listKinds, params: []param{{name: "field", kinds: stringKinds, optional: true, constant: true}}, total: true,
		summary: "The sum of the elements, or of a field of theirs; of nothing, 0.",
		example: `{{ items | sum: "price" | money: "EUR" }}`, result: "€9.10",
		typ:    func(*call) campaign.Type { return numberType },
		absent: func(*call) bool { return false },
		check: func(c *call) {
			if t := c.elementField().Type; !numberKinds.has(t) {
				c.problems.add(c.expr.name.span(), codeType, "A sum needs numbers, and these are %s.", plural(t))
			}
		},
		apply: func(_ *renderer, in any, args []any) any {
			list, _ := in.([]any)
			total := 0.0
			for _, item := range list {
				total += num(fieldOf(item, optional(args, 0, "")))
			}
			return finite(round(total, 10))
		},
	},
	{
		name: "slice", in: listKinds | stringKinds,
		params:  []param{{name: "start", kinds: numberKinds}, {name: "length", kinds: numberKinds, optional: true}},
		summary: "A part of a list or a text, counted from 0, or from the end if negative. Its length is 1 if none is given.",
		example: `{{ "rye bread" | slice: 4, 5 }}`, result: "bread",
		absent: func(c *call) bool { return c.in.absent || isList(c.in.typ) },
		apply: func(r *renderer, in any, args []any) any {
			start, length := num(args[0]), 1.0
			if len(args) > 1 {
				length = num(args[1])
			}
			if list, ok := in.([]any); ok {
				return part(list, start, length)
			}
			return string(part([]rune(str(r, in)), start, length))
		},
	},
}

// part is s[start:start+length], as far as it reaches.
func part[T any](s []T, start, length float64) []T {
	if start < 0 {
		start += float64(len(s))
	}
	if start < 0 {
		return nil
	}
	from := clamp(start, len(s))
	return s[from:max(from, clamp(start+length, len(s)))]
}

// hashable turns a value into a key of a map.
func hashable(v any) any {
	switch v := v.(type) {
	case []any, map[string]any:
		return nil
	default:
		return v
	}
}

// fieldOf is a field of an element, or the element itself.
func fieldOf(item any, field string) any {
	if field == "" {
		return present(item)
	}
	m, _ := item.(map[string]any)
	return present(m[field])
}

func element(c *call) campaign.Type { return elementOf(c.in.typ) }

// fieldName is the field of the elements that the filter looks at.
func (c *call) fieldName() (string, bool) {
	if len(c.filter.params) == 0 || c.filter.params[0].name != "field" {
		return "", false
	}
	name, ok := c.constant(0).(string)
	return name, ok
}

// elementField is the field that the filter looks at, or the element itself.
// What is unknown has been reported.
func (c *call) elementField() campaign.Field {
	elem := element(c)
	name, ok := c.fieldName()
	if !ok {
		return campaign.Field{Type: elem}
	}
	if f, ok := elem.Field(name); ok {
		return f
	}
	return campaign.Field{Type: campaign.Of(campaign.Any), Optional: true}
}

// knownField reports a first argument that names no field of the elements.
func (c *call) knownField() {
	elem := element(c)
	name, ok := c.fieldName()
	if !ok || elem.Kind == campaign.Any {
		return
	}
	if elem.Kind != campaign.Object {
		c.bad(0, "The elements are %s, which have no fields.", plural(elem))
		return
	}
	if _, ok := elem.Field(name); !ok {
		c.problems.add(c.expr.args[0].at(), codeUnknownField, "The elements have no field %q.", name).
			Fix = suggest(name, fieldNames(elem))
	}
}

// scalarElements refuses to join or to order lists of lists and objects.
func scalarElements(c *call) {
	if t := c.elementField().Type; !scalarKinds.has(t) {
		c.problems.add(c.expr.name.span(), codeType, "%s cannot work on %s.", c.filter.name, plural(t)).
			fix("Choose a field: map: \"name\"")
	}
}

func comparableField(c *call) {
	if len(c.args) > 1 && !c.args[1].broken && !canEqual(c.elementField().Type, c.args[1].typ) {
		c.bad(1, "The field is %s, the value %s: they are never equal.", aType(c.elementField().Type), aType(c.args[1].typ))
	}
}

func fieldNames(t campaign.Type) []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

// plural names several values of a type.
func plural(t campaign.Type) string {
	switch t.Kind {
	case campaign.Ref:
		return "references"
	case campaign.Any:
		return "things"
	case campaign.List, campaign.Set, campaign.Map:
		return t.Kind.String() + "s of " + plural(elementOf(t))
	}
	return t.Kind.String() + "s"
}

// aType names one value of a type, with its article.
func aType(t campaign.Type) string {
	switch t.Kind {
	case campaign.Ref:
		return "a reference to catalog." + t.Catalog
	case campaign.Any:
		return "something unknown"
	case campaign.Object:
		return "an object"
	case campaign.List, campaign.Set, campaign.Map:
		return "a " + t.Kind.String() + " of " + plural(elementOf(t))
	}
	return "a " + t.Kind.String()
}
