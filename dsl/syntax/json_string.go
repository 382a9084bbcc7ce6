package syntax

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// str reads a string; the scanner stands at its opening quote.
func (s *jsonScanner) str() *jsonValue {
	start := s.pos
	rest := s.file.src[s.pos.Byte+1:]
	n := 0
	for ; ; n++ {
		i := bytes.IndexAny(rest[n:], "\"\\\n")
		if n += max(i, 0); i < 0 || rest[n] == '\n' {
			s.skip(1 + n)
			s.failAt(s.since(start), "This string is never closed.", "Add the closing quote; write \\n for a line break.")
			return nil
		}
		if rest[n] == '"' {
			break
		}
		n = min(n+1, len(rest)-1) // whatever the backslash escapes
	}
	s.skip(1 + n + 1)
	v := &jsonValue{kind: jsonString, rng: s.since(start)}
	if v.plain = bytes.IndexByte(rest[:n], '\\') < 0; v.plain && !hasControl(rest[:n]) {
		v.text = string(rest[:n])
		return v
	}
	t, text, bad := decodeJSON(s.file, v.rng)
	if bad >= 0 {
		s.failAt(t.locate(bad, bad+1), "This may not stand in a JSON string.",
			`Escape sequences are \", \\, \/, \b, \f, \n, \r, \t and \uXXXX; control characters must be escaped.`)
		return nil
	}
	v.text = text
	return v
}

func hasControl(b []byte) bool {
	return bytes.IndexFunc(b, func(r rune) bool { return r < ' ' }) >= 0
}

var jsonEscapes = map[byte]string{
	'"': `"`, '\\': `\`, '/': "/", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t",
}

// decodeJSON decodes the string at rng, quotes included, and makes its table.
// When the string is invalid, bad is the decoded byte that stands for the first
// thing wrong in it, and -1 else.
func decodeJSON(f *file, rng diag.Range) (t *table, text string, bad int) {
	raw := f.src[rng.Start.Byte+1 : rng.End.Byte-1]
	anchor := advance(f.src, rng.Start, rng.Start.Byte+1, true)
	t = &table{file: f.name, src: f.src, empty: anchor}
	var b strings.Builder
	bad = -1
	for i := 0; i < len(raw); {
		decoded, width, ok := nextJSON(raw[i:])
		if !ok && bad < 0 {
			bad = b.Len()
		}
		b.WriteString(decoded)
		t.add(len(decoded), anchor.Byte+i, anchor.Byte+i+width, anchor)
		i += width
	}
	return t, b.String(), bad
}

// nextJSON decodes the escape sequence, or else the verbatim stretch, that raw
// begins with.
func nextJSON(raw []byte) (decoded string, width int, ok bool) {
	if raw[0] != '\\' || len(raw) < 2 {
		n := bytes.IndexFunc(raw, func(r rune) bool { return r == '\\' || r < ' ' })
		switch n {
		case -1:
			n = len(raw)
		case 0:
			return "?", 1, false
		}
		return string(raw[:n]), n, true
	}
	if s, known := jsonEscapes[raw[1]]; known {
		return s, 2, true
	}
	r, ok := jsonRune(raw)
	if !ok {
		return "?", 2, false
	}
	if !utf16.IsSurrogate(r) {
		return string(r), 6, true
	}
	low, ok := jsonRune(raw[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return "?", 6, false
	}
	return string(r), 12, true
}

// jsonRune reads \uXXXX.
func jsonRune(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(code), err == nil
}
