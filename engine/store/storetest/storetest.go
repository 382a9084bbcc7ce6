// Package storetest is what every store.Store must do, as tests. An
// implementation calls Exercise with a function that opens an empty store.
//
// A store under test that is a Dumper as well is searched for what it was told to
// forget.
//
// One file for each noun of the contract; transactions.go holds the promises
// about View and Update, identity.go those about who is whom.
package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// Exercise runs the suite. Each test opens a store of its own; closing is left
// to the suite.
func Exercise(t *testing.T, open func(t *testing.T) store.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"people", people},
		{"people who are nobody", nobody},
		{"attributes", attributes},
		{"identity", identity},
		{"identity takes over", takeover},
		{"identity of shared devices", sharedDevice},
		{"identity of many at once", identifyAll},
		{"merge", merging},
		{"merge of moves", mergedMoves},
		{"erase", erasing},
		{"changes", changes},
		{"changes by imports", quietly},
		{"changes in order", changesInOrder},
		{"events", events},
		{"events once", eventsOnce},
		{"events in order", eventsInOrder},
		{"events one by one", eachEvent},
		{"records", records},
		{"each record", eachRecord},
		{"consents", consents},
		{"suppressions", suppressions},
		{"rejected rows", rejected},
		{"definitions", definitions},
		{"live", live},
		{"applies", applies},
		{"ledger", ledger},
		{"ledger by state machine", stateMachine},
		{"ledger leases", leases},
		{"ledger comes late", lateOwner},
		{"ledger counts", counts},
		{"engagement", engagement},
		{"cohorts", cohorts},
		{"enrolments", enrolments},
		{"step counts", stepCounts},
		{"waits", waits},
		{"pending", pending},
		{"members", members},
		{"moves", moves},
		{"runs", runs},
		{"cursors", cursors},
		{"outbox", outbox},
		{"named leases", namedLeases},
		{"update is all or nothing", rollback},
		{"update reads its own writes", ownWrites},
		{"update that leaves early", abandoned},
		{"update that swallows", swallowed},
		{"view is a snapshot", snapshot},
		{"contexts", contexts},
		{"transactions end", transactionsEnd},
		{"sixteen at once", concurrency},
		{"closed", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			test.run(t, s)
		})
	}
}

// noon is when the tests happen.
var noon = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

// at is some time after noon.
func at(d time.Duration) time.Time { return noon.Add(d) }

// update runs f in a transaction that must be kept.
func update(t *testing.T, s store.Store, f func(tx store.Tx)) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		f(tx)
		return nil
	}))
}

// view runs f over a snapshot.
func view(t *testing.T, s store.Store, f func(r store.Reader)) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		f(r)
		return nil
	}))
}

// must returns the value of a call that must not fail.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

// identify stores a person.
func identify(t *testing.T, tx store.Tx, p store.Person) store.Person {
	t.Helper()
	return must(tx.Identify(p))(t)
}

// known stores people with the given keys and returns their numbers.
func known(t *testing.T, s store.Store, keys ...string) []int64 {
	t.Helper()
	var ids []int64
	update(t, s, func(tx store.Tx) {
		ids = nil
		for _, key := range keys {
			ids = append(ids, identify(t, tx, store.Person{Key: key, UpdatedAt: noon}).ID)
		}
	})
	return ids
}
