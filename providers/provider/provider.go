// Package provider is the contract between herald and a way out: a mail server,
// a mailbox on this machine, a service with an HTTP API.
//
// By role:
//   - what a provider is: Kind, Provider, Capabilities, and Sized, an optional power
//   - what it is given: Config, Message
//   - what it answers: Receipt, Error and its Class
//
// A provider knows nothing of campaigns: eligibility, caps, the environment's
// guard and the ledger stand above it. It hands one message over, and says
// honestly what became of it. Every provider passes providertest.
package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"time"

	"github.com/herald-campaigns/herald/dsl/schema"
)

// Mailbox is the source of the provider that keeps mail on this machine. The
// environment's guard delivers there what must not leave.
const Mailbox = "builtin/mailbox"

// Kind is a provider that projects can configure.
type Kind struct {
	Source       string        // "builtin/smtp"
	Schema       *schema.Block // its configuration
	Capabilities Capabilities
	// New opens the provider. It checks the configuration, but need not reach the
	// other side: that may be down when a worker starts.
	New func(ctx context.Context, cfg Config) (Provider, error)
}

// Capabilities tell what a provider can promise.
type Capabilities struct {
	Channels []string // "email"
	// Deduplicates: a second message with the same Key is not delivered again, so
	// a delivery whose outcome is unknown may be repeated.
	Deduplicates bool
	// Stays: messages stay on this machine. The environment's guard lets only such
	// providers run free, so whoever says nothing is guarded.
	Stays bool
	// Parallel is how many deliveries it can use at once; 0 is one.
	Parallel int
}

// Config is a provider's configuration with its secrets filled in.
type Config struct {
	Values  map[string]any // by the Schema's attributes, as JSON values
	DataDir string         // where it may keep files
	Log     *slog.Logger   // never told personal data
}

// Provider is an open way out. It is safe for concurrent use.
type Provider interface {
	// Deliver hands one message over. A nil error means that the other side has
	// taken responsibility for it. Any other error is an *Error, whose Class tells
	// whether the message can have been taken.
	Deliver(ctx context.Context, m *Message) (Receipt, error)
	io.Closer
}

// Sized is a Provider whose configuration decides how many deliveries it can use
// at once, in place of its Kind's Capabilities.Parallel.
type Sized interface{ Parallel() int }

// Message is one message to one person, complete but for transport.
type Message struct {
	Key     string // the same for every attempt: idempotency key, and local part of the Message-ID
	Domain  string // right side of the Message-ID
	From    mail.Address
	ReplyTo *mail.Address
	To      mail.Address
	Subject string
	Headers []Header // List-Unsubscribe and the like, in order
	HTML    string   // "" for a text-only message
	Text    string
	Date    time.Time
}

// Header is one further header field. Value is UTF-8 without line breaks.
type Header struct{ Name, Value string }

// Receipt is the other side's word.
type Receipt struct {
	ID string // what the other side calls the message; may be empty
}

// Class tells what an error means for the message.
type Class uint8

// The classes.
const (
	Unknown   Class = iota // it may have been taken: the connection broke after it was handed over
	Transient              // it was not taken; later it may be
	Throttled              // it was not taken; RetryAfter says when to come back
	Permanent              // it was not taken and never will be
)

// String is the class in one word.
func (c Class) String() string {
	switch c {
	case Transient:
		return "transient"
	case Throttled:
		return "throttled"
	case Permanent:
		return "permanent"
	case Unknown:
	}
	return "unknown"
}

// Error is what became of a message that was not clearly taken.
type Error struct {
	Class      Class
	Code       string        // the other side's: "550 5.1.1"
	BadAddress bool          // Permanent: the address does not exist, so nothing should be sent there again
	RetryAfter time.Duration // with Throttled, and where known with Transient
	Err        error         // must not hold personal data: it is logged
}

// Error says class, code and cause.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: %v", e.Class, e.Err)
	}
	return fmt.Sprintf("%s (%s): %v", e.Class, e.Code, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Classify returns the *Error in err; anything else is Unknown, since nothing
// can be ruled out.
func Classify(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Unknown, Err: err}
}
