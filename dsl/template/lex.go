package template

import "strings"

// Tag is a piece of Liquid in a text: {{ … }} or {% … %}.
type Tag struct {
	Start, End int
	Name       string // of a tag: "if"; "" for an output
	Text       string // what stands between the braces, trimmed
}

// Scan finds the Liquid in src, whatever stands around it and whether or not it
// is correct. What a comment or a raw block holds is not Liquid.
func Scan(src string) []Tag {
	var tags []Tag
	for _, tok := range lex(src, new(problems)) {
		if tok.kind != tokenText {
			tags = append(tags, Tag{tok.start, tok.end, tok.name, tok.body.text})
		}
	}
	return tags
}

type tokenKind uint8

const (
	tokenText tokenKind = iota
	tokenOutput
	tokenTag
)

// token is a stretch of the source: plain text, an output or a tag.
type token struct {
	span
	kind tokenKind
	name string // of a tag
	body fragment
}

// fragment is a piece of the source that knows where it stands.
type fragment struct {
	text  string
	start int
}

func (f fragment) span() span { return span{f.start, f.start + len(f.text)} }

// cut returns f without its first n bytes and without the white space around.
func (f fragment) cut(n int) fragment {
	text := strings.TrimLeft(f.text[n:], whitespace)
	return fragment{strings.TrimRight(text, whitespace), f.start + len(f.text) - len(text)}
}

const whitespace = " \t\r\n\v\f"

// lexer splits a source into tokens.
type lexer struct {
	src      string
	pos      int
	tokens   []token
	problems *problems
	trim     bool // the next text loses its leading white space
}

func lex(src string, ps *problems) []token {
	l := &lexer{src: src, problems: ps}
	for l.pos < len(src) {
		open := nextOpening(src, l.pos)
		l.text(l.pos, open)
		if open == len(src) {
			break
		}
		l.tag(open)
	}
	return l.tokens
}

// nextOpening is the place of the first {{ or {% from pos on, or the end.
func nextOpening(src string, pos int) int {
	for pos < len(src) {
		i := strings.IndexByte(src[pos:], '{')
		if i < 0 || pos+i+1 == len(src) {
			break
		}
		if pos += i; src[pos+1] == '{' || src[pos+1] == '%' {
			return pos
		}
		pos++
	}
	return len(src)
}

// text adds plain text, less the white space that a dash took from its start.
func (l *lexer) text(start, end int) {
	if l.trim {
		start = end - len(strings.TrimLeft(l.src[start:end], whitespace))
	}
	if start < end {
		l.tokens = append(l.tokens, token{span: span{start, end}, kind: tokenText})
		l.trim = false
	}
}

// trimBefore takes the white space from the end of the text before.
func (l *lexer) trimBefore() {
	if n := len(l.tokens) - 1; n >= 0 && l.tokens[n].kind == tokenText {
		t := &l.tokens[n]
		t.end = t.start + len(strings.TrimRight(l.src[t.start:t.end], whitespace))
		if t.start == t.end {
			l.tokens = l.tokens[:n]
		}
	}
}

// tag reads the output or the tag that opens at open.
func (l *lexer) tag(open int) {
	tok := token{span: span{start: open}, kind: tokenOutput}
	closing := "}}"
	if l.src[open+1] == '%' {
		tok.kind, closing = tokenTag, "%}"
	}
	next := nextOpening(l.src, open+2)
	length := strings.Index(l.src[open+2:next], closing)
	if length < 0 {
		l.unclosed(open, next, closing)
		return
	}
	tok.end = open + 2 + length + 2
	inner := fragment{l.src[open+2 : tok.end-2], open + 2}
	trimLeft := strings.HasPrefix(inner.text, "-")
	if trimLeft {
		inner = fragment{inner.text[1:], inner.start + 1}
	}
	trimRight := strings.HasSuffix(inner.text, "-")
	inner.text = strings.TrimSuffix(inner.text, "-")
	tok.body = inner.cut(0)
	if tok.kind == tokenTag {
		tok.name = tagName(tok.body.text)
	}
	if trimLeft {
		l.trimBefore()
	}
	l.tokens = append(l.tokens, tok)
	l.pos, l.trim = tok.end, trimRight
	if tok.name == "raw" || tok.name == "comment" {
		l.verbatim(tok)
	}
}

// unclosed reports an opening without its end, and goes on behind the line.
func (l *lexer) unclosed(open, next int, closing string) {
	end := next
	if i := strings.IndexByte(l.src[open:next], '\n'); i >= 0 {
		end = open + i
	}
	l.problems.add(span{open, min(open+2, len(l.src))}, codeUnclosed,
		"%q opens here, and no %q follows before the next piece of Liquid or the end.", l.src[open:open+2], closing).
		fix("Write %s where it ends.", closing)
	l.pos, l.trim = end, false
}

// tagName is the first word of a tag's body; an inline comment is named "#".
func tagName(body string) string {
	if strings.HasPrefix(body, "#") {
		return "#"
	}
	n := 0
	for n < len(body) && isNameByte(body[n]) {
		n++
	}
	return body[:n]
}

// verbatim reads on to the end of a raw block or a comment. Comments nest.
func (l *lexer) verbatim(open token) {
	depth := 1
	for at := nextOpening(l.src, l.pos); at < len(l.src); {
		next := nextOpening(l.src, at+2)
		body, _, closed := strings.Cut(l.src[at+2:next], "%}")
		body = strings.Trim(strings.TrimPrefix(body, "-"), whitespace+"-")
		switch name := tagName(body); {
		case !closed || l.src[at+1] != '%':
		case name == "end"+open.name:
			depth--
		case name == "comment" && open.name == "comment":
			depth++
		}
		if depth == 0 {
			if open.name == "raw" {
				l.text(l.pos, at)
			}
			l.trim = false
			l.tag(at)
			return
		}
		at = next
	}
	l.problems.add(open.span, codeUnclosed, "{%% %s %%} has no {%% end%s %%}.", open.name, open.name).
		fix("Write {%% end%s %%} where it ends.", open.name)
	l.pos = len(l.src)
}
