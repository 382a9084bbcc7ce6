package workflows

import (
	"context"
	"errors"
	"regexp"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// How often an activity shows that it lives, and how long it may not manage to
// before it stops: it has stopped, when another begins.
const (
	beatEvery   = 10 * time.Second
	beatTimeout = 5 * time.Second
	silence     = 25 * time.Second
)

// Retries are for infrastructure alone. They end within minutes, except those of
// what a run waits for anyway: a run that is to continue as new must be able to
// drain.
const attempts = 6

func retries(most int32) *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute, MaximumAttempts: most}
}

func (l limits) deciding(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{StartToCloseTimeout: 5 * time.Minute, HeartbeatTimeout: l.heartbeat, RetryPolicy: retries(attempts), Summary: summary}
}

func (l limits) sending(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{StartToCloseTimeout: 15 * time.Minute, HeartbeatTimeout: l.heartbeat, RetryPolicy: retries(attempts), Summary: summary}
}

func projecting(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: retries(0), Summary: summary}
}

func (l limits) planning(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{StartToCloseTimeout: 30 * time.Minute, HeartbeatTimeout: l.heartbeat, RetryPolicy: retries(attempts), Summary: summary}
}

// pulse shows that an activity lives.
type pulse struct {
	beat  func(ctx context.Context) error
	every time.Duration
	most  time.Duration // of silence
}

// heartbeat beats for the activity in ctx. It goes to the server directly, for
// the SDK gathers heartbeats and tells nobody when they fail.
func heartbeat(c client.Client) pulse {
	return pulse{every: beatEvery, most: silence, beat: func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, beatTimeout)
		defer cancel()
		return c.RecordActivityHeartbeat(ctx, activity.GetInfo(ctx).TaskToken)
	}}
}

// errSilent is why an activity stops that could not show that it lives.
var errSilent = errors.New("the Temporal server was not reached for too long: another worker may have taken over")

// start beats until stop is called. The context that it returns ends when the
// server wants the activity to end, when it has given it up, or when it was not
// reached for too long: then another may be doing the same already.
func (p pulse) start(ctx context.Context) (alive context.Context, stop func()) {
	alive, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(p.every)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-alive.Done():
				return
			case <-ticker.C:
			}
			switch err := p.beat(alive); {
			case err == nil:
				last = time.Now()
			case refused(err):
				cancel(err)
			case time.Since(last) > p.most:
				cancel(errSilent)
			}
		}
	}()
	return alive, func() { cancel(context.Canceled) }
}

// refused reports whether the server wants no more of an activity.
func refused(err error) bool {
	return temporal.IsCanceledError(err) || errors.As(err, new(*serviceerror.NotFound))
}

// carry makes an activity of a method of the engine, with a pulse.
func carry[Request, Result any](p pulse, method func(context.Context, Request) (Result, error)) func(context.Context, Request) (Result, error) {
	return func(ctx context.Context, r Request) (Result, error) {
		alive, stop := p.start(ctx)
		defer stop()
		result, err := method(alive, r)
		return result, scrubbed(err)
	}
}

// note makes an activity of a short method without a result.
func note[Request any](method func(context.Context, Request) error) func(context.Context, Request) error {
	return func(ctx context.Context, r Request) error { return scrubbed(method(ctx, r)) }
}

// addresses are what must not reach Temporal's history or a log: whatever has an
// at sign within.
var addresses = regexp.MustCompile(`[^\s<>"'(),;:=]+@[^\s<>"'(),;:]+`)

// scrub takes addresses of people out of a text.
func scrub(s string) string { return addresses.ReplaceAllString(s, "•••@•••") }

// scrubbed turns an error of the engine into one that may stand in history.
func scrubbed(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return temporal.NewApplicationError(scrub(err.Error()), "engine")
}
