package index

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// shop is a store with an index and two people, each with an order.
type shop struct {
	store store.Store
	ix    *Index
	ids   []int64
	asked []*expr.Checked
}

func newShop(t *testing.T, dir string, sources ...string) *shop {
	s := &shop{store: newStore(t)}
	schema := schemaOf(t, bakery()...)
	s.asked = conditions(t, schema.Project(), append(questions, sources...)...)
	s.identify(t, "ada", "")
	s.identify(t, "", "bob")
	s.order(t, 0, 150)
	s.order(t, 1, 60)
	var err error
	s.ix, err = Open(t.Context(), Config{Store: s.store, Schema: schema, Dir: dir})
	require.NoError(t, err)
	return s
}

func (s *shop) identify(t *testing.T, key, device string) (id int64) {
	t.Helper()
	update(t, s.store, func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: key, AnonymousID: device, UpdatedAt: now, Attributes: map[string]any{"spend": float64(len(s.ids) * 50)}})
		id = p.ID
		return err
	})
	s.ids = append(s.ids, id)
	return id
}

func (s *shop) order(t *testing.T, who int, total float64) {
	t.Helper()
	update(t, s.store, func(tx store.Tx) error {
		_, err := tx.AppendEvents([]store.Event{{Person: s.ids[who], Name: "order", At: days(10), Properties: map[string]any{"total": total, "coupon": "X"}}})
		return err
	})
}

func (s *shop) merge(t *testing.T, into, from int) {
	t.Helper()
	update(t, s.store, func(tx store.Tx) error {
		_, err := tx.Merge(s.ids[into], s.ids[from])
		return err
	})
}

// heads are those of the store.
func (s *shop) heads(t *testing.T) (at Position) {
	t.Helper()
	require.NoError(t, s.store.View(t.Context(), func(r store.Reader) (err error) {
		at.Event, at.Change, err = r.Heads()
		return err
	}))
	return at
}

func (s *shop) advance(t *testing.T, to Position) {
	t.Helper()
	require.NoError(t, s.store.View(t.Context(), func(r store.Reader) error { return s.ix.Advance(r, to.Event, to.Change) }))
	require.Equal(t, to, s.ix.Position())
}

func (s *shop) truth(t *testing.T, who int, source string) expr.Truth {
	t.Helper()
	out := make([]expr.Truth, 1)
	s.ix.TestEach(s.ids[who], conditions(t, s.ix.Live().schema.Project(), source), now, out)
	return out[0]
}

// Advance does not go back, and comes exactly to where it is told.
func TestAdvanceIsExact(t *testing.T) {
	s := newShop(t, "")
	start := s.heads(t)
	s.order(t, 0, 60)
	s.identify(t, "cem", "")
	require.Equal(t, expr.False, s.truth(t, 0, "segment.vip"))
	s.advance(t, start)
	require.Equal(t, expr.False, s.truth(t, 0, "segment.vip"))
	s.advance(t, Position{s.heads(t).Event, start.Change})
	require.Equal(t, expr.True, s.truth(t, 0, "segment.vip"))
	require.Equal(t, 2, s.ix.People())
	require.NoError(t, s.store.View(t.Context(), func(r store.Reader) error { return s.ix.Advance(r, 1, 1) }))
	require.Equal(t, Position{s.heads(t).Event, start.Change}, s.ix.Position(), "it stays")
	require.NoError(t, s.store.View(t.Context(), func(r store.Reader) error { return s.ix.Advance(r, 1000, 1000) }))
	require.Equal(t, s.heads(t), s.ix.Position(), "what the store does not have yet is not passed over")
	s.order(t, 2, 250)
	agree(t, s.ix, s.asked, now)
	require.Equal(t, expr.True, s.truth(t, 2, "segment.vip"))
}

// An event can come before the change that makes its person.
func TestEventOfAnUnknownPerson(t *testing.T) {
	s := newShop(t, "")
	start := s.heads(t)
	s.identify(t, "cem", "")
	s.order(t, 2, 150)
	s.order(t, 2, 150)
	s.advance(t, Position{start.Event + 1, start.Change})
	require.Equal(t, expr.False, s.truth(t, 2, "segment.vip"), "one order is not known yet")
	s.advance(t, Position{start.Event + 2, start.Change})
	require.Equal(t, expr.True, s.truth(t, 2, "segment.vip"))
	agree(t, s.ix, s.asked, now)
}

// A merge is seen while an event of the same person is not yet.
func TestMovedEventsAreNotTakenTwice(t *testing.T) {
	s := newShop(t, "")
	start := s.heads(t)
	s.order(t, 1, 30)
	s.merge(t, 0, 1)
	s.advance(t, Position{start.Event, s.heads(t).Change})
	require.Equal(t, expr.True, s.truth(t, 0, "events.order.count() == 2"))
	agree(t, s.ix, s.asked, now)
	require.Equal(t, expr.True, s.truth(t, 0, "events.order.count() == 3"))
}

// The change that moved events is hidden by a later one, which is not taken in yet.
func hidden(t *testing.T, s *shop) Position {
	s.merge(t, 0, 1)
	s.identify(t, "cem", "")
	to := s.heads(t)
	s.ids = append(s.ids, 0)
	update(t, s.store, func(tx store.Tx) error {
		_, err := tx.Identify(store.Person{Key: "ada", UpdatedAt: now, Attributes: map[string]any{"spend": 999.0}})
		return err
	})
	require.Greater(t, s.heads(t).Change, to.Change)
	return to
}

func TestHiddenMove(t *testing.T) {
	s := newShop(t, "")
	s.advance(t, hidden(t, s))
	require.Equal(t, expr.True, s.truth(t, 0, "events.order.count() == 1"))
	agree(t, s.ix, s.asked, now)
	require.Equal(t, expr.True, s.truth(t, 0, "events.order.count() == 2"))
}

func TestHiddenMoveInASnapshot(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.advance(t, hidden(t, s))
	require.NoError(t, s.ix.Snapshot(t.Context()))
	var err error
	s.ix, err = Open(t.Context(), s.ix.Config)
	require.NoError(t, err)
	agree(t, s.ix, s.asked, now)
}

// scanned calls after when the first View is over.
type scanned struct {
	store.Store
	after func()
}

func (h *scanned) View(ctx context.Context, f func(store.Reader) error) error {
	err := h.Store.View(ctx, f)
	if after := h.after; after != nil {
		h.after = nil
		after()
	}
	return err
}

// While columns are being added, the index moves on.
func TestUseWhileNewsComes(t *testing.T) {
	for name, news := range map[string]func(*testing.T, *shop){
		"events and changes": func(t *testing.T, s *shop) {
			s.order(t, 0, 20)
			s.identify(t, "cem", "")
			s.order(t, 2, 20)
			require.NoError(t, s.ix.Follow(t.Context()))
		},
		"a merge":        func(t *testing.T, s *shop) { s.merge(t, 0, 1); require.NoError(t, s.ix.Follow(t.Context())) },
		"a merge behind": func(t *testing.T, s *shop) { s.merge(t, 0, 1) },
		"a hidden merge": func(t *testing.T, s *shop) {
			s.merge(t, 0, 1)
			require.NoError(t, s.ix.Follow(t.Context()))
			update(t, s.store, func(tx store.Tx) error {
				_, err := tx.Identify(store.Person{Key: "ada", UpdatedAt: now, Attributes: map[string]any{"spend": 999.0}})
				return err
			})
		},
		"someone erased": func(t *testing.T, s *shop) {
			update(t, s.store, func(tx store.Tx) error { return tx.Erase(s.ids[1]) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, "", others...)
			s.ix.Store = &scanned{s.store, func() { news(t, s) }}
			require.NoError(t, s.ix.Use(t.Context(), schemaOf(t, bakery(segment("coupons", "events.order.exists(o, o.coupon == 'X')"), segment("ada", "profile.first_name == 'Ada'"))...)))
			s.ix.Store = s.store
			agree(t, s.ix, s.asked, now)
			agree(t, s.ix, s.asked, now)
		})
	}
}

// What no live condition looks at any more goes after a while.
func TestColumnsComeAndGo(t *testing.T) {
	s := newShop(t, "")
	clock := now
	s.ix.Clock = func() time.Time { return clock }
	narrow := s.ix.Live().schema
	wide := schemaOf(t, bakery(segment("coupons", "events.order.exists(o, o.coupon == 'X')"), segment("ada", "profile.first_name == 'Ada'"))...)
	require.NoError(t, s.ix.Use(t.Context(), wide))
	require.Contains(t, s.ix.Memory(), "attributes.first_name")
	require.Contains(t, s.ix.Memory(), "events.order.coupon")
	require.NoError(t, s.ix.Use(t.Context(), narrow))
	require.NoError(t, s.ix.Maintain(t.Context()))
	require.Contains(t, s.ix.Memory(), "attributes.first_name", "it may come back")
	clock = clock.Add(2 * time.Hour)
	require.NoError(t, s.ix.Maintain(t.Context()))
	require.NotContains(t, s.ix.Memory(), "attributes.first_name")
	require.NotContains(t, s.ix.Memory(), "events.order.coupon")
	require.Contains(t, s.ix.Memory(), "events.order.total")
	agree(t, s.ix, conditions(t, narrow.Project(), append(questions, others...)...), now)
}

// Another project may say that an attribute has another type: each is answered by
// its own.
func TestTwoProjectsWithOneName(t *testing.T) {
	s := newShop(t, "")
	update(t, s.store, func(tx store.Tx) error {
		_, err := tx.Identify(store.Person{Key: "ada", UpdatedAt: now, Attributes: map[string]any{"spend": "120"}})
		return err
	})
	require.NoError(t, s.ix.Follow(t.Context()))
	defs := bakery()
	profile, _ := defs[0].(*campaign.Profile)
	profile.Attributes[3].Type = campaign.Of(campaign.String)
	defs = slices.DeleteFunc(defs, func(d campaign.Definition) bool {
		segment, ok := d.(*campaign.Segment)
		return ok && (segment.Name == "big" || segment.Name == "quiet")
	})
	edited := schemaOf(t, append(defs, segment("written", "profile.spend == '120'"))...)
	written := conditions(t, edited.Project(), "segment.written")
	big := conditions(t, s.ix.Live().schema.Project(), "segment.big")
	check := func() {
		t.Helper()
		got, err := s.ix.As(edited).SelectMany(t.Context(), written, now)
		require.NoError(t, err)
		require.Equal(t, []audience.Selection{{Yes: s.ids[:1], Unknown: nil}}, got)
		got, err = s.ix.SelectMany(t.Context(), big, now)
		require.NoError(t, err)
		require.Equal(t, []audience.Selection{{Yes: s.ids[:1]}}, got)
	}
	check()
	require.NoError(t, s.ix.Want(t.Context(), edited))
	check()
}

// The index may be behind the record when columns are added.
func TestUseWhileBehind(t *testing.T) {
	s := newShop(t, "", others...)
	s.order(t, 0, 20)
	s.identify(t, "cem", "")
	s.order(t, 2, 20)
	require.NoError(t, s.ix.Use(t.Context(), schemaOf(t, bakery(segment("coupons", "events.order.exists(o, o.coupon == 'X')"))...)))
	require.Equal(t, expr.True, s.truth(t, 0, "events.order.where(o, o.coupon == 'X').count() == 1"))
	agree(t, s.ix, s.asked, now)
	require.Equal(t, expr.True, s.truth(t, 0, "events.order.where(o, o.coupon == 'X').count() == 2"))
}

// Asking one person allocates nothing.
func TestTestEachAllocatesNothing(t *testing.T) {
	s := newShop(t, "")
	out := make([]expr.Truth, len(s.asked))
	s.ix.TestEach(s.ids[0], s.asked, now, out)
	require.Zero(t, testing.AllocsPerRun(100, func() { s.ix.TestEach(s.ids[0], s.asked, now, out) }))
}

// Next is no later than the answer changes.
func TestNext(t *testing.T) {
	s := newShop(t, "")
	s.order(t, 0, 60)
	require.NoError(t, s.ix.Follow(t.Context()))
	vip := conditions(t, s.ix.Live().schema.Project(), "segment.vip")
	at, ok := s.ix.Next(s.ids[0], vip, now)
	require.True(t, ok)
	require.False(t, at.After(now.AddDate(0, 0, 80)), "the orders leave the window")
	_, ok = s.ix.Next(s.ids[0], conditions(t, s.ix.Live().schema.Project(), "segment.big"), now)
	require.False(t, ok)
	_, ok = s.ix.Next(4711, vip, now)
	require.False(t, ok)
	_, ok = s.ix.Next(s.ids[0], conditions(t, s.ix.Live().schema.Project(), "events.email_opened.within('1d').any()"), now)
	require.True(t, ok, "there is no column for it: it is to be asked again")
}

// Of a list with a default, an empty one is another answer than none.
func TestCollectionsWithADefault(t *testing.T) {
	s := newStore(t)
	schema := schemaOf(t, &campaign.Profile{Attributes: []campaign.Attribute{
		{Name: "dietary", Type: campaign.SetOf(campaign.Of(campaign.String)), Default: []any{"anything"}},
	}}, segment("eats_all", `"anything" in profile.dietary`))
	update(t, s, func(tx store.Tx) error {
		_, err := tx.IdentifyAll([]store.Person{{Key: "a"}, {Key: "b", Attributes: map[string]any{"dietary": []any{}}}, {Key: "c", Attributes: map[string]any{"dietary": []any{"anything"}}}})
		return err
	})
	ix, err := Open(t.Context(), Config{Store: s, Schema: schema})
	require.NoError(t, err)
	agree(t, ix, conditions(t, schema.Project(), "segment.eats_all", `size(profile.dietary) == 0`), now)
	found, err := ix.Select(t.Context(), conditions(t, schema.Project(), "segment.eats_all")[0], now)
	require.NoError(t, err)
	require.Len(t, found.Yes, 2)
}

// Questions are answered while news comes in and columns come and go.
func TestManyAtOnce(t *testing.T) {
	s := newShop(t, t.TempDir())
	wide := schemaOf(t, bakery(segment("coupons", "events.order.exists(o, o.coupon == 'X')"), segment("ada", "profile.first_name == 'Ada'"))...)
	narrow := s.ix.Live().schema
	asked := conditions(t, narrow.Project(), append(questions, others...)...)
	var group sync.WaitGroup
	for _, id := range slices.Clone(s.ids) {
		group.Go(func() {
			out := make([]expr.Truth, len(asked))
			for range 30 {
				s.ix.TestEach(id, asked, now, out)
				_, err := s.ix.SelectMany(context.Background(), asked, now)
				require.NoError(t, err)
				s.ix.Next(id, asked, now)
				s.ix.Memory()
			}
		})
	}
	for i := range 10 {
		s.identify(t, fmt.Sprint("more", i), "")
		s.order(t, i, 50)
		require.NoError(t, s.ix.Follow(t.Context()))
		require.NoError(t, s.ix.Use(t.Context(), []*audience.Schema{narrow, wide}[i%2]))
		require.NoError(t, s.ix.Snapshot(t.Context()))
	}
	group.Wait()
	agree(t, s.ix, asked, now)
}

// Run brings in what is new without being asked.
func TestRun(t *testing.T) {
	s := newShop(t, "")
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { s.ix.Run(ctx, time.Millisecond) })
	group.Go(func() { s.ix.Tend(ctx, time.Millisecond) })
	s.order(t, 0, 60)
	require.Eventually(t, func() bool { return s.ix.Position() == s.heads(t) }, 10*time.Second, time.Millisecond)
	require.Equal(t, expr.True, s.truth(t, 0, "segment.vip"))
	stop()
	group.Wait()
}

// Many events that come in one after another are put in order on the way.
func TestAdvanceTidies(t *testing.T) {
	s := newShop(t, "")
	r := &batch{at: s.ix.Position(), events: make([]store.Event, 10_000)}
	for range 9 {
		for i := range r.events {
			r.at.Event++
			r.events[i] = store.Event{Seq: r.at.Event, Person: s.ids[i%2], Name: "visit", At: now.Add(-time.Duration(i) * time.Second)}
		}
		require.NoError(t, s.ix.Advance(r, r.at.Event, r.at.Change))
	}
	visits := s.ix.table.Events["visit"]
	require.Equal(t, 90_000, visits.Len())
	require.NotZero(t, visits.Offsets[2], "sorted by person")
	require.Equal(t, expr.True, s.truth(t, 0, "events.visit.count() == 45000"))
}

// More conditions than are answered at a time, some of which have no columns.
func TestManyConditions(t *testing.T) {
	s := newShop(t, "")
	var sources []string
	for i := range 2*selectAtOnce + 10 {
		sources = append(sources, fmt.Sprintf("profile.spend < %d", i))
	}
	sources = append(sources, others...)
	asked := conditions(t, s.ix.Live().schema.Project(), append(sources, "segment.vip", others[0])...)
	want, err := s.ix.Live().scan.SelectMany(t.Context(), asked, now)
	require.NoError(t, err)
	got, err := s.ix.SelectMany(t.Context(), asked, now)
	require.NoError(t, err)
	require.Equal(t, want, got)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.ix.SelectMany(ctx, asked, now)
	require.ErrorIs(t, err, context.Canceled)
	got, err = s.ix.SelectMany(t.Context(), nil, now)
	require.NoError(t, err)
	require.Empty(t, got)
}
