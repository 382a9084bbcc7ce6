package delivery

import (
	"context"
	"errors"

	"github.com/herald-campaigns/herald/engine/store"
)

// commit writes endings and, where there is one, marks the row of the next
// message as sending. It reports whether that row was still ours. A cancelled
// request still writes down what has happened.
func (b *batch) commit(ctx context.Context, done []*ending, next *candidate) (marked bool, err error) {
	if len(done) == 0 && next == nil {
		return false, nil
	}
	ctx = context.WithoutCancel(ctx)
	err = b.Store.Update(ctx, func(tx store.Tx) (err error) {
		for _, e := range done {
			if err := b.write(tx, e); err != nil {
				return err
			}
		}
		if next != nil {
			marked, err = b.mark(tx, next)
		}
		return err
	})
	if err != nil {
		return false, errors.Join(err, b.salvage(ctx, done))
	}
	for _, e := range done {
		b.note(e)
	}
	if next != nil && !marked && !b.settled(next) {
		b.putOff(next.index, b.now())
	}
	return marked, nil
}

// mark marks a row as sending. When somebody else had it, the row as it stands
// is kept instead.
func (b *batch) mark(tx store.Tx, c *candidate) (bool, error) {
	err := tx.MarkSending(c.send.ID, b.Owner, b.Wall().Add(b.Lease))
	if !errors.Is(err, store.ErrConflict) {
		return err == nil, err
	}
	c.send, err = tx.Send(c.send.ID)
	return false, err
}

// salvage writes endings one by one when they could not be written together: what
// was sent should not become unknown through the fault of another. The event of a
// person who was erased meanwhile is left out.
func (b *batch) salvage(ctx context.Context, done []*ending) error {
	var failed []error
	for _, e := range done {
		err := b.Store.Update(ctx, func(tx store.Tx) error {
			if _, err := tx.Person(e.send.Person); errors.Is(err, store.ErrNotFound) {
				e.event = ""
			}
			return b.write(tx, e)
		})
		if err != nil {
			failed = append(failed, err)
			continue
		}
		b.note(e)
	}
	return errors.Join(failed...)
}

// giveBack lets go of rows that were not begun, so that whoever comes next need
// not wait for the lease.
func (b *batch) giveBack(ctx context.Context, people []*candidate) error {
	if len(people) == 0 {
		return nil
	}
	return b.Store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error {
		for _, c := range people {
			err := tx.CloseSend(c.send.ID, b.Owner, store.SendEnd{State: store.Reserved})
			if err != nil && !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
		return nil
	})
}
