package enrolment_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

func contextOf(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func TestSegmentEnteredByAnEvent(t *testing.T) {
	h := newHouse(t, segment("vip", "events.order_completed.within('90d').sum(o, o.total) >= 200"), segment("news_vip", "segment.vip && topic.news.subscribed"),
		one("welcome", onEnter("news_vip", false), always))
	ada := h.person("ada")
	h.does(ada, "order_completed", map[string]any{"total": 150.0})
	require.Equal(t, enrolment.Turn{Events: 1}, h.dispatch())
	h.does(ada, "cart_updated")
	h.does(ada, "order_completed", map[string]any{"total": 60.0})
	require.Equal(t, enrolment.Turn{Events: 2, Entered: 2, Enrolled: 1, Cohorts: 1}, h.dispatch(), "through the segment that it names")
	require.Equal(t, []int64{ada}, h.members("news_vip"))
	h.does(ada, "order_completed", map[string]any{"total": 60.0})
	require.Equal(t, enrolment.Turn{Events: 1}, h.dispatch(), "inside already")

	// an unsubscribe moves her out, by its event
	h.update(func(tx store.Tx) error {
		if err := tx.PutConsents([]store.Consent{{Person: ada, Topic: "news", Channel: "email", At: h.now()}}); err != nil {
			return err
		}
		_, err := tx.AppendEvents([]store.Event{{Person: ada, Name: "unsubscribed", At: h.now()}})
		return err
	})
	require.Equal(t, enrolment.Turn{Events: 1, Left: 1}, h.dispatch())
	require.Empty(t, h.members("news_vip"))
}

func TestTimeMovesSegments(t *testing.T) {
	h := newHouse(t, segment("lapsed", "events.order_completed.any() && events.order_completed.within('60d').none()"), one("win_back", onEnter("lapsed", false), never))
	ada, bob := h.person("ada"), h.person("bob")
	h.does(ada, "order_completed")
	h.does(bob, "order_completed")
	h.dispatch()
	require.True(t, h.sweep().Idle())
	h.advance(59 * 24 * time.Hour)
	h.does(bob, "order_completed")
	h.dispatch()
	require.True(t, h.sweep().Idle())
	h.advance(24 * time.Hour)
	require.Equal(t, enrolment.Turn{Entered: 1, Enrolled: 1, Cohorts: 1}, h.sweep())
	require.True(t, h.sweep().Idle(), "once")
	require.Len(t, h.enrolments(ada), 1)
	require.True(t, h.enrolments(ada)[0].EnteredAt.Equal(start.Add(60*24*time.Hour)), "at the very instant")

	h.does(ada, "order_completed")
	require.Equal(t, enrolment.Turn{Events: 1, Left: 1}, h.dispatch())
	h.end(h.enrolments(ada)[0])
	h.advance(60 * 24 * time.Hour)
	require.Equal(t, enrolment.Turn{Entered: 2, Enrolled: 1, Cohorts: 1}, h.sweep(), "bob for the first time; ada never again")
}

// What no event tells of, an edited attribute, the sweep finds.
func TestSweepFindsAttributes(t *testing.T) {
	h := newHouse(t, segment("gold", "profile.tier == 'gold'"), one("welcome", onEnter("gold", false), never))
	h.person("ada", map[string]any{"tier": "gold"})
	require.Equal(t, 1, h.sweep().Enrolled)
}

func TestFirstApplyMailsNobody(t *testing.T) {
	h := newHouse(t)
	ada := h.person("ada", map[string]any{"tier": "gold"})
	h.apply(segment("gold", "profile.tier == 'gold'"), one("welcome", onEnter("gold", false), never))
	require.Equal(t, []int64{ada}, h.members("gold"), "remembered as inside")
	require.True(t, h.dispatch().Idle())
	require.True(t, h.sweep().Idle())
	require.Empty(t, h.outbox(journey.KindStartCohort))
}

func TestBackfill(t *testing.T) {
	h := newHouse(t)
	var gold []int64
	for i := range 2100 {
		gold = append(gold, h.person(fmt.Sprint("p", i), map[string]any{"tier": "gold"}))
	}
	h.apply(segment("gold", "profile.tier == 'gold'"), one("quiet", onEnter("gold", false), never), one("loud", onEnter("gold", true), never))
	require.Equal(t, gold, h.members("gold"))
	items := h.outbox(journey.KindStartCohort)
	require.Len(t, items, 3)
	people := 0
	for _, item := range items {
		word := decode[journey.StartCohort](t, item)
		require.Equal(t, "loud", word.Journey)
		people += word.Size
	}
	require.Equal(t, 2100, people)
	require.True(t, h.dispatch().Idle())
	require.True(t, h.sweep().Idle())
}

func TestEditMovesPeopleSilently(t *testing.T) {
	lapsed := func(days int) *campaign.Segment {
		return segment("lapsed", fmt.Sprintf("events.order_completed.any() && events.order_completed.within('%dd').none()", days))
	}
	back := one("win_back", onEnter("lapsed", false), never)
	h := newHouse(t, lapsed(60), back)
	ada, bob, eve := h.person("ada"), h.person("bob"), h.person("eve")
	h.does(ada, "order_completed")
	h.advance(13 * 24 * time.Hour)
	h.does(bob, "order_completed")
	h.advance(45 * 24 * time.Hour)
	h.does(eve, "order_completed")
	h.dispatch()
	h.sweep()
	require.Empty(t, h.members("lapsed"))

	// two days later ada lapses by herself; nobody has noticed when the edit comes,
	// which moves bob
	h.advance(2 * 24 * time.Hour)
	h.apply(lapsed(45), back)
	require.Equal(t, []int64{bob}, h.members("lapsed"))
	h.dispatch()
	require.Equal(t, []int64{ada, bob}, h.members("lapsed"))
	require.Len(t, h.enrolments(ada), 1, "by her own doing")
	require.Empty(t, h.enrolments(bob), "by the edit")
	require.True(t, h.sweep().Idle())

	// an edit that says so enrols whom it moves, and nobody whom an earlier one moved
	loud := one("win_back", onEnter("lapsed", true), never)
	h.apply(lapsed(1), loud)
	require.Equal(t, []int64{ada, bob, eve}, h.members("lapsed"))
	require.Empty(t, h.enrolments(bob))
	require.Len(t, h.enrolments(eve), 1)

	// and one that moves people out forgets them
	h.apply(lapsed(59), loud)
	require.Equal(t, []int64{ada}, h.members("lapsed"))
	h.apply()
	require.Empty(t, h.members("lapsed"), "nothing watches it any more")
}

// A journey that begins to watch a segment which is live already takes in whom its
// backfill says: everybody who is inside. Without it, who entered before, noticed or
// not, is none of its business.
func TestNewJourneyOnAnOldSegment(t *testing.T) {
	gold := segment("gold", "profile.tier == 'gold'")
	h := newHouse(t, gold)
	tier := map[string]any{"tier": "gold"}
	ada := h.person("ada", tier)
	h.dispatch()
	eve := h.person("eve", tier)
	h.apply(gold, one("quiet", onEnter("gold", false), never), one("loud", onEnter("gold", true), never))
	require.Equal(t, []int64{ada}, h.members("gold"))
	require.Len(t, h.enrolments(ada), 1)
	require.Equal(t, "loud", h.enrolments(ada)[0].Journey)
	require.Zero(t, h.sweep().Enrolled, "eve is history")
	require.Equal(t, []int64{ada, eve}, h.members("gold"))
	bob := h.person("bob", tier)
	require.Equal(t, 2, h.sweep().Enrolled)
	require.Len(t, h.enrolments(bob), 2)
	h.apply(gold, one("quiet", onEnter("gold", false), never), one("loud", onEnter("gold", true), always))
	require.Equal(t, 0, h.sweep().Enrolled, "once")
}

// A dispatcher that computed over the project before writes nothing.
func TestApplyBetweenLookingAndWriting(t *testing.T) {
	h := newHouse(t, one("thanks", onEvent("order_completed"), always))
	ada := h.person("ada")
	h.does(ada, "order_completed")
	quick := one("thanks", onEvent("order_completed"), always)
	quick.Description = "another"
	resources := h.resources
	h.apply(quick)
	h.dispatch()
	e := h.enrolments(ada)
	require.Len(t, e, 1)
	var c store.Cohort
	h.view(func(r store.Reader) (err error) {
		c, err = r.Cohort(e[0].Cohort)
		return err
	})
	for _, r := range resources {
		require.NotEqual(t, r.Digest, c.Definition)
	}
}

// People whom an event moves between an apply's evaluation and its switch are
// asked again within the switch.
func TestEventDuringAnApply(t *testing.T) {
	h := newHouse(t, segment("buyers", "events.order_completed.any()"), one("a", onEnter("buyers", false), never))
	ada := h.person("ada")
	changed := segment("buyers", "events.order_completed.count() >= 1")
	defs := []campaign.Definition{changed, one("a", onEnter("buyers", false), never)}
	resources := h.compile(defs...)
	rev := campaign.NewRevision(campaign.Settings{}, campaign.Environment{Name: "test"}, resources)
	write, err := enrolment.NewMembership(h.store, h.now).Rebase(t.Context(), rev, []string{"buyers"})
	require.NoError(t, err)

	h.does(ada, "order_completed")
	require.Equal(t, 1, h.dispatch().Enrolled)

	h.update(func(tx store.Tx) error {
		if err := h.replace(tx, resources); err != nil {
			return err
		}
		return write(tx)
	})
	require.NoError(t, h.live.Refresh(t.Context()))
	require.Equal(t, []int64{ada}, h.members("buyers"), "not thrown out by an old answer")
	require.True(t, h.sweep().Idle())
	require.Len(t, h.enrolments(ada), 1)
}

// A journey may begin with leaving: by an event, by time, and by an edit where it says
// backfill.
func TestLeavesTrigger(t *testing.T) {
	onLeave := func(backfill bool) campaign.Trigger {
		return campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "recent", Leaves: true, Backfill: backfill}}
	}
	recent := func(window string) *campaign.Segment {
		return segment("recent", "events.order_completed.within('"+window+"').any() && events.cart_updated.none()")
	}
	h := newHouse(t, recent("1h"), one("bye", onLeave(false), always))
	ada, bob, eve, ben := h.person("ada"), h.person("bob"), h.person("eve"), h.person("ben")
	for _, p := range []int64{ada, bob, eve} {
		h.does(p, "order_completed")
	}
	require.Equal(t, enrolment.Turn{Events: 3, Entered: 3}, h.dispatch())
	h.does(ada, "cart_updated")
	require.Equal(t, enrolment.Turn{Events: 1, Left: 1, Enrolled: 1, Cohorts: 1}, h.dispatch())
	h.advance(30 * time.Minute)
	h.does(ben, "order_completed")
	h.dispatch()
	h.apply(recent("10m"), one("bye", onLeave(false), always))
	require.Equal(t, []int64{ben}, h.members("recent"))
	require.Empty(t, h.enrolments(bob), "by the edit")
	h.apply(recent("1h"), one("bye", onLeave(true), always), one("late", onLeave(true), always))
	require.Equal(t, []int64{bob, eve, ben}, h.members("recent"))
	h.apply(recent("10m"), one("bye", onLeave(true), always), one("late", onLeave(true), always))
	require.Len(t, h.enrolments(bob), 2, "an edit that says so")
	h.advance(time.Hour)
	require.Equal(t, enrolment.Turn{Left: 1, Enrolled: 2, Cohorts: 2}, h.sweep())
	require.True(t, h.enrolments(ben)[0].EnteredAt.Equal(start.Add(40*time.Minute)))
	require.Len(t, h.enrolments(ada), 1)
}
