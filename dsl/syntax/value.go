package syntax

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Value evaluates the expression to plain Go: string, float64, bool, []any,
// map[string]any, nil, campaign.Secret or Unknown. Dates, times and durations of
// the Scope come back as the strings that authors write them as. With errors,
// the value is nil.
func (e *Expr) Value(s Scope) (any, diag.List) {
	if e == nil {
		return nil, nil
	}
	ev := &evaluation{file: e.file, scope: s, inString: isInterpolated(e.node)}
	if ref, ok := e.Reference(); ok && len(ref.Parts) == 2 {
		v, ok := ev.lookup(ref)
		if !ok {
			return nil, ev.diags
		}
		return plain(v), nil
	}
	v := ev.run(e.node)
	if len(ev.diags) > 0 {
		return nil, ev.diags
	}
	return v, nil
}

// evaluation is one run of one expression.
type evaluation struct {
	file     *file
	scope    Scope
	inString bool // the expression is a string with ${…}
	diags    diag.List
}

func (ev *evaluation) run(node hclsyntax.Expression) any {
	v, ok := ev.cty(node)
	if !ok {
		return nil
	}
	out, problem := fromCty(v)
	if problem != "" {
		ev.refuse(problem, ev.file.rangeOf(node.Range()))
	}
	return out
}

// cty evaluates node once all names in it are known.
func (ev *evaluation) cty(node hclsyntax.Expression) (cty.Value, bool) {
	if text, ok := literalString(node); ok {
		return text, true
	}
	ctx := &hcl.EvalContext{}
	if ev.calls(node) {
		ctx = functionsFor(ev.scope)
	}
	ctx.Variables = ev.variables(node)
	if len(ev.diags) > 0 {
		ev.diags.Sort()
		return cty.NilVal, false
	}
	v, diags := node.Value(ctx)
	ev.failures(diags)
	return v, !diags.HasErrors()
}

// literalString is the quick way for what most attributes are.
func literalString(node hclsyntax.Expression) (cty.Value, bool) {
	switch node := node.(type) {
	case *hclsyntax.LiteralValueExpr:
		return node.Val, true
	case *hclsyntax.TemplateExpr:
		if len(node.Parts) == 1 {
			if lit, ok := node.Parts[0].(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type().Equals(cty.String) {
				return lit.Val, true
			}
		}
	}
	return cty.NilVal, false
}

// isInterpolated reports whether node is a string with ${…} or %{…}.
func isInterpolated(node hclsyntax.Expression) bool {
	switch unwrap(node).(type) {
	case *hclsyntax.TemplateWrapExpr:
		return true
	case *hclsyntax.TemplateExpr:
		_, ok := literalString(unwrap(node))
		return !ok
	}
	return false
}

// variables collects the values that node names, and no others: a project has
// thousands of expressions, and most of them name one or none.
func (ev *evaluation) variables(node hclsyntax.Expression) map[string]cty.Value {
	traversals := hclsyntax.Variables(node)
	if len(traversals) == 0 {
		return nil
	}
	roots := map[string]map[string]cty.Value{}
	for _, t := range traversals {
		ref, _ := ev.file.reference(t)
		root := ref.Parts[0]
		if roots[root] == nil {
			roots[root] = map[string]cty.Value{}
		}
		if names, known := ev.scope.Values[root]; known && len(ref.Parts) == 1 { // variable[…]
			for name, v := range names {
				roots[root][name] = toCty(v)
			}
			continue
		}
		if v, ok := ev.lookup(ref); ok {
			roots[root][ref.Parts[1]] = toCty(v)
		}
	}
	vars := make(map[string]cty.Value, len(roots))
	for root, names := range roots {
		vars[root] = cty.ObjectVal(names)
	}
	return vars
}

// lookup finds the value that the first two parts of ref name.
func (ev *evaluation) lookup(ref Reference) (any, bool) {
	names, ok := ev.scope.Values[ref.Parts[0]]
	if ok && len(ref.Parts) > 1 {
		if v, ok := names[ref.Parts[1]]; ok {
			return v, true
		}
	}
	ev.diags = append(ev.diags, ev.unknownReference(ref))
	return nil, false
}

// calls reports whether node calls functions. It refuses functions that are
// none, and numbers that would take minutes to write out.
func (ev *evaluation) calls(node hclsyntax.Expression) (found bool) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			found = true
			if !isFunction(n.Name) {
				ev.diags = append(ev.diags, unknownFunction(n.Name, ev.file.rangeOf(n.NameRange)))
			}
		case *hclsyntax.LiteralValueExpr:
			if isExtreme(n.Val) {
				ev.refuse(problemRange, ev.file.rangeOf(n.SrcRange))
			}
		}
		return nil
	})
	return found
}

// failures reports what hcl found wrong while evaluating.
func (ev *evaluation) failures(diags hcl.Diagnostics) {
	seen := map[diag.Range]bool{}
	for _, d := range diags {
		out := ev.failure(d)
		if !seen[out.Subject] {
			ev.diags = append(ev.diags, out)
		}
		seen[out.Subject] = true
	}
}
