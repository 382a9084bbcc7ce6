package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/headers"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

const (
	// readyTimeout is how long the server may take until it answers.
	readyTimeout = 30 * time.Second
	// readyPause is between two attempts of one check.
	readyPause = 20 * time.Millisecond
)

// announcement is what is told once the server can be used.
type announcement struct {
	Address string `json:"address"`      // HOST:PORT of the gRPC frontend
	UI      string `json:"ui,omitempty"` // URL of the Web UI
	PID     int    `json:"pid"`
	Version string `json:"version"` // of the Temporal server
}

// announcement describes srv.
func (s *server) announcement() announcement {
	a := announcement{
		Address: dialable(s.layout.frontend()),
		PID:     os.Getpid(),
		Version: headers.ServerVersion,
	}
	if s.layout.ui.IsValid() {
		a.UI = "http://" + dialable(s.layout.ui)
	}
	return a
}

// ready returns when a client can do all it may want to: when the namespace is
// known, when every search attribute can be queried, when workflows can be looked
// up and task queues polled, and when the UI serves its page.
func (s *server) ready(ctx context.Context, opts options) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()

	conn, err := grpc.NewClient("passthrough:///"+dialable(s.layout.frontend()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("make a client of the server: %w", err)
	}
	defer func() { _ = conn.Close() }()

	p := probe{
		workflows: workflowservice.NewWorkflowServiceClient(conn),
		operator:  operatorservice.NewOperatorServiceClient(conn),
		namespace: opts.namespace,
		ui:        s.announcement().UI,
	}
	checks := []struct {
		what  string
		check func(context.Context) error
	}{
		{"namespace " + opts.namespace, p.describeNamespace},
		{"search attributes", func(ctx context.Context) error { return p.register(ctx, opts.attributes) }},
		{"visibility queries", func(ctx context.Context) error { return p.query(ctx, opts.attributes) }},
		{"workflows", p.describeWorkflow},
		{"task queues", p.describeTaskQueue},
		{"the Web UI", p.getUI},
	}
	for _, c := range checks {
		if err := eventually(ctx, c.check); err != nil {
			return fmt.Errorf("the server started but is not usable: %s: %w", c.what, err)
		}
	}
	return nil
}

// permanent marks an error that waiting cannot cure.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// eventually calls check until it succeeds, fails for good or ctx ends.
func eventually(ctx context.Context, check func(context.Context) error) error {
	for {
		err := check(ctx)
		if err == nil || errors.As(err, new(permanent)) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		case <-time.After(readyPause):
		}
	}
}

// probe asks the server the questions of a client.
type probe struct {
	workflows workflowservice.WorkflowServiceClient
	operator  operatorservice.OperatorServiceClient
	namespace string
	ui        string // empty: none
}

func (p probe) describeNamespace(ctx context.Context) error {
	_, err := p.workflows.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: p.namespace})
	return err
}

// register adds the search attributes that the namespace lacks. A namespace that
// was created by this process has them; an older one may not.
func (p probe) register(ctx context.Context, want searchAttributes) error {
	if len(want) == 0 {
		return nil
	}
	have, err := p.operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: p.namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, name := range want.names() {
		if kind, ok := have.SystemAttributes[name]; ok {
			return permanent{fmt.Errorf("%s is one of Temporal's own (%s): choose another name", name, kind)}
		}
		switch kind, ok := have.CustomAttributes[name]; {
		case !ok:
			missing[name] = want[name]
		case kind != want[name]:
			return permanent{fmt.Errorf("%s is registered as %s and cannot become %s: give the new one another name, or begin with an empty -data directory",
				name, kind, want[name])}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = p.operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        p.namespace,
		SearchAttributes: missing,
	})
	if status.Code(err) == codes.InvalidArgument {
		return permanent{err}
	}
	return err
}

// query counts the workflows that have every search attribute, so as to see that
// each can stand in a query.
func (p probe) query(ctx context.Context, attributes searchAttributes) error {
	conditions := []string{"ExecutionStatus = 'Running'"}
	for _, name := range attributes.names() {
		conditions = append(conditions, "`"+name+"` IS NOT NULL")
	}
	_, err := p.workflows.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: p.namespace,
		Query:     strings.Join(conditions, " AND "),
	})
	return err
}

// describeWorkflow asks for a workflow that does not exist: to know that, history
// must own the shard.
func (p probe) describeWorkflow(ctx context.Context) error {
	_, err := p.workflows.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: p.namespace,
		Execution: &commonpb.WorkflowExecution{WorkflowId: "herald-temporal-probe"},
	})
	if errors.As(serviceerror.FromStatus(status.Convert(err)), new(*serviceerror.NotFound)) {
		return nil
	}
	return err
}

// describeTaskQueue asks matching for a queue.
func (p probe) describeTaskQueue(ctx context.Context) error {
	_, err := p.workflows.DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
		Namespace:     p.namespace,
		TaskQueue:     &taskqueuepb.TaskQueue{Name: "herald-temporal-probe"},
		TaskQueueType: enumspb.TASK_QUEUE_TYPE_WORKFLOW,
	})
	return err
}

// getUI fetches the UI's page.
func (p probe) getUI(ctx context.Context) error {
	if p.ui == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.ui, nil)
	if err != nil {
		return permanent{err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", p.ui, resp.Status)
	}
	return nil
}

// announce writes a to stdout, as one line, and to file, if one is named: whole
// or not at all.
func announce(stdout io.Writer, file string, a announcement) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	line = append(line, '\n')

	if file != "" {
		temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
		if err != nil {
			return fmt.Errorf("-ready-file: %w", err)
		}
		_, err = temp.Write(line)
		if err = errors.Join(err, temp.Close()); err == nil {
			err = os.Rename(temp.Name(), file)
		}
		if err != nil {
			_ = os.Remove(temp.Name())
			return fmt.Errorf("-ready-file: %w", err)
		}
	}
	if _, err := stdout.Write(line); err != nil {
		return fmt.Errorf("announce on standard output: %w", err)
	}
	return nil
}

// unannounce removes the ready file.
func unannounce(file string) {
	if file != "" {
		_ = os.Remove(file)
	}
}
