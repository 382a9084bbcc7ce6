package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/herald-campaigns/herald/providers/internal/mime"
	"github.com/herald-campaigns/herald/providers/provider"
)

// deliver hands one message over. body is the message as it travels: dots
// doubled, ended by the line with one dot. The error is a *failure, or a
// *provider.Error for what the server need not be asked.
func (s *session) deliver(ctx context.Context, e mime.Envelope, body []byte) (provider.Receipt, error) {
	if err := s.fits(e, len(body)); err != nil {
		return provider.Receipt{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetDeadline(past) })
	defer func() { s.spent = !stop() }()
	s.patience(ctx, 1)
	if err := s.begin(e, len(body)); err != nil {
		return provider.Receipt{}, err
	}
	s.patience(ctx, messagePatience)
	if n, err := s.conn.Write(body); err != nil {
		if n < len(body) {
			return provider.Receipt{}, &failure{stage: data, err: err} // the end is missing: the server cannot have taken it
		}
		return provider.Receipt{}, &failure{stage: content, err: err}
	}
	p, err := s.answer(content)
	if err != nil {
		return provider.Receipt{}, err
	}
	s.unfinished = false
	s.messages++
	if !p.ok() {
		return provider.Receipt{}, &failure{stage: content, reply: p}
	}
	return provider.Receipt{ID: p.queueID()}, nil
}

// fits refuses what the server said it cannot take.
func (s *session) fits(e mime.Envelope, size int) error {
	var err error
	switch limit := s.maxSize(); {
	case e.UTF8 && !s.can("SMTPUTF8"):
		err = errors.New("the address needs SMTPUTF8, which the server does not have")
	case limit > 0 && size > limit:
		err = fmt.Errorf("the message has %d octets, the server takes %d", size, limit)
	default:
		return nil
	}
	return &provider.Error{Class: provider.Permanent, Err: err}
}

// patience gives the server some timeouts to answer, unless ctx is done.
func (s *session) patience(ctx context.Context, timeouts int) {
	_ = s.conn.SetDeadline(time.Now().Add(time.Duration(timeouts) * s.cfg.timeout))
	if ctx.Err() != nil { // its end may have come before this deadline was set
		_ = s.conn.SetDeadline(past)
	}
}

// begin says who writes to whom, until the server asks for the message. Where the
// server can, that is one flight.
func (s *session) begin(e mime.Envelope, size int) error {
	steps := s.steps(e, size)
	s.unfinished = true
	if s.can("PIPELINING") {
		return s.pipeline(steps)
	}
	for _, step := range steps {
		p, err := s.ask(step.at, step.command)
		if err != nil {
			return err
		}
		if !step.accepts(p) {
			return &failure{stage: step.at, reply: p}
		}
	}
	return nil
}

// step is one command of a transaction.
type step struct {
	at      stage
	command string
}

// accepts reports whether a reply lets the transaction go on.
func (t step) accepts(p reply) bool {
	if t.at == data {
		return p.code == 354
	}
	return p.ok()
}

func (s *session) steps(e mime.Envelope, size int) []step {
	mail := "MAIL FROM:<" + e.From + ">"
	if s.can("SIZE") {
		mail += " SIZE=" + strconv.Itoa(size)
	}
	if e.UTF8 {
		mail += " SMTPUTF8"
	}
	steps := []step{{reset, "RSET"}, {from, mail}, {rcpt, "RCPT TO:<" + e.To + ">"}, {data, "DATA"}}
	if !s.unfinished {
		steps = steps[1:]
	}
	return steps
}

// pipeline sends all steps and then reads all answers. The first refusal counts;
// those behind it follow from it.
func (s *session) pipeline(steps []step) error {
	for _, step := range steps {
		s.command(step.command)
	}
	if err := s.flush(steps[0].at); err != nil {
		return err
	}
	var refused *failure
	for _, step := range steps {
		p, err := s.answer(step.at)
		switch {
		case err != nil && refused != nil:
			refused.err = err // the connection is lost as well
			return refused
		case err != nil:
			return err
		case refused != nil && step.at == data && p.code == 354:
			refused.err = errNonsense // it waits for a message to nobody: better to leave
			return refused
		case refused == nil && !step.accepts(p):
			refused = &failure{stage: step.at, reply: p}
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// travelling makes of a message what is sent after DATA: a dot that begins a line
// is doubled (mime leaves none), and a line with one dot ends it all.
func travelling(message []byte) []byte {
	if !bytes.HasSuffix(message, []byte("\r\n")) {
		message = append(message, '\r', '\n')
	}
	if bytes.HasPrefix(message, []byte(".")) || bytes.Contains(message, []byte("\n.")) {
		message = bytes.ReplaceAll(append([]byte("\n"), message...), []byte("\n."), []byte("\n.."))[1:]
	}
	return append(message, '.', '\r', '\n')
}
