package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// merging makes two customers one, with all that they have.
func merging(t *testing.T, s store.Store) {
	var ada, old store.Person
	update(t, s, func(tx store.Tx) {
		ada = identify(t, tx, store.Person{Key: "ada", Email: "ada@example.com", UpdatedAt: noon, Attributes: map[string]any{"name": "Ada", "city": "Berlin"}})
		old = identify(t, tx, store.Person{
			Key: "old", Email: "old@example.com", AnonymousID: "dev", Phone: "+49", CreatedAt: at(-time.Hour), UpdatedAt: at(time.Hour),
			Attributes: map[string]any{"name": "?", "size": "m"},
		})
		history(t, tx, ada.ID, old.ID)
		must(tx.AppendEvents([]store.Event{{Person: old.ID, Name: "visit", At: noon, MessageID: "m1"}}))(t)
	})
	var before int64
	update(t, s, func(tx store.Tx) {
		_, before, _ = tx.Heads()
		require.Equal(t, ada, must(tx.Merge(ada.ID, ada.ID))(t), "with oneself: nothing")
		require.Empty(t, must(tx.ChangesAfter(before, 0))(t))
		require.ErrorIs(t, second(tx.Merge(ada.ID, 999)), store.ErrNotFound)
	})
	var merged store.Person
	update(t, s, func(tx store.Tx) { merged = must(tx.Merge(ada.ID, old.ID))(t) })
	want := ada
	want.AnonymousID, want.Phone, want.CreatedAt, want.UpdatedAt = "dev", "+49", at(-time.Hour), at(time.Hour)
	want.Attributes = map[string]any{"name": "Ada", "city": "Berlin", "size": "m"}
	require.Equal(t, want, merged)
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		require.ErrorIs(t, second(r.Person(old.ID)), store.ErrNotFound)
		for _, found := range []store.Person{
			must(r.Person(ada.ID))(t), must(r.PersonByKey("ada"))(t), must(r.PersonByKey("old"))(t), must(r.PersonByEmail("Old@example.com"))(t),
			must(r.PersonByEmail("ada@example.com"))(t), must(r.PersonByAnonymousID("dev"))(t),
		} {
			require.Equal(t, want, found)
		}
		events := must(r.EventsAfter(0, 0))(t)
		require.Len(t, events, 3)
		for i, e := range events {
			require.EqualValues(t, i+1, e.Seq, "their places stay")
			require.Equal(t, ada.ID, e.Person)
		}
		record := must(r.Records([]int64{ada.ID, old.ID}, store.Need{AllEvents: true}))(t)
		require.Len(t, record, 1)
		require.Len(t, record[0].Events["order"], 2)
		require.Len(t, record[0].Events["visit"], 1)
		require.Equal(t, ada.ID, must(r.EventByMessageID("m1"))(t).Person)
		require.Len(t, must(r.ConsentLog(ada.ID))(t), 2)
		require.Len(t, must(r.SendsOfPerson(ada.ID, 0))(t), 2)
		require.Len(t, must(r.EnrolmentsOfPerson(ada.ID))(t), 2)
		require.Len(t, must(r.WaitsFor(ada.ID, "order"))(t), 2)
		require.Equal(t, []int64{ada.ID}, inside(t, r, "vip"))

		changes := must(r.ChangesAfter(before, 0))(t)
		require.Len(t, changes, 2)
		for _, c := range changes {
			require.Equal(t, c.Person == old.ID, c.Gone)
			if c.Person == ada.ID {
				require.Equal(t, c.Seq, c.Moved)
			}
		}
	})
	aliases(t, s, merged)
}

// aliases says more of who was merged, by the names that were given up.
func aliases(t *testing.T, s store.Store, ada store.Person) {
	update(t, s, func(tx store.Tx) {
		p := identify(t, tx, store.Person{Key: "old", Attributes: map[string]any{"pet": "cat"}})
		require.Equal(t, ada.ID, p.ID)
		require.Equal(t, "ada", p.Key, "a name that was given up leads, it does not come back")
		moved := changesAfter(t, tx, 0)
		require.Less(t, moved[len(moved)-1].Moved, moved[len(moved)-1].Seq, "what moved before is not new")
		require.NotZero(t, moved[len(moved)-1].Moved)
		require.Equal(t, ada.ID, must(tx.IdentifyAll([]store.Person{{Email: "old@example.com", Phone: "+50"}, {Key: "old", Phone: "+51"}}))(t)[1].ID)
		last := identify(t, tx, store.Person{Key: "last", UpdatedAt: noon})
		must(tx.Merge(last.ID, ada.ID))(t)
		for _, key := range []string{"ada", "old", "last"} {
			require.Equal(t, last.ID, must(tx.PersonByKey(key))(t).ID, "from hand to hand")
		}
		require.Equal(t, "ada@example.com", must(tx.PersonByEmail("old@example.com"))(t).Email, "an address likewise")
		require.Equal(t, "old@example.com", identify(t, tx, store.Person{Key: "ada", Email: "old@example.com"}).Email, "but when the key says so")
		require.Equal(t, "ada@example.com", identify(t, tx, store.Person{Key: "ada", Email: "ada@example.com"}).Email)

		other := identify(t, tx, store.Person{Key: "other", Email: "old@example.com", UpdatedAt: noon})
		require.NotEqual(t, last.ID, other.ID)
		require.Equal(t, other.ID, must(tx.PersonByEmail("old@example.com"))(t).ID, "whose own it is goes before")
		require.Equal(t, other.ID, must(tx.IdentifyAll([]store.Person{{Email: "old@example.com", Phone: "+52"}, {Email: "x@example.com"}}))(t)[0].ID)
	})
}

// mergedMoves puts together two who went through segments in every way, and asks
// whether the moves still tell who is inside.
func mergedMoves(t *testing.T, s store.Store) {
	const ways = 64 // of each two bits: by whom, in or out
	update(t, s, func(tx store.Tx) {
		ada, old := identify(t, tx, store.Person{Key: "ada"}).ID, identify(t, tx, store.Person{Key: "old"}).ID
		was := map[string][2]bool{}
		for way := range ways {
			segment := "s" + string(rune('0'+way))
			for step := range 3 {
				person, in := ada, way>>(2*step)&1 == 1
				if way>>(2*step)&2 == 2 {
					person = old
				}
				if way%3 == 0 { // as one of many
					shift := store.Shift{Segment: segment, At: noon, Cause: store.ByEdit}
					if in {
						shift.Enter = []int64{person}
					} else {
						shift.Leave = []int64{person}
					}
					require.NoError(t, tx.ShiftMembers(shift))
				} else {
					m := enter(segment, person, at(time.Duration(step)*time.Minute))
					m.Inside = in
					require.NoError(t, tx.MoveMembers([]store.Move{m}))
				}
			}
			was[segment] = [2]bool{must(tx.IsMember(segment, ada))(t), must(tx.IsMember(segment, old))(t)}
		}
		must(tx.Merge(ada, old))(t)
		sizes := must(tx.MemberCounts())(t)
		for segment, w := range was {
			in := must(tx.IsMember(segment, ada))(t)
			require.Equal(t, w[0] || w[1], in, "%s: inside if either was", segment)
			require.False(t, must(tx.IsMember(segment, old))(t))
			require.Equal(t, in, sizes[segment] == 1, segment)
			require.Equal(t, in, len(inside(t, tx, segment)) == 1)
			moves := must(tx.MovesOf(ada, segment, 0))(t)
			if in {
				require.NotEmpty(t, moves, segment)
			}
			if len(moves) > 0 {
				require.Equal(t, in, moves[0].Inside, "%s: %v", segment, moves)
			}
		}
		require.Empty(t, must(tx.MovesOf(old, "", 0))(t))
	})
}
