package syntax

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// pureFunctions depend on nothing but their arguments.
var pureFunctions = map[string]function.Function{
	"coalesce":   stdlib.CoalesceFunc,
	"concat":     stdlib.ConcatFunc,
	"contains":   stdlib.ContainsFunc,
	"csvdecode":  stdlib.CSVDecodeFunc,
	"distinct":   stdlib.DistinctFunc,
	"flatten":    stdlib.FlattenFunc,
	"format":     stdlib.FormatFunc,
	"join":       stdlib.JoinFunc,
	"jsondecode": stdlib.JSONDecodeFunc,
	"jsonencode": stdlib.JSONEncodeFunc,
	"keys":       stdlib.KeysFunc,
	"length":     lengthFunc,
	"lookup":     stdlib.LookupFunc,
	"lower":      stdlib.LowerFunc,
	"max":        stdlib.MaxFunc,
	"merge":      stdlib.MergeFunc,
	"min":        stdlib.MinFunc,
	"range":      stdlib.RangeFunc,
	"replace":    stdlib.ReplaceFunc,
	"sort":       stdlib.SortFunc,
	"split":      stdlib.SplitFunc,
	"tonumber":   stdlib.MakeToFunc(cty.Number),
	"toset":      stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"tostring":   stdlib.MakeToFunc(cty.String),
	"trimspace":  stdlib.TrimSpaceFunc,
	"upper":      stdlib.UpperFunc,
	"values":     stdlib.ValuesFunc,
}

var pureContext = &hcl.EvalContext{Functions: pureFunctions}

// outerFunctions read what stands outside of an expression.
var outerFunctions = []string{"dir", "env", "file"}

func isFunction(name string) bool {
	_, pure := pureFunctions[name]
	return pure || slices.Contains(outerFunctions, name)
}

func functionNames() []string {
	return slices.AppendSeq(slices.Clone(outerFunctions), maps.Keys(pureFunctions))
}

func functionsFor(s Scope) *hcl.EvalContext {
	ctx := pureContext.NewChild()
	ctx.Functions = map[string]function.Function{"file": s.fileFunc(), "dir": s.dirFunc(), "env": s.envFunc()}
	return ctx
}

// lengthFunc also counts the characters of a string, as authors expect.
var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch t := args[0].Type(); {
		case t.Equals(cty.String):
			return stdlib.Strlen(args[0])
		case t.IsObjectType() || t.IsTupleType() || t.IsCollectionType():
			return cty.NumberIntVal(int64(args[0].LengthInt())), nil
		}
		return cty.NilVal, &fault{
			code: "invalid-value", summary: "Expression has no value",
			detail: "length counts the elements of a list, a set or a map, or the characters of a string.",
		}
	},
})

var pathParam = function.Parameter{Name: "path", Type: cty.String}

func (s Scope) fileFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{pathParam},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			f, bad := readText(s.FS, args[0].AsString())
			if bad != nil {
				return cty.NilVal, bad
			}
			return cty.StringVal(f.text()), nil
		},
	})
}

func (s Scope) dirFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{pathParam},
		Type:   function.StaticReturnType(cty.Map(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			files, bad := readFolder(s.FS, args[0].AsString())
			if bad != nil {
				return cty.NilVal, bad
			}
			if len(files) == 0 {
				return cty.MapValEmpty(cty.String), nil
			}
			texts := make(map[string]cty.Value, len(files))
			for _, f := range files {
				texts[path.Base(f.name)] = cty.StringVal(f.text())
			}
			return cty.MapVal(texts), nil
		},
	})
}

func (s Scope) envFunc() function.Function {
	result := cty.String
	if s.SecretEnv {
		result = cty.DynamicPseudoType
	}
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "fallback", Type: cty.String},
		Type:     function.StaticReturnType(result),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return cty.NilVal, &fault{
					arg: 2, code: "invalid-value", summary: "Expression has no value",
					detail: "env takes a name and one fallback.",
				}
			}
			return s.env(args[0].AsString(), args[1:])
		},
	})
}

// env looks up an environment variable. A secret one is not looked at here,
// unless there is something to fall back to.
func (s Scope) env(name string, fallback []cty.Value) (cty.Value, error) {
	value, set := "", false
	if s.Env != nil {
		value, set = s.Env(name)
	}
	switch {
	case s.SecretEnv && (set || len(fallback) == 0):
		return secretVal(campaign.Secret{Env: name}), nil
	case set:
		return cty.StringVal(value), nil
	case len(fallback) > 0:
		return fallback[0], nil
	}
	return cty.NilVal, &fault{
		code: "env-unset", summary: "Environment variable not set",
		detail: fmt.Sprintf("The environment variable %s is not set.", name),
		fix:    fmt.Sprintf("Set %s, or give a fallback: env(%q, \"…\").", name, name),
	}
}
