package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

// maxCalls is how many calls a batch may hold, by the Segment specification.
const maxCalls = 2500

func (s *server) api(mux *http.ServeMux) {
	for path, answer := range map[string]http.HandlerFunc{
		"/v1/identify": s.one("identify"),
		"/v1/track":    s.one("track"),
		"/v1/batch":    s.batch,
	} {
		mux.Handle(path, methods{http.MethodPost: s.authorised(answer)})
	}
}

// authorised asks for an API key: as the user name of basic authentication, as
// Segment's libraries send it, or as a bearer token.
func (s *server) authorised(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.knows(keyOf(r)) {
			w.Header().Set("WWW-Authenticate", `Basic realm="herald"`)
			fail(w, http.StatusUnauthorized, "the API key is missing or wrong: send it as the user name of basic authentication, or as a bearer token")
			return
		}
		next(w, r)
	}
}

// keyOf is the API key that a request brings, "" for none.
func keyOf(r *http.Request) string {
	if key, _, ok := r.BasicAuth(); ok {
		return key
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// knows compares in a time that tells nothing about the keys, not even their
// length.
func (s *server) knows(key string) bool {
	got := sha256.Sum256([]byte(key))
	known := 0
	for _, want := range s.keys {
		known |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return known == 1
}

// one takes a single call, of the kind that its path says.
func (s *server) one(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var call intake.Call
		if !read(w, r, intake.MaxCall, &call) {
			return
		}
		if call.Type != "" && call.Type != kind {
			fail(w, http.StatusBadRequest, fmt.Sprintf("this is /v1/%s, but the call has the type %.20q", kind, call.Type))
			return
		}
		call.Type = kind
		s.take(w, r, []intake.Call{call})
	}
}

// batch is the body of /v1/batch. What it says for all of its calls holds where
// a call does not say otherwise.
type batch struct {
	Batch   []intake.Call  `json:"batch"`
	Context map[string]any `json:"context"`
	SentAt  string         `json:"sentAt"`
}

// calls are the calls with what holds for all of them.
func (b *batch) calls() []intake.Call {
	for i := range b.Batch {
		call := &b.Batch[i]
		if call.SentAt == "" {
			call.SentAt = b.SentAt
		}
		for name, value := range b.Context {
			if call.Context == nil {
				call.Context = map[string]any{}
			}
			if _, ok := call.Context[name]; !ok {
				call.Context[name] = value
			}
		}
	}
	return b.Batch
}

func (s *server) batch(w http.ResponseWriter, r *http.Request) {
	var b batch
	if !read(w, r, intake.MaxBatch, &b) {
		return
	}
	switch {
	case len(b.Batch) == 0:
		fail(w, http.StatusBadRequest, `the batch is empty: send {"batch": [ … ]}`)
	case len(b.Batch) > maxCalls:
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the batch has %d calls: send at most %d at a time", len(b.Batch), maxCalls))
	default:
		s.take(w, r, b.calls())
	}
}

// answer tells what became of each call.
type answer struct {
	Success bool     `json:"success"`
	Results []result `json:"results"`
}

type result struct {
	Status   string   `json:"status"` // accepted, duplicate, rejected
	Reason   string   `json:"reason,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// take stores calls and answers: 200 when all were taken (again), 207 when some
// were refused, 400 when all of them were.
func (s *server) take(w http.ResponseWriter, r *http.Request, calls []intake.Call) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	results, err := s.Intake.Take(ctx, calls)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	out := answer{Results: make([]result, 0, len(results))}
	refused := 0
	for _, res := range results {
		out.Results = append(out.Results, result{Status: string(res.Status), Reason: res.Reason, Warnings: res.Warnings})
		if res.Status == intake.Rejected {
			refused++
		}
	}
	out.Success = refused == 0
	status := http.StatusOK
	switch {
	case refused == len(calls):
		status = http.StatusBadRequest
	case refused > 0:
		status = http.StatusMultiStatus
	}
	if refused < len(calls) {
		s.Poke()
	}
	reply(w, status, out)
}

// failed answers an operational failure; what it was is for the log alone.
func (s *server) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, intake.ErrTooLarge) {
		tooLarge(w, intake.MaxBatch)
		return
	}
	if r.Context().Err() == nil { // else the caller has left, which is no failure of ours
		s.trouble(r, err)
	}
	if errors.Is(err, store.ErrFull) {
		w.Header().Set("Retry-After", "60")
		fail(w, http.StatusInsufficientStorage, "the disk is full: nothing was stored, send it again later")
		return
	}
	w.Header().Set("Retry-After", "5")
	fail(w, http.StatusServiceUnavailable, "nothing was stored, send it again later")
}

func fail(w http.ResponseWriter, status int, message string) {
	reply(w, status, struct {
		Success bool   `json:"success"`
		Error   string `json:"error"`
	}{Error: message})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}
