package syntax

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// maxMistakes is how many mistakes of one piece are worth telling.
const maxMistakes = 20

// syntaxErrors says what hcl found in a piece. After its first real mistake
// hcl guesses where to go on, and what it finds from there may only follow; so
// that one is the last to be reported of a piece.
func syntaxErrors(f *file, p *piece) diag.List {
	found := slices.DeleteFunc(slices.Clone(p.diags), func(d *hcl.Diagnostic) bool { return d.Subject == nil })
	slices.SortStableFunc(found, func(a, b *hcl.Diagnostic) int {
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
	tokens, _ := hclsyntax.LexConfig(f.src[p.start.Byte:p.end], f.name, hclPos(p.start))
	var list diag.List
	for _, d := range found[:min(len(found), maxMistakes)] {
		if d.Summary == "Attribute redefined" {
			list = append(list, redefined(f, d))
			continue
		}
		list = append(list, syntaxError(f, d, tokens))
		if d.Summary != "Invalid escape sequence" {
			break
		}
	}
	return list
}

func redefined(f *file, d *hcl.Diagnostic) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "duplicate-attribute",
		Summary: "Attribute set twice",
		Detail:  fmt.Sprintf("%s is set already in this block.", d.Subject.SliceBytes(f.src)),
		Fix:     "Remove one of the two.",
		Subject: f.rangeOf(*d.Subject),
	}
}

// syntaxError puts one finding of hcl into our words.
func syntaxError(f *file, d *hcl.Diagnostic, tokens hclsyntax.Tokens) diag.Diagnostic {
	out := diag.Diagnostic{
		Code:    "syntax",
		Summary: "Invalid syntax",
		Detail:  d.Detail,
		Subject: f.rangeOf(*d.Subject),
	}
	if m, ok := mistakes[d.Summary]; ok {
		out.Detail, out.Fix = m.detail, m.fix
	}
	for _, m := range closerMistakes {
		if d.Summary == m.summary && strings.Contains(d.Detail, m.words) {
			out.Detail, out.Fix = m.detail, m.fix
		}
	}
	if sep, ok := separators[d.Summary]; ok && d.Context != nil && d.Subject.Filename == f.name && endsSomething(f.src, d.Subject.Start.Byte) {
		out.Detail, out.Fix = "The "+sep.what+" that begins here is never closed.", "Add the missing "+sep.closer+"."
		out.Subject = f.rangeOf(firstLine(*d.Context, f.src))
	}
	if open := enclosing(tokens, d.Subject.Start.Byte); open != nil {
		withinString(&out, f, d, open)
	}
	return out
}

// withinString adds what there is to say when the mistake stands in a string or
// in a template sequence that open begins.
func withinString(out *diag.Diagnostic, f *file, d *hcl.Diagnostic, open *hclsyntax.Token) {
	begin := f.rangeOf(firstLine(open.Range, f.src))
	switch {
	case open.Type == hclsyntax.TokenOHeredoc && d.Summary == "Unterminated template string":
		out.Subject = begin
	case open.Type == hclsyntax.TokenOQuote && d.Summary == "Invalid multi-line string":
		out.Subject = f.rangeOf(hcl.Range{Filename: f.name, Start: open.Range.Start, End: d.Subject.Start})
	case open.Type == hclsyntax.TokenTemplateControl:
		out.Detail = "%{ in a string begins a directive of HCL, such as %{ if … }, and this is none."
		out.Fix = "For a plain %{ write %%{, as in \"20%%{% if … %}\"."
		out.Subject = begin
	case open.Type == hclsyntax.TokenTemplateInterp && bytes.HasPrefix(f.src[open.Range.End.Byte:], []byte{'{'}):
		out.Detail = "${ in a string begins an interpolation of HCL, even where the {{ of Liquid was meant."
		out.Fix = "For a plain $ before {{ write $${{, as in \"Only $${{ item.price }}\"."
		out.Subject = begin
	case open.Type == hclsyntax.TokenTemplateInterp:
		out.Fix = strings.TrimSpace(out.Fix + " For a plain ${ in a string write $${.")
		if out.Subject.Start.Line != begin.Start.Line {
			out.Detail = "The interpolation that begins here is never closed."
			out.Subject = begin
		}
	}
}

// separators are hcl's summaries where a comma was expected, or else what
// closes the list. A bracket of another kind there means the latter.
var separators = map[string]struct{ what, closer string }{
	"Missing argument separator":  {"call", ")"},
	"Missing attribute separator": {"object", "}"},
	"Missing item separator":      {"list", "]"},
	"Unbalanced parentheses":      {"parenthesis", ")"},
}

func endsSomething(src []byte, at int) bool {
	return at >= len(src) || bytes.IndexByte([]byte("}])\n"), src[at]) >= 0
}

// firstLine cuts r where its first line ends.
func firstLine(r hcl.Range, src []byte) hcl.Range {
	if i := bytes.IndexByte(r.SliceBytes(src), '\n'); i >= 0 {
		end := advance(src, posOf(r.Start), r.Start.Byte+i, true)
		r.End = hclPos(end)
	}
	return r
}

// enclosing returns the innermost string or template sequence that is open at
// the byte at, or that begins there.
func enclosing(tokens hclsyntax.Tokens, at int) *hclsyntax.Token {
	var open []*hclsyntax.Token
	for i := range tokens {
		tok := &tokens[i]
		if tok.Range.Start.Byte > at {
			break
		}
		switch tok.Type {
		case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open = append(open, tok)
		case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			if len(open) > 0 && tok.Range.Start.Byte < at {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[len(open)-1]
}

type mistake struct{ detail, fix string }

// mistakes are hcl's summaries in our words.
var mistakes = map[string]mistake{
	"Argument definition required": {
		"A block on one line holds one attribute and no other block.", "Put its content on lines of its own.",
	},
	"Argument or block definition required": {
		"An attribute (name = value) or a block (name { … }) is expected here.", "Between the name and the value of an attribute stands =.",
	},
	"Extra characters after interpolation expression": {
		"The interpolation should end here with }.", "",
	},
	"Invalid argument name": {
		"The name of an attribute stands without quotes.", "Remove the quotes.",
	},
	"Invalid attribute name": {
		"A name is expected after the dot.", "",
	},
	"Invalid block definition": {
		"A block is written as name \"label\" {, with the { on the same line.", "For an attribute, put = between its name and its value.",
	},
	"Invalid escape sequence": {
		"The backslash begins an escape sequence, and this is none: \\n, \\r, \\t, \\\", \\\\, \\uXXXX and \\UXXXXXXXX are.",
		"Write \\\\ for a plain backslash, or use a heredoc (<<-EOT), in which backslashes are plain.",
	},
	"Invalid expression": {
		"A value is expected here.", "",
	},
	"Invalid multi-line string": {
		"A quoted string ends on the line that it begins on.",
		"Add the closing quote. For several lines, use a heredoc (<<-EOT) or \\n.",
	},
	"Invalid number literal": {
		"This is not a number.", "Write numbers as 200, 0.25 or 1e6, and all else as a string in quotes.",
	},
	"Invalid single-argument block definition": {
		"A block on one line holds a single attribute, and its } ends the line.", "Put each attribute on a line of its own.",
	},
	"Missing argument separator": {
		"The arguments of a function are separated by commas.", "",
	},
	"Missing attribute separator": {
		"The entries of an object are separated by commas or line breaks.", "",
	},
	"Missing attribute value": {
		"An entry of an object is written as name = value.", "",
	},
	"Missing expression": {
		"A value is expected here, but the file ends.", "",
	},
	"Missing false expression in conditional": {
		"A conditional is written as condition ? value : value.", "",
	},
	"Missing item separator": {
		"The elements of a list are separated by commas.", "Add the comma, or the closing ].",
	},
	"Missing key/value separator": {
		"An entry of an object is written as name = value.", "Put names with dots or spaces into quotes.",
	},
	"Missing newline after argument": {
		"An attribute ends with its line.", "Put what follows on a line of its own.",
	},
	"Missing newline after block definition": {
		"A block ends with its line.", "Put what follows the } on a line of its own.",
	},
	"Unbalanced parentheses": {
		"The closing ) is expected here.", "",
	},
	"Unclosed configuration block": {
		"This block is never closed.", "Add the missing }.",
	},
	"Unclosed template interpolation sequence": {
		"The interpolation is never closed.", "Add the missing }.",
	},
	"Unexpected comma after argument": {
		"Attributes are separated by line breaks.", "Remove the comma.",
	},
	"Unterminated function call": {
		"This call is never closed.", "Add the missing ).",
	},
	"Unterminated object constructor expression": {
		"This object is never closed.", "Add the missing }.",
	},
	"Unterminated string literal": {
		"This string is never closed.", "Add the closing quote.",
	},
	"Unterminated template string": {
		"This string is never closed.", "Add the closing quote, or the closing marker of the heredoc on a line of its own.",
	},
}

// closerMistakes are told apart by words in hcl's detail.
var closerMistakes = []struct{ summary, words, detail, fix string }{
	{"Invalid block definition", "equals sign", "The body of a block follows without =.", "Remove the = before the {."},
	{"Invalid character", "Single quotes", "Strings stand in double quotes.", "Replace ' by \"."},
	{"Invalid character", "heredoc", "` is not part of the language.", "Put strings in double quotes; use a heredoc (<<-EOT) for several lines."},
	{"Invalid character", "Curly quotes", "Strings stand in straight quotes.", "Replace the curly quotes by \"."},
	{"Invalid character", "\";\"", "; is not part of the language.", "End attributes with a line break, and elements with a comma."},
}
