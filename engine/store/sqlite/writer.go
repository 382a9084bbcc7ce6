package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// A group is committed when nobody waits to join it, or when it reaches one of
// these.
const (
	groupSize = 512
	groupTime = 20 * time.Millisecond
)

// writer owns the one connection that writes. Its goroutine opens a
// transaction, gives each waiting update its turn within a savepoint, commits,
// and tells everybody at once.
//
// The functions run on their callers' goroutines: a panic or a runtime.Goexit
// within one is its caller's affair, undone like an error.
type writer struct {
	conn     *conn
	patience time.Duration // with another process that writes

	mu     sync.RWMutex // held for reading while something is put into the queue
	closed bool
	queue  chan *update
	ended  chan error

	left   time.Time // when the last transaction ended
	rested time.Time // when other processes last had a gap to get in
}

// update is one caller of Store.Update.
type update struct {
	ctx     context.Context //nolint:containedctx // of the call that waits for it
	f       func(store.Tx) error
	claimed atomic.Bool   // by the writer, or by a caller who gave up waiting
	turn    chan struct{} // closed when tx is the caller's
	tx      *tx
	ran     chan error // from the caller: f is done
	done    chan error // to the caller: kept, or not
}

func newWriter(c *conn, options Options) *writer {
	w := &writer{conn: c, patience: options.busyTimeout(), queue: make(chan *update, 64), ended: make(chan error, 1), rested: time.Now()}
	go w.run()
	return w
}

// errAgain asks the caller to run its function again: the transaction that it
// was part of was lost by the fault of another.
var errAgain = errors.New("again")

// errAbandoned is what a function that panicked, or left by runtime.Goexit, returned.
var errAbandoned = errors.New("the function did not return")

func (w *writer) update(ctx context.Context, f func(store.Tx) error) error {
	for {
		u := &update{ctx: ctx, f: f, turn: make(chan struct{}), ran: make(chan error, 1), done: make(chan error, 1)}
		if err := w.enqueue(u); err != nil {
			return err
		}
		if err := u.run(); !errors.Is(err, errAgain) {
			return err
		}
	}
}

func (w *writer) enqueue(u *update) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return errClosed
	}
	select {
	case w.queue <- u:
		return nil
	case <-u.ctx.Done():
		return u.ctx.Err()
	}
}

// run waits for the turn, takes it, and waits for the commit.
func (u *update) run() error {
	select {
	case <-u.turn:
	case err := <-u.done: // no transaction could be had
		return err
	case <-u.ctx.Done():
		if u.claimed.CompareAndSwap(false, true) {
			return u.ctx.Err()
		}
		select {
		case <-u.turn:
		case err := <-u.done:
			return err
		}
	}
	u.call()
	return <-u.done
}

func (u *update) call() {
	err := errAbandoned
	defer func() { u.ran <- err }()
	err = u.f(u.tx)
}

func (w *writer) run() {
	for u := range w.queue {
		if u.claimed.CompareAndSwap(false, true) {
			w.group(u)
		}
	}
	w.ended <- w.conn.close()
}

// group runs first, and whoever joins meanwhile, in one transaction.
func (w *writer) group(first *update) {
	if err := w.begin(first.ctx); err != nil {
		first.done <- err
		return
	}
	started := time.Now()
	var kept []*update
	for u := first; u != nil; u = w.next(len(kept), started) {
		lost, err := w.turn(u, u != first)
		if err != nil {
			u.done <- err
		} else {
			kept = append(kept, u)
		}
		if lost {
			tell(kept, errAgain)
			_ = w.conn.script(`ROLLBACK`)
			return
		}
	}
	err := w.commit()
	if err == nil && slices.ContainsFunc(kept, func(u *update) bool { return u.tx.erased }) {
		w.emptyLog()
	}
	w.left = time.Now()
	tell(kept, err)
}

// next is the update that joins the group, nil when the group is complete.
func (w *writer) next(size int, started time.Time) *update {
	for size < groupSize && time.Since(started) < groupTime {
		select {
		case u, open := <-w.queue:
			if !open {
				return nil
			}
			if u.claimed.CompareAndSwap(false, true) {
				return u
			}
		default:
			return nil
		}
	}
	return nil
}

// turn lets one update work, within a savepoint when others have worked before.
// The first of a group needs none: what undoes it undoes all. So a large update
// does without the copies of pages that a savepoint keeps. It reports as lost a
// transaction that is to be rolled back altogether; SQLite may have done so
// already, for want of disk or memory.
func (w *writer) turn(u *update, savepoint bool) (lost bool, err error) {
	if savepoint {
		if _, err := w.conn.exec(`SAVEPOINT turn`); err != nil {
			return true, err
		}
	}
	err = w.call(u)
	switch {
	case !savepoint:
		return err != nil, err
	case err == nil:
		_, err = w.conn.exec(`RELEASE turn`)
		return err != nil, err
	}
	if _, undone := w.conn.exec(`ROLLBACK TO turn`); undone != nil {
		return true, err
	}
	if _, undone := w.conn.exec(`RELEASE turn`); undone != nil {
		return true, err
	}
	return false, err
}

// call waits for an update to do its work, and says whether it is to be kept.
func (w *writer) call(u *update) error {
	w.conn.begin(u.ctx.Err)
	u.tx = newTx(w.conn)
	close(u.turn)
	err := <-u.ran
	if err == nil {
		err = u.tx.flush()
	}
	u.tx.conn = over
	if failed := w.conn.end(); err == nil {
		err = failed // an error that the function swallowed: half of it is not kept
	}
	return err
}

// begin takes the write lock, among all processes.
func (w *writer) begin(ctx context.Context) error {
	w.breathe()
	err := retryBusy(ctx, w.patience, func() error {
		_, err := w.conn.exec(`BEGIN IMMEDIATE`)
		return err
	})
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	return nil
}

// breathe leaves a gap for other processes after a spell of writing.
func (w *writer) breathe() {
	now := time.Now()
	switch {
	case now.Sub(w.left) >= breath: // there was one
	case now.Sub(w.rested) >= busySpell:
		time.Sleep(breath)
	default:
		return
	}
	w.rested = now
}

// emptyLog moves the write-ahead log into the file and cuts it off, so that it
// holds nothing of whom an update has erased. Readers of older snapshots can keep it
// from doing so for a while; the log is cut off by a later checkpoint then.
func (w *writer) emptyLog() {
	for range 20 {
		busy, err := one(w.conn, (*row).bool, `PRAGMA wal_checkpoint(TRUNCATE)`)
		if err == nil && !busy {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (w *writer) commit() error {
	err := retryBusy(context.Background(), w.patience, func() error {
		_, err := w.conn.exec(`COMMIT`)
		return err
	})
	if err != nil {
		_ = w.conn.script(`ROLLBACK`) // nothing is left to roll back where SQLite has done it
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	close(w.queue)
	return <-w.ended
}

func tell(updates []*update, err error) {
	for _, u := range updates {
		u.done <- err
	}
}
