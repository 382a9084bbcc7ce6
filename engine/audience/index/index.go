// Package index answers conditions about everybody in milliseconds: it keeps what
// conditions look at as columns, brings them up to date as the record grows, and
// keeps a snapshot of them on disk.
//
// By role:
//   - the whole: Open, Index, Config; Close
//   - answers: Index is an audience.Evaluator for the live project, View for any
//     other; TestEach and Next for one person
//   - keeping up: Follow, Advance, Maintain; Run and Tend, which do so every so
//     often; Use, for another live project, and Want, for one beside it
//   - on disk: Snapshot
//
// Enters: a store, the live project. Leaves: what package audience's Scan would
// answer, as of Position. Refused: keeping anything that the store could not give
// again; deciding what an answer sets off.
//
// # Where it stands
//
// Two numbers tell how much of the record the columns know: the Seq of the last
// event and of the last change of a person. News is read from the store after
// those. An event belongs to whom the store says it does at the time of reading; a
// change makes the person's record be read again, and their events too if a merge
// moved any. So the columns come to equal the record however the two are
// interleaved, and whatever was read twice.
//
// # On disk
//
// A snapshot is worth nothing without its store: what is lost is built again. It
// is believed when it is whole and the store says that it has seen all that is in
// it; see snapshot.go. Values of people who were erased are gone from memory with
// the batch that says so, and from disk with the next snapshot, which is then due
// soon.
package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// Config is what an Index needs.
type Config struct {
	Store  store.Store
	Schema *audience.Schema // of the live project
	Dir    string           // folder for the snapshot; "": none
	Log    *slog.Logger     // nil: silent
	// SnapshotEvery is how long Maintain lets changes gather before it writes a
	// snapshot, ErasedWithin how long when somebody was erased. 0: ten minutes; one.
	SnapshotEvery, ErasedWithin time.Duration
	// Keep is how long columns stay that no live condition looks at any more. 0: one
	// hour.
	Keep time.Duration
	// Clock is for the three above; nil: time.Now.
	Clock func() time.Time
}

// Position is how much of the record an index knows.
type Position struct {
	Event, Change int64 // Seq of the last of each
}

// Index is the columns of a store. It is safe for concurrent use.
type Index struct {
	Config

	news sync.Mutex // held by whoever brings news, one at a time

	mu    sync.RWMutex // over what follows
	table *column.Table
	at    Position
	moved int64 // up to this change, all that moved events has been seen
	swept time.Time

	live atomic.Pointer[View] // answers by the live project

	disk disk
	past []pastPlan // under news
}

// Open makes an index of the store: of its snapshot, if there is a good one, and
// what is new since; of the record otherwise.
func Open(ctx context.Context, c Config) (*Index, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	ix := &Index{Config: c}
	ix.live.Store(ix.As(c.Schema))
	fresh, err := ix.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the index of people: %w", err)
	}
	if err := ix.Use(ctx, c.Schema); err != nil {
		return nil, err
	}
	if err := ix.Follow(ctx); err != nil {
		return nil, err
	}
	if fresh || ix.disk.mustErase() {
		if err := ix.Snapshot(ctx); err != nil {
			ix.Log.WarnContext(ctx, "the index of people has no snapshot: the next start will build it again", "error", err)
		}
	}
	return ix, nil
}

// load takes the snapshot, or builds; fresh when it did.
func (ix *Index) load(ctx context.Context) (fresh bool, err error) {
	reason := "there is no folder for one"
	if ix.Dir != "" {
		if reason, err = ix.restore(ctx); err != nil || reason == "" {
			return false, err
		}
	}
	start := time.Now()
	table, at, err := ix.build(ctx, planOf(ix.Schema.Project()), nil)
	if err != nil {
		return false, err
	}
	ix.table, ix.at, ix.moved = table, at, at.Change
	debug.FreeOSMemory() // building takes about twice as much as what was built
	ix.Log.InfoContext(ctx, "the index of people was built from the record", "why", "no snapshot: "+reason,
		"people", table.Len(), "took", time.Since(start).Round(time.Millisecond))
	return true, nil
}

// checkEvery is after how many people a scan looks whether its context has ended.
const checkEvery = 1024

// build makes a table of the record. The position is that of the record, or, of
// events, until if that is given: then only those up to there are taken.
func (ix *Index) build(ctx context.Context, p column.Plan, until *Position) (t *column.Table, at Position, err error) {
	err = ix.Store.View(ctx, func(r store.Reader) error {
		event, change, err := r.Heads()
		if err != nil {
			return err
		}
		at = Position{event, change}
		if until != nil {
			at = *until
		}
		people, err := r.CountPeople()
		if err != nil {
			return err
		}
		events, err := r.CountEvents()
		if err != nil {
			return err
		}
		b := column.NewBuilder(p, int(people), int(events))
		if err := fill(ctx, r, b, needOf(p), at.Event); err != nil {
			return err
		}
		t = b.Table()
		return nil
	})
	if err != nil {
		return nil, Position{}, fmt.Errorf("building the index of people: %w", err)
	}
	return t, at, nil
}

// errEnough ends a scan that has come to its end early.
var errEnough = errors.New("enough")

// fill adds everybody, and then the events up to the last.
func fill(ctx context.Context, r store.Reader, b *column.Builder, need store.Need, last int64) error {
	seen := 0
	look := func() error {
		if seen++; seen%checkEvery == 0 {
			return ctx.Err()
		}
		return nil
	}
	err := r.EachRecord(0, store.Need{Consents: need.Consents}, func(record *store.Record) error {
		b.Add(record)
		return look()
	})
	if err != nil || len(need.Events) == 0 {
		return err
	}
	err = r.EachEvent(0, store.Need{Events: need.Events}, func(e *store.Event) error {
		if e.Seq > last {
			return errEnough
		}
		b.Happen(e)
		return look()
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// needOf is how much of a record a plan takes.
func needOf(p column.Plan) store.Need {
	return store.Need{Events: p.Labels(), Consents: len(p.Topics)+len(p.Channels) > 0}
}

// Position is how much of the record the index knows.
func (ix *Index) Position() Position {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.at
}

// Memory is how many bytes the columns take, by part: see column.Table.Memory.
func (ix *Index) Memory() map[string]int64 {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.table.Memory()
}

// People is how many people the index knows.
func (ix *Index) People() int {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.table.Len() - ix.table.Gone.Count()
}

// Close writes a snapshot if it is worth while. A little news is left to the next
// start, which reads it from the store in no time.
func (ix *Index) Close(ctx context.Context) error {
	if !ix.disk.worth() {
		return nil
	}
	return ix.Snapshot(ctx)
}

// Maintain does what is due: it writes a snapshot when much is new or somebody was
// erased, and drops columns that nobody looks at any more. It is to be called
// every so often, by one who waits for nothing within a transaction.
func (ix *Index) Maintain(ctx context.Context) error {
	ix.dropUnused()
	ix.sweepNow()
	if ix.disk.due(ix.Clock(), orElse(ix.SnapshotEvery, 10*time.Minute), orElse(ix.ErasedWithin, time.Minute)) {
		return ix.Snapshot(ctx)
	}
	return nil
}

// Run follows the store until ctx ends, looking every so often, and maintains. An
// error is logged, and what failed is tried again.
func (ix *Index) Run(ctx context.Context, every time.Duration) {
	ix.again(ctx, every, func() error { return errors.Join(ix.Follow(ctx), ix.Maintain(ctx)) })
}

// Tend maintains until ctx ends, for who calls Advance.
func (ix *Index) Tend(ctx context.Context, every time.Duration) {
	ix.again(ctx, every, func() error { return ix.Maintain(ctx) })
}

func (ix *Index) again(ctx context.Context, every time.Duration, f func() error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := f(); err != nil && ctx.Err() == nil {
			ix.Log.WarnContext(ctx, "the index of people does not keep up", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func orElse(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
