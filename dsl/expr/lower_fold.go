package expr

import (
	"fmt"
	"time"

	"cel.dev/cel-go/common/ast"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// history lowers what must be a history; nil with a problem otherwise.
func (l *lowering) history(e ast.Expr) *ir.History {
	n := l.node(e)
	h, ok := n.(*ir.History)
	if !ok && !isError(n) {
		l.fail(e, CodeType, fmt.Sprintf("%s is not written as a history.", l.quote(e)), "Write events.NAME, with .within(), .since() and .where() behind it.")
	}
	return h
}

// filtered adds a filter to a history.
func filtered(h *ir.History, f ir.Filter) ir.Node {
	return &ir.History{Event: h.Event, T: h.T, Filters: append(h.Filters[:len(h.Filters):len(h.Filters)], f)}
}

// window is target.within(arg) or target.since(arg).
func (l *lowering) window(name string, target, arg ast.Expr) ir.Node {
	h := l.history(target)
	if h == nil {
		return l.error()
	}
	from := l.value(arg)
	if isError(from) {
		return from
	}
	if name == "since" {
		return filtered(h, &ir.Since{From: from})
	}
	c, ok := from.(*ir.Const)
	if !ok {
		return l.fail(arg, CodeType, "within() takes a duration in quotation marks or a variable.", "Since a computed instant is since(now - …).")
	}
	w := &ir.Within{For: l.length(arg, c)}
	switch {
	case isError(w.For):
		return w.For
	case !w.For.Unset && w.Duration() <= 0:
		return l.fail(arg, CodeNever, "No event is within a window without length.", "")
	}
	return filtered(h, w)
}

// length is a duration that is written as text, or is a variable.
func (l *lowering) length(arg ast.Expr, c *ir.Const) *ir.Const {
	if text, ok := c.Value.(string); ok {
		return l.coerced(arg, campaign.Duration, text, c.From)
	}
	return &ir.Const{T: campaign.Of(campaign.Duration), Value: c.Value, From: c.From, Unset: c.Unset}
}

// ask is target.any() and the like.
func (l *lowering) ask(name string, target ast.Expr) ir.Node {
	h := l.history(target)
	if h == nil {
		return l.error()
	}
	n := &ir.Fold{Over: h, T: campaign.Of(campaign.Bool)}
	switch name {
	case "any":
		n.Op = ir.FoldAny
	case "none":
		n.Op = ir.FoldNone
	case "count":
		n.Op, n.T = ir.FoldCount, campaign.Of(campaign.Number)
	case "first":
		n.Op, n.T = ir.FoldFirst, *h.T.Elem
	case "last":
		n.Op, n.T = ir.FoldLast, *h.T.Elem
	}
	return n
}

// folds are the macros by the name of their accumulator; @where is none.
var folds = map[string]ir.FoldOp{
	"@exists": ir.FoldExists, "@all": ir.FoldAll, "@exists_one": ir.FoldExistsOne, "@count": ir.FoldCountIf,
	"@filter": ir.FoldFilter, "@map": ir.FoldMap, "@sum": ir.FoldSum, "@avg": ir.FoldAvg, "@min": ir.FoldMin,
	"@max": ir.FoldMax, "@distinct": ir.FoldDistinct, "@flat": ir.FoldFlat, "@top": ir.FoldTop, accuShare: ir.FoldCountIf,
}

// accuShare is the accumulator of share(), which is no fold of its own.
const accuShare = "@share"

// comprehension is what a macro became: target.exists(v, condition) and so on.
func (l *lowering) comprehension(e ast.Expr) ir.Node {
	comp := e.AsComprehension()
	over := l.node(comp.IterRange())
	if isError(over) {
		return over
	}
	history, _ := over.(*ir.History)
	op, isFold := folds[comp.AccuVar()]
	if fix, ok := goesOver(op, isFold, over, history != nil); !ok {
		return l.fail(e, CodeType, fmt.Sprintf("%s() does not go over %s.", l.methodName(e), l.typedAs(comp.IterRange())), fix)
	}
	v, body, weight, ok := l.body(comp, over)
	if !ok {
		return l.error()
	}
	if !isFold {
		return filtered(history, &ir.Where{Var: v, Cond: body})
	}
	if comp.AccuVar() == accuShare {
		return share(over, v, body, weight)
	}
	n := &ir.Fold{Op: op, Over: over, Var: v, Body: body, Weight: weight, T: foldType(op, over, body)}
	if c := constOf(over); c != nil && !c.Unset {
		if list, _ := c.Value.([]any); len(list) == 0 {
			return overNothing(n, c.From)
		}
	}
	return n
}

// overNothing is what comes of going over an empty constant: written out, [] would
// not tell what it is a list of.
func overNothing(n *ir.Fold, from string) ir.Node {
	c := &ir.Const{T: n.T, From: from}
	switch n.Op {
	case ir.FoldFilter, ir.FoldMap, ir.FoldFlat:
		c.Value = []any{}
	case ir.FoldExists, ir.FoldExistsOne:
		c.Value = false
	case ir.FoldAll:
		c.Value = true
	case ir.FoldCountIf, ir.FoldSum, ir.FoldDistinct:
		c.Value = 0.0
	default: // unknown, which is no constant
		return unknownOf(n)
	}
	return c
}

// unknownOf writes the least of no values so that the text tells their type.
func unknownOf(n *ir.Fold) ir.Node {
	v := &ir.Var{Name: n.Var.Name, Slot: n.Var.Slot, T: n.Body.Type()}
	none := nothingOf(v)
	if none == nil {
		return n
	}
	return &ir.Fold{Op: ir.FoldMin, Over: none, Var: v, Body: v, T: v.T}
}

// nothingOf is an empty list of scalars of v's type, in a form that tells the
// type: what is left of one value by a filter that nothing passes. It is nil for
// other types.
func nothingOf(v *ir.Var) ir.Node {
	zero, ok := map[campaign.Kind]any{campaign.String: "", campaign.Number: 0.0, campaign.Bool: false, campaign.Duration: time.Duration(0),
		campaign.Date: campaign.CivilDate{Year: 2000, Month: 1, Day: 1}, campaign.Time: time.Unix(0, 0).UTC()}[v.T.Kind]
	if !ok {
		return nil
	}
	one := &ir.Const{T: campaign.ListOf(v.T), Value: []any{zero}}
	return &ir.Fold{Op: ir.FoldFilter, Over: one, Var: v, Body: &ir.Const{T: tyBool, Value: false}, T: one.T}
}

// goesOver tells histories from lists, which CEL does not, and what to write for
// the wrong one.
func goesOver(op ir.FoldOp, isFold bool, over ir.Node, history bool) (fix string, ok bool) {
	switch {
	case over.Type().Kind == campaign.Any:
		return "", isFold
	case over.Type().Kind != campaign.List && over.Type().Kind != campaign.Set:
		return "It goes over a history or a list.", false
	case !isFold && !history:
		return "For a list it is filter(i, …).", false
	case isFold && op == ir.FoldFilter && history:
		return "For a history it is where(o, …).", false
	case isFold && op == ir.FoldMap && history:
		return "Over a history there are sum, avg, min, max, distinct, count, flat and top.", false
	}
	return "", true
}

func foldType(op ir.FoldOp, over, body ir.Node) campaign.Type {
	switch op {
	case ir.FoldFilter:
		return over.Type()
	case ir.FoldMap:
		return campaign.ListOf(body.Type())
	case ir.FoldMin, ir.FoldMax, ir.FoldTop:
		return body.Type()
	case ir.FoldFlat:
		return campaign.ListOf(*body.Type().Elem)
	case ir.FoldExists, ir.FoldAll, ir.FoldExistsOne:
		return campaign.Of(campaign.Bool)
	}
	return campaign.Of(campaign.Number)
}

// body lowers what a macro asks of each element of over, and the weight of each
// element where it is given one.
func (l *lowering) body(comp ast.ComprehensionExpr, over ir.Node) (v *ir.Var, body, weight ir.Node, ok bool) {
	step := comp.LoopStep().AsCall()
	elem := campaign.Of(campaign.Any)
	if t := over.Type(); t.Elem != nil {
		elem = *t.Elem
	}
	if len(l.vars) == maxVariables {
		l.fail(step.Args()[1], CodeCost, fmt.Sprintf("More than %d lists and histories are gone over inside each other.", maxVariables), "")
		return nil, nil, nil, false
	}
	v = &ir.Var{Name: comp.IterVar(), Slot: len(l.vars), T: elem}
	l.vars = append(l.vars, &variable{v, over})
	body = l.value(step.Args()[1])
	if name := step.FunctionName(); len(step.Args()) == 3 && (name == fnWeigh || name == fnShare) {
		weight = l.value(step.Args()[2])
	}
	l.vars = l.vars[:len(l.vars)-1]
	return v, body, weight, !isError(body) && (weight == nil || !isError(weight))
}
