package expr

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// declaration is what CEL is told of one function or operator.
type declaration struct {
	name      string
	overloads []overload
}

// declarations lists all functions and operators. A ref is an object for CEL,
// whose fields are the columns of the row, and compares as the string that it
// is; refs are the types of the catalogs that something refers to.
func declarations(refs []*types.Type) []declaration {
	all := slices.Concat(operatorDeclarations(), macroDeclarations())
	for _, f := range functionTable {
		if f.overloads != nil {
			all = append(all, declaration{f.Name, f.overloads})
		}
	}
	for i := range all {
		all[i].overloads = slices.Concat(all[i].overloads, refOverloads(all[i].name, refs))
	}
	return all
}

func operatorDeclarations() []declaration {
	same := func(result *types.Type) func(*types.Type) overload {
		return func(t *types.Type) overload { return call(result, t, t) }
	}
	equal := append(forEach(scalars, same(tBool)), call(tBool, tSomeList, tSomeList))
	order := forEach(ordered, same(tBool))
	in := forEach(scalars, func(t *types.Type) overload { return call(tBool, t, types.NewListType(t)) })
	return []declaration{
		{operators.LogicalNot, []overload{call(tBool, tBool)}},
		{operators.LogicalAnd, []overload{call(tBool, tBool, tBool)}},
		{operators.LogicalOr, []overload{call(tBool, tBool, tBool)}},
		{operators.Conditional, []overload{call(tAny, tBool, tAny, tAny)}},
		{operators.Equals, equal},
		{operators.NotEquals, equal},
		{operators.Less, order},
		{operators.LessEquals, order},
		{operators.Greater, order},
		{operators.GreaterEquals, order},
		{operators.In, append(in, call(tBool, tString, tSomeMap))},
		{operators.Index, []overload{call(tAny, tList, tNumber), call(tAny, tMap, tString)}},
		{operators.Negate, []overload{call(tNumber, tNumber), call(tDuration, tDuration)}},
		{operators.Add, []overload{call(tNumber, tNumber, tNumber), call(tString, tString, tString), call(tList, tList, tList), call(tDuration, tDuration, tDuration),
			call(tTime, tTime, tDuration), call(tTime, tDuration, tTime), call(tDate, tDate, tDuration), call(tDate, tDuration, tDate)}},
		{operators.Subtract, []overload{call(tNumber, tNumber, tNumber), call(tDuration, tDuration, tDuration), call(tDuration, tTime, tTime), call(tTime, tTime, tDuration),
			call(tDuration, tDate, tDate), call(tDate, tDate, tDuration)}},
		{operators.Multiply, []overload{call(tNumber, tNumber, tNumber)}},
		{operators.Divide, []overload{call(tNumber, tNumber, tNumber), call(tNumber, tDuration, tDuration)}},
		{operators.Modulo, []overload{call(tNumber, tNumber, tNumber)}},
	}
}

func macroDeclarations() []declaration {
	extreme := forEach(ordered, func(t *types.Type) overload { return call(t, types.NewListType(t)) })
	return []declaration{
		{fnHas, []overload{call(tBool, types.DynType)}},
		{fnKeep, []overload{call(tList, tList, tBool, tAny)}},
		{fnAppend, []overload{call(tList, tList, tAny)}},
		{fnPlus, []overload{call(tNumber, tNumber, tNumber)}},
		{fnTally, []overload{call(tNumber, tNumber, tBool)}},
		{fnTallyOne, []overload{call(tNumber, tNumber, tBool)}},
		{fnOne, []overload{call(tBool, tNumber)}},
		{fnAvg, []overload{call(tNumber, types.NewListType(tNumber))}},
		{fnMin, extreme},
		{fnMax, extreme},
		{fnDistinct, forEach(scalars, func(t *types.Type) overload { return call(tNumber, types.NewListType(t)) })},
		{fnExtend, []overload{call(tList, tList, tList)}},
		{fnScales, []overload{call(scales(tAny))}},
		{fnWeigh, []overload{call(scales(tAny), scales(tAny), tAny), call(scales(tAny), scales(tAny), tAny, tNumber)}},
		{fnTop, forEach(ordered, func(t *types.Type) overload { return call(t, scales(t)) })},
		{fnShare, []overload{call(tNumbers, tNumbers, tBool), call(tNumbers, tNumbers, tBool, tNumber)}},
		{fnPart, []overload{call(tNumber, tNumbers)}},
	}
}

// scales is what top() gathers with: values of a type, each with a weight.
func scales(of *types.Type) *types.Type { return types.NewOpaqueType("@scales", of) }

func refOverloads(name string, refs []*types.Type) []overload {
	var out []overload
	for _, ref := range refs {
		switch name {
		case operators.Equals, operators.NotEquals:
			out = append(out, call(tBool, ref, ref), call(tBool, ref, tString), call(tBool, tString, ref))
		case operators.In:
			out = append(out, call(tBool, ref, types.NewListType(tString)), call(tBool, tString, types.NewListType(ref)))
		case operators.Index:
			out = append(out, call(tAny, tMap, ref))
		case "string":
			out = append(out, call(tString, ref))
		case fnDistinct:
			out = append(out, call(tNumber, types.NewListType(ref)))
		case fnTop:
			out = append(out, call(ref, scales(ref)))
		case "sets.contains", "sets.intersects", "sets.equivalent":
			refs, texts := types.NewListType(ref), types.NewListType(tString)
			out = append(out, call(tBool, refs, refs), call(tBool, refs, texts), call(tBool, texts, refs))
		}
	}
	return out
}

// lenient are the functions that are called with unknown arguments, too.
var lenient = []string{fnHas, fnKeep, fnAppend, fnPlus, fnTally, fnTallyOne, fnExtend, fnWeigh, fnShare, fnObject}

// decl is the declaration as CEL takes it. The checker needs no meaning, the
// Oracle's interpreter does.
func (d declaration) decl(meaning functions.FunctionOp) (*decls.FunctionDecl, error) {
	opts := []decls.FunctionOpt{decls.DisableTypeGuards(true)}
	var each []decls.OverloadOpt
	switch {
	case meaning == nil:
	case slices.Contains(lenient, d.name):
		each = append(each, decls.OverloadIsNonStrict(), decls.FunctionBinding(meaning))
	default:
		opts = append(opts, decls.SingletonFunctionBinding(meaning))
	}
	for _, o := range d.overloads {
		names := make([]string, len(o.args))
		for i, arg := range o.args {
			names[i] = arg.String()
		}
		id := fmt.Sprintf("%s(%s)", d.name, strings.Join(names, ", "))
		if o.method {
			opts = append(opts, decls.MemberOverload("."+id, o.args, o.result, each...))
		} else {
			opts = append(opts, decls.Overload(id, o.args, o.result, each...))
		}
	}
	return decls.NewFunction(d.name, opts...)
}
