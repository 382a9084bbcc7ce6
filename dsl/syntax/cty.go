package syntax

import (
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// secretType carries a campaign.Secret through cty. Its values are marked, and
// marks spread to whatever is computed from them, which is how that is refused.
var secretType = cty.Capsule("secret", reflect.TypeFor[campaign.Secret]())

func secretVal(s campaign.Secret) cty.Value {
	return cty.CapsuleVal(secretType, &s).Mark("secret")
}

// toCty turns a value of a Scope into one that hcl computes with.
func toCty(v any) cty.Value {
	switch v := plain(v).(type) {
	case string:
		return cty.StringVal(v)
	case float64:
		if math.IsNaN(v) {
			break
		}
		return cty.NumberFloatVal(v)
	case bool:
		return cty.BoolVal(v)
	case []any:
		elems := make([]cty.Value, len(v))
		for i, elem := range v {
			elems[i] = toCty(elem)
		}
		return cty.TupleVal(elems)
	case map[string]any:
		attrs := make(map[string]cty.Value, len(v))
		for name, attr := range v {
			attrs[name] = toCty(attr)
		}
		return cty.ObjectVal(attrs)
	case campaign.Secret:
		return secretVal(v)
	case Unknown:
		return cty.UnknownVal(ctyType(v.Type))
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// plain writes dates, times and durations as authors do, and whole numbers as
// float64; all else is as it was.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case campaign.CivilDate:
		return v.String()
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return campaign.FormatDuration(v)
	}
	return v
}

// ctyType is the type of values of t as expressions see them.
func ctyType(t campaign.Type) cty.Type {
	switch t.Kind {
	case campaign.String, campaign.Date, campaign.Time, campaign.Duration, campaign.Ref:
		return cty.String
	case campaign.Number:
		return cty.Number
	case campaign.Bool:
		return cty.Bool
	case campaign.List:
		return cty.List(ctyType(*t.Elem))
	case campaign.Set:
		return cty.Set(ctyType(*t.Elem))
	case campaign.Map:
		return cty.Map(ctyType(*t.Elem))
	case campaign.Object:
		attrs := make(map[string]cty.Type, len(t.Fields))
		for _, f := range t.Fields {
			attrs[f.Name] = ctyType(f.Type)
		}
		return cty.Object(attrs)
	}
	return cty.DynamicPseudoType
}

// What fromCty finds where something was made from a secret, or is no float64.
const (
	problemSecret = "secret"
	problemRange  = "The number is too large or too small, or something is divided by zero."
)

// isExtreme reports whether v is a number that no float64 holds.
func isExtreme(v cty.Value) bool {
	if !v.Type().Equals(cty.Number) || !v.IsKnown() || v.IsNull() {
		return false
	}
	n := v.AsBigFloat()
	exponent := n.MantExp(nil)
	return n.IsInf() || exponent > 1024 || exponent < -1100
}

// fromCty turns a value into plain Go, or says why it cannot.
func fromCty(v cty.Value) (out any, problem string) {
	if v.IsMarked() {
		v, _ = v.Unmark()
		if !v.Type().Equals(secretType) || !v.IsKnown() || v.IsNull() {
			return nil, problemSecret
		}
		return *v.EncapsulatedValue().(*campaign.Secret), ""
	}
	switch t := v.Type(); {
	case !v.IsKnown():
		return Unknown{campaign.Of(campaign.Any)}, ""
	case v.IsNull():
		return nil, ""
	case t.Equals(cty.String):
		return v.AsString(), ""
	case t.Equals(cty.Bool):
		return v.True(), ""
	case t.Equals(cty.Number):
		f, _ := v.AsBigFloat().Float64()
		if isExtreme(v) || math.IsInf(f, 0) {
			return nil, problemRange
		}
		return f, ""
	case t.IsListType(), t.IsTupleType(), t.IsSetType():
		return listFrom(v)
	case t.IsMapType(), t.IsObjectType():
		return mapFrom(v)
	}
	return nil, fmt.Sprintf("A value of the type %s cannot stand here.", v.Type().FriendlyName())
}

func listFrom(v cty.Value) (any, string) {
	list := make([]any, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, elem := it.Element()
		out, problem := fromCty(elem)
		if problem != "" {
			return nil, problem
		}
		list = append(list, out)
	}
	return list, ""
}

func mapFrom(v cty.Value) (any, string) {
	m := make(map[string]any, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		key, elem := it.Element()
		out, problem := fromCty(elem)
		if problem != "" {
			return nil, problem
		}
		m[key.AsString()] = out
	}
	return m, ""
}

// describe says in a few words what a plain value is.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case float64:
		return "a number"
	case bool:
		return fmt.Sprint(v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case campaign.Secret:
		return "a secret"
	}
	return "something else"
}
