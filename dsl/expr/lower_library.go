package expr

import (
	"fmt"
	"time"

	"cel.dev/cel-go/common/ast"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// What is here is written as a function and means what other nodes say: gap(),
// frequency(), share(), rate(), open_rate(), click_rate(), anniversary(). Each
// becomes an ir.Short, which keeps how it was written and what it means.

var (
	tyNumber = campaign.Of(campaign.Number)
	tyBool   = campaign.Of(campaign.Bool)
	tyTime   = campaign.Of(campaign.Time)
)

func numberNode(v float64) *ir.Const { return &ir.Const{T: tyNumber, Value: v} }

func quotient(a, b ir.Node) ir.Node { return &ir.Arith{Op: ir.Div, L: a, R: b, T: tyNumber} }

func countOf(h *ir.History) ir.Node { return &ir.Fold{Op: ir.FoldCount, Over: h, T: tyNumber} }

// sinceEvent is the time from the first or last event until now.
func (l *lowering) sinceEvent(h *ir.History, op ir.FoldOp) ir.Node {
	at := &ir.Field{X: &ir.Fold{Op: op, Over: h, T: *h.T.Elem}, Name: "at", T: tyTime}
	return &ir.Arith{Op: ir.Sub, L: &ir.Now{}, R: at, T: campaign.Of(campaign.Duration)}
}

// gap is how long ago the last event was.
func (l *lowering) gap(target ast.Expr) ir.Node {
	h := l.history(target)
	if h == nil {
		return l.error()
	}
	return &ir.Short{Name: "gap", Method: true, Args: []ir.Node{h}, X: l.sinceEvent(h, ir.FoldLast)}
}

// frequency is how many events there are for each length of time: over the window
// of within(), or else since the first of them.
func (l *lowering) frequency(target, arg ast.Expr) ir.Node {
	h := l.history(target)
	if h == nil {
		return l.error()
	}
	per := l.span(arg, "frequency")
	if isError(per) {
		return per
	}
	short := &ir.Short{Name: "frequency", Method: true, Args: []ir.Node{h, per}}
	unset := unsetWindow(h)
	switch window := h.Window(); {
	case per.Unset:
		short.X = quotient(countOf(h), &ir.Const{T: tyNumber, From: per.From, Unset: true})
	case unset != nil:
		short.X = quotient(countOf(h), &ir.Const{T: tyNumber, From: unset.From, Unset: true})
	case window > 0:
		short.X = quotient(countOf(h), numberNode(float64(window)/float64(per.Value.(time.Duration))))
	default:
		short.X = quotient(countOf(h), quotient(l.sinceEvent(h, ir.FoldFirst), per))
	}
	return short
}

// unsetWindow is the length of a within() that is a variable without a value.
func unsetWindow(h *ir.History) *ir.Const {
	for _, f := range h.Filters {
		if w, ok := f.(*ir.Within); ok && w.For.Unset {
			return w.For
		}
	}
	return nil
}

// span is the length of time that a function takes: above 0, in quotation
// marks or a variable.
func (l *lowering) span(arg ast.Expr, function string) *ir.Const {
	n := l.value(arg)
	c, ok := n.(*ir.Const)
	switch {
	case isError(n):
		return l.error()
	case !ok:
		return l.fail(arg, CodeType, fmt.Sprintf("%s() takes a duration in quotation marks or a variable.", function), "")
	}
	if c = l.length(arg, c); isError(c) || c.Unset {
		return c
	}
	if d, _ := c.Value.(time.Duration); d <= 0 {
		return l.fail(arg, CodeNever, fmt.Sprintf("%s() takes a duration that is longer than nothing.", function), "")
	}
	return c
}

// share is the part of the elements, or of their weight, of which a condition
// holds.
func share(over ir.Node, v *ir.Var, cond, weight ir.Node) ir.Node {
	short := &ir.Short{Name: "share", Method: true, Args: []ir.Node{over, v, cond}}
	if weight != nil {
		short.Args = append(short.Args, weight)
		held := &ir.Cond{If: cond, Then: weight, Else: numberNode(0)}
		short.X = quotient(&ir.Fold{Op: ir.FoldSum, Over: over, Var: v, Body: held, T: tyNumber},
			&ir.Fold{Op: ir.FoldSum, Over: over, Var: v, Body: weight, T: tyNumber})
		return short
	}
	all := ir.Node(&ir.Call{Func: ir.Size, Args: []ir.Node{over}, T: tyNumber})
	if h, ok := over.(*ir.History); ok {
		all = countOf(h)
	}
	short.X = quotient(&ir.Fold{Op: ir.FoldCountIf, Over: over, Var: v, Body: cond, T: tyNumber}, all)
	return short
}

// rate is how many events of one history there are for each of another.
func (l *lowering) rate(args []ast.Expr) ir.Node {
	of, to := l.history(args[0]), l.history(args[1])
	if of == nil || to == nil {
		return l.error()
	}
	return &ir.Short{Name: "rate", Args: []ir.Node{of, to}, X: quotient(countOf(of), countOf(to))}
}

// mailRate is open_rate() or click_rate(): the different sends that were opened,
// or clicked, for each mail that was sent, in a window, at most 1. The events of
// the log are those of people; what machines did stands in none of them.
func (l *lowering) mailRate(e ast.Expr, name string, arg ast.Expr) ir.Node {
	length := l.span(arg, name)
	if isError(length) {
		return length
	}
	did := map[string]string{"open_rate": "email_opened", "click_rate": "email_clicked"}[name]
	opened, sent := l.windowed(did, length), l.windowed("email_sent", length)
	if opened == nil || sent == nil {
		return l.fail(e, CodeName, fmt.Sprintf("%s() needs the events %s and email_sent.", name, did), "")
	}
	v := &ir.Var{Name: "o", Slot: len(l.vars), T: *opened.T.Elem}
	send := &ir.Field{X: v, Name: "send", T: campaign.Of(campaign.String)}
	different := &ir.Fold{Op: ir.FoldDistinct, Over: opened, Var: v, Body: send, T: tyNumber}
	rate := &ir.Call{Func: ir.Least, Args: []ir.Node{quotient(different, countOf(sent)), numberNode(1)}, T: tyNumber}
	return &ir.Short{Name: name, Args: []ir.Node{length}, X: rate}
}

// windowed is events.LABEL.within(length); nil if there is no such event.
func (l *lowering) windowed(label string, length *ir.Const) *ir.History {
	t, ok := l.events[label]
	if !ok {
		return nil
	}
	return &ir.History{Event: label, T: t, Filters: []ir.Filter{&ir.Within{For: length}}}
}

// anniversary is whether today is the anniversary of a date.
func (l *lowering) anniversary(args []ast.Expr) ir.Node {
	until := &ir.Call{Func: ir.DaysUntil, Args: l.values(args), T: tyNumber}
	if isError(until.Args...) {
		return l.error()
	}
	if fault := l.zoneFault(until, args); fault != nil {
		return fault
	}
	return &ir.Short{Name: "anniversary", Args: until.Args, X: &ir.Compare{Op: ir.Eq, L: until, R: numberNode(0)}}
}

// decay takes its half-life as a duration, in quotation marks too.
func (l *lowering) decay(args []ast.Expr, n *ir.Call) ir.Node {
	half, ok := n.Args[1].(*ir.Const)
	if !ok || isError(n.Args...) {
		return n
	}
	if half = l.length(args[1], half); isError(half) {
		return half
	}
	if d, isLength := half.Value.(time.Duration); isLength && d <= 0 {
		return l.fail(args[1], CodeNever, "decay() takes a half-life that is longer than nothing.", "")
	}
	n.Args[1] = half
	return n
}

// sequence is sequence("7d", a, b, …), or without the bound.
func (l *lowering) sequence(args []ast.Expr) ir.Node {
	n := &ir.Sequence{}
	if kind := l.typeOf(args[0]).Kind(); kind == tString.Kind() || kind == tDuration.Kind() {
		if n.For = l.span(args[0], "sequence"); isError(n.For) {
			return n.For
		}
		args = args[1:]
	}
	for _, arg := range args {
		h := l.history(arg)
		if h == nil {
			return l.error()
		}
		n.Steps = append(n.Steps, h)
	}
	return n
}

// impossibleSets reports elements that a set cannot have.
func (l *lowering) impossibleSets(e ast.Expr, n *ir.Call) {
	for i, arg := range n.Args {
		c := constOf(arg)
		other := n.Args[1-i]
		if c == nil || c.Unset || isError(other) || n.Func == ir.SetsContains && i == 0 {
			continue
		}
		values, _ := c.Value.([]any)
		for _, v := range values {
			if s, ok := v.(string); ok {
				l.notOneOf(e, ir.Text(other)+" never has %s in it.", s, elementsOf(other))
			}
		}
	}
}
