package postgres

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

const runColumns = `id, broadcast, definition, due_at, size, created_at, ended_at`

func readRun(r *row) store.Run {
	return store.Run{
		ID: r.text(), Broadcast: r.text(), Definition: campaign.Digest(r.text()), DueAt: r.time(), Size: r.int(), CreatedAt: r.time(), EndedAt: r.time(),
	}
}

// Run implements store.BroadcastReader.
func (r *reader) Run(id string) (store.Run, error) {
	return one(r.conn, readRun, `SELECT `+runColumns+` FROM runs WHERE id = $1`, id)
}

// Runs implements store.BroadcastReader.
func (r *reader) Runs(broadcast string, limit int) ([]store.Run, error) {
	return all(r.conn, readRun, `SELECT `+runColumns+` FROM runs WHERE broadcast = $1 ORDER BY position DESC LIMIT $2`, broadcast, noLimit(limit))
}

// Recipients implements store.BroadcastReader.
func (r *reader) Recipients(run string, from, to int) ([]store.Recipient, error) {
	return all(r.conn, func(r *row) store.Recipient {
		return store.Recipient{Run: run, Index: r.int(), Person: r.int64()}
	}, `SELECT idx, person FROM recipients WHERE run = (SELECT position FROM runs WHERE id = $1) AND idx >= $2 AND idx < $3 ORDER BY idx`, run, from, to)
}

// CreateRun implements store.BroadcastWriter.
func (t *tx) CreateRun(r store.Run, people []int64) error {
	position, err := one(t.conn, (*row).int64, `INSERT INTO runs (`+runColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING position`,
		r.ID, r.Broadcast, r.Definition, r.DueAt, r.Size, r.CreatedAt, r.EndedAt)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: run %s is there already", store.ErrConflict, r.ID)
	}
	if err != nil {
		return err
	}
	from := 0
	for chunk := range slices.Chunk(people, 100_000) {
		if err := t.later(`INSERT INTO recipients (run, idx, person)
			SELECT $1, $2::bigint + place - 1, p FROM unnest($3::bigint[]) WITH ORDINALITY AS n (p, place)`, position, from, chunk); err != nil {
			return err
		}
		from += len(chunk)
	}
	return nil
}

// EndRun implements store.BroadcastWriter.
func (t *tx) EndRun(id string, at time.Time) error {
	ended, err := t.exec(`UPDATE runs SET ended_at = $1 WHERE id = $2`, at, id)
	if err == nil && ended == 0 {
		err = fmt.Errorf("run %s: %w", id, store.ErrNotFound)
	}
	return err
}
