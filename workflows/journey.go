package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
)

// JourneyInput starts a cohort. The workflow's ID is the cohort's.
type JourneyInput struct {
	Journey    string          `json:"journey"`
	Definition campaign.Digest `json:"definition"`
	Size       int             `json:"size"`
	At         time.Time       `json:"at,omitzero"` // when the members entered, in campaign time; zero: now
	Clock      clock.Clock     `json:"clock,omitzero"`
	Carried    *Carried        `json:"carried,omitempty"` // by a run that continued as this one
}

// Carried is all that goes from one run of a cohort to the next.
type Carried struct {
	State []byte `json:"state"`           // a journey.State, encoded
	Heard int64  `json:"heard,omitempty"` // the last reaction that was taken in
}

// Journey runs a cohort to its end. It returns the table of outcomes.
func (l *library) Journey(ctx workflow.Context, in JourneyInput) ([]journey.Row, error) {
	program, err := l.definitions.Program(in.Definition)
	if err != nil {
		failTask(ctx, err)
	}
	c := &cohort{in: in, limits: l.limits, program: program, find: l.definitions.Program, id: workflow.GetInfo(ctx).WorkflowExecution.ID}
	if err := c.begin(ctx); err != nil {
		return nil, temporal.NewNonRetryableApplicationError(err.Error(), "input", nil)
	}
	// What is under way is brought to an end in an orderly manner even when an
	// operator cancels the run.
	work, _ := workflow.NewDisconnectedContext(ctx)
	if err := c.listen(work); err != nil {
		return nil, err
	}
	workflow.Go(work, func(work workflow.Context) {
		ctx.Done().Receive(work, nil)
		c.stopped = true
		c.cancel()
		c.nudge.SendAsync(true)
	})
	for !c.over {
		c.step(work)
		switch {
		case c.over:
		case c.drained(work):
			return nil, c.continueAsNew(work)
		default:
			c.await(work)
		}
	}
	return c.finish(work)
}

// failTask fails the workflow task, not the workflow: it is tried again, perhaps
// by a worker that knows better. To panic is the SDK's one way to do so.
func failTask(ctx workflow.Context, err error) {
	workflow.GetMetricsHandler(ctx).Counter("herald_workflow_task_refused").Inc(1)
	panic(fmt.Errorf("this worker cannot go on with this run, which is tried again: %w", err))
}

// cohort is one run of the workflow.
type cohort struct {
	in      JourneyInput
	limits  limits
	id      string
	find    func(campaign.Digest) (*journey.Program, error)
	program *journey.Program
	state   *journey.State
	heard   int64

	inputs   []journey.Input // to be stepped
	taken    int             // inputs ever added
	stepped  int             // of them, stepped
	selector workflow.Selector
	nudge    workflow.Channel // an input was added from aside

	timer     timer
	floor     time.Time // campaign time is at least this
	flying    int       // activities
	faults    int       // effects in a row that came to nothing
	signalled int
	updated   int
	draining  bool // to continue as new
	cancelled bool // by an operator, for everybody
	migrating bool // an update is at it
	stopped   bool // because the workflow was cancelled
	over      bool
	details   string
}

// timer is the one that runs.
type timer struct {
	at     time.Time
	cancel workflow.CancelFunc
}

// begin takes up the state, or makes a new one. A state that this worker cannot
// read was written by a newer one.
func (c *cohort) begin(ctx workflow.Context) error {
	if carried := c.in.Carried; carried != nil {
		c.state, c.heard = new(journey.State), carried.Heard
		if err := c.state.UnmarshalBinary(carried.State); err != nil {
			failTask(ctx, err)
		}
		c.add(journey.Resume{})
		return nil
	}
	state, err := c.program.Begin(c.in.Size)
	c.state = state
	if c.in.At.IsZero() {
		c.in.At = c.now(ctx)
	}
	c.add(journey.Start{At: c.in.At})
	return err
}

func (c *cohort) add(in ...journey.Input) {
	c.inputs = append(c.inputs, in...)
	c.taken += len(in)
}

// now is the present in campaign time. A timer that has fired proves that its
// instant has come, whatever rounding says.
func (c *cohort) now(ctx workflow.Context) time.Time {
	now := c.in.Clock.Campaign(workflow.Now(ctx))
	if now.Before(c.floor) {
		return c.floor
	}
	return now
}

// step takes in all that was gathered and carries out what follows, until nothing
// is left to be taken in.
func (c *cohort) step(ctx workflow.Context) {
	for len(c.inputs) > 0 && !c.over {
		inputs, taken := c.inputs, c.taken
		c.inputs = nil
		commands, err := c.program.Step(c.state, c.now(ctx), inputs...)
		if err != nil {
			failTask(ctx, err)
		}
		c.show(ctx)
		for _, command := range commands {
			c.do(ctx, command)
		}
		c.stepped = taken
	}
}

// await waits until something happens, and gathers what else has.
func (c *cohort) await(ctx workflow.Context) {
	c.selector.Select(ctx)
	for c.selector.HasPending() {
		c.selector.Select(ctx)
	}
}

// drained reports whether the run is to continue as new, now: it should, and
// nothing is in flight or waits to be taken in.
func (c *cohort) drained(ctx workflow.Context) bool {
	suggested := workflow.GetInfo(ctx).GetContinueAsNewSuggested()
	c.draining = c.draining || suggested || c.signalled >= c.limits.signals || c.updated >= c.limits.updates
	if !c.draining || c.flying > 0 {
		return false
	}
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) || len(c.inputs) > 0 })
	return err == nil && len(c.inputs) == 0 && !c.selector.HasPending()
}

func (c *cohort) continueAsNew(ctx workflow.Context) error {
	state, err := c.state.AppendBinary(nil)
	if err != nil {
		return err
	}
	in := c.in
	in.Carried = &Carried{State: state, Heard: c.heard}
	return workflow.NewContinueAsNewError(ctx, journeyWorkflow, in)
}

// finish lets updates answer, says how it ended, and returns the outcomes.
func (c *cohort) finish(ctx workflow.Context) ([]journey.Row, error) {
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return nil, err
	}
	status := statusFinished
	if c.cancelled {
		status = statusCancelled
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, attrStatus.ValueSet(status)); err != nil {
		return nil, err
	}
	if c.stopped {
		return nil, temporal.NewCanceledError()
	}
	rows, err := c.program.Table(c.state)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r journey.Row) bool { return r.Outcome == "" }), nil
}
