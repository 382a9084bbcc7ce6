package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Teller is whom a Pump tells: a Runtime.
type Teller interface {
	StartCohort(ctx context.Context, id string, s journey.StartCohort) error
	StartRun(ctx context.Context, id string, s journey.StartRun) error
	React(ctx context.Context, id string, r Reactions) error
}

// Outbox is the part of a store that a Pump empties.
type Outbox interface {
	View(ctx context.Context, f func(store.Reader) error) error
	Update(ctx context.Context, f func(store.Tx) error) error
}

// Pump tells Temporal what the store has queued: in order for each workflow, at
// least once. What one process has begun no other touches: there is one sender at
// a time, by a lease.
type Pump struct {
	Outbox Outbox
	Teller Teller
	Owner  string          // names this process in the lease
	Notify <-chan struct{} // says that something was queued; nil: it is found by polling
	Poll   time.Duration   // between looks; 0 is half a second
	Log    *slog.Logger    // nil is none
}

const (
	pumpLease    = "outbox"
	pumpLeaseFor = 30 * time.Second
	pumpTimeout  = 20 * time.Second // of one round: it ends before its lease
	pumpLimit    = 1000             // items in one round
	pumpWide     = 8                // workflows told at a time
	pumpBytes    = 100_000          // in one signal
	pumpSlowest  = 10 * time.Second // between attempts when it fails
)

// errMalformed marks an item that can never be told to anybody.
var errMalformed = errors.New("malformed")

// Run empties the outbox until ctx is done.
func (p *Pump) Run(ctx context.Context) {
	poll, log := or(p.Poll, 500*time.Millisecond), or(p.Log, slog.New(slog.DiscardHandler))
	pause := poll
	for ctx.Err() == nil {
		told, err := p.round(ctx, log)
		switch {
		case err != nil && ctx.Err() == nil:
			pause = min(2*pause, max(poll, pumpSlowest))
			log.Warn("what is queued for Temporal stays queued", "error", scrub(err.Error()), "retry_in", pause)
		case told > 0:
			pause = poll
			continue // there may be more
		default:
			pause = poll
		}
		p.rest(ctx, pause, err == nil)
	}
	p.release()
}

// rest waits, and wakes for a notification if it may.
func (p *Pump) rest(ctx context.Context, pause time.Duration, notified bool) {
	notify := p.Notify
	if !notified {
		notify = nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-notify:
	}
}

// round tells what is queued now, and says how many items that closed. What could
// not be told stays, and all behind it for the same workflow.
func (p *Pump) round(ctx context.Context, log *slog.Logger) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, pumpTimeout)
	defer cancel()
	items, err := p.queued(ctx)
	if err != nil || len(items) == 0 {
		return 0, err
	}
	queues := byWorkflow(items)
	results := make([]result, len(queues))
	slots := make(chan struct{}, pumpWide)
	var all sync.WaitGroup
	for i, queue := range queues {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			results[i] = p.tell(ctx, queue, log)
		})
	}
	all.Wait()
	var done []int64
	for _, r := range results {
		done = append(done, r.done...)
		err = errors.Join(err, r.err)
	}
	if len(done) == 0 {
		return 0, err
	}
	return len(done), errors.Join(err, p.Outbox.Update(ctx, func(tx store.Tx) error { return tx.OutboxDone(done...) }))
}

// queued returns the oldest items, if this process is the one to tell them. While
// there is nothing to tell, the lease is not asked for.
func (p *Pump) queued(ctx context.Context) ([]store.OutboxItem, error) {
	var items []store.OutboxItem
	read := func(r store.Reader) (err error) {
		items, err = r.OutboxItems(pumpLimit)
		return err
	}
	if err := p.Outbox.View(ctx, read); err != nil || len(items) == 0 {
		return nil, err
	}
	mine := false
	err := p.Outbox.Update(ctx, func(tx store.Tx) (err error) {
		now := time.Now()
		mine, err = tx.Acquire(pumpLease, p.Owner, now, now.Add(pumpLeaseFor))
		return err
	})
	if err != nil || !mine {
		return nil, err
	}
	return items, p.Outbox.View(ctx, read) // as they are under the lease
}

func (p *Pump) release() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.Outbox.Update(ctx, func(tx store.Tx) error { return tx.Release(pumpLease, p.Owner) }) // it runs out by itself
}

// byWorkflow parts items by workflow, each part in order.
func byWorkflow(items []store.OutboxItem) [][]store.OutboxItem {
	var queues [][]store.OutboxItem
	at := map[string]int{}
	for _, item := range items {
		i, ok := at[item.Workflow]
		if !ok {
			i = len(queues)
			at[item.Workflow] = i
			queues = append(queues, nil)
		}
		queues[i] = append(queues[i], item)
	}
	return queues
}

// result is what became of one workflow's items.
type result struct {
	done []int64
	err  error
}

// tell tells one workflow its items, in order, as far as it can. Reactions that
// follow each other go in one signal.
func (p *Pump) tell(ctx context.Context, queue []store.OutboxItem, log *slog.Logger) result {
	var r result
	for len(queue) > 0 {
		n, err := p.first(ctx, queue)
		switch {
		case errors.Is(err, ErrGone): // it no longer waits
		case errors.Is(err, errMalformed):
			log.Error("an item of the outbox is dropped: it can never be told", "item", queue[0].ID, "kind", queue[0].Kind, "error", scrub(err.Error()))
		case err != nil:
			r.err = fmt.Errorf("tell %s: %w", queue[0].Workflow, err)
			return r
		}
		for _, item := range queue[:n] {
			r.done = append(r.done, item.ID)
		}
		queue = queue[n:]
	}
	return r
}

// first tells the first item, and those that can go with it; it says how many.
func (p *Pump) first(ctx context.Context, queue []store.OutboxItem) (int, error) {
	item := queue[0]
	switch item.Kind {
	case journey.KindStartCohort:
		start, err := payload[journey.StartCohort](item)
		if err != nil {
			return 1, err
		}
		return 1, p.Teller.StartCohort(ctx, item.Workflow, start)
	case journey.KindStartRun:
		start, err := payload[journey.StartRun](item)
		if err != nil {
			return 1, err
		}
		return 1, p.Teller.StartRun(ctx, item.Workflow, start)
	case journey.KindSignal:
		return p.signal(ctx, queue)
	}
	return 1, fmt.Errorf("%w: kind %q", errMalformed, item.Kind)
}

// signal gathers the reactions at the head of the queue into one signal.
func (p *Pump) signal(ctx context.Context, queue []store.OutboxItem) (int, error) {
	var signal Reactions
	bytes := 0
	for _, item := range queue {
		if bytes += len(item.Payload) + 40; item.Kind != journey.KindSignal || bytes > pumpBytes && len(signal.Items) > 0 {
			break
		}
		reaction, err := payload[journey.Reaction](item)
		if err != nil && len(signal.Items) > 0 {
			break // its turn comes
		}
		if err != nil {
			return 1, err
		}
		signal.Items = append(signal.Items, NumberedReaction{Seq: item.ID, Reaction: reaction})
	}
	return len(signal.Items), p.Teller.React(ctx, queue[0].Workflow, signal)
}

func payload[T any](item store.OutboxItem) (T, error) {
	var v T
	if err := json.Unmarshal(item.Payload, &v); err != nil {
		return v, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return v, nil
}
