package workflows

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// WorkerOptions say what a worker works with.
type WorkerOptions struct {
	Engine      Engine
	Definitions Definitions
	// Effects is how many activities run at a time; 0 is 16.
	Effects int
	// Grace is how long Stop waits for what is in flight; 0 is ten seconds.
	Grace time.Duration
	// Failed is told when the worker can go on no longer; nil: nobody is.
	Failed func(error)
}

// Worker carries runs and their effects out.
type Worker struct {
	worker worker.Worker
	stop   sync.Once
}

// StartWorker begins to serve the Runtime's task queue. The Definitions should
// have been preloaded.
func (r *Runtime) StartWorker(opts WorkerOptions) (*Worker, error) {
	if opts.Engine == nil || opts.Definitions == nil {
		return nil, errors.New("a worker needs an engine and definitions")
	}
	w := worker.New(r.client, r.opts.TaskQueue, worker.Options{
		MaxConcurrentActivityExecutionSize: or(opts.Effects, 16),
		WorkerStopTimeout:                  or(opts.Grace, 10*time.Second),
		OnFatalError:                       opts.Failed,
	})
	register(w, &library{opts.Definitions, defaultLimits})
	registerActivities(w, opts.Engine, heartbeat(r.client))
	if err := w.Start(); err != nil {
		return nil, fmt.Errorf("start the worker on queue %s: %w", r.opts.TaskQueue, err)
	}
	return &Worker{worker: w}, nil
}

// Stop lets what is in flight finish, within the grace, and takes no more.
func (w *Worker) Stop() { w.stop.Do(w.worker.Stop) }

// register registers the workflows.
func register(r worker.WorkflowRegistry, l *library) {
	r.RegisterWorkflowWithOptions(l.Journey, workflow.RegisterOptions{Name: journeyWorkflow})
	r.RegisterWorkflowWithOptions(l.Broadcast, workflow.RegisterOptions{Name: broadcastWorkflow})
	r.RegisterWorkflowWithOptions(l.Tick, workflow.RegisterOptions{Name: tickWorkflow})
}

// registerActivities registers the engine's methods.
func registerActivities(r worker.ActivityRegistry, e Engine, p pulse) {
	for name, f := range map[string]any{
		decideActivity:    carry(p, e.Decide),
		sendActivity:      carry(p, e.Send),
		actActivity:       carry(p, e.Act),
		broadcastActivity: carry(p, e.Broadcast),
		planActivity:      carry(p, e.Plan),
		progressActivity:  note(e.Progress),
		endRunActivity:    note(e.EndRun),
	} {
		r.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
}
