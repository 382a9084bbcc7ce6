package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
)

// PauseRequest lets a cohort stand still, or go on.
type PauseRequest struct{}

// MigrateRequest takes a cohort over into another revision of its journey. It is
// compare-and-swap: one whose From is no longer the cohort's is refused.
type MigrateRequest struct {
	From   campaign.Digest   `json:"from"`
	To     campaign.Digest   `json:"to"`
	Policy campaign.OnChange `json:"policy"`          // migrate, restart or exit
	Moved  map[string]string `json:"moved,omitempty"` // label of a step as it was → as it is
}

// staleMigration is the type of the error for a From that is not the cohort's.
const staleMigration = "stale"

// listenToEdits sets up what stops a cohort and changes its journey.
func (c *cohort) listenToEdits(ctx workflow.Context) error {
	if err := c.update(ctx, pauseUpdate, "Let nothing more happen until resume: what is under way lands",
		func(ctx workflow.Context, _ PauseRequest) (ExitResult, error) { return c.halt(ctx, journey.Pause{}) }, nil); err != nil {
		return err
	}
	if err := c.update(ctx, resumeUpdate, "Go on after pause: what fell due meanwhile is due now",
		func(ctx workflow.Context, _ PauseRequest) (ExitResult, error) { return c.halt(ctx, journey.Unpause{}) }, nil); err != nil {
		return err
	}
	return c.update(ctx, migrateUpdate, "Take the people under way over into another revision", c.migrate, nil)
}

// halt pauses, or ends a pause.
func (c *cohort) halt(ctx workflow.Context, in journey.Input) (ExitResult, error) {
	people := c.state.Underway(nil)
	c.add(in)
	if err := c.applied(ctx); err != nil {
		return ExitResult{}, err
	}
	return ExitResult{people}, c.tellStatus(ctx)
}

func (c *cohort) tellStatus(ctx workflow.Context) error {
	status := statusRunning
	if c.state.Paused() {
		status = statusPaused
	}
	return workflow.UpsertTypedSearchAttributes(ctx, attrStatus.ValueSet(status))
}

// landed waits until nothing is in flight. What a run that is to continue as new
// did not launch any more is not in flight, whatever the state thinks.
func (c *cohort) landed(ctx workflow.Context) error {
	if err := workflow.Await(ctx, func() bool { return c.over || c.flying == 0 && len(c.inputs) == 0 }); err != nil {
		return err
	}
	if c.over || c.state.InFlight() == 0 {
		return nil
	}
	c.add(journey.Resume{})
	return c.applied(ctx)
}

// migrate waits for what is in flight to land, and changes the journey beneath
// the people. A second one waits for the first.
func (c *cohort) migrate(ctx workflow.Context, r MigrateRequest) (ExitResult, error) {
	if err := workflow.Await(ctx, func() bool { return !c.migrating }); err != nil {
		return ExitResult{}, err
	}
	switch c.in.Definition {
	case r.To: // told twice
		return ExitResult{c.state.Underway(nil)}, nil
	case r.From:
	default:
		return ExitResult{}, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("this cohort is on revision %s, not on %s", c.in.Definition.Short(), r.From.Short()), staleMigration, nil)
	}
	to, err := c.find(r.To)
	if err != nil {
		failTask(ctx, err)
	}
	c.migrating = true
	defer func() { c.migrating = false }()
	paused := c.state.Paused()
	c.add(journey.Pause{})
	if err := c.applied(ctx); err != nil {
		return ExitResult{}, err
	}
	if err := c.landed(ctx); err != nil {
		return ExitResult{}, err
	}
	people := c.state.Underway(nil)
	if c.over {
		return ExitResult{people}, nil
	}
	if err := c.program.Migrate(c.state, to, journey.Migration{Policy: r.Policy, Moved: r.Moved}, c.now(ctx)); err != nil {
		return ExitResult{}, temporal.NewNonRetryableApplicationError(err.Error(), "migration", nil)
	}
	c.program, c.in.Definition = to, r.To
	if !paused {
		c.add(journey.Unpause{})
	} else {
		c.add(journey.Tick{})
	}
	if err := c.applied(ctx); err != nil {
		return ExitResult{}, err
	}
	return ExitResult{people}, workflow.UpsertTypedSearchAttributes(ctx, attrRevision.ValueSet(r.To.Short()))
}
