package mjml

import (
	"iter"
	"strings"
)

// token is one piece of Liquid: a tag {% … %}, an output {{ … }}, or a raw or
// comment block from its opening tag to its closing one.
type token struct {
	start, end int
	name       string // the tag's first word; "" for an output
}

// source is one file, and where its scanners have looked for what.
type source struct {
	path  string // as mj-include names it; "" for the document itself
	text  string
	found map[string]search
}

// search is the outcome of a search: the first match at or after from, or -1.
type search struct{ from, at int }

// index finds the first sub at or after from. The last outcome is kept, so that
// scanning stays linear however often the same is asked.
func (s *source) index(sub string, from int) int {
	if last, ok := s.found[sub]; ok && last.from <= from && (from <= last.at || last.at < 0) {
		return last.at
	}
	at := strings.Index(s.text[from:], sub)
	if at >= 0 {
		at += from
	}
	s.remember(sub, from, at)
	return at
}

func (s *source) remember(sub string, from, at int) {
	if s.found == nil {
		s.found = map[string]search{}
	}
	s.found[sub] = search{from, at}
}

// liquidAt is the Liquid token that begins at i, if one does and it ends before
// a component begins or ends.
func (s *source) liquidAt(i int) (token, bool) {
	if !s.opensLiquid(i) {
		return token{}, false
	}
	closing := "}}"
	if s.text[i+1] == '%' {
		closing = "%}"
	}
	end := s.index(closing, i+2)
	if end < 0 || before(s.index("<mj-", i), end) || before(s.index("</mj-", i), end) {
		return token{}, false
	}
	if s.text[i+1] == '{' {
		return token{start: i, end: end + 2}, true
	}
	return s.tag(i, end+2), true
}

// before reports whether something was found, and before end.
func before(at, end int) bool { return at >= 0 && at < end }

// opensLiquid reports whether {{ or {% stands at i.
func (s *source) opensLiquid(i int) bool {
	return i+1 < len(s.text) && s.text[i] == '{' && (s.text[i+1] == '{' || s.text[i+1] == '%')
}

// skipLiquid is the end of the Liquid token at i, or i itself where none begins.
// One that does not end is reported.
func (s *source) skipLiquid(i int, rep *reporter) int {
	if !s.opensLiquid(i) {
		return i
	}
	if tok, ok := s.liquidAt(i); ok {
		return tok.end
	}
	rep.at(s, i, i+2, CodeUnclosed, "The Liquid that begins here has no end")
	return i + 2
}

// tag is the tag s.text[start:end]; raw and comment reach to their ends, for
// what stands between is no markup.
func (s *source) tag(start, end int) token {
	t := token{start: start, end: end, name: tagName(s.text[start:end])}
	if t.name == "raw" || t.name == "comment" {
		if closed := s.blockEnd(t.name, end); closed >= 0 {
			t.end = closed
		}
	}
	return t
}

// blockEnd is the end of the tag that ends the raw or comment block which began
// before from, or -1. Comments nest.
func (s *source) blockEnd(name string, from int) int {
	key := "{% end" + name
	if last, ok := s.found[key]; ok && from >= last.from {
		return -1
	}
	depth := 1
	for at := s.index("{%", from); at >= 0; at = s.index("{%", at+2) {
		end := s.index("%}", at)
		if end < 0 {
			break
		}
		switch tagName(s.text[at : end+2]) {
		case "end" + name:
			depth--
		case "comment":
			if name == "comment" {
				depth++
			}
		}
		if depth == 0 {
			return end + 2
		}
	}
	s.remember(key, from, -1)
	return -1
}

// tagName is the first word of a {% … %}; a comment in one tag is named "#".
func tagName(tag string) string {
	inner := strings.TrimLeft(strings.TrimPrefix(tag[2:], "-"), " \t\r\n")
	if strings.HasPrefix(inner, "#") {
		return "#"
	}
	for i := range len(inner) {
		if !isWord(inner[i]) {
			return inner[:i]
		}
	}
	return inner
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || isLetter(c)
}

// isName reports whether c may stand in the name of an element or attribute.
func isName(c byte) bool { return isWord(c) || c == '-' || c == ':' || c == '.' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'
}

// liquid yields the Liquid tokens of s.text[from:to].
func (s *source) liquid(from, to int) iter.Seq[token] {
	return func(yield func(token) bool) {
		for i := from; i < to; {
			j := strings.IndexByte(s.text[i:to], '{')
			if j < 0 {
				return
			}
			i += j
			t, ok := s.liquidAt(i)
			if !ok || t.end > to {
				i++
				continue
			}
			if !yield(t) {
				return
			}
			i = t.end
		}
	}
}

// hasLiquid reports whether a value holds Liquid.
func hasLiquid(value string) bool {
	return strings.Contains(value, "{{") || strings.Contains(value, "{%")
}

// outsideLiquid applies change to the stretches of text that are not Liquid.
func outsideLiquid(text string, change func(string) string) string {
	if !hasLiquid(text) {
		return change(text)
	}
	var b strings.Builder
	s, at := &source{text: text}, 0
	for t := range s.liquid(0, len(text)) {
		b.WriteString(change(text[at:t.start]))
		b.WriteString(text[t.start:t.end])
		at = t.end
	}
	b.WriteString(change(text[at:]))
	return b.String()
}

// The blocks of Liquid that have branches or a body, and the tags that part
// their branches. A custom tag counts as a block where its end is met.
var (
	liquidBlocks   = map[string]bool{"if": true, "unless": true, "case": true, "for": true, "tablerow": true, "capture": true}
	liquidBranches = map[string]bool{"else": true, "elsif": true, "when": true}
	liquidLoops    = map[string]bool{"for": true, "tablerow": true}
)

// controls reports whether the tag decides what of the text around it is there.
func (t token) controls() bool {
	name := strings.TrimPrefix(t.name, "end")
	return liquidBlocks[name] || liquidBranches[name]
}
