package expr

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

var compareOps = map[string]ir.CompareOp{
	operators.Equals: ir.Eq, operators.NotEquals: ir.Ne, operators.Less: ir.Lt, operators.LessEquals: ir.Le,
	operators.Greater: ir.Gt, operators.GreaterEquals: ir.Ge,
}

var arithOps = map[string]ir.ArithOp{
	operators.Add: ir.Add, operators.Subtract: ir.Sub, operators.Multiply: ir.Mul, operators.Divide: ir.Div, operators.Modulo: ir.Mod,
}

// call is an operator, a function, or what a macro made.
func (l *lowering) call(e ast.Expr) ir.Node {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	if call.IsMemberFunction() {
		return l.method(e, name, call.Target(), args)
	}
	if op, ok := compareOps[name]; ok {
		return l.compare(e, op, args)
	}
	if op, ok := arithOps[name]; ok {
		return l.arith(op, l.value(args[0]), l.value(args[1]))
	}
	switch name {
	case operators.LogicalAnd:
		return l.logic(ir.And, e)
	case operators.LogicalOr:
		return l.logic(ir.Or, e)
	case operators.LogicalNot:
		return not(l.value(args[0]))
	case operators.Negate:
		return negate(l.value(args[0]))
	case operators.Conditional:
		return l.conditional(args)
	case operators.In:
		return l.in(e, args)
	case operators.Index:
		return l.index(e, args[0], args[1])
	case fnHas:
		return &ir.Has{X: l.value(args[0])}
	}
	return l.function(e, name, args)
}

// logic joins the operands of && or ||, those of nested ones of the same kind
// included.
func (l *lowering) logic(op ir.LogicOp, e ast.Expr) ir.Node {
	n := &ir.Logic{Op: op}
	var written []ast.Expr
	l.operands(n, &written, e)
	if op == ir.And {
		l.contradictions(n.Xs, written)
	}
	return n
}

func (l *lowering) operands(n *ir.Logic, written *[]ast.Expr, e ast.Expr) {
	sign := map[ir.LogicOp]string{ir.And: operators.LogicalAnd, ir.Or: operators.LogicalOr}[n.Op]
	for _, arg := range e.AsCall().Args() {
		if arg.Kind() == ast.CallKind && arg.AsCall().FunctionName() == sign {
			l.operands(n, written, arg)
			continue
		}
		x := l.value(arg)
		xs := []ir.Node{x}
		if inner, ok := x.(*ir.Logic); ok && inner.Op == n.Op { // behind !!
			xs = inner.Xs
		}
		for _, x := range xs {
			n.Xs = append(n.Xs, x)
			*written = append(*written, arg)
		}
	}
}

func (l *lowering) compare(e ast.Expr, op ir.CompareOp, args []ast.Expr) ir.Node {
	n := &ir.Compare{Op: op, L: l.value(args[0]), R: l.value(args[1])}
	if isError(n.L, n.R) {
		return n
	}
	if lt, rt := n.L.Type(), n.R.Type(); lt.Elem != nil && !comparableLists(lt, rt) {
		return l.fail(e, CodeType, fmt.Sprintf("%s is %s and %s is %s: the two cannot be compared.",
			l.quote(args[0]), withArticle(shortType(lt)), l.quote(args[1]), withArticle(shortType(rt))), "")
	}
	a, b := constOf(n.L), constOf(n.R)
	if a != nil && b != nil && !a.Unset && !b.Unset {
		return l.constantCompare(e, op, a, b)
	}
	l.impossibleCompare(e, n)
	return n
}

// comparableLists reports whether two lists or sets are of one kind of scalars.
func comparableLists(a, b campaign.Type) bool {
	empty := a.Elem.Kind == campaign.Any || b.Elem != nil && b.Elem.Kind == campaign.Any
	return empty || b.Elem != nil && scalar(*a.Elem) && (fits(*a.Elem, *b.Elem) || fits(*b.Elem, *a.Elem))
}

func (l *lowering) in(e ast.Expr, args []ast.Expr) ir.Node {
	n := &ir.In{X: l.value(args[0]), Of: l.value(args[1])}
	if !isError(n.X, n.Of) {
		l.impossibleIn(e, n)
	}
	return n
}

// not is !x; as CEL's parser does, it lets two of them cancel out.
func not(x ir.Node) ir.Node {
	if inner, ok := x.(*ir.Not); ok {
		return inner.X
	}
	return &ir.Not{X: x}
}

// negate is -x, likewise.
func negate(x ir.Node) ir.Node {
	switch x := x.(type) {
	case *ir.Neg:
		return x.X
	case *ir.Const:
		if v, ok := x.Value.(float64); ok {
			return &ir.Const{T: x.T, Value: 0 - v, From: x.From}
		}
	}
	return &ir.Neg{X: x}
}

// arith puts a time or a date left, and finds the type of the result.
func (l *lowering) arith(op ir.ArithOp, x, y ir.Node) ir.Node {
	if x.Type().Kind == campaign.Duration && (y.Type().Kind == campaign.Time || y.Type().Kind == campaign.Date) {
		x, y = y, x // only + has a duration left of them
	}
	t := x.Type()
	if op == ir.Div && t.Kind == campaign.Duration {
		t = campaign.Of(campaign.Number)
	}
	if op == ir.Sub && t.Kind == y.Type().Kind && (t.Kind == campaign.Time || t.Kind == campaign.Date) {
		t = campaign.Of(campaign.Duration)
	}
	if t.Kind == campaign.Any || t.Elem != nil && t.Elem.Kind == campaign.Any { // an empty list, or an element of one
		t = y.Type()
	}
	if t.Kind == campaign.Set {
		t = campaign.ListOf(*t.Elem) // what is put together may repeat
	}
	return &ir.Arith{Op: op, L: x, R: y, T: t}
}

func (l *lowering) conditional(args []ast.Expr) ir.Node {
	n := &ir.Cond{If: l.value(args[0]), Then: l.value(args[1]), Else: l.value(args[2])}
	a, b := n.Then.Type(), n.Else.Type()
	if !isError(n.Then, n.Else) && !fits(a, b) && !fits(b, a) && !fitsElems(a, b) {
		return l.fail(args[2], CodeType, fmt.Sprintf("One branch gives %s and the other %s; they must give the same.",
			withArticle(shortType(a)), withArticle(shortType(b))), "")
	}
	return n
}

// fitsElems lets an empty list stand beside any list.
func fitsElems(a, b campaign.Type) bool {
	return a.Elem != nil && b.Elem != nil && (a.Elem.Kind == campaign.Any || b.Elem.Kind == campaign.Any)
}

// method is x.f(…).
func (l *lowering) method(e ast.Expr, name string, target ast.Expr, args []ast.Expr) ir.Node {
	switch name {
	case "within", "since":
		return l.window(name, target, args[0])
	case "any", "none", "count", "first", "last":
		return l.ask(name, target)
	case "gap":
		return l.gap(target)
	case "frequency":
		return l.frequency(target, args[0])
	}
	return l.function(e, name, append([]ast.Expr{target}, args...))
}

// function is a function of values.
func (l *lowering) function(e ast.Expr, name string, args []ast.Expr) ir.Node {
	switch name {
	case "duration", "timestamp":
		return l.written(name, args[0])
	case "date":
		if l.typeOf(args[0]).Kind() == tString.Kind() {
			return l.written(name, args[0])
		}
	case "matches":
		if n := l.pattern(args[1]); n != nil {
			return n
		}
	case "sequence":
		return l.sequence(args)
	case "rate":
		return l.rate(args)
	case "open_rate", "click_rate":
		return l.mailRate(e, name, args[0])
	case "anniversary":
		return l.anniversary(args)
	}
	n := &ir.Call{Func: ir.Func(name), Args: l.values(args)}
	n.T = campaign.Of(campaign.Number)
	switch n.Func {
	case ir.Decay:
		return l.decay(args, n)
	case ir.Days:
		if n.T = campaign.Of(campaign.Duration); !l.place.scope.Journey {
			return l.fail(e, CodeScope, "days() is for the waits of a journey.", "Write a length of time, such as duration('30d').")
		}
	case ir.SetsContains, ir.SetsIntersects:
		l.impossibleSets(e, n)
	}
	switch n.Func {
	case ir.Contains, ir.StartsWith, ir.EndsWith, ir.Matches, ir.SetsContains, ir.SetsIntersects, ir.SetsEquivalent:
		n.T = campaign.Of(campaign.Bool)
	case ir.LowerASCII, ir.UpperASCII, ir.Trim, ir.ToString:
		n.T = campaign.Of(campaign.String)
	case ir.ToDate:
		n.T = campaign.Of(campaign.Date)
	}
	if fault := l.zoneFault(n, args); fault != nil {
		return fault
	}
	return n
}

// zoneFault refuses a time zone that is written down and is none.
func (l *lowering) zoneFault(n *ir.Call, args []ast.Expr) ir.Node {
	zone, ok := zoneOf(n)
	if !ok {
		return nil
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return l.fail(args[1], CodeLiteral, fmt.Sprintf("There is no time zone %s.", quoted(zone)), `Write one such as "Europe/Berlin".`)
	}
	return nil
}

// zoneOf is the time zone that is written as the second argument.
func zoneOf(n *ir.Call) (string, bool) {
	switch n.Func {
	case ir.ToDate, ir.Year, ir.Month, ir.Day, ir.Weekday, ir.WeekOf, ir.Hour, ir.DaysUntil:
		if len(n.Args) == 2 {
			return constText(n.Args[1])
		}
	}
	return "", false
}

// written is a date, time or duration that is written as text.
func (l *lowering) written(name string, arg ast.Expr) ir.Node {
	n := l.value(arg)
	kind := map[string]campaign.Kind{"duration": campaign.Duration, "timestamp": campaign.Time, "date": campaign.Date}[name]
	c, ok := n.(*ir.Const)
	switch {
	case isError(n):
		return n
	case !ok:
		return l.fail(arg, CodeType, fmt.Sprintf("%s() takes a text in quotation marks or a variable, so that it is known to be one.", name), "")
	case c.Unset:
		return &ir.Const{T: campaign.Of(kind), From: c.From, Unset: true}
	}
	text, _ := c.Value.(string)
	return l.coerced(arg, kind, text, c.From)
}

// coerced reads text as a constant of the kind.
func (l *lowering) coerced(e ast.Expr, kind campaign.Kind, text, from string) *ir.Const {
	v, err := campaign.Coerce(campaign.Of(kind), text)
	if err == nil && v == nil {
		err = fmt.Errorf("the text is empty")
	}
	if err != nil {
		return l.fail(e, CodeLiteral, capital(strings.TrimSuffix(err.Error(), "."))+".", literalFix(kind, text))
	}
	return &ir.Const{T: campaign.Of(kind), Value: v, From: from}
}

// literalFix helps with what people write.
func literalFix(kind campaign.Kind, text string) string {
	if kind != campaign.Duration {
		return map[campaign.Kind]string{campaign.Time: "Write it as 2026-12-31T08:00:00Z.", campaign.Date: "Write it as 2026-12-31."}[kind]
	}
	squeezed := strings.ToLower(strings.Join(strings.Fields(text), ""))
	for long, short := range map[string]string{"weeks": "w", "week": "w", "days": "d", "day": "d", "hours": "h", "hour": "h",
		"minutes": "m", "minute": "m", "mins": "m", "min": "m", "seconds": "s", "second": "s", "secs": "s", "sec": "s"} {
		if head, ok := strings.CutSuffix(squeezed, long); ok && long != squeezed {
			squeezed = head + short
			break
		}
	}
	if d, err := campaign.ParseDuration(squeezed); err == nil {
		return "Write " + quoted(campaign.FormatDuration(d)) + "."
	}
	return ""
}

// pattern refuses a regular expression that is none; nil if it is fine.
func (l *lowering) pattern(arg ast.Expr) ir.Node {
	n := l.value(arg)
	c, ok := n.(*ir.Const)
	switch {
	case isError(n):
		return n
	case !ok:
		return l.fail(arg, CodeType, "matches() takes a pattern in quotation marks or a variable.", "")
	case c.Unset:
		return nil
	}
	text, _ := c.Value.(string)
	if _, err := regexp.Compile(text); err != nil {
		return l.fail(arg, CodeLiteral, fmt.Sprintf("The pattern cannot be read: %s.", strings.TrimPrefix(err.Error(), "error parsing regexp: ")),
			"Patterns are written after RE2: no look-around, no back-references.")
	}
	return nil
}
