package enrolment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/audience/explain"
	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

const day = 24 * time.Hour

// Every live segment is kept, also one that nothing watches, and each crossing is a
// fact: when, by what, and what the condition found.
func TestMovesAreFacts(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		h := open(segment("vip", "events.order_completed.within('90d').sum(o, o.total) >= 200"), segment("gold", "profile.tier == 'gold'"))
		ada := h.person("ada")
		total := func(n float64) map[string]any { return map[string]any{"total": n, "cart_id": "c1"} }
		h.dispatch()
		first := h.now()
		h.does(ada, "order_completed", total(150))
		h.dispatch()
		h.advance(10 * day)
		h.does(ada, "order_completed", total(30))
		seq := h.does(ada, "order_completed", total(60)) // this one, of the same batch
		h.does(ada, "order_completed", total(1))
		h.dispatch()
		entered := h.now()
		h.advance(100 * day)
		h.dispatch()
		moves := h.replayed(ada)
		require.Equal(t, []told{
			{"vip", ada, true, entered, store.ByEvent, seq},
			{"vip", ada, false, first.Add(90 * day), store.ByTime, 0}, // not when somebody looked
		}, moves)

		h.view(func(r store.Reader) error {
			all, err := r.MovesOf(ada, "vip", 0)
			require.NoError(t, err)
			vip, err := h.live.Current().Segment("vip")
			require.NoError(t, err)
			require.Equal(t, vip.Digest, all[0].Definition)
			left, err := explain.Decode(all[0].Operands)
			require.NoError(t, err)
			require.Equal(t, []explain.Finding{{
				Text: `events.order_completed.within("90d").sum(o, o.total) >= 200`, Truth: "false", Decides: true,
				Left: `events.order_completed.within("90d").sum(o, o.total)`, Op: ">=", Value: 91.0, Need: 200.0,
				Turned: []explain.Turn{{Event: "order_completed", Name: "c1", At: first, Older: "90d"}},
			}}, left)
			in, err := explain.Decode(all[1].Operands)
			require.NoError(t, err)
			require.Equal(t, 241.0, in[0].Value, "as of the batch")
			return nil
		})
	})
}

// What is said of a person moves them with the next turn: an attribute, a consent, a
// suppression, and being new.
func TestChangesMoveAtOnce(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		h := open(segment("gold", "profile.tier == 'gold'"), segment("news", "topic.news.subscribed"), segment("mail", "reachable.email"),
			segment("idle", "events.order_completed.none()"), segment("gold_news", "segment.gold && segment.news"),
			one("welcome", onEnter("gold_news", false), never))
		ada := h.person("ada")
		h.dispatch()
		require.Equal(t, []int64{ada}, h.members("news"))
		require.Equal(t, []int64{ada}, h.members("mail"))
		require.Equal(t, []int64{ada}, h.members("idle"), "who is new has ordered nothing")
		require.Empty(t, h.members("gold"))

		change := func(f func(store.Tx) error) int64 {
			h.update(f)
			var head int64
			h.view(func(r store.Reader) (err error) {
				_, head, err = r.Heads()
				return err
			})
			return head
		}
		seq := change(func(tx store.Tx) error {
			_, err := tx.Identify(store.Person{Key: "ada", Attributes: map[string]any{"tier": "gold"}, UpdatedAt: h.now()})
			return err
		})
		require.Equal(t, enrolment.Turn{Entered: 2, Enrolled: 1, Cohorts: 1}, h.dispatch())
		moves := h.moves(ada)
		require.Equal(t, told{"gold_news", ada, true, h.now(), store.ByProfile, seq}, moves[len(moves)-1])
		require.Contains(t, h.outbox(journey.KindStartCohort)[0].Workflow, "welcome/")

		change(func(tx store.Tx) error {
			return tx.PutConsents([]store.Consent{{Person: ada, Topic: "news", Channel: "email", At: h.now()}})
		})
		require.Equal(t, enrolment.Turn{Left: 3}, h.dispatch(), "news, mail and gold_news")
		change(func(tx store.Tx) error {
			return tx.PutConsents([]store.Consent{{Person: ada, Topic: "news", Channel: "email", Granted: true, At: h.now().Add(time.Second), Proof: "form"}})
		})
		require.Equal(t, 3, h.dispatch().Entered)
		change(func(tx store.Tx) error {
			return tx.Suppress(store.Suppression{Channel: "email", Address: "ADA@example.com", Reason: "complaint", At: h.now()})
		})
		require.Equal(t, enrolment.Turn{Left: 1}, h.dispatch())
		require.Empty(t, h.members("mail"))
		h.replayed(ada)
		require.True(t, h.sweep().Idle())
	})
}

// What an import says of people moves them, as an import, and fires nothing; what is
// said besides fires as ever.
func TestQuietChangesFireNothing(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		h := open(segment("gold", "profile.tier == 'gold'"), segment("lapsed", "events.order_completed.any() && events.order_completed.within('60d').none()"),
			one("welcome", onEnter("gold", false), never), one("back", onEnter("lapsed", false), never))
		ada, bob := h.person("ada"), h.person("bob")
		h.dispatch()
		h.update(func(tx store.Tx) error {
			tx.Quietly()
			if _, err := tx.Identify(store.Person{Key: "ada", Attributes: map[string]any{"tier": "gold"}, UpdatedAt: h.now()}); err != nil {
				return err
			}
			_, err := tx.AppendEvents([]store.Event{{Person: bob, Name: "order_completed", At: h.now().Add(-70 * day), ReceivedAt: h.now(), Imported: true}})
			return err
		})
		require.Equal(t, enrolment.Turn{Events: 1, Entered: 2}, h.dispatch())
		for _, m := range h.replayed(ada, bob) {
			require.Equal(t, store.ByImport, m.Cause)
		}
		eve := h.person("eve", map[string]any{"tier": "gold"})
		require.Equal(t, 1, h.dispatch().Enrolled)
		require.Len(t, h.enrolments(eve), 1)
		require.Empty(t, h.enrolments(ada))
		require.Empty(t, h.enrolments(bob))
		require.True(t, h.sweep().Idle())
	})
}

// A file that moves many leaves one Shift for each segment and turn.
func TestImportOfManyIsAShift(t *testing.T) {
	h := newHouse(t, segment("gold", "profile.tier == 'gold'"))
	h.dispatch()
	var ids []int64
	h.update(func(tx store.Tx) error {
		ids = ids[:0]
		tx.Quietly()
		for i := range 300 {
			p, err := tx.Identify(store.Person{AnonymousID: time.Duration(i).String(), Attributes: map[string]any{"tier": "gold"}, UpdatedAt: h.now()})
			if err != nil {
				return err
			}
			ids = append(ids, p.ID)
		}
		return nil
	})
	require.Equal(t, enrolment.Turn{Entered: 300}, h.dispatch())
	require.Equal(t, ids, h.members("gold"))
	h.replayed(ids...)
	h.view(func(r store.Reader) error {
		moves, err := r.MovesOf(ids[7], "gold", 1)
		require.NoError(t, err)
		require.Equal(t, store.ByImport, moves[0].Cause)
		require.Empty(t, moves[0].Operands)
		return nil
	})
}

// Two profiles that become one are in what the two together are in; who was inside
// before does not enter. Who is erased is nowhere.
func TestMergeAndErase(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		h := open(segment("buyers", "events.order_completed.count() >= 2"), segment("some", "events.order_completed.any()"), segment("gold", "profile.tier == 'gold'"),
			one("a", onEnter("buyers", false), never), one("b", onEnter("some", false), never))
		ada := h.person("ada")
		ghost := h.person("ghost", map[string]any{"tier": "gold"})
		h.does(ada, "order_completed")
		h.does(ghost, "order_completed")
		require.Equal(t, 2, h.dispatch().Enrolled)
		h.update(func(tx store.Tx) error {
			_, err := tx.Merge(ada, ghost)
			return err
		})
		require.Equal(t, 1, h.dispatch().Enrolled, "a buyer now, by both")
		require.Equal(t, []int64{ada}, h.members("buyers"))
		require.Equal(t, []int64{ada}, h.members("some"))
		require.Equal(t, []int64{ada}, h.members("gold"))
		require.True(t, h.sweep().Idle())

		h.update(func(tx store.Tx) error { return tx.Erase(ada) })
		require.True(t, h.dispatch().Idle())
		for _, label := range []string{"buyers", "some", "gold"} {
			require.Empty(t, h.members(label))
		}
		require.True(t, h.sweep().Idle())
		bob := h.person("bob")
		h.does(bob, "order_completed")
		require.Equal(t, 1, h.dispatch().Entered)
	})
}

// After downtime time's moves are found by one look, and dated to when they were.
func TestDowntime(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		h := open(segment("lapsed", "events.order_completed.any() && events.order_completed.within('60d').none()"), one("back", onEnter("lapsed", false), never))
		ada, bob := h.person("ada"), h.person("bob")
		h.does(ada, "order_completed")
		h.does(bob, "order_completed")
		h.dispatch()
		h.advance(30 * day)
		h.does(bob, "order_completed") // nobody looks
		h.advance(31 * day)
		h.dispatcher = enrolment.NewDispatcher(h.config("next"))
		require.Equal(t, enrolment.Turn{Events: 1, Entered: 1, Enrolled: 1, Cohorts: 1}, h.dispatch())
		require.Equal(t, []told{{"lapsed", ada, true, start.Add(60 * day), store.ByTime, 0}}, h.replayed(ada, bob))
		require.True(t, h.sweep().Idle())
		h.advance(29 * day)
		require.Equal(t, 1, h.dispatch().Entered)
		h.replayed(ada, bob)
	})
}

// An edit is one Shift; who is moved by it is not taken for somebody who moved.
func TestEditIsAShift(t *testing.T) {
	h := newHouse(t, segment("gold", "profile.tier == 'gold'"))
	ada, bob := h.person("ada", map[string]any{"tier": "gold"}), h.person("bob", map[string]any{"tier": "silver"})
	h.dispatch()
	h.apply(segment("gold", "profile.tier == 'silver'"), segment("named", "has(profile.tier)"), segment("both", "segment.gold || segment.named"))
	moves := h.moves(ada)
	serial := h.live.Serial()
	require.ElementsMatch(t, []told{
		{"gold", ada, false, h.now(), store.ByEdit, serial},
		{"named", ada, true, h.now(), store.ByStart, serial}, {"both", ada, true, h.now(), store.ByStart, serial},
	}, moves[1:])
	h.replayed(ada, bob)
	require.True(t, h.sweep().Idle())

	// an edit that changes a segment by what it names
	h.apply(segment("gold", "profile.tier == 'gold'"), segment("named", "false"), segment("both", "segment.gold || segment.named"))
	require.Equal(t, []int64{ada}, h.members("both"))
	require.True(t, h.sweep().Idle())
	h.replayed(ada, bob)
	h.apply()
	require.Empty(t, h.members("both"))
	h.view(func(r store.Reader) error {
		counts, err := r.MemberCounts()
		require.Empty(t, counts)
		return err
	})
}

// An event whose clock is ahead counts at once, and goes on counting for a
// dispatcher that takes over before its time.
func TestClockAhead(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		h := open(segment("recent", "events.order_completed.within('1h').any()"), one("a", onEnter("recent", false), always))
		ada := h.person("ada")
		h.dispatch()
		at := h.now().Add(4 * time.Minute)
		seq := h.did(ada, "order_completed", at)
		require.Equal(t, 1, h.dispatch().Enrolled)
		h.end(h.enrolments(ada)[0])
		h.advance(time.Minute)
		h.does(ada, "cart_updated")
		require.Equal(t, enrolment.Turn{Events: 1}, h.dispatch())
		h.dispatcher = enrolment.NewDispatcher(h.config("next"))
		require.True(t, h.dispatch().Idle())
		h.advance(2 * time.Hour)
		require.Equal(t, enrolment.Turn{Left: 1}, h.dispatch())
		require.Equal(t, []told{{"recent", ada, true, at, store.ByEvent, seq}, {"recent", ada, false, at.Add(time.Hour), store.ByTime, 0}}, h.replayed(ada))
	})
}

// Somebody else may bring the index further than the batch: who moves by what is yet
// to come moves then, by that.
func TestIndexAhead(t *testing.T) {
	h := newHouse(t, segment("twice", "events.order_completed.count() >= 2"), one("a", onEnter("twice", false), never))
	config := h.config("columns")
	ix, err := index.Open(t.Context(), index.Config{Store: h.store, Schema: h.live.Schema()})
	require.NoError(t, err)
	config.Index = ix
	h.dispatcher = enrolment.NewDispatcher(config)
	ada, bob := h.person("ada"), h.person("bob")
	h.dispatch()
	h.does(ada, "order_completed")
	h.update(func(tx store.Tx) error {
		events := make([]store.Event, 4000)
		for i := range events {
			events[i] = store.Event{Person: bob, Name: "cart_updated", At: h.now(), ReceivedAt: h.now()}
		}
		_, err := tx.AppendEvents(events)
		return err
	})
	seq := h.does(ada, "order_completed")
	require.NoError(t, ix.Follow(t.Context()))
	turn, err := h.dispatcher.Step(t.Context())
	require.NoError(t, err)
	require.Equal(t, enrolment.Turn{Events: 4000}, turn)
	require.Equal(t, enrolment.Turn{Events: 2, Entered: 1, Enrolled: 1, Cohorts: 1}, h.dispatch())
	require.Equal(t, []told{{"twice", ada, true, h.now(), store.ByEvent, seq}}, h.replayed(ada))
	require.True(t, h.sweep().Idle())
}
