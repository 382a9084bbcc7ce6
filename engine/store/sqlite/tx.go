package sqlite

import (
	"encoding/json"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// reader is one transaction as store.Reader: every method is a query or two.
type reader struct{ *conn }

// tx is one transaction that writes, as store.Tx.
type tx struct {
	reader
	quiet   bool
	changes map[int64]change // that are not in the store yet
	changed []int64          // their people, in order
	words   map[string]int64
	alive   map[int64]bool // people who are known to be there

	noHashes bool // no address is suppressed by a hash
	erased   bool // somebody was: the log is to be emptied after the commit
}

func newTx(c *conn) *tx {
	return &tx{reader: reader{c}, changes: map[int64]change{}, words: map[string]int64{}, alive: map[int64]bool{}}
}

var (
	_ store.Reader = (*reader)(nil)
	_ store.Tx     = (*tx)(nil)
)

// Cursor implements store.Reader.
func (r *reader) Cursor(name string) (int64, error) {
	return one(r.conn, (*row).int64, `SELECT coalesce(max(position), 0) FROM cursors WHERE name = ?`, name)
}

// SetCursor implements store.Tx.
func (t *tx) SetCursor(name string, position int64) error {
	_, err := t.exec(`INSERT INTO cursors (name, position) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position`, name, position)
	return err
}

// OutboxItems implements store.Reader.
func (r *reader) OutboxItems(limit int) ([]store.OutboxItem, error) {
	return all(r.conn, func(r *row) store.OutboxItem {
		return store.OutboxItem{ID: r.int64(), Kind: r.text(), Workflow: r.text(), Payload: []byte(r.text()), At: r.time()}
	}, `SELECT id, kind, workflow, payload, at FROM outbox ORDER BY id LIMIT ?`, noLimit(limit))
}

// Enqueue implements store.Tx.
func (t *tx) Enqueue(item *store.OutboxItem) (err error) {
	item.ID, err = t.insert(`INSERT INTO outbox (kind, workflow, payload, at) VALUES (?, ?, ?, ?)`,
		item.Kind, item.Workflow, string(item.Payload), item.At)
	return err
}

// OutboxDone implements store.Tx.
func (t *tx) OutboxDone(ids ...int64) error {
	_, err := t.exec(`DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))`, list(ids))
	return err
}

// Acquire implements store.Tx.
func (t *tx) Acquire(name, owner string, now, until time.Time) (bool, error) {
	changed, err := t.exec(`INSERT INTO leases (name, owner, until) VALUES (?1, ?2, ?4)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
		WHERE owner = excluded.owner OR until <= ?3`, name, owner, now, until)
	return changed > 0, err
}

// Release implements store.Tx.
func (t *tx) Release(name, owner string) error {
	_, err := t.exec(`DELETE FROM leases WHERE name = ? AND owner = ?`, name, owner)
	return err
}

// list is an argument for json_each: any number of values in one.
func list[T int | int64 | string](values []T) string {
	text, err := json.Marshal(values)
	if err != nil {
		return "[]" // cannot be: the values are numbers and strings
	}
	return string(text)
}
