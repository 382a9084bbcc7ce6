package expr

import (
	"strings"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Problem is something wrong with an expression.
type Problem struct {
	Code    string // stable, kebab-case: CodeName and so on
	Summary string // the same for every Problem of this code
	Detail  string // what is wrong and why
	Fix     string // what to do; may be empty
	Start   int    // byte offsets into the source: what to underline
	End     int
}

// The codes of Problems.
const (
	CodeSyntax        = "cel-syntax"
	CodeInterpolation = "cel-interpolation"
	CodeName          = "cel-unknown-name"
	CodeFunction      = "cel-unknown-function"
	CodeScope         = "cel-scope"
	CodeType          = "cel-type"
	CodeLiteral       = "cel-literal"
	CodeNever         = "cel-never"
	CodeCost          = "cel-too-costly"
	CodeLater         = "not-available-yet"
)

var summaries = map[string]string{
	CodeSyntax:        "The expression cannot be read",
	CodeInterpolation: "No ${ } in expressions",
	CodeName:          "Unknown name",
	CodeFunction:      "Unknown function",
	CodeScope:         "Not available in this place",
	CodeType:          "Types do not fit",
	CodeLiteral:       "Value not allowed",
	CodeNever:         "Can never hold",
	CodeCost:          "Too costly",
	CodeLater:         "Not available yet",
}

// String is the problem in one line, for tests and logs.
func (p Problem) String() string {
	parts := []string{p.Code + ": " + p.Detail}
	if p.Fix != "" {
		parts = append(parts, p.Fix)
	}
	return strings.Join(parts, " ")
}

// didYouMean is a Fix for a misspelt word; "" if nothing is near.
func didYouMean(word string, candidates []string) string {
	if best := diag.DidYouMean(word, candidates); best != "" {
		return "Did you mean " + quoted(best) + "?"
	}
	return ""
}

func quoted(s string) string { return "\"" + s + "\"" }

// withArticle is "a number", "an object with …".
func withArticle(word string) string {
	if word != "" && strings.ContainsRune("aeiou", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}
