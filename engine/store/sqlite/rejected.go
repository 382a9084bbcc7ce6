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
		_, err := t.exec(`INSERT INTO rejected (source, line, reason, body, at, digest) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (digest) DO UPDATE SET at = excluded.at`, r.Source, r.Line, r.Reason, r.Body, r.At, digest[:16])
		if err != nil {
			return err
		}
	}
	return nil
}

// RejectedRows implements store.PeopleReader.
func (r *reader) RejectedRows(limit int) ([]store.Rejected, error) {
	return all(r.conn, func(r *row) store.Rejected {
		return store.Rejected{Source: r.text(), Line: r.int(), Reason: r.text(), Body: r.text(), At: r.time()}
	}, `SELECT source, line, reason, body, at FROM rejected ORDER BY id DESC LIMIT ?`, noLimit(limit))
}
