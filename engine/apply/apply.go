// Package apply makes a Plan live.
//
// It works in four phases, each of which may be repeated, so that an apply that
// was killed is completed by the next one:
//
//	write    definitions, under their digests; nothing reads them yet
//	ready    schedules of what is new; their ticks find nothing live yet
//	switch   one transaction: what is live, who is inside which segment, the audit log
//	sweep    schedules that nothing live needs any more
//
// Until the switch nothing has changed for anybody; after it everything has.
//
// Enters: a Plan, its Revision, a Store and the running side (Runtime,
// Membership). Leaves: a new live state and an entry in the audit log. Refused:
// a plan made against another state (ErrStale), another environment's state,
// a second apply at the same time (ErrLocked), a plan with Refusals.
package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/store"
)

// ErrStale says that what is live has changed since the plan was made.
var ErrStale = errors.New("the plan is stale: what is live has changed since it was made. Plan again")

// ErrLocked says that another apply is at work.
var ErrLocked = errors.New("another apply is at work")

// Runtime is the running side: where schedules are kept.
type Runtime interface {
	// EnsureSchedule makes sure that a tick comes for a resource; it may exist.
	EnsureSchedule(ctx context.Context, a addr.Addr) error
	// RemoveSchedule ends the ticks of a resource; it may be gone.
	RemoveSchedule(ctx context.Context, a addr.Addr) error
	// Schedules lists the resources that have ticks.
	Schedules(ctx context.Context) ([]addr.Addr, error)
}

// Membership says who is inside the segments that triggers watch, when a plan
// changes their meaning: an edit mails nobody unless it says so.
type Membership interface {
	// Rebase evaluates the segments under rev and returns what is to be written
	// in the transaction of the switch.
	Rebase(ctx context.Context, rev *campaign.Revision, segments []string) (func(store.Tx) error, error)
}

// Applier makes plans live.
type Applier struct {
	Store      store.Store
	Runtime    Runtime
	Membership Membership
	Now        func() time.Time
	// Waiting is told when another apply is at work and its end is waited for; nil:
	// nobody is.
	Waiting func()
}

// By says on whose behalf a plan is applied.
type By struct {
	ID     string // of this apply, unique
	Who    string
	Commit string
	Owner  string // of the lock: this process
}

const (
	lock = "apply"
	// lockLease is how long a killed apply keeps the others waiting. One that takes
	// longer loses its lock but does no harm: the switch looks at the serial.
	lockLease = 15 * time.Second
	lockPoll  = 250 * time.Millisecond
)

// Apply makes p live. An error before the switch leaves what is live as it was.
func (a *Applier) Apply(ctx context.Context, p *plan.Plan, rev *campaign.Revision, by By) error {
	if refused := p.Refusals(); len(refused) > 0 {
		return fmt.Errorf("the plan cannot be applied: %s", strings.Join(refused, " "))
	}
	release, err := a.lock(ctx, by.Owner)
	if err != nil {
		return err
	}
	defer release()
	entry := a.entry(p, by)
	if err := a.write(ctx, p, entry); err != nil {
		return err
	}
	if err := a.ready(ctx, rev); err != nil {
		return a.failed(ctx, entry, err)
	}
	if err := a.turn(ctx, p, rev, entry); err != nil {
		return a.failed(ctx, entry, err)
	}
	return a.Sweep(ctx, rev)
}

// lock takes the lock, waiting for a lease that is held to run out.
func (a *Applier) lock(ctx context.Context, owner string) (release func(), err error) {
	got, err := a.acquire(ctx, owner)
	if err == nil && !got && a.Waiting != nil {
		a.Waiting()
	}
	for deadline := time.Now().Add(lockLease + 2*lockPoll); err == nil && !got; got, err = a.acquire(ctx, owner) {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("nothing was applied: %w", ErrLocked)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
	return func() {
		// The lease ends by itself; giving it back early is a courtesy.
		_ = a.Store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error { return tx.Release(lock, owner) })
	}, err
}

func (a *Applier) acquire(ctx context.Context, owner string) (got bool, err error) {
	err = a.Store.Update(ctx, func(tx store.Tx) (err error) {
		now := time.Now() // leases are wall time
		got, err = tx.Acquire(lock, owner, now, now.Add(lockLease))
		return err
	})
	return got, err
}

func (a *Applier) entry(p *plan.Plan, by By) store.Apply {
	e := store.Apply{
		ID: by.ID, Who: by.Who, Commit: by.Commit, PlanDigest: p.Digest(),
		Environment: p.Environment.Name, Summary: p.Summary(), StartedAt: a.Now(),
	}
	for _, c := range p.Changes {
		e.Steps = append(e.Steps, store.ApplyStep{Addr: c.Addr.String(), Action: string(c.Action), Before: c.Before, After: c.After})
	}
	return e
}

// write stores the definitions and opens the entry in the audit log.
func (a *Applier) write(ctx context.Context, p *plan.Plan, entry store.Apply) error {
	var defs []store.Definition
	for _, c := range p.Changes {
		if c.Action != plan.Delete {
			defs = append(defs, store.Definition{Digest: c.After, Kind: c.Addr.Kind(), Body: c.Resource.Body})
		}
	}
	err := a.Store.Update(ctx, func(tx store.Tx) error {
		live, err := tx.Live()
		if err != nil {
			return err
		}
		if err := sameEnvironment(live, p); err != nil {
			return err
		}
		if live.Serial != p.Serial {
			return ErrStale
		}
		if err := tx.PutDefinitions(defs); err != nil {
			return err
		}
		return tx.PutApply(entry)
	})
	if err != nil {
		return fmt.Errorf("nothing was applied: %w", err)
	}
	return nil
}

// sameEnvironment refuses to apply over another environment's state.
func sameEnvironment(live store.Live, p *plan.Plan) error {
	if len(live.Resources) == 0 || live.Environment.Name == p.Environment.Name {
		return nil
	}
	return fmt.Errorf("this state belongs to the environment %q, the plan is for %q: choose the environment with -env, or another data folder with -data",
		live.Environment.Name, p.Environment.Name)
}

// ready makes sure of the ticks that the desired project needs.
func (a *Applier) ready(ctx context.Context, rev *campaign.Revision) error {
	for _, at := range Scheduled(rev) {
		if err := a.Runtime.EnsureSchedule(ctx, at); err != nil {
			return fmt.Errorf("the schedule of %s: %w", at, err)
		}
	}
	return nil
}

// turn switches what is live, in one transaction.
func (a *Applier) turn(ctx context.Context, p *plan.Plan, rev *campaign.Revision, entry store.Apply) error {
	members, err := a.Membership.Rebase(ctx, rev, changedSegments(p))
	if err != nil {
		return err
	}
	return a.Store.Update(ctx, func(tx store.Tx) error {
		serial, err := tx.LiveSerial()
		if err != nil {
			return err
		}
		if serial != p.Serial {
			return ErrStale
		}
		if err := a.replace(tx, p, rev, entry.ID); err != nil {
			return err
		}
		if err := members(tx); err != nil {
			return err
		}
		entry.FinishedAt = a.Now()
		for i := range entry.Steps {
			entry.Steps[i].Done = true
		}
		return tx.PutApply(entry)
	})
}

func (a *Applier) replace(tx store.Tx, p *plan.Plan, rev *campaign.Revision, applyID string) error {
	if err := tx.SetEnvironment(rev.Environment, rev.Settings); err != nil {
		return err
	}
	for _, c := range p.Changes {
		if c.Action == plan.Delete {
			if err := tx.RemoveLive(c.Addr); err != nil {
				return err
			}
			continue
		}
		err := tx.SetLive(store.LiveResource{
			Addr: c.Addr, Digest: c.After, DependsOn: c.Resource.DependsOn, AppliedAt: a.Now(), ApplyID: applyID,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// changedSegments are the segments whose members the plan counted anew, and
// those that a changed journey begins to watch.
func changedSegments(p *plan.Plan) []string {
	var out []string
	for _, s := range p.Segments {
		out = append(out, s.Segment)
	}
	for _, c := range p.Changes {
		if j, ok := c.Resource.Def.(*campaign.Journey); ok && j.Trigger.Segment != nil {
			out = append(out, j.Trigger.Segment.Segment)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Sweep removes ticks that rev does not need: it repairs what a killed apply,
// or somebody else, left behind.
func (a *Applier) Sweep(ctx context.Context, rev *campaign.Revision) error {
	have, err := a.Runtime.Schedules(ctx)
	if err != nil {
		return fmt.Errorf("everything is applied, but the old schedules could not be listed: %w. Apply again to remove them", err)
	}
	want := Scheduled(rev)
	for _, at := range have {
		if !slices.Contains(want, at) {
			if err := a.Runtime.RemoveSchedule(ctx, at); err != nil {
				return fmt.Errorf("everything is applied, but the schedule of %s could not be removed: %w. Apply again to remove it", at, err)
			}
		}
	}
	return nil
}

// Repair brings the running side in line with a revision that is live already:
// ticks that are missing are made, those that nothing needs are removed.
func (a *Applier) Repair(ctx context.Context, rev *campaign.Revision) error {
	if err := a.ready(ctx, rev); err != nil {
		return err
	}
	return a.Sweep(ctx, rev)
}

// Scheduled lists what needs ticks: broadcasts, and journeys with a date trigger.
func Scheduled(rev *campaign.Revision) []addr.Addr {
	var out []addr.Addr
	for _, r := range rev.Resources {
		switch def := r.Def.(type) {
		case *campaign.Broadcast:
			out = append(out, r.Addr)
		case *campaign.Journey:
			if def.Trigger.Date != nil {
				out = append(out, r.Addr)
			}
		}
	}
	return out
}

// failed closes the audit entry with the error; the entry must not hide it.
func (a *Applier) failed(ctx context.Context, entry store.Apply, cause error) error {
	entry.Error = cause.Error()
	entry.FinishedAt = a.Now()
	err := a.Store.Update(context.WithoutCancel(ctx), func(tx store.Tx) error { return tx.PutApply(entry) })
	if err != nil {
		return fmt.Errorf("nothing was applied: %w (and the audit log could not be written: %w)", cause, err)
	}
	return fmt.Errorf("nothing was applied: %w", cause)
}
