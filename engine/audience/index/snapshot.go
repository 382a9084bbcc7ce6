package index

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// A snapshot is a file: a header, which is 64 bytes, and the table as package
// column writes it. The header holds the position, and a number drawn for this
// snapshot. Before the file gets its name the store is told that number: a store
// that knows it has seen all that is in the snapshot, whatever backup it was
// restored from since, and another store does not. The store remembers the number
// of the file that is about to be replaced, too: whichever of the two a crash
// leaves is known.
const (
	snapshotFile    = "people.idx"
	snapshotTemp    = "people-*.tmp"
	snapshotMagic   = "heraldix"
	snapshotVersion = 1
	headerSize      = 64
)

// header is the beginning of a snapshot.
type header struct {
	folder uint64 // which folder it is
	number uint64 // of this snapshot
	at     Position
	moved  int64
}

func (h header) bytes() []byte {
	b := append(make([]byte, 0, headerSize), snapshotMagic...)
	for _, n := range []uint64{snapshotVersion, h.folder, h.number, uint64(h.at.Event), uint64(h.at.Change), uint64(h.moved)} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return binary.LittleEndian.AppendUint64(b, uint64(crc32.ChecksumIEEE(b)))
}

// readHeader says in reason why a header is of no use.
func readHeader(r io.Reader) (h header, reason string) {
	b := make([]byte, headerSize)
	if _, err := io.ReadFull(r, b); err != nil {
		return h, "the snapshot is cut short"
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	switch {
	case string(b[:8]) != snapshotMagic || word(7) != uint64(crc32.ChecksumIEEE(b[:56])):
		return h, "the snapshot is damaged"
	case word(1) != snapshotVersion:
		return h, "another version of herald wrote the snapshot"
	}
	return header{word(2), word(3), Position{int64(word(4)), int64(word(5))}, int64(word(6))}, ""
}

// The store remembers the numbers of snapshots as cursors, by folder.
func cursorOf(folder uint64) string     { return fmt.Sprintf("index/%016x", folder) }
func formerCursor(folder uint64) string { return cursorOf(folder) + "/former" }

// restore takes the table from the snapshot. Where that cannot be, reason says why.
func (ix *Index) restore(ctx context.Context) (reason string, err error) {
	ix.tidyFolder()
	start := time.Now()
	f, err := os.Open(filepath.Join(ix.Dir, snapshotFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "there is none", nil
	}
	if err != nil {
		return err.Error(), nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err.Error(), nil
	}
	h, reason := readHeader(f)
	if reason != "" {
		return reason, nil
	}
	if reason, err = ix.known(ctx, h); reason != "" || err != nil {
		return reason, err
	}
	table, err := column.Read(bufio.NewReader(f), info.Size()-headerSize)
	if err != nil {
		return fmt.Sprintf("the snapshot cannot be read: %v", err), nil
	}
	ix.table, ix.at, ix.moved = table, h.at, h.moved
	ix.disk.last = ix.Clock()
	ix.past = []pastPlan{{table.Plan, ix.Clock().Add(orElse(ix.Keep, time.Hour))}}
	ix.Log.InfoContext(ctx, "the index of people was loaded", "people", table.Len(), "took", time.Since(start).Round(time.Millisecond))
	return "", nil
}

// known says in reason why a snapshot is none of the store's.
func (ix *Index) known(ctx context.Context, h header) (reason string, err error) {
	err = ix.Store.View(ctx, func(r store.Reader) error {
		reason = ""
		last, err := r.Cursor(cursorOf(h.folder))
		if err != nil {
			return err
		}
		former, err := r.Cursor(formerCursor(h.folder))
		if err != nil {
			return err
		}
		event, change, err := r.Heads()
		if err != nil {
			return err
		}
		if number := int64(h.number); number != last && number != former {
			reason = "the store does not know the snapshot: it is another, or was restored from a backup"
		} else if h.at.Event > event || h.at.Change > change {
			reason = "the snapshot is ahead of the store"
		}
		return nil
	})
	return reason, err
}

// Snapshot writes the columns to disk, if there is a folder for them. What is there
// is replaced as a whole or stays; what another process has written meanwhile and
// knows more, stays.
func (ix *Index) Snapshot(ctx context.Context) (err error) {
	if ix.Dir == "" {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing a snapshot of the index of people to %s: %w", ix.Dir, err)
		}
	}()
	if err := os.MkdirAll(ix.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(ix.Dir, snapshotTemp)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // not there any more when all went well
	defer f.Close()
	there := ix.present()
	h, m, err := ix.write(f, there.folder)
	if err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if there = ix.present(); there.at != h.at && there.at.Event >= h.at.Event && there.at.Change >= h.at.Change {
		ix.disk.written(m, ix.Clock())
		return nil
	}
	if err := ix.tell(ctx, h, there); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(ix.Dir, snapshotFile)); err != nil {
		return err
	}
	ix.disk.written(m, ix.Clock())
	return syncFolder(ix.Dir)
}

// present is the header of the snapshot that is there; the zero one for none that
// this store knows.
func (ix *Index) present() header {
	f, err := os.Open(filepath.Join(ix.Dir, snapshotFile))
	if err != nil {
		return header{}
	}
	defer f.Close()
	h, reason := readHeader(f)
	if reason != "" {
		return header{}
	}
	if reason, err := ix.known(context.Background(), h); reason != "" || err != nil {
		return header{}
	}
	return h
}

// write writes the table to f. No news comes in meanwhile; questions are answered.
func (ix *Index) write(f io.Writer, folder uint64) (header, mark, error) {
	ix.news.Lock()
	defer ix.news.Unlock()
	ix.mu.Lock()
	if ix.table.Scattered() {
		ix.table.Compact()
	}
	ix.sweep(true)
	ix.mu.Unlock()
	if folder == 0 {
		folder = max(1, rand.Uint64())
	}
	h := header{folder: folder, number: max(1, rand.Uint64()>>1), at: ix.at, moved: ix.moved}
	m := ix.disk.mark()
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := w.Write(h.bytes()); err != nil {
		return h, m, err
	}
	if err := ix.table.Write(w); err != nil {
		return h, m, err
	}
	return h, m, w.Flush()
}

// tell makes the store know a snapshot that is about to replace another.
func (ix *Index) tell(ctx context.Context, h, former header) error {
	return ix.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.SetCursor(formerCursor(h.folder), int64(former.number)); err != nil {
			return err
		}
		return tx.SetCursor(cursorOf(h.folder), int64(h.number))
	})
}

// abandonedAfter is when a file that was to become a snapshot is nobody's any more.
const abandonedAfter = 10 * time.Minute

// tidyFolder removes what processes left that were killed while they wrote.
func (ix *Index) tidyFolder() {
	left, _ := filepath.Glob(filepath.Join(ix.Dir, snapshotTemp))
	for _, name := range left {
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.Remove(name)
		}
	}
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
