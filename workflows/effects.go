package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/engine/journey"
)

// do carries out one command.
func (c *cohort) do(ctx workflow.Context, command journey.Command) {
	switch command := command.(type) {
	case journey.Decide:
		c.decide(ctx, command)
	case journey.Act:
		c.act(ctx, command)
	case journey.Wake:
		c.wake(ctx, command)
	case journey.Progress:
		c.progress(ctx, command)
	case journey.End:
		c.over = true
	default:
		failTask(ctx, fmt.Errorf("%T is not a command that this worker knows", command))
	}
}

// decide asks for members, unless the run is draining: then the next one will.
func (c *cohort) decide(ctx workflow.Context, d journey.Decide) {
	if c.draining {
		return
	}
	c.flying++
	opts := c.limits.deciding(fmt.Sprintf("ask %s about %s", d.Step, people(len(d.Members))))
	f := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, opts), decideActivity, d.Request(c.id, c.in.Definition))
	c.selector.AddFuture(f, func(f workflow.Future) {
		c.flying--
		var result journey.DecideResult
		if err := f.Get(ctx, &result); err != nil {
			c.fault(ctx, d.Members)
			return
		}
		c.faults = 0
		c.add(journey.Decided{Decide: d, Result: result})
	})
}

// act carries out an effect in batches, side by side. Their answers are taken in
// as one, so that who was sent to by one command moves on together.
func (c *cohort) act(ctx workflow.Context, s journey.Act) {
	if c.draining {
		return
	}
	batches := s.Batches(journey.BatchSize)
	var whole journey.SendResult
	left := len(batches)
	for _, batch := range batches {
		c.flying++
		name, summary := sendActivity, fmt.Sprintf("send %s to %s", s.Step, people(len(batch.Members)))
		if s.Kind != "send" {
			name, summary = actActivity, fmt.Sprintf("%s %s for %s", s.Kind, s.Step, people(len(batch.Members)))
		}
		f := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, c.limits.sending(summary)), name, batch.Request(c.id, c.in.Definition))
		c.selector.AddFuture(f, func(f workflow.Future) {
			c.flying--
			left--
			var result journey.SendResult
			if err := f.Get(ctx, &result); err != nil {
				c.fault(ctx, batch.Members)
			} else {
				c.faults = 0
				whole.Merge(result)
			}
			if left == 0 {
				c.add(journey.Acted{Act: s, Result: whole})
			}
		})
	}
}

// fault puts an effect off that came to nothing after all retries: for a minute,
// then ever longer.
func (c *cohort) fault(ctx workflow.Context, members journey.Members) {
	pause := time.Minute << min(c.faults, 5)
	c.faults++
	c.add(journey.PutOff{Members: members, At: c.in.Clock.Campaign(workflow.Now(ctx).Add(pause))})
}

// wake sets the timer in place of the one that runs.
func (c *cohort) wake(ctx workflow.Context, w journey.Wake) {
	if c.timer.cancel != nil {
		c.timer.cancel()
		c.timer = timer{}
	}
	if w.At.IsZero() || c.draining {
		return
	}
	timed, cancel := workflow.WithCancel(ctx)
	c.timer = timer{at: w.At, cancel: cancel}
	d := c.in.Clock.Until(w.At, workflow.Now(ctx))
	f := workflow.NewTimerWithOptions(timed, d, workflow.TimerOptions{Summary: fmt.Sprintf("wait %s until %s", w.Step, stamp(w.At))})
	c.selector.AddFuture(f, func(f workflow.Future) {
		if f.Get(timed, nil) != nil { // replaced by another
			return
		}
		c.timer = timer{}
		if c.floor.Before(w.At) {
			c.floor = w.At
		}
		c.add(journey.Tick{})
	})
}

// progress brings the store's projection up to date. It is repeated until it
// succeeds: nothing can go on while the store is away.
func (c *cohort) progress(ctx workflow.Context, p journey.Progress) {
	opts := projecting("note where people are")
	if p.Ended {
		opts.Summary = "note that everybody has ended"
	}
	f := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, opts), progressActivity, p.Request(c.id))
	if err := f.Get(ctx, nil); err != nil {
		failTask(ctx, fmt.Errorf("the projection of progress: %w", err))
	}
}

// people counts in words: "1 person", "37 people".
func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return thousands(n) + " people"
}

// thousands writes 12345 as "12,345".
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
