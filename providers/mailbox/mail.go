package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"github.com/herald-campaigns/herald/providers/provider"
)

// Mail is one mail, opened.
type Mail struct {
	Entry
	Headers []provider.Header // decoded, in their order
	HTML    string
	Text    string
	Raw     []byte
}

// parse opens a mail. What e lacks is taken from the headers.
func parse(e Entry, raw []byte) (*Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("%s is not a mail: %w", e.ID, err)
	}
	m := &Mail{Entry: e, Headers: headers(raw), Raw: raw}
	if err := m.body(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body); err != nil {
		return nil, fmt.Errorf("%s: %w", e.ID, err)
	}
	if m.Key == "" {
		m.fromHeaders(msg)
	}
	return m, nil
}

func (m *Mail) fromHeaders(msg *mail.Message) {
	m.Key, _, _ = strings.Cut(strings.Trim(msg.Header.Get("Message-ID"), "<>"), "@")
	if at, err := msg.Header.Date(); err == nil {
		m.At = at.UTC()
	}
	m.From, m.To, m.Subject = reader(msg.Header.Get("From")), reader(msg.Header.Get("To")), decoded(msg.Header.Get("Subject"))
}

// reader is an address header as a reader likes it.
func reader(value string) string {
	a, err := mail.ParseAddress(value)
	if err != nil {
		return decoded(value)
	}
	return shown(*a)
}

// body reads a part and the parts within it.
func (m *Mail) body(contentType, encoding string, r io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.parts(multipart.NewReader(r, params["boundary"]))
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		r = quotedprintable.NewReader(r)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch kind {
	case "text/html":
		m.HTML = string(text)
	case "text/plain":
		m.Text = string(text)
	}
	return nil
}

func (m *Mail) parts(r *multipart.Reader) error {
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.body(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
			return err
		}
	}
}

// headers are the fields of a mail in their order, unfolded and decoded.
func headers(raw []byte) []provider.Header {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var out []provider.Header
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if n := len(out); n > 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			out[n-1].Value += line
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		out = append(out, provider.Header{Name: name, Value: strings.TrimPrefix(value, " ")})
	}
	for i := range out {
		out[i].Value = decoded(out[i].Value)
	}
	return out
}

// decoded reads the encoded words of a header.
func decoded(value string) string {
	s, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		return value
	}
	return s
}
