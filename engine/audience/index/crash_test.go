package index

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

const childEnv = "HERALD_INDEX_TEST_CHILD"

func TestMain(m *testing.M) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	var t childT
	defer func() {
		if recover() != nil {
			os.Exit(1)
		}
	}()
	t.work(dir)
}

// TestCrash kills a process that writes, follows and snapshots without end, again
// and again. What it leaves is taken up, and equals what is built anew.
func TestCrash(t *testing.T) {
	dir := t.TempDir()
	schema := schemaOf(t, bakery()...)
	asked := conditions(t, schema.Project(), questions...)
	taken := 0
	for range 5 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childEnv+"="+dir)
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(out)
		require.True(t, lines.Scan(), "it has opened the index")
		time.Sleep(20*time.Millisecond + rand.N(150*time.Millisecond))
		require.NoError(t, child.Process.Kill())
		require.Error(t, child.Wait(), "it was killed")

		s := openStore(t, dir)
		ix, log := logged(t, Config{Store: s, Schema: schema, Dir: filepath.Join(dir, "index")})
		require.NotContains(t, log, "built", "a crash leaves a good snapshot")
		if strings.Contains(log, "loaded") {
			taken++
		}
		agree(t, ix, asked, now)
		require.NoError(t, s.Close())
	}
	require.Equal(t, 5, taken)
}

// childT fails by panicking.
type childT struct{}

func (childT) Errorf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (childT) FailNow()                          { panic("failed") }
func (childT) Helper()                           {}

// work writes, follows and snapshots without end.
func (t childT) work(dir string) {
	ctx := context.Background()
	s := openStore(t, dir)
	ix, err := Open(ctx, Config{Store: s, Schema: schemaOf(t, bakery()...), Dir: filepath.Join(dir, "index")})
	require.NoError(t, err)
	fmt.Println("open")
	for n := 0; ; n++ {
		update(t, s, func(tx store.Tx) error {
			p, err := tx.Identify(store.Person{Key: fmt.Sprint("k", rand.IntN(50)), Email: fmt.Sprintf("a%d@example.com", rand.IntN(50)), UpdatedAt: now, Attributes: map[string]any{"spend": float64(rand.IntN(200))}})
			if err != nil {
				return err
			}
			if _, err = tx.AppendEvents([]store.Event{{Person: p.ID, Name: "order", At: days(rand.IntN(100)), Properties: map[string]any{"total": float64(rand.IntN(200))}}}); err != nil {
				return err
			}
			switch rand.IntN(20) {
			case 0:
				return tx.Erase(p.ID)
			case 1:
				q, err := tx.Identify(store.Person{AnonymousID: fmt.Sprint("d", n), UpdatedAt: now})
				if err != nil {
					return err
				}
				_, err = tx.Merge(q.ID, p.ID)
				return err
			}
			return nil
		})
		if rand.IntN(3) == 0 {
			require.NoError(t, ix.Follow(ctx))
		}
		if rand.IntN(5) == 0 {
			require.NoError(t, ix.Snapshot(ctx))
		}
	}
}
