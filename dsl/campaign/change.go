package campaign

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
)

// SchemaChange is what became of one attribute, property or column between two
// revisions, where data of the first may be present.
type SchemaChange struct {
	Addr          addr.Addr // profile.profile, event.NAME, catalog.NAME
	Field         string    // attribute, property or column
	Effect        Effect
	Before, After Type     // the zero Type where it was, or will be, not there
	OneOf         []string // what After allows; empty: any
	// Default says that people of whom it is not known get another value than before,
	// whatever the Effect.
	Default bool
}

// Effect tells what a SchemaChange does to values that are there.
type Effect string

// The effects.
const (
	Added    Effect = "added"
	Removed  Effect = "removed"  // values stay in the record, and nothing can name them
	Widened  Effect = "widened"  // every value fits
	Narrowed Effect = "narrowed" // a value fits, or not: ask Fits
	Kept     Effect = "kept"     // the type is as it was: only the default is another
)

// Fits reports whether a value that is there can still be read, and without loss.
// An absent one always can.
func (c *SchemaChange) Fits(v any) bool {
	switch {
	case v == nil || c.Effect == Added || c.Effect == Kept:
		return true
	case c.Effect == Removed:
		return false
	}
	return fits(c.Before, c.After, JSONValue(v)) && allowed(c.OneOf, v)
}

// SchemaChanges compares what two revisions say of people, events and catalogs, in
// the order of addresses and names. The rows of a catalog come with the revision,
// and so never fail to fit.
func SchemaChanges(before, after []Resource) []SchemaChange {
	old, fresh := schemaOf(before), schemaOf(after)
	var out []SchemaChange
	for at, b := range old {
		a, ok := fresh[at]
		c := SchemaChange{Addr: at.addr, Field: at.field, Before: b.typ, After: a.typ, OneOf: a.oneOf}
		switch {
		case !ok:
			c.Effect = Removed
		case at.addr.Kind() == "catalog" && !b.typ.Equal(a.typ), Widens(b.typ, a.typ) && includes(a.oneOf, b.oneOf):
			c.Effect = Widened
		default:
			c.Effect = Narrowed
		}
		c.Default = ok && a.def != b.def
		if c.Effect == Widened && b.typ.Equal(a.typ) && slices.Equal(b.oneOf, a.oneOf) {
			c.Effect = Kept
		}
		if c.Effect != Kept || c.Default {
			out = append(out, c)
		}
	}
	for at, a := range fresh {
		if _, ok := old[at]; !ok {
			out = append(out, SchemaChange{Addr: at.addr, Field: at.field, Effect: Added, After: a.typ, OneOf: a.oneOf})
		}
	}
	slices.SortFunc(out, func(a, b SchemaChange) int { return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Field, b.Field)) })
	return out
}

// Widens reports that every stored value of the type `from` is read as one of the
// type `to` without loss: a number, date, time, duration or ref as a string, a date
// as a time, a set as a list, an object with more fields or as a map, anything as
// any, and the same within lists, sets, maps and objects.
func Widens(from, to Type) bool {
	switch {
	case from.Equal(to) || to.Kind == Any:
		return true
	case to.Kind == String:
		return slices.Contains([]Kind{Number, Date, Time, Duration, Ref}, from.Kind)
	case to.Kind == Time:
		return from.Kind == Date
	case to.Kind == List && (from.Kind == List || from.Kind == Set), to.Kind == Set && from.Kind == Set, to.Kind == Map && from.Kind == Map:
		return Widens(*from.Elem, *to.Elem)
	case to.Kind == Map && from.Kind == Object:
		return !slices.ContainsFunc(from.Fields, func(f Field) bool { return !Widens(f.Type, *to.Elem) })
	case to.Kind == Object && from.Kind == Object:
		return !slices.ContainsFunc(from.Fields, func(f Field) bool {
			g, ok := to.Field(f.Name)
			return !ok || !Widens(f.Type, g.Type)
		})
	}
	return false
}

// fits reports that a value of one type, in JSON form, is read as one of another
// without loss.
func fits(from, to Type, v any) bool {
	read, err := Coerce(to, v)
	if err != nil {
		return false
	}
	switch v := v.(type) {
	case string:
		if from.Kind == Time && to.Kind == Date {
			t, err := Coerce(from, v)
			day, ok := read.(CivilDate)
			return err == nil && ok && JSONValue(t) == JSONValue(day.In(time.UTC))
		}
	case []any:
		items, ok := read.([]any)
		if !ok || from.Elem == nil || to.Elem == nil {
			return to.Kind == Any
		}
		return len(items) == len(v) && !slices.ContainsFunc(v, func(item any) bool { return !fits(*from.Elem, *to.Elem, item) })
	case map[string]any:
		if to.Kind == Any {
			return true
		}
		for name, item := range v {
			a, b := part(from, name), part(to, name)
			if b.IsZero() || !fits(a, b, item) {
				return false
			}
		}
	}
	return true
}

// part is the type of a field of an object, or of the values of a map.
func part(t Type, name string) Type {
	if t.Kind == Map {
		return *t.Elem
	}
	f, _ := t.Field(name)
	return f.Type
}

// allowed reports whether a string, or each element of a set, is one of those
// allowed.
func allowed(oneOf []string, v any) bool {
	if len(oneOf) == 0 {
		return true
	}
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	return !slices.ContainsFunc(items, func(item any) bool {
		s, ok := item.(string)
		return !ok || !slices.Contains(oneOf, s)
	})
}

// includes reports whether a list of allowed strings takes all of another; an empty
// one takes all there are.
func includes(oneOf, those []string) bool {
	if len(oneOf) == 0 {
		return true
	}
	return len(those) > 0 && !slices.ContainsFunc(those, func(s string) bool { return !slices.Contains(oneOf, s) })
}

// fieldAt names a field of a schema.
type fieldAt struct {
	addr  addr.Addr
	field string
}

type fieldSchema struct {
	typ   Type
	oneOf []string
	def   string // the default as JSON; "" for none
}

func schemaOf(resources []Resource) map[fieldAt]fieldSchema {
	out := map[fieldAt]fieldSchema{}
	add := func(a addr.Addr, fields []Field) {
		for _, f := range fields {
			out[fieldAt{a, f.Name}] = fieldSchema{typ: f.Type}
		}
	}
	for _, r := range resources {
		switch d := definitionOf(r).(type) {
		case *Profile:
			for _, a := range d.Attributes {
				s := fieldSchema{typ: a.Type, oneOf: a.OneOf}
				if a.Default != nil {
					body, _ := json.Marshal(a.Default) // it came from JSON
					s.def = string(body)
				}
				out[fieldAt{r.Addr, a.Name}] = s
			}
		case *Event:
			add(r.Addr, d.Properties)
		case *Catalog:
			add(r.Addr, d.Columns)
		}
	}
	return out
}

// definitionOf reads a resource that may have been stored; nil for one that this
// version cannot read.
func definitionOf(r Resource) Definition {
	if r.Def != nil {
		return r.Def
	}
	switch r.Addr.Kind() {
	case "profile", "event", "catalog":
		if def, err := Decode(r.Addr.Kind(), r.Body); err == nil {
			return def
		}
	}
	return nil
}
