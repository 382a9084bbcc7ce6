package postgres

import (
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// reader is one transaction as store.Reader: every method is a query or two.
type reader struct{ *conn }

// tx is one transaction that writes, as store.Tx.
type tx struct {
	reader
	counters map[string]int64 // the last number of each kind that was given
	quiet    bool
	hashed   *bool            // whether there are hashes of suppressed addresses; nil: not asked yet
	changes  map[int64]change // that are not in the store yet
	changed  []int64          // their people, in order
}

var (
	_ store.Reader = (*reader)(nil)
	_ store.Tx     = (*tx)(nil)
)

func newTx(c *conn, counters map[string]int64) *tx {
	return &tx{reader: reader{c}, counters: counters, changes: map[int64]change{}}
}

// finish writes what waited for the end.
func (t *tx) finish() error { return t.flushChanges() }

// draw gives n numbers of a kind and returns the first. Nobody else gives any
// until this transaction has ended, so the order of numbers is that of commits.
func (t *tx) draw(counter string, n int) int64 {
	first := t.counters[counter] + 1
	t.counters[counter] += int64(n)
	return first
}

// Cursor implements store.Reader.
func (r *reader) Cursor(name string) (int64, error) {
	return one(r.conn, (*row).int64, `SELECT coalesce(max(position), 0) FROM cursors WHERE name = $1`, name)
}

// SetCursor implements store.Tx.
func (t *tx) SetCursor(name string, position int64) error {
	return t.later(`INSERT INTO cursors (name, position) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position`, name, position)
}

// OutboxItems implements store.Reader.
func (r *reader) OutboxItems(limit int) ([]store.OutboxItem, error) {
	return all(r.conn, func(r *row) store.OutboxItem {
		return store.OutboxItem{ID: r.int64(), Kind: r.text(), Workflow: r.text(), Payload: []byte(r.text()), At: r.time()}
	}, `SELECT id, kind, workflow, payload, at FROM outbox ORDER BY id LIMIT $1`, noLimit(limit))
}

// Enqueue implements store.Tx.
func (t *tx) Enqueue(item *store.OutboxItem) error {
	item.ID = t.draw("outbox", 1)
	return t.later(`INSERT INTO outbox (id, kind, workflow, payload, at) VALUES ($1, $2, $3, $4, $5)`,
		item.ID, item.Kind, item.Workflow, string(item.Payload), item.At)
}

// OutboxDone implements store.Tx.
func (t *tx) OutboxDone(ids ...int64) error {
	return t.later(`DELETE FROM outbox WHERE id = ANY($1)`, ids)
}

// Acquire implements store.Tx.
func (t *tx) Acquire(name, owner string, now, until time.Time) (bool, error) {
	changed, err := t.exec(`INSERT INTO leases (name, owner, until) VALUES ($1, $2, $4)
		ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
		WHERE leases.owner = excluded.owner OR leases.until <= $3`, name, owner, now, until)
	return changed > 0, err
}

// Release implements store.Tx.
func (t *tx) Release(name, owner string) error {
	return t.later(`DELETE FROM leases WHERE name = $1 AND owner = $2`, name, owner)
}
