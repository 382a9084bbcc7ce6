package sqlite

import (
	"crypto/sha256"
	"fmt"

	"github.com/herald-campaigns/herald/engine/store"
)

// Reject implements store.PeopleWriter.
func (t *tx) Reject(rows []store.Rejected) error {
	for _, r := range rows {
		digest := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %s", r.Source, r.Line, r.Reason, r.Body))
		_, err := t.exec(`INSERT INTO rejected (kind, source, line, reason, body, at, digest) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (digest) DO UPDATE SET at = excluded.at, kind = excluded.kind`, r.Kind, r.Source, r.Line, r.Reason, r.Body, r.At, digest[:16])
		if err != nil {
			return err
		}
	}
	return nil
}

// Unreject implements store.PeopleWriter.
func (t *tx) Unreject(ids ...int64) error {
	_, err := t.exec(`DELETE FROM rejected WHERE id IN (SELECT value FROM json_each(?))`, list(ids))
	return err
}

const rejectedColumns = `id, kind, source, line, reason, body, at`

func readRejected(r *row) store.Rejected {
	return store.Rejected{ID: r.int64(), Kind: r.text(), Source: r.text(), Line: r.int(), Reason: r.text(), Body: r.text(), At: r.time()}
}

// RejectedRows implements store.PeopleReader.
func (r *reader) RejectedRows(source string, limit int) ([]store.Rejected, error) {
	if source == "" {
		return all(r.conn, readRejected, `SELECT `+rejectedColumns+` FROM rejected ORDER BY id DESC LIMIT ?`, noLimit(limit))
	}
	return all(r.conn, readRejected, `SELECT `+rejectedColumns+` FROM rejected WHERE source = ? ORDER BY id DESC LIMIT ?`, source, noLimit(limit))
}
