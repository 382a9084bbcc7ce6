package mime

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/providers/provider"
)

const (
	foldAt   = 76  // columns of a line that can be folded
	longWord = 60  // from here a word of free text is encoded, so that it can be folded
	maxWord  = 900 // what cannot be folded must fit into a line of 998
)

// reserved are the headers that a message has from its other fields.
var reserved = map[string]bool{
	"from": true, "to": true, "cc": true, "bcc": true, "sender": true, "reply-to": true, "subject": true, "date": true,
	"message-id": true, "mime-version": true, "content-type": true, "content-transfer-encoding": true,
	"content-disposition": true, "return-path": true, "received": true,
}

// mailbox writes a header that holds one address.
func (w *writer) mailbox(name string, a mail.Address) {
	address, _, err := Address(a.Address)
	if err != nil {
		w.fail("%s: %w", name, err)
		return
	}
	if hasControl(a.Name) {
		w.fail("%s: the name holds a control character", name)
		return
	}
	start := len(w.buf)
	w.raw(name, ": ")
	if a.Name != "" {
		w.phrase(a.Name, start)
		if len(w.buf)-w.lineStart(start)+len(address)+3 > foldAt {
			w.raw("\r\n")
		}
		w.raw(" <", address, ">\r\n")
		return
	}
	w.raw(address, "\r\n")
}

// phrase writes the name of an address.
func (w *writer) phrase(name string, start int) {
	switch {
	case len(name) > longWord || !isPrintable(name) || strings.Contains(name, "=?"):
		w.encodedWords(name, start)
	case isPhrase(name):
		w.raw(name)
	default:
		w.buf = appendQuotedString(w.buf, name)
	}
}

// isPhrase reports whether a name needs no quotes: atoms with single spaces.
func isPhrase(name string) bool {
	for word := range strings.SplitSeq(name, " ") {
		if !isAtom(word) {
			return false
		}
	}
	return true
}

func appendQuotedString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

func (w *writer) subject(s string) {
	if hasControl(s) {
		w.fail("Subject: it holds a line break or another control character")
		return
	}
	w.text("Subject", s, longWord)
}

// further writes one of the message's own headers.
func (w *writer) further(h provider.Header) {
	switch {
	case !isFieldName(h.Name):
		w.fail("a header's name is not one")
	case reserved[strings.ToLower(h.Name)]:
		w.fail("%s: the message has this header already", h.Name)
	case hasControl(h.Value):
		w.fail("%s: it holds a line break or another control character", h.Name)
	case isPrintable(h.Value) && longestWord(h.Value) > maxWord:
		w.fail("%s: it is too long for a line", h.Name)
	default:
		w.text(h.Name, h.Value, maxWord)
	}
}

// text writes a header of free text: folded between words, and in encoded words
// where it is not plain ASCII, or a word is longer than limit.
func (w *writer) text(name, value string, limit int) {
	start := len(w.buf)
	w.raw(name, ": ")
	if isPlain(value, limit) {
		w.folded(value, start)
	} else {
		w.encodedWords(value, start)
	}
	w.raw("\r\n")
}

// isPlain reports whether free text can stand as it is. What could be read as an
// encoded word cannot; nor can spaces that folding would lose.
func isPlain(s string, limit int) bool {
	return isPrintable(s) && !strings.Contains(s, "=?") && !strings.Contains(s, "  ") &&
		strings.Trim(s, " ") == s && longestWord(s) <= limit
}

func longestWord(s string) int {
	longest := 0
	for word := range strings.SplitSeq(s, " ") {
		longest = max(longest, len(word))
	}
	return longest
}

// folded writes words, breaking the line between them where it gets long. The
// header began at start.
func (w *writer) folded(s string, start int) {
	column := len(w.buf) - start
	for i, word := range words(s) {
		switch {
		case i == 0:
		case column+1+len(word) > foldAt:
			w.raw("\r\n ")
			column = 1
		default:
			w.raw(" ")
			column++
		}
		w.raw(word)
		column += len(word)
	}
}

func words(s string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		i := 0
		for word := range strings.SplitSeq(s, " ") {
			if !yield(i, word) {
				return
			}
			i++
		}
	}
}

const (
	wordOpen  = "=?utf-8?q?"
	wordClose = "?="
)

// encodedWords writes s as RFC 2047 says, in words that end between characters
// and fit their lines. The header began at start.
func (w *writer) encodedWords(s string, start int) {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	column := len(w.buf) - start + len(wordOpen)
	w.raw(wordOpen)
	for _, r := range s {
		size := encodedSize(r)
		if column+size+len(wordClose) > foldAt {
			w.raw(wordClose, "\r\n ", wordOpen)
			column = 1 + len(wordOpen)
		}
		w.buf = appendEncoded(w.buf, r)
		column += size
	}
	w.raw(wordClose)
}

func encodedSize(r rune) int {
	if r == ' ' || isWordSafe(r) {
		return 1
	}
	return 3 * utf8.RuneLen(r)
}

func appendEncoded(dst []byte, r rune) []byte {
	switch {
	case r == ' ':
		return append(dst, '_')
	case isWordSafe(r):
		return append(dst, byte(r))
	}
	var octets [utf8.UTFMax]byte
	for _, b := range octets[:utf8.EncodeRune(octets[:], r)] {
		dst = append(dst, '=', upperHex[b>>4], upperHex[b&15])
	}
	return dst
}

// isWordSafe reports whether a character may stand for itself in an encoded word
// within a phrase, the strictest place.
func isWordSafe(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	}
	return r == '!' || r == '*' || r == '+' || r == '-' || r == '/'
}

// lineStart is where the line that is being written begins; not before start.
func (w *writer) lineStart(start int) int {
	for i := len(w.buf) - 1; i >= start; i-- {
		if w.buf[i] == '\n' {
			return i + 1
		}
	}
	return start
}
