package enrolment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// sweepEvery is how often all segments are asked of everybody, in wall time,
// although nothing should come of it.
const sweepEvery = time.Hour

// Sweep asks all segments of everybody. It is a safety net: what it finds, events,
// changes and instants should have told. It is counted in Found, logged, and put
// right.
func (d *Dispatcher) Sweep(ctx context.Context) (Turn, error) {
	rt, err := d.route(ctx)
	if err != nil {
		return d.outcome(ctx, Turn{}, err)
	}
	if d.expiry == nil || !d.expiry.whole() {
		return Turn{}, nil
	}
	d.swept = time.Now()
	s := survey{now: d.Now(), segments: rt.all.segments}
	turn, err := d.sweep(ctx, rt, &s)
	return d.outcome(ctx, turn, err)
}

func (d *Dispatcher) sweep(ctx context.Context, rt *routes, s *survey) (Turn, error) {
	through, err := d.through(ctx)
	if err != nil || !through {
		return Turn{}, err
	}
	if err := d.survey(ctx, rt, s); err != nil || d.expiry == nil {
		return Turn{}, err
	}
	s.crossings = slices.DeleteFunc(s.crossings, func(c *crossing) bool { // their turn is about to come
		at, known, ok := d.expiry.of(c.person)
		return rt.segments[c.segment].timed && ok && (!known || !at.After(s.now))
	})
	if len(s.crossings) == 0 {
		return Turn{}, nil
	}
	found := map[string]int{}
	for _, c := range s.crossings {
		found[rt.segments[c.segment].Def.Name]++
	}
	d.Log.ErrorContext(ctx, "a sweep found people who had crossed a segment's border unnoticed: please report this", "segments", found)
	sum, err := d.crossSurveyed(ctx, rt, s)
	sum.Found = sum.Entered + sum.Left
	return sum, err
}

// through reports whether all of the record has been looked at.
func (d *Dispatcher) through(ctx context.Context) (through bool, err error) {
	err = d.Store.View(ctx, func(r store.Reader) error {
		b, err := readPositions(r)
		if err != nil {
			return err
		}
		event, change, err := r.Heads()
		through = b.event >= event && b.change >= change
		return err
	})
	return through, err
}

// remember takes down who is inside segments of which nothing is remembered yet.
// Nobody fires: an edit mails nobody unless it says so.
func (d *Dispatcher) remember(ctx context.Context, rt *routes) error {
	unknown, at, err := d.unknown(ctx, rt)
	if err != nil || len(unknown) == 0 {
		return err
	}
	now := d.Now()
	ask := rt.asking(unknown)
	var selections []audience.Selection
	err = d.Store.View(ctx, func(r store.Reader) (err error) {
		selections, err = d.selectAt(ctx, r, ask.conditions, now)
		return err
	})
	if err == nil {
		err = d.commit(ctx, at, func(tx store.Tx) error {
			for i, n := range unknown {
				if err := rememberAll(tx, &rt.segments[n], selections[i].Yes, now, rt.serial); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("who is inside the segments: %w", err)
	}
	return nil
}

// unknown are the segments of which nothing is remembered.
func (d *Dispatcher) unknown(ctx context.Context, rt *routes) (unknown []int, at fence, err error) {
	err = d.Store.View(ctx, func(r store.Reader) (err error) {
		unknown = nil
		if at, err = readFence(r); err != nil {
			return err
		}
		if at.serial != rt.serial {
			return errStale
		}
		for i := range rt.segments {
			known, err := r.Cursor(memberCursor(rt.segments[i].Def.Name))
			if err != nil {
				return err
			}
			if known == 0 {
				unknown = append(unknown, i)
			}
		}
		return nil
	})
	return unknown, at, err
}

// rememberAll takes down who is inside a segment at first.
func rememberAll(tx store.Tx, s *segment, inside []int64, now time.Time, serial int64) error {
	had, err := membersOf(tx, s.Def.Name)
	if err != nil {
		return err
	}
	diff := audience.Compare(audience.Selection{Yes: had}, audience.Selection{Yes: inside})
	shift := store.Shift{
		Segment: s.Def.Name, Enter: diff.Enters, Leave: diff.Leaves,
		At: now, Definition: s.Digest, Cause: store.ByStart, Ref: serial,
	}
	if err := tx.ShiftMembers(shift); err != nil {
		return err
	}
	return tx.SetCursor(memberCursor(s.Def.Name), 1)
}

func membersOf(r store.Reader, segment string) ([]int64, error) {
	var ids []int64
	err := r.Members(segment, func(person int64) error {
		ids = append(ids, person)
		return nil
	})
	return ids, err
}
