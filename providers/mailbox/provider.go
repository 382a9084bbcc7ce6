// Package mailbox keeps mail on this machine instead of sending it:
// builtin/mailbox. Each message becomes a file that any mail program opens.
//
// By role:
//   - the way out that leads nowhere: Kind, Provider
//   - what is kept: Box, with Entry, Mail, Filter and Page
//   - looking at it in a browser: Handler
//
// Enters: provider.Messages, each Key once. Leaves: .eml files whose names sort
// by time, and a page that shows them. Refused: messages that mime refuses, a
// folder that cannot be written; scripts, forms and remote content of the mails
// that the page shows.
//
// Files are written whole or not at all, and what Deliver has taken survives the
// end of the process. They are not synced to the disk: a mailbox is for looking
// at, and power does not fail often.
package mailbox

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/providers/internal/mime"
	"github.com/herald-campaigns/herald/providers/provider"
)

// Folder is the name of the mailbox within the folder of the project's data.
const Folder = "mailbox"

// Kind is builtin/mailbox.
func Kind() provider.Kind {
	return provider.Kind{
		Source: provider.Mailbox,
		Schema: block,
		Capabilities: provider.Capabilities{
			Channels:     []string{"email"},
			Deduplicates: true,
			Stays:        true,
			Parallel:     16, // files are written one by one, but who waits for the ledger need not wait here
		},
		New: func(_ context.Context, cfg provider.Config) (provider.Provider, error) {
			if cfg.DataDir == "" {
				return nil, errors.New("the mailbox needs a folder for its files")
			}
			p := &Provider{box: Open(cfg.DataDir)}
			if _, err := p.box.Count(Filter{}); err != nil {
				return nil, fmt.Errorf("the mailbox cannot be opened: %w", err)
			}
			return p, nil
		},
	}
}

var block = &schema.Block{
	Name: "provider", Label: "name",
	Doc:     "Keeps every mail as a file on this machine, and shows it on a page of herald's own. Nothing is sent.",
	Example: "provider \"mailbox\" {}",
}

// Provider delivers into a Box.
type Provider struct {
	box *Box

	mu     sync.Mutex
	buffer []byte
	closed bool
}

// Deliver keeps a message. A Key that is kept already is not kept again.
func (p *Provider) Deliver(ctx context.Context, m *provider.Message) (provider.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return provider.Receipt{}, &provider.Error{Class: provider.Transient, Err: err}
	}
	if _, err := mime.EnvelopeOf(m); err != nil {
		return provider.Receipt{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return provider.Receipt{}, &provider.Error{Class: provider.Transient, Err: errors.New("the mailbox is closed")}
	}
	raw, err := mime.Append(p.buffer[:0], m)
	if err != nil {
		return provider.Receipt{}, err
	}
	p.buffer = raw
	id, err := p.box.put(m, raw)
	if err != nil {
		return provider.Receipt{}, &provider.Error{Class: provider.Transient, Err: fmt.Errorf("the mail cannot be kept: %w", err)}
	}
	return provider.Receipt{ID: id}, nil
}

// Close refuses what comes later.
func (p *Provider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	return p.box.Close()
}
