package syntax

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

// Type reads the expression as a type: string, list(number), object({ sku =
// string, note = optional(string) }), ref(catalog.store), or a name such as
// event.cart_updated, which resolve turns into a type. Where it cannot, it gives
// the zero Type, and what to do, if it knows. Without errors the type is valid.
func (e *Expr) Type(resolve Resolver) (campaign.Type, diag.List) {
	if e == nil {
		return campaign.Type{}, nil
	}
	r := &typeReader{file: e.file, resolve: resolve}
	t := r.read(e.node)
	if len(r.diags) > 0 {
		return campaign.Type{}, r.diags
	}
	return t, nil
}

// Resolver gives the type that a dotted name stands for: an event's, or a ref
// for a catalog. For a name that it does not know it gives the zero Type and a
// fix, which may be empty. A nil Resolver knows nothing but takes every catalog.
type Resolver func(Reference) (t campaign.Type, fix string)

type typeReader struct {
	file    *file
	resolve Resolver
	diags   diag.List
}

var simpleTypes = map[string]campaign.Kind{
	"string": campaign.String, "number": campaign.Number, "bool": campaign.Bool, "date": campaign.Date,
	"time": campaign.Time, "duration": campaign.Duration, "any": campaign.Any,
}

// typeForms are the types that have parts, and how they are written.
var typeForms = map[string]string{
	"list": "list(string)", "set": "set(string)", "map": "map(string)", "ref": "ref(catalog.NAME)",
	"object": "object({ name = string, note = optional(string) })",
}

var typeWords = []string{"string", "number", "bool", "date", "time", "duration", "any", "list", "set", "map", "object", "ref"}

// synonyms are what authors bring along from other languages.
var synonyms = map[string]string{
	"int": "number", "integer": "number", "float": "number", "double": "number", "decimal": "number",
	"boolean": "bool", "text": "string", "str": "string", "varchar": "string", "datetime": "time",
	"timestamp": "time", "array": "list", "tuple": "list", "dict": "map", "struct": "object",
}

func (r *typeReader) read(node hclsyntax.Expression) campaign.Type {
	switch node := unwrap(node).(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return r.name(node)
	case *hclsyntax.FunctionCallExpr:
		return r.compound(node)
	case *hclsyntax.LiteralValueExpr, *hclsyntax.TemplateExpr:
		if v, ok := literalString(node); ok && v.Type().Equals(cty.String) {
			return r.quoted(node, v.AsString())
		}
	}
	return r.fail(node, "A type is expected here.", "Write one of "+strings.Join(typeWords, ", ")+", or the name of an event.")
}

// name reads string, or event.cart_updated.
func (r *typeReader) name(node *hclsyntax.ScopeTraversalExpr) campaign.Type {
	ref, whole := r.file.reference(node.Traversal)
	if len(ref.Parts) > 1 || !whole {
		fix := ""
		if r.resolve != nil && whole && !isCatalog(ref) {
			var t campaign.Type
			if t, fix = r.resolve(ref); !t.IsZero() {
				return t
			}
		}
		return r.unknownName(ref, fix)
	}
	word := ref.Parts[0]
	if kind, ok := simpleTypes[word]; ok {
		return campaign.Of(kind)
	}
	if form, ok := typeForms[word]; ok {
		return r.fail(node, fmt.Sprintf("%s says nothing of what it holds.", word), fmt.Sprintf("Write %s.", form))
	}
	return r.unknown(word, node)
}

func (r *typeReader) unknownName(ref Reference, fix string) campaign.Type {
	d := diag.Diagnostic{
		Code:    "unknown-reference",
		Summary: "Unknown reference",
		Detail:  fmt.Sprintf("There is no type named %s.", strings.Join(ref.Parts, ".")),
		Fix:     fix,
		Subject: ref.Range,
	}
	if fix == "" {
		d.Fix = "Write the name of an event, such as event.cart_updated, or ref(catalog.NAME) for a row of a catalog."
	}
	r.diags = append(r.diags, d)
	return campaign.Type{}
}

func isCatalog(ref Reference) bool { return len(ref.Parts) == 2 && ref.Parts[0] == "catalog" }

func (r *typeReader) unknown(word string, node hclsyntax.Expression) campaign.Type {
	fix := didYouMean(word, typeWords, "")
	if s, ok := synonyms[strings.ToLower(word)]; ok {
		fix = fmt.Sprintf("Write %s.", s)
	}
	if fix == "" {
		fix = "Types are " + strings.Join(typeWords, ", ") + "."
	}
	return r.fail(node, fmt.Sprintf("There is no type %s.", word), fix)
}

// compound reads list(…), set(…), map(…), object({…}) and ref(…).
func (r *typeReader) compound(call *hclsyntax.FunctionCallExpr) campaign.Type {
	form, ok := typeForms[call.Name]
	switch {
	case call.Name == "optional":
		return r.fail(call, "Only the fields of an object may be optional.", "Write object({ name = optional(string) }).")
	case !ok:
		return r.unknown(call.Name, call)
	case len(call.Args) != 1 || call.ExpandFinal:
		return r.fail(call, fmt.Sprintf("%s takes one type.", call.Name), fmt.Sprintf("Write %s.", form))
	}
	switch arg := call.Args[0]; call.Name {
	case "object":
		return r.object(arg)
	case "ref":
		return r.ref(arg)
	case "list":
		return r.of(campaign.ListOf, arg)
	case "set":
		return r.of(campaign.SetOf, arg)
	default:
		return r.of(campaign.MapOf, arg)
	}
}

func (r *typeReader) of(collection func(campaign.Type) campaign.Type, arg hclsyntax.Expression) campaign.Type {
	elem := r.read(arg)
	if elem.IsZero() {
		return elem
	}
	return collection(elem)
}

func (r *typeReader) ref(arg hclsyntax.Expression) campaign.Type {
	if t, ok := unwrap(arg).(*hclsyntax.ScopeTraversalExpr); ok {
		ref, whole := r.file.reference(t.Traversal)
		switch {
		case !whole || !isCatalog(ref):
		case r.resolve == nil:
			return campaign.RefTo(ref.Parts[1])
		default:
			known, fix := r.resolve(ref)
			if known.IsZero() {
				r.unknownCatalog(ref, fix)
			}
			return known
		}
	}
	return r.fail(arg, "ref names a catalog.", "Write ref(catalog.NAME).")
}

func (r *typeReader) unknownCatalog(ref Reference, fix string) {
	r.diags = append(r.diags, diag.Diagnostic{
		Code: "unknown-reference", Summary: "Unknown reference",
		Detail: fmt.Sprintf("The project has no catalog %q.", ref.Parts[1]), Fix: fix, Subject: ref.Range,
	})
}

func (r *typeReader) object(arg hclsyntax.Expression) campaign.Type {
	obj, ok := unwrap(arg).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return r.fail(arg, "object takes its fields in braces.", "Write "+typeForms["object"]+".")
	}
	fields := make([]campaign.Field, 0, len(obj.Items))
	for _, item := range obj.Items {
		name, ok := staticKey(item.KeyExpr)
		if !ok {
			r.fail(item.KeyExpr, "The name of a field is a plain word.", "")
			continue
		}
		value, optional := item.ValueExpr, false
		if call, ok := unwrap(value).(*hclsyntax.FunctionCallExpr); ok && call.Name == "optional" && len(call.Args) == 1 {
			value, optional = call.Args[0], true
		}
		fields = append(fields, campaign.Field{Name: name, Type: r.read(value), Optional: optional})
	}
	return campaign.ObjectOf(fields...)
}

// quoted reads a type that is written as a string: what JSON has to do, and
// what the native syntax does without.
func (r *typeReader) quoted(node hclsyntax.Expression, text string) campaign.Type {
	if !isJSON(r.file.name) {
		return r.fail(node, "A type stands without quotes.", fmt.Sprintf("Write %s.", text))
	}
	// The positions within the string are those of a file without a name.
	t, _, _ := decodeJSON(r.file, r.file.rangeOf(node.Range()))
	within := &typeReader{
		file:    &file{name: r.file.name, src: r.file.src, decoded: map[string]*table{"": t}},
		resolve: r.resolve,
	}
	start := hcl.Pos{Line: 1, Column: 1}
	if d, ok := checkNesting(within.file, "", []byte(text), start); !ok {
		r.diags = append(r.diags, d)
		return campaign.Type{}
	}
	inner, diags := hclsyntax.ParseExpression([]byte(text), "", start)
	if _, isLiteral := literalString(inner); diags.HasErrors() || isLiteral {
		return r.fail(node, fmt.Sprintf("%q is not a type.", text), "Write one such as list(string).")
	}
	read := within.read(inner)
	r.diags = append(r.diags, within.diags...)
	return read
}

func (r *typeReader) fail(node hclsyntax.Expression, detail, fix string) campaign.Type {
	r.diags = append(r.diags, diag.Diagnostic{
		Code:    "invalid-type",
		Summary: "Invalid type",
		Detail:  detail,
		Fix:     fix,
		Subject: r.file.rangeOf(node.Range()),
	})
	return campaign.Type{}
}
