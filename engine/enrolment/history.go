package enrolment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
)

// historyLease is held while history is brought in; historyFor is how long it
// outlives an import that was killed, in wall time.
const (
	historyLease = "history"
	historyFor   = time.Minute
)

// ErrBringing says that somebody else is bringing history in.
var ErrBringing = errors.New("another import is at work: wait for its end")

// History is an import that sets nothing off: whom it moves into a segment that
// triggers watch counts as inside already. While it is open no sweep looks; after
// it, who is inside is taken down anew, also when the import was killed.
type History struct {
	store store.Store
	owner string
}

// OpenHistory begins to bring history in. Close it.
func OpenHistory(ctx context.Context, s store.Store, owner string) (*History, error) {
	h := &History{store: s, owner: owner}
	err := s.Update(ctx, func(tx store.Tx) error {
		if err := h.hold(tx); err != nil {
			return err
		}
		found, err := tx.Live()
		if err != nil {
			return err
		}
		project, err := live.Link(found)
		if err != nil {
			return err
		}
		return forgetMembers(tx, project)
	})
	if err != nil {
		return nil, fmt.Errorf("bringing history in: %w", err)
	}
	return h, nil
}

// forgetMembers says of every watched segment that who is inside is to be taken
// down anew. The members stay until then: events of the day go on.
func forgetMembers(tx store.Tx, project *link.Project) error {
	rt, err := newRoutes(audience.NewSchema(project), 0)
	if err != nil {
		return err
	}
	for i := range rt.watched {
		if err := tx.SetCursor(memberCursor(rt.watched[i].Def.Name), 0); err != nil {
			return err
		}
	}
	return nil
}

func (h *History) hold(tx store.Tx) error {
	now := time.Now()
	got, err := tx.Acquire(historyLease, h.owner, now, now.Add(historyFor))
	if err == nil && !got {
		err = ErrBringing
	}
	return err
}

// Renew is to be called now and then while rows come in.
func (h *History) Renew(ctx context.Context) error { return h.store.Update(ctx, h.hold) }

// Close lets sweeps look again.
func (h *History) Close(ctx context.Context) error {
	return h.store.Update(ctx, func(tx store.Tx) error { return tx.Release(historyLease, h.owner) })
}

// bringing tells whether somebody brings history in.
func (d *Dispatcher) bringing(ctx context.Context) (bool, error) {
	free := false
	err := d.Store.Update(ctx, func(tx store.Tx) (err error) {
		now := time.Now()
		if free, err = tx.Acquire(historyLease, d.Owner, now, now); err == nil && free {
			err = tx.Release(historyLease, d.Owner)
		}
		return err
	})
	return !free, err
}
