package syntax

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
)

// fault is an error of one of our functions, already in the author's words.
type fault struct {
	arg                        int // which argument is to blame
	code, summary, detail, fix string
}

// Error is the detail; hcl hands the fault back as an error.
func (f *fault) Error() string { return f.detail }

func (f *fault) at(r diag.Range) diag.Diagnostic {
	return diag.Diagnostic{Code: f.code, Summary: f.summary, Detail: f.detail, Fix: f.fix, Subject: r}
}

// failure puts one finding of hcl's evaluation into our words.
func (ev *evaluation) failure(d *hcl.Diagnostic) diag.Diagnostic {
	var at diag.Range
	if d.Subject != nil {
		at = ev.file.rangeOf(*d.Subject)
	}
	if d.Expression != nil && d.Summary == "Invalid function argument" {
		at = ev.file.rangeOf(d.Expression.Range())
	}
	if extra, ok := d.Extra.(hclsyntax.FunctionCallDiagExtra); ok {
		err := extra.FunctionCallError()
		if f, ok := errors.AsType[*fault](err); ok {
			if call, ok := d.Expression.(*hclsyntax.FunctionCallExpr); ok && f.arg < len(call.Args) {
				at = ev.file.rangeOf(call.Args[f.arg].Range())
			}
			return f.at(at)
		}
		if _, ok := errors.AsType[function.PanicError](err); ok {
			return invalidValue(fmt.Sprintf("The function %s cannot work with these values.", extra.CalledFunctionName()), at)
		}
		if _, ok := errors.AsType[function.ArgError](err); err != nil && !ok {
			return invalidValue(fmt.Sprintf("The function %s failed: %v.", extra.CalledFunctionName(), err), ev.file.rangeOf(d.Expression.Range()))
		}
	}
	if usage := functionUsage[calledFunction(d)]; usage != "" && strings.Contains(d.Summary, "function argument") {
		return invalidValue(usage, at)
	}
	if d.Expression != nil && d.EvalContext != nil {
		if v, _ := d.Expression.Value(d.EvalContext); v.ContainsMarked() {
			return secretWithin(at)
		}
	}
	return invalidValue(strings.ReplaceAll(d.Detail, "argument", "attribute"), at)
}

// functionUsage is how our own functions are called.
var functionUsage = map[string]string{
	"env":  `env takes the name of an environment variable and, if there may be none, a fallback: env("NAME", "fallback").`,
	"file": `file takes one path within the project's folder: file("messages/welcome.mjml").`,
	"dir":  `dir takes one path within the project's folder: dir("strings").`,
}

func calledFunction(d *hcl.Diagnostic) string {
	if call, ok := d.Expression.(*hclsyntax.FunctionCallExpr); ok {
		return call.Name
	}
	return ""
}

func invalidValue(detail string, at diag.Range) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "invalid-value",
		Summary: "Expression has no value",
		Detail:  detail,
		Subject: at,
	}
}

func secretWithin(at diag.Range) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "secret-in-expression",
		Summary: "Secret within an expression",
		Detail:  "A secret is looked up where it is used and stands in no plan, so it can be given to an attribute whole, but nothing can be computed from it.",
		Fix:     "Keep the whole value in the variable, such as the complete URL, and write attribute = variable.x.",
		Subject: at,
	}
}

// refuse reports a problem of fromCty.
func (ev *evaluation) refuse(problem string, at diag.Range) {
	if problem == problemSecret {
		ev.diags = append(ev.diags, secretWithin(at))
		return
	}
	ev.diags = append(ev.diags, invalidValue(problem, at))
}

// unknownReference explains why ref has no value.
func (ev *evaluation) unknownReference(ref Reference) diag.Diagnostic {
	d := diag.Diagnostic{
		Code:    "unknown-reference",
		Summary: "Unknown reference",
		Detail:  fmt.Sprintf("There is no value named %s.", strings.Join(ref.Parts, ".")),
		Subject: ref.Range,
	}
	root := ref.Parts[0]
	names, known := ev.scope.Values[root]
	_, isBlock := schema.Root.Block(root)
	switch {
	case known:
		d.Fix = didYouMean(ref.Parts[1], slices.Collect(maps.Keys(names)), root+".")
	case root == "var" && len(ref.Parts) > 1:
		d.Detail = "A variable is referred to by the name of its block."
		d.Fix = fmt.Sprintf("Write variable.%s.", ref.Parts[1])
	case root == "locals" && len(ref.Parts) > 1:
		d.Fix = fmt.Sprintf("Write local.%s.", ref.Parts[1])
	case isBlock && len(ref.Parts) > 1:
		d.Detail = fmt.Sprintf("%s names a block, and a value is expected here.", strings.Join(ref.Parts, "."))
	case len(ref.Parts) == 1:
		d.Fix = fmt.Sprintf("If the word is meant, write %q.", root)
	default:
		d.Fix = didYouMean(root, slices.Collect(maps.Keys(ev.scope.Values)), "")
	}
	if ev.inString && !known {
		d.Fix = strings.TrimSpace(d.Fix + " ${…} in a string takes variable.x and local.x; what is known of a person stands in {{ … }}, and a plain ${ is written $${.")
	}
	return d
}

func unknownFunction(name string, at diag.Range) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "unknown-function",
		Summary: "Unknown function",
		Detail:  fmt.Sprintf("There is no function %s.", name),
		Fix:     functionFix(name),
		Subject: at,
	}
}

func functionFix(name string) string {
	if near := didYouMean(name, functionNames(), ""); near != "" {
		return near
	}
	return "Functions are " + strings.Join(slices.Sorted(slices.Values(functionNames())), ", ") + "."
}

func didYouMean(word string, candidates []string, prefix string) string {
	if near := diag.DidYouMean(word, candidates); near != "" {
		return fmt.Sprintf("Did you mean %s%s?", prefix, near)
	}
	return ""
}
