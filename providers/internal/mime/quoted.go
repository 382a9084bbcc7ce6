package mime

const upperHex = "0123456789ABCDEF"

// quotedLine is how many characters a quoted-printable line holds before the
// "=" of its soft break.
const quotedLine = 75

// literal are the octets that stand for themselves within a line.
var literal = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '='
	}
	t['\t'] = true
	return t
}()

// quoted writes s in quoted-printable encoding, every kind of line break as CRLF.
// A dot that begins a line is encoded: SMTP gives it a meaning of its own.
// The standard library's writer does the same an octet at a time, which takes
// nine times as long; see the benchmark.
func (w *writer) quoted(s string) {
	dst, column := w.buf, 0
	for i := 0; i < len(s); {
		if column == 0 && s[i] == '.' {
			dst = append(dst, "=2E"...)
			column = 3
			i++
			continue
		}
		run := literalRun(s[i:], quotedLine-column)
		dst = append(dst, s[i:i+run]...)
		column += run
		if i += run; i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == '\n' || c == '\r':
			dst = append(dst, '\r', '\n')
			column = 0
			if i++; c == '\r' && i < len(s) && s[i] == '\n' {
				i++
			}
		case column+octetSize(s, i) > quotedLine:
			dst = append(dst, '=', '\r', '\n')
			column = 0
		case octetSize(s, i) == 1:
			dst = append(dst, c)
			column++
			i++
		default:
			dst = append(dst, '=', upperHex[c>>4], upperHex[c&15])
			column += 3
			i++
		}
	}
	w.buf = dst
}

// literalRun is how many of the first limit octets stand for themselves wherever
// the line ends: white space is left to octetSize, unless a character follows.
func literalRun(s string, limit int) int {
	limit = min(limit, len(s))
	n := 0
	for n < limit && literal[s[n]] {
		n++
	}
	for n > 0 && (s[n-1] == ' ' || s[n-1] == '\t') {
		n--
	}
	return n
}

// octetSize is how many characters s[i] becomes. White space at the end of a line
// or of the text would be lost, and is encoded.
func octetSize(s string, i int) int {
	c := s[i]
	if !literal[c] {
		return 3
	}
	if (c == ' ' || c == '\t') && (i+1 == len(s) || s[i+1] == '\r' || s[i+1] == '\n') {
		return 3
	}
	return 1
}
