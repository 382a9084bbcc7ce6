package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/herald-campaigns/herald/dsl/addr"
)

// The IDs of schedules, and of the workflows that they start.
const (
	schedulePrefix = "herald/"
	tickPrefix     = "tick/"
)

const (
	leastInterval = time.Second      // wall time between ticks
	catchupWindow = 10 * time.Minute // of missed ticks; one is enough, as it covers all the time since
	tickTimeout   = 2 * time.Hour
)

// EnsureSchedule makes sure that ticks come for a resource, at the interval and in
// the time of this Runtime. Nothing changes when they do already.
func (r *Runtime) EnsureSchedule(ctx context.Context, a addr.Addr) error {
	s, err := r.schedule(a)
	if err != nil {
		return err
	}
	_, err = r.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: scheduleID(a), Spec: *s.Spec, Action: s.Action, Overlap: s.Policy.Overlap, CatchupWindow: s.Policy.CatchupWindow, Note: s.State.Note,
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return named(a, err)
	}
	return named(a, r.client.ScheduleClient().GetHandle(ctx, scheduleID(a)).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			have := in.Description.Schedule
			if have.State != nil && have.State.Note == s.State.Note {
				return nil, temporal.ErrSkipScheduleUpdate
			}
			s.State.Paused = have.State != nil && have.State.Paused // an operator's business
			return &client.ScheduleUpdate{Schedule: s}, nil
		},
	}))
}

// schedule is what the ticks of a resource are to be. The note tells two
// schedules apart: it names all in which they can differ.
func (r *Runtime) schedule(a addr.Addr) (*client.Schedule, error) {
	attrs, err := attributes(tickPrefix+a.String(), keyword{attrKind, "tick"}, keyword{attrStatus, statusRunning})
	if err != nil {
		return nil, fmt.Errorf("the schedule of %s: %w", a, err)
	}
	c := r.opts.Clock
	every := max(leastInterval, c.Shrink(r.opts.TickEvery))
	note := fmt.Sprintf("%s, looked at every %s on queue %s", a, every, r.opts.TaskQueue)
	if c.Scale > 1 || !c.Epoch.Equal(c.Base) {
		note += fmt.Sprintf(", %g times as fast since %s, when it was %s", max(1, c.Scale), stamp(c.Epoch), stamp(c.Base))
	}
	return &client.Schedule{
		Spec: &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}},
		Action: &client.ScheduleWorkflowAction{
			ID: tickPrefix + a.String(), Workflow: tickWorkflow, Args: []any{TickInput{Addr: a, Clock: c}}, TaskQueue: r.opts.TaskQueue,
			WorkflowExecutionTimeout: tickTimeout, TypedSearchAttributes: attrs, StaticSummary: "tick of " + a.String(),
		},
		Policy: &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: catchupWindow},
		State:  &client.ScheduleState{Note: note},
	}, nil
}

// RemoveSchedule ends the ticks of a resource; there may be none.
func (r *Runtime) RemoveSchedule(ctx context.Context, a addr.Addr) error {
	err := r.client.ScheduleClient().GetHandle(ctx, scheduleID(a)).Delete(ctx)
	if errors.As(err, new(*serviceerror.NotFound)) {
		return nil
	}
	return named(a, err)
}

// Schedules lists the resources that have ticks, in the order of their addresses.
// What was made or removed a moment ago may not be reflected yet.
func (r *Runtime) Schedules(ctx context.Context) ([]addr.Addr, error) {
	list, err := r.client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 100})
	if err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	var out []addr.Addr
	for list.HasNext() {
		entry, err := list.Next()
		if err != nil {
			return nil, fmt.Errorf("list schedules: %w", err)
		}
		name, ours := strings.CutPrefix(entry.ID, schedulePrefix)
		if a, err := addr.Parse(name); ours && err == nil {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, addr.Addr.Compare)
	return out, nil
}

func scheduleID(a addr.Addr) string { return schedulePrefix + a.String() }

func named(a addr.Addr, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("the schedule of %s: %w", a, err)
}
