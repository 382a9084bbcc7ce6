package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// Names of positions and leases in the store.
const (
	eventsCursor  = "dispatch/events"  // the last event that has been looked at
	changesCursor = "dispatch/changes" // the last change of a person
	timeCursor    = "dispatch/time"    // the instant, in microseconds, to which time has moved people
	turnCursor    = "dispatch/turn"    // grows with every turn: who computed over an older one writes nothing
	dispatcher    = "dispatch"         // lease
)

// memberCursor is set once a segment's members are remembered.
func memberCursor(segment string) string { return "members/" + segment }

// startCursor is the last event that is history to a trigger; of a segment's there
// are the last change, and the instant in microseconds, besides.
func startCursor(journey string) string   { return "starts/" + journey }
func changeCursor(journey string) string  { return "starts/" + journey + "/change" }
func instantCursor(journey string) string { return "starts/" + journey + "/at" }

// What paces a Dispatcher, in wall time.
const (
	batchSize   = 4000                   // events, and changes, in a turn
	wakeSize    = 2000                   // people whose instant has come, in a turn, at most; see patience
	askSize     = 20_000                 // people whose instant is found out, likewise
	chunkSize   = 100                    // people who are read at once to be asked
	pollEvery   = 100 * time.Millisecond // how soon news are seen without Poke
	leaseFor    = 10 * time.Second
	renewAfter  = 3 * time.Second
	retryAfter  = time.Second
	timeAtLeast = 5 * time.Second // although there are events to look at, time moves people
)

// Dispatcher keeps segments true, lets people into journeys and tells runs what
// happened to theirs. Any number may run; one at a time has the lease, and another
// takes over when it expires.
type Dispatcher struct {
	Config

	poke    chan struct{}
	renewed time.Time // wall time of the last renewal of the lease; zero: not held
	routes  *routes
	ready   bool      // routes have been prepared
	index   Index     // Config.Index, or records
	roster  *roster   // nil, or worthless when its turn is over
	expiry  *expiry   // nil until TakeOver; goes with roster
	timed   time.Time // wall time at which time last moved people
	swept   time.Time // wall time of the last sweep
	wall    func() time.Time
}

// NewDispatcher returns a Dispatcher.
func NewDispatcher(c Config) *Dispatcher {
	d := &Dispatcher{Config: c.withDefaults(), poke: make(chan struct{}, 1), swept: time.Now(), wall: time.Now}
	if d.index = d.Index; d.index == nil {
		d.index = &records{}
	}
	return d
}

// Poke says that there may be something to do, so that Run need not poll for it.
func (d *Dispatcher) Poke() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

// Run dispatches until ctx is done. Failures of the store are logged and tried
// again: nothing is passed over.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.release(ctx)
	for {
		pause := pollEvery
		if at, ok := d.wakes(); ok {
			pause = min(pause, max(d.Until(at), time.Millisecond))
		}
		if err := d.drain(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "dispatching failed; trying again", "error", err)
			pause = retryAfter
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.poke:
		case <-time.After(pause):
		}
	}
}

// wakes is when time next moves somebody, as far as is known.
func (d *Dispatcher) wakes() (time.Time, bool) {
	if d.expiry == nil || d.renewed.IsZero() {
		return time.Time{}, false
	}
	return d.expiry.first()
}

// drain works until there is nothing left to do, if this process has the lease.
func (d *Dispatcher) drain(ctx context.Context) error {
	for {
		held, err := d.lease(ctx)
		if err != nil || !held {
			return err
		}
		turn, err := d.Step(ctx)
		if err != nil {
			return err
		}
		d.say(ctx, "dispatched", turn)
		if turn.Idle() && time.Since(d.swept) >= sweepEvery {
			swept, err := d.Sweep(ctx)
			if err != nil {
				return err
			}
			d.say(ctx, "swept segments", swept)
		}
		if turn.Idle() {
			return nil
		}
	}
}

func (d *Dispatcher) say(ctx context.Context, what string, t Turn) {
	if !t.Idle() {
		d.Log.DebugContext(ctx, what, "events", t.Events, "changes", t.Changes, "woken", t.Woken, "entered", t.Entered, "left", t.Left, "enrolled", t.Enrolled, "cohorts", t.Cohorts, "signals", t.Signals)
	}
}

// lease takes or renews the lease.
func (d *Dispatcher) lease(ctx context.Context) (held bool, err error) {
	wall := time.Now().UTC()
	if !d.renewed.IsZero() && wall.Sub(d.renewed) < renewAfter {
		return true, nil
	}
	err = d.Store.Update(ctx, func(tx store.Tx) error {
		held, err = tx.Acquire(dispatcher, d.Owner, wall, wall.Add(leaseFor))
		return err
	})
	d.renewed = time.Time{}
	if err == nil && held {
		d.renewed = wall
	}
	if err != nil {
		return false, fmt.Errorf("the dispatcher's lease: %w", err)
	}
	return held, nil
}

// release gives the lease back, so that another process need not wait for it.
func (d *Dispatcher) release(ctx context.Context) {
	if d.renewed.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := d.Store.Update(ctx, func(tx store.Tx) error { return tx.Release(dispatcher, d.Owner) }); err != nil {
		d.Log.DebugContext(ctx, "the dispatcher's lease expires by itself", "error", err)
	}
	d.renewed = time.Time{}
}

// Step takes one turn: a batch of events and changes of people; once there are no
// more, the triggers that have settled and the people whose time has come. A Turn
// that is Idle had nothing to do. Step does not look at the lease; two that run at
// once cannot both write.
func (d *Dispatcher) Step(ctx context.Context) (Turn, error) {
	rt, err := d.route(ctx)
	if err != nil {
		return d.outcome(ctx, Turn{}, err)
	}
	var t *turn
	var b *batch
	var at fence
	now, onTime := d.Now(), false
	err = d.Store.View(ctx, func(r store.Reader) (err error) {
		if at, err = d.see(r, rt); err != nil {
			return err
		}
		if b, err = readBatch(r); err != nil {
			return err
		}
		onTime = !b.full() || time.Since(d.timed) > timeAtLeast
		t, err = d.work(ctx, newTurn(r, rt, now), b, onTime)
		return err
	})
	if err == nil && t.dirty() {
		err = d.commit(ctx, at, func(tx store.Tx) error {
			if err := t.write(tx, now); err != nil {
				return err
			}
			return b.done(tx, now, t.served)
		})
	}
	if err != nil {
		return d.outcome(ctx, Turn{}, err)
	}
	d.keep(t, at)
	if d.roster.bequests = nil; b.full() {
		d.roster.bequests = t.bequests
	}
	if onTime {
		d.timed = time.Now()
	}
	if d.expiry == nil && onTime {
		turn, err := d.takeOver(ctx, rt)
		turn.add(t.count)
		return d.outcome(ctx, turn, err)
	}
	return t.count, nil
}

// see reads the fence, and makes sure that memory is of this turn.
func (d *Dispatcher) see(r store.Reader, rt *routes) (fence, error) {
	at, err := readFence(r)
	switch {
	case err != nil:
		return at, err
	case at.serial != rt.serial:
		return at, errStale
	case d.roster != nil && d.roster.turn == at.turn:
		return at, nil
	}
	d.expiry, d.timed = nil, time.Now()
	d.roster, err = readRoster(r, rt, at.turn, d.Now())
	return at, err
}

// keep follows in memory what has been written.
func (d *Dispatcher) keep(t *turn, at fence) {
	if t.dirty() {
		d.roster.turn = at.turn + 1
	}
	d.roster.keep(t.rt, t.crossed, &t.changes, t.now)
	if d.expiry != nil {
		d.expiry.asked = max(d.expiry.asked, t.asked)
		for id, next := range t.next {
			d.expiry.set(id, next.at, next.ok)
		}
	}
}

// work computes a turn over a snapshot.
func (d *Dispatcher) work(ctx context.Context, t *turn, b *batch, onTime bool) (*turn, error) {
	t.index, t.roster, t.expiry, t.patience = d.index, d.roster, d.expiry, newPatience(d.wall)
	t.bequests = slices.Clone(d.roster.bequests)
	if err := t.index.Advance(&reread{t.r, b}, b.last(), b.lastChange()); err != nil {
		return nil, fmt.Errorf("the index of segments: %w", err)
	}
	find := func(digest campaign.Digest) (*link.Journey, error) { return d.Live.Journey(ctx, digest) }
	if err := t.take(b, onTime, find); err != nil {
		return nil, err
	}
	if !b.full() {
		if err := t.settle(batchSize); err != nil {
			return nil, err
		}
	}
	return t, t.failed()
}

// outcome turns a lost race into an idle turn: the next one starts afresh.
func (d *Dispatcher) outcome(ctx context.Context, t Turn, err error) (Turn, error) {
	switch {
	case errors.Is(err, errStale):
		return Turn{}, d.Live.Refresh(ctx)
	case errors.Is(err, errOvertaken):
		d.renewed = time.Time{}
		return Turn{}, nil
	case err != nil:
		return Turn{}, fmt.Errorf("dispatching: %w", err)
	}
	return t, nil
}

// route reads the triggers of the live project, if that has changed.
func (d *Dispatcher) route(ctx context.Context) (*routes, error) {
	schema, serial := d.Live.Revision()
	if d.routes == nil || d.routes.serial != serial {
		rt, err := newRoutes(schema, serial)
		if err != nil {
			return nil, fmt.Errorf("the triggers of the live project: %w", err)
		}
		for _, err := range rt.broken {
			d.Log.WarnContext(ctx, "a segment cannot be kept", "error", err)
		}
		if err := d.index.Use(ctx, schema); err != nil {
			return nil, fmt.Errorf("the index of segments: %w", err)
		}
		d.routes, d.ready, d.roster = rt, false, nil
	}
	if !d.ready {
		if err := d.prepare(ctx, d.routes); err != nil {
			return nil, err
		}
		d.ready = true
	}
	return d.routes, nil
}

// prepare reads where triggers begin, and remembers who is inside segments of
// which nothing is known yet.
func (d *Dispatcher) prepare(ctx context.Context, rt *routes) error {
	err := d.Store.View(ctx, func(r store.Reader) error { return rt.readStarts(r) })
	if err != nil {
		return fmt.Errorf("where triggers begin: %w", err)
	}
	return d.remember(ctx, rt)
}

// readStarts reads where triggers begin.
func (rt *routes) readStarts(r store.Reader) (err error) {
	read := func(name string) (at int64) {
		if err == nil {
			at, err = r.Cursor(name)
		}
		return at
	}
	for _, starts := range rt.starts {
		for _, s := range starts {
			s.after = read(startCursor(s.Def.Name))
		}
	}
	for _, s := range rt.segments {
		for _, w := range s.watchers {
			w.event, w.change = read(startCursor(w.Def.Name)), read(changeCursor(w.Def.Name))
			w.at = time.UnixMicro(read(instantCursor(w.Def.Name))).UTC()
		}
	}
	return err
}
