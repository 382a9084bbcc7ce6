package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store"
)

// Dumper is what a store under test should be besides: it tells all that is in
// its tables, in any form, so that what was to be forgotten can be looked for.
type Dumper interface {
	Dump(t *testing.T) string
}

// secrets are what is known of the person who is to be erased, and of nobody else.
var secrets = []string{
	"secret-key", "secret-old", "secret@example.com", "secret-before@example.com", "+4930777", "secret-device", "secret-tablet", "secret-name",
	"secret-value", "secret-message", "secret-proof", "secret-source", "secret-trigger", "secret-cart", "secret-provider", "secret-operand", "secret-row", "secret-smtp",
}

// erasing writes down all that can be known of a person, next to another one, and
// forgets it.
func erasing(t *testing.T, s store.Store) {
	var gone, bob int64
	update(t, s, func(tx store.Tx) {
		gone = identify(t, tx, store.Person{
			Key: "secret-key", Email: "secret@example.com", Phone: "+4930777", AnonymousID: "secret-device", UpdatedAt: noon, Attributes: map[string]any{"name": "secret-name"},
		}).ID
		identify(t, tx, store.Person{Key: "secret-key", AnonymousID: "secret-tablet"})
		former := identify(t, tx, store.Person{Key: "secret-old", Email: "secret-before@example.com", UpdatedAt: noon}).ID
		bob = identify(t, tx, store.Person{Key: "bob", Email: "bob@example.com", UpdatedAt: noon}).ID
		require.NoError(t, tx.Suppress(store.Suppression{Channel: "email", Address: "secret-before@example.com", Reason: "hard bounce", At: noon}))
		must(tx.Merge(gone, former))(t)
		remember(t, tx, gone, "secret-")
		remember(t, tx, bob, "bob-")
	})
	before := dump(t, s)
	for _, secret := range secrets {
		if before != "" {
			require.Contains(t, before, secret, "or this test would show nothing")
		}
	}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.Erase(gone))
		require.ErrorIs(t, tx.Erase(gone), store.ErrNotFound)
		require.ErrorIs(t, tx.Erase(999), store.ErrNotFound)
	})
	after := dump(t, s)
	for _, secret := range secrets {
		require.NotContains(t, after, secret)
	}
	for _, name := range []string{"bob-value", "bob-proof", "bob-trigger", "bob-provider", "bob-operand", "bob-message", "bob-row"} {
		if after != "" {
			require.Contains(t, after, name, "nobody else's")
		}
	}
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		require.EqualValues(t, 1, must(r.CountEvents())(t))
		for _, err := range []error{
			second(r.Person(gone)), second(r.PersonByKey("secret-key")), second(r.PersonByKey("secret-old")), second(r.PersonByEmail("secret@example.com")),
			second(r.PersonByEmail("secret-before@example.com")), second(r.PersonByAnonymousID("secret-tablet")), second(r.EventByMessageID("secret-message")),
		} {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		require.Empty(t, must(r.ConsentLog(gone))(t))
		require.Empty(t, must(r.WaitsFor(gone, "order"))(t))
		require.Empty(t, must(r.MovesOf(gone, "", 0))(t))
		require.Len(t, must(r.MovesOf(bob, "", 0))(t), 2)
		require.Len(t, must(r.DuePending(at(time.Hour), 0))(t), 1)
		require.Equal(t, []int64{bob}, inside(t, r, "vip"))
		require.Equal(t, map[string]int64{"vip": 1, "many": 1}, must(r.MemberCounts())(t))
		require.Equal(t, []store.SegmentDay{{Day: noon.Truncate(24 * time.Hour), Entered: 2}}, must(r.SegmentDays("vip", time.Time{}))(t))
		require.Len(t, must(r.RejectedRows("", 0))(t), 1)

		sends := must(r.SendsOfPerson(gone, 0))(t)
		require.Len(t, sends, 1, "the ledger stays")
		require.Equal(t, store.Failed, sends[0].State)
		enrolled := must(r.EnrolmentsOfPerson(gone))(t)
		require.Len(t, enrolled, 1)
		require.Equal(t, "first", enrolled[0].Step)
		changes := changesAfter(t, r, 0)
		require.Equal(t, gone, changes[len(changes)-1].Person)
		require.True(t, changes[len(changes)-1].Gone)
	})
	suppressedForEver(t, s, gone)
}

// suppressedForEver sees to it that a suppression outlives the person.
func suppressedForEver(t *testing.T, s store.Store, gone int64) {
	stays := &store.Suppression{Channel: "email", Address: "secret@example.com", Reason: "complaint", At: noon}
	update(t, s, func(tx store.Tx) {
		require.Equal(t, stays, must(tx.Suppressed("email", "Secret@example.com"))(t))
		require.NoError(t, tx.Suppress(store.Suppression{Channel: "email", Address: "secret@example.com", Reason: "hard bounce", At: noon}))
		require.Equal(t, stays, must(tx.Suppressed("email", "secret@example.com"))(t), "the first reason")
		seqs := must(tx.AppendEvents([]store.Event{{Person: identify(t, tx, store.Person{Key: "x"}).ID, Name: "order", At: noon, MessageID: "secret-message"}}))(t)
		require.NotZero(t, seqs[0], "what was forgotten may be told again")
		require.Equal(t, "hard bounce", must(tx.Suppressed("email", "secret-before@example.com"))(t).Reason, "of an address that was given up, too")
	})
	for _, again := range []func(tx store.Tx, p store.Person) (store.Person, error){
		store.Tx.Identify,
		func(tx store.Tx, p store.Person) (store.Person, error) {
			all, err := tx.IdentifyAll([]store.Person{{Key: "y"}, p})
			return all[1], err
		},
	} {
		update(t, s, func(tx store.Tx) {
			p := must(again(tx, store.Person{Key: "secret-key", Email: "secret@example.com", UpdatedAt: noon}))(t)
			require.NotEqual(t, gone, p.ID, "a number is never given again")
			record := must(tx.Records([]int64{p.ID}, store.Need{AllEvents: true, Consents: true}))(t)[0]
			require.Equal(t, []string{"email"}, record.Suppressed, "who comes back is still not written to")
			require.Empty(t, record.Events)
			require.Equal(t, stays, must(tx.Suppressed("email", "secret@example.com"))(t))
			require.NoError(t, tx.Erase(p.ID))
		})
	}
}

func dump(t *testing.T, s store.Store) string {
	t.Helper()
	if d, ok := s.(Dumper); ok {
		return strings.ToLower(d.Dump(t))
	}
	return ""
}

// remember writes down something of everything, with a word in it that is looked for.
func remember(t *testing.T, tx store.Tx, person int64, word string) {
	t.Helper()
	must(tx.AppendEvents([]store.Event{{Person: person, Name: "order", At: noon, MessageID: word + "message", Properties: map[string]any{"note": word + "value"}}}))(t)
	require.NoError(t, tx.PutConsents([]store.Consent{{Person: person, Topic: "news", Channel: "email", Granted: true, At: noon, Source: word + "source", Proof: word + "proof"}}))
	p := must(tx.Person(person))(t)
	require.NoError(t, tx.Suppress(store.Suppression{Channel: "email", Address: p.Email, Reason: "complaint", At: noon}))
	require.NoError(t, tx.Reject([]store.Rejected{
		{Kind: "people", Source: "people.csv", Line: int(person), Reason: "no age", Body: word + "row," + p.Key, At: noon},
	}))
	cohort := "journey/win_back/" + word[:3]
	require.NoError(t, tx.CreateCohort(store.Cohort{ID: cohort, Journey: "win_back", Size: 1, CreatedAt: noon}, []store.Enrolment{{
		Person: person, Key: word + "cart", Trigger: map[string]any{"note": word + "trigger"}, Step: "first", EnteredAt: noon,
	}}))
	require.NoError(t, tx.AddWaits([]store.Wait{{Cohort: cohort, Person: person, Event: "order"}}))
	require.NoError(t, tx.PutPending(store.Pending{Journey: "cart", Person: person, Key: word + "cart", Event: 1, DueAt: noon}))
	row := must(tx.Reserve([]store.Send{{
		Key: "hash-" + word[:3], Person: person, Campaign: addr.New("journey", "win_back"), Cohort: cohort, Message: addr.New("message", "survey"),
		Channel: "email", Owner: "one", LeaseUntil: at(time.Minute), CreatedAt: noon,
	}}, noon))(t)[0]
	require.NoError(t, tx.MarkSending(row.ID, "one", at(time.Minute)))
	require.NoError(t, tx.CloseSend(row.ID, "one", store.SendEnd{State: store.Failed, Reason: "550 " + word + "smtp", ProviderID: word + "provider", At: noon}))
	move := enter("vip", person, noon)
	move.Operands = []byte(`{"total":"` + word + `operand"}`)
	require.NoError(t, tx.MoveMembers([]store.Move{move}))
	require.NoError(t, tx.ShiftMembers(store.Shift{Segment: "many", Enter: []int64{person}, At: noon, Cause: store.ByEdit}))
}
