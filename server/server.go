// Package server is herald's HTTP side: what shops tell it, and what people do
// with the mail they got.
//
// By role:
//   - data in: /v1/identify, track, page, screen, group, alias and batch, in the
//     shape of the Segment specification, behind an API key
//   - a shop's pages: /herald.js, the snippet, whose key everybody can read; its
//     calls come from known origins, within a pace, and replace nothing
//   - links in mail: open pixel, click, unsubscribe, preferences, view, why; each
//     carries a signed token, so that none can be forged or turned elsewhere
//   - to look at: the live page, with each journey as a drawn flow, and the
//     mailbox; for this machine alone
//   - inside: methods and guards (which request is answered at all), document
//     (a page with its policy), flow (a journey laid out), figures (what came of
//     it, counted now and then)
//
// Enters: HTTP. Leaves: profiles, events, consents and engagement in the store;
// the dispatcher, which tails it, does the rest. Refused: calls without a key,
// bodies beyond Segment's bounds, links that were not made here; a strange Host
// for what shows personal data; HCL, Temporal.
//
// # What is promised
//
// A call is answered with 200 when it is stored, durably; with 503 or 507 when
// nothing is. A GET of a link changes no consent, since mail scanners follow
// every link, and a HEAD counts nothing. A link leads where the mail said, or to
// a page of ours. No log line holds a token or anything about a person.
package server

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"time"

	"github.com/herald-campaigns/herald/engine/delivery/links"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
)

// Intake takes calls of the HTTP API in.
type Intake interface {
	Take(ctx context.Context, calls []intake.Call) ([]intake.Result, error)
}

// Viewer renders a message again as its recipient got it.
type Viewer interface {
	View(ctx context.Context, send int64) (html string, err error)
}

// Options are what a server needs. Store, Intake, Links and Live are required.
type Options struct {
	Store   store.Store
	Intake  Intake
	Links   *links.Signer
	Live    *live.Holder
	Viewer  Viewer   // nil: mail cannot be viewed in the browser
	APIKeys []string // none: the API refuses every call
	// BrowserKeys stand in a shop's pages, for everybody to read. They let events
	// in, at a pace, from Origins ("https://shop.example") and from pages of this
	// server or, while it is asked for as localhost, of this machine.
	BrowserKeys []string
	Origins     []string
	Now         func() time.Time // campaign time; nil: the wall clock
	Poke        func()           // called after something was stored; nil: nobody waits
	Log         *slog.Logger     // nil: silent
	Mailbox     http.Handler     // at /mailbox/; nil: there is none
	UI          string           // address of the Temporal UI, shown on the live page
	// Pages serves the live page and the mailbox, which show personal data. They
	// are for the loopback interface and must stay off where strangers come.
	Pages bool
}

type server struct {
	Options
	keys        [][sha256.Size]byte // of the API, hashed
	browserKeys [][sha256.Size]byte
	pace        pace
	figures     figures
}

// patience is how long a request waits for the store. The store may wait longer
// for another process; whoever calls should be told before the line is cut.
const patience = 20 * time.Second

// New returns the handler for everything.
func New(o Options) http.Handler { return newServer(o).handler() }

func newServer(o Options) *server {
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if o.Poke == nil {
		o.Poke = func() {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &server{
		Options: o, keys: hashed(o.APIKeys), browserKeys: hashed(o.BrowserKeys),
		figures: figures{wall: time.Now}, pace: pace{wall: time.Now},
	}
}

func hashed(keys []string) (hashes [][sha256.Size]byte) {
	for _, key := range keys {
		if key != "" {
			hashes = append(hashes, sha256.Sum256([]byte(key)))
		}
	}
	return hashes
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/healthz", methods{http.MethodGet: healthy})
	mux.HandleFunc("/", nowhere)
	s.api(mux)
	s.mail(mux)
	if s.Pages {
		s.pages(mux)
	}
	return secure(s.recovered(mux))
}

// healthy says that this process answers. Whether the store does is told by the
// answers of the API.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("ok\n"))
}

// nowhere answers every path that is not ours.
func nowhere(w http.ResponseWriter, r *http.Request) {
	if isAPI(r) {
		fail(w, http.StatusNotFound, "there is no such call: /v1/identify, track, page, screen, group, alias and batch are")
		return
	}
	notePage.write(w, http.StatusNotFound, note{"There is nothing here", "Please look at the address again."})
}

// trouble writes an operational failure to the log. The pattern stands for the
// path, which may hold a token.
func (s *server) trouble(r *http.Request, err error) {
	s.Log.ErrorContext(r.Context(), "request failed", "method", r.Method, "route", r.Pattern, "error", err)
}
