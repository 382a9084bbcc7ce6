package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

const childSteps = 50

// TestTwoProcesses has this process write large transactions without a pause
// while two others write small ones. Nothing is lost, and nobody starves.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	defer s.Close()

	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var large int64
	load.Go(func() {
		for ctx.Err() == nil {
			if err := s.Update(t.Context(), func(tx store.Tx) error { return add(tx, "large", 500) }); err != nil {
				t.Error(err)
				return
			}
			large++
		}
	})
	var slowest time.Duration
	one, outOne := spawn(t, "writer", dir)
	two, outTwo := spawn(t, "writer", dir)
	for lines := bufio.NewScanner(outOne); lines.Scan(); {
		waited, err := time.ParseDuration(lines.Text())
		require.NoError(t, err)
		slowest = max(slowest, waited)
	}
	for lines := bufio.NewScanner(outTwo); lines.Scan(); {
	}
	require.NoError(t, one.Wait())
	require.NoError(t, two.Wait())
	stop()
	load.Wait()
	t.Logf("%d large transactions; the slowest small one took %v", large, slowest)
	require.Less(t, slowest, 10*time.Second)
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		for name, want := range map[string]int64{"large": large * 500, "small": 2 * childSteps} {
			n, err := r.Cursor(name)
			require.NoError(t, err)
			require.Equal(t, want, n, name)
		}
		n, err := r.CountEvents()
		require.EqualValues(t, large*500+2*childSteps, n)
		return err
	}))
}

// writerChild writes small transactions and says how long each took.
func writerChild(dir string) error {
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		return err
	}
	for range childSteps {
		started := time.Now()
		if err := s.Update(context.Background(), func(tx store.Tx) error { return add(tx, "small", 1) }); err != nil {
			return err
		}
		fmt.Println(time.Since(started))
	}
	return s.Close()
}

// add appends events and counts them.
func add(tx store.Tx, name string, events int64) error {
	p, err := tx.Identify(store.Person{Key: name})
	if err != nil {
		return err
	}
	for range events {
		if _, err := tx.AppendEvents([]store.Event{{Person: p.ID, Name: name}}); err != nil {
			return err
		}
	}
	n, err := tx.Cursor(name)
	if err != nil {
		return err
	}
	return tx.SetCursor(name, n+events)
}

// TestOpenAtOnce creates one store from many sides.
func TestOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	var openers sync.WaitGroup
	for i := range 8 {
		openers.Go(func() {
			s, err := Open(t.Context(), dir, Options{})
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
	s := open(t, dir, Options{})
	defer s.Close()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		n, err := r.CountPeople()
		require.EqualValues(t, 8, n)
		return err
	}))
}

// TestHeld gives up when another process holds the store for too long, and
// says so.
func TestHeld(t *testing.T) {
	dir := t.TempDir()
	holder := open(t, dir, Options{})
	defer holder.Close()
	s := open(t, dir, Options{BusyTimeout: 50 * time.Millisecond})
	defer s.Close()
	patient := open(t, dir, Options{})
	defer patient.Close()
	require.NoError(t, holder.Update(t.Context(), func(store.Tx) error {
		err := s.Update(t.Context(), func(store.Tx) error { return nil })
		require.ErrorContains(t, err, "is held by another process")

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, patient.Update(ctx, func(store.Tx) error { return nil }), context.DeadlineExceeded)
		return nil
	}))
	require.NoError(t, s.Update(t.Context(), func(store.Tx) error { return nil }))
}
