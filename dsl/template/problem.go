package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Problem is a finding about a template, in byte offsets of its source. Its
// fields mean what those of diag.Diagnostic mean.
type Problem struct {
	Severity   diag.Severity
	Code       string
	Summary    string // constant for a Code
	Detail     string
	Fix        string
	Start, End int
	Context    bool // about the markup around an output, which only Check sees, and not about the Liquid
}

// The codes of problems.
const (
	codeSyntax        = "template-syntax"
	codeUnclosed      = "template-unclosed"
	codeUnmatched     = "template-unmatched-end"
	codeUnavailable   = "template-unavailable"
	codeUnknownTag    = "template-unknown-tag"
	codeUnknownName   = "template-unknown-variable"
	codeUnknownField  = "template-unknown-field"
	codeUnknownFilter = "template-unknown-filter"
	codeUnknownBlock  = "template-unknown-content"
	codeNameTaken     = "template-name-taken"
	codeType          = "template-wrong-type"
	codeArguments     = "template-filter-arguments"
	codeMissing       = "template-missing-default"
	codeUnprintable   = "template-not-printable"
	codeNever         = "template-never-holds"
	codeAndOr         = "template-and-or"
	codeTranslation   = "template-translation"
	codeTooLarge      = "template-too-large"
	codeSample        = "template-sample"
	codePlace         = "template-output-place"
	codeBranches      = "template-branches-differ"
	codeMarkup        = "template-markup"
	codeURL           = "template-unsafe-url"
)

var summaries = map[string]string{
	codeSyntax:        "This is not valid Liquid",
	codeUnclosed:      "A tag is never closed",
	codeUnmatched:     "There is nothing to close here",
	codeUnavailable:   "Not available yet",
	codeUnknownTag:    "Unknown tag",
	codeUnknownName:   "Unknown variable",
	codeUnknownField:  "Unknown field",
	codeUnknownFilter: "Unknown filter",
	codeUnknownBlock:  "Unknown content",
	codeNameTaken:     "The name is taken",
	codeType:          "A value of the wrong type",
	codeArguments:     "Wrong arguments of a filter",
	codeMissing:       "A value may be missing",
	codeUnprintable:   "The value cannot be printed as it is",
	codeNever:         "The comparison can never hold",
	codeAndOr:         "`and` and `or` in one condition",
	codeTranslation:   "A translation is incomplete",
	codeTooLarge:      "The template is too large",
	codeSample:        "The template fails with sample data",
	codePlace:         "An output cannot stand here",
	codeBranches:      "The branches leave different markup open",
	codeMarkup:        "The markup cannot be followed",
	codeURL:           "An address that mail must not open",
}

// contextual are the codes of problems that depend on the HTML around.
var contextual = map[string]bool{codePlace: true, codeBranches: true, codeMarkup: true, codeURL: true}

// span is a stretch of the source.
type span struct{ start, end int }

// problems collects findings, at most maxProblems of them.
type problems struct{ list []Problem }

const maxProblems = 100

// add records an error and returns it, so that a fix can be set.
func (ps *problems) add(at span, code, detail string, args ...any) *Problem {
	p := Problem{
		Severity: diag.Error, Code: code, Summary: summaries[code], Detail: fmt.Sprintf(detail, args...),
		Start: at.start, End: at.end, Context: contextual[code],
	}
	if len(ps.list) >= maxProblems {
		return &p
	}
	ps.list = append(ps.list, p)
	return &ps.list[len(ps.list)-1]
}

// warn records what deserves a look but stops nothing.
func (ps *problems) warn(at span, code, detail string, args ...any) *Problem {
	p := ps.add(at, code, detail, args...)
	p.Severity = diag.Warning
	return p
}

func (p *Problem) fix(text string, args ...any) { p.Fix = fmt.Sprintf(text, args...) }

func (ps *problems) failed() bool {
	return slices.ContainsFunc(ps.list, func(p Problem) bool { return p.Severity == diag.Error })
}

// sorted returns the findings in the order of the source.
func (ps *problems) sorted() []Problem {
	slices.SortStableFunc(ps.list, func(a, b Problem) int { return a.Start - b.Start })
	return ps.list
}

// suggest proposes what stands nearest to word, or lists the candidates if they
// are few.
func suggest(word string, candidates []string) string {
	best := diag.DidYouMean(word, candidates)
	switch {
	case best != "":
		return fmt.Sprintf("Did you mean %q?", best)
	case len(candidates) == 0:
		return ""
	case len(candidates) <= 12:
		candidates = slices.Sorted(slices.Values(candidates))
		return "Known here: " + strings.Join(candidates, ", ") + "."
	}
	return ""
}
