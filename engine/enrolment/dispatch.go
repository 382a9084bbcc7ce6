package enrolment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// Names of positions and leases in the store.
const (
	eventsCursor = "dispatch/events" // the last event that has been looked at
	turnCursor   = "dispatch/turn"   // grows with every turn: who computed over an older one writes nothing
	dispatcher   = "dispatch"        // lease
)

// memberCursor is set once a watched segment's members are remembered.
func memberCursor(segment string) string { return "members/" + segment }

// startCursor is the last event that is history to an event trigger.
func startCursor(journey string) string { return "starts/" + journey }

// What paces a Dispatcher, in wall time.
const (
	batchSize  = 1000
	pollEvery  = 100 * time.Millisecond
	leaseFor   = 10 * time.Second
	renewAfter = 3 * time.Second
	retryAfter = time.Second
)

// Dispatcher lets people into journeys and tells runs what happened to theirs. Any
// number may run; one at a time has the lease, and another takes over when it
// expires.
type Dispatcher struct {
	Config

	poke    chan struct{}
	renewed time.Time // wall time of the last renewal of the lease; zero: not held
	routes  *routes
	ready   bool // routes have been prepared
	swept   sweepState
}

// NewDispatcher returns a Dispatcher.
func NewDispatcher(c Config) *Dispatcher {
	return &Dispatcher{Config: c.withDefaults(), poke: make(chan struct{}, 1)}
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

// drain works until there is nothing left to do, if this process has the lease.
// Sweeps wait until the events are through, unless that takes too long.
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
		if wall := time.Now(); turn.Idle() && d.sweepDue(wall, sweepEvery) || d.sweepDue(wall, sweepAtLatest) {
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
		d.Log.DebugContext(ctx, what, "events", t.Events, "entered", t.Entered, "left", t.Left, "enrolled", t.Enrolled, "cohorts", t.Cohorts, "signals", t.Signals)
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

// Step takes one turn: a batch of events, and the triggers that have settled once
// there are no more events. A Turn that is Idle had nothing to do. Step does not
// look at the lease; two that run at once cannot both write.
func (d *Dispatcher) Step(ctx context.Context) (Turn, error) {
	rt, err := d.route(ctx)
	if err != nil {
		return d.outcome(ctx, nil, err)
	}
	now := d.Now()
	var at fence
	var from, to int64
	var c *changes
	err = d.Store.View(ctx, func(r store.Reader) (err error) {
		if at, err = readFence(r); err != nil {
			return err
		}
		if at.serial != rt.serial {
			return errStale
		}
		if from, err = r.Cursor(eventsCursor); err != nil {
			return err
		}
		c, to, err = d.work(ctx, r, rt, now, from)
		return err
	})
	if err == nil && !c.count.Idle() {
		err = d.commit(ctx, at, func(tx store.Tx) error {
			if err := c.write(tx, now); err != nil {
				return err
			}
			return tx.SetCursor(eventsCursor, to)
		})
	}
	return d.outcome(ctx, c, err)
}

// work computes a turn over a snapshot.
func (d *Dispatcher) work(ctx context.Context, r store.Reader, rt *routes, now time.Time, from int64) (*changes, int64, error) {
	t := newTurn(r, rt, now)
	find := func(digest campaign.Digest) (*link.Journey, error) { return d.Live.Journey(ctx, digest) }
	events, err := r.EventsAfter(from, batchSize)
	if err != nil {
		return nil, 0, err
	}
	to := from
	if len(events) > 0 {
		to = events[len(events)-1].Seq
		if err := t.events(events, find); err != nil {
			return nil, 0, err
		}
	}
	if len(events) < batchSize {
		if err := t.settle(batchSize); err != nil {
			return nil, 0, err
		}
	}
	return &t.changes, to, nil
}

// outcome turns a lost race into an idle turn: the next one starts afresh.
func (d *Dispatcher) outcome(ctx context.Context, c *changes, err error) (Turn, error) {
	switch {
	case errors.Is(err, errStale):
		return Turn{}, d.Live.Refresh(ctx)
	case errors.Is(err, errOvertaken):
		d.renewed = time.Time{}
		return Turn{}, nil
	case err != nil:
		return Turn{}, fmt.Errorf("dispatching: %w", err)
	}
	return c.count, nil
}

// route reads the triggers of the live project, if that has changed.
func (d *Dispatcher) route(ctx context.Context) (*routes, error) {
	schema, serial := d.Live.Revision()
	if d.routes == nil || d.routes.serial != serial {
		rt, err := newRoutes(schema, serial)
		if err != nil {
			return nil, fmt.Errorf("the triggers of the live project: %w", err)
		}
		d.routes, d.ready = rt, false
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
	err := d.Store.View(ctx, func(r store.Reader) error {
		for _, starts := range rt.starts {
			for _, s := range starts {
				after, err := r.Cursor(startCursor(s.Def.Name))
				if err != nil {
					return err
				}
				s.after = after
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("where triggers begin: %w", err)
	}
	return d.remember(ctx, rt)
}

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
