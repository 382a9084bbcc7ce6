package expr

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// refuseText reports what is wrong with the text before it is looked into.
func (c *checking) refuseText() bool {
	text := c.source.text
	if strings.TrimSpace(text) == "" {
		c.reportAt(0, len(text), CodeSyntax, "The expression is empty.", "")
		return true
	}
	for _, open := range []string{"${", "%{"} {
		if at := strings.Index(text, open); at >= 0 {
			c.reportAt(at, at+len(open), CodeInterpolation, "Values do not get into an expression by "+open+" }.",
				"Name a variable as variable.x and a local as local.x, without "+open+" }.")
			return true
		}
	}
	return false
}

// explainSyntax reports the first thing that the parser stumbled over, since the
// rest follows from it, and everything that macros refused.
func (c *checking) explainSyntax(errs []*common.Error) {
	stumbled := false
	for _, err := range errs {
		if message, ok := strings.CutPrefix(err.Message, macroError); ok {
			c.explainMacro(err, message)
		} else if !stumbled {
			stumbled = true
			c.explainToken(err)
		}
	}
}

func (c *checking) explainMacro(err *common.Error, message string) {
	start, end := c.around(c.source.place(err.Location))
	c.reportAt(start, end, CodeSyntax, capital(message)+".", "")
}

func (c *checking) around(offset int) (start, end int) {
	i, ok := c.source.tokenAt(offset)
	if !ok {
		return offset, offset + 1
	}
	return c.source.toks[i].start, c.source.toks[i].end
}

func (c *checking) explainToken(err *common.Error) {
	message := strings.TrimPrefix(err.Message, "Syntax error: ")
	switch {
	case strings.Contains(message, "recursion limit"):
		c.reportAt(0, len(c.source.text), CodeCost, fmt.Sprintf("It is nested deeper than %d levels.", maxDepth), "Divide it into several segments.")
		return
	case strings.Contains(message, "exceeds limit"):
		c.reportAt(0, len(c.source.text), CodeCost,
			fmt.Sprintf("It is longer than %s characters or has more than %s parts.", thousands(maxCodePoints), thousands(maxNodes)), "Divide it into several segments.")
		return
	}
	offset := c.source.place(err.Location)
	i, ok := c.source.tokenAt(offset)
	switch {
	case i < 0:
		c.reportAt(0, len(c.source.text), CodeSyntax, "The expression is empty.", "")
		return
	case !ok && offset >= c.source.toks[i].end: // behind the last token
		last := c.source.toks[i]
		c.reportAt(last.start, last.end, CodeSyntax, fmt.Sprintf("Something is missing after %s.", c.source.word(i)), missing(c.source))
		return
	}
	detail, fix := unexpected(c.source, i, message)
	start, end := c.around(offset)
	c.reportAt(start, end, CodeSyntax, detail, fix)
}

// missing names the bracket that is open at the end.
func missing(s *source) string {
	for i := len(s.toks) - 1; i >= 0; i-- {
		if s.pair[i] < 0 {
			switch s.word(i) {
			case "(":
				return "Close the parenthesis with )."
			case "[":
				return "Close the bracket with ]."
			case "{":
				return "Close the brace with }."
			}
		}
	}
	return ""
}

// otherLanguages maps what authors bring along to what CEL has for it.
var otherLanguages = map[string]string{
	"=": "==", "and": "&&", "AND": "&&", "&": "&&", "or": "||", "OR": "||", "|": "||", "not": "!", "NOT": "!", "<>": "!=", "is": "==",
	"var": "variable.x", "“": `"`, "”": `"`, "„": `"`, "‘": `"`, "’": `"`,
}

func unexpected(s *source, i int, message string) (detail, fix string) {
	word := s.word(i)
	switch before := s.word(i - 1); {
	case before == "<" && word == ">":
		word = "<>"
	case before == "not" || before == "NOT":
		word = before
	}
	if ours, ok := otherLanguages[word]; ok {
		return fmt.Sprintf("%s has no meaning here.", word), "Write " + ours + " instead."
	}
	switch {
	case strings.Contains(message, "reserved identifier"):
		return fmt.Sprintf("%s is a reserved word.", word), "Choose another name."
	case strings.Contains(message, "int literal"):
		return fmt.Sprintf("The number %s is too large.", word), "Write it as 1e20, if it is meant."
	case strings.Contains(message, "literal") && s.toks[i].kind == tokenNumber:
		return fmt.Sprintf("%s is not a number, or is too large.", word), ""
	case s.toks[i].kind == tokenText, strings.Contains(message, "nterminated"), strings.HasPrefix(word, `"`), strings.HasPrefix(word, "'"):
		return "The text in quotation marks is not closed, or has an unknown escape after a backslash.", `Write \\ for a backslash and \" for a quotation mark.`
	}
	return fmt.Sprintf("%s is not expected here.", word), ""
}

// normalize makes every number in the tree a double, since authors know one type
// of number, and refuses what the language does not have.
func (c *checking) normalize(tree *ast.AST) bool {
	fac := ast.NewExprFactory()
	before := len(c.problems)
	ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.LiteralKind:
			c.normalizeLiteral(fac, e)
		case ast.MapKind:
			c.objects = true
		case ast.StructKind:
			c.report(e, CodeSyntax, "Objects are not built by the name of a type.", `Write {"name": value}.`)
		}
	}))
	return len(c.problems) == before
}

func (c *checking) normalizeLiteral(fac ast.ExprFactory, e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.Int:
		if v <= 1<<53 && v >= -1<<53 {
			e.SetKindCase(fac.NewLiteral(e.ID(), types.Double(v)))
			return
		}
		c.report(e, CodeLiteral, "The number has more digits than can be told apart.", "Write it as a text in quotation marks, if it is an identifier.")
	case types.Double:
		if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
			c.report(e, CodeLiteral, "The number is too large.", "")
		}
	case types.Uint:
		c.report(e, CodeSyntax, "A number has no u at its end.", fmt.Sprintf("Write %d.", uint64(v)))
	case types.Bytes:
		c.report(e, CodeSyntax, "There are no byte strings.", "Leave out the b.")
	case types.Null:
		c.report(e, CodeSyntax, "There is no null: what is absent is unknown, and nothing equals it.", "Ask has(x), or !has(x).")
	}
}

// sorted gives the problems in the order of the text, each said once.
func (c *checking) sorted() []Problem {
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	return slices.DeleteFunc(slices.Compact(c.problems), func(p Problem) bool {
		return slices.ContainsFunc(c.said, func(s stretch) bool { return p.Start > s.start && p.Start < s.end })
	})
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
