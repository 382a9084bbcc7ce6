package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

const crashWriters = 4

// TestCrash kills a process that writes, again and again. Whatever it was told
// had been kept is there, and nothing is there by half.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	acknowledged := make([]int64, crashWriters)
	for range 6 {
		child, out := spawn(t, "crash", dir)
		go func() {
			time.Sleep(100*time.Millisecond + rand.N(250*time.Millisecond))
			_ = child.Process.Kill()
		}()
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var writer int
			var n int64
			if _, err := fmt.Sscanf(lines.Text(), "%d kept %d.", &writer, &n); err == nil {
				acknowledged[writer] = n
			}
		}
		require.Error(t, child.Wait(), "it was killed")
		inspect(t, dir, acknowledged)
	}
	for _, n := range acknowledged {
		require.NotZero(t, n)
	}
}

// crashChild has some goroutines write and say so, for ever.
func crashChild(dir string) error {
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		return err
	}
	errs := make([]error, crashWriters)
	var writers sync.WaitGroup
	for w := range crashWriters {
		writers.Go(func() {
			for errs[w] == nil {
				var n int64
				errs[w] = s.Update(context.Background(), func(tx store.Tx) (err error) {
					n, err = crashStep(tx, w)
					return err
				})
				fmt.Printf("%d kept %d.\n", w, n)
			}
		})
	}
	writers.Wait()
	return errors.Join(errs...)
}

// crashStep adds one person, two events and a step of the cursor.
func crashStep(tx store.Tx, w int) (int64, error) {
	n, err := tx.Cursor(fmt.Sprint(w))
	if err != nil {
		return 0, err
	}
	p, err := tx.Identify(store.Person{Key: fmt.Sprintf("%d-%d", w, n)})
	if err != nil {
		return 0, err
	}
	if _, err := tx.AppendEvents([]store.Event{{Person: p.ID, Name: "a"}, {Person: p.ID, Name: "b"}}); err != nil {
		return 0, err
	}
	return n + 1, tx.SetCursor(fmt.Sprint(w), n+1)
}

func inspect(t *testing.T, dir string, acknowledged []int64) {
	t.Helper()
	s := open(t, dir, Options{})
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		var steps int64
		for w, n := range acknowledged {
			kept, err := r.Cursor(fmt.Sprint(w))
			require.NoError(t, err)
			require.GreaterOrEqual(t, kept, n, "what was acknowledged is there")
			require.LessOrEqual(t, kept, n+1, "one was under way at most")
			acknowledged[w] = kept // now it is known
			steps += kept
		}
		people, err := r.CountPeople()
		require.NoError(t, err)
		events, err := r.CountEvents()
		require.NoError(t, err)
		require.Equal(t, []int64{steps, 2 * steps}, []int64{people, events}, "no half of a transaction")
		return r.EachRecord(0, store.Need{AllEvents: true}, func(rec *store.Record) error {
			require.Len(t, rec.Events, 2)
			return nil
		})
	}))
}
