package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// csvScanner splits a CSV file into records. Unlike encoding/csv it finds its
// feet again: when a record is broken, say by a quote that is never closed,
// only its first line is given up, and the next record starts on the line
// below. For that, no record may be longer than MaxCall.
type csvScanner struct {
	*window
	comma byte
	width int // how many fields a record has; 0 while the header is read
}

// record is one record of a file, or one line that is none.
type record struct {
	line   int // of its first character
	text   string
	fields []string
	broken *problem
}

// next returns the next record that is not empty; io.EOF after the last.
func (s *csvScanner) next() (record, error) {
	for {
		b, err := s.peek()
		if len(b) == 0 {
			return record{}, err
		}
		r := record{line: s.line}
		n, fields, broken := splitRecord(b, s.comma, errors.Is(err, io.EOF))
		if broken == nil && fields != nil {
			broken = s.runsOn(fields, b[:n])
		}
		switch {
		case broken != nil && err != nil && !errors.Is(err, io.EOF):
			return record{}, err // the rest of it could not be read
		case broken != nil:
			r.text = strings.TrimRight(s.takeLine(), "\r\n")
			r.broken = broken
			return r, nil
		}
		r.text = strings.TrimRight(string(b[:n]), "\r\n")
		s.take(n)
		if strings.TrimSpace(r.text) == "" {
			continue
		}
		if r.fields = fields; fields == nil {
			r.fields = strings.Split(r.text, string(rune(s.comma)))
		}
		r.broken = s.check(&r)
		return r, nil
	}
}

// runsOn tells of a record of several lines whose fields do not add up: a quote
// that was opened by mistake, and closed by another one lines below.
func (s *csvScanner) runsOn(fields []string, b []byte) *problem {
	if s.width == 0 || len(fields) == s.width || bytes.Count(bytes.TrimRight(b, "\r\n"), []byte{'\n'}) == 0 {
		return nil
	}
	return problemf("a quote is broken: it runs on into the lines below, and the fields do not add up")
}

// check looks at a record whose quotes are right. Empty fields beyond the last
// column are no harm.
func (s *csvScanner) check(r *record) *problem {
	if !utf8.ValidString(r.text) {
		return notUTF8()
	}
	if s.width == 0 {
		return nil
	}
	for len(r.fields) > s.width && r.fields[len(r.fields)-1] == "" {
		r.fields = r.fields[:len(r.fields)-1]
	}
	if len(r.fields) != s.width {
		return problemf("it has %d fields, the header has %d", len(r.fields), s.width)
	}
	return nil
}

// splitRecord finds the end of the first record of b. Fields is nil where there
// is no quote: they lie between the delimiters. Last says that nothing follows b.
func splitRecord(b []byte, comma byte, last bool) (n int, fields []string, p *problem) {
	n = firstLine(b)
	if bytes.IndexByte(b[:n], '"') >= 0 {
		return splitQuoted(b, comma, last)
	}
	if !last && (n == 0 || b[n-1] != '\n') {
		return 0, nil, tooLong()
	}
	return n, nil, nil
}

// splitQuoted is splitRecord for a record with quotes in it.
func splitQuoted(b []byte, comma byte, last bool) (n int, fields []string, p *problem) {
	for i := 0; ; {
		var field string
		if i < len(b) && b[i] == '"' {
			field, i, p = quotedField(b, i)
		} else {
			field, i, p = plainField(b, i, comma)
		}
		if p != nil {
			return 0, nil, p
		}
		fields = append(fields, field)
		rest := b[i:]
		switch {
		case len(rest) == 0 && last, last && string(rest) == "\r":
			return len(b), fields, nil
		case len(rest) == 0:
			return 0, nil, tooLong()
		case rest[0] == comma:
			i++
		case rest[0] == '\n':
			return i + 1, fields, nil
		case rest[0] == '\r' && len(rest) > 1 && rest[1] == '\n':
			return i + 2, fields, nil
		default:
			return 0, nil, problemf("a quote is broken: there is text after a closing one; within a quoted field a quote is written twice")
		}
	}
}

// quotedField reads the field whose opening quote is at i, and returns where
// it ends.
func quotedField(b []byte, i int) (field string, end int, p *problem) {
	var parts []byte
	for start := i + 1; ; {
		n := bytes.IndexByte(b[start:], '"')
		if n < 0 {
			return "", 0, problemf("a quote is broken: it is opened and never closed")
		}
		if next := start + n + 1; next < len(b) && b[next] == '"' { // an escaped one
			parts = append(parts, b[start:next]...)
			start = next + 1
			continue
		}
		return string(append(parts, b[start:start+n]...)), start + n + 1, nil
	}
}

// plainField reads the field without quotes that starts at i, and returns where
// it ends.
func plainField(b []byte, i int, comma byte) (field string, end int, p *problem) {
	end = i
	for end < len(b) && b[end] != comma && b[end] != '\n' {
		if b[end] == '"' {
			return "", 0, problemf("a quote is broken: it stands within a field that does not begin with one")
		}
		end++
	}
	if end > i && b[end-1] == '\r' && end < len(b) && b[end] == '\n' {
		end--
	}
	return string(b[i:end]), end, nil
}

// delimiter finds out what separates the columns of a header.
func delimiter(header []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte{',', ';', '\t'} {
		n, quoted := 0, false
		for _, b := range header {
			switch {
			case b == '"':
				quoted = !quoted
			case b == c && !quoted:
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}
