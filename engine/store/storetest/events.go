package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

func events(t *testing.T, s store.Store) {
	ada := known(t, s, "ada")[0]
	order := store.Event{
		Person: ada, Name: "order_completed", At: at(-time.Hour), ReceivedAt: noon, MessageID: "m1", Imported: true,
		Properties: map[string]any{"total": 4.2, "items": []any{map[string]any{"sku": "rye"}}},
	}
	update(t, s, func(tx store.Tx) { order.Seq = must(tx.AppendEvents([]store.Event{order}))(t)[0] })
	view(t, s, func(r store.Reader) {
		require.Equal(t, order, must(r.Event(order.Seq))(t))
		require.Equal(t, []store.Event{order}, must(r.EventsAfter(0, 10))(t))
		require.Empty(t, must(r.EventsAfter(order.Seq, 10))(t))
		require.EqualValues(t, 1, must(r.CountEvents())(t))
		_, err := r.Event(order.Seq + 1)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.AppendEvents([]store.Event{{Person: ada + 1, Name: "x", At: noon}})
		return err
	})
	require.ErrorIs(t, err, store.ErrNotFound, "an event of nobody")
}

func eventsOnce(t *testing.T, s store.Store) {
	ids := known(t, s, "ada", "bob")
	first := []store.Event{
		{Person: ids[0], Name: "a", At: noon, MessageID: "m1"},
		{Person: ids[0], Name: "b", At: noon, MessageID: "m1"}, // in the same call
		{Person: ids[0], Name: "c", At: noon},
		{Person: ids[0], Name: "c", At: noon},
	}
	update(t, s, func(tx store.Tx) {
		seqs := must(tx.AppendEvents(first))(t)
		require.NotZero(t, seqs[0])
		require.Zero(t, seqs[1])
		require.Greater(t, seqs[2], seqs[0])
		require.Greater(t, seqs[3], seqs[2])
	})
	update(t, s, func(tx store.Tx) {
		require.Equal(t, []int64{0}, must(tx.AppendEvents([]store.Event{{Person: ids[1], Name: "z", At: noon, MessageID: "m1"}}))(t))
		require.Empty(t, must(tx.AppendEvents(nil))(t))
	})
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, 3, must(r.CountEvents())(t))
		require.Equal(t, "a", must(r.EventsAfter(0, 1))(t)[0].Name)
		require.Equal(t, "a", must(r.EventByMessageID("m1"))(t).Name)
		require.ErrorIs(t, second(r.EventByMessageID("")), store.ErrNotFound)
	})
}

// eventsInOrder reads along while others write: nothing appears below what was
// read.
func eventsInOrder(t *testing.T, s store.Store) {
	ada := known(t, s, "ada")[0]
	const writers, each = 4, 25
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			done <- func() error {
				for i := range each {
					err := s.Update(t.Context(), func(tx store.Tx) error {
						_, err := tx.AppendEvents([]store.Event{
							{Person: ada, Name: "x", At: noon, MessageID: fmt.Sprintf("%d-%d", w, i)},
							{Person: ada, Name: "y", At: noon},
						})
						return err
					})
					if err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	seen := map[int64]bool{}
	var last int64
	follow := func() {
		view(t, s, func(r store.Reader) {
			for _, e := range must(r.EventsAfter(last, 7))(t) {
				require.Greater(t, e.Seq, last)
				last = e.Seq
				seen[e.Seq] = true
			}
		})
	}
	for finished := 0; finished < writers; {
		select {
		case err := <-done:
			require.NoError(t, err)
			finished++
		default:
			follow()
		}
	}
	for before := -1; before != len(seen); {
		before = len(seen)
		follow()
	}
	require.Len(t, seen, writers*each*2)
}

func records(t *testing.T, s store.Store) {
	ids := populate(t, s)
	view(t, s, func(r store.Reader) {
		bare := must(r.Records([]int64{ids[2], ids[0], 999, ids[2]}, store.Need{}))(t)
		require.Len(t, bare, 3, "who is gone is left out")
		require.Equal(t, []int64{ids[2], ids[0], ids[2]}, []int64{bare[0].ID, bare[1].ID, bare[2].ID}, "in the order asked for")
		require.Nil(t, bare[1].Events)
		require.Nil(t, bare[1].Consents)
		require.Nil(t, bare[1].Suppressed)
		require.Equal(t, "ada@example.com", bare[1].Email)

		some := must(r.Records(ids, store.Need{Events: []string{"order", "visit"}}))(t)
		require.Equal(t, []string{"e3", "e1", "e4"}, messageIDs(some[0].Events["order"]), "by instant, then Seq")
		require.Equal(t, []string{"e2"}, messageIDs(some[0].Events["visit"]))
		require.NotContains(t, some[0].Events, "click")
		require.Equal(t, map[string]any{"total": 4.0}, some[0].Events["order"][0].Properties)
		require.Empty(t, some[1].Events)

		whole := must(r.Records(ids, store.Need{AllEvents: true, Consents: true}))(t)
		require.Equal(t, []string{"e5"}, messageIDs(whole[0].Events["click"]))
		require.Equal(t, []string{"email", "sms"}, whole[0].Suppressed)
		require.Empty(t, whole[1].Suppressed)
		require.Len(t, whole[0].Consents, 2)
		require.False(t, whole[0].Consents[0].Granted, "the newest word counts")
		require.Equal(t, "sms", whole[0].Consents[1].Channel)

		require.Empty(t, must(r.Records(nil, store.Need{AllEvents: true}))(t))
	})
}

func messageIDs(events []store.Event) []string {
	var ids []string
	for _, e := range events {
		ids = append(ids, e.MessageID)
	}
	return ids
}

// populate stores Ada with a history, and Bob and Cy without.
func populate(t *testing.T, s store.Store) []int64 {
	var ids []int64
	update(t, s, func(tx store.Tx) {
		ada := identify(t, tx, store.Person{Key: "ada", Email: "ada@example.com", Phone: "+49", UpdatedAt: noon}).ID
		bob := identify(t, tx, store.Person{Key: "bob", UpdatedAt: noon}).ID
		cy := identify(t, tx, store.Person{Key: "cy", UpdatedAt: noon}).ID
		ids = []int64{ada, bob, cy}
		must(tx.AppendEvents([]store.Event{
			{Person: ada, Name: "order", At: at(time.Hour), MessageID: "e1"},
			{Person: ada, Name: "visit", At: noon, MessageID: "e2"},
			{Person: ada, Name: "order", At: noon, MessageID: "e3", Properties: map[string]any{"total": 4.0}},
			{Person: ada, Name: "order", At: at(time.Hour), MessageID: "e4"},
			{Person: ada, Name: "click", At: noon, MessageID: "e5"},
			{Person: cy, Name: "order", At: noon, MessageID: "e6"},
		}))(t)
		require.NoError(t, tx.PutConsents([]store.Consent{
			{Person: ada, Topic: "news", Channel: "email", Granted: false, At: at(time.Hour)},
			{Person: ada, Topic: "news", Channel: "email", Granted: true, At: noon},
			{Person: ada, Topic: "news", Channel: "sms", Granted: true, At: noon},
			{Person: cy, Topic: "news", Channel: "email", Granted: true, At: noon},
		}))
		require.NoError(t, tx.Suppress(store.Suppression{Channel: "email", Address: "ADA@example.com", Reason: "complaint", At: noon}))
		require.NoError(t, tx.Suppress(store.Suppression{Channel: "sms", Address: "+49", Reason: "stop", At: noon}))
	})
	return ids
}

func eachRecord(t *testing.T, s store.Store) {
	ids := populate(t, s)
	const more = 1234 // more than an implementation will hold at a time
	update(t, s, func(tx store.Tx) {
		for i := range more {
			p := identify(t, tx, store.Person{Key: fmt.Sprint(i), UpdatedAt: noon})
			must(tx.AppendEvents([]store.Event{{Person: p.ID, Name: "order", At: noon, Properties: map[string]any{"n": float64(i)}}}))(t)
		}
	})
	need := store.Need{Events: []string{"order"}, Consents: true}
	view(t, s, func(r store.Reader) {
		var last int64
		n := 0
		require.NoError(t, r.EachRecord(0, need, func(rec *store.Record) error {
			require.Greater(t, rec.ID, last)
			last = rec.ID
			n++
			for label, events := range rec.Events {
				require.Equal(t, "order", label)
				require.Equal(t, rec.ID, events[0].Person)
			}
			if n <= 3 {
				same := must(r.Records([]int64{rec.ID}, need))(t) // a Reader answers within its own scan
				require.Equal(t, same[0], *rec)
			}
			return nil
		}))
		require.Equal(t, more+3, n)

		n = 0
		stop := fmt.Errorf("enough")
		require.ErrorIs(t, r.EachRecord(ids[1], store.Need{}, func(rec *store.Record) error {
			require.Greater(t, rec.ID, ids[1])
			if n++; n == 5 {
				return stop
			}
			return nil
		}), stop)
		require.Equal(t, 5, n)
	})
}

// eachEvent goes through the events, and takes of them what is needed.
func eachEvent(t *testing.T, s store.Store) {
	ids := populate(t, s)
	update(t, s, func(tx store.Tx) {
		must(tx.AppendEvents([]store.Event{{Person: ids[1], Name: "order", At: at(time.Hour), Imported: true, Properties: map[string]any{
			"total": 9.0, "note": `a "{[,` + "\n", "items": []any{map[string]any{"sku": "rye"}}, "gift": true,
		}}}))(t)
	})
	view(t, s, func(r store.Reader) {
		read := func(after int64, need store.Need) []store.Event {
			var found []store.Event
			require.NoError(t, r.EachEvent(after, need, func(e *store.Event) error {
				found = append(found, *e)
				return nil
			}))
			return found
		}
		all := must(r.EventsAfter(0, 0))(t)
		for i := range all {
			all[i].ReceivedAt, all[i].MessageID = time.Time{}, ""
		}
		require.Equal(t, all, read(0, store.Need{AllEvents: true}))
		require.Equal(t, all[2:], read(all[1].Seq, store.Need{AllEvents: true}))
		require.Empty(t, read(0, store.Need{}))
		visits := read(0, store.Need{Events: []string{"visit", "none"}})
		require.Equal(t, all[1:2], visits)

		some := store.Need{AllEvents: true, Properties: map[string][]string{"order": {"total", "items", "none"}, "visit": nil}}
		want := map[string]any{"total": 9.0, "items": []any{map[string]any{"sku": "rye"}}}
		found := read(0, some)
		require.Equal(t, want, found[len(found)-1].Properties)
		require.Nil(t, found[0].Properties)
		require.Equal(t, want, must(r.Records(ids[1:2], some))(t)[0].Events["order"][0].Properties)
		require.Nil(t, read(0, store.Need{Events: []string{"order"}, Properties: map[string][]string{"order": {}}})[0].Properties)

		stop := fmt.Errorf("enough")
		n := 0
		require.ErrorIs(t, r.EachEvent(0, store.Need{AllEvents: true}, func(e *store.Event) error {
			require.NotEmpty(t, must(r.Records([]int64{e.Person}, store.Need{}))(t), "a Reader answers within its own scan")
			if n++; n == 2 {
				return stop
			}
			return nil
		}), stop)
		require.Equal(t, 2, n)
	})
}
