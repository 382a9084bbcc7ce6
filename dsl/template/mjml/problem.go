package mjml

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Severity tells whether a Problem makes the mail wrong or only doubtful.
type Severity = diag.Severity

// The severities, gravest first.
const (
	Error   = diag.Error
	Warning = diag.Warning
)

// Problem is one finding about a document. The HTML that comes with problems of
// severity Error is the best that could be made of it: good for a preview, not
// for sending.
type Problem struct {
	Severity Severity
	Code     string // one of the Code constants
	Message  string // what is wrong
	Hint     string // what to do; may be empty
	Path     string // the included file the finding is in; empty for src itself
	Offset   int    // where it begins, in bytes of src or of the included file
	Length   int    // how many bytes it covers
}

// The codes of the problems.
const (
	CodeTooLarge          = "too-large"           // over MaxSize
	CodeTooDeep           = "too-deep"            // over MaxDepth
	CodeSyntax            = "syntax"              // what the scanner cannot make sense of
	CodeUnclosed          = "unclosed"            // a component, comment, quote or Liquid tag without its end
	CodeStrayEnd          = "stray-end"           // an end without its beginning
	CodeUnknownComponent  = "unknown-component"   // no such component
	CodeUnsupported       = "unsupported"         // MJML has it, this package refuses it
	CodeNesting           = "nesting"             // a component where it may not stand
	CodeText              = "text-outside"        // text that belongs to no component
	CodeUnknownAttribute  = "unknown-attribute"   // no such attribute on this component
	CodeRepeatedAttribute = "repeated-attribute"  // an attribute given twice
	CodeInvalidValue      = "invalid-value"       // a value of the wrong kind
	CodeMissingAttribute  = "missing-attribute"   // no src, href, alt, …
	CodeMissingBody       = "missing-body"        // no mjml or no mj-body
	CodeRepeated          = "repeated-component"  // a second mj-body, …
	CodeUnknownClass      = "unknown-class"       // an mj-class that mj-attributes does not define
	CodeInclude           = "include"             // a file that cannot be included
	CodeLiquid            = "liquid-place"        // Liquid where it cannot work
	CodeLiquidBalance     = "liquid-balance"      // a Liquid block cut through by a component's border
	CodeLiquidValue       = "liquid-in-attribute" // Liquid in an attribute that compiling needs to know
	CodeLoopWidth         = "loop-width"          // a column in a loop that leaves its width to counting
)

// maxProblems bounds a report: what follows the hundredth finding is noise.
const maxProblems = 100

// reporter gathers problems.
type reporter struct{ list []Problem }

// finding is a Problem in the making.
type finding struct{ *Problem }

// at reports a problem in s[start:end]; its message is a format.
func (r *reporter) at(s *source, start, end int, code, format string, args ...any) finding {
	p := Problem{Code: code, Message: fmt.Sprintf(format, args...), Path: s.path, Offset: start, Length: end - start}
	if r.full() {
		return finding{&p}
	}
	r.list = append(r.list, p)
	return finding{&r.list[len(r.list)-1]}
}

// full reports whether nothing more is reported.
func (r *reporter) full() bool { return len(r.list) >= maxProblems }

// hint adds what to do about it.
func (f finding) hint(format string, args ...any) finding {
	if format != "" {
		f.Hint = fmt.Sprintf(format, args...)
	}
	return f
}

// warn makes it a warning.
func (f finding) warn() { f.Severity = Warning }

// sorted is the report in the order of the document, included files last.
func (r *reporter) sorted() []Problem {
	slices.SortStableFunc(r.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset))
	})
	return r.list
}

// didYouMean is a hint at the name that resembles a wrong one, or "".
func (r *reporter) didYouMean(wrong string, names []string) string {
	if r.full() {
		return ""
	}
	if best := nearest(wrong, names); best != "" {
		return fmt.Sprintf("Did you mean %s?", best)
	}
	return ""
}

// nearest is the name at the least edit distance from wrong, or "" when none is
// within a third of its length.
func nearest(wrong string, names []string) string {
	if len(wrong) > 64 {
		return ""
	}
	best, least := "", max(1, len(wrong)/3)+1
	for _, name := range names {
		if d := distance(wrong, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short words, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
