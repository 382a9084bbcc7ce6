package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/workflows"
)

var journeyCommand = command{
	name: "journey", args: "[-temporal ADDRESS] [-auto-approve] pause|resume|cancel journey.NAME [DIR]", about: "hold, let go or end everybody who is under way in a journey",
	long: "pause lets what is under way land; then nothing happens until resume, and what fell\ndue meanwhile is due then. cancel ends the way of everybody who is inside. All three\nare for who is inside now: who enters later is not held. Workers must be running.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		c.variableFlags()
		address := c.flags.String("temporal", "", "the `address` of Temporal; left out, that of a running `herald dev`, or the project's")
		approve := c.flags.Bool("auto-approve", false, "cancel without asking")
		if err := c.parse("pause, resume or cancel", "journey.NAME"); err != nil {
			return err
		}
		order, ok := orders[c.rest[0]]
		if !ok {
			return fmt.Errorf("%q is no order: it is pause, resume or cancel", c.rest[0])
		}
		name, ok := strings.CutPrefix(c.rest[1], "journey.")
		if !ok || name == "" {
			return fmt.Errorf("%q is no journey: write journey.NAME", c.rest[1])
		}
		return c.orderJourney(ctx, order, name, *address, *approve)
	},
}

// order is something that all runs of a journey are told.
type order struct {
	done string // what became of the people
	asks string // a question before, where it cannot be taken back
	tell func(r runs, ctx context.Context, id string) (workflows.ExitResult, error)
}

// runs are told what to do; workflows.Runtime is one.
type runs interface {
	Pause(ctx context.Context, id string) (workflows.ExitResult, error)
	Unpause(ctx context.Context, id string) (workflows.ExitResult, error)
	Cancel(ctx context.Context, id string) (workflows.ExitResult, error)
}

var orders = map[string]order{
	"pause":  {done: "stand still", tell: runs.Pause},
	"resume": {done: "go on", tell: runs.Unpause},
	"cancel": {done: "have left", asks: "End the way of everybody in journey.%s?", tell: runs.Cancel},
}

func (c *call) orderJourney(ctx context.Context, o order, name, address string, approve bool) error {
	s, err := c.existingStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	cohorts, err := runsUnderWay(ctx, s, name)
	if err != nil {
		return err
	}
	if len(cohorts) == 0 {
		fmt.Fprintf(c.out, "Nobody is under way in journey.%s.\n", name)
		return nil
	}
	if o.asks != "" && !approve {
		if yes, err := c.confirm(fmt.Sprintf(o.asks, name)); err != nil || !yes {
			return cmp.Or(err, error(exitCode(exitError)))
		}
	}
	r, err := c.dialLive(ctx, s, address)
	if err != nil {
		return err
	}
	defer r.Close()
	return c.tellCohorts(ctx, o, r, cohorts)
}

// runsUnderWay are the runs of a journey that have not ended.
func runsUnderWay(ctx context.Context, s store.Store, name string) (ids []string, err error) {
	err = s.View(ctx, func(r store.Reader) error {
		all, err := r.OpenCohorts(0)
		for _, cohort := range all {
			if cohort.Journey == name {
				ids = append(ids, cohort.ID)
			}
		}
		return err
	})
	return ids, err
}

// tellCohorts tells each run; one that has ended in this moment needs not be told.
func (c *call) tellCohorts(ctx context.Context, o order, r runs, cohorts []string) error {
	people, told := 0, 0
	for _, id := range cohorts {
		result, err := o.tell(r, ctx, id)
		switch {
		case errors.Is(err, workflows.ErrGone):
			continue
		case err != nil:
			return fmt.Errorf("%d people in %d of %d runs %s; then: %w. Do it again: who has been told is not harmed", people, told, len(cohorts), o.done, err)
		}
		people += result.People
		told++
	}
	fmt.Fprintf(c.out, "%d people in %d runs %s.\n", people, told, o.done)
	return nil
}

// dialLive reaches the Temporal that runs what is live in a store.
func (c *call) dialLive(ctx context.Context, s store.Store, address string) (*workflows.Runtime, error) {
	rev, err := liveRevision(ctx, s)
	if err != nil {
		return nil, err
	}
	opts := workflows.Options{Address: cmp.Or(address, rev.Settings.TemporalAddress), Namespace: rev.Settings.Namespace}
	if r, ok := findRunning(c.dataDir()); ok {
		opts.Clock = r.Clock
		if opts.Address == "" {
			opts.Address, opts.Namespace = r.Temporal, r.Namespace
		}
	}
	if opts.Address == "" {
		return nil, errors.New("no Temporal is known: start `herald dev`, or give -temporal")
	}
	return dial(ctx, opts)
}
