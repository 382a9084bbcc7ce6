package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/provider"
)

// ending is how an attempt ended: what the ledger, the record and the answer say.
type ending struct {
	*candidate
	end     store.SendEnd
	outcome journey.SendOutcome
	again   bool      // there is no outcome yet: the message is tried again at end.RetryAt
	event   string    // label of the event that goes with it; "" for none
	detail  [2]string // a property of that event, and its value
	bad     bool      // the address does not exist

	conflict bool // somebody else had closed the row: what they wrote counts
}

// withhold ends a message that is not sent.
func (b *batch) withhold(c *candidate, v verdict, now time.Time) *ending {
	e := &ending{candidate: c, outcome: v.outcome, end: store.SendEnd{State: store.Withheld, Reason: v.reason, At: now}}
	if v.outcome == journey.OutcomeWithheld {
		e.event, e.detail = "message_withheld", [2]string{"reason", v.reason}
	}
	return e
}

// withholdAll are the endings of the refused who have or get a row. Who has left
// the journey gets none: nothing was withheld from them.
func (b *batch) withholdAll(refused []refusal, now time.Time) []*ending {
	var out []*ending
	for _, r := range refused {
		if (r.outcome == journey.OutcomeExited || r.outcome == journey.OutcomeReached) && !r.known {
			b.add(r.index, r.outcome)
			continue
		}
		out = append(out, b.withhold(r.candidate, r.verdict, now))
	}
	return out
}

// release ends nothing: the row is given back, to be tried again.
func (b *batch) release(c *candidate, reason string, at time.Time) *ending {
	return &ending{candidate: c, again: true, end: store.SendEnd{State: store.Reserved, Reason: reason, RetryAt: at}}
}

// attempted makes an ending of a provider's answer.
func (b *batch) attempted(ctx context.Context, c *candidate, receipt provider.Receipt, err error) *ending {
	if err == nil {
		return &ending{
			candidate: c, outcome: journey.OutcomeSent, event: b.channel + "_sent",
			end: store.SendEnd{State: store.Sent, Provider: c.out.name, ProviderID: receipt.ID, At: b.now()},
		}
	}
	fault := provider.Classify(err)
	e := b.failed(c, fault)
	b.Log.WarnContext(ctx, "a message was not taken", "send", c.send.ID, "campaign", c.send.Campaign.String(), "provider", c.out.name,
		"class", fault.Class.String(), "code", fault.Code, "attempt", c.send.Attempt+1, "state", string(e.end.State), "error", fault.Err)
	return e
}

// failed makes an ending of a provider's error.
func (b *batch) failed(c *candidate, fault *provider.Error) *ending {
	reason := fault.Class.String()
	if fault.Code != "" {
		reason += ": " + fault.Code
	}
	attempt := c.send.Attempt + 1
	e := &ending{candidate: c, end: store.SendEnd{Reason: reason, Provider: c.out.name, At: b.now()}}
	switch {
	case fault.Class == provider.Permanent:
		e.end.State, e.outcome = store.Failed, journey.OutcomeFailed
		if e.bad = fault.BadAddress; e.bad {
			e.event, e.detail = b.channel+"_bounced", [2]string{"kind", "hard"}
		}
	case fault.Class == provider.Unknown && !b.repeatable(c):
		e.end.State, e.outcome = store.Unknown, journey.OutcomeUnknown
	case attempt >= b.Retry.Attempts && fault.Class == provider.Unknown:
		e.end.State, e.outcome, e.end.Reason = store.Unknown, journey.OutcomeUnknown, "given up: "+reason
	case attempt >= b.Retry.Attempts:
		e.end.State, e.outcome, e.end.Reason = store.Failed, journey.OutcomeFailed, "given up: "+reason
	default:
		return b.release(c, reason, b.Clock.Campaign(b.Wall().Add(b.Retry.after(attempt, c.send.Key, fault))))
	}
	return e
}

// write puts an ending into the store. That somebody else closed the row is no
// error.
func (b *batch) write(tx store.Tx, e *ending) error {
	err := tx.CloseSend(e.send.ID, b.Owner, e.end)
	if e.conflict = errors.Is(err, store.ErrConflict); e.conflict {
		e.send, err = tx.Send(e.send.ID)
		return err
	}
	if err != nil || e.event == "" {
		return err
	}
	if e.bad {
		if err := b.bounce(tx, e); err != nil {
			return err
		}
	}
	_, err = tx.AppendEvents([]store.Event{{
		Person: e.send.Person, Name: e.event, At: e.end.At, ReceivedAt: e.end.At, Properties: e.properties(),
	}})
	return err
}

// bounce remembers that an address does not exist.
func (b *batch) bounce(tx store.Tx, e *ending) error {
	if _, err := tx.Engage(e.send.ID, store.Bounced, e.end.At); err != nil {
		return err
	}
	return tx.Suppress(store.Suppression{Channel: b.channel, Address: e.address, Reason: "hard bounce", At: e.end.At})
}

func (e *ending) properties() map[string]any {
	p := map[string]any{"send": e.send.Key, "campaign": e.send.Campaign.String(), "message": e.send.Message.String()}
	if e.detail[0] != "" {
		p[e.detail[0]] = e.detail[1]
	}
	return p
}

// note tells an ending that the store has.
func (b *batch) note(e *ending) {
	switch {
	case e.conflict:
		if !b.settled(e.candidate) {
			b.putOff(e.index, b.now())
		}
	case e.again:
		b.putOff(e.index, e.end.RetryAt)
	default:
		b.add(e.index, e.outcome)
	}
}
