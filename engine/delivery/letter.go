package delivery

import (
	"fmt"
	"net/mail"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/template"
	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/providers/provider"
)

// letter writes a message for one person.
type letter struct {
	*script
	*candidate
	links       *links.Signer
	now         time.Time
	unsubscribe string
	chosen      map[string]*link.Case
	data        template.Data
}

// scratch are buffers that templates are written into.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// newLetter gathers what the templates of a message name. An input without a
// value withholds the message: there is no mail with a hole in it.
func newLetter(s *script, c *candidate, signer *links.Signer, now time.Time) (*letter, verdict) {
	l := &letter{script: s, candidate: c, links: signer, now: now, unsubscribe: signer.Unsubscribe(c.send.ID)}
	values := enrolment.Inputs(c.subject, s.with, now)
	if reason := s.lacks(values); reason != "" {
		return nil, withheld(reason)
	}
	segments := make(map[string]any, len(s.message.Reads.Segments))
	for _, label := range s.message.Reads.Segments {
		segments[label] = c.person.Segment(label).Holds()
	}
	values["profile"] = c.person.Values(s.message.Reads.Attributes)
	values["segment"] = segments
	values["trait"] = s.message.TraitValues(c.subject, now)
	values[link.UnsubscribeURL] = l.unsubscribe
	values[link.PreferencesURL] = signer.Preferences(c.send.ID)
	values[link.ViewURL] = signer.View(c.send.ID)
	values[link.WhyURL] = signer.Why(c.send.ID)
	zone, _ := c.person.Zone()
	l.data = template.Data{
		Values:   values,
		Catalog:  s.project.Row,
		Locale:   c.person.Locale(),
		Location: zone,
		Now:      now,
	}
	return l, verdict{}
}

// written is the whole message. Links in the HTML part are counted; those of the text
// part stay as they are, since a reader sees them in full.
func (l *letter) written() (*provider.Message, error) {
	var err error
	m := &provider.Message{
		Key: l.send.Key, Domain: l.domain, From: l.from, ReplyTo: l.replyTo,
		To: mail.Address{Address: l.address}, Headers: l.headers(), Date: l.now,
	}
	if m.Subject, err = l.write(l.message.Subject); err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	if m.Text, err = l.text(); err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	if m.HTML, err = l.html(l.pixel()); err != nil {
		return nil, fmt.Errorf("html: %w", err)
	}
	return m, nil
}

func (l *letter) text() (string, error) {
	l.data.Content = func(name string) *template.Template {
		if c := l.choose(name); c != nil {
			return c.Text
		}
		return nil
	}
	return l.write(l.message.Text)
}

// html writes the HTML part with counted links, and tail before its end; "" for a
// message of text alone.
func (l *letter) html(tail string) (string, error) {
	if l.message.HTML == nil {
		return "", nil
	}
	l.data.Content = func(name string) *template.Template {
		if c := l.choose(name); c != nil {
			return c.HTML
		}
		return nil
	}
	l.data.Link = func(url string, _ int) string { return l.links.Click(l.send.ID, url) }
	l.data.Tail = tail
	return l.write(l.message.HTML)
}

func (l *letter) pixel() string {
	return `<img src="` + l.links.Open(l.send.ID) + `" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">`
}

// choose picks the case of a content for the person, once for all parts.
func (l *letter) choose(name string) *link.Case {
	if c, ok := l.chosen[name]; ok {
		return c
	}
	var chosen *link.Case
	if block, ok := l.message.Block(name); ok {
		chosen = block.Choose(func(c *expr.Checked) expr.Truth { return c.Test(l.person, l.now) })
	}
	if l.chosen == nil {
		l.chosen = map[string]*link.Case{}
	}
	l.chosen[name] = chosen
	return chosen
}

func (l *letter) write(t *template.Template) (string, error) {
	buffer := scratch.Get().(*[]byte)
	defer scratch.Put(buffer)
	out, err := t.Render((*buffer)[:0], l.data)
	if err != nil {
		return "", err
	}
	*buffer = out
	return string(out), nil
}

// headers let a mail program unsubscribe with one click (RFC 8058). Transactional
// messages have nothing to unsubscribe from.
func (l *letter) headers() []provider.Header {
	if l.transactional {
		return nil
	}
	return []provider.Header{
		{Name: "List-Unsubscribe", Value: "<" + l.unsubscribe + ">"},
		{Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"},
	}
}
