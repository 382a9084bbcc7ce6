package syntax

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// jsonValue is a JSON value and where it stands.
type jsonValue struct {
	kind  jsonKind
	rng   diag.Range
	text  string       // of a string: decoded; of a number or a word: as written
	plain bool         // a string without escape sequences
	props []jsonMember // of an object
	items []*jsonValue // of an array
}

type jsonMember struct {
	name  string
	at    diag.Range // of the name, with its quotes
	value *jsonValue
}

type jsonKind uint8

const (
	jsonObject jsonKind = iota
	jsonArray
	jsonString
	jsonNumber
	jsonWord // true, false, null
)

func (k jsonKind) String() string {
	return [...]string{"an object", "a list", "a string", "a number", "a word"}[k]
}

// jsonScanner reads JSON (RFC 8259) and keeps positions and repeated names,
// which encoding/json does not. The first error of a file is its last.
type jsonScanner struct {
	file  *file
	pos   diag.Pos
	depth int
	diags diag.List
}

// scanJSON reads the one value that is in f; it is nil after an error.
func scanJSON(f *file) (*jsonValue, diag.List) {
	s := &jsonScanner{file: f, pos: diag.Pos{Line: 1, Column: 1, Byte: bom(f.src)}}
	v := s.value()
	if v != nil && s.peek() != 0 {
		v = nil
		s.fail("Nothing may follow the value.", "Remove it.")
	}
	return v, s.diags
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *jsonScanner) peek() byte {
	rest := s.file.src[s.pos.Byte:]
	blank := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
	s.skip(blank)
	if blank == len(rest) {
		return 0
	}
	return rest[blank]
}

func (s *jsonScanner) skip(n int) { s.pos = advance(s.file.src, s.pos, s.pos.Byte+n, true) }

func (s *jsonScanner) since(start diag.Pos) diag.Range {
	return diag.Range{File: s.file.name, Start: start, End: s.pos}
}

// fail reports an error at the next byte.
func (s *jsonScanner) fail(detail, fix string) {
	start := s.pos
	if start.Byte < len(s.file.src) {
		s.skip(1)
	}
	s.failAt(s.since(start), detail, fix)
}

func (s *jsonScanner) failAt(at diag.Range, detail, fix string) {
	s.diags = append(s.diags, diag.Diagnostic{
		Code:    "syntax",
		Summary: "Invalid syntax",
		Detail:  detail,
		Fix:     fix,
		Subject: at,
	})
}

func (s *jsonScanner) value() *jsonValue {
	c := s.peek()
	switch {
	case c == '{' || c == '[':
		if s.depth == maxNesting {
			at := s.pos
			s.skip(1)
			s.diags = append(s.diags, tooDeep(s.since(at)))
			return nil
		}
		s.depth++
		defer func() { s.depth-- }()
		if c == '{' {
			return s.object()
		}
		return s.array()
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 0:
		s.fail("A value is expected here, but the file ends.", "")
	case c == '\'':
		s.fail("Strings stand in double quotes.", `Replace ' by ".`)
	case c == ']':
		s.fail("A value is expected here.", "Remove the comma before the ].")
	default:
		return s.word()
	}
	return nil
}

func (s *jsonScanner) object() *jsonValue {
	v := &jsonValue{kind: jsonObject}
	start := s.pos
	s.skip(1)
	seen := map[string]diag.Range{}
	if s.peek() != '}' {
		for {
			name := s.name()
			if name == nil {
				return nil
			}
			if s.peek() != ':' {
				s.fail("A : is expected between a name and its value.", "")
				return nil
			}
			s.skip(1)
			value := s.value()
			if value == nil {
				return nil
			}
			if first, repeated := seen[name.text]; repeated && name.text != jsonComment {
				s.diags = append(s.diags, repeatedName(name.text, name.rng, first))
			} else {
				seen[name.text] = name.rng
				v.props = append(v.props, jsonMember{name.text, name.rng, value})
			}
			if more, ok := s.separator('}', "object"); !ok {
				return nil
			} else if !more {
				break
			}
		}
	}
	s.skip(1)
	v.rng = s.since(start)
	return v
}

// name reads the name of a property.
func (s *jsonScanner) name() *jsonValue {
	const detail = "The name of a property is expected here, in double quotes."
	switch s.peek() {
	case '"':
		return s.str()
	case '}':
		s.fail(detail, "Remove the comma before the }.")
	case '\'':
		s.fail(detail, `Replace ' by ".`)
	default:
		s.fail(detail, "")
	}
	return nil
}

func (s *jsonScanner) array() *jsonValue {
	v := &jsonValue{kind: jsonArray}
	start := s.pos
	s.skip(1)
	if s.peek() != ']' {
		for {
			item := s.value()
			if item == nil {
				return nil
			}
			v.items = append(v.items, item)
			if more, ok := s.separator(']', "list"); !ok {
				return nil
			} else if !more {
				break
			}
		}
	}
	s.skip(1)
	v.rng = s.since(start)
	return v
}

// separator eats a comma; more is false when the closing bracket is next.
func (s *jsonScanner) separator(closing byte, what string) (more, ok bool) {
	switch s.peek() {
	case ',':
		s.skip(1)
		return true, true
	case closing:
		return false, true
	case 0:
		s.fail(fmt.Sprintf("The file ends within this %s.", what), fmt.Sprintf("Add the missing %c.", closing))
	default:
		s.fail(fmt.Sprintf("A comma or %c is expected here.", closing), "")
	}
	return false, false
}

func (s *jsonScanner) word() *jsonValue {
	start := s.pos
	rest := s.file.src[s.pos.Byte:]
	n := 0
	for n < len(rest) && (rest[n]|0x20 >= 'a' && rest[n]|0x20 <= 'z' || rest[n] == '_') {
		n++
	}
	if n == 0 {
		_, n = utf8.DecodeRune(rest)
	}
	s.skip(n)
	switch word := string(rest[:n]); word {
	case "true", "false", "null":
		return &jsonValue{kind: jsonWord, rng: s.since(start), text: word}
	}
	s.failAt(s.since(start), "A value is expected here: an object, a list, a string in double quotes, a number, true, false or null.", "")
	return nil
}

func (s *jsonScanner) number() *jsonValue {
	start := s.pos
	rest := s.file.src[s.pos.Byte:]
	n := 0
	for n < len(rest) && bytes.IndexByte([]byte("+-.0123456789eE"), rest[n]) >= 0 {
		n++
	}
	s.skip(n)
	if !isJSONNumber(rest[:n]) {
		s.failAt(s.since(start), "This is not a number as JSON writes it.", "Write numbers as 200, -1, 0.25 or 1e6.")
		return nil
	}
	return &jsonValue{kind: jsonNumber, rng: s.since(start), text: string(rest[:n])}
}

// isJSONNumber reports whether b is -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?.
func isJSONNumber(b []byte) bool {
	digits := func() (n int) {
		for n < len(b) && b[n] >= '0' && b[n] <= '9' {
			n++
		}
		return n
	}
	b = bytes.TrimPrefix(b, []byte{'-'})
	n := digits()
	if n == 0 || n > 1 && b[0] == '0' {
		return false
	}
	if b = b[n:]; len(b) > 0 && b[0] == '.' {
		b = b[1:]
		if n = digits(); n == 0 {
			return false
		}
		b = b[n:]
	}
	if len(b) > 0 && b[0]|0x20 == 'e' {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if n = digits(); n == 0 {
			return false
		}
		b = b[n:]
	}
	return len(b) == 0
}
