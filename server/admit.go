package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/engine/intake"
)

// caller is who sends a call.
type caller struct {
	public bool // with a browser's key
	proven bool // the key is known; else the body has it
}

// What a browser may send at a time; sendBeacon has the same bound.
const (
	maxPublicBody  = 64 << 10
	maxPublicCalls = 100
)

func (c caller) limit(bytes int64) int64 {
	if c.public {
		return min(bytes, maxPublicBody)
	}
	return bytes
}

// most is how many calls a batch of the caller may hold.
func (c caller) most() int {
	if c.public {
		return maxPublicCalls
	}
	return maxCalls
}

// answering answers a caller.
type answering func(w http.ResponseWriter, r *http.Request, by caller)

// entry answers one path of the API, for programs and for browsers.
func (s *server) entry(answer answering) methods {
	return methods{http.MethodPost: s.authorised(answer), http.MethodOptions: s.preflight}
}

// authorised asks for an API key: as the user name of basic authentication, as
// Segment's libraries send it, or as a bearer token. A browser's key may stand in
// the body instead, as `writeKey`.
func (s *server) authorised(next answering) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch key := keyOf(r); {
		case knows(s.keys, key):
			next(w, r, caller{proven: true})
		case len(s.browserKeys) > 0 && (key == "" && r.Header.Get("Authorization") == "" || knows(s.browserKeys, key)):
			if s.fromKnownPage(w, r) && s.inPace(w, r, 1) {
				next(w, r, caller{public: true, proven: key != ""})
			}
		default:
			unauthorised(w)
		}
	}
}

func unauthorised(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="herald"`)
	fail(w, http.StatusUnauthorized, "the API key is missing or wrong: send it as the user name of basic authentication, or as a bearer token")
}

// admit looks at the key in a body that came without one before it, and keeps
// the pace of browsers; false when the answer has been given.
func (s *server) admit(w http.ResponseWriter, r *http.Request, by *caller, raw []byte, calls int) bool {
	if !by.public {
		return true
	}
	if !by.proven {
		var body struct {
			WriteKey string `json:"writeKey"`
		}
		_ = json.Unmarshal(raw, &body) // a key that is none is not known
		if !knows(s.browserKeys, body.WriteKey) {
			unauthorised(w)
			return false
		}
		by.proven = true
	}
	return s.inPace(w, r, calls-1)
}

// fromKnownPage refuses what a page of somebody else's sends, and lets a page of
// ours read the answer.
func (s *server) fromKnownPage(w http.ResponseWriter, r *http.Request) bool {
	if s.allow(w, r) {
		return true
	}
	fail(w, http.StatusForbidden, "pages of this origin may not send events: name it in HERALD_ORIGINS")
	return false
}

// allow reports whether the page that asks may, and says so to its browser.
// What is no page has no origin.
func (s *server) allow(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if !s.knownOrigin(origin, r.Host) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return true
}

func (s *server) knownOrigin(origin, host string) bool {
	if slices.ContainsFunc(s.Origins, func(known string) bool { return strings.EqualFold(strings.TrimSuffix(known, "/"), origin) }) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Host == host || isLocal(host) && isLocal(u.Host)
}

// preflight answers a browser that asks whether a page may call.
func (s *server) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Allow", "OPTIONS, POST")
	if len(s.browserKeys) > 0 && r.Header.Get("Origin") != "" && s.allow(w, r) {
		h.Set("Access-Control-Allow-Methods", "POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

var _ Intake = (*intake.Intake)(nil)
