package postgres

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

const applyColumns = `id, who, "commit", plan_digest, environment, summary, started_at, finished_at, error`

func readApply(r *row) store.Apply {
	return store.Apply{
		ID: r.text(), Who: r.text(), Commit: r.text(), PlanDigest: r.text(), Environment: r.text(), Summary: r.text(),
		StartedAt: r.time(), FinishedAt: r.time(), Error: r.text(),
	}
}

func readApplyStep(r *row) store.ApplyStep {
	return store.ApplyStep{
		Addr: r.text(), Action: r.text(), Before: campaign.Digest(r.text()), After: campaign.Digest(r.text()), Done: r.bool(),
	}
}

// Applies implements store.StateReader.
func (r *reader) Applies(limit int) ([]store.Apply, error) {
	applies, err := all(r.conn, readApply, `SELECT `+applyColumns+` FROM applies ORDER BY started_at DESC, position DESC LIMIT $1`, noLimit(limit))
	for i := range applies {
		if err != nil {
			break
		}
		applies[i].Steps, err = all(r.conn, readApplyStep,
			`SELECT addr, action, before, after, done FROM apply_steps WHERE apply_id = $1 ORDER BY position`, applies[i].ID)
	}
	return applies, err
}

// PutApply implements store.StateWriter.
func (t *tx) PutApply(a store.Apply) error {
	err := t.later(`INSERT INTO applies (`+applyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET who = excluded.who, "commit" = excluded."commit", plan_digest = excluded.plan_digest,
			environment = excluded.environment, summary = excluded.summary, started_at = excluded.started_at,
			finished_at = excluded.finished_at, error = excluded.error`,
		a.ID, a.Who, a.Commit, a.PlanDigest, a.Environment, a.Summary, a.StartedAt, a.FinishedAt, a.Error)
	if err != nil {
		return err
	}
	if err := t.later(`DELETE FROM apply_steps WHERE apply_id = $1`, a.ID); err != nil {
		return err
	}
	for i, s := range a.Steps {
		if err := t.later(`INSERT INTO apply_steps (apply_id, position, addr, action, before, after, done) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			a.ID, i, s.Addr, s.Action, s.Before, s.After, s.Done); err != nil {
			return err
		}
	}
	return nil
}

// ApplyStepDone implements store.StateWriter.
func (t *tx) ApplyStepDone(applyID, addr string) error {
	marked, err := t.exec(`UPDATE apply_steps SET done = true WHERE apply_id = $1 AND addr = $2
		AND position = (SELECT min(position) FROM apply_steps WHERE apply_id = $1 AND addr = $2 AND NOT done)`, applyID, addr)
	if err != nil || marked > 0 {
		return err
	}
	_, err = one(t.conn, (*row).int64, `SELECT position FROM apply_steps WHERE apply_id = $1 AND addr = $2 LIMIT 1`, applyID, addr)
	return err // done before: nothing to do; not there: store.ErrNotFound
}
