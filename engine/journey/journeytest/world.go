// Package journeytest plays the world for the interpreter of journeys: scripted
// people, an engine that answers for them from memory, and a driver on simulated
// time. What the driver does, the Temporal workflow must do as well; tests hold
// one against the other.
//
// Enters: a program and the people's scripts. Leaves: who was sent what when, and
// where everybody is. Nothing here is for production.
package journeytest

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
)

// Person is the script of one member. Durations count from World.Start; 0 is never.
type Person struct {
	Clicks  time.Duration       // the condition of every wait holds from then on
	Buys    time.Duration       // exit_when holds from then on
	Wins    time.Duration       // goal_when holds from then on
	Delay   time.Duration       // of every wait of their own; 0: unknown
	Case    int                 // the case taken at every branch; out of range: none
	Quiet   time.Duration       // sends before then are put off until then
	Outcome journey.SendOutcome // of every send
	Erased  bool                // the store knows them no more
}

// Sent is one message that was handed over.
type Sent struct {
	Index int
	Step  string
	Visit int
}

// Compare orders sends by member, then step.
func (s Sent) Compare(o Sent) int {
	return cmp.Or(cmp.Compare(s.Index, o.Index), cmp.Compare(s.Step, o.Step), cmp.Compare(s.Visit, o.Visit))
}

// World answers for the people. It is safe for concurrent use.
type World struct {
	Start  time.Time
	People []Person

	mu     sync.Mutex
	ledger map[Sent]journey.SendOutcome
	waits  map[int]string // who waits at which step
	places map[int]journey.Place
	ended  bool
	calls  map[string]int
}

// NewWorld returns a world with nobody under way.
func NewWorld(start time.Time, people []Person) *World {
	return &World{Start: start.UTC(), People: people, ledger: map[Sent]journey.SendOutcome{}, waits: map[int]string{},
		places: map[int]journey.Place{}, calls: map[string]int{}}
}

// Decide answers by the scripts as of r.At.
func (w *World) Decide(r journey.DecideRequest) journey.DecideResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls["decide"]++
	if r.Register {
		for _, i := range r.Members {
			w.waits[i] = r.Step
		}
	}
	var out journey.DecideResult
	for _, i := range r.Members {
		p := &w.People[i]
		c := max(0, p.Case)
		switch {
		case p.Erased:
			out.Gone = out.Gone.With(i)
			continue
		case w.since(p.Wins, r.At):
			out.Reached = out.Reached.With(i)
			continue
		case w.since(p.Buys, r.At):
			out.Exited = out.Exited.With(i)
			continue
		case r.Step[0] == 'p': // a wait of their own
			if p.Delay > 0 {
				out.Due = append(out.Due, journey.Later{At: r.At.Add(p.Delay), Members: journey.Members{i}})
			}
			continue
		case r.Step[0] == 'w' && w.since(p.Clicks, r.At): // waits are labelled w…, branches b…
			c = 0
		case r.Step[0] == 'w' || p.Case < 0:
			continue
		}
		for len(out.Cases) <= c {
			out.Cases = append(out.Cases, nil)
		}
		out.Cases[c] = out.Cases[c].With(i)
	}
	return out
}

// Send hands messages over as of now, each at most once.
func (w *World) Send(now time.Time, r journey.SendRequest) journey.SendResult {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls["send"]++
	out := journey.SendResult{At: now}
	for _, i := range r.Members {
		p, key := &w.People[i], Sent{i, r.Step, r.Visit}
		outcome, known := w.ledger[key]
		switch {
		case known:
			out.Add(i, outcome)
		case p.Erased:
			out.Add(i, journey.OutcomeGone)
		case w.since(p.Wins, now):
			out.Add(i, journey.OutcomeReached)
		case w.since(p.Buys, now):
			out.Add(i, journey.OutcomeExited)
		case p.Quiet > 0 && now.Before(w.Start.Add(p.Quiet)):
			out.PutOff(i, w.Start.Add(p.Quiet))
		default:
			w.ledger[key] = p.Outcome
			out.Add(i, p.Outcome)
		}
	}
	return out
}

// Progress keeps the projection.
func (w *World) Progress(r journey.ProgressRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls["progress"]++
	for _, place := range r.Places {
		for _, i := range place.Members {
			w.places[i] = journey.Place{Step: place.Step, WakeAt: place.WakeAt, EndedAt: place.EndedAt, Outcome: place.Outcome}
		}
	}
	for _, i := range r.Unregister {
		delete(w.waits, i)
	}
	w.ended = w.ended || r.Ended
}

// since reports whether something that happens after offset has happened by now.
func (w *World) since(offset time.Duration, now time.Time) bool {
	return offset > 0 && !w.Start.Add(offset).After(now)
}

// WaitsAt returns the step at which a member's waits are registered, "" for none.
func (w *World) WaitsAt(index int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waits[index]
}

// Waiting counts those whose waits are registered.
func (w *World) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waits)
}

// Sent lists what was handed over and really sent, in order.
func (w *World) Sent() []Sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Sent
	for s, o := range w.ledger {
		if o == journey.OutcomeSent {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, Sent.Compare)
	return out
}

// Place is where the projection has a member.
func (w *World) Place(index int) journey.Place {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.places[index]
}

// Outcomes counts the ended by outcome, "" for those under way.
func (w *World) Outcomes() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]int{}
	for i := range w.People {
		out[w.places[i].Outcome]++
	}
	return out
}

// Ended reports whether the cohort was closed.
func (w *World) Ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// Calls counts the effects carried out: "decide", "send", "progress".
func (w *World) Calls(kind string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[kind]
}

// Happening is an instant at which people do something.
type Happening struct {
	At      time.Time
	Members journey.Members
}

// Happenings lists what people do, in the order of time.
func (w *World) Happenings() []Happening {
	by := map[time.Time]journey.Members{}
	for i, p := range w.People {
		for _, offset := range []time.Duration{p.Clicks, p.Buys, p.Wins} {
			if offset > 0 {
				at := w.Start.Add(offset)
				by[at] = by[at].With(i)
			}
		}
	}
	out := make([]Happening, 0, len(by))
	for at, members := range by {
		out = append(out, Happening{at, members})
	}
	slices.SortFunc(out, func(a, b Happening) int { return a.At.Compare(b.At) })
	return out
}

// String sums the world up for a failing test.
func (w *World) String() string {
	return fmt.Sprintf("%d people, outcomes %v, %d sent", len(w.People), w.Outcomes(), len(w.Sent()))
}
