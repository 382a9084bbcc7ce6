package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// identity follows one person from visitor to customer, under one number.
func identity(t *testing.T, s store.Store) {
	var visitor store.Person
	update(t, s, func(tx store.Tx) { visitor = identify(t, tx, store.Person{AnonymousID: "dev-1", UpdatedAt: noon}) })
	for _, step := range []struct {
		name string
		news store.Person
	}{
		{"tells an address", store.Person{AnonymousID: "dev-1", Email: "ada@example.com"}},
		{"becomes a customer", store.Person{Key: "42", AnonymousID: "dev-1"}},
		{"comes with another device", store.Person{Key: "42", AnonymousID: "dev-2"}},
		{"is seen on the first device", store.Person{AnonymousID: "dev-1"}},
		{"is seen on the second", store.Person{AnonymousID: "dev-2"}},
		{"is named by address", store.Person{Email: "ADA@example.com"}},
		{"moves", store.Person{Key: "42", Email: "ada@new.example"}},
	} {
		update(t, s, func(tx store.Tx) {
			require.Equal(t, visitor.ID, identify(t, tx, step.news).ID, step.name)
		})
	}
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		p := must(r.PersonByKey("42"))(t)
		require.Equal(t, "ada@new.example", p.Email)
		require.Equal(t, "dev-2", p.AnonymousID)
		require.Equal(t, p, must(r.PersonByAnonymousID("dev-1"))(t))
		_, err := r.PersonByEmail("ada@example.com")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

// takeover merges what was known of a visitor into the customer that the
// visitor turns out to be.
func takeover(t *testing.T, s store.Store) {
	var customer, visitor, reader store.Person
	update(t, s, func(tx store.Tx) {
		customer = identify(t, tx, store.Person{Key: "42", UpdatedAt: noon, Attributes: map[string]any{"name": "Ada"}})
		visitor = identify(t, tx, store.Person{AnonymousID: "dev-1", CreatedAt: at(-time.Hour), UpdatedAt: noon, Attributes: map[string]any{"name": "?", "utm": "ad"}})
		reader = identify(t, tx, store.Person{Email: "ada@example.com", Phone: "+49", UpdatedAt: noon})
		history(t, tx, customer.ID, visitor.ID, reader.ID)
	})
	update(t, s, func(tx store.Tx) {
		p := identify(t, tx, store.Person{Key: "42", AnonymousID: "dev-1", Email: "ada@example.com", UpdatedAt: noon})
		require.Equal(t, customer.ID, p.ID)
		require.Equal(t, map[string]any{"name": "Ada", "utm": "ad"}, p.Attributes)
		require.Equal(t, "+49", p.Phone)
		require.Equal(t, at(-time.Hour), p.CreatedAt)
	})
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		_, err := r.Person(visitor.ID)
		require.ErrorIs(t, err, store.ErrNotFound)
		p := must(r.PersonByAnonymousID("dev-1"))(t)
		require.Equal(t, customer.ID, p.ID)
		all := must(r.EventsAfter(0, 0))(t)
		require.Len(t, all, 3)
		for i, e := range all {
			require.EqualValues(t, i+1, e.Seq)
			require.Equal(t, customer.ID, e.Person)
		}
		require.Len(t, must(r.ConsentLog(customer.ID))(t), 3)
		require.Len(t, must(r.SendsOfPerson(customer.ID, 0))(t), 3)
		require.Len(t, must(r.EnrolmentsOfPerson(customer.ID))(t), 3)
		require.Len(t, must(r.WaitsFor(customer.ID, "order"))(t), 3)
		due := must(r.DuePending(at(time.Hour), 0))(t)
		require.Equal(t, []store.Pending{{Journey: "cart", Person: customer.ID, Key: "c1", Event: 3, DueAt: at(3 * time.Minute)}}, due)
		require.Equal(t, []int64{customer.ID}, inside(t, r, "vip"))
	})
}

// history gives each person one row of everything.
func history(t *testing.T, tx store.Tx, people ...int64) {
	t.Helper()
	require.NoError(t, tx.CreateCohort(store.Cohort{ID: "co", Journey: "cart", Size: len(people), CreatedAt: noon}, nil))
	for i, person := range people {
		when := at(time.Duration(i+1) * time.Minute)
		must(tx.AppendEvents([]store.Event{{Person: person, Name: "order", At: when}}))(t)
		require.NoError(t, tx.PutConsents([]store.Consent{{Person: person, Topic: "news", Channel: "email", Granted: true, At: when}}))
		must(tx.Reserve([]store.Send{send(t, person, i)}, when))(t)
		cohort := string(rune('a' + i))
		require.NoError(t, tx.CreateCohort(store.Cohort{ID: cohort, Journey: "cart", Size: 1, CreatedAt: when}, []store.Enrolment{{Person: person, EnteredAt: when}}))
		require.NoError(t, tx.AddWaits([]store.Wait{{Cohort: cohort, Person: person, Event: "order"}}))
		require.NoError(t, tx.PutPending(store.Pending{Journey: "cart", Person: person, Key: "c1", Event: int64(i + 1), DueAt: when}))
		require.NoError(t, tx.MoveMembers([]store.Move{{Segment: "vip", Person: person, Inside: true, At: when, Cause: store.ByTime}}))
	}
}

// sharedDevice shows that two customers are never merged, whatever they share.
func sharedDevice(t *testing.T, s store.Store) {
	ids := map[string]int64{}
	update(t, s, func(tx store.Tx) {
		ids["ada"] = identify(t, tx, store.Person{Key: "ada", AnonymousID: "sofa", Email: "home@example.com", UpdatedAt: noon}).ID
		ids["bob"] = identify(t, tx, store.Person{Key: "bob", AnonymousID: "sofa", Email: "home@example.com", UpdatedAt: noon}).ID
		require.NotEqual(t, ids["ada"], ids["bob"])
		require.Empty(t, must(tx.PersonByKey("bob"))(t).AnonymousID, "the device stays with whom it was first")
		require.Equal(t, ids["ada"], must(tx.PersonByAnonymousID("sofa"))(t).ID)
		require.Equal(t, ids["ada"], must(tx.PersonByEmail("home@example.com"))(t).ID, "the first of two")
		both := must(tx.PeopleByEmail("Home@example.com"))(t)
		require.Len(t, both, 2)
		require.Less(t, both[0].ID, both[1].ID)
		require.Empty(t, must(tx.PeopleByEmail(""))(t))
	})
	update(t, s, func(tx store.Tx) {
		guest := identify(t, tx, store.Person{AnonymousID: "sofa", Email: "guest@example.com", UpdatedAt: noon})
		require.NotContains(t, ids, guest.ID, "a guest at Ada's device does not change Ada's address")
		require.Equal(t, "home@example.com", must(tx.PersonByKey("ada"))(t).Email)
		again := identify(t, tx, store.Person{AnonymousID: "sofa", Email: "guest@example.com", UpdatedAt: noon})
		require.Equal(t, guest.ID, again.ID)
		require.EqualValues(t, 3, must(tx.CountPeople())(t))
	})
}
