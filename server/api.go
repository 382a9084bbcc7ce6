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
	for _, kind := range []string{"identify", "track", "page", "screen", "group", "alias"} {
		mux.Handle("/v1/"+kind, s.entry(s.one(kind)))
	}
	mux.Handle("/v1/batch", s.entry(s.batch))
	mux.Handle("/herald.js", methods{http.MethodGet: s.serveSnippet})
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
func knows(keys [][sha256.Size]byte, key string) bool {
	got := sha256.Sum256([]byte(key))
	known := 0
	for _, want := range keys {
		known |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return known == 1
}

// one takes a single call, of the kind that its path says.
func (s *server) one(kind string) answering {
	return func(w http.ResponseWriter, r *http.Request, by caller) {
		raw, ok := read(w, r, by.limit(intake.MaxCall))
		if !ok {
			return
		}
		var call intake.Call
		if !decode(w, raw, &call) || !s.admit(w, r, &by, raw, 1) {
			return
		}
		if call.Type != "" && call.Type != kind {
			fail(w, http.StatusBadRequest, fmt.Sprintf("this is /v1/%s, but the call has the type %.20q", kind, call.Type))
			return
		}
		call.Type = kind
		s.take(w, r, by, []intake.Call{call})
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
		b.Batch[i].Share(b.Context, b.SentAt)
	}
	return b.Batch
}

func (s *server) batch(w http.ResponseWriter, r *http.Request, by caller) {
	raw, ok := read(w, r, by.limit(intake.MaxBatch))
	if !ok {
		return
	}
	var b batch
	if !decode(w, raw, &b) || !s.admit(w, r, &by, raw, len(b.Batch)) {
		return
	}
	switch most := by.most(); {
	case len(b.Batch) == 0:
		fail(w, http.StatusBadRequest, `the batch is empty: send {"batch": [ … ]}`)
	case len(b.Batch) > most:
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the batch has %d calls: send at most %d at a time", len(b.Batch), most))
	default:
		s.take(w, r, by, b.calls())
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
func (s *server) take(w http.ResponseWriter, r *http.Request, by caller, calls []intake.Call) {
	for i := range calls {
		calls[i].Public = by.public
	}
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
