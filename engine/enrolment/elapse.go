package enrolment

import (
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
)

// maxInstants bounds how many instants of one person are gone through in one
// turn; what is left is asked as of now. There are fewer for one with news, once a
// turn has spent what it has for that.
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
// some of whom none is known yet. Both stop when the turn's time for it is over, but
// not before somebody has been asked: the others keep their places, and are asked in
// the next turn, after what has happened until then.
func (t *turn) wake() error {
	if t.expiry == nil {
		return nil
	}
	share := timeInTurn
	if !t.expiry.whole() {
		share /= 2
	}
	t.patience.begin(share)
	due := t.expiry.due(t.now, wakeSize)
	n, err := t.wakeEach(due)
	if err != nil {
		return err
	}
	t.served = n == len(due) && n < wakeSize && t.expiry.whole() && !t.behind
	news, to := t.expiry.ask(askSize)
	t.patience.begin(share)
	if n, err = t.wakeEach(news); err != nil {
		return err
	}
	if t.asked = to; n < len(news) {
		t.asked = t.expiry.position(news[n])
	}
	return nil
}

// wakeEach asks people until the time for it is over, one at least, and returns how
// many have been.
func (t *turn) wakeEach(ids []int64) (n int, err error) {
	for chunk := range slices.Chunk(ids, chunkSize) {
		if err := t.prepare(chunk); err != nil {
			return n, err
		}
		for _, id := range chunk {
			if _, done := t.next[id]; !done {
				if n > 0 && t.patience.over() {
					return n, nil
				}
				t.pass(id, false)
				t.count.Woken++
			}
			n++
		}
	}
	return n, nil
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

// elapse lets time move a person who has news.
func (t *turn) elapse(person int64) {
	t.patience.spend(func() { t.pass(person, true) })
}

// pass asks a person what time can move, at each instant at which it could
// have, until now. Of one whose clock is ahead, what comes before has been asked.
// Unless it has to come to now, it stops when the time for it is over, and the person
// stays due.
func (t *turn) pass(person int64, toNow bool) {
	ask, most := t.rt.timed, maxInstants
	if toNow {
		most = t.patience.instants()
	}
	at, known, ok := t.expiry.of(person)
	if !known {
		at, ok = nextOf(t.index, person, ask.timed, t.expiry.since)
	}
	if until := t.roster.ahead[person]; ok && at.Before(until) {
		at = until
	}
	for n := 0; ok && !at.After(t.now); n++ {
		switch {
		case n >= most:
			at = t.now
		case n > 0 && !toNow && t.patience.over():
			t.behind = true
			t.next[person] = instant{at, true}
			return
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
// earlier than was known; the rest is not due later. Once a turn has spent what it
// has for this, it puts them off: they are asked when they wake, as of now.
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
	if t.patience.left <= 0 { // as of now, in a turn to come
		t.next[person] = instant{now, true}
		return
	}
	var at time.Time
	var ok bool
	t.patience.spend(func() { at, ok = nextOf(t.index, person, timed, now) })
	if ok && (!next.ok || at.Before(next.at)) {
		next = instant{at, true}
	}
	t.next[person] = next
}

// timeRef names what came of an instant.
func timeRef(at time.Time, person int64) string { return fmt.Sprintf("t%d-%d", at.UnixMicro(), person) }
