package enrolment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

func TestEventLetsIn(t *testing.T) {
	thanks := one("thanks", onEvent("order_completed"), always)
	thanks.Trigger.Event.Where = linktest.When("event.total > 10")
	h := newHouse(t, thanks)
	ada, bob, eve := h.person("ada"), h.person("bob"), h.person("eve")
	first := h.does(ada, "order_completed", map[string]any{"total": 20.0, "cart_id": "c1"})
	h.does(bob, "order_completed", map[string]any{"total": 5.0})
	h.does(eve, "order_completed")
	h.does(eve, "cart_updated")
	h.does(bob, "order_completed", map[string]any{"total": 11.0})

	require.Equal(t, enrolment.Turn{Events: 5, Enrolled: 2, Cohorts: 1}, h.dispatch())

	e := h.enrolments(ada)[0]
	require.Equal(t, journey.CohortID("thanks", "e1"), e.Cohort)
	require.EqualValues(t, 1, first)
	require.Equal(t, map[string]any{"total": 20.0, "cart_id": "c1", "at": "2026-11-30T12:00:00Z"}, e.Trigger)
	require.True(t, e.EnteredAt.Equal(start))
	require.Equal(t, "hello", e.Step)
	require.Empty(t, h.enrolments(eve), "unknown selects nobody")
	items := h.outbox(journey.KindStartCohort)
	require.Len(t, items, 1)
	require.Equal(t, e.Cohort, items[0].Workflow)
	j, err := h.live.Current().Journey("thanks")
	require.NoError(t, err)
	require.Equal(t, journey.StartCohort{Journey: "thanks", Definition: j.Digest, Size: 2, At: start}, decode[journey.StartCohort](t, items[0]))

	require.True(t, h.dispatch().Idle(), "once")
}

func TestReentryRules(t *testing.T) {
	at := start
	ended := store.Enrolment{EnteredAt: at.Add(-3 * time.Hour), EndedAt: at.Add(-time.Hour)}
	inside := store.Enrolment{EnteredAt: at.Add(-3 * time.Hour)}
	for _, tt := range []struct {
		name string
		rule campaign.Reentry
		last store.Enrolment
		want bool
	}{
		{"inside", campaign.Reentry{Allow: true}, inside, false},
		{"never", campaign.Reentry{}, ended, false},
		{"always", campaign.Reentry{Allow: true}, ended, true},
		{"too early", campaign.Reentry{Allow: true, After: time.Hour + 1}, ended, false},
		{"late enough", campaign.Reentry{Allow: true, After: time.Hour}, ended, true},
	} {
		require.Equal(t, tt.want, enrolment.MayEnter(tt.rule, tt.last, at), tt.name)
	}
}

func TestReentryInTheStore(t *testing.T) {
	keyed := one("keyed", onEvent("cart_updated"), perKey)
	keyed.Trigger.Event.Key = linktest.When("event.cart_id")
	h := newHouse(t, keyed, one("person", onEvent("cart_updated"), campaign.Reentry{Per: campaign.PerPerson, Allow: true, After: time.Hour}), one("once", onEvent("cart_updated"), never))
	ada := h.person("ada")
	cart := func(id string) map[string]any { return map[string]any{"cart_id": id} }

	h.does(ada, "cart_updated", cart("a"))
	h.does(ada, "cart_updated", cart("b"))
	h.does(ada, "cart_updated", cart("a"))
	h.does(ada, "cart_updated") // without a key
	require.Equal(t, 4, h.dispatch().Enrolled, "two keys, one person, one once")

	h.does(ada, "cart_updated", cart("a"))
	require.Zero(t, h.dispatch().Enrolled, "inside")

	for _, e := range h.enrolments(ada) {
		h.end(e)
	}
	h.advance(time.Minute)
	h.does(ada, "cart_updated", cart("a"))
	require.Equal(t, 1, h.dispatch().Enrolled, "the key again; the person has to wait an hour")
	h.advance(time.Hour)
	h.does(ada, "cart_updated", cart("c"))
	require.Equal(t, 2, h.dispatch().Enrolled, "a new key, and the person; once is never again")
}

func TestSettledTrigger(t *testing.T) {
	cart := one("cart", campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{
		Event: "cart_updated", Key: linktest.When("event.cart_id"), Settle: 4 * time.Hour, Where: linktest.When("event.items > 0"),
	}}, perKey)
	h := newHouse(t, cart)
	ada, bob := h.person("ada"), h.person("bob")
	update := func(p int64, id string, items float64) int64 {
		return h.does(p, "cart_updated", map[string]any{"cart_id": id, "items": items})
	}
	update(ada, "a", 1)
	update(bob, "b", 2)
	require.Zero(t, h.dispatch().Enrolled)
	h.advance(3 * time.Hour)
	seq := update(ada, "a", 3)
	update(bob, "b", 0) // emptied
	h.dispatch()
	h.advance(time.Hour)
	require.True(t, h.dispatch().Idle(), "not quiet for four hours")
	h.advance(3 * time.Hour)
	turn := h.dispatch()
	require.Equal(t, enrolment.Turn{Settled: 2, Enrolled: 1, Cohorts: 1}, turn, "an empty cart is no reason")
	e := h.enrolments(ada)[0]
	require.Equal(t, "a", e.Key)
	require.Equal(t, 3.0, e.Trigger["items"])
	require.True(t, e.EnteredAt.Equal(start.Add(3*time.Hour)), "the event's own time")
	items := h.outbox(journey.KindStartCohort)
	require.Len(t, items, 1)
	require.True(t, decode[journey.StartCohort](t, items[0]).At.Equal(start.Add(7*time.Hour)), "waits count from when it settled")
	require.Contains(t, e.Cohort, "cart/p")
	require.NotZero(t, seq)
	require.True(t, h.dispatch().Idle())
}

// An update in the same batch in which the one before comes due holds it back.
func TestSettledTriggerHeldBackInTheSameTurn(t *testing.T) {
	h := newHouse(t, one("cart", campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "cart_updated", Settle: time.Hour}}, always))
	ada := h.person("ada")
	h.does(ada, "cart_updated")
	h.dispatch()
	h.advance(time.Hour)
	h.does(ada, "cart_updated")
	require.Zero(t, h.dispatch().Enrolled)
	h.advance(time.Hour)
	require.Equal(t, 1, h.dispatch().Enrolled)
}

func TestHistoryStartsNothing(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always), segment("buyers", "events.order_completed.any()"), one("buyer", onEnter("buyers", false), never))
	ada := h.person("ada")
	h.did(ada, "order_completed", start.Add(-enrolment.MaxLate-time.Second))
	require.Equal(t, enrolment.Turn{Events: 1, Entered: 1, Enrolled: 1, Cohorts: 1, History: 1}, h.dispatch(), "it counts in conditions, and meets no trigger")
	require.True(t, h.enrolments(ada)[0].EnteredAt.Equal(start), "not two years ago")
	h.did(ada, "order_completed", start.Add(-enrolment.MaxLate))
	require.Equal(t, 1, h.dispatch().Enrolled)
	require.Len(t, h.outbox(journey.KindStartCohort), 2)
}

// A journey begins with what happens after it went live, however much of the record
// has not been dispatched yet; an edit of it loses nothing of that.
func TestTriggersBeginWhenTheyGoLive(t *testing.T) {
	h := newHouse(t, one("old", onEvent("order_completed"), always))
	people := []int64{h.person("a"), h.person("b"), h.person("c"), h.person("d")}
	h.does(people[0], "order_completed")
	h.dispatch()
	h.does(people[1], "order_completed")
	h.does(people[2], "order_completed")
	changed := one("old", onEvent("order_completed"), always)
	changed.Description = "edited"
	h.apply(changed, one("new", onEvent("order_completed"), always))
	h.does(people[3], "order_completed")
	require.Equal(t, enrolment.Turn{Events: 3, Enrolled: 4, Cohorts: 2, History: 2}, h.dispatch())
	require.Len(t, h.enrolments(people[1]), 1)
	require.Len(t, h.enrolments(people[3]), 2)

	moved := one("old", onEvent("cart_updated"), always)
	h.does(people[0], "cart_updated")
	h.apply(moved)
	require.Zero(t, h.dispatch().Enrolled, "a trigger that looks for another event begins anew")
	h.does(people[0], "cart_updated")
	require.Zero(t, h.dispatch().Enrolled, "a is inside")
	h.does(people[1], "cart_updated")
	h.end(h.enrolments(people[1])[0])
	require.Equal(t, 1, h.dispatch().Enrolled)
}

// What arrived over some time, while nobody dispatched, starts by the minute in
// which it arrived: outages do not stretch journeys.
func TestOutageDoesNotStretchJourneys(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	for _, name := range []string{"ada", "bob", "eve"} {
		h.does(h.person(name), "order_completed")
		h.advance(10 * time.Minute)
	}
	require.Equal(t, 3, h.dispatch().Cohorts)
	for i, item := range h.outbox(journey.KindStartCohort) {
		require.True(t, decode[journey.StartCohort](t, item).At.Equal(start.Add(time.Duration(i)*10*time.Minute)))
	}
}

func TestCohortsAreBounded(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	ids := make([]int64, 2500)
	h.update(func(tx store.Tx) error {
		for i := range ids {
			p, err := tx.Identify(store.Person{AnonymousID: string(rune('a'+i%26)) + time.Duration(i).String(), UpdatedAt: start})
			if err != nil {
				return err
			}
			ids[i] = p.ID
		}
		events := make([]store.Event, len(ids))
		for i, id := range ids {
			events[i] = store.Event{Person: id, Name: "order_completed", At: start, ReceivedAt: start}
		}
		_, err := tx.AppendEvents(events)
		return err
	})
	require.Equal(t, enrolment.Turn{Events: 2500, Enrolled: 2500, Cohorts: 3}, h.dispatch())
	for _, item := range h.outbox(journey.KindStartCohort) {
		require.LessOrEqual(t, decode[journey.StartCohort](t, item).Size, journey.MaxCohort)
		require.NotContains(t, string(item.Payload), "@", "no personal data")
	}
}

func TestExitWhenIsAskedAtEntry(t *testing.T) {
	cart := one("cart", campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "cart_updated", Key: linktest.When("event.cart_id"), Settle: 4 * time.Hour}}, perKey)
	cart.ExitWhen = linktest.When("events.order_completed.since(journey.entered_at).exists(o, o.cart_id == trigger.event.cart_id)")
	h := newHouse(t, cart)
	ada, bob := h.person("ada"), h.person("bob")
	h.does(ada, "cart_updated", map[string]any{"cart_id": "a"})
	h.does(bob, "cart_updated", map[string]any{"cart_id": "b"})
	h.advance(2 * time.Hour)
	h.does(ada, "order_completed", map[string]any{"cart_id": "a"})
	h.does(bob, "order_completed", map[string]any{"cart_id": "x"})
	h.advance(2 * time.Hour)
	require.Equal(t, 1, h.dispatch().Enrolled)
	require.Empty(t, h.enrolments(ada), "a buyer gets no reminder")
	require.Len(t, h.enrolments(bob), 1)
}

// From the commit of an event to the word for Temporal it takes less than a
// quarter of a second, without anybody poking.
func TestRunIsPrompt(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	done := make(chan error, 1)
	ctx, cancel := contextOf(t)
	go func() { done <- h.dispatcher.Run(ctx) }()
	ada := h.person("ada")
	time.Sleep(200 * time.Millisecond)
	h.does(ada, "order_completed")
	began := time.Now()
	require.Eventually(t, func() bool { return len(h.outbox(journey.KindStartCohort)) == 1 }, 5*time.Second, 5*time.Millisecond)
	t.Logf("after %s", time.Since(began))
	cancel()
	require.Error(t, <-done)
}

// What an import brings moves people silently: by its events, and by what it says
// of them.
func TestImportsFireNothing(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always), segment("buyers", "events.order_completed.any()"), one("buyer", onEnter("buyers", false), never))
	ada, ben := h.person("ada"), h.person("ben")
	h.dispatch()
	history, err := enrolment.OpenHistory(t.Context(), h.store, "import")
	require.NoError(t, err)
	_, err = enrolment.OpenHistory(t.Context(), h.store, "another import")
	require.ErrorIs(t, err, enrolment.ErrBringing)
	require.NoError(t, h.store.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.AppendEvents([]store.Event{{Person: ada, Name: "order_completed", At: h.now().Add(-time.Hour), ReceivedAt: h.now(), Imported: true}})
		return err
	}))
	require.Zero(t, h.dispatch().Enrolled)
	require.NoError(t, history.Renew(t.Context()))
	require.NoError(t, history.Close(t.Context()))
	h.advance(time.Hour)
	sweep, err := h.dispatcher.Sweep(t.Context())
	require.NoError(t, err)
	require.Zero(t, sweep.Enrolled)
	require.Empty(t, h.enrolments(ada))

	h.does(ada, "order_completed") // inside already, so by the event alone
	h.does(ben, "order_completed") // by both
	require.Equal(t, 3, h.dispatch().Enrolled)
}
