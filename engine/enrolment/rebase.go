package enrolment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
)

// Membership says who is inside the segments that triggers watch when an apply
// changes what they mean: an edit mails nobody unless it says so.
type Membership struct {
	store store.Store
	now   func() time.Time
}

// NewMembership returns a Membership that evaluates at now.
func NewMembership(s store.Store, now func() time.Time) *Membership {
	return &Membership{store: s, now: now}
}

// Rebase evaluates, of the given segments, those that triggers of rev watch, and
// returns what is to be written in the transaction that makes rev live. That
// transaction remembers who is inside from now on. Whom the edit moves in fires
// only triggers with backfill; who had entered before, without anybody having
// noticed yet, fires as ever. Segments that nothing watches any more are
// forgotten.
func (m *Membership) Rebase(ctx context.Context, rev *campaign.Revision, segments []string) (func(store.Tx) error, error) {
	b, err := m.base(ctx, rev, segments)
	if err != nil {
		return nil, fmt.Errorf("who is inside the segments that triggers watch: %w", err)
	}
	return b.write, nil
}

// rebase is what an edit does to watched segments, as of one snapshot.
type rebase struct {
	now     time.Time
	rt      *routes // of the new project
	events  int64   // position of the dispatcher
	changed []rebased
	forget  []string // labels of segments that nothing watches any more
	begin   []string // labels of journeys that begin to look for an event
}

// rebased is one watched segment under the new project.
type rebased struct {
	*watched
	noticed    bool    // triggers watched it before
	remembered []int64 // who was inside then, as they knew
	before     audience.Selection
	after      audience.Selection
}

func (m *Membership) base(ctx context.Context, rev *campaign.Revision, segments []string) (*rebase, error) {
	project, err := link.Link(rev.Resources, rev.Settings, rev.Environment)
	if err != nil {
		return nil, err
	}
	rt, err := newRoutes(audience.NewSchema(project), 0)
	if err != nil {
		return nil, err
	}
	b := &rebase{now: m.now(), rt: rt}
	var found store.Live
	err = m.store.View(ctx, func(r store.Reader) (err error) {
		if found, err = r.Live(); err != nil {
			return err
		}
		return b.read(r, segments)
	})
	if err != nil {
		return nil, err
	}
	old, err := live.Link(found)
	if err != nil {
		return nil, err
	}
	b.compare(old)
	return b, b.evaluate(ctx, m.store, old)
}

// read finds which segments are to be counted anew: those that the edit changes,
// and those of which nothing is remembered.
func (b *rebase) read(r store.Reader, segments []string) (err error) {
	b.changed = b.changed[:0]
	if b.events, err = r.Cursor(eventsCursor); err != nil {
		return err
	}
	for i := range b.rt.watched {
		w := &b.rt.watched[i]
		known, err := r.Cursor(memberCursor(w.Def.Name))
		if err != nil {
			return err
		}
		if known != 0 && !slices.Contains(segments, w.Def.Name) {
			continue
		}
		remembered, err := membersOf(r, w.Def.Name)
		if err != nil {
			return err
		}
		b.changed = append(b.changed, rebased{watched: w, noticed: known != 0, remembered: remembered})
	}
	return nil
}

// compare finds what triggers stop and begin to look for. A journey of the old
// project that no longer links counts as one that was not there.
func (b *rebase) compare(old *link.Project) {
	events := map[string]string{} // journey → event
	for _, name := range old.Names("journey") {
		j, err := old.Journey(name)
		switch {
		case err != nil:
		case j.Def.Trigger.Event != nil:
			events[name] = j.Def.Trigger.Event.Event
		case j.Def.Trigger.Segment != nil && !b.watches(j.Def.Trigger.Segment.Segment):
			b.forget = append(b.forget, j.Def.Trigger.Segment.Segment)
		}
	}
	for event, starts := range b.rt.starts {
		for _, s := range starts {
			if events[s.Def.Name] != event {
				b.begin = append(b.begin, s.Def.Name)
			}
		}
	}
}

func (b *rebase) watches(segment string) bool {
	return slices.ContainsFunc(b.rt.watched, func(w watched) bool { return w.Def.Name == segment })
}

// evaluate asks each segment as it was and as it will be, in one scan each.
func (b *rebase) evaluate(ctx context.Context, s store.Store, old *link.Project) error {
	if len(b.changed) == 0 {
		return nil
	}
	var before, after []*expr.Checked
	var known []int
	for i, c := range b.changed {
		after = append(after, c.When)
		if segment, err := old.Segment(c.Def.Name); err == nil {
			before, known = append(before, segment.When), append(known, i)
		}
	}
	will, err := audience.NewScanOf(s, b.rt.schema).SelectMany(ctx, after, b.now)
	if err != nil {
		return err
	}
	for i := range b.changed {
		b.changed[i].after = will[i]
	}
	if len(known) == 0 {
		return nil
	}
	was, err := audience.NewScan(s, old).SelectMany(ctx, before, b.now)
	if err != nil {
		return err
	}
	for n, i := range known {
		b.changed[i].before = was[n]
	}
	return nil
}

// write keeps who is inside, and lets in whom the edit says.
func (b *rebase) write(tx store.Tx) error {
	if err := b.beginHere(tx); err != nil {
		return err
	}
	for _, label := range b.forget {
		if err := tx.ClearMembers(label); err != nil {
			return err
		}
		if err := tx.SetCursor(memberCursor(label), 0); err != nil {
			return err
		}
	}
	if len(b.changed) == 0 {
		return nil
	}
	serial, err := tx.LiveSerial()
	if err != nil {
		return err
	}
	t := newTurn(tx, b.rt, b.now)
	touched, err := b.touched(tx)
	if err != nil {
		return err
	}
	for i := range b.changed {
		if err := b.changed[i].move(t, tx, touched, fmt.Sprintf("b%d", serial)); err != nil {
			return err
		}
	}
	return t.write(tx, b.now)
}

// beginHere lets journeys that begin to look for an event look from here on: what
// is recorded already is history to them.
func (b *rebase) beginHere(tx store.Tx) error {
	if len(b.begin) == 0 {
		return nil
	}
	last, err := lastEvent(tx)
	if err != nil {
		return err
	}
	for _, name := range b.begin {
		if err := tx.SetCursor(startCursor(name), last); err != nil {
			return err
		}
	}
	return nil
}

// lastEvent is the highest position in the record. It gallops, since a store
// tells only what comes after a position.
func lastEvent(r store.Reader) (int64, error) {
	ends := func(at int64) (bool, error) {
		events, err := r.EventsAfter(at, 1)
		return len(events) == 0, err
	}
	from, err := r.Cursor(eventsCursor)
	if err != nil {
		return 0, err
	}
	to := from
	for step := int64(1); ; step *= 2 {
		end, err := ends(to)
		if err != nil {
			return 0, err
		}
		if end {
			break
		}
		from, to = to+1, to+step
	}
	for from < to { // the last event is in [from, to]
		mid := from + (to-from)/2
		end, err := ends(mid)
		if err != nil {
			return 0, err
		}
		if end {
			to = mid
		} else {
			from = mid + 1
		}
	}
	return to, nil
}

// touched are the people of whom the dispatcher has looked at an event since the
// segments were evaluated.
func (b *rebase) touched(tx store.Tx) ([]int64, error) {
	to, err := tx.Cursor(eventsCursor)
	if err != nil {
		return nil, err
	}
	var people []int64
	for from := b.events; from < to; {
		events, err := tx.EventsAfter(from, int(min(to-from, batchSize)))
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Seq <= to {
				people = append(people, e.Person)
			}
		}
		from = events[len(events)-1].Seq
	}
	slices.Sort(people)
	return slices.Compact(people), nil
}

// move remembers who is inside the segment now. People who have moved since the
// evaluation are asked again.
func (c *rebased) move(t *turn, tx store.Tx, touched []int64, ref string) error {
	label := c.Def.Name
	remembered, err := membersOf(tx, label)
	if err != nil {
		return err
	}
	since := audience.Compare(audience.Selection{Yes: c.remembered}, audience.Selection{Yes: remembered})
	again := slices.Concat(touched, since.Enters, since.Leaves)
	slices.Sort(again)
	if err := t.meet(again); err != nil {
		return err
	}
	inside := slices.DeleteFunc(slices.Clone(c.after.Yes), func(id int64) bool {
		_, ask := slices.BinarySearch(again, id)
		return ask
	})
	for _, id := range slices.Compact(again) {
		if p := t.people[id]; p != nil && p.Segment(label) == expr.True {
			inside = append(inside, id)
		}
	}
	slices.Sort(inside)
	moves := movesOf(label, audience.Compare(audience.Selection{Yes: remembered}, audience.Selection{Yes: inside}))
	if err := c.fire(t, moves, ref); err != nil {
		return err
	}
	return tx.SetCursor(memberCursor(label), 1)
}

// fire lets in those of the moves who enter: by their own doing any trigger, by
// the edit only one with backfill.
func (c *rebased) fire(t *turn, moves []move, ref string) error {
	t.moves = append(t.moves, moves...)
	if c.silent() {
		return nil
	}
	entering := slices.DeleteFunc(slices.Clone(moves), func(m move) bool { return !m.inside })
	for chunk := range slices.Chunk(entering, recordBatch) {
		if err := c.fireSome(t, chunk, ref); err != nil {
			return err
		}
		clear(t.people) // an edit can move many
	}
	return nil
}

func (c *rebased) fireSome(t *turn, entering []move, ref string) error {
	ids := make([]int64, len(entering))
	for i, m := range entering {
		ids[i] = m.person
	}
	if err := t.meet(ids); err != nil {
		return err
	}
	for _, id := range ids {
		person := t.people[id]
		if person == nil {
			continue
		}
		for _, j := range c.journeys {
			if !c.fires(j, id) {
				continue
			}
			e := &entry{journey: j, person: id, enteredAt: t.now, from: t.now, ref: fmt.Sprintf("%s-%d", ref, id)}
			if err := t.enter(e, person, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// fires tells whether somebody who enters fires a trigger: who was inside before
// the edit and had not been noticed does; who was moved by it, with backfill.
func (c *rebased) fires(j *link.Journey, person int64) bool {
	if c.before.Has(person) {
		return c.noticed
	}
	return j.Def.Trigger.Segment.Backfill
}

// silent reports whether nobody can fire, whoever moves.
func (c *rebased) silent() bool {
	return !c.noticed && !slices.ContainsFunc(c.journeys, func(j *link.Journey) bool { return j.Def.Trigger.Segment.Backfill })
}
