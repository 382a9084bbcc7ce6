package enrolment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// What paces sweeps: a minute of campaign time, but in wall time no more often
// than a second, nor than ten times as long as the last one took.
const (
	sweepEvery    = time.Minute
	sweepAtLatest = 10 * time.Minute // although there are events to dispatch
	sweepPause    = time.Second
	sweepFactor   = 10
	sweepBatch    = 1000 // people who cross a border in one transaction
)

// sweepState is what a Dispatcher knows of its sweeps.
type sweepState struct {
	at   time.Time // campaign time of the last sweep
	next time.Time // wall time before which there is no other
}

// sweepDue tells whether the last sweep was so long ago, in campaign time.
func (d *Dispatcher) sweepDue(wall time.Time, ago time.Duration) bool {
	return d.Now().Sub(d.swept.at) >= ago && !wall.Before(d.swept.next)
}

// Sweep finds who has entered or left a watched segment without an event: because
// time has passed, or because something other than an event has changed.
func (d *Dispatcher) Sweep(ctx context.Context) (Turn, error) {
	rt, err := d.route(ctx)
	if err != nil {
		return d.outcome(ctx, nil, err)
	}
	if bringing, err := d.bringing(ctx); err != nil || bringing {
		return d.outcome(ctx, nil, err)
	}
	if err := d.remember(ctx, rt); err != nil { // what an import has moved
		return d.outcome(ctx, nil, err)
	}
	began, now := time.Now(), d.Now()
	var sum Turn
	if due := sweepable(rt); len(due) > 0 {
		sum, err = d.sweep(ctx, rt, due, now)
	}
	d.swept.at = now
	d.swept.next = time.Now().Add(max(sweepPause, sweepFactor*time.Since(began)))
	if err != nil {
		return d.outcome(ctx, nil, fmt.Errorf("sweeping segments: %w", err))
	}
	return sum, nil
}

func sweepable(rt *routes) []*watched {
	var due []*watched
	for i := range rt.watched {
		if rt.watched[i].swept {
			due = append(due, &rt.watched[i])
		}
	}
	return due
}

func (d *Dispatcher) sweep(ctx context.Context, rt *routes, due []*watched, now time.Time) (Turn, error) {
	at, selections, err := d.selectAll(ctx, rt, due, now)
	if err != nil {
		return Turn{}, err
	}
	var sum Turn
	for i, w := range due {
		moves, err := d.crossings(ctx, w.Def.Name, selections[i].Yes)
		if err != nil {
			return sum, err
		}
		for chunk := range slices.Chunk(moves, sweepBatch) {
			turn, err := d.sweepChunk(ctx, rt, at, w, chunk, now)
			if err != nil {
				return sum, err
			}
			at.turn++
			sum.add(turn)
		}
	}
	return sum, nil
}

// selectAll evaluates segments for everybody, and tells what that was computed
// over.
func (d *Dispatcher) selectAll(ctx context.Context, rt *routes, all []*watched, now time.Time) (fence, []audience.Selection, error) {
	var at fence
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		at, err = readFence(r)
		return err
	})
	if err == nil && at.serial != rt.serial {
		err = errStale
	}
	if err != nil {
		return at, nil, err
	}
	conditions := make([]*expr.Checked, len(all))
	for i, w := range all {
		conditions[i] = w.When
	}
	selections, err := audience.NewScanOf(d.Store, rt.schema).SelectMany(ctx, conditions, now)
	return at, selections, err
}

// crossings compares who is inside with who is remembered to be.
func (d *Dispatcher) crossings(ctx context.Context, segment string, inside []int64) ([]move, error) {
	var remembered []int64
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		remembered, err = membersOf(r, segment)
		return err
	})
	if err != nil {
		return nil, err
	}
	diff := audience.Compare(audience.Selection{Yes: remembered}, audience.Selection{Yes: inside})
	return movesOf(segment, diff), nil
}

// movesOf are the crossings of a difference, by person.
func movesOf(segment string, d audience.Difference) []move {
	moves := make([]move, 0, len(d.Enters)+len(d.Leaves))
	for _, id := range d.Leaves {
		moves = append(moves, move{segment, id, false})
	}
	for _, id := range d.Enters {
		moves = append(moves, move{segment, id, true})
	}
	return moves
}

func membersOf(r store.Reader, segment string) ([]int64, error) {
	var ids []int64
	err := r.Members(segment, func(m store.Member) error {
		ids = append(ids, m.Person)
		return nil
	})
	return ids, err
}

// sweepChunk writes some crossings, and lets those in who enter.
func (d *Dispatcher) sweepChunk(ctx context.Context, rt *routes, at fence, w *watched, moves []move, now time.Time) (Turn, error) {
	var c *changes
	err := d.Store.View(ctx, func(r store.Reader) error {
		t := newTurn(r, rt, now)
		c = &t.changes
		return t.crossAll(w, moves, fmt.Sprintf("t%d", now.UnixMilli()))
	})
	if err != nil {
		return Turn{}, err
	}
	err = d.commit(ctx, at, func(tx store.Tx) error { return c.write(tx, now) })
	return c.count, err
}

// crossAll lets people cross the border of a segment at one instant.
func (t *turn) crossAll(w *watched, moves []move, ref string) error {
	ids := make([]int64, len(moves))
	for i, m := range moves {
		ids[i] = m.person
	}
	if err := t.meet(ids); err != nil {
		return err
	}
	for _, m := range moves {
		person := t.people[m.person]
		if person == nil { // erased meanwhile
			t.moves = append(t.moves, move{m.segment, m.person, false})
			t.count.Left++
			continue
		}
		if err := t.cross(w, person, m.inside, t.now, t.now, fmt.Sprintf("%s-%d", ref, m.person)); err != nil {
			return err
		}
	}
	return nil
}

// remember takes down who is inside watched segments of which nothing is
// remembered yet. Nobody fires: an edit mails nobody unless it says so.
func (d *Dispatcher) remember(ctx context.Context, rt *routes) error {
	var unknown []*watched
	err := d.Store.View(ctx, func(r store.Reader) error {
		unknown = unknown[:0]
		for i := range rt.watched {
			w := &rt.watched[i]
			known, err := r.Cursor(memberCursor(w.Def.Name))
			if err != nil {
				return err
			}
			if known == 0 {
				unknown = append(unknown, w)
			}
		}
		return nil
	})
	if err != nil || len(unknown) == 0 {
		return err
	}
	now := d.Now()
	at, selections, err := d.selectAll(ctx, rt, unknown, now)
	if err == nil {
		err = d.commit(ctx, at, func(tx store.Tx) error {
			for i, w := range unknown {
				if err := rememberAll(tx, w.Def.Name, selections[i].Yes, now); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("who is inside the segments that triggers watch: %w", err)
	}
	return nil
}

func rememberAll(tx store.Tx, segment string, inside []int64, now time.Time) error {
	if err := tx.ClearMembers(segment); err != nil {
		return err
	}
	for _, id := range inside {
		if err := tx.SetMember(segment, id, true, now); err != nil {
			return err
		}
	}
	return tx.SetCursor(memberCursor(segment), 1)
}
