package enrolment

import (
	"errors"
	"fmt"
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
	Entered  int // memberships of watched segments that began
	Left     int // and ended
	Enrolled int // people let into journeys
	Cohorts  int // started for them
	Signals  int // to runs under way
	Settled  int // pending triggers that came due
	History  int // events that met a trigger too late, or before it was there
}

// Idle reports whether there was nothing to do.
func (t Turn) Idle() bool { return t == Turn{} }

func (t *Turn) add(u Turn) {
	t.Events += u.Events
	t.Entered += u.Entered
	t.Left += u.Left
	t.Enrolled += u.Enrolled
	t.Cohorts += u.Cohorts
	t.Signals += u.Signals
	t.Settled += u.Settled
	t.History += u.History
}

// turn works out, over one snapshot, what is to be written. Nothing is written
// before all of it is known.
type turn struct {
	r      store.Reader
	rt     *routes
	now    time.Time
	latest time.Time // now, or the At of an event whose clock is ahead
	door   *door
	people map[int64]*audience.Person // nil: gone

	asked map[segmentOf]bool
	changes
}

// segmentOf is one person's being inside one watched segment.
type segmentOf struct {
	watched int
	person  int64
}

// changes is what a turn writes.
type changes struct {
	moves     []move
	pending   []store.Pending // triggers that begin to settle, or begin anew
	settled   []store.Pending // triggers that have settled, or came to nothing
	entries   []entry
	reactions []reaction
	count     Turn
}

// move is a person who crosses the border of a watched segment.
type move struct {
	segment string
	person  int64
	inside  bool
}

func newTurn(r store.Reader, rt *routes, now time.Time) *turn {
	return &turn{
		r: r, rt: rt, now: now, latest: now, door: newDoor(r),
		people: map[int64]*audience.Person{}, asked: map[segmentOf]bool{},
	}
}

// meet loads people who have not been met in this turn.
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

// events takes a batch of events in the order of the record. find links journeys
// that people are under way through.
func (t *turn) events(events []store.Event, find finder) error {
	var ids []int64
	for _, e := range events {
		if e.At.After(t.latest) {
			t.latest = e.At
		}
		if !t.rt.quiet(e.Name) {
			ids = append(ids, e.Person)
		}
	}
	if err := t.meet(ids); err != nil {
		return err
	}
	waits := newWaiting()
	for _, e := range events {
		if err := t.segments(e); err != nil {
			return err
		}
		if err := waits.add(t.r, e); err != nil {
			return err
		}
		if err := t.triggers(e); err != nil {
			return err
		}
	}
	t.count.Events += len(events)
	return t.react(waits, find)
}

// finder links a journey by the digest of its definition.
type finder func(campaign.Digest) (*link.Journey, error)

// segments asks the watched segments that an event can move its person into or
// out of, each once in a turn.
func (t *turn) segments(e store.Event) error {
	person := t.people[e.Person]
	if person == nil {
		return nil
	}
	for _, i := range t.rt.moved[e.Name] {
		k := segmentOf{i, e.Person}
		if t.asked[k] {
			continue
		}
		t.asked[k] = true
		w := &t.rt.watched[i]
		was, err := t.r.IsMember(w.Def.Name, e.Person)
		if err != nil {
			return err
		}
		switch is := person.Segment(w.Def.Name) == expr.True; {
		case is == was:
		case e.Imported:
			t.moves = append(t.moves, move{w.Def.Name, e.Person, is}) // history fires nothing
		default:
			err = t.cross(w, person, is, t.entry(e), t.arrival(e), fmt.Sprintf("s%d", e.Seq))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// cross notes that a person has entered or left a watched segment; who enters
// meets the triggers that watch it.
func (t *turn) cross(w *watched, p *audience.Person, inside bool, at, from time.Time, ref string) error {
	t.moves = append(t.moves, move{w.Def.Name, p.ID(), inside})
	if !inside {
		t.count.Left++
		return nil
	}
	t.count.Entered++
	for _, j := range w.journeys {
		if err := t.enter(&entry{journey: j, person: p.ID(), enteredAt: at, from: from, ref: ref}, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// enter lets somebody in, if exit_when and the re-entry rule do. event is what the
// trigger looks at; nil for none.
func (t *turn) enter(e *entry, p *audience.Person, event *campaign.Event) error {
	if !e.welcome(p, event, t.latest) {
		return nil
	}
	opens, err := t.door.opens(e)
	if err == nil && opens {
		t.entries = append(t.entries, *e)
		t.count.Enrolled++
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

// write keeps the changes, and tells Temporal.
func (c *changes) write(tx store.Tx, now time.Time) error {
	for _, m := range c.moves {
		if err := tx.SetMember(m.segment, m.person, m.inside, now); err != nil {
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
	started, err := enrol(tx, c.entries, now)
	c.count.Cohorts, c.count.Signals = started, len(c.reactions)
	return err
}

// errOvertaken says that somebody else took the turn; errStale, that another
// project has become live. Nothing was written.
var (
	errOvertaken = errors.New("another process has taken the turn")
	errStale     = errors.New("another project is live")
)
