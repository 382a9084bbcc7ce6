package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// TestKillImport kills an import again and again, each time a little further, and
// runs it once more: each row is there once.
func TestKillImport(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.hcl"), []byte("event \"order\" {\n  property \"total\" { type = number }\n}\ntopic \"news\" {}\n"), 0o600))
	const rows, everybody = 40_000, 1000
	var file bytes.Buffer
	file.WriteString("user_id,event,at,total\n")
	for i := range rows {
		fmt.Fprintf(&file, "p%d,order,%s,%d\n", i%everybody, time.Unix(1_700_000_000+int64(i), 0).UTC().Format(time.RFC3339), i)
	}
	path := filepath.Join(dir, "orders.csv")
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, ".herald"), sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	count := func() (events, people int64) {
		require.NoError(t, s.View(t.Context(), func(r store.Reader) (err error) {
			if events, err = r.CountEvents(); err != nil {
				return err
			}
			people, err = r.CountPeople()
			return err
		}))
		return events, people
	}
	// Who was killed holds the lease of history for a minute, which nobody waits for here.
	release := func() {
		require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
			if _, err := tx.Acquire("history", "a test", time.Now().Add(time.Hour), time.Now().Add(time.Hour)); err != nil {
				return err
			}
			return tx.Release("history", "a test")
		}))
	}
	killed := 0
	for range 4 {
		before, _ := count()
		p := startProcess(t, "import", "events", path, dir)
		require.Eventually(t, func() bool {
			now, _ := count()
			return now > before || now == rows
		}, time.Minute, time.Millisecond)
		p.kill()
		release()
		if now, _ := count(); now < rows {
			killed++
		}
	}
	require.NotZero(t, killed, "no kill came in time")
	herald(t, "import", "events", path, dir)
	events, people := count()
	require.EqualValues(t, rows, events)
	require.EqualValues(t, everybody, people)
}
