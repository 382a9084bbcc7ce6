package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
)

// ErrGone says that a run is not, or no longer, there to be told anything.
var ErrGone = errors.New("the run has ended or was never started")

// ErrStale says that a cohort is on another revision than a migration starts from.
var ErrStale = errors.New("the cohort has moved on")

// Options say which Temporal, and in which time. The zero value works on this
// machine.
type Options struct {
	Address   string        // host:port; "" is 127.0.0.1:7233
	Namespace string        // "" is default
	TaskQueue string        // "" is herald
	Clock     clock.Clock   // campaign time, which every run is given
	TickEvery time.Duration // campaign time between ticks of a schedule; 0 is a minute
	Log       *slog.Logger  // nil is none
}

// Runtime is a connection to Temporal: what starts runs, tells them things and
// keeps schedules. It is safe for concurrent use.
type Runtime struct {
	client client.Client
	opts   Options
}

// Dial connects, and fails when the server does not answer before ctx is done.
func Dial(ctx context.Context, opts Options) (*Runtime, error) {
	opts.Address = or(opts.Address, client.DefaultHostPort)
	opts.Namespace = or(opts.Namespace, client.DefaultNamespace)
	opts.TaskQueue = or(opts.TaskQueue, "herald")
	opts.TickEvery = or(opts.TickEvery, time.Minute)
	opts.Log = or(opts.Log, slog.New(slog.DiscardHandler))
	c, err := client.DialContext(ctx, client.Options{HostPort: opts.Address, Namespace: opts.Namespace, Logger: newLogger(opts.Log)})
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", opts.Address, err)
	}
	return &Runtime{client: c, opts: opts}, nil
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Close ends the connection.
func (r *Runtime) Close() { r.client.Close() }

// RegisterAttributes registers the search attributes that the server lacks. Some
// servers let only their operator do so: then the error says what is missing.
func (r *Runtime) RegisterAttributes(ctx context.Context) error {
	operator := r.client.OperatorService()
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: r.opts.Namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name := range attributeTypes {
		if _, ok := have.CustomAttributes[name]; !ok {
			missing[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: r.opts.Namespace, SearchAttributes: missing})
	if err != nil && !errors.As(err, new(*serviceerror.AlreadyExists)) {
		return fmt.Errorf("register search attributes %v of type Keyword: %w", missing, err)
	}
	return nil
}

// UnknownAttribute reports whether a server refused something because it does not
// know, or does not know yet, one of the search attributes.
func UnknownAttribute(err error) bool {
	var invalid *serviceerror.InvalidArgument
	return errors.As(err, &invalid) && strings.Contains(invalid.Message, "search attribute")
}

// StartCohort starts a cohort under its ID. One that was started already is a
// success.
func (r *Runtime) StartCohort(ctx context.Context, id string, s journey.StartCohort) error {
	if s.Size < 0 || s.Size > journey.MaxCohort {
		return fmt.Errorf("%w: a cohort of %d, of at most %d", errMalformed, s.Size, journey.MaxCohort)
	}
	attrs, err := runAttributes(id, "journey", keyword{attrJourney, s.Journey}, s.Definition)
	if err != nil {
		return fmt.Errorf("start %s: %w: %w", id, errMalformed, err)
	}
	return r.start(ctx, client.StartWorkflowOptions{
		ID: id, TypedSearchAttributes: attrs,
		StaticSummary: fmt.Sprintf("%s · %s · revision %s", s.Journey, people(s.Size), s.Definition.Short()),
		StaticDetails: fmt.Sprintf("The way of %s through journey `%s`, begun together on %s.", people(s.Size), s.Journey, stamp(s.At)),
	}, journeyWorkflow, JourneyInput{Journey: s.Journey, Definition: s.Definition, Size: s.Size, At: s.At, Clock: r.opts.Clock})
}

// StartRun starts an issue of a broadcast under its ID. One that was started
// already is a success.
func (r *Runtime) StartRun(ctx context.Context, id string, s journey.StartRun) error {
	attrs, err := runAttributes(id, "broadcast", keyword{attrBroadcast, s.Broadcast}, s.Definition)
	if err != nil {
		return fmt.Errorf("start %s: %w: %w", id, errMalformed, err)
	}
	return r.start(ctx, client.StartWorkflowOptions{
		ID: id, TypedSearchAttributes: attrs,
		StaticSummary: fmt.Sprintf("%s · %s · revision %s", s.Broadcast, people(s.Size), s.Definition.Short()),
		StaticDetails: fmt.Sprintf("One issue of broadcast `%s` to %s, due on %s.", s.Broadcast, people(s.Size), stamp(s.DueAt)),
	}, broadcastWorkflow, BroadcastInput{Broadcast: s.Broadcast, Definition: s.Definition, Size: s.Size, DueAt: s.DueAt, Clock: r.opts.Clock})
}

// start starts a workflow whose ID is used once and for all.
func (r *Runtime) start(ctx context.Context, opts client.StartWorkflowOptions, name string, in any) error {
	opts.TaskQueue = r.opts.TaskQueue
	opts.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	_, err := r.client.ExecuteWorkflow(ctx, opts, name, in)
	if err != nil && !errors.As(err, new(*serviceerror.WorkflowExecutionAlreadyStarted)) {
		return fmt.Errorf("start %s: %w", opts.ID, err)
	}
	return nil
}

// React tells a cohort what happened; ErrGone when there is none to be told.
func (r *Runtime) React(ctx context.Context, id string, reactions Reactions) error {
	return gone(id, r.client.SignalWorkflow(ctx, id, "", reactSignal, reactions))
}

// Cancel ends a cohort, or an issue of a broadcast, when what is in flight has
// landed. It tells for how many people that was the end.
func (r *Runtime) Cancel(ctx context.Context, id string) (ExitResult, error) {
	return r.update(ctx, id, cancelUpdate, CancelRequest{})
}

// Exit ends members of a cohort, by index.
func (r *Runtime) Exit(ctx context.Context, id string, request ExitRequest) (ExitResult, error) {
	return r.update(ctx, id, exitUpdate, request)
}

// Pause lets a cohort stand still once what is in flight has landed.
func (r *Runtime) Pause(ctx context.Context, id string) (ExitResult, error) {
	return r.update(ctx, id, pauseUpdate, PauseRequest{})
}

// Unpause lets a paused cohort go on.
func (r *Runtime) Unpause(ctx context.Context, id string) (ExitResult, error) {
	return r.update(ctx, id, resumeUpdate, PauseRequest{})
}

// Migrate takes a cohort over into another revision. Told twice it happens once;
// ErrStale when the cohort is on a third revision.
func (r *Runtime) Migrate(ctx context.Context, id string, request MigrateRequest) (ExitResult, error) {
	result, err := r.updateAs(ctx, id, id+"/"+string(request.To), migrateUpdate, request)
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) && refused.Type() == staleMigration {
		return result, fmt.Errorf("%w: %w", ErrStale, err)
	}
	return result, err
}

func (r *Runtime) update(ctx context.Context, id, name string, request any) (ExitResult, error) {
	return r.updateAs(ctx, id, "", name, request)
}

// updateAs sends an update under an ID of its own, so that it counts once.
func (r *Runtime) updateAs(ctx context.Context, id, update, name string, request any) (ExitResult, error) {
	handle, err := r.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateID: update, UpdateName: name, Args: []any{request}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	var result ExitResult
	if err == nil {
		err = handle.Get(ctx, &result)
	}
	return result, gone(id, err)
}

// Steps asks a cohort for its table of steps. Workers must be running.
func (r *Runtime) Steps(ctx context.Context, id string) ([]journey.Row, error) {
	value, err := r.client.QueryWorkflow(ctx, id, "", stepsQuery)
	var rows []journey.Row
	if err == nil {
		err = value.Get(&rows)
	}
	return rows, gone(id, err)
}

// gone names the run in an error, and tells apart that it is not there.
func gone(id string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*serviceerror.NotFound)):
		return fmt.Errorf("%s: %w", id, ErrGone)
	default:
		return fmt.Errorf("%s: %w", id, err)
	}
}
