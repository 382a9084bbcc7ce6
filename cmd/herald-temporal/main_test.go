package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// beServer makes the test binary be herald-temporal, so that tests can kill it
// without a second build.
const beServer = "HERALD_TEMPORAL_TEST_BE_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(beServer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a herald-temporal of its own. It ends with the test, and even if the
// test is killed, for it watches its standard input.
type process struct {
	announcement
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *output
	exited chan error // receives once
}

// command prepares a herald-temporal on free ports.
func command(args ...string) (*exec.Cmd, *output) {
	args = append([]string{"-addr", "127.0.0.1:0", "-ui-addr", "127.0.0.1:0", "-exit-on-stdin-eof"}, args...)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), beServer+"=1")
	stderr := &output{}
	cmd.Stderr = stderr
	return cmd, stderr
}

// launch starts a herald-temporal and waits until it says that it is ready.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	cmd, stderr := command(args...)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	p := &process{cmd: cmd, stdin: stdin, stderr: stderr, exited: make(chan error, 1)}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	go func() { p.exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = stdin.Close()
		if t.Failed() {
			t.Logf("herald-temporal %v:\n%s", args, stderr)
		}
	})
	require.NoError(t, err, "herald-temporal did not start: %s", stderr)
	require.NoError(t, json.Unmarshal(line, &p.announcement), "%s", line)
	return p
}

// wait returns how the process ended.
func (p *process) wait(t *testing.T, within time.Duration) error {
	t.Helper()
	select {
	case err := <-p.exited:
		return err
	case <-time.After(within):
		require.Fail(t, "herald-temporal is still running", "after %s", within)
		return nil
	}
}

// dial returns a client of the process.
func (p *process) dial(t *testing.T) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: p.Address, Logger: quiet{}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

const taskQueue = "test"

var journeyKey = temporal.NewSearchAttributeKeyKeyword("HeraldJourney")

// greet is an activity.
func greet(context.Context) (string, error) { return "hello", nil }

// greeting is a workflow with an effect, a wait for an event and a timer.
func greeting(ctx workflow.Context) (string, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var greeting, name string
	if err := workflow.ExecuteActivity(ctx, greet).Get(ctx, &greeting); err != nil {
		return "", err
	}
	workflow.GetSignalChannel(ctx, "name").Receive(ctx, &name)
	return greeting + " " + name, workflow.Sleep(ctx, time.Second)
}

// work runs a worker until the returned function is called.
func work(t *testing.T, c client.Client) (stop func()) {
	t.Helper()
	w := worker.New(c, taskQueue, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflow(greeting)
	w.RegisterActivity(greet)
	require.NoError(t, w.Start())
	return w.Stop
}

// TestKill kills a server with a workflow in flight and finishes the workflow on
// the next one.
func TestKill(t *testing.T) {
	var (
		ctx       = t.Context()
		data      = filepath.Join(t.TempDir(), "odd name #1 50%")
		readyFile = filepath.Join(t.TempDir(), "ready.json")
	)
	first := launch(t, "-data", data, "-ready-file", readyFile,
		"-search-attribute", "HeraldJourney=Keyword", "-search-attribute", "HeraldSteps=KeywordList")

	content, err := os.ReadFile(readyFile)
	require.NoError(t, err)
	var announced announcement
	require.NoError(t, json.Unmarshal(content, &announced))
	require.Equal(t, first.announcement, announced)
	require.Equal(t, first.cmd.Process.Pid, first.PID)
	require.NotEmpty(t, first.Version)

	// A second server cannot have the directory.
	second, stderr := command("-data", data)
	require.EqualError(t, second.Run(), "exit status 1")
	require.Contains(t, stderr.String(), "in use by another herald-temporal (process ")

	c := first.dial(t)
	stop := work(t, c)
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: "greeting", TaskQueue: taskQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(journeyKey.ValueSet("win_back")),
	}, greeting)
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the activity is done
		d, err := c.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
		return err == nil && d.WorkflowExecutionInfo.HistoryLength >= 10
	}, 10*time.Second, 20*time.Millisecond)

	require.NoError(t, first.cmd.Process.Kill())
	require.Error(t, first.wait(t, time.Second))
	stop()

	// The next one has the workflow, and can learn another search attribute.
	next := launch(t, "-data", data, "-ready-file", readyFile,
		"-search-attribute", "HeraldJourney=Keyword", "-search-attribute", "HeraldWave=Int")
	c = next.dial(t)
	defer work(t, c)()
	require.NoError(t, c.SignalWorkflow(ctx, run.GetID(), run.GetRunID(), "name", "Ada"))
	var got string
	require.NoError(t, c.GetWorkflow(ctx, run.GetID(), run.GetRunID()).Get(ctx, &got))
	require.Equal(t, "hello Ada", got)

	attributes, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: "default"})
	require.NoError(t, err)
	require.Equal(t, map[string]enumspb.IndexedValueType{
		"HeraldJourney": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"HeraldSteps":   enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		"HeraldWave":    enumspb.INDEXED_VALUE_TYPE_INT,
	}, attributes.CustomAttributes)
	require.Eventually(t, func() bool {
		count, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: "HeraldJourney = 'win_back' AND HeraldWave IS NULL AND ExecutionStatus = 'Completed'",
		})
		return err == nil && count.Count == 1
	}, 10*time.Second, 20*time.Millisecond)

	// Told to end, it does so cleanly and withdraws what it announced.
	require.NoError(t, next.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, next.wait(t, 3*time.Second))
	require.NoFileExists(t, readyFile)
	require.NotContains(t, next.stderr.String(), "error")

	// A search attribute keeps its type.
	retyped, stderr := command("-data", data, "-search-attribute", "HeraldWave=Text")
	hold, err := retyped.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = hold.Close() }()
	require.EqualError(t, retyped.Run(), "exit status 1")
	require.Contains(t, stderr.String(), "HeraldWave is registered as Int and cannot become Text")
}

// TestParentDies closes the pipe that a parent would hold.
func TestParentDies(t *testing.T) {
	p := launch(t, "-ephemeral")

	resp, err := http.Get(p.UI)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(page), "<html")

	require.NoError(t, p.stdin.Close())
	require.NoError(t, p.wait(t, 3*time.Second))
}

// TestSchedulesAndUpdates sees that both are on.
func TestSchedulesAndUpdates(t *testing.T) {
	ctx := t.Context()
	p := launch(t, "-ephemeral", "-ui-addr", "")
	require.Empty(t, p.UI)
	c := p.dial(t)

	ticked := make(chan struct{}, 1)
	w := worker.New(c, taskQueue, worker.Options{})
	w.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		done := false
		err := workflow.SetUpdateHandler(ctx, "finish", func(workflow.Context) (string, error) {
			done = true
			return "finished", nil
		})
		return errors.Join(err, workflow.Await(ctx, func() bool { return done }))
	}, workflow.RegisterOptions{Name: "updatable"})
	w.RegisterWorkflowWithOptions(func(workflow.Context) error {
		select {
		case ticked <- struct{}{}:
		default:
		}
		return nil
	}, workflow.RegisterOptions{Name: "tick"})
	require.NoError(t, w.Start())
	defer w.Stop()

	schedule, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:                 "tick",
		Action:             &client.ScheduleWorkflowAction{Workflow: "tick", TaskQueue: taskQueue},
		TriggerImmediately: true,
	})
	require.NoError(t, err)
	defer func() { _ = schedule.Delete(ctx) }()

	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{TaskQueue: taskQueue}, "updatable")
	require.NoError(t, err)
	update, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: run.GetID(), UpdateName: "finish", WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	var got string
	require.NoError(t, update.Get(ctx, &got))
	require.Equal(t, "finished", got)
	require.NoError(t, run.Get(ctx, nil))

	select {
	case <-ticked:
	case <-time.After(15 * time.Second):
		require.Fail(t, "the schedule did not tick")
	}
}

// output gathers what a process writes while tests read it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// quiet is the logger of the tests' clients.
type quiet struct{}

var _ log.Logger = quiet{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
