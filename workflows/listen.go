package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/engine/journey"
)

// Reactions is the signal that tells a cohort what happened: one signal carries
// what was there to be told.
type Reactions struct {
	Items []NumberedReaction `json:"items"`
}

// NumberedReaction is a reaction with the ID of its outbox item. A cohort takes
// each number once, in ascending order.
type NumberedReaction struct {
	Seq      int64            `json:"seq"`
	Reaction journey.Reaction `json:"reaction"`
}

// CancelRequest ends a whole cohort or run.
type CancelRequest struct{}

// ExitRequest ends some members of a cohort.
type ExitRequest struct {
	Members journey.Members `json:"members"`
	Outcome journey.Outcome `json:"outcome,omitempty"` // Cancelled when zero
}

// ExitResult says how many were under way. They have ended, or do so after what
// they are in the middle of.
type ExitResult struct {
	People int `json:"people"`
}

// listen sets up all that the run hears: signals, updates and queries.
func (c *cohort) listen(ctx workflow.Context) error {
	c.nudge = workflow.NewBufferedChannel(ctx, 1)
	c.selector = workflow.NewSelector(ctx)
	c.selector.AddReceive(workflow.GetSignalChannel(ctx, reactSignal), func(ch workflow.ReceiveChannel, _ bool) { c.hear(ch) })
	c.selector.AddReceive(c.nudge, func(ch workflow.ReceiveChannel, _ bool) { ch.ReceiveAsync(nil) })
	if err := c.update(ctx, cancelUpdate, "End the journey for everybody in this cohort",
		func(ctx workflow.Context, _ CancelRequest) (ExitResult, error) {
			people := c.state.Underway(nil)
			c.cancel()
			return ExitResult{people}, c.applied(ctx)
		}, nil); err != nil {
		return err
	}
	if err := c.update(ctx, exitUpdate, "End the journey for some members, by index",
		func(ctx workflow.Context, r ExitRequest) (ExitResult, error) {
			people := c.state.Underway(r.Members)
			c.add(journey.Cancel{Members: r.Members, Outcome: r.Outcome})
			return ExitResult{people}, c.applied(ctx)
		}, c.validExit); err != nil {
		return err
	}
	if err := c.listenToEdits(ctx); err != nil {
		return err
	}
	return workflow.SetQueryHandlerWithOptions(ctx, stepsQuery, func() ([]journey.Row, error) { return c.program.Table(c.state) },
		workflow.QueryHandlerOptions{Description: "People by step and outcome"})
}

func (c *cohort) update(ctx workflow.Context, name, description string, handler, validator any) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, name, handler, workflow.UpdateHandlerOptions{Validator: validator, Description: description})
}

func (c *cohort) validExit(r ExitRequest) error {
	if len(r.Members) == 0 {
		return fmt.Errorf("no members are named: to end everybody there is %q", cancelUpdate)
	}
	if last := r.Members[len(r.Members)-1]; last >= c.state.Size() {
		return fmt.Errorf("there is no member %d: the cohort has %d", last, c.state.Size())
	}
	return nil
}

func (c *cohort) cancel() {
	c.cancelled = true
	c.add(journey.Cancel{})
}

// applied waits until what an update added was stepped.
func (c *cohort) applied(ctx workflow.Context) error {
	mine := c.taken
	c.updated++
	c.nudge.SendAsync(true)
	return workflow.Await(ctx, func() bool { return c.over || c.stepped >= mine })
}

// hear takes in one signal. Of reactions that came without a decision one input
// is made: they cost one question.
func (c *cohort) hear(ch workflow.ReceiveChannel) {
	var signal Reactions
	if !ch.ReceiveAsync(&signal) {
		return
	}
	c.signalled++
	var asked journey.Members
	for _, item := range signal.Items {
		if item.Seq <= c.heard {
			continue // told twice
		}
		c.heard = item.Seq
		if r := item.Reaction; len(r.Met)+len(r.Exited)+len(r.Reached)+len(r.Restarted) > 0 {
			c.add(journey.Reacted{Reaction: r})
		} else {
			for _, i := range r.Members {
				asked = asked.With(i)
			}
		}
	}
	if len(asked) > 0 {
		c.add(journey.Reacted{Reaction: journey.Reaction{Members: asked}})
	}
}
