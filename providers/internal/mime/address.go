package mime

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/herald-campaigns/herald/providers/provider"
)

// The lengths that RFC 5321 allows, in octets.
const (
	maxLocal   = 64
	maxAddress = 254
)

// Envelope is how a message is addressed to the other side.
type Envelope struct {
	From, To string
	UTF8     bool // one of them needs SMTPUTF8
}

// EnvelopeOf is the envelope of a message. It refuses what Append refuses.
func EnvelopeOf(m *provider.Message) (Envelope, error) {
	from, fromUTF8, err := Address(m.From.Address)
	if err != nil {
		return Envelope{}, refuse(fmt.Errorf("From: %w", err))
	}
	to, toUTF8, err := Address(m.To.Address)
	if err != nil {
		return Envelope{}, refuse(fmt.Errorf("To: %w", err))
	}
	return Envelope{from, to, fromUTF8 || toUTF8}, nil
}

// Address writes an address as SMTP and headers want it: an international domain
// in its ASCII form, an odd local part quoted. It reports whether the local part
// needs SMTPUTF8.
func Address(address string) (written string, needsUTF8 bool, err error) {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || at > maxLocal {
		return "", false, errors.New("the address is not local@domain")
	}
	local := address[:at]
	domain, err := asciiDomain(address[at+1:])
	if err != nil {
		return "", false, err
	}
	if !utf8.ValidString(local) || strings.ContainsFunc(local, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", false, errors.New("the address holds a character that no address can")
	}
	if !isDotAtom(local) {
		local = quoteLocal(local)
	}
	if len(local)+1+len(domain) > maxAddress {
		return "", false, errors.New("the address is too long")
	}
	if at+1+len(domain) == len(address) && len(local) == at {
		return address[:at+1] + domain, !isASCII(local), nil
	}
	return local + "@" + domain, !isASCII(local), nil
}

// quoteLocal quotes a local part, unless it is quoted already.
func quoteLocal(local string) string {
	if len(local) >= 2 && local[0] == '"' && local[len(local)-1] == '"' && !strings.ContainsAny(local[1:len(local)-1], `"\`) {
		return local
	}
	return string(appendQuotedString(nil, local))
}

// asciiDomain brings a domain to its ASCII form.
func asciiDomain(domain string) (string, error) {
	if !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", errors.New("the domain is not a name that can be looked up")
		}
		domain = ascii
	}
	if !isDomain(domain) {
		return "", errors.New("the domain is not one")
	}
	return domain, nil
}

func isDomain(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// isDotAtom reports whether s is atoms with single dots between them; characters
// beyond ASCII count as letters.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if !isAtom(atom) {
			return false
		}
	}
	return true
}

func isAtom(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < utf8.RuneSelf && !isAtomChar(c) {
			return false
		}
	}
	return s != ""
}

func isAtomChar(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == ':' {
			return false
		}
	}
	return s != "" && len(s) < longWord
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isPrintable reports whether s is of printable ASCII characters and spaces.
func isPrintable(s string) bool { return isASCII(s) && !hasControl(s) }

// hasControl reports whether s holds an ASCII control character.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}
