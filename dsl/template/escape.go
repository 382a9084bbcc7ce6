package template

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// escape is how a value is written so that it stays a value where it stands.
type escape uint8

const (
	asIs          escape = iota // plain text; markup that was escaped already
	asLine                      // a header: no control characters
	asHTML                      // text and quoted attributes
	asLines                     // HTML text, its line breaks as <br>
	asAddress                   // a URL, or its path: what has a meaning there keeps it
	asQuery                     // a part of a URL's query
	asStyle                     // a value in CSS
	asStyleURL                  // url() in CSS of an attribute
	asRawStyleURL               // url() in a <style>
)

// byteSet is a set of bytes.
type byteSet [256]bool

func bytesOf(chars string) (s byteSet) {
	for i := range len(chars) {
		s[chars[i]] = true
	}
	return s
}

func (s byteSet) less(chars string) byteSet {
	for i := range len(chars) {
		s[chars[i]] = false
	}
	return s
}

func (s byteSet) withHigh() byteSet {
	for c := 0x80; c < 0x100; c++ {
		s[c] = true
	}
	return s
}

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

var (
	htmlSpecial = func() byteSet {
		s := bytesOf("&<>\"'\x7f")
		for c := range byte(' ') {
			s[c] = c != '\t' && c != '\n' && c != '\r'
		}
		return s
	}()
	addressSafe  = bytesOf(alphanumeric + "-._~:/?#[]@!$&()*+,;=").withHigh()
	styleURLSafe = addressSafe.less("()[]&;*!$")
	querySafe    = bytesOf(alphanumeric + "-._~")
	styleSafe    = bytesOf(alphanumeric + " #%.,-_+").withHigh()
)

// appendEscaped writes s, which is valid UTF-8, as e demands.
func appendEscaped[T string | []byte](dst []byte, s T, e escape) []byte {
	switch e {
	case asLine:
		return appendLine(dst, s)
	case asHTML:
		return appendHTML(dst, s, "\n")
	case asLines:
		return appendHTML(dst, s, "<br>\n")
	case asAddress:
		return appendAddress(dst, s, &addressSafe, true)
	case asQuery:
		return appendQuery(dst, s)
	case asStyle:
		return appendStyle(dst, s)
	case asStyleURL, asRawStyleURL:
		return appendAddress(dst, s, &styleURLSafe, e == asStyleURL)
	}
	return append(dst, s...)
}

// appendHTML writes s as text or as a quoted attribute; newline stands for \n.
func appendHTML[T string | []byte](dst []byte, s T, newline string) []byte {
	breaks := len(newline) > 1
	start := 0
	for i := range len(s) {
		c := s[i]
		if !htmlSpecial[c] && (c != '\n' || !breaks) {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\'':
			dst = append(dst, "&#39;"...)
		case '\n':
			dst = append(dst, newline...)
		}
	}
	return append(dst, s[start:]...)
}

// appendLine writes s in one line: control characters and line separators
// become spaces.
func appendLine[T string | []byte](dst []byte, s T) []byte {
	for _, r := range string(s) {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			r = ' '
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

func appendPercent(dst []byte, c byte) []byte {
	return append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
}

// appendAddress writes a URL, or a part of one that may hold slashes, and
// percent-encodes what cannot stand in it. Escapes that it has are kept.
func appendAddress[T string | []byte](dst []byte, s T, safe *byteSet, entities bool) []byte {
	start := 0
	for i := range len(s) {
		c := s[i]
		if safe[c] && (c != '&' || !entities) || c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		if safe[c] {
			dst = append(dst, "&amp;"...)
		} else {
			dst = appendPercent(dst, c)
		}
	}
	return append(dst, s[start:]...)
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// appendQuery writes s as a value in a URL's query: all that could have a
// meaning there is percent-encoded.
func appendQuery[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; querySafe[c] {
			dst = append(dst, c)
		} else {
			dst = appendPercent(dst, c)
		}
	}
	return dst
}

// appendStyle writes a value in CSS and drops what could end the value.
func appendStyle[T string | []byte](dst []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; styleSafe[c] {
			dst = append(dst, c)
		}
	}
	return dst
}

// schemes are those of addresses that mail may open. What has no scheme is let
// through: it leads nowhere worse.
var schemes = []string{"https", "http", "mailto", "tel"}

// safeAddress reports whether a URL, escaped for an attribute, may stand in a mail.
func safeAddress(url []byte, image bool) bool {
	for i, c := range url {
		switch c {
		case '/', '?', '#':
			return true
		case '&': // an entity may spell anything
			return false
		case ':':
			return safeScheme(bytes.TrimSpace(url[:i]), image)
		}
	}
	return true
}

func safeScheme(scheme []byte, image bool) bool {
	for _, s := range schemes {
		if len(s) == len(scheme) && strings.EqualFold(s, string(scheme)) {
			return true
		}
	}
	return image && strings.EqualFold("cid", string(scheme))
}

// clickable reports whether a URL leads to a page on the web.
func clickable(url string) bool {
	scheme, _, ok := strings.Cut(url, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// hideDashes keeps escaped text from ending a comment: --> cannot be formed.
func hideDashes(dst []byte, from int) []byte {
	part := string(dst[from:])
	if !strings.Contains(part, "-") {
		return dst
	}
	return append(dst[:from], strings.ReplaceAll(part, "-", "&#45;")...)
}
