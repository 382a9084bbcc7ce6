package postgres

import (
	"crypto/sha256"
	"fmt"

	"github.com/herald-campaigns/herald/engine/store"
)

// Reject implements store.PeopleWriter.
func (t *tx) Reject(rows []store.Rejected) error {
	for _, r := range rows {
		digest := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %s", r.Source, r.Line, r.Reason, r.Body))
		err := t.later(`INSERT INTO rejected (kind, source, line, reason, body, at, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (digest) DO UPDATE SET at = excluded.at, kind = excluded.kind`, r.Kind, r.Source, r.Line, r.Reason, r.Body, r.At, digest[:16])
		if err != nil {
			return err
		}
	}
	return nil
}

// Unreject implements store.PeopleWriter.
func (t *tx) Unreject(ids ...int64) error {
	return t.later(`DELETE FROM rejected WHERE id = ANY($1)`, ids)
}

// RejectedRows implements store.PeopleReader.
func (r *reader) RejectedRows(source string, limit int) ([]store.Rejected, error) {
	return all(r.conn, func(r *row) store.Rejected {
		return store.Rejected{ID: r.int64(), Kind: r.text(), Source: r.text(), Line: r.int(), Reason: r.text(), Body: r.text(), At: r.time()}
	}, `SELECT id, kind, source, line, reason, body, at FROM rejected WHERE $1 = '' OR source = $1 ORDER BY id DESC LIMIT $2`, source, noLimit(limit))
}
