package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/herald-campaigns/herald/engine/store"
)

// A group is committed when nobody waits to join it, or when it reaches one of
// these. PostgreSQL remembers 64 subtransactions of a transaction cheaply.
const (
	groupSize = 60
	groupTime = 20 * time.Millisecond
)

// attempts is how often an Update is tried that others were in the way of.
const attempts = 5

// writer owns the one connection of this process that writes. Its goroutine
// begins a transaction, takes the lock that all processes take, gives each
// waiting update its turn, commits, and tells everybody at once.
//
// The functions run on their callers' goroutines: a panic or a runtime.Goexit
// within one is its caller's affair, undone like an error.
type writer struct {
	connect func(context.Context) (*pgx.Conn, error)
	where   string
	lock    int64  // that all processes take
	channel string // for those who listen

	conn     *conn            // nil: there is none
	marked   bool             // the transaction under way has a savepoint
	counters map[string]int64 // as the transaction under way has them
	known    map[string]int64 // as the store has them
	base     context.Context  //nolint:containedctx // of the store

	mu     sync.RWMutex // held for reading while something is put into the queue
	closed bool
	queue  chan *update
	ended  chan struct{}
}

// update is one caller of Store.Update.
type update struct {
	ctx     context.Context //nolint:containedctx // of the call that waits for it
	f       func(store.Tx) error
	careful bool          // nothing is put off beyond its turn: then an error is its own
	claimed atomic.Bool   // by the writer, or by a caller who gave up waiting
	turn    chan struct{} // closed when tx is the caller's
	tx      *tx
	ran     chan error // from the caller: f is done
	done    chan error // to the caller: kept, or not
}

// errAgain asks the caller to run its function again: the transaction that it
// was part of was lost, perhaps by the fault of another.
var errAgain = errors.New("other transactions were in the way, again and again: try again")

// errAbandoned is what a function that panicked, or left by runtime.Goexit, returned.
var errAbandoned = errors.New("the function did not return")

func (w *writer) update(ctx context.Context, f func(store.Tx) error) error {
	var err error
	for attempt := range attempts {
		u := &update{ctx: ctx, f: f, careful: attempt > 0, turn: make(chan struct{}), ran: make(chan error, 1), done: make(chan error, 1)}
		if err := w.enqueue(u); err != nil {
			return err
		}
		if err = u.run(); !errors.Is(err, errAgain) {
			return err
		}
	}
	return fmt.Errorf("%s: %w", w.where, err)
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
	w.drop()
	close(w.ended)
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
		lost, err := w.turn(u, len(kept) > 0)
		if err != nil {
			u.done <- err
		} else {
			kept = append(kept, u)
		}
		if lost {
			w.rollback()
			tell(kept, errAgain)
			return
		}
	}
	tell(kept, w.commit())
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

// turn lets one update work: within a savepoint where others worked before it. It
// reports as lost a transaction that cannot go on.
func (w *writer) turn(u *update, joined bool) (lost bool, err error) {
	c := w.conn
	c.begin(u.ctx.Err)
	owed, before, marked := len(c.queue), c.sent, w.marked
	if joined {
		w.markTurn()
	}
	waiting := len(c.queue)
	u.tx = newTx(c, maps.Clone(w.counters))
	close(u.turn)
	err = <-u.ran
	if err == nil {
		err = u.tx.finish()
	}
	if err == nil && c.failed == nil && u.careful {
		err = c.flush()
	}
	counters := u.tx.counters
	u.tx.conn = over
	failed := c.end()
	if err == nil {
		err = failed // an error that the function swallowed: half of it is not kept
	}
	asked := c.sent > before
	switch {
	case err == nil && !asked && len(c.queue) == waiting, err != nil && !asked: // there is nothing of it
		c.queue, w.marked = c.queue[:owed], marked
		return false, err
	case err == nil: // what it has put off goes with what is asked next
		w.counters = counters
		return false, nil
	case c.late:
		return true, errAgain
	case isConflict(failed):
		err = errAgain
	}
	c.queue = c.queue[:0]
	return !joined || isLost(failed) || c.script(w.base, `ROLLBACK TO turn`) != nil, err
}

// markTurn puts a savepoint in front of what an update asks for.
func (w *writer) markTurn() {
	if w.marked {
		w.conn.queue = append(w.conn.queue, statement{query: `RELEASE turn`})
	}
	w.conn.queue = append(w.conn.queue, statement{query: `SAVEPOINT turn`})
	w.marked = true
}

// begin takes the write lock, among all processes, and reads the counters. A
// connection that broke while nobody used it is made anew.
func (w *writer) begin(ctx context.Context) error {
	fresh := w.conn == nil
	err := w.tryBegin(ctx)
	if err != nil && !fresh && w.conn == nil && ctx.Err() == nil {
		err = w.tryBegin(ctx)
	}
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	return nil
}

func (w *writer) tryBegin(ctx context.Context) error {
	if w.conn == nil {
		pg, err := w.connect(ctx)
		if err != nil {
			return explain(w.where, err)
		}
		w.conn = &conn{pg: pg, where: w.where, ctx: w.base}
	}
	w.marked, w.known, w.conn.queue = false, map[string]int64{}, w.conn.queue[:0]
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	batch.Queue(`SELECT pg_advisory_xact_lock($1)`, w.lock)
	batch.Queue(`SELECT name, value FROM counters`).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			r := row{values: rows.RawValues()}
			name := r.text()
			w.known[name] = r.int64()
		}
		return rows.Err()
	})
	if err := w.conn.pg.SendBatch(ctx, batch).Close(); err != nil {
		w.rollback()
		return explain(w.where, err)
	}
	w.counters = maps.Clone(w.known)
	return nil
}

// commit keeps what the group did. The counters go with it, and the word to those
// who listen.
func (w *writer) commit() error {
	batch := &pgx.Batch{}
	owed := len(w.conn.queue)
	for _, s := range w.conn.queue {
		batch.Queue(s.query, s.args...)
	}
	w.conn.queue = w.conn.queue[:0]
	var names []string
	var values []int64
	for name, value := range w.counters {
		if value != w.known[name] {
			names, values = append(names, name), append(values, value)
		}
	}
	if len(names) > 0 {
		batch.Queue(`UPDATE counters SET value = now.value FROM unnest($1::text[], $2::bigint[]) AS now (name, value) WHERE counters.name = now.name`, names, values)
		batch.Queue(`SELECT pg_notify($1, '')`, w.channel)
	}
	var done pgconn.CommandTag
	batch.Queue(`COMMIT`).Exec(func(tag pgconn.CommandTag) error {
		done = tag
		return nil
	})
	results := w.conn.pg.SendBatch(w.base, batch)
	late := false
	for range owed {
		if _, err := results.Exec(); err != nil {
			late = true
			break
		}
	}
	err := results.Close()
	switch {
	case err == nil && done.String() == "COMMIT":
		return nil
	case err == nil:
		err = errors.New("the server did not keep the transaction")
	case isLost(err):
		err = fmt.Errorf("whether it was kept is not known: %w", explain(w.where, err))
	case late || isConflict(err):
		err = errAgain
	default:
		err = explain(w.where, err)
	}
	w.rollback()
	return fmt.Errorf("commit: %w", err)
}

// rollback ends the transaction, and the connection where that cannot be done.
func (w *writer) rollback() {
	if w.conn.pg.IsClosed() || w.conn.script(w.base, `ROLLBACK`) != nil {
		w.drop()
	}
}

// drop lets go of the connection.
func (w *writer) drop() {
	if w.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = w.conn.pg.Close(ctx)
	w.conn = nil
}

func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	close(w.queue)
	<-w.ended
}

func tell(updates []*update, err error) {
	for _, u := range updates {
		u.done <- err
	}
}
