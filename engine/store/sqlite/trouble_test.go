package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// TestFull fills the store up: what was kept stays, what was not leaves
// nothing behind, and with more room it goes on.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{MaxBytes: 1 << 20})
	var kept int64
	var err error
	for err == nil {
		err = s.Update(t.Context(), func(tx store.Tx) error { return fill(tx, kept) })
		if err == nil {
			kept++
		}
		require.Less(t, kept, int64(1000))
	}
	require.ErrorIs(t, err, store.ErrFull)
	require.ErrorContains(t, err, "make room")
	require.NotZero(t, kept)
	count := func(s *Store) (n int64) {
		require.NoError(t, s.View(t.Context(), func(r store.Reader) (err error) {
			n, err = r.CountEvents()
			return err
		}))
		return n
	}
	require.Equal(t, kept*20, count(s))
	require.ErrorIs(t, s.Update(t.Context(), func(tx store.Tx) error {
		_ = fill(tx, kept) // and swallows it
		return nil
	}), store.ErrFull)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error { return tx.SetCursor("small", 1) }), "what needs no room is kept")
	require.Equal(t, kept*20, count(s))
	require.NoError(t, s.Close())

	s = open(t, dir, Options{})
	defer s.Close()
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error { return fill(tx, kept) }))
	require.Equal(t, (kept+1)*20, count(s))
}

// fill writes some 40 KB.
func fill(tx store.Tx, n int64) error {
	p, err := tx.Identify(store.Person{Key: strings.Repeat("k", int(n+1))})
	if err != nil {
		return err
	}
	for range 20 {
		if _, err := tx.AppendEvents([]store.Event{{Person: p.ID, Name: "x", Properties: map[string]any{"note": strings.Repeat("x", 2000)}}}); err != nil {
			return err
		}
	}
	return nil
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, dir string)
		says    []string
	}{
		{"a newer schema", func(t *testing.T, dir string) {
			s := open(t, dir, Options{})
			_, err := s.writer.conn.exec(`INSERT INTO migrations VALUES (99, 'from the future', 0)`)
			require.NoError(t, err)
			require.NoError(t, s.Close())
		}, []string{"newer herald", "schema 99", "upgrade"}},
		{"a database of another program", func(t *testing.T, dir string) {
			path := filepath.Join(dir, FileName)
			c, err := connect(dsn(path, nil), path)
			require.NoError(t, err)
			require.NoError(t, c.script(`CREATE TABLE bookmarks (url TEXT)`))
			require.NoError(t, c.close())
		}, []string{"another program", "folder of its own"}},
		{"what is no database", func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, FileName), []byte(strings.Repeat("dear diary ", 1000)), 0o600))
		}, []string{"damaged", "put back a copy"}},
		{"a damaged database", func(t *testing.T, dir string) {
			s := open(t, dir, Options{})
			require.NoError(t, s.Close())
			path := filepath.Join(dir, FileName)
			file, err := os.ReadFile(path)
			require.NoError(t, err)
			copy(file[100:], strings.Repeat("x", 8000))
			require.NoError(t, os.WriteFile(path, file, 0o600))
		}, []string{"damaged", ".recover"}},
		{"a folder where the file should be", func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, FileName), 0o700))
		}, []string{"cannot be opened", "rights"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.prepare(t, dir)
			_, err := Open(t.Context(), dir, Options{BusyTimeout: time.Second})
			for _, words := range append(test.says, filepath.Join(dir, FileName)) {
				require.ErrorContains(t, err, words)
			}
		})
	}
	t.Run("a file where the folder should be", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		_, err := Open(t.Context(), file, Options{})
		require.ErrorContains(t, err, "folder of the store")
	})
}

func TestReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everything")
	}
	dir := t.TempDir()
	require.NoError(t, open(t, dir, Options{}).Close())
	require.NoError(t, os.Chmod(filepath.Join(dir, FileName), 0o400))
	_, err := Open(t.Context(), dir, Options{})
	require.ErrorContains(t, err, "cannot be written")
}

// TestOddNames opens stores in folders whose names mean something in a URI.
func TestOddNames(t *testing.T) {
	for _, name := range []string{"a b", "50%", "what?", "#1", "ü", "a&b=c"} {
		dir := filepath.Join(t.TempDir(), name, "nested")
		require.NoError(t, open(t, dir, Options{}).Close(), name)
		require.FileExists(t, filepath.Join(dir, FileName))
	}
}

// TestMigrations applies steps one after the other, all or none.
func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	c, err := connect(dsn(path, nil), path)
	require.NoError(t, err)
	defer c.close()
	migrate := func(sql ...string) error {
		steps := make([]migration, len(sql))
		for i, s := range sql {
			steps[i] = migration{version: i + 1, name: "step", sql: s}
		}
		require.NoError(t, c.script(`BEGIN IMMEDIATE`))
		if err := c.migrate(steps, time.Now()); err != nil {
			require.NoError(t, c.script(`ROLLBACK`))
			return err
		}
		return c.script(`COMMIT`)
	}
	version := func() int64 {
		v, err := c.version()
		require.NoError(t, err)
		return v
	}
	const create, add, bad = `CREATE TABLE a (x)`, `INSERT INTO a VALUES (1)`, `INSERT INTO nowhere VALUES (1)`
	require.ErrorContains(t, migrate(create, add, bad), "0003_step")
	require.Zero(t, version(), "nothing of it")
	require.NoError(t, migrate(create))
	require.EqualValues(t, 1, version())
	require.NoError(t, migrate(create, add, add))
	require.EqualValues(t, 3, version())
	require.NoError(t, migrate(create, add, add), "again is no harm")
	n, err := one(c, (*row).int64, `SELECT count(*) FROM a`)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.ErrorContains(t, migrate(create), "newer herald")

	embedded, err := migrations()
	require.NoError(t, err)
	require.NotEmpty(t, embedded)
	require.Equal(t, "record", embedded[0].name)
}
