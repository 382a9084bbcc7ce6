package enrolment

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
)

// maxInstants bounds how many instants of one person are gone through in one
// turn; what is left is asked as of now.
const maxInstants = 256

// late tells whether a person's instant has come, or is not known.
func (t *turn) late(p *touch) bool {
	if t.expiry == nil {
		return false
	}
	at, known, ok := t.expiry.of(p.person)
	return ok && (!known || !at.After(t.now))
}

// due is when a person is to be asked because of time, as far as this turn has found
// out; in the past where that is not known, and ok is false for never.
func (t *turn) due(person int64) (at time.Time, ok bool) {
	if t.expiry == nil {
		return time.Time{}, false
	}
	if next, planned := t.next[person]; planned {
		return next.at, next.ok
	}
	at, _, ok = t.expiry.of(person)
	return at, ok
}

// wake lets time move those whose instant has come, and finds out the instants of
// some of whom none is known yet.
func (t *turn) wake() error {
	if t.expiry == nil {
		return nil
	}
	due := t.expiry.due(t.now, wakeSize)
	t.served = len(due) < wakeSize && t.expiry.whole()
	var news []int64
	news, t.asked = t.expiry.ask(askSize)
	due = append(due, news...)
	if err := t.prepare(due); err != nil {
		return err
	}
	for _, id := range due {
		if _, done := t.next[id]; !done {
			t.elapse(id)
			t.count.Woken++
		}
	}
	return nil
}

// prepare readies an index that has to read people first.
func (t *turn) prepare(ids []int64) error {
	if x, ok := t.index.(*records); ok {
		return x.ready(ids)
	}
	return nil
}

// failed is what an index could not say in an answer.
func (t *turn) failed() error {
	if x, ok := t.index.(*records); ok {
		return x.failed
	}
	return nil
}

// elapse asks a person what time can move, at each instant at which it could
// have, until now. Of one whose clock is ahead, what comes before has been asked.
func (t *turn) elapse(person int64) {
	ask := t.rt.timed
	at, known, ok := t.expiry.of(person)
	if !known {
		at, ok = nextOf(t.index, person, ask.timed, t.expiry.since)
	}
	if until := t.roster.ahead[person]; ok && at.Before(until) {
		at = until
	}
	for n := 0; ok && !at.After(t.now); n++ {
		if n == maxInstants {
			at = t.now
		}
		truths := t.truths(len(ask.segments))
		t.index.TestEach(person, ask.conditions, at, truths)
		for i, s := range ask.segments {
			if is := truths[i] == expr.True; is != t.inside(s, person) {
				t.cross(&crossing{membership: membership{s, person}, inside: is, at: at})
			}
		}
		at, ok = nextOf(t.index, person, ask.timed, at)
	}
	t.next[person] = instant{at, ok}
}

// nextOf asks an index for the next instant, which is one to the microsecond, as the
// store keeps them. An index that does not get on is helped.
func nextOf(index Index, person int64, conditions []*expr.Checked, now time.Time) (time.Time, bool) {
	at, ok := index.Next(person, conditions, now)
	switch {
	case !ok:
		return time.Time{}, false
	case !at.After(now):
		return now.Add(time.Second), true
	}
	if whole := at.Truncate(time.Microsecond); whole.Before(at) {
		at = whole.Add(time.Microsecond)
	}
	return at, true
}

// expect says when a person is to be asked next. What has been asked may be due
// earlier than was known; the rest is not due later.
func (t *turn) expect(person int64, ask asking, now time.Time) {
	if t.expiry == nil || len(t.rt.timed.timed) == 0 {
		return
	}
	timed, next := ask.timed, instant{}
	if len(timed) < len(t.rt.timed.timed) {
		var planned bool
		if next, planned = t.next[person]; !planned {
			at, known, ok := t.expiry.of(person)
			if !known { // it will be found out
				return
			}
			next = instant{at, ok}
		}
		if next.ok && !next.at.After(now) {
			timed, next = t.rt.timed.timed, instant{}
		}
	}
	at, ok := nextOf(t.index, person, timed, now)
	if ok && (!next.ok || at.Before(next.at)) {
		next = instant{at, true}
	}
	t.next[person] = next
}

// timeRef names what came of an instant.
func timeRef(at time.Time, person int64) string { return fmt.Sprintf("t%d-%d", at.UnixMicro(), person) }
