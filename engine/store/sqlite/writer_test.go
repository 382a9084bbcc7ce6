package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

var ctx = context.Background()

// together runs updates so that all of them are in one group: the first waits
// within its turn until the others stand in the queue. It returns their errors.
func together(s *Store, updates ...func(store.Tx) error) []error {
	errs := make([]error, len(updates))
	inside, queued := make(chan struct{}), make(chan struct{})
	var enter sync.Once // not when it is run again
	var callers sync.WaitGroup
	callers.Go(func() {
		errs[0] = s.Update(ctx, func(tx store.Tx) error {
			enter.Do(func() {
				close(inside)
				<-queued
			})
			return updates[0](tx)
		})
	})
	<-inside
	for i, f := range updates[1:] {
		callers.Go(func() { errs[i+1] = s.Update(ctx, f) })
		for len(s.writer.queue) <= i {
			runtime.Gosched()
		}
	}
	close(queued)
	callers.Wait()
	return errs
}

// TestGroup commits three updates together; the one that fails is undone alone.
func TestGroup(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	defer s.Close()
	mine := errors.New("mine")
	var outside, inside int64
	errs := together(s,
		func(tx store.Tx) error { return tx.SetCursor("one", 1) },
		func(tx store.Tx) error { return errors.Join(tx.SetCursor("two", 2), mine) },
		func(tx store.Tx) (err error) {
			if inside, err = tx.Cursor("one"); err != nil {
				return err
			}
			return errors.Join(tx.SetCursor("three", 3), s.View(ctx, func(r store.Reader) (err error) {
				outside, err = r.Cursor("one")
				return err
			}))
		})
	require.Zero(t, outside, "what is done together is not seen before it is kept")
	require.EqualValues(t, 1, inside)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], mine)
	require.NoError(t, errs[2])
	expectCursors(t, s, 1, 0, 3)
}

// TestGroupLost has SQLite give the transaction up in the middle of a group:
// who had a turn before gets another one.
func TestGroupLost(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	defer s.Close()
	runs := make([]int, 3)
	step := func(i int, name string) func(store.Tx) error {
		return func(tx store.Tx) error {
			runs[i]++
			return tx.SetCursor(name, int64(i+1))
		}
	}
	errs := together(s, step(0, "one"), func(t store.Tx) error {
		runs[1]++
		return errors.Join(t.(*tx).script(`ROLLBACK`), errors.New("no memory"))
	}, step(2, "three"))
	require.NoError(t, errs[0])
	require.ErrorContains(t, errs[1], "no memory")
	require.NoError(t, errs[2])
	require.Equal(t, []int{2, 1, 1}, runs)
	expectCursors(t, s, 1, 0, 3)
}

func expectCursors(t *testing.T, s *Store, want ...int64) {
	t.Helper()
	got := make([]int64, len(want))
	require.NoError(t, s.View(ctx, func(r store.Reader) (err error) {
		for i, name := range []string{"one", "two", "three"} {
			if got[i], err = r.Cursor(name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}))
	require.Equal(t, want, got)
}
