package workflows

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/journey"
)

// childEnv makes the test program a worker, whose engine is at that socket.
const childEnv = "HERALD_TEST_WORKER"

// hasty gives activities of a dead worker to another soon.
var hasty = limits{signals: 9000, updates: 1800, heartbeat: 2 * time.Second}

// Faraway is an engine on the other side of a socket: it outlives the worker
// that is killed.
type Faraway struct {
	engine Engine
	sends  atomic.Int64
	hold   chan struct{} // from the third batch on, sends take until it is closed
	held   chan struct{}
}

// Call is one request to an engine, in JSON: instants keep their meaning in it.
type Call struct {
	Kind string
	Body []byte
}

// Do carries a call out.
func (f *Faraway) Do(c Call, reply *[]byte) (err error) {
	ctx := context.Background()
	var result any
	switch c.Kind {
	case decideActivity:
		result, err = remote(ctx, c, f.engine.Decide)
	case sendActivity:
		result, err = remote(ctx, c, f.engine.Send)
		if n := f.sends.Add(1); n >= 3 {
			if n == 3 {
				close(f.held)
			}
			<-f.hold // sent, but nobody is told
		}
	case progressActivity:
		result, err = remote(ctx, c, func(ctx context.Context, r journey.ProgressRequest) (struct{}, error) {
			return struct{}{}, f.engine.Progress(ctx, r)
		})
	}
	if err == nil {
		*reply, err = json.Marshal(result)
	}
	return err
}

func remote[Request, Result any](ctx context.Context, c Call, f func(context.Context, Request) (Result, error)) (any, error) {
	var r Request
	if err := json.Unmarshal(c.Body, &r); err != nil {
		return nil, err
	}
	return f(ctx, r)
}

// caller is an Engine that asks the one faraway.
type caller struct {
	Engine
	to *rpc.Client
}

func (c caller) call(kind string, request, result any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	var reply []byte
	if err := c.to.Call("Faraway.Do", Call{kind, body}, &reply); err != nil {
		return err
	}
	return json.Unmarshal(reply, result)
}

func (c caller) Decide(_ context.Context, r journey.DecideRequest) (out journey.DecideResult, err error) {
	return out, c.call(decideActivity, r, &out)
}

func (c caller) Send(_ context.Context, r journey.SendRequest) (out journey.SendResult, err error) {
	return out, c.call(sendActivity, r, &out)
}

func (c caller) Progress(_ context.Context, r journey.ProgressRequest) error {
	return c.call(progressActivity, r, &struct{}{})
}

// beAWorker is the main function of a child.
func beAWorker(socket string) {
	err := func() error {
		to, err := rpc.Dial("unix", socket)
		if err != nil {
			return err
		}
		r, err := Dial(context.Background(), Options{Address: os.Getenv(childEnv + "_TEMPORAL"), TaskQueue: os.Getenv(childEnv + "_QUEUE")})
		if err != nil {
			return err
		}
		p, err := journey.Compile(reference())
		if err != nil {
			return err
		}
		return newWorker(r, caller{to: to}, known{digestOf(reference()): p}, hasty).Start()
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent dies, or kills it
}

// child starts a worker in a process of its own.
func child(t *testing.T, r *Runtime, socket string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+socket, childEnv+"_TEMPORAL="+theServer.Address, childEnv+"_QUEUE="+r.opts.TaskQueue)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// TestAKilledWorkerLosesNobody kills a worker in the middle of sending to 500
// people; another goes on. Everybody is sent to, and by the ledger only once.
func TestAKilledWorkerLosesNobody(t *testing.T) {
	c := quick(2 * time.Second)
	r := dialServer(t, c)
	e := playing(c, crowd(500))
	far := &Faraway{engine: e, hold: make(chan struct{}), held: make(chan struct{})}
	socket := filepath.Join(t.TempDir(), "engine")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	server := rpc.NewServer()
	require.NoError(t, server.Register(far))
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go server.ServeConn(conn)
		}
	}()

	first := child(t, r, socket)
	id := journey.CohortID("reference", t.Name())
	require.NoError(t, r.StartCohort(t.Context(), id, journey.StartCohort{Journey: "reference", Definition: digestOf(reference()), Size: 500, At: e.world.Start}))
	select {
	case <-far.held:
	case <-time.After(20 * time.Second):
		require.Fail(t, "the first worker does nothing")
	}
	require.NoError(t, first.Process.Kill())
	close(far.hold)
	child(t, r, socket)

	chain := r.finished(t, id, 2*time.Minute)
	require.Len(t, e.world.Sent(), 1000)
	require.Greater(t, e.world.Calls("send"), 10, "some batches were asked for twice")
	require.Equal(t, map[string]int{"finished": 500}, e.world.Outcomes())
	n, _ := actions(chain)
	t.Logf("500 people, a worker killed: %d actions", n)
	keep(t, "killed", chain[0])
}
