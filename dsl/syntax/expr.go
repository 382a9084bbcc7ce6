package syntax

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Expr is the right-hand side of an attribute, or a part of one. A nil Expr is
// an expression that was not written: it names nothing and is worth nil.
type Expr struct {
	file *file
	node hclsyntax.Expression
}

// Range is where the expression stands, quotes and heredoc markers included.
func (e *Expr) Range() diag.Range {
	if e == nil {
		return diag.Range{}
	}
	return e.file.rangeOf(e.node.Range())
}

// Reference returns what the expression names when it is a dotted name and
// nothing else: message.welcome, or "${message.welcome}" in JSON.
func (e *Expr) Reference() (Reference, bool) {
	if e == nil {
		return Reference{}, false
	}
	t, ok := e.node.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return Reference{}, false
	}
	ref, whole := e.file.reference(t.Traversal)
	return ref, whole
}

// References returns every name that the expression mentions, in the order
// written. The variables of for expressions are not among them.
func (e *Expr) References() []Reference {
	if e == nil {
		return nil
	}
	var refs []Reference
	for _, t := range hclsyntax.Variables(e.node) {
		ref, _ := e.file.reference(t)
		refs = append(refs, ref)
	}
	return refs
}

// reference turns a traversal into dotted parts; whole is false when it goes on
// with something that is not a name, such as [0].
func (f *file) reference(t hcl.Traversal) (ref Reference, whole bool) {
	ref.Range = f.rangeOf(t.SourceRange())
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			ref.Parts = append(ref.Parts, step.Name)
		case hcl.TraverseAttr:
			ref.Parts = append(ref.Parts, step.Name)
		case hcl.TraverseIndex:
			if !step.Key.Type().Equals(cty.String) {
				return ref, false
			}
			ref.Parts = append(ref.Parts, step.Key.AsString())
		default:
			return ref, false
		}
	}
	return ref, true
}

// Object returns the entries of an object written out, { name = value }, in the
// order written. It is false for anything else, and when a key is computed.
func (e *Expr) Object() ([]Item, bool) {
	if e == nil {
		return nil, false
	}
	obj, ok := unwrap(e.node).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil, false
	}
	items := make([]Item, 0, len(obj.Items))
	for _, it := range obj.Items {
		key, ok := staticKey(it.KeyExpr)
		if !ok {
			return nil, false
		}
		items = append(items, Item{Key: key, KeyRange: e.file.rangeOf(it.KeyExpr.Range()), Value: e.with(it.ValueExpr)})
	}
	return items, true
}

// List returns the elements of a list written out, [a, b].
func (e *Expr) List() ([]*Expr, bool) {
	if e == nil {
		return nil, false
	}
	tuple, ok := unwrap(e.node).(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil, false
	}
	return e.all(tuple.Exprs), true
}

// Call returns the name and the arguments of a function call.
func (e *Expr) Call() (name string, args []*Expr, ok bool) {
	if e == nil {
		return "", nil, false
	}
	call, ok := unwrap(e.node).(*hclsyntax.FunctionCallExpr)
	if !ok {
		return "", nil, false
	}
	return call.Name, e.all(call.Args), true
}

func (e *Expr) with(node hclsyntax.Expression) *Expr { return &Expr{e.file, node} }

func (e *Expr) all(nodes []hclsyntax.Expression) []*Expr {
	exprs := make([]*Expr, len(nodes))
	for i, n := range nodes {
		exprs[i] = e.with(n)
	}
	return exprs
}

// unwrap takes off parentheses.
func unwrap(node hclsyntax.Expression) hclsyntax.Expression {
	for {
		paren, ok := node.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return node
		}
		node = paren.Expression
	}
}

// staticKey returns the key of an object's entry when it is a name or a literal.
func staticKey(key hclsyntax.Expression) (string, bool) {
	if name := hcl.ExprAsKeyword(key); name != "" {
		return name, true
	}
	if len(hclsyntax.Variables(key)) > 0 {
		return "", false
	}
	v, diags := key.Value(nil)
	if diags.HasErrors() {
		return "", false
	}
	v, err := convert.Convert(v, cty.String) // a number is a name, too
	if err != nil || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	return v.AsString(), true
}
