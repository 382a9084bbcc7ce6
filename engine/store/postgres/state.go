package postgres

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// Live implements store.StateReader.
func (r *reader) Live() (store.Live, error) {
	live, err := one(r.conn, func(r *row) (l store.Live) {
		l.Serial = r.int64()
		r.json(&l.Environment)
		r.json(&l.Settings)
		return l
	}, `SELECT serial, environment, settings FROM live_head`)
	if err != nil {
		return live, err
	}
	live.Resources, err = all(r.conn, func(r *row) store.LiveResource {
		res := store.LiveResource{Addr: r.addr(), Digest: campaign.Digest(r.text())}
		r.json(&res.DependsOn)
		res.Body, res.AppliedAt, res.ApplyID = []byte(r.text()), r.time(), r.text()
		return res
	}, `SELECT addr, live.digest, depends_on, body, applied_at, apply_id
		FROM live JOIN definitions ON definitions.digest = live.digest ORDER BY position`)
	return live, err
}

// LiveSerial implements store.StateReader.
func (r *reader) LiveSerial() (int64, error) {
	return one(r.conn, (*row).int64, `SELECT serial FROM live_head`)
}

// Definition implements store.StateReader.
func (r *reader) Definition(digest campaign.Digest) (store.Definition, error) {
	return one(r.conn, readDefinition, `SELECT digest, kind, body FROM definitions WHERE digest = $1`, digest)
}

func readDefinition(r *row) store.Definition {
	return store.Definition{Digest: campaign.Digest(r.text()), Kind: r.text(), Body: []byte(r.text())}
}

// PutDefinitions implements store.StateWriter.
func (t *tx) PutDefinitions(defs []store.Definition) error {
	for _, d := range defs {
		added, err := t.exec(`INSERT INTO definitions (digest, kind, body) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING`, d.Digest, d.Kind, string(d.Body))
		if err != nil {
			return err
		}
		if added > 0 {
			continue
		}
		known, err := t.Definition(d.Digest)
		if err != nil {
			return err
		}
		if known.Kind != d.Kind || !bytes.Equal(known.Body, d.Body) {
			return fmt.Errorf("%w: another definition has the digest %s", store.ErrConflict, d.Digest.Short())
		}
	}
	return nil
}

// SetLive implements store.StateWriter.
func (t *tx) SetLive(r store.LiveResource) error {
	if r.Body != nil {
		if err := t.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
			return err
		}
	} else if _, err := t.Definition(r.Digest); errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("the definition of %s: %w", r.Addr, err)
	} else if err != nil {
		return err
	}
	dependsOn, err := json.Marshal(r.DependsOn)
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM live WHERE addr = $1`, r.Addr); err != nil { // it moves to the end
		return err
	}
	if _, err := t.exec(`INSERT INTO live (addr, digest, depends_on, applied_at, apply_id) VALUES ($1, $2, $3, $4, $5)`,
		r.Addr, r.Digest, string(dependsOn), r.AppliedAt, r.ApplyID); err != nil {
		return err
	}
	return t.raiseSerial()
}

// RemoveLive implements store.StateWriter.
func (t *tx) RemoveLive(a addr.Addr) error {
	removed, err := t.exec(`DELETE FROM live WHERE addr = $1`, a)
	if err != nil || removed == 0 {
		return err
	}
	return t.raiseSerial()
}

// SetEnvironment implements store.StateWriter.
func (t *tx) SetEnvironment(env campaign.Environment, settings campaign.Settings) error {
	environment, err := json.Marshal(env)
	if err != nil {
		return err
	}
	where, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE live_head SET environment = $1, settings = $2`, string(environment), string(where)); err != nil {
		return err
	}
	return t.raiseSerial()
}

func (t *tx) raiseSerial() error {
	_, err := t.exec(`UPDATE live_head SET serial = serial + 1`)
	return err
}
