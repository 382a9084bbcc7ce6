package expr

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// domain is what values a node can have at all.
type domain struct {
	oneOf  []string // empty: any
	lo, hi float64
	whole  bool // a whole number
}

// domainOf knows attributes with one_of, elements of such sets, counts, rates and
// parts of dates.
func (l *lowering) domainOf(n ir.Node) domain {
	d := domain{lo: math.Inf(-1), hi: math.Inf(1)}
	switch n := n.(type) {
	case *ir.Attribute:
		if n.T.Kind == campaign.String {
			d.oneOf = n.OneOf
		}
	case *ir.Var:
		if v := l.variable(n.Name); v != nil {
			d.oneOf = elementsOf(v.over)
		}
	case *ir.Fold:
		switch n.Op {
		case ir.FoldCount, ir.FoldCountIf, ir.FoldDistinct:
			d.lo, d.whole = 0, true
		}
	case *ir.Call:
		if r, ok := ranges[n.Func]; ok {
			d.lo, d.hi, d.whole = r[0], r[1], true
		}
		if r, ok := spans[n.Func]; ok {
			d.lo, d.hi = r[0], r[1]
		}
	case *ir.Short:
		if r, ok := rates[n.Name]; ok && n.Traits == nil && !(n.Name == "share" && len(n.Args) == 4) { // weights can be below 0
			d.lo, d.hi = r[0], r[1]
		}
	}
	return d
}

// rates and spans are what short forms and functions that give no whole numbers
// can give.
var rates = map[string][2]float64{
	"open_rate": {0, 1}, "click_rate": {0, 1}, "share": {0, 1}, "rate": {0, math.Inf(1)}, "frequency": {0, math.Inf(1)},
}

var spans = map[ir.Func][2]float64{
	ir.Decay: {0, 1}, ir.DistanceKm: {0, math.Ceil(math.Pi * earthRadius)}, ir.Abs: {0, math.Inf(1)},
}

var ranges = map[ir.Func][2]float64{
	ir.Size: {0, math.Inf(1)}, ir.Age: {-200, 9999}, ir.Month: {1, 12}, ir.Day: {1, 31}, ir.Weekday: {1, 7}, ir.WeekOf: {1, 53}, ir.Hour: {0, 23}, ir.DaysUntil: {0, 365},
}

// elementsOf is what the elements of a set can be.
func elementsOf(over ir.Node) []string {
	switch n := over.(type) {
	case *ir.Attribute:
		return n.OneOf
	case *ir.Fold:
		if n.Op == ir.FoldFilter {
			return elementsOf(n.Over)
		}
	}
	return nil
}

// impossibleCompare reports a comparison that no value satisfies.
func (l *lowering) impossibleCompare(e ast.Expr, n *ir.Compare) {
	op, x, c := n.Op, n.L, constOf(n.R)
	if left := constOf(n.L); left != nil {
		op, x, c = op.Flip(), n.R, left
	}
	if c == nil || c.Unset {
		return
	}
	d := l.domainOf(x)
	switch v := c.Value.(type) {
	case string:
		if op == ir.Eq || op == ir.Ne {
			l.notOneOf(e, ir.Text(x)+" is never %s.", v, d.oneOf)
		}
	case float64:
		if !d.allows(op, v) {
			l.report(e, CodeNever, fmt.Sprintf("%s is %s, and never %s %s.", ir.Text(x), d.inWords(), op, ir.FormatNumber(v)), "")
		}
	}
}

// constantCompare is what comes of comparing two constants. That 1 > 2 is a
// mistake; that variable.country == "DE" is false is none, since variables are
// there to be changed.
func (l *lowering) constantCompare(e ast.Expr, op ir.CompareOp, a, b *ir.Const) ir.Node {
	truth := compareValues(op, a.Value, b.Value)
	if truth == False && a.From == "" && b.From == "" {
		l.report(e, CodeNever, fmt.Sprintf("%s is false whoever it is asked of.", l.quote(e)), "")
	}
	return &ir.Const{T: campaign.Of(campaign.Bool), Value: truth == True, From: cmp.Or(a.From, b.From)}
}

func (d domain) allows(op ir.CompareOp, v float64) bool {
	switch op {
	case ir.Eq:
		return v >= d.lo && v <= d.hi && (!d.whole || v == math.Trunc(v))
	case ir.Lt:
		return v > d.lo
	case ir.Le:
		return v >= d.lo
	case ir.Gt:
		return v < d.hi
	case ir.Ge:
		return v <= d.hi
	}
	return true
}

func (d domain) inWords() string {
	word := "a number"
	if d.whole {
		word = "a whole number"
	}
	switch {
	case !math.IsInf(d.lo, 0) && !math.IsInf(d.hi, 0):
		return fmt.Sprintf("%s from %s to %s", word, ir.FormatNumber(d.lo), ir.FormatNumber(d.hi))
	case !math.IsInf(d.lo, 0):
		return fmt.Sprintf("%s, at least %s", word, ir.FormatNumber(d.lo))
	}
	return word
}

// notOneOf reports a value that is not among those allowed; detail has a place
// for it.
func (l *lowering) notOneOf(e ast.Expr, detail, v string, oneOf []string) {
	if len(oneOf) == 0 || slices.Contains(oneOf, v) {
		return
	}
	fix := didYouMean(v, oneOf)
	if fix == "" {
		fix = "Its one_of allows " + listed(oneOf) + "."
	}
	l.report(e, CodeNever, fmt.Sprintf(detail, quoted(v)), fix)
}

// impossibleIn reports elements that a set cannot have, and values of a list that
// an attribute cannot have.
func (l *lowering) impossibleIn(e ast.Expr, n *ir.In) {
	if v, ok := constText(n.X); ok {
		l.notOneOf(e, ir.Text(n.Of)+" never has %s in it.", v, elementsOf(n.Of))
		return
	}
	list := constOf(n.Of)
	if list == nil || list.Unset {
		return
	}
	values, _ := list.Value.([]any)
	oneOf := l.domainOf(n.X).oneOf
	for _, v := range values {
		if s, ok := v.(string); ok {
			l.notOneOf(e, ir.Text(n.X)+" is never %s.", s, oneOf)
		}
	}
}

// constraint gathers what the operands of an && demand of one thing.
type constraint struct {
	domain
	lowest, highest any // nil: no bound
	above, below    bool
	among           []any // nil: anything
	not             []any
	demands         []ast.Expr // for the report
}

// contradictions reports the operand of an && that cannot hold together with
// those before it: x > 5 && x < 3, a && !a.
func (l *lowering) contradictions(operands []ir.Node, written []ast.Expr) {
	if l.broken {
		return
	}
	known := map[string]*constraint{}
	for i, n := range operands {
		key, demand := l.demandOf(n)
		if demand == nil {
			continue
		}
		c := known[key.text]
		if c == nil {
			c = &constraint{domain: l.domainOf(key.node)}
			known[key.text] = c
		}
		if demand(c); c.empty() && len(c.demands) > 0 {
			l.report(written[i], CodeNever, fmt.Sprintf("This cannot hold together with %s.", l.quoteAll(c.demands)), "")
			return
		}
		c.demands = append(c.demands, written[i])
	}
}

func (l *lowering) quoteAll(es []ast.Expr) string {
	quotes := make([]string, len(es))
	for i, e := range es {
		quotes[i] = l.quote(e)
	}
	return strings.Join(quotes, " && ")
}

// subject is what a demand is made of.
type subject struct {
	node ir.Node
	text string
}

// demandOf understands an operand as a demand on one thing.
func (l *lowering) demandOf(n ir.Node) (subject, func(*constraint)) {
	switch n := n.(type) {
	case *ir.Compare:
		op, x, c := n.Op, n.L, constOf(n.R)
		if left := constOf(n.L); left != nil && c == nil {
			op, x, c = op.Flip(), n.R, left
		}
		if c == nil || c.Unset || constOf(x) != nil || !hasOrder(c.Value) {
			return subject{}, nil
		}
		return subject{x, ir.Text(x)}, func(k *constraint) { k.compare(op, c.Value) }
	case *ir.In:
		list := constOf(n.Of)
		if list == nil || list.Unset {
			return truthOf(n, true)
		}
		values, _ := list.Value.([]any)
		if len(values) == 0 || constOf(n.X) != nil {
			return subject{}, nil
		}
		return subject{n.X, ir.Text(n.X)}, func(k *constraint) { k.restrict(values) }
	case *ir.Not:
		return truthOf(n.X, false)
	}
	return truthOf(n, true)
}

// truthOf is the demand that a condition is true, or false. That there is no
// event is the opposite of that there is one.
func truthOf(n ir.Node, want bool) (subject, func(*constraint)) {
	if not, ok := n.(*ir.Not); ok {
		return truthOf(not.X, !want)
	}
	if constOf(n) != nil {
		return subject{}, nil
	}
	if f, ok := n.(*ir.Fold); ok && f.Op == ir.FoldNone {
		n, want = &ir.Fold{Op: ir.FoldAny, Over: f.Over, T: f.T}, !want
	}
	return subject{n, ir.Text(n)}, func(k *constraint) { k.restrict([]any{want}) }
}

func hasOrder(v any) bool {
	_, ok := order(v, v)
	return ok
}

func (k *constraint) compare(op ir.CompareOp, v any) {
	switch op {
	case ir.Eq:
		k.restrict([]any{v})
	case ir.Ne:
		k.not = append(k.not, v)
	case ir.Lt, ir.Le:
		if o, _ := order(v, k.highest); k.highest == nil || o < 0 || o == 0 && op == ir.Lt {
			k.highest, k.below = v, op == ir.Lt
		}
	case ir.Gt, ir.Ge:
		if o, _ := order(v, k.lowest); k.lowest == nil || o > 0 || o == 0 && op == ir.Gt {
			k.lowest, k.above = v, op == ir.Gt
		}
	}
}

func (k *constraint) restrict(values []any) {
	if k.among == nil {
		k.among = slices.Clone(values)
		return
	}
	k.among = slices.DeleteFunc(k.among, func(v any) bool { return !slices.ContainsFunc(values, func(w any) bool { return equal(v, w) }) })
}

// empty reports whether no value meets the demands.
func (k *constraint) empty() bool {
	if k.among != nil {
		return !slices.ContainsFunc(k.among, k.meets)
	}
	if k.lowest == nil || k.highest == nil {
		return false
	}
	lo, loNumber := k.lowest.(float64)
	hi, hiNumber := k.highest.(float64)
	if k.whole && loNumber && hiNumber {
		return wholeAbove(lo, k.above) > wholeBelow(hi, k.below)
	}
	o, ok := order(k.lowest, k.highest)
	return ok && (o > 0 || o == 0 && (k.above || k.below))
}

func wholeAbove(v float64, open bool) float64 {
	if c := math.Ceil(v); c > v || !open {
		return c
	}
	return v + 1
}

func wholeBelow(v float64, open bool) float64 {
	if f := math.Floor(v); f < v || !open {
		return f
	}
	return v - 1
}

// meets reports whether v is within the bounds and not excluded.
func (k *constraint) meets(v any) bool {
	if slices.ContainsFunc(k.not, func(w any) bool { return equal(v, w) }) {
		return false
	}
	if o, ok := order(v, k.lowest); ok && (o < 0 || o == 0 && k.above) {
		return false
	}
	if o, ok := order(v, k.highest); ok && (o > 0 || o == 0 && k.below) {
		return false
	}
	return true
}
