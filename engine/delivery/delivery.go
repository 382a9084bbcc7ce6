// Package delivery sends messages: it looks at each person once more in the
// moment of sending, writes the words, and keeps the ledger around the hand-over.
//
// By role:
//   - what workflows ask: Delivery.Send, Delivery.Broadcast
//   - what the web asks: Delivery.View
//   - who gets a message: crowd (who is meant), verdict (who may), Reasons
//   - the words: script (the same for all), letter (for one person)
//   - the way out: outlets, and the environment's guard in front of them
//   - the ledger: batch (reserve, mark, close), ending (how an attempt ended)
//
// Enters: requests that hold indices of members or recipients. Leaves: an outcome
// for each index, mails, rows of the ledger, and the built-in events email_sent,
// email_bounced and message_withheld. Refused: an error for what is wrong with one
// person; that is an outcome. Errors are for infrastructure alone.
//
// # One message
//
// In the order in which it happens:
//
//	load      the person with all that is asked, from one snapshot
//	ask       the ledger first; then exit_when, address, suppression, consent
//	reserve   a row for each of the batch, in one transaction; who gets nothing is
//	          closed as withheld, with the reason
//	write     subject, HTML and text; an input without a value is withheld too
//	mark      the row as sending, committed just before its own hand-over
//	hand over to the provider, or to the mailbox where the guard says so
//	close     the row, with its event, in one transaction
//
// A worker that dies between mark and close leaves that row, and no other,
// unknown. A snapshot that is older than a moment when its turn comes is read
// again, so that an unsubscription counts while a long batch runs.
//
// # The guard
//
// An environment without deliver = "people" reaches the mailbox and its allow list
// alone. The guard stands below every choice of a provider: whatever a project
// says, a provider that leaves this machine is not asked for an address that the
// environment does not allow.
//
// # Two clocks
//
// What people see, and when a retry is due, is campaign time. Leases and the
// patience with servers are wall time: a compressed demo does not make a mail
// server faster.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/provider"
)

// Live is what delivery asks of the live project; live.Holder is one.
type Live interface {
	Schema() *audience.Schema
	Journey(ctx context.Context, digest campaign.Digest) (*link.Journey, error)
}

// Config is what a Delivery needs. Store, Live, Links, Kinds, DataDir and Owner
// are required.
type Config struct {
	Store   store.Store
	Live    Live
	Links   *links.Signer
	Kinds   []provider.Kind // all of them; provider.Mailbox must be among them
	DataDir string          // where providers may keep files
	Owner   string          // names this process where leases are held
	// Secrets looks up sensitive values; nil: there are none.
	Secrets func(campaign.Secret) (string, error)
	Clock   clock.Clock      // campaign time
	Wall    func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: silent
	// Lease is how long a row is held by whoever is at it, in wall time; an attempt
	// that takes longer than nine tenths of it is broken off. 0 is five minutes.
	Lease time.Duration
	// Grace is how long hand-overs under way may go on after a request was
	// cancelled. 0 is five seconds.
	Grace time.Duration
	Retry Retry
}

func (c *Config) complete() error {
	switch {
	case c.Store == nil || c.Live == nil || c.Links == nil:
		return errors.New("store, live project and links are required")
	case c.DataDir == "" || c.Owner == "":
		return errors.New("a folder for data and an owner's name are required")
	}
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Secrets == nil {
		c.Secrets = func(s campaign.Secret) (string, error) { return "", errors.New("no secrets can be looked up here") }
	}
	if c.Lease <= 0 {
		c.Lease = 5 * time.Minute
	}
	if c.Grace <= 0 {
		c.Grace = 5 * time.Second
	}
	c.Retry = c.Retry.complete()
	return nil
}

// Delivery sends. It is safe for concurrent use.
type Delivery struct {
	Config
	outlets outlets
}

// New returns a Delivery. Providers are opened when they are first needed.
func New(c Config) (*Delivery, error) {
	err := c.complete()
	if err == nil {
		_, err = findKind(c.Kinds, provider.Mailbox)
	}
	if err != nil {
		return nil, fmt.Errorf("delivery: %w", err)
	}
	return &Delivery{Config: c, outlets: outlets{open: map[string]*outlet{}}}, nil
}

// Close closes the providers. Nothing may be sent any more.
func (d *Delivery) Close() error { return d.outlets.close() }

// now is the present of the campaigns.
func (d *Delivery) now() time.Time { return d.Clock.Campaign(d.Wall()) }

// Send sends one step's message to members of a cohort. It may be called again
// with the same request: what the ledger has closed is told, not repeated.
func (d *Delivery) Send(ctx context.Context, q journey.SendRequest) (journey.SendResult, error) {
	b, err := d.journeyBatch(ctx, q)
	if err == nil {
		err = b.run(ctx, q.Members)
	}
	if err != nil {
		return journey.SendResult{}, fmt.Errorf("sending %s of %s: %w", q.Step, q.Cohort, err)
	}
	return b.result, nil
}

// Broadcast sends an issue of a broadcast to some of its recipients. It may be
// called again with the same request.
func (d *Delivery) Broadcast(ctx context.Context, q journey.BroadcastRequest) (journey.SendResult, error) {
	b, err := d.broadcastBatch(ctx, q)
	if err == nil {
		err = b.run(ctx, q.Members)
	}
	if err != nil {
		return journey.SendResult{}, fmt.Errorf("sending %s: %w", q.Run, err)
	}
	return b.result, nil
}
