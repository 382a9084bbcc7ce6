package index

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// logged is an index whose log is read.
func logged(t *testing.T, c Config) (*Index, string) {
	t.Helper()
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	ix, err := Open(t.Context(), c)
	require.NoError(t, err)
	return ix, log.String()
}

func TestSnapshotIsTakenUp(t *testing.T) {
	s := newShop(t, t.TempDir())
	s.order(t, 0, 60)
	ix, log := logged(t, s.ix.Config)
	require.Contains(t, log, "was loaded")
	require.NotContains(t, log, "built")
	agree(t, ix, s.asked, now)
	before := ix.present()
	require.NoError(t, ix.Close(t.Context()))
	require.Equal(t, before, ix.present(), "one order is left to the next start")
	ix.disk.changed(enough, false, now)
	require.NoError(t, ix.Close(t.Context()))
	require.Equal(t, ix.Position(), ix.present().at)
	_, log = logged(t, s.ix.Config)
	require.Contains(t, log, "was loaded")
}

func TestSnapshotThatIsOfNoUse(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, s *shop, file string)
		why   string
	}{
		"none":  {func(t *testing.T, _ *shop, file string) { require.NoError(t, os.Remove(file)) }, "there is none"},
		"empty": {func(t *testing.T, _ *shop, file string) { require.NoError(t, os.WriteFile(file, nil, 0o600)) }, "cut short"},
		"other file": {func(t *testing.T, _ *shop, file string) {
			require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("x"), 500), 0o600))
		}, "damaged"},
		"version": {func(t *testing.T, _ *shop, file string) {
			change(t, file, func(b []byte) []byte {
				b[8]++
				copy(b[56:], binary.LittleEndian.AppendUint64(nil, uint64(crc32.ChecksumIEEE(b[:56]))))
				return b
			})
		}, "another version"},
		"header": {func(t *testing.T, _ *shop, file string) {
			change(t, file, func(b []byte) []byte { b[30] ^= 1; return b })
		}, "damaged"},
		"body": {func(t *testing.T, _ *shop, file string) {
			change(t, file, func(b []byte) []byte { b[len(b)-9] ^= 1; return b })
		}, "cannot be read"},
		"cut": {func(t *testing.T, _ *shop, file string) {
			change(t, file, func(b []byte) []byte { return b[:len(b)-1] })
		}, "cannot be read"},
		"ahead":    {func(t *testing.T, _ *shop, file string) { change(t, file, ahead) }, "ahead of the store"},
		"stranger": {func(t *testing.T, s *shop, _ string) { s.ix.Store = newStore(t) }, "the store does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, t.TempDir())
			tt.spoil(t, s, filepath.Join(s.ix.Dir, snapshotFile))
			ix, log := logged(t, s.ix.Config)
			require.Contains(t, log, "built from the record")
			require.Contains(t, log, tt.why)
			agree(t, ix, s.asked, now)
			_, log = logged(t, s.ix.Config)
			require.Contains(t, log, "was loaded", "a good one is there now")
		})
	}
}

func change(t *testing.T, file string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, f(b), 0o600))
}

// ahead is a snapshot with a position that the store never had.
func ahead(b []byte) []byte {
	h, _ := readHeader(bytes.NewReader(b))
	h.at.Event += 100
	return append(h.bytes(), b[headerSize:]...)
}

// A store that was restored from a backup and has grown past the snapshot since is
// not what the snapshot is of.
func TestSnapshotOfAFutureThatWasUndone(t *testing.T) {
	dir := t.TempDir()
	live, backup := filepath.Join(dir, "live"), filepath.Join(dir, "backup")
	schema := schemaOf(t, bakery()...)
	asked := conditions(t, schema.Project(), questions...)
	s := &shop{store: openStore(t, live)}
	s.identify(t, "ada", "")
	config := Config{Store: s.store, Schema: schema, Dir: filepath.Join(dir, "index")}
	_, log := logged(t, config)
	require.Contains(t, log, "built")
	require.NoError(t, s.store.Close())
	require.NoError(t, os.CopyFS(backup, os.DirFS(live)))

	s.store = openStore(t, live)
	config.Store = s.store
	s.order(t, 0, 500)
	ix, _ := logged(t, config)
	require.NoError(t, ix.Snapshot(t.Context()))
	require.NoError(t, s.store.Close())

	s.store = openStore(t, backup)
	config.Store = s.store
	defer func() { require.NoError(t, s.store.Close()) }()
	for range 5 {
		s.order(t, 0, 1)
	}
	ix, log = logged(t, config)
	require.Contains(t, log, "the store does not know the snapshot")
	agree(t, ix, asked, now)
}

// A crash between telling the store of a snapshot and putting it in its place
// leaves the former one good.
func TestCrashBeforeTheSnapshotIsInPlace(t *testing.T) {
	s := newShop(t, t.TempDir())
	for range 3 {
		there := s.ix.present()
		require.NotZero(t, there.folder)
		require.NoError(t, s.ix.tell(t.Context(), header{folder: there.folder, number: there.number + 1}, there))
	}
	_, log := logged(t, s.ix.Config)
	require.Contains(t, log, "was loaded")
}

// An older process does not put its snapshot over that of one that knows more.
func TestSnapshotsOfTwoProcesses(t *testing.T) {
	s := newShop(t, t.TempDir())
	other, _ := logged(t, s.ix.Config)
	s.order(t, 0, 60)
	require.NoError(t, other.Follow(t.Context()))
	require.NoError(t, other.Snapshot(t.Context()))
	require.NoError(t, s.ix.Snapshot(t.Context()))
	require.Equal(t, other.Position(), s.ix.present().at)
	left, err := filepath.Glob(filepath.Join(s.ix.Dir, "*"))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing is left over")
}

// A folder that cannot be written to stops nobody from asking.
func TestNoRoomForASnapshot(t *testing.T) {
	s := newShop(t, "")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	s.ix.Dir = filepath.Join(file, "index")
	ix, log := logged(t, s.ix.Config)
	require.Contains(t, log, "has no snapshot")
	agree(t, ix, s.asked, now)
	require.ErrorContains(t, ix.Snapshot(t.Context()), "writing a snapshot")
}

// Someone who was erased is in no memory and in no snapshot, soon.
func TestErasedIsGone(t *testing.T) {
	s := newShop(t, t.TempDir())
	clock := now
	s.ix.Clock = func() time.Time { return clock }
	require.NoError(t, s.ix.Use(t.Context(), schemaOf(t, bakery(segment("me", "profile.email == 'x'"), segment("notes", "events.order.exists(o, o.note == 'x')"))...)))
	eve, eva := s.secret(t, "eve"), s.secret(t, "eva")
	onDisk := func() string {
		b, err := os.ReadFile(filepath.Join(s.ix.Dir, snapshotFile))
		require.NoError(t, err)
		return string(b)
	}
	require.NoError(t, s.ix.Follow(t.Context()))
	require.NoError(t, s.ix.Snapshot(t.Context()))
	says(t, onDisk(), "eve", true)
	says(t, onDisk(), "eva", true)

	update(t, s.store, func(tx store.Tx) error { return tx.Erase(eve) })
	require.NoError(t, s.ix.Follow(t.Context()))
	says(t, s.ix.strings(), "eve", false)
	update(t, s.store, func(tx store.Tx) error { return tx.Erase(eva) })
	require.NoError(t, s.ix.Follow(t.Context()))
	clock = clock.Add(10 * time.Second)
	require.NoError(t, s.ix.Maintain(t.Context()))
	says(t, s.ix.strings(), "eva", false)
	says(t, onDisk(), "eve", true)
	clock = clock.Add(time.Minute)
	require.NoError(t, s.ix.Maintain(t.Context()))
	says(t, onDisk(), "eve", false)
	says(t, onDisk(), "eva", false)

	last := s.ix.present()
	clock = clock.Add(time.Hour)
	require.NoError(t, s.ix.Maintain(t.Context()))
	require.Equal(t, last, s.ix.present(), "nothing is due")
}

// secret is a person with an address and a note that nobody else has.
func (s *shop) secret(t *testing.T, name string) (id int64) {
	t.Helper()
	update(t, s.store, func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: name, Email: name + "@secret.example", UpdatedAt: now})
		if err != nil {
			return err
		}
		id = p.ID
		_, err = tx.AppendEvents([]store.Event{{Person: p.ID, Name: "order", At: now, Properties: map[string]any{"note": "for " + name + "-at-home"}}})
		return err
	})
	return id
}

// says tells whether bytes hold what a person said.
func says(t *testing.T, body, name string, want bool) {
	t.Helper()
	require.Equal(t, want, strings.Contains(body, name+"@secret.example"))
	require.Equal(t, want, strings.Contains(body, name+"-at-home"))
}

// strings are all that the columns hold.
func (ix *Index) strings() string {
	var b bytes.Buffer
	if err := ix.table.Write(&b); err != nil {
		return fmt.Sprint(err)
	}
	return b.String()
}
