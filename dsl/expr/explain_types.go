package expr

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// wrongCall is an operator or a function that does not take what it is given.
func (c *checking) wrongCall(e ast.Expr) {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	if strings.HasPrefix(name, "@") && name != operators.In {
		c.wrongMacro(e)
		return
	}
	switch name {
	case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		c.wrongComparison(e, args[0], args[1])
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		c.wrongArithmetic(e, args[0], args[1])
	case operators.In:
		c.wrongIn(e, args[0], args[1])
	case operators.LogicalNot:
		c.mismatch(args[0], c.typeOf(args[0]))
	case operators.Negate:
		c.report(e, CodeType, fmt.Sprintf("- goes before a number or a duration, and %s is %s.", c.quote(args[0]), c.typedAs(args[0])), "")
	case operators.Conditional:
		c.wrongConditional(e, args)
	case operators.Index:
		c.wrongIndex(e, args[0], args[1])
	default:
		c.wrongFunction(e)
	}
}

func (c *checking) wrongComparison(e, l, r ast.Expr) {
	lt, rt := c.typeOf(l), c.typeOf(r)
	lw, rw := c.universe.inWords(lt), c.universe.inWords(rt)
	detail := fmt.Sprintf("%s is %s and %s is %s: the two cannot be compared.", c.quote(l), c.typedAs(l), c.quote(r), c.typedAs(r))
	switch {
	case lw == rw && scalarWord(lw):
		detail = fmt.Sprintf("Two values of type %s have no order.", lw)
	case lw == rw:
		detail = fmt.Sprintf("Two values of type %s cannot be compared as wholes.", lw)
	}
	c.report(e, CodeType, detail, c.convertFix(l, lw, r, rw))
}

func scalarWord(w string) bool { return slices.Contains([]string{"bool", "string", "number"}, w) }

// convertFix writes the text that was given as the date, time or duration that
// the other side is.
func (c *checking) convertFix(l ast.Expr, lw string, r ast.Expr, rw string) string {
	if rw != "string" {
		if lw != "string" {
			return c.convertTimes(l, lw, r, rw)
		}
		l, lw, r = r, rw, l
	}
	switch lw {
	case "date":
		return "Write date(" + c.quote(r) + ")."
	case "time":
		return "Write timestamp(" + c.quote(r) + ")."
	case "duration":
		return "Write duration(" + c.quote(r) + ")."
	case "number":
		if r.Kind() == ast.LiteralKind {
			return "Write the number without quotation marks."
		}
		return "Write double(" + c.quote(r) + ")."
	case "bool":
		return "Write true or false without quotation marks."
	case "history":
		return "Ask it something, as in " + c.quote(l) + ".any() or .count()."
	}
	if strings.HasPrefix(lw, "list(") {
		return "Write " + c.quote(r) + " in " + c.quote(l) + "."
	}
	return ""
}

func (c *checking) convertTimes(l ast.Expr, lw string, r ast.Expr, rw string) string {
	switch {
	case lw == "history":
		return "Ask how many: " + c.quote(l) + ".count()."
	case lw == "time" && rw == "date":
		return "Take the day of the instant: date(" + c.quote(l) + ")."
	case lw == "date" && rw == "time":
		return "Take the day of the instant: date(" + c.quote(r) + ")."
	case lw == "duration" && rw == "number":
		return `Write a duration, such as duration("30d").`
	case strings.HasPrefix(lw, "list(") && rw == "number":
		return "Ask for its size: size(" + c.quote(l) + ")."
	}
	return ""
}

func (c *checking) wrongArithmetic(e, l, r ast.Expr) {
	lt, rt := c.typeOf(l), c.typeOf(r)
	lw, rw := c.universe.inWords(lt), c.universe.inWords(rt)
	sign := map[string]string{operators.Add: "+", operators.Subtract: "-", operators.Multiply: "*", operators.Divide: "/", operators.Modulo: "%"}[e.AsCall().FunctionName()]
	fix := ""
	switch {
	case sign == "+" && lw == "string" && scalarWord(rw):
		fix = "Write string(" + c.quote(r) + ")."
	case sign == "+" && rw == "string" && scalarWord(lw):
		fix = "Write string(" + c.quote(l) + ")."
	case (lw == "time" || lw == "date") && rw == "string":
		fix = "Write duration(" + c.quote(r) + ")."
	case lw == "time" && rw == "date", lw == "date" && rw == "time":
		fix = c.convertTimes(l, lw, r, rw)
	}
	c.report(e, CodeType, fmt.Sprintf("%s does not go between %s and %s.", sign, c.typedAs(l), c.typedAs(r)), fix)
}

func (c *checking) wrongIn(e, l, r ast.Expr) {
	rt := c.typeOf(r)
	fix := ""
	switch rw := c.universe.inWords(rt); {
	case rw == "string":
		fix = "Whether a text has another in it is " + c.quote(r) + ".contains(" + c.quote(l) + ")."
	case rw == "history":
		fix = "Go over the events, as in exists(o, …)."
	case rt.Kind() == types.ListKind && rt.Parameters()[0].Kind() == types.StructKind:
		fix = "Go over the elements, as in " + c.quote(r) + ".exists(i, …)."
	}
	c.report(e, CodeType, fmt.Sprintf("`in` looks for a value in a list or set of such values; this looks for %s in %s.", c.typedAs(l), c.typedAs(r)), fix)
}

func (c *checking) wrongConditional(e ast.Expr, args []ast.Expr) {
	if t := c.typeOf(args[0]); c.universe.inWords(t) != "bool" && t.Kind() != types.ErrorKind {
		c.mismatch(args[0], t)
		return
	}
	c.report(e, CodeType, fmt.Sprintf("One branch gives %s and the other %s; they must give the same.",
		c.typedAs(args[1]), c.typedAs(args[2])), "")
}

func (c *checking) wrongIndex(e, x, key ast.Expr) {
	xt := c.typeOf(x)
	switch {
	case xt.Kind() == types.ListKind:
		c.report(e, CodeType, fmt.Sprintf("An element of a list is found by its number, and %s is %s.", c.quote(key), c.typedAs(key)), "")
	case xt.Kind() == types.MapKind:
		c.report(e, CodeType, fmt.Sprintf("The key in the brackets is a string, and %s is %s.", c.quote(key), c.typedAs(key)),
			"Write string("+c.quote(key)+").")
	case c.universe.inWords(xt) == "history":
		c.report(e, CodeType, "A history has no numbered events.", "Write .first() or .last().")
	default:
		fix := ""
		if name, ok := literalText(key); ok && xt.Kind() == types.StructKind {
			fix = "Write " + c.quote(x) + "." + name + "."
		}
		c.report(e, CodeType, fmt.Sprintf("%s is %s, and nothing is found in it by [ ].", c.quote(x), c.typedAs(x)), fix)
	}
}
