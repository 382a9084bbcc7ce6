package expr

import (
	"slices"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"
)

// Internal functions, which only macros call. Every macro of the shape
// target.name(v, body) becomes a CEL comprehension over target, so that the
// checker gives v the type of an element and checks body under it:
//
//	accu = start; for v in target { accu = step(accu, body) }; accu
//
// The name of the accumulator tells lowering which macro it was, and body is
// always the second argument of the step.
const (
	fnHas      = "@has"      // anything → bool: whether it is known
	fnKeep     = "@keep"     // list, condition, element → list: appends if the condition holds
	fnAppend   = "@append"   // list, value → list: appends what is known
	fnPlus     = "@plus"     // number, number → number: adds what is known
	fnTally    = "@tally"    // number, condition → number: counts if it holds
	fnTallyOne = "@tallyOne" // number, condition → number: keeps apart true and unknown
	fnOne      = "@one"      // number → bool, of what @tallyOne counted
	fnAvg      = "@avg"      // list(number) → number
	fnMin      = "@min"      // list of a scalar → scalar
	fnMax      = "@max"      // list of a scalar → scalar
	fnDistinct = "@distinct" // list → number
	fnExtend   = "@extend"   // list, list → list: appends the elements of one that is known
	fnScales   = "@scales"   // → scales: nothing on them
	fnWeigh    = "@weigh"    // scales, value, weight or none → scales: puts a known value on, with its weight
	fnTop      = "@top"      // scales of a scalar → scalar: the heaviest
	fnShare    = "@share"    // list of two numbers, condition, weight or none → the same: adds to what holds, and to all
	fnPart     = "@part"     // list of two numbers → number: the first divided by the second
)

// roots are the names that stand at the start of a path. The variable of a macro
// cannot be called like one of them.
var roots = []string{"catalog", "consent", "event", "events", "journey", "local", "now", "profile", "reachable",
	"segment", "step", "topic", "trait", "trigger", "variable"}

// macroError marks the messages of this package among those of the parser.
const macroError = "herald: "

// shape is how a macro goes over its target.
type shape struct {
	name   string
	start  func(parser.ExprHelper) ast.Expr
	step   string
	result string // function of what has been gathered; "" for the same
}

var shapes = []shape{
	{"exists", literal(types.False), operators.LogicalOr, ""},
	{"all", literal(types.True), operators.LogicalAnd, ""},
	{"exists_one", literal(types.Double(0)), fnTallyOne, fnOne},
	{"count", literal(types.Double(0)), fnTally, ""},
	{"where", emptyList, fnKeep, ""},
	{"filter", emptyList, fnKeep, ""},
	{"map", emptyList, fnAppend, ""},
	{"sum", literal(types.Double(0)), fnPlus, ""},
	{"avg", emptyList, fnAppend, fnAvg},
	{"min", emptyList, fnAppend, fnMin},
	{"max", emptyList, fnAppend, fnMax},
	{"distinct", emptyList, fnAppend, fnDistinct},
	{"flat", emptyList, fnExtend, ""},
	{"top", emptyScales, fnWeigh, fnTop},
	{"share", twoZeros, fnShare, fnPart},
}

func emptyScales(eh parser.ExprHelper) ast.Expr { return eh.NewCall(fnScales) }

func twoZeros(eh parser.ExprHelper) ast.Expr {
	return eh.NewList(eh.NewLiteral(types.Double(0)), eh.NewLiteral(types.Double(0)))
}

func literal(v ref.Val) func(parser.ExprHelper) ast.Expr {
	return func(eh parser.ExprHelper) ast.Expr { return eh.NewLiteral(v) }
}

func emptyList(eh parser.ExprHelper) ast.Expr { return eh.NewList() }

func macros() []parser.Macro {
	all := []parser.Macro{parser.NewGlobalMacro("has", 1, expandHas)}
	for _, s := range shapes {
		all = append(all, parser.NewReceiverMacro(s.name, 2, s.expand))
		if s.step == fnWeigh || s.step == fnShare {
			all = append(all, parser.NewReceiverMacro(s.name, 3, s.expand))
		}
	}
	return all
}

// expandHas makes has(x) an ordinary function of any x, where CEL's own has()
// takes selections only, and is unknown where what is selected from is.
func expandHas(eh parser.ExprHelper, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	return eh.NewCall(fnHas, args[0]), nil
}

func (s shape) expand(eh parser.ExprHelper, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
	v, err := macroVariable(eh, args[0])
	if err != nil {
		return nil, err
	}
	accu := "@" + s.name
	stepArgs := []ast.Expr{eh.NewIdent(accu), args[1]}
	switch {
	case s.step == fnKeep:
		stepArgs = append(stepArgs, eh.NewIdent(v))
	case len(args) == 3: // a weight; 1 where there is none
		stepArgs = append(stepArgs, args[2])
	}
	result := eh.NewIdent(accu)
	if s.result != "" {
		result = eh.NewCall(s.result, result)
	}
	return eh.NewComprehension(target, v, accu, s.start(eh), eh.NewLiteral(types.True), eh.NewCall(s.step, stepArgs...), result), nil
}

func macroVariable(eh parser.ExprHelper, e ast.Expr) (string, *common.Error) {
	if e.Kind() != ast.IdentKind {
		return "", eh.NewError(e.ID(), macroError+"the first argument must be a name for the element, as o in exists(o, o.total > 10)")
	}
	name := e.AsIdent()
	if slices.Contains(roots, name) {
		return "", eh.NewError(e.ID(), macroError+"`"+name+"` has a meaning of its own here; choose another name for the element")
	}
	return name, nil
}
