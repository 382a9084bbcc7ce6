package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
)

// BroadcastInput starts one issue of a broadcast. The workflow's ID is the run's.
type BroadcastInput struct {
	Broadcast  string          `json:"broadcast"`
	Definition campaign.Digest `json:"definition"`
	Size       int             `json:"size"`
	DueAt      time.Time       `json:"due_at"` // in campaign time; earlier, it waits
	Clock      clock.Clock     `json:"clock,omitzero"`
	Carried    *Issue          `json:"carried,omitempty"` // by a run that continued as this one
}

// atOnce is how many batches of one issue are under way at a time.
const atOnce = 4

// Broadcast sends an issue to its frozen audience, in batches.
func (l *library) Broadcast(ctx workflow.Context, in BroadcastInput) (Counts, error) {
	r := &run{in: in, limits: l.limits, id: workflow.GetInfo(ctx).WorkflowExecution.ID}
	if in.Carried != nil {
		r.issue = *in.Carried
	}
	work, _ := workflow.NewDisconnectedContext(ctx)
	if err := r.listen(work); err != nil {
		return Counts{}, err
	}
	workflow.Go(work, func(work workflow.Context) {
		ctx.Done().Receive(work, nil)
		r.stopped = true
		r.issue.stop()
	})
	r.wait(work, in.DueAt, "until it is due")
	for !r.issue.done(in.Size) {
		r.fill(work)
		r.show(work)
		if r.draining && r.flying == 0 {
			in.Carried = &r.issue
			return Counts{}, workflow.NewContinueAsNewError(work, broadcastWorkflow, in)
		}
		r.await(work)
	}
	return r.finish(work)
}

// run is one run of the workflow.
type run struct {
	in       BroadcastInput
	limits   limits
	id       string
	issue    Issue
	flying   int  // batches
	landed   int  // batches ever answered
	faults   int  // batches in a row that came to nothing
	draining bool // to continue as new
	stopped  bool // the workflow was cancelled
	details  string
}

func (r *run) listen(ctx workflow.Context) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, cancelUpdate, func(workflow.Context, CancelRequest) (ExitResult, error) {
		r.issue.stop()
		return ExitResult{r.left()}, nil
	}, workflow.UpdateHandlerOptions{Description: "Send to nobody else"})
}

// left counts those who were not handed out.
func (r *run) left() int { return r.in.Size - r.issue.Next + r.issue.waiting() }

func (r *run) now(ctx workflow.Context) time.Time { return r.in.Clock.Campaign(workflow.Now(ctx)) }

// wait waits for an instant of campaign time, or until the issue is cancelled.
func (r *run) wait(ctx workflow.Context, at time.Time, why string) {
	if !r.now(ctx).Before(at) || r.issue.Stopped {
		return
	}
	d := r.in.Clock.Until(at, workflow.Now(ctx)) + time.Millisecond // so that no rounding wakes it too soon
	opts := workflow.AwaitOptions{Timeout: d, TimerOptions: workflow.TimerOptions{Summary: stamp(at) + ", " + why}}
	_, _ = workflow.AwaitWithOptions(ctx, opts, func() bool { return r.issue.Stopped }) // ctx is never cancelled
}

// fill keeps batches under way, unless the run is to continue as new.
func (r *run) fill(ctx workflow.Context) {
	r.draining = r.draining || workflow.GetInfo(ctx).GetContinueAsNewSuggested()
	for r.flying < atOnce && !r.draining {
		members := r.issue.batch(r.now(ctx), r.in.Size, journey.BatchSize)
		if len(members) == 0 {
			return
		}
		r.flying++
		workflow.Go(ctx, func(ctx workflow.Context) { r.send(ctx, members) })
	}
}

// send sends one batch and takes in its answer.
func (r *run) send(ctx workflow.Context, members journey.Members) {
	opts := r.limits.sending(fmt.Sprintf("send %s to %s", r.in.Broadcast, people(len(members))))
	request := journey.BroadcastRequest{Run: r.id, Definition: r.in.Definition, Members: members}
	var result journey.SendResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, opts), broadcastActivity, request).Get(ctx, &result)
	if err != nil {
		pause := time.Minute << min(r.faults, 5)
		r.faults++
		r.issue.putOff(members, r.in.Clock.Campaign(workflow.Now(ctx).Add(pause)), r.now(ctx))
	} else {
		r.faults = 0
		r.issue.answer(members, result, r.now(ctx))
	}
	r.flying--
	r.landed++
}

// await waits for a batch to land, or for the instant of those who were put off.
func (r *run) await(ctx workflow.Context) {
	if r.flying == 0 {
		if at := r.issue.wake(); !at.IsZero() {
			r.wait(ctx, at, "for "+people(r.issue.waiting())+" who were put off")
		}
		return
	}
	before := r.landed
	_ = workflow.Await(ctx, func() bool { return r.landed > before }) // ctx is never cancelled
}

// finish closes the issue in the store.
func (r *run) finish(ctx workflow.Context) (Counts, error) {
	counts, status := r.issue.Counts, statusFinished
	if r.issue.Stopped {
		counts.Cancelled, status = r.left(), statusCancelled
	}
	request := journey.EndRunRequest{Run: r.id, At: r.now(ctx)}
	opts := projecting("note that the issue has ended")
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, opts), endRunActivity, request).Get(ctx, nil); err != nil {
		failTask(ctx, fmt.Errorf("the end of the issue: %w", err))
	}
	r.show(ctx)
	if err := workflow.UpsertTypedSearchAttributes(ctx, attrStatus.ValueSet(status)); err != nil {
		return counts, err
	}
	if r.stopped {
		return counts, temporal.NewCanceledError()
	}
	return counts, nil
}

// show puts how far the issue is into the current details.
func (r *run) show(ctx workflow.Context) {
	c := r.issue.Counts
	details := fmt.Sprintf("| | of %s |\n|---|---:|\n", people(r.in.Size))
	for _, line := range []struct {
		what string
		n    int
	}{{"sent", c.Sent}, {"withheld", c.Withheld}, {"failed", c.Failed}, {"unknown", c.Unknown}, {"gone", c.Gone},
		{"in work", r.issue.InWork}, {"put off", r.issue.waiting()}, {"to come", r.in.Size - r.issue.Next}} {
		if line.n > 0 || line.what == "sent" {
			details += fmt.Sprintf("| %s | %s |\n", line.what, thousands(line.n))
		}
	}
	if details != r.details {
		r.details = details
		workflow.SetCurrentDetails(ctx, details)
	}
}
