package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/apply"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/impact"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
)

var planCommand = command{
	name: "plan", args: "[-json] [-detailed-exitcode] [DIR]", about: "show what applying the files would change, for real people",
	long: "Compares the files with what is live and counts who enters and leaves each segment\nwhose meaning changes. Nothing is changed.\n\nWith -detailed-exitcode: 0 no changes, 1 error, 2 changes.",
	run: func(ctx context.Context, c *call) error {
		c.projectFlags()
		c.storeFlags()
		c.nowFlag()
		detailed := c.flags.Bool("detailed-exitcode", false, "exit with 2 when there are changes")
		if err := c.parse(); err != nil {
			return err
		}
		planned, err := c.plan(ctx)
		if err != nil {
			return err
		}
		defer planned.store.Close()
		if err := c.showPlan(planned.plan); err != nil {
			return err
		}
		if *detailed && !planned.plan.Empty() {
			return exitCode(exitChanges)
		}
		return nil
	},
}

// planned is a plan with all that it takes to apply it.
type planned struct {
	compiled *compiled
	revision *campaign.Revision
	live     *state.Snapshot
	plan     *plan.Plan
	store    store.Store // the caller closes it
	now      time.Time
}

// plan compiles the project, compares it with what is live and counts people.
func (c *call) plan(ctx context.Context) (*planned, error) {
	now, err := c.instant()
	if err != nil {
		return nil, err
	}
	compiled, err := c.revision()
	if err != nil {
		return nil, err
	}
	s, err := c.openStore(ctx)
	if err != nil {
		return nil, err
	}
	out := &planned{compiled: compiled, revision: compiled.revision, store: s, now: now}
	if err := out.make(ctx, c); err != nil {
		s.Close()
		return nil, err
	}
	return out, nil
}

func (p *planned) make(ctx context.Context, c *call) (err error) {
	if p.live, err = state.Load(ctx, p.store); err != nil {
		return err
	}
	if p.plan, err = plan.New(p.revision, p.live); err != nil {
		return err
	}
	if p.plan.Empty() {
		return nil
	}
	ask, done, err := c.asker(ctx, p.store)
	if err != nil {
		return err
	}
	defer done()
	return impact.Count(ctx, impact.Base{Store: p.store, Ask: ask}, p.plan, p.revision, p.live, p.now)
}

func (c *call) showPlan(p *plan.Plan) error {
	if c.json {
		return plan.WriteJSON(c.out, p)
	}
	return plan.WriteText(c.out, p, plan.TextOptions{Color: c.color(c.out)})
}

var applyCommand = command{
	name: "apply", args: "[-auto-approve] [DIR]", about: "make the files live",
	long: "Shows the plan and asks. What is live is switched in one step; an apply that was\nkilled is completed by the next one.",
	run: func(ctx context.Context, c *call) error {
		c.projectFlags()
		c.storeFlags()
		c.nowFlag()
		approve := c.flags.Bool("auto-approve", false, "do not ask")
		temporal := c.flags.String("temporal", os.Getenv("TEMPORAL_ADDRESS"), "the `address` of Temporal; left out, what the project says, or the running `herald dev`")
		if err := c.parse(); err != nil {
			return err
		}
		planned, err := c.plan(ctx)
		if err != nil {
			return err
		}
		defer planned.store.Close()
		if err := c.showPlan(planned.plan); err != nil {
			return err
		}
		if !planned.plan.Empty() && !*approve && len(planned.plan.Refusals()) == 0 {
			if yes, err := c.confirm("Apply this?"); err != nil || !yes {
				if err == nil {
					fmt.Fprintln(c.out, "Nothing was applied.")
					err = exitCode(exitError)
				}
				return err
			}
		}
		return c.apply(ctx, planned, *temporal)
	},
}

func (c *call) apply(ctx context.Context, p *planned, temporal string) error {
	runtime, at, done, err := c.runtime(ctx, p.revision, temporal)
	if err != nil {
		return err
	}
	defer done()
	evaluate, ended, err := c.evaluator(ctx, p.store)
	if err != nil {
		return err
	}
	defer ended()
	applier := newApplier(p.store, runtime, at)
	applier.Membership = membership(p.store, at, evaluate)
	if p.plan.Empty() {
		return applier.Repair(ctx, p.revision)
	}
	applier.Waiting = func() { fmt.Fprintln(c.err, "Another apply is at work; waiting for its end.") }
	by := apply.By{ID: rand.Text(), Who: who(), Commit: c.commit(ctx), Owner: owner()}
	if err := applier.Apply(ctx, p.plan, p.revision, by); err != nil {
		return err
	}
	if !c.json {
		fmt.Fprintf(c.out, "Applied: %s.\n", p.plan.Summary())
	}
	return nil
}

// newApplier applies in the campaign time of at.
func newApplier(s store.Store, runtime apply.Runtime, at clock.Clock) *apply.Applier {
	return &apply.Applier{Store: s, Runtime: runtime, Membership: membership(s, at, nil), Now: time.Now}
}

// membership says who is in the segments that an apply changes.
func membership(s store.Store, at clock.Clock, evaluate func(*audience.Schema) audience.Evaluator) *enrolment.Membership {
	m := enrolment.NewMembership(s, at.Now)
	m.Evaluator = evaluate
	return m
}

// owner names this process where locks and leases are held.
func owner() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), filepath.Base(os.Args[0]))
}
