package workflows

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
)

// errUnknown is what Definitions say of a digest that they do not have.
var errUnknown = errors.New("this worker does not have the definition yet")

// noon is when tests begin.
var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// fakeEngine lets a journeytest.World carry effects out.
type fakeEngine struct {
	world  *journeytest.World
	now    func() time.Time // campaign time
	faults atomic.Int64     // how many of the next sends fail
	issues map[string]func(journey.BroadcastRequest) journey.SendResult
	mu     sync.Mutex
	plans  []journey.PlanRequest
	ended  atomic.Int64 // runs of broadcasts
}

var errDown = errors.New("the SMTP server greets ada@example.com with silence")

func (e *fakeEngine) Decide(_ context.Context, r journey.DecideRequest) (journey.DecideResult, error) {
	return e.world.Decide(r), nil
}

func (e *fakeEngine) Send(_ context.Context, r journey.SendRequest) (journey.SendResult, error) {
	if e.faults.Add(-1) >= 0 {
		return journey.SendResult{}, errDown
	}
	return e.world.Send(e.now(), r), nil
}

func (e *fakeEngine) Act(ctx context.Context, r journey.SendRequest) (journey.SendResult, error) {
	return e.Send(ctx, r)
}

func (e *fakeEngine) Progress(_ context.Context, r journey.ProgressRequest) error {
	e.world.Progress(r)
	return nil
}

func (e *fakeEngine) Broadcast(_ context.Context, r journey.BroadcastRequest) (journey.SendResult, error) {
	if e.faults.Add(-1) >= 0 {
		return journey.SendResult{}, errDown
	}
	return e.issues[r.Run](r), nil
}

func (e *fakeEngine) EndRun(context.Context, journey.EndRunRequest) error {
	e.ended.Add(1)
	return nil
}

func (e *fakeEngine) Plan(_ context.Context, r journey.PlanRequest) (journey.PlanResult, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.plans = append(e.plans, r)
	return journey.PlanResult{Started: 2, People: 50}, nil
}

func (e *fakeEngine) planned() []journey.PlanRequest {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.plans)
}

// known are definitions in memory.
type known map[campaign.Digest]*journey.Program

func (k known) Program(d campaign.Digest) (*journey.Program, error) {
	if p, ok := k[d]; ok {
		return p, nil
	}
	return nil, errUnknown
}

const digest campaign.Digest = "5d41402abc4b2a76b9719d911017c592"

func condition(reads ...string) *campaign.Expr { return journeytest.Condition(reads...) }

// reference: send, wait a day, wait until click or a day, send.
func reference() *campaign.Journey {
	return &campaign.Journey{Name: "reference", Steps: campaign.Steps{
		&campaign.Send{Name: "s1", Message: "hello"},
		&campaign.Wait{Name: "w1", For: day},
		&campaign.Wait{Name: "w2", Until: condition(), Timeout: day},
		&campaign.Send{Name: "s2", Message: "bye"},
	}}
}

// edited is the reference after an edit: the first wait is an hour, the question
// is gone, and the second message has another name.
const edited campaign.Digest = "7d793037a0760186574b0282f2f435e7"

func editedReference() *campaign.Journey {
	return &campaign.Journey{Name: "reference", Steps: campaign.Steps{
		&campaign.Send{Name: "s1", Message: "hello"},
		&campaign.Wait{Name: "w1", For: time.Hour},
		&campaign.Send{Name: "s9", Message: "bye"},
	}}
}

// stage is a workflow under test, on simulated time.
type stage struct {
	*testsuite.TestWorkflowEnvironment
	t      require.TestingT
	engine *fakeEngine
	world  *journeytest.World
	in     JourneyInput
}

func newStage(t require.TestingT, start time.Time, j *campaign.Journey, people []journeytest.Person) *stage {
	program, err := journey.Compile(j)
	require.NoError(t, err)
	world := journeytest.NewWorld(noon, people)
	return restage(t, start, program, world)
}

// restage begins another run in the same world.
func restage(t require.TestingT, start time.Time, program *journey.Program, world *journeytest.World) *stage {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(newLogger(quiet))
	s := &stage{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(), t: t, world: world}
	s.engine = &fakeEngine{world: world, now: func() time.Time { return s.Now().UTC() }, issues: map[string]func(journey.BroadcastRequest) journey.SendResult{}}
	s.SetStartTime(start)
	s.SetTestTimeout(time.Minute)
	register(s.TestWorkflowEnvironment, &library{known{digest: program, edited: mustCompile(t, editedReference())}, defaultLimits})
	registerActivities(s.TestWorkflowEnvironment, s.engine, still)
	if world == nil {
		return s
	}
	s.in = JourneyInput{Journey: program.Name(), Definition: digest, Size: len(world.People), At: noon}
	return s
}

// still is a pulse that never beats.
var still = pulse{every: time.Hour, beat: func(context.Context) error { return nil }}

// react signals what happens in the world from then on, to those who wait for it.
func (s *stage) react(start time.Time) {
	for n, h := range s.world.Happenings() {
		if h.At.Before(start) {
			continue
		}
		s.RegisterDelayedCallback(func() {
			var heard journey.Members
			for _, i := range h.Members {
				if s.world.WaitsAt(i) != "" {
					heard = append(heard, i)
				}
			}
			if len(heard) > 0 {
				s.SignalWorkflow(reactSignal, Reactions{Items: []NumberedReaction{{Seq: int64(n + 1), Reaction: journey.Reaction{Members: heard}}}})
			}
		}, h.At.Sub(start))
	}
}

func (s *stage) run() {
	s.ExecuteWorkflow(journeyWorkflow, s.in)
	require.True(s.t, s.IsWorkflowCompleted())
}

func (s *stage) finish() {
	s.run()
	require.NoError(s.t, s.GetWorkflowError())
}

func mustProgram(t require.TestingT) *journey.Program { return mustCompile(t, reference()) }

func mustCompile(t require.TestingT, j *campaign.Journey) *journey.Program {
	p, err := journey.Compile(j)
	require.NoError(t, err)
	return p
}

func crowd(n int) []journeytest.Person { return make([]journeytest.Person, n) }

// clickers is the reference journey with 250 people, a third of whom click.
func clickers(t *testing.T) *stage {
	people := crowd(250)
	for i := range people {
		if i%3 == 0 {
			people[i].Clicks = day + time.Duration(i)*time.Minute
		}
	}
	return newStage(t, noon, reference(), people)
}

func decodeInput(t require.TestingT, next *workflow.ContinueAsNewError) JourneyInput {
	var in JourneyInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	return in
}
