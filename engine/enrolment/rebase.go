package enrolment

import (
	"context"
	"errors"
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

// Membership says who is inside the segments when an apply changes what they
// mean: an edit mails nobody unless it says so.
type Membership struct {
	store store.Store
	now   func() time.Time
	// Evaluator answers for everybody by the definitions of a project, as of the end
	// of the record; nil: audience.Scan does.
	Evaluator func(*audience.Schema) audience.Evaluator
}

// NewMembership returns a Membership that evaluates at now.
func NewMembership(s store.Store, now func() time.Time) *Membership {
	return &Membership{store: s, now: now}
}

// Rebase evaluates the given segments, and those that change with them, as they
// are and as they will be under rev. It returns what is to be written in the
// transaction that makes rev live: one Shift for each of them, of whom the edit
// moves. Those fire only triggers with backfill. A journey that begins to watch a
// segment, with backfill, takes everybody who is inside. What people did by
// themselves and the dispatcher has not looked at yet is its to find, as ever.
// Segments that are no more are forgotten, their moves stay.
func (m *Membership) Rebase(ctx context.Context, rev *campaign.Revision, segments []string) (func(store.Tx) error, error) {
	b, err := m.base(ctx, rev, segments)
	if err != nil {
		return nil, fmt.Errorf("who is inside the segments: %w", err)
	}
	return b.write, nil
}

// rebase is what an edit does to segments, as of one snapshot.
type rebase struct {
	now           time.Time
	rt            *routes // of the new project
	old           *audience.Schema
	event, change int64 // heads of the record that was evaluated
	changed       []rebased
	forget        []string                   // labels of segments that are no more
	begin         []string                   // labels of journeys that begin to look for an event, or to watch a segment
	fresh         map[string][]*link.Journey // segment → journeys with backfill that begin to watch it
}

// rebased is one segment under the new project.
type rebased struct {
	*segment
	known  bool          // who is inside has been kept until now
	was    *link.Segment // nil: new
	before audience.Selection
	after  audience.Selection
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
	if err := errors.Join(rt.broken...); err != nil {
		return nil, err
	}
	b := &rebase{now: m.now(), rt: rt, fresh: map[string][]*link.Journey{}}
	var found store.Live
	err = m.store.View(ctx, func(r store.Reader) (err error) {
		if found, err = r.Live(); err != nil {
			return err
		}
		old, err := live.Link(found)
		if err != nil {
			return err
		}
		b.old = audience.NewSchema(old)
		return b.read(r, segments)
	})
	if err != nil {
		return nil, err
	}
	b.compare(b.old.Project())
	return b, b.evaluate(ctx, m)
}

// read finds which segments are to be counted anew: those that the edit changes,
// and those of which nothing is remembered.
func (b *rebase) read(r store.Reader, segments []string) (err error) {
	b.changed = b.changed[:0]
	if b.event, b.change, err = r.Heads(); err != nil {
		return err
	}
	alters := alterations(b.old.Project(), b.rt.schema.Project(), segments)
	for i := range b.rt.segments {
		s := &b.rt.segments[i]
		known, err := r.Cursor(memberCursor(s.Def.Name))
		if err != nil {
			return err
		}
		if known != 0 && !alters(s) {
			continue
		}
		c := rebased{segment: s, known: known != 0}
		if was, err := b.old.Project().Segment(s.Def.Name); err == nil && known != 0 {
			c.was = was
		}
		b.changed = append(b.changed, c)
	}
	return nil
}

// compare finds what triggers begin to look for, and which segments are no more.
// A journey of the old project that no longer links counts as one that was not
// there.
func (b *rebase) compare(old *link.Project) {
	looked := map[string]campaign.Trigger{} // by journey
	for _, name := range old.Names("journey") {
		if j, err := old.Journey(name); err == nil {
			looked[name] = j.Def.Trigger
		}
	}
	for _, label := range old.Names("segment") {
		if b.rt.of(label) == nil {
			b.forget = append(b.forget, label)
		}
	}
	for event, starts := range b.rt.starts {
		for _, s := range starts {
			if t := looked[s.Def.Name].Event; t == nil || t.Event != event {
				b.begin = append(b.begin, s.Def.Name)
			}
		}
	}
	for _, s := range b.rt.segments {
		for _, j := range s.watchers {
			t := looked[j.Def.Name].Segment
			if t != nil && t.Segment == s.Def.Name && j.wants(true) != t.Leaves {
				continue
			}
			b.begin = append(b.begin, j.Def.Name)
			if j.Def.Trigger.Segment.Backfill && j.wants(true) {
				b.fresh[s.Def.Name] = append(b.fresh[s.Def.Name], j.Journey)
			}
		}
	}
}

// evaluate asks each segment as it was and as it will be.
func (b *rebase) evaluate(ctx context.Context, m *Membership) error {
	if len(b.changed) == 0 {
		return nil
	}
	var before, after []*expr.Checked
	var old []int
	for i, c := range b.changed {
		after = append(after, c.When)
		if c.was != nil {
			before, old = append(before, c.was.When), append(old, i)
		}
	}
	will, err := m.evaluator(b.rt.schema).SelectMany(ctx, after, b.now)
	if err != nil {
		return err
	}
	for i := range b.changed {
		b.changed[i].after = will[i]
	}
	if len(old) == 0 {
		return nil
	}
	was, err := m.evaluator(b.old).SelectMany(ctx, before, b.now)
	if err != nil {
		return err
	}
	for n, i := range old {
		b.changed[i].before = was[n]
	}
	return nil
}

func (m *Membership) evaluator(schema *audience.Schema) audience.Evaluator {
	if m.Evaluator != nil {
		return m.Evaluator(schema)
	}
	return audience.NewScanOf(m.store, schema)
}

// write keeps who is inside, and lets in whom the edit says.
func (b *rebase) write(tx store.Tx) error {
	if err := b.beginHere(tx); err != nil {
		return err
	}
	for _, label := range b.forget {
		if err := b.empty(tx, label); err != nil {
			return err
		}
		if err := tx.ClearMembers(label); err != nil {
			return err
		}
		if err := tx.SetCursor(memberCursor(label), 0); err != nil {
			return err
		}
	}
	serial, err := tx.LiveSerial()
	if err != nil {
		return err
	}
	touched, err := b.touched(tx)
	if err != nil {
		return err
	}
	t := newTurn(tx, b.rt, b.now)
	for i := range b.changed {
		if err := b.changed[i].shift(tx, b, t, touched, serial); err != nil {
			return err
		}
	}
	if err := b.takeIn(tx, t, serial); err != nil {
		return err
	}
	return t.write(tx, b.now)
}

// empty notes that everybody has left a segment which is no more.
func (b *rebase) empty(tx store.Tx, label string) error {
	inside, err := membersOf(tx, label)
	if err != nil || len(inside) == 0 {
		return err
	}
	serial, err := tx.LiveSerial()
	if err != nil {
		return err
	}
	return tx.ShiftMembers(store.Shift{Segment: label, Leave: inside, At: b.now, Cause: store.ByEdit, Ref: serial})
}

// beginHere lets journeys that begin to look for an event, or to watch a segment,
// look from here on: what is recorded already is history to them.
func (b *rebase) beginHere(tx store.Tx) error {
	if len(b.begin) == 0 {
		return nil
	}
	event, change, err := tx.Heads()
	if err != nil {
		return err
	}
	for _, name := range b.begin {
		err := errors.Join(
			tx.SetCursor(startCursor(name), event), tx.SetCursor(changeCursor(name), change), tx.SetCursor(instantCursor(name), b.now.UnixMicro()),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// touched are the people of whom there is news since the segments were evaluated.
func (b *rebase) touched(tx store.Tx) ([]int64, error) {
	var people []int64
	for from := b.event; ; {
		events, err := tx.EventsAfter(from, batchSize)
		if err != nil {
			return nil, err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			people = append(people, e.Person)
		}
		from = events[len(events)-1].Seq
	}
	for from := b.change; ; {
		changes, err := tx.ChangesAfter(from, batchSize)
		if err != nil {
			return nil, err
		}
		if len(changes) == 0 {
			break
		}
		for _, c := range changes {
			people = append(people, c.Person)
		}
		from = changes[len(changes)-1].Seq
	}
	slices.Sort(people)
	return slices.Compact(people), nil
}
