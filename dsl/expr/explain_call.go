package expr

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// otherFunctions maps functions of CEL and of other languages to ours.
var otherFunctions = map[string]string{
	"getFullYear": "year(t)", "getMonth": "month(t), from 1", "getDayOfMonth": "day(t)", "getDate": "day(t)", "getDayOfWeek": "weekday(t), from Monday",
	"getHours": "hour(t)", "getDayOfYear": "month(t) and day(t)", "len": "size(x)", "length": "size(x)", "exists_any": "exists(o, …)",
	"lower": "x.lowerAscii()", "upper": "x.upperAscii()", "toLowerCase": "x.lowerAscii()", "toUpperCase": "x.upperAscii()", "includes": "y in x, or x.contains(y)",
	"find": "filter(i, …)[0]", "some": "exists(i, …)", "every": "all(i, …)", "average": "avg(o, …)", "total": "sum(o, …)",
	"existsOne": "exists_one(i, …)", "dyn": "nothing: types are known", "type": "nothing: types are known", "uint": "int(x)", "bool": "a comparison",
	"abs": "math.abs(x)", "round": "math.round(x)", "floor": "math.floor(x)", "ceil": "math.ceil(x)", "least": "math.least(x, y)", "greatest": "math.greatest(x, y)",
	"distance": "distance_km(latitude, longitude, latitude, longitude)", "birthday": "anniversary(date)", "flatten": "flat(o, …)", "flatMap": "flat(o, …)",
	"mode": "top(o, …)", "median": "avg(o, …), or top(o, …)", "percent": "share(o, …)", "containsAll": "sets.contains(x, y)", "containsAny": "sets.intersects(x, y)",
	"intersects": "sets.intersects(x, y)", "recency": "gap()",
	"empty": "!has(x), or size(x) == 0", "isEmpty": "!has(x), or size(x) == 0", "today": "date(now)", "days": `duration("30d")`,
}

// wrongFunction is a function that does not exist, or exists and does not take
// what it is given.
func (c *checking) wrongFunction(e ast.Expr) {
	name := e.AsCall().FunctionName()
	names := make([]string, 0, len(functionTable))
	for _, f := range functionTable {
		if f.Name == name {
			c.wrongSignature(e, f.FunctionDoc)
			return
		}
		names = append(names, f.Name)
	}
	fix := didYouMean(name, names)
	if ours, ok := otherFunctions[name]; ok {
		fix = "Here it is " + ours + "."
	}
	c.report(e, CodeFunction, fmt.Sprintf("There is no function %s().", name), fix)
}

// wrongSignature says how a function that exists is written.
func (c *checking) wrongSignature(e ast.Expr, doc FunctionDoc) {
	call := e.AsCall()
	var given []string
	if call.IsMemberFunction() {
		given = append(given, c.typedAs(call.Target()))
	}
	for _, arg := range call.Args() {
		given = append(given, c.typedAs(arg))
	}
	detail := fmt.Sprintf("%s() does not take %s.", doc.Name, strings.Join(given, " and "))
	switch {
	case doc.Name == "has":
		detail = "has() takes one value."
	case isMacro(doc.Name):
		detail = fmt.Sprintf("%s() takes a name for the element, and what is asked of it.", doc.Name)
	case len(given) == 0:
		detail = fmt.Sprintf("%s() needs something in the parentheses.", doc.Name)
	}
	fix := "It is written " + doc.Signature + "."
	switch {
	case asksOfEach(call):
		detail, fix = fmt.Sprintf("%s() takes nothing in the parentheses.", doc.Name), asked[doc.Name]
	case doc.Name == "sequence":
		detail, fix = c.wrongSequence(call.Args(), detail), "It is written "+doc.Signature+"."
	}
	if args := call.Args(); len(args) == 1 {
		switch word := c.universe.inWords(c.typeOf(args[0])); {
		case slices.Contains([]string{"within", "frequency", "open_rate", "click_rate"}, doc.Name) && word == "number":
			fix = "Write " + doc.Name + "(\"" + c.quote(args[0]) + "d\") for days."
		case doc.Name == "since" && word == "string":
			fix = "Write since(date(" + c.quote(args[0]) + "))."
		}
	}
	c.report(e, CodeType, detail, fix)
}

// asked says how to ask something of each event.
var asked = map[string]string{
	"any":   "Whether a condition holds of an event is exists(o, condition).",
	"none":  "Whether a condition holds of no event is where(o, condition).none().",
	"first": "The first event of which a condition holds is where(o, condition).first().",
	"last":  "The last event of which a condition holds is where(o, condition).last().",
}

// wrongSequence says which argument of sequence() is none, or that there are too
// few or too many.
func (c *checking) wrongSequence(args []ast.Expr, otherwise string) string {
	steps := 0
	for i, arg := range args {
		switch c.universe.inWords(c.typeOf(arg)) {
		case "history":
			steps++
		case "string", "duration":
			if i > 0 {
				return fmt.Sprintf("The duration of a sequence stands first, and %s stands at place %d.", c.quote(arg), i+1)
			}
		default:
			return fmt.Sprintf("The steps of a sequence are histories, and %s is %s.", c.quote(arg), c.typedAs(arg))
		}
	}
	if steps < 2 || steps > maxSteps {
		return fmt.Sprintf("A sequence has from two to eight histories, and this has %d.", steps)
	}
	return otherwise
}

// wrongMacro is a call that a macro made, of a body of the wrong type.
func (c *checking) wrongMacro(e ast.Expr) {
	call := e.AsCall()
	switch call.FunctionName() {
	case fnKeep, fnTally, fnTallyOne:
		c.mismatch(call.Args()[1], c.typeOf(call.Args()[1]))
		return
	case fnShare:
		if t := c.typeOf(call.Args()[1]); c.universe.inWords(t) != "bool" && t.Kind() != types.ErrorKind {
			c.mismatch(call.Args()[1], t)
			return
		}
	}
	method := c.methodName(e)
	switch name := call.FunctionName(); name {
	case fnShare, fnWeigh:
		weight := call.Args()[len(call.Args())-1]
		c.report(weight, CodeType, fmt.Sprintf("%s() weighs by numbers, and %s is %s.", method, c.quote(weight), c.typedAs(weight)), "")
	case fnExtend:
		c.wrongBody(method, call.Args()[1], "lists")
	case fnPlus:
		c.wrongBody(method, call.Args()[1], "numbers")
	case fnAvg:
		c.wrongBody(method, c.gathered(e), "numbers")
	case fnDistinct:
		c.wrongBody(method, c.gathered(e), "simple values")
	default:
		c.wrongBody(method, c.gathered(e), "numbers, texts, dates, times and durations")
	}
}

func (c *checking) wrongBody(method string, body ast.Expr, takes string) {
	t := c.typeOf(body)
	fix := ""
	if method == "sum" && c.universe.inWords(t) == "bool" {
		fix = "How many it holds of is count(o, condition)."
	}
	c.report(body, CodeType, fmt.Sprintf("%s() takes %s, and %s is %s.", method, takes, c.quote(body), c.typedAs(body)), fix)
}

// gathered is the body of the macro whose result is computed by e.
func (c *checking) gathered(e ast.Expr) ast.Expr {
	body := e
	ast.PostOrderVisit(c.tree.Expr(), ast.NewExprVisitor(func(outer ast.Expr) {
		if outer.Kind() == ast.ComprehensionKind && outer.AsComprehension().Result().ID() == e.ID() {
			body = outer.AsComprehension().LoopStep().AsCall().Args()[1]
		}
	}))
	return body
}

// methodName is what stands before the bracket of a macro.
func (c *checking) methodName(e ast.Expr) string {
	c.source.scan()
	if i, ok := c.source.at(e); ok {
		return c.source.word(i - 1)
	}
	return ""
}

// wrongRange is something that a macro cannot go over.
func (c *checking) wrongRange(comprehension ast.Expr) {
	target, method := comprehension.AsComprehension().IterRange(), c.methodName(comprehension)
	t, fix := c.typeOf(target), ""
	if t.Kind() == types.StringKind && strings.HasPrefix(method, "exists") {
		fix = "Whether a text has another in it is contains()."
	}
	c.report(target, CodeType, fmt.Sprintf("%s() goes over a history or a list, and %s is %s.", method, c.quote(target), c.typedAs(target)), fix)
}
