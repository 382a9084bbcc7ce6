package enrolment

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// crossSize is how many people cross a border in one transaction, where it is not
// an event that moves them.
const crossSize = 2000

// takeOver asks everybody once what time has moved since another dispatcher, or
// this one under another project, last looked; from then on each person is asked
// when their instant comes.
func (d *Dispatcher) takeOver(ctx context.Context, rt *routes) (Turn, error) {
	now := d.Now()
	s := survey{now: now, segments: rt.timed.segments, count: true}
	if err := d.survey(ctx, rt, &s); err != nil {
		return Turn{}, err
	}
	sum, err := d.crossSurveyed(ctx, rt, &s)
	if err != nil {
		return sum, err
	}
	err = d.commit(ctx, s.at, func(tx store.Tx) error { return tx.SetCursor(timeCursor, now.UnixMicro()) })
	if err == nil {
		d.roster.turn = s.at.turn + 1
		d.expiry, d.timed = newExpiry(s.everybody, now), time.Now()
	}
	return sum, err
}

// survey is what asking everybody has shown.
type survey struct {
	now      time.Time
	segments []int // of routes; those that are asked
	count    bool  // list everybody, too

	at        fence
	since     time.Time // to which time has moved people; zero: unknown
	crossings []*crossing
	everybody []int64
}

// survey asks segments of everybody, as of the positions of the dispatcher, and
// compares the answers with who is remembered to be inside.
func (d *Dispatcher) survey(ctx context.Context, rt *routes, s *survey) error {
	ask := rt.asking(s.segments)
	if len(ask.segments) > 0 && s.count {
		all, _, err := rt.schema.Project().Condition("true")
		if err != nil {
			return err
		}
		ask.conditions = append(ask.conditions, all)
	}
	return d.Store.View(ctx, func(r store.Reader) (err error) {
		if s.at, err = d.see(r, rt); err != nil || len(ask.segments) == 0 {
			return err
		}
		selections, err := d.selectAt(ctx, r, ask.conditions, s.now)
		if err != nil {
			return err
		}
		if s.count {
			s.everybody = selections[len(ask.segments)].Yes
		}
		if s.since, err = readTime(r); err != nil {
			return err
		}
		d.compare(s, selections)
		if x, ok := d.index.(*records); ok {
			return x.failed
		}
		return nil
	})
}

// selectAt asks conditions of everybody as of the positions of the dispatcher.
func (d *Dispatcher) selectAt(ctx context.Context, r store.Reader, conditions []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	b, err := readPositions(r)
	if err != nil {
		return nil, err
	}
	if err := d.index.Advance(r, b.event, b.change); err != nil {
		return nil, err
	}
	return d.index.SelectMany(ctx, conditions, now)
}

// compare finds who is not where they are remembered to be, and, unless they are
// many, since when.
func (d *Dispatcher) compare(s *survey, selections []audience.Selection) {
	for i, segment := range s.segments {
		diff := audience.Compare(audience.Selection{Yes: d.roster.inside[segment].list()}, selections[i])
		exact := len(diff.Enters)+len(diff.Leaves) < manyByTime
		for _, side := range []struct {
			people []int64
			inside bool
		}{{diff.Leaves, false}, {diff.Enters, true}} {
			for _, id := range side.people {
				if until, ok := d.roster.ahead[id]; ok && until.After(s.now) {
					continue // their clock is ahead
				}
				c := &crossing{membership: membership{segment, id}, inside: side.inside, at: s.now}
				if exact {
					c.at = flipped(d.index, d.routes.segments[segment].When, c, s.since, s.now)
				}
				s.crossings = append(s.crossings, c)
			}
		}
	}
	slices.SortStableFunc(s.crossings, func(a, b *crossing) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.segment, b.segment)) })
}

// readTime reads to which instant time has moved people; zero: unknown.
func readTime(r store.Reader) (time.Time, error) {
	last, err := r.Cursor(timeCursor)
	if err != nil || last == 0 {
		return time.Time{}, err
	}
	return time.UnixMicro(last).UTC(), nil
}

// flipped is from when a crossing that is found late, at now, is so. It has come
// about since an instant; where that is not known, it is now.
func flipped(index Index, when *expr.Checked, c *crossing, since, now time.Time) time.Time {
	if since.IsZero() || since.After(now) {
		return now
	}
	ask := []*expr.Checked{when}
	found, was := now, !c.inside
	at, ok := nextOf(index, c.person, ask, since)
	for n := 0; ok && !at.After(now); n++ {
		if n == maxInstants {
			return now
		}
		var out [1]expr.Truth
		index.TestEach(c.person, ask, at, out[:])
		if is := out[0] == expr.True; is != was {
			found, was = at, is
		}
		at, ok = nextOf(index, c.person, ask, at)
	}
	return found
}

// crossSurveyed takes down what a survey has found, some at a time.
func (d *Dispatcher) crossSurveyed(ctx context.Context, rt *routes, s *survey) (sum Turn, err error) {
	for chunk := range slices.Chunk(s.crossings, crossSize) {
		var t *turn
		var b batch
		err := d.Store.View(ctx, func(r store.Reader) (err error) {
			t = newTurn(r, rt, s.now)
			t.index, t.roster = d.index, d.roster
			if b.event, err = r.Cursor(eventsCursor); err != nil {
				return err
			}
			for _, c := range chunk {
				t.cross(c)
			}
			return t.crossAll(&b)
		})
		if err == nil {
			err = d.commit(ctx, s.at, func(tx store.Tx) error { return t.write(tx, s.now) })
		}
		if err != nil {
			return sum, err
		}
		d.keep(t, s.at)
		s.at.turn++
		sum.add(t.count)
	}
	return sum, nil
}
