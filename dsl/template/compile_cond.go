package template

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// condition is a compiled test and what its outcome tells: the paths that are
// known to be there if it holds, and if it does not.
type condition struct {
	test    test
	yes, no []string
}

func (c condition) not() condition { return condition{&notTest{c.test}, c.no, c.yes} }

func (c condition) and(d condition) condition {
	return condition{&andTest{c.test, d.test}, append(c.yes[:len(c.yes):len(c.yes)], d.yes...), common(c.no, d.no)}
}

func (c condition) or(d condition) condition {
	return condition{&orTest{c.test, d.test}, common(c.yes, d.yes), append(c.no[:len(c.no):len(c.no)], d.no...)}
}

// common is what is known on both of two ways.
func common(a, b []string) []string {
	var out []string
	for path := range (facts{}).with(a).both(facts{}.with(b)) {
		out = append(out, path)
	}
	return out
}

// never is what a condition becomes of which a problem has been reported.
func never() condition { return condition{test: &truthTest{value: &constEval{nil}}} }

// condition checks and compiles a condition; nil has been reported.
func (c *compiler) condition(e expr) condition {
	switch e := e.(type) {
	case nil:
		return never()
	case *logicExpr:
		return c.logic(e)
	case *compareExpr:
		return c.comparison(e)
	}
	value, in := c.expr(e)
	return condition{test: &truthTest{value: c.presence(value, in)}, yes: pathList(in.path)}
}

// presence asks a ref for its row: a key that leads nowhere is as good as none.
func (c *compiler) presence(value eval, in info) eval {
	if in.typ.Kind != campaign.Ref {
		return value
	}
	c.reading.catalogs[in.typ.Catalog] = true
	return &stepEval{value, step{kind: stepRow, name: in.typ.Catalog}}
}

// logic joins conditions. The right one is asked only after the left.
func (c *compiler) logic(e *logicExpr) condition {
	if right, ok := e.right.(*logicExpr); ok && right.op != e.op {
		c.problems.warn(e.span, codeAndOr, "Liquid reads from the right and knows no precedence: this means %s %s (%s %s %s).",
			c.source(e.left), e.op, c.source(right.left), right.op, c.source(right.right)).
			fix("Nest two tags, so that no reader has to know.")
	}
	left := c.condition(e.left)
	outer := c.flow
	told := left.yes
	if e.op == "or" {
		told = left.no
	}
	c.flow = outer.fork(told)
	right := c.condition(e.right)
	c.flow = outer
	if e.op == "or" {
		return left.or(right)
	}
	return left.and(right)
}

func (c *compiler) source(e expr) string { return c.src[e.at().start:e.at().end] }

// comparison checks and compiles a comparison.
func (c *compiler) comparison(e *compareExpr) condition {
	left, l := c.expr(e.left)
	right, r := c.expr(e.right)
	switch {
	case l.broken || r.broken:
		return never()
	case r.isConst && r.constant == nil:
		return c.blankness(e, left, l)
	case l.isConst && l.constant == nil:
		return c.blankness(e, right, r)
	case e.op == "contains":
		return c.containment(e, left, l, right, r)
	}
	left, right = c.moment(e.left, left, l, r), c.moment(e.right, right, r, l)
	if left == nil || right == nil || !c.comparable(e, l, r) {
		return never()
	}
	cond := condition{test: &compareTest{e.op, left, right}}
	told := append(presentIf(l), presentIf(r)...)
	if e.op == "!=" {
		cond.no = told
	} else {
		cond.yes = told
	}
	full, empty := c.fullIf(e)
	cond.yes, cond.no = append(cond.yes, full...), append(cond.no, empty...)
	return cond
}

// blankness compares with nil, blank or empty, which are all the same here.
func (c *compiler) blankness(e *compareExpr, value eval, in info) condition {
	cond := condition{test: &truthTest{value: c.presence(value, in)}, yes: pathList(in.path)}
	switch e.op {
	case "!=":
		return cond
	case "==":
		return cond.not()
	}
	c.problems.add(e.span, codeNever, "Nothing is %s what is blank.", e.op).fix("Ask for == blank or != blank.")
	return never()
}

func (c *compiler) containment(e *compareExpr, left eval, l info, right eval, r info) condition {
	cond := condition{test: &compareTest{e.op, left, right}, yes: append(presentIf(l), presentIf(r)...)}
	switch {
	case isList(l.typ):
		if !canEqual(elementOf(l.typ), r.typ) {
			c.problems.add(e.span, codeNever, "The elements are %s, and %s is %s.", plural(elementOf(l.typ)), c.source(e.right), aType(r.typ))
		}
	case stringKinds.has(l.typ), l.typ.Kind == campaign.Map:
		if !stringKinds.has(r.typ) {
			c.problems.add(e.span, codeType, "%s contains strings, and %s is %s.", c.source(e.left), c.source(e.right), aType(r.typ))
		}
	default:
		c.problems.add(e.span, codeType, "%s is %s, which contains nothing.", c.source(e.left), aType(l.typ))
	}
	return cond
}

// presentIf is the path that must be there for a comparison to hold. The key of
// a row may be known, and the row not.
func presentIf(in info) []string {
	if in.typ.Kind == campaign.Ref {
		return nil
	}
	return pathList(in.path)
}

// fullIf knows x.size > 0 and its like: x is not empty if that holds, or else if
// it does not.
func (c *compiler) fullIf(e *compareExpr) (yes, no []string) {
	path, isPath := e.left.(*pathExpr)
	limit, isConst := e.right.(*literalExpr)
	if !isPath || !isConst || len(path.steps) == 0 || path.steps[len(path.steps)-1].name != "size" {
		return nil, nil
	}
	n, ok := limit.value.(float64)
	if !ok {
		return nil, nil
	}
	_, in := c.expr(&pathExpr{path.span, path.name, path.steps[:len(path.steps)-1]})
	switch {
	case e.op == ">" && n >= 0, e.op == ">=" && n > 0, e.op == "==" && n > 0, e.op == "!=" && n == 0:
		return pathList(in.path), nil
	case e.op == "==" && n == 0, e.op == "<" && n <= 1 && n > 0, e.op == "<=" && n == 0:
		return nil, pathList(in.path)
	}
	return nil, nil
}

// moment turns a string that is compared with a date into a date. If it is none,
// that is reported, and the result is nil.
func (c *compiler) moment(e expr, value eval, in, other info) eval {
	s, ok := in.constant.(string)
	if !ok || !momentKinds.has(other.typ) || other.typ.Kind == campaign.Any {
		return value
	}
	if isNow(s) {
		return nowEval{}
	}
	if d, err := campaign.ParseDate(s); err == nil {
		return &constEval{d}
	}
	if t, ok := instant(s, time.UTC); ok {
		return &constEval{t}
	}
	c.problems.add(e.at(), codeNever, "%s is compared with a date, and is none.", c.source(e)).fix("Write it as \"2026-12-31\", or \"now\".")
	return nil
}

// comparable reports two values that can never be equal, or have no order.
func (c *compiler) comparable(e *compareExpr, l, r info) bool {
	isDate := func(in, other info) bool { _, ok := in.constant.(string); return ok && momentKinds.has(other.typ) }
	switch {
	case !canEqual(l.typ, r.typ) && !isDate(l, r) && !isDate(r, l):
		c.problems.add(e.span, codeNever, "%s is %s, and %s is %s.", c.source(e.left), aType(l.typ), c.source(e.right), aType(r.typ))
	case !scalarKinds.has(l.typ):
		c.problems.add(e.span, codeType, "%s is %s, which is compared with blank alone.", c.source(e.left), aType(l.typ))
	case e.op != "==" && e.op != "!=" && l.typ.Kind == campaign.Bool:
		c.problems.add(e.span, codeType, "True and false have no order.")
	default:
		return true
	}
	return false
}

// canEqual reports whether values of two types can be equal.
func canEqual(a, b campaign.Type) bool {
	for _, family := range []kinds{stringKinds, numberKinds, momentKinds, kindsOf(campaign.Bool), kindsOf(campaign.Duration)} {
		if family.has(a) && family.has(b) {
			return true
		}
	}
	return a.Kind == campaign.Any || b.Kind == campaign.Any || a.Equal(b)
}
