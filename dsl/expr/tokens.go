package expr

import (
	"strings"
	"unicode/utf8"
)

// token is a stretch of the source that is no white space and no comment.
type token struct {
	start, end int
	kind       tokenKind
}

type tokenKind uint8

const (
	tokenSign tokenKind = iota // an operator, a bracket, anything else
	tokenName
	tokenNumber
	tokenText
)

// tokenize splits CEL into tokens. It takes any text: what is no CEL becomes
// tokens of one character.
func tokenize(src string) []token {
	var out []token
	for i := 0; i < len(src); {
		start := i
		kind := tokenSign
		switch c := src[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
			continue
		case strings.HasPrefix(src[i:], "//"):
			if i = strings.IndexByte(src[start:], '\n') + start; i < start {
				i = len(src)
			}
			continue
		case quoteAfterPrefix(src[i:]) >= 0:
			i, kind = i+textLength(src[i:]), tokenText
		case isLetter(c):
			i, kind = i+run(src[i:], isWordByte), tokenName
		case c == '`':
			i, kind = i+1+run(src[i+1:], func(c byte) bool { return c != '`' && c != '\n' }), tokenName
			i = min(i+1, len(src))
		case isDigit(c) || c == '.' && i+1 < len(src) && isDigit(src[i+1]):
			i, kind = i+numberLength(src[i:]), tokenNumber
		case i+1 < len(src) && strings.Contains("== != <= >= && ||", src[i:i+2]) && src[i+1] != ' ':
			i += 2
		default:
			_, n := utf8.DecodeRuneInString(src[i:])
			i += n
		}
		out = append(out, token{start, i, kind})
	}
	return out
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool {
	return isLetter(c) || isDigit(c)
}

func run(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func numberLength(s string) int {
	n := run(s, func(c byte) bool { return isWordByte(c) || c == '.' })
	if n > 0 && n < len(s) && (s[n] == '+' || s[n] == '-') && (s[n-1] == 'e' || s[n-1] == 'E') {
		n += 1 + run(s[n+1:], isDigit)
	}
	return n
}

// quoteAfterPrefix is where the quotation mark of a text stands: behind r, b, or
// both, or at once. It is -1 if s does not start with a text.
func quoteAfterPrefix(s string) int {
	n := run(s[:min(2, len(s))], func(c byte) bool { return strings.IndexByte("rRbB", c) >= 0 })
	if n < len(s) && (s[n] == '"' || s[n] == '\'') {
		return n
	}
	return -1
}

// textLength is the length of the text that s starts with, prefix and quotation
// marks included; all of s if it is not closed.
func textLength(s string) int {
	at := quoteAfterPrefix(s)
	raw := strings.ContainsAny(s[:at], "rR")
	mark := s[at : at+1]
	if strings.HasPrefix(s[at:], strings.Repeat(mark, 3)) {
		mark = strings.Repeat(mark, 3)
	}
	for i := at + len(mark); i < len(s); i++ {
		switch {
		case s[i] == '\\' && !raw:
			i++
		case strings.HasPrefix(s[i:], mark):
			return i + len(mark)
		case s[i] == '\n' && len(mark) == 1:
			return i
		}
	}
	return len(s)
}
