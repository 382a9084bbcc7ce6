// Package providertest holds any provider to the contract of package provider.
//
// By role:
//   - what a provider brings along: Harness, Side, Behaviour
//   - the other side's view of a message: Received, ParseMail
//   - the test: Exercise
//
// Enters: a provider and an other side that tells what it got and can be made to
// misbehave. Leaves: a failing test for each promise that is not kept. What an
// other side cannot be made to do is skipped.
package providertest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/herald-campaigns/herald/providers/provider"
)

// Harness is a kind of provider under test.
type Harness struct {
	Kind provider.Kind
	// Open returns an open provider, with an other side that has nothing yet. What
	// needs closing besides the provider is closed by t.Cleanup.
	Open func(t *testing.T) Side
}

// Side is an open provider and what it delivers to.
type Side struct {
	Provider provider.Provider
	// Received tells the messages that the other side has taken, in any order.
	Received func() []Received
	// Behave tells the other side what to do with the messages that come from now
	// on; false when it cannot do that. Nil: it can only take.
	Behave func(Behaviour) bool
}

// Behaviour is what the other side does with a message.
type Behaviour string

// The behaviours.
const (
	Take          Behaviour = "take"           // takes it
	RefuseAddress Behaviour = "refuse address" // says that there is no such recipient
	RefuseMessage Behaviour = "refuse message" // refuses it for good, as spam
	RefuseNow     Behaviour = "refuse now"     // cannot take it now
	Throttle      Behaviour = "throttle"       // says that it gets too many
	VanishBefore  Behaviour = "vanish before"  // is gone before it has all of the message
	VanishAfter   Behaviour = "vanish after"   // is gone when it has the message, without an answer
	Hang          Behaviour = "hang"           // says nothing more
)

// Received is a message as the other side has it, decoded.
type Received struct {
	MessageID string // as in the header: <key@domain>
	From, To  mail.Address
	ReplyTo   string // the address alone; "" for none
	Subject   string
	Headers   []provider.Header // all of them, in order
	HTML      string
	Text      string
}

// Header is the value of the first header of a name.
func (r Received) Header(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// ParseMail decodes a message as it travels, for other sides that get it so.
func ParseMail(raw []byte) (Received, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Received{}, fmt.Errorf("not a mail: %w", err)
	}
	r := Received{MessageID: m.Header.Get("Message-ID"), Headers: headers(raw)}
	for name, field := range map[string]*mail.Address{"From": &r.From, "To": &r.To} {
		a, err := mail.ParseAddress(m.Header.Get(name))
		if err != nil {
			return Received{}, fmt.Errorf("%s: %w", name, err)
		}
		*field = *a
	}
	if a, err := mail.ParseAddress(m.Header.Get("Reply-To")); err == nil {
		r.ReplyTo = a.Address
	}
	if r.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return Received{}, fmt.Errorf("subject: %w", err)
	}
	err = r.body(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return r, err
}

func (r *Received) body(contentType, encoding string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		return r.parts(multipart.NewReader(body, params["boundary"]))
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	switch kind {
	case "text/html":
		r.HTML = string(text)
	case "text/plain":
		r.Text = string(text)
	}
	return err
}

func (r *Received) parts(parts *multipart.Reader) error {
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("parts: %w", err)
		}
		if err := r.body(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
			return err
		}
	}
}

// headers are the fields of a mail in order, unfolded.
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
	return out
}
