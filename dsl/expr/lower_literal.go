package expr

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

func literalNode(e ast.Expr) ir.Node {
	switch v := e.AsLiteral().(type) {
	case types.String:
		return &ir.Const{T: campaign.Of(campaign.String), Value: string(v)}
	case types.Double:
		return &ir.Const{T: campaign.Of(campaign.Number), Value: float64(v)}
	case types.Bool:
		return &ir.Const{T: campaign.Of(campaign.Bool), Value: bool(v)}
	}
	return &ir.Const{} // normalize has refused it
}

// constant is a variable or a local.
func (l *lowering) constant(e ast.Expr, from string) ir.Node {
	c := l.consts[from]
	known := c.Known && c.Value != nil
	switch {
	case !known && c.Type.Kind == campaign.Any:
		return l.error() // nothing is known of it
	case !known:
		return &ir.Const{T: c.Type, From: from, Unset: true}
	case mixed(c.Type, c.Value):
		return l.fail(e, CodeType, fmt.Sprintf("%s holds values of several types.", from), "Divide it into one for each type.")
	}
	return &ir.Const{T: c.Type, Value: c.Value, From: from}
}

// mixed reports whether a list or map in a value has elements of several types.
func mixed(t campaign.Type, v any) bool {
	list, _ := v.([]any)
	m, _ := v.(map[string]any)
	switch t.Kind {
	case campaign.Any:
		return true
	case campaign.List, campaign.Set, campaign.Map:
		for _, e := range m {
			list = append(list[:len(list):len(list)], e)
		}
		return slices.ContainsFunc(list, func(e any) bool { return mixed(*t.Elem, e) })
	}
	return slices.ContainsFunc(t.Fields, func(f campaign.Field) bool { return mixed(f.Type, m[f.Name]) })
}

// list is [a, b]: of constants, a constant.
func (l *lowering) list(e ast.Expr) ir.Node {
	elems := l.values(e.AsList().Elements())
	elem := campaign.Of(campaign.Any)
	for i, n := range elems {
		switch t := n.Type(); {
		case t.IsZero():
			return l.error()
		case elem.Kind == campaign.Any:
			elem = t
		case t.Kind != elem.Kind && t.Kind != campaign.Any:
			return l.fail(e.AsList().Elements()[i], CodeType, fmt.Sprintf("The elements of a list have one type; this is %s after %s.",
				withArticle(shortType(t)), withArticle(shortType(elem))), "")
		}
	}
	t := campaign.ListOf(elem)
	if values, ok := constants(elems); ok {
		return &ir.Const{T: t, Value: values}
	}
	return &ir.List{Elems: elems, T: t}
}

func constants(nodes []ir.Node) ([]any, bool) {
	out := make([]any, len(nodes))
	for i, n := range nodes {
		c, ok := n.(*ir.Const)
		if !ok || c.Unset {
			return nil, false
		}
		out[i] = c.Value
	}
	return out, true
}

// object is {"a": x}: of constants, a constant.
func (l *lowering) object(e ast.Expr) ir.Node {
	if e.Kind() == ast.MapKind {
		if fault := l.keyFault(e); fault != nil {
			return fault
		}
	}
	n := &ir.Object{}
	values := map[string]ir.Node{}
	var fields []campaign.Field
	for _, f := range entriesOf(e) {
		v := l.value(f.value)
		if isError(v) {
			return v
		}
		values[f.name] = v
		fields = append(fields, campaign.Field{Name: f.name, Type: v.Type()})
	}
	n.T = campaign.ObjectOf(fields...)
	if e.Kind() == ast.StructKind {
		n.T = l.universe.lookup(e.AsStruct().TypeName()).typ
	}
	constant := make(map[string]any, len(values))
	for _, f := range n.T.Fields {
		v, ok := values[f.Name]
		if !ok {
			continue
		}
		n.Names, n.Values = append(n.Names, f.Name), append(n.Values, v)
		if c := constOf(v); c != nil && !c.Unset {
			constant[f.Name] = c.Value
		}
	}
	if len(constant) == len(values) {
		return &ir.Const{T: n.T, Value: constant}
	}
	return n
}

// keyFault refuses keys that are no texts, and keys that stand twice.
func (l *lowering) keyFault(e ast.Expr) ir.Node {
	seen := map[string]bool{}
	for _, f := range e.AsMap().Entries() {
		key := f.AsMapEntry().Key()
		name, ok := literalText(key)
		switch {
		case !ok:
			return l.fail(key, CodeType, "The keys of an object are texts in quotation marks.", "")
		case seen[name]:
			return l.fail(key, CodeType, fmt.Sprintf("The object has two %s.", quoted(name)), "")
		}
		seen[name] = true
	}
	return nil
}

func literalText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func stringNode(s string) *ir.Const {
	return &ir.Const{T: campaign.Of(campaign.String), Value: s}
}

// constOf is n as a constant; nil if it is none.
func constOf(n ir.Node) *ir.Const {
	c, _ := n.(*ir.Const)
	return c
}

func constText(n ir.Node) (string, bool) {
	c, ok := n.(*ir.Const)
	if !ok {
		return "", false
	}
	s, ok := c.Value.(string)
	return s, ok
}
