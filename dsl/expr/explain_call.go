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
	"empty": "!has(x), or size(x) == 0", "isEmpty": "!has(x), or size(x) == 0", "today": "date(now)", "days": `duration("30d")`,
}

// laterFunctions are parts of the language that are still to come.
var laterFunctions = []string{"frequency", "gap", "rate", "sequence"}

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
	if slices.Contains(laterFunctions, name) {
		c.report(e, CodeLater, fmt.Sprintf("%s() is not available yet.", name), "")
		return
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
		given = append(given, c.typed(c.typeOf(call.Target())))
	}
	for _, arg := range call.Args() {
		given = append(given, c.typed(c.typeOf(arg)))
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
	if args := call.Args(); len(args) == 1 && call.IsMemberFunction() {
		switch word := c.universe.inWords(c.typeOf(args[0])); {
		case doc.Name == "within" && word == "number":
			fix = "Write within(\"" + c.quote(args[0]) + "d\") for days."
		case doc.Name == "since" && word == "string":
			fix = "Write since(date(" + c.quote(args[0]) + "))."
		}
	}
	c.report(e, CodeType, detail, fix)
}

// wrongMacro is a call that a macro made, of a body of the wrong type.
func (c *checking) wrongMacro(e ast.Expr) {
	call := e.AsCall()
	switch call.FunctionName() {
	case fnKeep, fnTally, fnTallyOne:
		c.mismatch(call.Args()[1], c.typeOf(call.Args()[1]))
		return
	}
	method := c.methodName(e)
	switch name := call.FunctionName(); name {
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
	c.report(body, CodeType, fmt.Sprintf("%s() takes %s, and %s is %s.", method, takes, c.quote(body), c.typed(t)), fix)
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
	c.report(target, CodeType, fmt.Sprintf("%s() goes over a history or a list, and %s is %s.", method, c.quote(target), c.typed(t)), fix)
}
