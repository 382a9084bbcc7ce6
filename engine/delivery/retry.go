package delivery

import (
	"hash/fnv"
	"time"

	"github.com/herald-campaigns/herald/providers/provider"
)

// Retry says when a message that was not taken is tried again: after First, then
// twice as long each time, at most Most, and Attempts times in all. The zero
// Retry tries ten times in five hours. It is wall time.
type Retry struct {
	First, Most time.Duration
	Attempts    int
}

func (r Retry) complete() Retry {
	if r.First <= 0 {
		r.First = time.Minute
	}
	if r.Most <= 0 {
		r.Most = time.Hour
	}
	if r.Attempts <= 0 {
		r.Attempts = 10
	}
	return r
}

// longestRetryAfter bounds what a provider may ask for.
const longestRetryAfter = 24 * time.Hour

// after is how long to wait after an attempt, counted from 1. Up to a fifth is
// added, by the key of the message, so that a batch does not come back as one.
func (r Retry) after(attempt int, key string, e *provider.Error) time.Duration {
	wait := r.First
	for ; attempt > 1 && wait < r.Most; attempt-- {
		wait *= 2
	}
	wait = min(wait, r.Most)
	if e.RetryAfter > 0 {
		wait = min(e.RetryAfter, longestRetryAfter)
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return wait + wait/5*time.Duration(h.Sum32()%1024)/1024
}
