package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

func cursors(t *testing.T, s store.Store) {
	view(t, s, func(r store.Reader) { require.Zero(t, must(r.Cursor("index"))(t)) })
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.SetCursor("index", 7))
		require.NoError(t, tx.SetCursor("index", 5))
		require.NoError(t, tx.SetCursor("other", 1))
	})
	view(t, s, func(r store.Reader) { require.EqualValues(t, 5, must(r.Cursor("index"))(t)) })
}

func outbox(t *testing.T, s store.Store) {
	items := []store.OutboxItem{
		{Kind: "start-cohort", Workflow: "journey/a/1", Payload: []byte(`{"size":2}`), At: noon},
		{Kind: "signal", Workflow: "journey/a/1", Payload: []byte(`{}`), At: noon},
		{Kind: "signal", Workflow: "journey/a/2", Payload: []byte(`{}`), At: noon},
	}
	update(t, s, func(tx store.Tx) {
		for i := range items {
			require.NoError(t, tx.Enqueue(&items[i]))
		}
		require.Less(t, items[0].ID, items[1].ID)
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, items, must(r.OutboxItems(0))(t))
		require.Equal(t, items[:2], must(r.OutboxItems(2))(t))
	})
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.OutboxDone())
		require.NoError(t, tx.OutboxDone(items[0].ID, items[2].ID, 999))
	})
	update(t, s, func(tx store.Tx) {
		require.Equal(t, items[1:2], must(tx.OutboxItems(0))(t))
		require.NoError(t, tx.OutboxDone(items[1].ID))
		another := store.OutboxItem{Kind: "signal", At: noon, Payload: []byte(`{}`)}
		require.NoError(t, tx.Enqueue(&another))
		require.Greater(t, another.ID, items[2].ID, "a number is never given again")
	})
}

func namedLeases(t *testing.T, s store.Store) {
	acquire := func(owner string, now, until time.Time) bool {
		var got bool
		update(t, s, func(tx store.Tx) { got = must(tx.Acquire("apply", owner, now, until))(t) })
		return got
	}
	require.True(t, acquire("one", noon, at(time.Minute)))
	require.False(t, acquire("two", at(59*time.Second), at(time.Hour)))
	require.True(t, acquire("one", at(30*time.Second), at(2*time.Minute)), "the holder renews")
	require.False(t, acquire("two", at(time.Minute), at(time.Hour)))
	require.True(t, acquire("two", at(2*time.Minute), at(time.Hour)), "it has run out")
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.Release("apply", "one"), "not the holder: no effect") })
	require.False(t, acquire("one", at(3*time.Minute), at(time.Hour)))
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.Release("apply", "two")) })
	require.True(t, acquire("one", at(3*time.Minute), at(time.Hour)))
}

func rollback(t *testing.T, s store.Store) {
	mine := errors.New("changed my mind")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: "42", UpdatedAt: noon})
		if err != nil {
			return err
		}
		if _, err := tx.AppendEvents([]store.Event{{Person: p.ID, Name: "x", At: noon}}); err != nil {
			return err
		}
		return mine
	})
	require.ErrorIs(t, err, mine)
	view(t, s, func(r store.Reader) {
		require.Zero(t, must(r.CountPeople())(t))
		require.Zero(t, must(r.CountEvents())(t))
	})
}

func ownWrites(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) {
		p := identify(t, tx, store.Person{Key: "42", UpdatedAt: noon})
		seq := must(tx.AppendEvents([]store.Event{{Person: p.ID, Name: "x", At: noon}}))(t)[0]
		require.Equal(t, p, must(tx.PersonByKey("42"))(t))
		require.Equal(t, seq, must(tx.EventsAfter(0, 0))(t)[0].Seq)
		require.Len(t, must(tx.Records([]int64{p.ID}, store.Need{AllEvents: true}))(t)[0].Events["x"], 1)
	})
}

// abandoned leaves an Update by a panic and by runtime.Goexit, as a failing
// test does; both undo it, and the store goes on.
func abandoned(t *testing.T, s store.Store) {
	write := func(tx store.Tx) { identify(t, tx, store.Person{Key: "42", UpdatedAt: noon}) }
	require.PanicsWithValue(t, "oh", func() {
		_ = s.Update(t.Context(), func(tx store.Tx) error {
			write(tx)
			panic("oh")
		})
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Update(t.Context(), func(tx store.Tx) error {
			write(tx)
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	require.PanicsWithValue(t, "oh", func() {
		_ = s.View(t.Context(), func(store.Reader) error { panic("oh") })
	})
	view(t, s, func(r store.Reader) { require.Zero(t, must(r.CountPeople())(t)) })
	update(t, s, write)
}

// swallowed drops an error of the store within f: nothing is kept all the same.
func swallowed(t *testing.T, s store.Store) {
	err := s.Update(t.Context(), func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: "42", UpdatedAt: noon})
		if err != nil {
			return err
		}
		_, _ = tx.AppendEvents([]store.Event{{Person: p.ID, Name: "x", At: noon}, {Person: p.ID + 1, Name: "x", At: noon}})
		return nil
	})
	require.Error(t, err)
	view(t, s, func(r store.Reader) { require.Zero(t, must(r.CountPeople())(t)) })
}

func snapshot(t *testing.T, s store.Store) {
	known(t, s, "ada")
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		known(t, s, "bob") // an Update within a View does not wait, and is not seen
		require.EqualValues(t, 1, must(r.CountPeople())(t))
		require.ErrorIs(t, second(r.PersonByKey("bob")), store.ErrNotFound)
		view(t, s, func(inner store.Reader) { require.EqualValues(t, 2, must(inner.CountPeople())(t)) })
	})
	mine := errors.New("mine")
	require.ErrorIs(t, s.View(t.Context(), func(store.Reader) error { return mine }), mine)
}

func contexts(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.View(ctx, func(store.Reader) error { return nil }), context.Canceled)
	require.ErrorIs(t, s.Update(ctx, func(tx store.Tx) error {
		_, err := tx.Identify(store.Person{Key: "42", UpdatedAt: noon})
		return err
	}), context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	require.ErrorIs(t, s.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Identify(store.Person{Key: "42", UpdatedAt: noon}); err != nil {
			return err
		}
		cancel()
		_, _ = tx.CountPeople() // and swallows it
		return nil
	}), context.Canceled)
	view(t, s, func(r store.Reader) { require.Zero(t, must(r.CountPeople())(t)) })
}

// transactionsEnd keeps a Reader and a Tx beyond their time.
func transactionsEnd(t *testing.T, s store.Store) {
	var reader store.Reader
	var tx store.Tx
	view(t, s, func(r store.Reader) { reader = r })
	update(t, s, func(t store.Tx) { tx = t })
	require.Error(t, second(reader.CountPeople()))
	require.Error(t, second(tx.CountPeople()))
	require.Error(t, second(tx.Identify(store.Person{Key: "42"})))
}

// concurrency has sixteen goroutines count the same cursor up while others
// look: no step is lost, and nobody sees half of one.
func concurrency(t *testing.T, s store.Store) {
	const goroutines, steps = 16, 30
	var writers, readers sync.WaitGroup
	errs := make(chan error, 2*goroutines)
	stop := make(chan struct{})
	for g := range goroutines {
		writers.Go(func() {
			for i := range steps {
				if err := s.Update(t.Context(), func(tx store.Tx) error { return countUp(tx, g, i) }); err != nil && !errors.Is(err, errEveryFifth) {
					errs <- err
					return
				}
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.View(t.Context(), whole); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	view(t, s, func(r store.Reader) {
		require.EqualValues(t, goroutines*steps*4/5, must(r.Cursor("count"))(t))
	})
}

var errEveryFifth = errors.New("every fifth fails")

// countUp raises two counters and adds a person; every fifth call changes its
// mind after that.
func countUp(tx store.Tx, g, i int) error {
	n, err := tx.Cursor("count")
	if err != nil {
		return err
	}
	if _, err := tx.Identify(store.Person{Key: fmt.Sprintf("%d-%d", g, i), UpdatedAt: noon}); err != nil {
		return err
	}
	if err := errors.Join(tx.SetCursor("count", n+1), tx.SetCursor("copy", n+1)); err != nil {
		return err
	}
	if i%5 == 4 {
		return errEveryFifth
	}
	return nil
}

// whole looks for half of a countUp.
func whole(r store.Reader) error {
	count, err := r.Cursor("count")
	if err != nil {
		return err
	}
	same, err := r.Cursor("copy")
	if err != nil {
		return err
	}
	people, err := r.CountPeople()
	if err != nil {
		return err
	}
	if count != same || count != people {
		return fmt.Errorf("half a transaction is seen: %d, %d and %d", count, same, people)
	}
	return nil
}

func closed(t *testing.T, s store.Store) {
	require.NoError(t, s.Close())
	require.Error(t, s.View(t.Context(), func(store.Reader) error { return nil }))
	require.Error(t, s.Update(t.Context(), func(store.Tx) error { return nil }))
	require.NoError(t, s.Close(), "again is no harm")
}
