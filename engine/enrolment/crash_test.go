package enrolment_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// Each check opens stores; a few dozen say enough, -rapid.checks says more.
func TestMain(m *testing.M) {
	if dir := os.Getenv(victimOf); dir != "" {
		fmt.Fprintln(os.Stderr, beVictim(dir))
		os.Exit(1)
	}
	if f := flag.Lookup("rapid.checks"); f != nil {
		_ = f.Value.Set("25")
	}
	os.Exit(m.Run())
}

// flaky is a store whose transactions fail: before they are kept, or after, so
// that who asked does not know.
type flaky struct {
	store.Store
	fails  func() int // 0: not; 1: before; 2: after
	before func()     // something that happens just before a transaction
}

var errCrash = errors.New("crashed")

func (f *flaky) Update(ctx context.Context, do func(store.Tx) error) error {
	if f.before != nil {
		f.before()
	}
	how := f.fails()
	if how == 1 {
		return errCrash
	}
	err := f.Store.Update(ctx, do)
	if err == nil && how == 2 {
		return errCrash
	}
	return err
}

// crashProject has a trigger of each kind that a dispatcher serves.
func crashProject() []campaign.Definition {
	keyed := one("keyed", campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "cart_updated", Key: linktest.When("event.cart_id"), Settle: time.Hour}}, perKey)
	return []campaign.Definition{
		one("thanks", onEvent("order_completed"), never), keyed,
		segment("buyers", "events.order_completed.within('3h').count() >= 2"), one("vip", onEnter("buyers", false), never),
		segment("cold", "events.order_completed.any() && events.order_completed.within('2h').none()"), one("back", onEnter("cold", false), never),
		one("gone", campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "buyers", Leaves: true}}, always),
		one("anew", onEvent("cart_updated"), campaign.Reentry{Per: campaign.PerPerson, Allow: true, Restart: true}),
	}
}

// happening is one line of a script: somebody does something, or time passes.
type scriptLine struct {
	person int
	event  string
	cart   string
	pass   time.Duration
}

func script() *rapid.Generator[[]scriptLine] {
	line := rapid.Custom(func(t *rapid.T) scriptLine {
		if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
			return scriptLine{pass: time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute}
		}
		return scriptLine{
			person: rapid.IntRange(0, 4).Draw(t, "person"),
			event:  rapid.SampledFrom([]string{"order_completed", "cart_updated"}).Draw(t, "event"),
			cart:   rapid.SampledFrom([]string{"a", "b"}).Draw(t, "cart"),
		}
	})
	return rapid.SliceOfN(line, 1, 30)
}

// play lets a script happen; work is called whenever time passes.
func play(h *house, lines []scriptLine, work func()) {
	people := make([]int64, 5)
	for i := range people {
		people[i] = h.person(fmt.Sprint("p", i))
	}
	for _, l := range lines {
		if l.pass > 0 {
			work()
			h.advance(l.pass)
			work()
			continue
		}
		h.does(people[l.person], l.event, map[string]any{"cart_id": l.cart, "total": 1.0})
	}
	work()
}

// outcome is who was let into what, and what Temporal is told of it.
func outcome(h *house, t require.TestingT) (entered []string, sizes map[string]int) {
	sizes = map[string]int{}
	h.view(func(r store.Reader) error {
		cohorts, err := r.OpenCohorts(100_000)
		for _, c := range cohorts {
			sizes[c.ID] = c.Size
			members, err := r.Enrolments(c.ID, nil)
			require.NoError(t, err)
			require.Len(t, members, c.Size)
			for _, m := range members {
				entered = append(entered, fmt.Sprint(m.Journey, m.Person, m.Key, m.Trigger, m.EnteredAt.UTC()))
			}
		}
		return err
	})
	slices.Sort(entered)
	told := map[string]int{}
	for _, item := range h.outbox(journey.KindStartCohort) {
		require.NotContains(t, told, item.Workflow, "told twice")
		told[item.Workflow] = decode[journey.StartCohort](t, item).Size
	}
	require.Equal(t, sizes, told)
	restarts(h, t)
	return entered, sizes
}

// restarts checks that who began anew was taken out of each way before, once.
func restarts(h *house, t require.TestingT) {
	last, want := map[int64]string{}, map[string]int{}
	h.view(func(r store.Reader) error {
		for person := range int64(5) {
			all, err := r.EnrolmentsOfPerson(person + 1)
			require.NoError(t, err)
			for _, e := range all {
				if e.Journey != "anew" {
					continue
				}
				if last[person] != "" {
					want[fmt.Sprint(e.Cohort, e.Index)]++
				}
				last[person] = e.Cohort
			}
		}
		return nil
	})
	got := map[string]int{}
	for _, item := range h.outbox(journey.KindSignal) {
		for _, i := range decode[journey.Reaction](t, item).Restarted {
			got[fmt.Sprint(item.Workflow, i)]++
		}
	}
	require.Equal(t, want, got)
}

// Whatever fails, however often a dispatcher dies and whoever else dispatches at
// the same time: the same people enter the same journeys, once, as if nothing had
// happened.
func TestExactlyOnceUnderCrashes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lines := script().Draw(rt, "script")
		calm := newHouse(t, crashProject()...)
		play(calm, lines, func() {
			calm.dispatch()
			calm.sweep()
		})
		want, _ := outcome(calm, rt)
		wantMoves := byInstant(calm.replayed(1, 2, 3, 4, 5))

		inner, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
		require.NoError(rt, err)
		defer inner.Close()
		bad := &flaky{Store: inner, fails: func() int { return 0 }}
		h := houseOn(t, inner, crashProject()...)
		rival := enrolment.NewDispatcher(enrolment.Config{Store: inner, Live: h.live, Now: h.now, Owner: "rival"})
		work := func() {
			config := enrolment.Config{Store: bad, Live: h.live, Now: h.now, Owner: "victim"}
			if rapid.Bool().Draw(rt, "columns") {
				ix, err := index.Open(t.Context(), index.Config{Store: inner, Schema: h.live.Schema()})
				require.NoError(rt, err)
				config.Index = ix
			}
			d := enrolment.NewDispatcher(config)
			bad.fails = func() int { return rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(rt, "fails") }
			bad.before = func() {
				if rapid.IntRange(0, 2).Draw(rt, "overtake") == 0 {
					_, err := rival.Step(t.Context())
					require.NoError(rt, err)
				}
			}
			for range rapid.IntRange(0, 3).Draw(rt, "tries") {
				_, _ = d.Step(t.Context())
				_, _ = d.Sweep(t.Context())
			}
			for { // and then one that lives
				turn, err := h.dispatcher.Step(t.Context())
				require.NoError(rt, err)
				if turn.Idle() {
					break
				}
			}
			swept, err := h.dispatcher.Sweep(t.Context())
			require.NoError(rt, err)
			require.Zero(rt, swept, "nothing was left undone")
		}
		play(h, lines, work)
		got, _ := outcome(h, rt)
		require.Equal(rt, want, got)
		require.Equal(rt, wantMoves, byInstant(h.replayed(1, 2, 3, 4, 5)))
	})
}

// Many dispatchers at once, over the lease: each event is taken once.
func TestManyDispatchers(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	ctx, cancel := contextOf(t)
	var group sync.WaitGroup
	for i := range 3 {
		d := enrolment.NewDispatcher(enrolment.Config{Store: h.store, Live: h.live, Now: h.now, Owner: fmt.Sprint("worker", i)})
		group.Go(func() { _ = d.Run(ctx) })
	}
	const people = 200
	for i := range people {
		h.does(h.person(fmt.Sprint("p", i)), "order_completed")
	}
	enrolled := 0
	require.Eventually(t, func() bool {
		for _, item := range h.outbox(journey.KindStartCohort) {
			enrolled += decode[journey.StartCohort](t, item).Size
		}
		return enrolled >= people
	}, 10*time.Second, 10*time.Millisecond)
	cancel()
	group.Wait()
	require.Equal(t, people, enrolled)
	h.update(func(tx store.Tx) error {
		free, err := tx.Acquire("dispatch", "next", time.Now(), time.Now().Add(time.Second))
		require.True(t, free, "the lease was given back")
		return err
	})
}

// The lease of a dispatcher that died is taken over when it expires.
func TestTakeover(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	h.update(func(tx store.Tx) error {
		now := time.Now()
		_, err := tx.Acquire("dispatch", "dead", now, now.Add(400*time.Millisecond))
		return err
	})
	h.does(h.person("ada"), "order_completed")
	ctx, cancel := contextOf(t)
	done := make(chan error, 1)
	go func() { done <- h.dispatcher.Run(ctx) }()
	require.Eventually(t, func() bool { return len(h.outbox(journey.KindStartCohort)) == 1 }, 5*time.Second, 10*time.Millisecond)
	cancel()
	<-done
}
