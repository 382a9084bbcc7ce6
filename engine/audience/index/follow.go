package index

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// How much is read from the store at a time.
const (
	eventsAtOnce  = 10_000
	peopleAtOnce  = 1_000
	changesAtOnce = 1_000
)

// Follow brings the index to the heads of the store.
func (ix *Index) Follow(ctx context.Context) error {
	return ix.Store.View(ctx, func(r store.Reader) error {
		event, change, err := r.Heads()
		if err != nil {
			return err
		}
		return ix.Advance(r, event, change)
	})
}

// Advance brings the index to a position, the Seq of an event and of a change,
// within the snapshot that r reads. It does not go back: an index that is ahead
// stays where it is. Where it fails it has come as far as Position says, and may be
// asked to go on.
func (ix *Index) Advance(r store.Reader, event, change int64) error {
	ix.news.Lock()
	defer ix.news.Unlock()
	t := &tail{r: r, ix: ix, table: ix.table, at: ix.at, moved: ix.moved, live: true}
	if err := t.advance(Position{event, change}); err != nil {
		return fmt.Errorf("bringing the index of people up to date: %w", err)
	}
	return nil
}

// tail brings a table up to date: the index's own, or one on its way to be
// grafted onto it.
type tail struct {
	r     store.Reader
	ix    *Index
	table *column.Table
	at    Position
	moved int64
	live  bool // others look at the table: it is written to under the index's lock
}

// write runs f, which writes to the table and moves at.
func (t *tail) write(f func()) {
	if !t.live {
		f()
		return
	}
	t.ix.mu.Lock()
	defer t.ix.mu.Unlock()
	f()
	t.ix.at, t.ix.moved = t.at, t.moved
}

// advance takes in events first and changes afterwards. A change that moved events
// makes all of the person's events be read again, up to those that have been taken
// in.
func (t *tail) advance(to Position) error {
	event, change, err := t.r.Heads()
	if err != nil {
		return err
	}
	to.Event, to.Change = min(to.Event, event), min(to.Change, change)
	for t.at.Event < to.Event {
		if err := t.takeEvents(to.Event); err != nil {
			return err
		}
	}
	for t.at.Change < to.Change {
		if err := t.takeChanges(to.Change); err != nil {
			return err
		}
	}
	// Of each person the store remembers only the newest change, so that one that
	// moved events can hide behind another that is yet to come.
	if t.moved < t.at.Change && t.at.Change >= change {
		t.write(func() { t.moved = t.at.Change })
	}
	return nil
}

func (t *tail) takeEvents(until int64) error {
	events, err := t.r.EventsAfter(t.at.Event, eventsAtOnce)
	if err != nil {
		return err
	}
	full := len(events) == eventsAtOnce
	events = events[:cut(len(events), func(i int) bool { return events[i].Seq > until })]
	last := until
	if full && len(events) > 0 {
		last = events[len(events)-1].Seq
	}
	var unknown people
	for i := range events {
		if _, ok := t.table.Slot(events[i].Person); !ok {
			unknown.add(events[i].Person)
		}
	}
	if err := unknown.read(t, true); err != nil {
		return err
	}
	t.write(func() {
		for i := range events {
			if slot, ok := t.table.Slot(events[i].Person); ok {
				t.table.Happen(slot, &events[i])
			}
		}
		t.at.Event = last
		for i := range unknown.records {
			t.put(&unknown.records[i], true)
		}
		t.table.Tidy()
		if t.live {
			t.ix.disk.changed(len(events), false, t.ix.Clock())
		}
	})
	return nil
}

// cut is the first index of which is holds; n for none. It holds of all after it.
func cut(n int, is func(int) bool) int {
	for i := range n {
		if is(i) {
			return i
		}
	}
	return n
}

// takeChanges reads the people again who have changed.
func (t *tail) takeChanges(until int64) error {
	changes, err := t.r.ChangesAfter(t.at.Change, changesAtOnce)
	if err != nil {
		return err
	}
	full := len(changes) == changesAtOnce
	changes = changes[:cut(len(changes), func(i int) bool { return changes[i].Seq > until })]
	last := until
	if full && len(changes) > 0 {
		last = changes[len(changes)-1].Seq
	}
	var whole, profile people
	var gone []int64
	for _, c := range changes {
		_, known := t.table.Slot(c.Person)
		switch {
		case c.Gone:
			gone = append(gone, c.Person)
		case !known || c.Moved > t.moved:
			whole.add(c.Person)
		default:
			profile.add(c.Person)
		}
	}
	if err := whole.read(t, true); err != nil {
		return err
	}
	if err := profile.read(t, false); err != nil {
		return err
	}
	t.write(func() {
		for _, person := range gone {
			t.table.Remove(person)
		}
		for i := range whole.records {
			t.put(&whole.records[i], true)
		}
		for i := range profile.records {
			t.put(&profile.records[i], false)
		}
		t.at.Change = last
		t.table.Tidy()
		if t.live {
			t.ix.disk.changed(len(changes), len(gone) > 0, t.ix.Clock())
			t.ix.sweep(false)
		}
	})
	return nil
}

// put takes in a record, and its events up to the last that is known.
func (t *tail) put(record *store.Record, events bool) {
	slot := t.table.Put(record)
	if events {
		t.table.PutEvents(slot, record, t.at.Event)
	}
}

// people are those to be read from the store, and then what was found of them.
type people struct {
	ids     []int64
	records []store.Record // by ascending ID
}

func (p *people) add(person int64) { p.ids = append(p.ids, person) }

// read reads the people, with their events or without.
func (p *people) read(t *tail, events bool) error {
	need := needOf(t.table.Plan)
	if !events {
		need.Events = nil
	}
	slices.Sort(p.ids)
	p.ids = slices.Compact(p.ids)
	for some := range slices.Chunk(p.ids, peopleAtOnce) {
		records, err := t.r.Records(some, need)
		if err != nil {
			return err
		}
		p.records = append(p.records, records...)
	}
	return nil
}

// How former values go from memory: when they are this many, or, where they may be
// those of people who were erased, at most this long after the last time.
const (
	looseStrings = 100_000
	sweepEvery   = 10 * time.Second
)

// sweep forgets strings of nobody, if it is time to or must be. It is called under
// the lock.
func (ix *Index) sweep(must bool) {
	now, loose, erased := ix.Clock(), ix.table.Loose(), ix.disk.unswept()
	due := must && loose > 0 || loose > looseStrings || erased && now.Sub(ix.swept) >= sweepEvery
	if !due {
		return
	}
	ix.table.Sweep()
	ix.swept = now
	ix.disk.swept()
}
