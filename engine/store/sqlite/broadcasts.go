package sqlite

import (
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
	return one(r.conn, readRun, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id)
}

// Runs implements store.BroadcastReader.
func (r *reader) Runs(broadcast string, limit int) ([]store.Run, error) {
	return all(r.conn, readRun, `SELECT `+runColumns+` FROM runs WHERE broadcast = ? ORDER BY position DESC LIMIT ?`, broadcast, noLimit(limit))
}

// Recipients implements store.BroadcastReader.
func (r *reader) Recipients(run string, from, to int) ([]store.Recipient, error) {
	return all(r.conn, func(r *row) store.Recipient {
		return store.Recipient{Run: run, Index: r.int(), Person: r.int64()}
	}, `SELECT idx, person FROM recipients WHERE run = (SELECT position FROM runs WHERE id = ?) AND idx >= ? AND idx < ? ORDER BY idx`, run, from, to)
}

// CreateRun implements store.BroadcastWriter.
func (t *tx) CreateRun(r store.Run, people []int64) error {
	position, err := t.insert(`INSERT INTO runs (`+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.Broadcast, r.Definition, r.DueAt, r.Size, r.CreatedAt, r.EndedAt)
	if err != nil {
		return err
	}
	if position == 0 {
		return fmt.Errorf("%w: run %s is there already", store.ErrConflict, r.ID)
	}
	from := 0
	for chunk := range slices.Chunk(people, 10_000) {
		if _, err := t.exec(`INSERT INTO recipients (run, idx, person) SELECT ?, ? + key, value FROM json_each(?)`, position, from, list(chunk)); err != nil {
			return err
		}
		from += len(chunk)
	}
	return nil
}

// EndRun implements store.BroadcastWriter.
func (t *tx) EndRun(id string, at time.Time) error {
	ended, err := t.exec(`UPDATE runs SET ended_at = ? WHERE id = ?`, at, id)
	if err == nil && ended == 0 {
		err = fmt.Errorf("run %s: %w", id, store.ErrNotFound)
	}
	return err
}
