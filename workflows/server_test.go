package workflows

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
	"github.com/herald-campaigns/herald/internal/sibling"
)

var record = flag.Bool("record", false, "write the histories of runs on the real server to testdata/histories")

// theServer is the embedded server that the tests share; nil when there is none.
var (
	theServer *sibling.Server
	starting  sync.Mutex
)

func TestMain(m *testing.M) {
	if socket := os.Getenv(childEnv); socket != "" {
		beAWorker(socket)
		return
	}
	flag.Parse()
	code := m.Run()
	if theServer != nil {
		theServer.Stop()
	}
	os.Exit(code)
}

// dialServer connects to the real server, on a queue of its own. It is started
// by the first test that needs it.
func dialServer(t *testing.T, c clock.Clock) *Runtime {
	t.Helper()
	if testing.Short() {
		t.Skip("needs the real Temporal server: skipped by -short")
	}
	t.Parallel() // each test has a queue of its own
	starting.Lock()
	defer starting.Unlock()
	if theServer == nil {
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute) // it may have to be built
		defer cancel()
		s, err := sibling.Start(ctx, sibling.Options{SearchAttributes: SearchAttributes(), Progress: os.Stderr})
		if err != nil {
			t.Skipf("needs the real Temporal server, which cannot be had: %v", err)
		}
		theServer = s
	}
	r, err := Dial(t.Context(), Options{Address: theServer.Address, TaskQueue: t.Name(), Clock: c, Log: quiet})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

// serve starts a worker with limits of its own.
func serve(t *testing.T, r *Runtime, e Engine, d Definitions, l limits) {
	t.Helper()
	w := newWorker(r, e, d, l)
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
}

func newWorker(r *Runtime, e Engine, d Definitions, l limits) worker.Worker {
	w := worker.New(r.client, r.opts.TaskQueue, worker.Options{WorkerStopTimeout: time.Second})
	register(w, &library{d, l})
	registerActivities(w, e, heartbeat(r.client))
	return w
}

// cast are definitions under their digests, as they are recorded.
func cast(t require.TestingT, journeys ...*campaign.Journey) known {
	k := known{}
	for _, j := range journeys {
		p, err := journey.Compile(j)
		require.NoError(t, err)
		k[digestOf(j)] = p
	}
	return k
}

func digestOf(j *campaign.Journey) campaign.Digest { return campaign.NewResource(j, nil).Digest }

// playing is a world that a real worker serves.
func playing(c clock.Clock, people []journeytest.Person) *fakeEngine {
	return &fakeEngine{world: journeytest.NewWorld(c.Now(), people), now: c.Now, issues: map[string]func(journey.BroadcastRequest) journey.SendResult{}}
}

// finished waits for a run and returns its histories, one for each run of the chain.
func (r *Runtime) finished(t *testing.T, id string, most time.Duration) []*historypb.History {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	require.NoError(t, r.client.GetWorkflow(ctx, id, "").Get(ctx, nil))
	first := r.firstRun(ctx, t, id)
	var chain []*historypb.History
	for run := first; run != ""; {
		h := r.history(ctx, t, id, run)
		chain = append(chain, h)
		run = h.Events[len(h.Events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	return chain
}

func (r *Runtime) firstRun(ctx context.Context, t *testing.T, id string) string {
	t.Helper()
	d, err := r.client.DescribeWorkflowExecution(ctx, id, "")
	require.NoError(t, err)
	return d.WorkflowExecutionInfo.FirstRunId
}

func (r *Runtime) history(ctx context.Context, t *testing.T, id, run string) *historypb.History {
	t.Helper()
	var h historypb.History
	it := r.client.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for it.HasNext() {
		e, err := it.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, e)
	}
	return &h
}

// actions counts what Temporal bills: starts, activities, timers, signals,
// updates, markers, changed search attributes.
func actions(chain []*historypb.History) (n, events int) {
	for _, h := range chain {
		for _, e := range h.Events {
			events++
			switch e.EventType {
			case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enumspb.EVENT_TYPE_TIMER_STARTED,
				enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, enumspb.EVENT_TYPE_MARKER_RECORDED,
				enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
				n++
			}
		}
	}
	return n, events
}

const histories = "../testdata/histories"

var identity = regexp.MustCompile(`"identity":\s*"[^"]*"`)

// keep records a history for the tests that replay.
func keep(t *testing.T, name string, h *historypb.History) {
	t.Helper()
	if !*record {
		return
	}
	b, err := protojson.Marshal(h)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(histories, 0o755))
	b = identity.ReplaceAll(b, []byte(`"identity":"recorder"`)) // not the name of somebody's machine
	require.NoError(t, os.WriteFile(filepath.Join(histories, name+".json"), append(b, '\n'), 0o644))
}
