package enrolment

import (
	"context"
	"errors"

	"github.com/herald-campaigns/herald/engine/store"
)

// fence is what a turn was computed over.
type fence struct{ turn, serial int64 }

func readFence(r store.Reader) (f fence, err error) {
	if f.turn, err = r.Cursor(turnCursor); err != nil {
		return f, err
	}
	f.serial, err = r.LiveSerial()
	return f, err
}

// commit writes, if nothing has changed since at was read.
func (d *Dispatcher) commit(ctx context.Context, at fence, write func(store.Tx) error) error {
	return d.Store.Update(ctx, func(tx store.Tx) error {
		found, err := readFence(tx)
		switch {
		case err != nil:
			return err
		case found.serial != at.serial:
			return errStale
		case found.turn != at.turn:
			return errOvertaken
		}
		if err := write(tx); err != nil {
			return err
		}
		return tx.SetCursor(turnCursor, at.turn+1)
	})
}

// errOvertaken says that somebody else took the turn; errStale, that another
// project has become live. Nothing was written.
var (
	errOvertaken = errors.New("another process has taken the turn")
	errStale     = errors.New("another project is live")
)
