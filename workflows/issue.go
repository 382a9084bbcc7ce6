package workflows

import (
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
)

// Issue is how far an issue of a broadcast has got: what goes from one run to the
// next. It is pure.
type Issue struct {
	Next    int             `json:"next"`              // the first recipient not yet handed out
	Retry   []journey.Later `json:"retry,omitempty"`   // who was put off, until when, by instant
	Counts  Counts          `json:"counts,omitzero"`   // of those who are done
	Stopped bool            `json:"stopped,omitempty"` // nobody else is handed out
	InWork  int             `json:"-"`                 // handed out, not answered
}

// Counts sums up what became of an issue.
type Counts struct {
	Sent      int `json:"sent"`
	Withheld  int `json:"withheld,omitempty"`
	Failed    int `json:"failed,omitempty"`
	Unknown   int `json:"unknown,omitempty"`
	Gone      int `json:"gone,omitempty"`      // erased since the audience was frozen
	Cancelled int `json:"cancelled,omitempty"` // not sent: the issue was cancelled
}

// The pauses before a recipient is tried again.
const (
	retryGrid   = time.Second
	missingWait = time.Minute
)

// batch hands out the next recipients at an instant, those whose time to be tried
// again has come first. It is empty when there is nothing to do now.
func (s *Issue) batch(now time.Time, size, limit int) journey.Members {
	if s.Stopped {
		return nil
	}
	if len(s.Retry) > 0 && !s.Retry[0].At.After(now) {
		return s.again(limit)
	}
	to := min(size, s.Next+limit)
	members := journey.Range(s.Next, to)
	s.Next = max(s.Next, to)
	s.InWork += len(members)
	return members
}

func (s *Issue) again(limit int) journey.Members {
	first := &s.Retry[0]
	n := min(limit, len(first.Members))
	members := slices.Clone(first.Members[:n])
	if first.Members = first.Members[n:]; len(first.Members) == 0 {
		s.Retry = s.Retry[1:]
	}
	s.InWork += n
	return members
}

// wake is when somebody is to be tried again; zero: nobody.
func (s *Issue) wake() time.Time {
	if s.Stopped || len(s.Retry) == 0 {
		return time.Time{}
	}
	return s.Retry[0].At
}

// answer takes in what became of a batch. Whom the result passes over is tried
// again.
func (s *Issue) answer(batch journey.Members, r journey.SendResult, now time.Time) {
	s.InWork -= len(batch)
	for _, i := range batch {
		switch {
		case r.Sent.Has(i):
			s.Counts.Sent++
		case r.Withheld.Has(i):
			s.Counts.Withheld++
		case r.Failed.Has(i):
			s.Counts.Failed++
		case r.Unknown.Has(i):
			s.Counts.Unknown++
		case r.Gone.Has(i):
			s.Counts.Gone++
		default:
			s.later(i, retryAt(r.Retry, i), now)
		}
	}
}

// putOff gives a batch back that came to nothing.
func (s *Issue) putOff(batch journey.Members, at, now time.Time) {
	s.InWork -= len(batch)
	for _, i := range batch {
		s.later(i, at, now)
	}
}

func retryAt(list []journey.Later, i int) time.Time {
	for _, l := range list {
		if l.Members.Has(i) {
			return l.At
		}
	}
	return time.Time{}
}

// later notes when to try one recipient again: a minute from now if nothing was
// said, and never in the past.
func (s *Issue) later(i int, at, now time.Time) {
	if at.IsZero() {
		at = now.Add(missingWait)
	}
	if soonest := now.Add(retryGrid); at.Before(soonest) {
		at = soonest
	}
	if down := at.Truncate(retryGrid); down.Before(at) {
		at = down.Add(retryGrid)
	}
	n, found := slices.BinarySearchFunc(s.Retry, at, func(l journey.Later, t time.Time) int { return l.At.Compare(t) })
	if !found {
		s.Retry = slices.Insert(s.Retry, n, journey.Later{At: at.UTC()})
	}
	s.Retry[n].Members = s.Retry[n].Members.With(i)
}

// stop hands nobody else out.
func (s *Issue) stop() { s.Stopped = true }

// done reports whether everybody has been dealt with, as far as they will be.
func (s *Issue) done(size int) bool {
	return s.InWork == 0 && (s.Stopped || s.Next >= size && len(s.Retry) == 0)
}

// waiting counts those who were put off.
func (s *Issue) waiting() int {
	n := 0
	for _, l := range s.Retry {
		n += len(l.Members)
	}
	return n
}
