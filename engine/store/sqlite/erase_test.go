package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// Who is erased is gone from the bytes of every file, also from pages that were
// given up earlier, while the store is open.
func TestErasedIsGoneFromTheFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const secret = "zoe.secret"
	update := func(f func(store.Tx) error) { require.NoError(t, s.Update(t.Context(), f)) }
	var zoe int64
	for i := range 20 { // of growing size, so that rows move about
		update(func(tx store.Tx) error {
			p, err := tx.Identify(store.Person{Key: "zoe", Email: secret + "@erase.example", Attributes: map[string]any{"note": strings.Repeat(secret, 40*(i+1))}, UpdatedAt: now})
			if err != nil {
				return err
			}
			zoe = p.ID
			_, err = tx.AppendEvents([]store.Event{{Person: zoe, Name: "e", At: now, ReceivedAt: now, MessageID: fmt.Sprint(secret, i), Properties: map[string]any{"s": strings.Repeat(secret, 300)}}})
			return err
		})
	}
	update(func(tx store.Tx) error {
		return tx.Reject([]store.Rejected{{Source: "api", Body: secret + "@erase.example", At: now}})
	})
	require.True(t, holds(t, dir, secret))
	update(func(tx store.Tx) error { return tx.Erase(zoe) })
	require.False(t, holds(t, dir, secret))
}

// holds looks for a text in all files of a folder.
func holds(t *testing.T, dir, text string) bool {
	t.Helper()
	found := false
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, name := range files {
		body, err := os.ReadFile(name)
		require.NoError(t, err)
		found = found || bytes.Contains(body, []byte(text))
	}
	return found
}
