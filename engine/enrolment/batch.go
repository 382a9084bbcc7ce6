package enrolment

import (
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// batch is what a turn takes from the record, in the order of the record.
type batch struct {
	events  []store.Event
	changes []store.Change
	event   int64 // positions before it
	change  int64
	time    time.Time // to which time has moved people; zero: unknown
}

// last is the position of the last event of the batch.
func (b *batch) last() int64 {
	if n := len(b.events); n > 0 {
		return b.events[n-1].Seq
	}
	return b.event
}

// readBatch reads what is next.
func readBatch(r store.Reader) (b *batch, err error) {
	if b, err = readPositions(r); err != nil {
		return nil, err
	}
	if b.events, err = r.EventsAfter(b.event, batchSize); err != nil {
		return nil, err
	}
	b.changes, err = r.ChangesAfter(b.change, batchSize)
	return b, err
}

// readPositions reads how far the record has been looked at.
func readPositions(r store.Reader) (b *batch, err error) {
	b = &batch{}
	if b.event, err = r.Cursor(eventsCursor); err != nil {
		return nil, err
	}
	if b.change, err = r.Cursor(changesCursor); err != nil {
		return nil, err
	}
	b.time, err = readTime(r)
	return b, err
}

// lastChange is the position of the last change of the batch.
func (b *batch) lastChange() int64 {
	if n := len(b.changes); n > 0 {
		return b.changes[n-1].Seq
	}
	return b.change
}

// full reports whether there may be more.
func (b *batch) full() bool { return len(b.events) == batchSize || len(b.changes) == batchSize }

// done takes down how far the record has been looked at, and, where all is served
// whose time has come, how far time has.
func (b *batch) done(tx store.Tx, now time.Time, served bool) error {
	if err := tx.SetCursor(eventsCursor, b.last()); err != nil {
		return err
	}
	if err := tx.SetCursor(changesCursor, b.lastChange()); err != nil || !served {
		return err
	}
	return tx.SetCursor(timeCursor, now.UnixMicro())
}

// reread is a snapshot of which a batch has been read already.
type reread struct {
	store.Reader
	batch *batch
}

// EventsAfter answers from the batch where that is what is asked for.
func (r *reread) EventsAfter(after int64, limit int) ([]store.Event, error) {
	if b := r.batch; after == b.event && len(b.events) > 0 && (limit <= 0 || limit >= len(b.events)) {
		return b.events, nil
	}
	return r.Reader.EventsAfter(after, limit)
}
