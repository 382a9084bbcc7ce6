package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
)

// TickInput is what a schedule starts Tick with.
type TickInput struct {
	Addr  addr.Addr   `json:"addr"` // of what is scheduled
	Clock clock.Clock `json:"clock,omitzero"`
}

// TickResult is what the next tick goes on from.
type TickResult struct {
	To      time.Time `json:"to"` // campaign time up to which all that was due was started
	Started int       `json:"started,omitempty"`
	People  int       `json:"people,omitempty"`
}

// Tick asks the planner to start what became due since the last tick. Schedules
// tell when to look; what is due, herald computes itself.
func (l *library) Tick(ctx workflow.Context, in TickInput) (TickResult, error) {
	var last TickResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			last = TickResult{} // from an older herald: the planner has its own memory
		}
	}
	request := journey.PlanRequest{Addr: in.Addr, From: last.To, To: in.Clock.Campaign(workflow.Now(ctx))}
	if request.To.Before(request.From) { // the clock was set anew
		request.From = time.Time{}
	}
	opts := workflow.WithActivityOptions(ctx, l.limits.planning("look what of "+in.Addr.String()+" is due"))
	var result journey.PlanResult
	if err := workflow.ExecuteActivity(opts, planActivity, request).Get(ctx, &result); err != nil {
		return last, err
	}
	return TickResult{To: request.To, Started: result.Started, People: result.People}, nil
}
