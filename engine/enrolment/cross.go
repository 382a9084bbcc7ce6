package enrolment

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// From how many people on, who cross one border at one instant, they are kept as
// one Shift, without what the condition looked at.
const (
	manyByTime   = 1000
	manyByImport = 100
)

// crossing is a person who enters or leaves a segment in a turn.
type crossing struct {
	membership
	inside bool
	touch  *touch    // nil: time did it
	at     time.Time // from when it is so
	from   time.Time // when it could be known
	cause  store.Cause
	ref    int64
	quiet  bool // fires nothing
	many   bool // part of a Shift
}

// cross notes that a person has entered or left a segment.
func (t *turn) cross(c *crossing) {
	t.crossings = append(t.crossings, c)
	t.crossed[c.membership], t.mixed[c.person] = c.inside, true
	if c.touch == nil {
		c.cause, c.from = store.ByTime, c.at
	}
}

// inOrder puts what time did first, as it came about; then what happened, in the
// order of the record.
func inOrder(a, b *crossing) int {
	switch {
	case a.touch == nil && b.touch == nil:
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.person, b.person), cmp.Compare(a.segment, b.segment))
	case a.touch == nil:
		return -1
	case b.touch == nil:
		return 1
	}
	return 0
}

// name is the name of what made somebody cross; it names the cohort that they
// are the first of.
func (c *crossing) name() string {
	switch c.cause {
	case store.ByEvent:
		return fmt.Sprintf("s%d", c.ref)
	case store.ByProfile:
		return fmt.Sprintf("c%d", c.ref)
	}
	return timeRef(c.at, c.person)
}

// crossAll finds out why people cross, takes that down, and lets them meet the
// journeys that watch.
func (t *turn) crossAll(b *batch) error {
	if len(t.crossings) == 0 {
		return nil
	}
	slices.SortStableFunc(t.crossings, inOrder)
	t.bundle(b)
	witnesses, err := t.witnesses()
	if err != nil {
		return err
	}
	early := func(c *crossing) bool { return !c.many && !t.move(c, witnesses[c.person], b) }
	t.crossings = slices.DeleteFunc(t.crossings, early)
	for _, c := range t.crossings {
		if c.inside {
			t.count.Entered++
		} else {
			t.count.Left++
		}
	}
	return t.fire()
}

// bundle makes a Shift of what moves many at once.
func (t *turn) bundle(b *batch) {
	counts, times := map[swarm]int{}, map[membership]int{}
	for _, c := range t.crossings {
		counts[swarmOf(c)]++
		times[c.membership]++
	}
	shifts := map[swarm]*store.Shift{}
	var order []swarm
	for _, c := range t.crossings {
		k := swarmOf(c)
		if least := k.least(); least == 0 || counts[k] < least || times[c.membership] > 1 {
			continue
		}
		c.many = true
		if k.quiet {
			c.cause, c.quiet, c.at, c.ref = store.ByImport, true, t.now, b.last()
		}
		if shifts[k] == nil {
			s := &t.rt.segments[c.segment]
			shifts[k] = &store.Shift{Segment: s.Def.Name, At: c.at, Definition: s.Digest, Cause: c.cause, Ref: c.ref}
			order = append(order, k)
		}
		if c.inside {
			shifts[k].Enter = append(shifts[k].Enter, c.person)
		} else {
			shifts[k].Leave = append(shifts[k].Leave, c.person)
		}
	}
	for _, k := range order {
		slices.Sort(shifts[k].Enter)
		slices.Sort(shifts[k].Leave)
		t.shifts = append(t.shifts, *shifts[k])
	}
}

// swarm is what crossings have in common that can be kept as one.
type swarm struct {
	segment int
	time    bool
	quiet   bool
	at      int64 // of time
}

func swarmOf(c *crossing) swarm {
	switch {
	case c.touch == nil:
		return swarm{segment: c.segment, time: true, at: c.at.UnixMicro()}
	case c.touch.silent():
		return swarm{segment: c.segment, quiet: true}
	}
	return swarm{segment: c.segment}
}

// least is how many make a swarm; 0 for none.
func (k swarm) least() int {
	switch {
	case k.time:
		return manyByTime
	case k.quiet:
		return manyByImport
	}
	return 0
}

// silent reports whether a file has brought all of it.
func (p *touch) silent() bool {
	return p.quiet && (p.change == nil || !p.loud) &&
		!slices.ContainsFunc(p.events, func(e store.Event) bool { return !e.Imported })
}

// witnesses are the records of those who cross one by one, with what their
// segments look at.
func (t *turn) witnesses() (map[int64]*store.Record, error) {
	var ids []int64
	var crossed []*expr.Checked
	seen := map[int]bool{}
	for _, c := range t.crossings {
		if c.many {
			continue
		}
		ids = append(ids, c.person)
		if !seen[c.segment] {
			seen[c.segment] = true
			crossed = append(crossed, t.rt.segments[c.segment].When)
		}
	}
	return recordsByID(t.r, ids, needOf(t.rt.schema, crossed...))
}

// move takes a crossing down, with what the condition looked at. It is false for
// one that comes too early: the index is ahead of the batch, as when somebody else
// reads by it as well, and what moved the person is yet to come.
func (t *turn) move(c *crossing, record *store.Record, b *batch) bool {
	s := &t.rt.segments[c.segment]
	if c.touch != nil && !t.blame(c, s, record, b) {
		t.crossed[c.membership] = !c.inside
		return false
	}
	m := store.Move{
		Segment: s.Def.Name, Person: c.person, Inside: c.inside, At: c.at,
		Definition: s.Digest, Cause: c.cause, Ref: c.ref,
	}
	if record != nil {
		at := c.at
		if c.touch != nil {
			at = c.touch.at
		}
		p := audience.PersonOf(t.rt.schema, cutAfter(record, b.last()), at)
		m.Operands = t.rt.explainer.Operands(p, s.When, at)
	}
	t.moves = append(t.moves, m)
	return true
}

// blame finds out which of what happened to a person moved them: the first after
// which the condition has the answer that it has now. It is false when there is
// none.
func (t *turn) blame(c *crossing, s *segment, record *store.Record, b *batch) bool {
	p := c.touch
	holds := func(seq int64) bool {
		if record == nil {
			return !c.inside
		}
		person := audience.PersonOf(t.rt.schema, cutAfter(record, seq), p.at)
		return (person.Test(s.When) == expr.True) == c.inside
	}
	if (s.timed || p.change != nil) && holds(b.event) {
		t.blameChange(c, s, b)
		return true
	}
	for i := range p.events {
		e := &p.events[i]
		if _, ok := slices.BinarySearch(s.events, e.Name); !ok || !holds(e.Seq) {
			continue
		}
		c.cause, c.ref, c.at, c.from, c.quiet = store.ByEvent, e.Seq, t.entry(*e), t.arrival(*e), e.Imported
		if c.quiet {
			c.cause = store.ByImport
		}
		return true
	}
	return false
}

// blameChange is for what no event of the batch did: a change of the person, or
// time, which what happened only made be noticed.
func (t *turn) blameChange(c *crossing, s *segment, b *batch) {
	p := c.touch
	switch {
	case p.change == nil:
		c.cause, c.at, c.quiet = store.ByTime, flipped(t.index, s.When, c, b.time, p.at), p.quiet
		c.from = c.at
	case p.loud:
		c.cause, c.ref, c.at, c.from = store.ByProfile, p.change.Seq, t.now, t.now
	default:
		c.cause, c.ref, c.at, c.from, c.quiet = store.ByImport, p.change.Seq, t.now, t.now, true
	}
}

// fire lets those who have crossed meet the journeys that watch.
func (t *turn) fire() error {
	var firing []*crossing
	var ids []int64
	for _, c := range t.crossings {
		if !c.quiet && len(t.rt.segments[c.segment].watchers) > 0 {
			firing, ids = append(firing, c), append(ids, c.person)
		}
	}
	if err := t.meet(ids); err != nil {
		return err
	}
	for _, c := range firing {
		if person := t.people[c.person]; person != nil {
			if err := t.fireOne(c, person); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *turn) fireOne(c *crossing, person *audience.Person) error {
	for _, w := range t.rt.segments[c.segment].watchers {
		switch {
		case !w.wants(c.inside):
			continue
		case w.history(c):
			t.count.History++
			continue
		}
		if err := t.enter(&entry{journey: w.Journey, person: c.person, enteredAt: c.at, from: c.from, ref: c.name()}, person, nil); err != nil {
			return err
		}
	}
	return nil
}
