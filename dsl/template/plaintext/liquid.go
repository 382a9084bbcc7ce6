package plaintext

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// token is one piece of Liquid.
type token struct {
	text string // as it is written
	name string // the tag's first word; "" for an output
}

// In HTML that is being read, a mark stands for each token: its number between
// two characters that Unicode keeps free for such uses.
const (
	markStart = '\uFDD0'
	markEnd   = '\uFDD1'
)

// liquid is the Liquid of a template, by the number in its marks.
type liquid struct {
	tokens []token
	raw    bool // it is within {% raw %}, where braces mean nothing
}

// silent are the tags that print nothing themselves.
var silent = map[string]bool{
	"if": true, "elsif": true, "else": true, "unless": true, "case": true, "when": true, "for": true, "tablerow": true,
	"break": true, "continue": true, "assign": true, "capture": true, "comment": true, "": false,
}

// lasting are the tags that matter beyond where they stand.
var lasting = map[string]bool{"assign": true, "capture": true, "increment": true, "decrement": true}

// isSilent reports whether the token prints nothing itself.
func (t token) isSilent() bool {
	_, isEnd := strings.CutPrefix(t.name, "end")
	return isEnd || silent[t.name] || strings.HasPrefix(t.name, "#")
}

// opensLoop and endsLoop report whether a loop begins or ends at the token.
func (t token) opensLoop() bool { return t.name == "for" || t.name == "tablerow" }
func (t token) endsLoop() bool  { return t.name == "endfor" || t.name == "endtablerow" }

// marker puts marks in the place of Liquid.
type marker struct {
	text             string
	lastPair, lastOf int // where the last }} and the last %} stand
	missing          map[string]bool
	tokens           []token
	out              strings.Builder
}

// marked is the HTML with marks in place of its Liquid.
func marked(html string) (string, liquid) {
	html = unmarkable.Replace(html)
	m := marker{text: html, lastPair: strings.LastIndex(html, "}}"), lastOf: strings.LastIndex(html, "%}"), missing: map[string]bool{}}
	for at := 0; at < len(html); {
		start, end := m.next(at)
		m.out.WriteString(html[at:start])
		at = start
		if start < end {
			at = m.take(start, end)
		}
	}
	return m.out.String(), liquid{tokens: m.tokens}
}

// unmarkable takes out what could be taken for a mark.
var unmarkable = strings.NewReplacer(string(markStart), "", string(markEnd), "")

// next finds the first {{ … }} or {% … %} at or after from; where there is none,
// both bounds are the end of the text.
func (m *marker) next(from int) (start, end int) {
	for i := from; i+1 < len(m.text); i++ {
		j := strings.IndexByte(m.text[i:], '{')
		if j < 0 {
			break
		}
		i += j
		switch rest := m.text[i:]; {
		case strings.HasPrefix(rest, "{{") && i+2 <= m.lastPair:
			return i, i + 2 + strings.Index(rest[2:], "}}") + 2
		case strings.HasPrefix(rest, "{%") && i+2 <= m.lastOf:
			return i, i + 2 + strings.Index(rest[2:], "%}") + 2
		}
	}
	return len(m.text), len(m.text)
}

// take marks the token text[start:end] and returns where it ends, with the
// block that it begins where that is not for this place: captured text and raw
// text are made plain on their own, comments go.
func (m *marker) take(start, end int) int {
	t := token{text: m.text[start:end], name: tagName(m.text[start:end])}
	inner, closing, after := m.block(t.name, end)
	switch {
	case closing == "":
	case t.name == "comment":
		return after
	case t.name == "raw":
		t.text += render(inner, liquid{raw: true}) + closing
	default:
		t.text += FromHTML(inner) + closing
	}
	m.out.WriteString(mark(len(m.tokens)))
	m.tokens = append(m.tokens, t)
	return max(end, after)
}

// setApart are the blocks whose text is not for the place it stands at.
var setApart = map[string]*regexp.Regexp{
	"raw":     blockTags("raw"),
	"comment": blockTags("comment"),
	"capture": blockTags("capture"),
}

// blockTags finds the tags that begin and end a block.
func blockTags(name string) *regexp.Regexp {
	return regexp.MustCompile(`\{%-?\s*(end)?` + name + `\b[^%]*%\}`)
}

// block is what stands from the given place to the end of such a block, the tag
// that ends it, and where that ends. Comments nest.
func (m *marker) block(name string, from int) (inner, closing string, after int) {
	tags := setApart[name]
	if tags == nil || m.missing[name] {
		return "", "", 0
	}
	depth := 1
	for at := from; ; {
		found := tags.FindStringSubmatchIndex(m.text[at:])
		if found == nil {
			m.missing[name] = true
			return "", "", 0
		}
		start, end, ends := at+found[0], at+found[1], found[2] >= 0
		switch {
		case ends:
			depth--
		case name == "comment":
			depth++
		}
		if depth == 0 {
			return m.text[from:start], m.text[start:end], end
		}
		at = end
	}
}

func mark(i int) string { return string(markStart) + strconv.Itoa(i) + string(markEnd) }

// tagName is the first word of a {% … %}, "" for an output.
func tagName(text string) string {
	inner, ok := strings.CutPrefix(text, "{%")
	if !ok {
		return ""
	}
	inner = strings.TrimLeft(strings.TrimPrefix(inner, "-"), " \t\r\n")
	end := strings.IndexAny(inner, " \t\r\n-%")
	return inner[:max(end, 0)]
}

// nextMark finds the first mark in text, and the number of its token.
func (l liquid) nextMark(text string) (start, end, i int) {
	for at := 0; ; {
		j := strings.IndexRune(text[at:], markStart)
		if j < 0 {
			return len(text), len(text), -1
		}
		start = at + j
		at = start + utf8.RuneLen(markStart)
		k := strings.IndexRune(text[at:], markEnd)
		if k < 0 {
			return len(text), len(text), -1
		}
		n, err := strconv.Atoi(text[at : at+k])
		if err == nil && n >= 0 && n < len(l.tokens) {
			return start, at + k + utf8.RuneLen(markEnd), n
		}
	}
}

// markAtEnd is the number of the token whose mark text ends in, or -1.
func (l liquid) markAtEnd(text string) int {
	if !strings.HasSuffix(text, string(markEnd)) {
		return -1
	}
	_, _, i := l.nextMark(text[max(0, strings.LastIndex(text, string(markStart))):])
	return i
}

// undash takes the dashes off a token at the border of a block, where they would
// eat the line breaks.
func (l liquid) undash(i int, left, right bool) {
	t := &l.tokens[i]
	if left && len(t.text) > 2 && t.text[2] == '-' {
		t.text = t.text[:2] + t.text[3:]
	}
	if n := len(t.text) - 3; right && n > 2 && t.text[n] == '-' {
		t.text = t.text[:n] + t.text[n+1:]
	}
}

// unmarked is text with its Liquid in place of the marks.
func (l liquid) unmarked(text string) string {
	var out strings.Builder
	for text != "" {
		start, end, i := l.nextMark(text)
		out.WriteString(l.literal(text[:start]))
		if i >= 0 {
			out.WriteString(l.tokens[i].text)
		}
		text = text[end:]
	}
	return out.String()
}

// literal is text that is no Liquid, written so that it does not become any.
func (l liquid) literal(text string) string {
	text = unmarkable.Replace(text)
	if l.raw {
		return text
	}
	return braces.Replace(text)
}

var braces = strings.NewReplacer("{{", `{{ "{{" }}`, "{%", `{{ "{%" }}`)

// tokensIn are the tokens whose marks stand in text.
func (l liquid) tokensIn(text string) []int {
	var found []int
	for text != "" {
		_, end, i := l.nextMark(text)
		if i >= 0 {
			found = append(found, i)
		}
		text = text[end:]
	}
	return found
}

// selfContained reports whether leaving all these tokens out changes nothing
// elsewhere.
func (l liquid) selfContained(tokens []int) bool {
	var open []string
	for _, i := range tokens {
		name := l.tokens[i].name
		begun, isEnd := strings.CutPrefix(name, "end")
		switch {
		case lasting[name]:
			return false
		case isEnd:
			at := slices.Index(open, begun)
			if at < 0 {
				return false
			}
			open = open[:at]
		case name == "else" || name == "elsif" || name == "when":
			if len(open) == 0 {
				return false
			}
		case silent[name]:
			open = append(open, name)
		}
	}
	return len(open) == 0
}
