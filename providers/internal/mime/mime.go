// Package mime writes messages as they travel: RFC 5322 headers and RFC 2045 to
// 2049 bodies.
//
// By role:
//   - the message: Append
//   - the envelope: EnvelopeOf, Address
//
// Enters: a provider.Message. Leaves: bytes with CRLF lines of at most 998
// octets, 7-bit but for addresses that need SMTPUTF8; the same bytes for the same
// message, always. Refused, as a permanent *provider.Error that holds no personal
// data: line breaks and other control characters in headers, addresses that
// cannot be written, headers that the message has already.
package mime

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/providers/provider"
)

// Append appends m to dst. A message with HTML becomes multipart/alternative;
// one of text alone a single part.
func Append(dst []byte, m *provider.Message) ([]byte, error) {
	w := &writer{buf: dst}
	w.headers(m)
	if m.HTML == "" {
		w.partHeaders("text/plain")
		w.quoted(m.Text)
	} else {
		w.alternative(m)
	}
	if w.err != nil {
		return dst, refuse(w.err)
	}
	return w.buf, nil
}

// refuse makes a permanent error of what is wrong with a message.
func refuse(err error) error {
	return &provider.Error{Class: provider.Permanent, Err: err}
}

// writer appends a message and remembers what first was refused.
type writer struct {
	buf []byte
	err error
}

func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *writer) raw(parts ...string) {
	for _, s := range parts {
		w.buf = append(w.buf, s...)
	}
}

func (w *writer) headers(m *provider.Message) {
	w.mailbox("From", m.From)
	w.mailbox("To", m.To)
	if m.ReplyTo != nil {
		w.mailbox("Reply-To", *m.ReplyTo)
	}
	w.subject(m.Subject)
	w.date(m.Date)
	w.messageID(m.Key, m.Domain)
	for _, h := range m.Headers {
		w.further(h)
	}
	w.raw("MIME-Version: 1.0\r\n")
}

func (w *writer) date(t time.Time) {
	if t.IsZero() {
		w.fail("the message has no date")
		return
	}
	w.raw("Date: ")
	w.buf = t.UTC().AppendFormat(w.buf, time.RFC1123Z)
	w.raw("\r\n")
}

func (w *writer) messageID(key, domain string) {
	domain, err := asciiDomain(domain)
	if err == nil && !isDotAtom(key) {
		err = errors.New("the key cannot be part of a Message-ID")
	}
	if err == nil && len(key)+len(domain) > maxAddress {
		err = errors.New("the Message-ID is too long")
	}
	if err != nil {
		w.fail("Message-ID: %w", err)
		return
	}
	w.raw("Message-ID: <", key, "@", domain, ">\r\n")
}

func (w *writer) alternative(m *provider.Message) {
	boundary := boundaryOf(m.Key)
	w.raw("Content-Type: multipart/alternative;\r\n boundary=\"", boundary, "\"\r\n\r\n")
	w.raw("--", boundary, "\r\n")
	w.partHeaders("text/plain")
	w.quoted(m.Text)
	w.raw("\r\n--", boundary, "\r\n")
	w.partHeaders("text/html")
	w.quoted(m.HTML)
	w.raw("\r\n--", boundary, "--\r\n")
}

func (w *writer) partHeaders(contentType string) {
	w.raw("Content-Type: ", contentType, "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
}

// boundaryOf is a boundary that the Key decides. It cannot stand in a
// quoted-printable part, where two hexadecimal digits or a line break follow
// each "=".
func boundaryOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "=_" + hex.EncodeToString(sum[:15])
}
