package expr

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// absent is CEL's unknown.
func absent() ref.Val { return types.NewUnknown(0, nil) }

func fromTruth(t Truth) ref.Val {
	if t == Unknown {
		return absent()
	}
	return types.Bool(t == True)
}

// lookup is a CEL value whose fields, or elements by key, a function finds.
type lookup func(name string) ref.Val

var lookupType = types.NewObjectType("@lookup", traits.IndexerType)

// Get finds a field.
func (l lookup) Get(index ref.Val) ref.Val {
	switch i := index.(type) {
	case types.String:
		return l(string(i))
	case link:
		return l(i.key)
	}
	return types.NewErr("no such key")
}

// ConvertToNative, ConvertToType, Equal, Type and Value make it a ref.Val.
func (l lookup) ConvertToNative(reflect.Type) (any, error) { return nil, fmt.Errorf("not convertible") }

// ConvertToType converts to nothing.
func (l lookup) ConvertToType(ref.Type) ref.Val { return types.NewErr("not convertible") }

// Equal is false.
func (l lookup) Equal(ref.Val) ref.Val { return types.False }

// Type is an object.
func (l lookup) Type() ref.Type { return lookupType }

// Value is l.
func (l lookup) Value() any { return l }

// record is an object. One that is absent has fields all the same: absent ones,
// and empty lists.
type record struct {
	lookup
	native map[string]any // nil: absent
}

// Value is the campaign value.
func (r record) Value() any { return r.native }

// isAbsent reports whether a value is unknown.
func isAbsent(v ref.Val) bool {
	r, ok := v.(record)
	return types.IsUnknownOrError(v) || ok && r.native == nil
}

// link is a ref: a text for comparisons, a row for selections.
type link struct {
	lookup
	key string
}

// Value is the key.
func (l link) Value() any { return l.key }

// civil is a date.
type civil struct{ campaign.CivilDate }

// Compare orders dates.
func (c civil) Compare(other ref.Val) ref.Val {
	o, ok := other.(civil)
	if !ok {
		return types.NewErr("no such overload")
	}
	return types.Int(c.In(time.UTC).Compare(o.In(time.UTC)))
}

// ConvertToNative converts to nothing.
func (c civil) ConvertToNative(reflect.Type) (any, error) { return nil, fmt.Errorf("not convertible") }

// ConvertToType converts to nothing.
func (c civil) ConvertToType(ref.Type) ref.Val { return types.NewErr("not convertible") }

// Equal compares days.
func (c civil) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(c)) }

// Type is date.
func (c civil) Type() ref.Type { return dateType }

// Value is the day.
func (c civil) Value() any { return c.CivilDate }

func (o *Oracle) attribute(s Subject, name string) ref.Val {
	a := o.env.attributes[name]
	if v, ok := s.Attribute(name); ok && v != nil {
		return o.value(v, a.T)
	}
	return o.value(a.Default, a.T)
}

func (o *Oracle) constant(from string) ref.Val {
	c := o.env.consts[from]
	return o.value(c.Value, c.Type)
}

func (o *Oracle) row(catalog, key string) ref.Val {
	t := o.env.tables[catalog]
	row, _ := t.find(key)
	return o.value(row, t.row)
}

func (o *Oracle) step(p *place, s Subject, step, field string) ref.Val {
	v, ok := s.Step(step, field)
	if !ok {
		v = nil
	}
	for _, sv := range p.scope.Steps {
		for _, f := range sv.fields() {
			if sv.Name == step && f.Name == field {
				return o.value(v, f.Type)
			}
		}
	}
	return absent()
}

// history is the list of events until now.
func (o *Oracle) history(s Subject, label string) ref.Val {
	var out []ref.Val
	for _, row := range s.Events(label) {
		if !row.At.After(o.now) {
			m := map[string]any{"at": row.At}
			for name, v := range row.Props {
				m[name] = v
			}
			out = append(out, o.value(m, *o.env.events[label].Elem))
		}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, out)
}

// value is a campaign value as CEL has it.
func (o *Oracle) value(v any, t campaign.Type) ref.Val {
	switch t.Kind {
	case campaign.List, campaign.Set:
		list, _ := v.([]any)
		out := make([]ref.Val, 0, len(list))
		for _, e := range list {
			out = append(out, o.value(e, *t.Elem))
		}
		return types.NewRefValList(types.DefaultTypeAdapter, out)
	case campaign.Map:
		m, _ := v.(map[string]any)
		out := map[ref.Val]ref.Val{}
		for key, e := range m {
			out[types.String(key)] = o.value(e, *t.Elem)
		}
		return types.NewRefValMap(types.DefaultTypeAdapter, out)
	case campaign.Object:
		m, _ := v.(map[string]any)
		return o.object(m, t)
	case campaign.Ref:
		if key, ok := v.(string); ok {
			row := lookup(func(name string) ref.Val {
				return as[record](o.row(t.Catalog, key)).lookup(name)
			})
			return link{row, key}
		}
		return absent()
	}
	return scalarValue(v)
}

// fnObject makes an object: of the name of its type, and of names and values by
// turns.
const fnObject = "@object"

// maxFields is how many fields a literal can have for the Oracle.
const maxFields = 20

// builder declares fnObject, for any number of fields.
func (o *Oracle) builder() (*decls.FunctionDecl, error) {
	d, args := declaration{name: fnObject}, []*types.Type{tString}
	for range maxFields {
		args = append(args, tString, types.DynType)
		d.overloads = append(d.overloads, call(types.DynType, slices.Clone(args)...))
	}
	return d.decl(func(args ...ref.Val) ref.Val {
		m := map[string]any{}
		for i := 1; i < len(args); i += 2 {
			if v := args[i+1]; !isAbsent(v) {
				m[string(as[types.String](args[i]))] = fromCEL(v)
			}
		}
		return o.object(m, o.env.universe.lookup(string(as[types.String](args[0]))).typ)
	})
}

func (o *Oracle) object(m map[string]any, t campaign.Type) ref.Val {
	return record{func(name string) ref.Val {
		f, ok := t.Field(name)
		if !ok {
			return absent()
		}
		return o.value(m[name], f.Type)
	}, m}
}

func scalarValue(v any) ref.Val {
	switch v := v.(type) {
	case string:
		return types.String(v)
	case float64:
		return types.Double(v)
	case bool:
		return types.Bool(v)
	case time.Time:
		return types.Timestamp{Time: v}
	case time.Duration:
		return types.Duration{Duration: v}
	case campaign.CivilDate:
		return civil{v}
	}
	return absent()
}

// fromCEL is a CEL value as a campaign value.
func fromCEL(v ref.Val) any {
	switch v := v.(type) {
	case types.Timestamp:
		return v.Time
	case types.Duration:
		return v.Duration
	case traits.Lister:
		out := []any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			out = append(out, fromCEL(it.Next()))
		}
		return out
	case traits.Mapper:
		out := map[string]any{}
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			out[fmt.Sprint(key.Value())] = fromCEL(v.Get(key))
		}
		return out
	}
	return v.Value()
}
