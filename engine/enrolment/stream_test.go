package enrolment_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// streamSegments are conditions that hang on all there is: windows, counts, order,
// attributes, consents, other segments, the calendar, and now itself.
func streamSegments() []campaign.Definition {
	var defs []campaign.Definition
	for i, when := range []string{
		"events.order_completed.within('3h').count() >= 2",
		"events.order_completed.within('2h').none()",
		"events.order_completed.any() && events.order_completed.within('90m').none()",
		"events.order_completed.within('4h').sum(o, o.total) >= 5 || profile.tier == 'gold'",
		"events.cart_updated.within('1h').any() && events.order_completed.within('1h').none()",
		"segment.s0 && !segment.s4",
		"topic.news.subscribed && events.order_completed.any()",
		"reachable.email && profile.tier != 'gold'",
		"now - events.order_completed.last().at > duration('2h')",
		"profile.joined > now - duration('1h')",
		"hour(now) >= 14",
		"events.order_completed.where(o, o.total > 2).within('2h').any() || segment.s9",
		"events.cart_updated.since(timestamp('2026-11-30T13:00:00Z')).count() > 1",
		"has(profile.tier)",
	} {
		defs = append(defs, segment(fmt.Sprint("s", i), when))
	}
	return append(defs, one("a", onEnter("s0", false), never), one("b", onEnter("s2", false), always), one("c", onEnter("s11", false), never))
}

// happen lets something happen to one of five people; the same for the same seed.
func happen(h *house, r *rand.Rand) {
	key := fmt.Sprint("p", r.IntN(5))
	at := h.now().Add(-time.Duration(r.IntN(90)) * time.Minute)
	h.update(func(tx store.Tx) error {
		r := rand.New(rand.NewPCG(r.Uint64(), 0)) // an update may run twice
		p, err := tx.Identify(store.Person{Key: key, Email: key + "@example.com", CreatedAt: start, UpdatedAt: h.now()})
		if err != nil {
			return err
		}
		switch kind := r.IntN(14); kind {
		case 0, 1:
			tier := []any{"gold", "silver", nil}[r.IntN(3)]
			if kind == 1 {
				tx.Quietly()
			}
			_, err = tx.Identify(store.Person{Key: key, Attributes: map[string]any{"tier": tier, "joined": campaign.JSONValue(at)}, UpdatedAt: h.now()})
		case 2:
			err = tx.PutConsents([]store.Consent{{Person: p.ID, Topic: "news", Channel: "email", Granted: r.IntN(2) == 0, At: h.now(), Proof: "form"}})
		case 3:
			var into store.Person
			if into, err = tx.Identify(store.Person{Key: "p0", UpdatedAt: h.now()}); err == nil && r.IntN(3) == 0 {
				_, err = tx.Merge(into.ID, p.ID)
			}
		case 4:
			if r.IntN(3) == 0 {
				err = tx.Erase(p.ID)
			}
		default:
			e := store.Event{Person: p.ID, Name: []string{"order_completed", "cart_updated"}[r.IntN(2)], At: h.now(), ReceivedAt: h.now(), Properties: map[string]any{"total": float64(r.IntN(5))}}
			switch kind {
			case 5:
				e.At, e.Imported = at, true
			case 6:
				e.At = at // late
			case 7:
				e.At = h.now().Add(time.Duration(r.IntN(5)) * time.Minute) // a clock is ahead
			}
			_, err = tx.AppendEvents([]store.Event{e})
		}
		return err
	})
}

// everybody is who is there.
func (h *house) everybody() (ids []int64) {
	h.Helper()
	h.view(func(r store.Reader) error {
		return r.EachRecord(0, store.Need{}, func(p *store.Record) error {
			ids = append(ids, p.ID)
			return nil
		})
	})
	return ids
}

// agrees checks that who is kept to be inside is who a scan says is.
func (h *house) agrees(t require.TestingT) {
	schema := h.live.Schema()
	var conditions []*expr.Checked
	labels := schema.Project().Names("segment")
	for _, label := range labels {
		s, err := schema.Project().Segment(label)
		require.NoError(t, err)
		conditions = append(conditions, s.When)
	}
	selections, err := audience.NewScanOf(h.store, schema).SelectMany(h.Context(), conditions, h.now())
	require.NoError(t, err)
	for i, label := range labels {
		require.Equal(t, selections[i].Yes, h.members(label), "%s at %s", label, h.now())
	}
}

// A dispatcher with columns and one that reads records write the same moves, and
// let the same people in, whatever happens; both keep what a scan finds.
func TestColumnsAndRecordsMoveAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		steps := rapid.IntRange(1, 40).Draw(rt, "steps")
		run := func(h *house) (all []told, entered []string) {
			r := rand.New(rand.NewPCG(seed, 1))
			for range steps {
				switch r.IntN(5) {
				case 0:
					h.dispatch()
					h.advance(time.Duration(r.IntN(100)) * time.Minute)
					h.dispatch()
				case 1:
					h.dispatch()
				default:
					happen(h, r)
				}
			}
			h.dispatch()
			h.advance(10 * time.Minute) // until when a clock was ahead
			h.dispatch()
			h.agrees(rt)
			swept, err := h.dispatcher.Sweep(t.Context())
			require.NoError(rt, err)
			require.Zero(rt, swept)
			for _, id := range h.everybody() {
				all = append(all, h.moves(id)...)
			}
			entered, _ = outcome(h, rt)
			return all, entered
		}
		records := newHouse(t, streamSegments()...)
		columns := newHouse(t, streamSegments()...).indexed()
		moves, entered := run(records)
		moves2, entered2 := run(columns)
		require.Equal(rt, byInstant(moves), byInstant(moves2))
		require.Equal(rt, entered, entered2)
		require.NoError(rt, records.store.Close())
		require.NoError(rt, columns.store.Close())
	})
}

// Each move that time makes is dated to the microsecond: just before it the
// condition said otherwise, and between two moves it never says otherwise.
func TestTimeMovesAtTheInstant(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := newHouse(t, streamSegments()...)
		defer h.store.Close()
		if rapid.Bool().Draw(rt, "columns") {
			h.indexed()
		}
		var ids []int64
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		for i := range 3 {
			ids = append(ids, h.person(fmt.Sprint("p", i), map[string]any{"joined": campaign.JSONValue(h.now().Add(-time.Duration(r.IntN(60)) * time.Minute))}))
		}
		for range rapid.IntRange(1, 12).Draw(rt, "events") {
			h.did(ids[r.IntN(3)], []string{"order_completed", "cart_updated"}[r.IntN(2)], h.now().Add(-time.Duration(r.Int64N(int64(time.Hour/time.Microsecond)))*time.Microsecond), map[string]any{"total": float64(r.IntN(5))})
		}
		h.dispatch()
		from := h.now()
		for range rapid.IntRange(1, 5).Draw(rt, "looks") { // it does not matter when somebody looks
			h.advance(time.Duration(r.IntN(200)) * time.Minute)
			h.dispatch()
		}
		h.checkTimeline(rt, ids, from, r)
	})
}

// checkTimeline compares what moves say of each instant with what conditions say.
func (h *house) checkTimeline(t require.TestingT, ids []int64, from time.Time, r *rand.Rand) {
	schema := h.live.Schema()
	holds := func(label string, id int64, at time.Time) bool {
		s, err := schema.Project().Segment(label)
		require.NoError(t, err)
		truths, err := audience.NewScanOf(h.store, schema).Test(h.Context(), s.When, []int64{id}, at)
		require.NoError(t, err)
		return truths[0] == expr.True
	}
	for _, id := range ids {
		moves := h.moves(id)
		inside := func(label string, at time.Time) (is bool) {
			for _, m := range moves {
				if m.Segment == label && !m.At.After(at) {
					is = m.Inside
				}
			}
			return is
		}
		for _, m := range moves {
			if m.Cause != store.ByTime {
				continue
			}
			require.Equal(t, m.Inside, holds(m.Segment, id, m.At), "%v", m)
			require.NotEqual(t, m.Inside, holds(m.Segment, id, m.At.Add(-time.Microsecond)), "%v", m)
		}
		for _, label := range slices.Sorted(slices.Values(schema.Project().Names("segment"))) {
			for range 3 {
				at := from.Add(time.Duration(r.Int64N(int64(h.now().Sub(from)) + 1))).Truncate(time.Microsecond)
				require.Equal(t, holds(label, id, at), inside(label, at), "%s of %d at %s: %v", label, id, at, moves)
			}
		}
	}
}
