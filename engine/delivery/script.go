package delivery

import (
	"context"
	"errors"
	"net/mail"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// email is the one channel so far.
const email = "email"

// script is what a batch says: the same for everybody in it.
type script struct {
	project       *link.Project
	name          addr.Addr // of the message
	message       *link.Message
	with          []link.Binding
	sender        *campaign.Sender
	from          mail.Address
	replyTo       *mail.Address
	domain        string // of the Message-ID
	channel       string
	topic         string
	transactional bool

	trouble string // why nobody can be sent it; "" for none
	err     error  // what is behind that, for the log
}

// newScript finds all that a message needs. What is missing is trouble.
func newScript(p *link.Project, message string, with []link.Binding) *script {
	s := &script{project: p, name: named("message", message), with: with, channel: email}
	m, err := p.Message(message)
	if err != nil {
		return s.fail(s.name, err)
	}
	s.message, s.channel, s.topic = m, m.Def.Channel, m.Def.Topic
	topic, ok := p.Topic(s.topic)
	if !ok {
		return s.fail(named("topic", s.topic), nil)
	}
	s.transactional = topic.Transactional
	sender, ok := p.Sender(m.Def.Sender)
	if !ok {
		return s.fail(named("sender", m.Def.Sender), nil)
	}
	s.sender = sender
	if err := s.signature(); err != nil {
		return s.fail(sender.Address(), err)
	}
	return s
}

func (s *script) fail(a addr.Addr, err error) *script {
	s.trouble, s.err = a.String()+" is "+ReasonNotLive, err
	return s
}

// signature reads who speaks.
func (s *script) signature() error {
	from, err := mail.ParseAddress(s.sender.From)
	if err != nil {
		return errors.New("from is no mail address")
	}
	s.from = *from
	_, s.domain, _ = cutLast(from.Address, '@')
	if s.sender.ReplyTo != "" {
		if s.replyTo, err = mail.ParseAddress(s.sender.ReplyTo); err != nil {
			return errors.New("reply_to is no mail address")
		}
	}
	return nil
}

// need is how much of each record the batch looks at.
func (s *script) need(conditions ...*expr.Checked) store.Need {
	var reads []campaign.Reads
	if s.message != nil {
		reads = append(reads, s.message.Reads)
	}
	for _, b := range s.with {
		conditions = append(conditions, b.Value)
	}
	for _, c := range conditions {
		if c != nil {
			reads = append(reads, c.Reads())
		}
	}
	need := audience.NeedOf(s.project, reads...)
	need.Consents = true // for the verdict
	return need
}

// report says once for a batch that nothing of it can be sent.
func (d *Delivery) report(ctx context.Context, s *script) {
	if s.trouble != "" {
		d.Log.ErrorContext(ctx, "a message cannot be sent", "message", s.name.String(), "reason", s.trouble, "error", s.err)
	}
}

// named is the address of a block; the zero Addr for a label that is none, which
// no compiled definition has.
func named(kind, label string) addr.Addr {
	a, err := addr.Parse(kind + "." + label)
	if err != nil {
		return addr.Addr{}
	}
	return a
}
