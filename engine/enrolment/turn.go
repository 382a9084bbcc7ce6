package enrolment

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// MaxLate is how long after it happened an event may be received and still start
// a journey.
const MaxLate = 72 * time.Hour

// Turn counts what one turn of the Dispatcher did.
type Turn struct {
	Events   int // looked at
	Changes  int // of people, looked at
	Woken    int // people asked because their time had come, or was not known
	Entered  int // crossings into segments
	Left     int // and out of them
	Enrolled int // people let into journeys
	Cohorts  int // started for them
	Signals  int // to runs under way
	Settled  int // pending triggers that came due
	History  int // events that met a trigger too late, or before it was there
	Found    int // crossings that only a sweep noticed: there should be none
}

// Idle reports whether there was nothing to do.
func (t Turn) Idle() bool { return t == Turn{} }

func (t *Turn) add(u Turn) {
	t.Events += u.Events
	t.Changes += u.Changes
	t.Woken += u.Woken
	t.Entered += u.Entered
	t.Left += u.Left
	t.Enrolled += u.Enrolled
	t.Cohorts += u.Cohorts
	t.Signals += u.Signals
	t.Settled += u.Settled
	t.History += u.History
	t.Found += u.Found
}

// turn works out, over one snapshot, what is to be written. Nothing is written
// before all of it is known.
type turn struct {
	r      store.Reader
	rt     *routes
	now    time.Time
	latest time.Time                  // now, or the At of an event whose clock is ahead
	people map[int64]*audience.Person // nil: gone

	index  Index
	roster *roster
	expiry *expiry      // nil until segments are known to be true to some instant
	out    []expr.Truth // room for answers
	parts  []string     // room for parts of a question
	patience

	touched   []*touch
	touches   map[int64]*touch
	crossings []*crossing
	crossed   map[membership]bool // who is inside now, where a crossing has changed that
	mixed     map[int64]bool      // people in crossed
	bequests  []int               // segments that those were in who are no more
	asked     int                 // of expiry: what it becomes
	behind    bool                // somebody has not come to now, for want of time
	served    bool                // everybody's segments are true to now
	changes
}

// changes is what a turn writes.
type changes struct {
	door      *door
	moves     []store.Move
	shifts    []store.Shift
	pending   []store.Pending // triggers that begin to settle, or begin anew
	settled   []store.Pending // triggers that have settled, or came to nothing
	entries   []*entry
	reactions []reaction
	next      map[int64]instant // when people are to be asked next
	gone      []int64
	ahead     map[int64]time.Time // people with events whose clock is ahead, until then
	count     Turn
}

// instant is a time, or never.
type instant struct {
	at time.Time
	ok bool
}

func newTurn(r store.Reader, rt *routes, now time.Time) *turn {
	return &turn{
		r: r, rt: rt, now: now, latest: now, people: map[int64]*audience.Person{},
		touches: map[int64]*touch{}, crossed: map[membership]bool{}, mixed: map[int64]bool{},
		changes: changes{door: newDoor(r), next: map[int64]instant{}, ahead: map[int64]time.Time{}},
	}
}

// meet loads people who have not been met in this turn, with what triggers and
// entering look at.
func (t *turn) meet(ids []int64) error {
	var news []int64
	for _, id := range ids {
		if _, ok := t.people[id]; !ok {
			t.people[id] = nil
			news = append(news, id)
		}
	}
	records, err := recordsByID(t.r, news, t.rt.need)
	if err != nil {
		return err
	}
	for id, record := range records {
		t.people[id] = audience.PersonOf(t.rt.schema, record, t.latest)
	}
	return nil
}

// take looks at a batch and, where onTime, at whom time moves. find links journeys
// that people are under way through.
func (t *turn) take(b *batch, onTime bool, find finder) error {
	if err := t.touch(b); err != nil {
		return err
	}
	for _, p := range t.touched {
		if err := t.ask(p); err != nil {
			return err
		}
	}
	if onTime {
		if err := t.wake(); err != nil {
			return err
		}
	}
	if err := t.crossAll(b); err != nil {
		return err
	}
	waits := newWaiting()
	if err := t.meet(t.triggered(b.events)); err != nil {
		return err
	}
	for _, e := range b.events {
		if err := waits.add(t.r, e); err != nil {
			return err
		}
		if err := t.triggers(e); err != nil {
			return err
		}
	}
	t.count.Events += len(b.events)
	t.count.Changes += len(b.changes)
	return t.react(waits, find)
}

// triggered are the people of events that meet a trigger.
func (t *turn) triggered(events []store.Event) []int64 {
	var ids []int64
	for _, e := range events {
		if len(t.rt.starts[e.Name]) > 0 {
			ids = append(ids, e.Person)
		}
	}
	return ids
}

// finder links a journey by the digest of its definition.
type finder func(campaign.Digest) (*link.Journey, error)

// enter lets somebody in, if exit_when and the re-entry rule do. event is what the
// trigger looks at; nil for none.
func (t *turn) enter(e *entry, p *audience.Person, event *campaign.Event) error {
	if !e.welcome(p, event, t.latest) {
		return nil
	}
	dropped := t.door.dropped
	opens, err := t.door.opens(e)
	if err == nil && opens {
		t.entries = append(t.entries, e)
		t.count.Enrolled += 1 + dropped - t.door.dropped
	}
	return err
}

// entry is when somebody enters a segment by an event: at its own time, unless it
// is history that was brought in now.
func (t *turn) entry(e store.Event) time.Time {
	if isLate(e) {
		return t.now
	}
	return e.At
}

// isLate tells whether an event is history: it came from a file, or was received
// long after it happened.
func isLate(e store.Event) bool {
	return e.Imported || !e.ReceivedAt.IsZero() && e.ReceivedAt.Sub(e.At) > MaxLate
}

// arrival is when an event could be known: waits that it begins count from here.
func (t *turn) arrival(e store.Event) time.Time {
	at := e.At
	if e.ReceivedAt.After(at) {
		at = e.ReceivedAt
	}
	if at.After(t.now) {
		return t.now
	}
	return at
}

// dirty reports whether there is something to write.
func (c *changes) dirty() bool {
	return c.count.Events+c.count.Changes+len(c.moves)+len(c.shifts)+len(c.pending)+len(c.settled)+len(c.entries)+len(c.reactions) > 0
}

// write keeps the changes, and tells Temporal.
func (c *changes) write(tx store.Tx, now time.Time) error {
	if err := tx.MoveMembers(c.moves); err != nil {
		return err
	}
	for _, shift := range c.shifts {
		if err := tx.ShiftMembers(shift); err != nil {
			return err
		}
	}
	for _, p := range c.settled {
		if err := tx.DeletePending(p.Journey, p.Person, p.Key); err != nil {
			return err
		}
	}
	for _, p := range c.pending {
		if err := tx.PutPending(p); err != nil {
			return err
		}
	}
	for _, r := range c.reactions {
		if err := r.write(tx, now); err != nil {
			return err
		}
	}
	started, err := enrol(tx, c.entries, c.door, now)
	c.count.Cohorts, c.count.Signals = started, len(c.reactions)
	return err
}
