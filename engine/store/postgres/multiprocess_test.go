package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
)

// add appends events and counts them.
func add(tx store.Tx, name string, events int64) error {
	p, err := tx.Identify(store.Person{Key: name})
	if err != nil {
		return err
	}
	batch := make([]store.Event, events)
	for i := range batch {
		batch[i] = store.Event{Person: p.ID, Name: name}
	}
	if _, err := tx.AppendEvents(batch); err != nil {
		return err
	}
	n, err := tx.Cursor(name)
	if err != nil {
		return err
	}
	return tx.SetCursor(name, n+events)
}

// TestManyStores has four stores, as of four processes, write large and small
// transactions at once while others follow. Nothing is lost, nothing appears
// below what was read, and every lease has one holder.
func TestManyStores(t *testing.T) {
	address := pgtest.URL(t)
	const stores, goroutines, steps = 4, 4, 15
	var writers, followers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var held sync.Map
	for i := range stores {
		s := open(t, address, Options{})
		for g := range goroutines {
			writers.Go(func() {
				for n := range steps {
					err := s.Update(t.Context(), func(tx store.Tx) error { return add(tx, fmt.Sprintf("%d", i), int64(1+g*n*10)) })
					if err == nil {
						err = s.Update(t.Context(), func(tx store.Tx) error { return add(tx, "all", 1) })
					}
					if err == nil {
						err = s.Update(t.Context(), func(tx store.Tx) error {
							got, err := tx.Acquire("lease", fmt.Sprint(i, g), time.Unix(int64(n), 0), time.Unix(1000, 0))
							if got {
								held.Store(fmt.Sprint(i, g), true)
							}
							return err
						})
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		followers.Go(func() {
			if err := follow(ctx, t, s); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	stop()
	followers.Wait()
	holders := 0
	held.Range(func(any, any) bool { holders++; return true })
	require.Equal(t, 1, holders)
	s := open(t, address, Options{})
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		total := int64(0)
		for i := range stores {
			n, err := r.Cursor(fmt.Sprint(i))
			require.NoError(t, err)
			total += n
		}
		all, err := r.Cursor("all")
		require.NoError(t, err)
		require.EqualValues(t, stores*goroutines*steps, all)
		n, err := r.CountEvents()
		require.NoError(t, err)
		require.Equal(t, total+all, n)
		event, change, err := r.Heads()
		require.Equal(t, n, event)
		people, _ := r.CountPeople()
		require.Equal(t, people, change, "each was new once, and nothing changed then")
		return err
	}))
}

// follow reads events and changes as they come, and compares with a reading from
// the beginning that nothing came below what was read.
func follow(ctx context.Context, t *testing.T, s *Store) error {
	words := s.Notifications(ctx)
	var events, changes []int64
	for range words {
		err := s.View(context.Background(), func(r store.Reader) error {
			head, headOfChanges, err := r.Heads()
			if err != nil {
				return err
			}
			news, err := r.EventsAfter(last(events), 0)
			if err != nil {
				return err
			}
			for _, e := range news {
				events = append(events, e.Seq)
			}
			newChanges, err := r.ChangesAfter(last(changes), 0)
			for _, c := range newChanges {
				changes = append(changes, c.Seq)
			}
			if last(events) != head || last(changes) != headOfChanges {
				return fmt.Errorf("heads are %d and %d, read up to %d and %d", head, headOfChanges, last(events), last(changes))
			}
			n, err2 := r.CountEvents()
			if n != int64(len(events)) {
				return fmt.Errorf("%d events are there, and %d were read one after the other", n, len(events))
			}
			if err == nil {
				err = err2
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(events) == 0 {
		t.Error("nothing was heard of")
	}
	return nil
}

func last(list []int64) int64 {
	if len(list) == 0 {
		return 0
	}
	return list[len(list)-1]
}

// TestOpenAtOnce creates one store from many sides.
func TestOpenAtOnce(t *testing.T) {
	address := pgtest.URL(t)
	var openers sync.WaitGroup
	for i := range 8 {
		openers.Go(func() {
			s, err := Open(t.Context(), address, Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if err := s.Update(t.Context(), func(tx store.Tx) error { return add(tx, fmt.Sprint(i), 1) }); err != nil {
				t.Error(err)
			}
		})
	}
	openers.Wait()
	s := open(t, address, Options{})
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		n, err := r.CountPeople()
		require.EqualValues(t, 8, n)
		return err
	}))
}

// TestGroup fails one of many that share a transaction: the others are kept.
func TestGroup(t *testing.T) {
	s := open(t, pgtest.URL(t), Options{})
	const n = 40
	gate, ready := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { // holds the writer until all wait
		_ = s.Update(t.Context(), func(store.Tx) error { close(ready); <-gate; return nil })
	})
	<-ready
	for i := range n {
		all.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				switch {
				case i%4 == 1:
					if err := add(tx, "no", 1); err != nil {
						return err
					}
					return errAbandoned
				case i%4 == 2:
					_, err := tx.AppendEvents([]store.Event{{Person: 1 << 40, Name: "x"}})
					return err
				case i%4 == 3:
					return nil // does nothing
				}
				return add(tx, "yes", 1)
			})
			if (err == nil) != (i%4 == 0 || i%4 == 3) {
				t.Error(i, err)
			}
		})
	}
	for len(s.writer.queue) < n {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	all.Wait()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		yes, err := r.Cursor("yes")
		require.NoError(t, err)
		require.EqualValues(t, n/4, yes)
		events, err := r.CountEvents()
		require.EqualValues(t, n/4, events)
		return err
	}))
}

// TestLateFailure has the last statement of one update fail, which travels with what
// another asks, or with the commit: the one hears of it, the others are kept.
func TestLateFailure(t *testing.T) {
	s := open(t, pgtest.URL(t), Options{})
	const fail = `DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '53100'; END $$`
	for _, n := range []int{1, 2, 9} {
		gate, ready := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		var once sync.Once // it runs again where the others have cost it its transaction
		all.Go(func() {
			_ = s.Update(t.Context(), func(store.Tx) error { once.Do(func() { close(ready) }); <-gate; return nil })
		})
		<-ready
		for i := range n {
			all.Go(func() {
				err := s.Update(t.Context(), func(t store.Tx) error {
					if i == n/2 {
						return t.(*tx).later(fail)
					}
					return add(t, fmt.Sprint("late", n), 1)
				})
				if i == n/2 {
					if !errors.Is(err, store.ErrFull) {
						t.Error(err)
					}
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		for len(s.writer.queue) < n {
			time.Sleep(time.Millisecond)
		}
		close(gate)
		all.Wait()
		require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
			kept, err := r.Cursor(fmt.Sprint("late", n))
			require.EqualValues(t, n-1, kept)
			return err
		}))
	}
}
