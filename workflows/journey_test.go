package workflows

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
)

var quiet = slog.New(slog.DiscardHandler)

func TestACohortRunsToItsEnd(t *testing.T) {
	s := clickers(t)
	s.react(noon)
	s.finish()
	require.Len(t, s.world.Sent(), 500)
	require.True(t, s.world.Ended())
	require.Zero(t, s.world.Waiting())
	var rows []journey.Row
	require.NoError(t, s.GetWorkflowResult(&rows))
	require.Equal(t, []journey.Row{{Outcome: "finished", People: 250}}, rows)
}

// TestParity holds the workflow against the pure driver: the same people, the
// same journey, the same sends and the same ends.
func TestParity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := journeytest.DrawJourney(t)
		people := journeytest.DrawPeople(t, 20)
		program, err := journey.Compile(j)
		require.NoError(t, err)
		pure := journeytest.NewWorld(noon, people)
		if _, err := journeytest.Drive(program, pure, 0); err != nil {
			require.ErrorIs(t, err, journeytest.ErrWaiting)
			t.Skip("somebody waits for ever")
		}
		s := newStage(t, noon, j, people)
		s.react(noon)
		s.finish()
		require.Equal(t, pure.Sent(), s.world.Sent())
		require.Equal(t, pure.Outcomes(), s.world.Outcomes())
	})
}

func TestContinueAsNewLosesNobody(t *testing.T) {
	s := clickers(t)
	program, world := mustProgram(t), s.world
	start, in, runs := noon, s.in, 0
	for {
		runs++
		require.Less(t, runs, 30)
		s = restage(t, start, program, world)
		s.in = in
		s.react(start)
		s.RegisterDelayedCallback(func() { s.SetContinueAsNewSuggested(true) }, 50*time.Minute)
		s.run()
		err := s.GetWorkflowError()
		if err == nil {
			break
		}
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, err, &next)
		start = s.Now().UTC()
		in = decodeInput(t, next)
		require.NotEmpty(t, in.Carried.State)
	}
	require.Greater(t, runs, 4)
	require.Len(t, world.Sent(), 500)
	require.Equal(t, map[string]int{"finished": 250}, world.Outcomes())
}

func TestADuplicateReactionIsTakenOnce(t *testing.T) {
	s := newStage(t, noon, &campaign.Journey{Name: "j", Steps: campaign.Steps{&campaign.Wait{Name: "w1", Until: condition(), Timeout: day}}}, crowd(1))
	item := NumberedReaction{Seq: 7, Reaction: journey.Reaction{Members: journey.Members{0}}}
	for _, at := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour} {
		s.RegisterDelayedCallback(func() { s.SignalWorkflow(reactSignal, Reactions{Items: []NumberedReaction{item}}) }, at)
	}
	s.finish()
	require.Equal(t, 3, s.world.Calls("decide"), "at registration, once for the reaction, at the timeout")
}

// What a reaction decides needs nobody to be named besides.
func TestAReactionThatDecidesIsHeard(t *testing.T) {
	s := newStage(t, noon, &campaign.Journey{Name: "j", GoalWhen: condition(), Steps: campaign.Steps{&campaign.Wait{Name: "w1", For: day}}}, crowd(3))
	s.RegisterDelayedCallback(func() {
		s.SignalWorkflow(reactSignal, Reactions{Items: []NumberedReaction{
			{Seq: 1, Reaction: journey.Reaction{Step: "w1", Reached: journey.Members{0}}},
			{Seq: 2, Reaction: journey.Reaction{Restarted: journey.Members{1}}},
		}})
	}, time.Hour)
	s.finish()
	require.Equal(t, map[string]int{"goal": 1, "restarted": 1, "finished": 1}, s.world.Outcomes())
}

func TestReactionsOfOneSignalCostOneQuestion(t *testing.T) {
	s := newStage(t, noon, &campaign.Journey{Name: "j", Steps: campaign.Steps{&campaign.Wait{Name: "w1", Until: condition(), Timeout: day}}}, crowd(10))
	s.RegisterDelayedCallback(func() {
		var signal Reactions
		for i := range 10 {
			signal.Items = append(signal.Items, NumberedReaction{Seq: int64(i + 1), Reaction: journey.Reaction{Members: journey.Members{9 - i}}})
		}
		s.SignalWorkflow(reactSignal, signal)
	}, time.Hour)
	s.finish()
	require.Equal(t, 3, s.world.Calls("decide"))
}

func TestPeopleSentToTogetherMoveOnTogether(t *testing.T) {
	s := newStage(t, noon, &campaign.Journey{Name: "j", Steps: campaign.Steps{&campaign.Send{Name: "s1"},
		&campaign.Wait{Name: "w1", Until: condition(), Timeout: day}}}, crowd(1000))
	s.finish()
	require.Equal(t, 10, s.world.Calls("send"))
	require.Equal(t, 2, s.world.Calls("decide"), "registration and timeout, for all ten batches at once")
	require.Equal(t, 2, s.world.Calls("progress"))
}

func TestAnEffectThatFailsIsPutOffAndTriedAgain(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(1))
	s.engine.faults.Store(2*attempts + 1) // all retries, twice, and one
	s.finish()
	require.Len(t, s.world.Sent(), 2)
	require.Greater(t, s.Now().Sub(noon), 2*day+3*time.Minute)
}

func TestUpdatesEndPeople(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(5))
	var some, all ExitResult
	rejected := false
	s.RegisterDelayedCallback(func() {
		s.UpdateWorkflow(exitUpdate, "u1", answer(t, &some), ExitRequest{Members: journey.Members{1, 3}, Outcome: journey.Gone})
		s.UpdateWorkflow(exitUpdate, "u2", refuse(&rejected), ExitRequest{Members: journey.Members{5}})
	}, time.Hour)
	s.RegisterDelayedCallback(func() { s.UpdateWorkflow(cancelUpdate, "u3", answer(t, &all), CancelRequest{}) }, 2*time.Hour)
	s.finish()
	require.Equal(t, ExitResult{2}, some)
	require.Equal(t, ExitResult{3}, all)
	require.True(t, rejected)
	require.Equal(t, map[string]int{"gone": 2, "cancelled": 3}, s.world.Outcomes())
	require.Len(t, s.world.Sent(), 5)
}

func TestACancelledWorkflowEndsInOrder(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(5))
	s.RegisterDelayedCallback(s.CancelWorkflow, time.Hour)
	s.run()
	require.True(t, temporal.IsCanceledError(s.GetWorkflowError()))
	require.True(t, s.world.Ended())
	require.Equal(t, map[string]int{"cancelled": 5}, s.world.Outcomes())
}

func TestAnOperatorSeesWhereEverybodyIs(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(1000))
	s.RegisterDelayedCallback(func() {
		value, err := s.QueryWorkflow(stepsQuery)
		require.NoError(t, err)
		var rows []journey.Row
		require.NoError(t, value.Get(&rows))
		require.Equal(t, journey.Row{Step: "w2", Kind: "wait", People: 1000, NextAt: noon.Add(2 * day)}, rows[2])
		require.Contains(t, table(rows), "| wait `w2` | 1,000 | next 2026-11-04 12:00:00 UTC |\n")
	}, 30*time.Hour)
	s.finish()
}

func TestAMissingDefinitionFailsTheTask(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(1))
	s.in.Definition = "unknown"
	s.run()
	require.ErrorContains(t, s.GetWorkflowError(), errUnknown.Error())
	var failed *temporal.PanicError
	require.ErrorAs(t, s.GetWorkflowError(), &failed, "a panic fails the task alone, outside of tests")
}

func TestAStateOfANewerWorkerFailsTheTask(t *testing.T) {
	s := newStage(t, noon, reference(), crowd(1))
	s.in.Carried = &Carried{State: []byte{journey.Version + 1, 0, 0}}
	s.run()
	require.ErrorContains(t, s.GetWorkflowError(), "upgrade the worker")
}

func TestACohortThatIsTooLargeIsRefused(t *testing.T) {
	s := newStage(t, noon, reference(), nil)
	s.in.Size = 5000
	s.run()
	var failed *temporal.ApplicationError
	require.ErrorAs(t, s.GetWorkflowError(), &failed)
	require.True(t, failed.NonRetryable())
}

// updated gathers what an update is told.
type updated struct {
	accepted func()
	rejected func(error)
	complete func(any, error)
}

func (u updated) Accept()                        { u.accepted() }
func (u updated) Reject(err error)               { u.rejected(err) }
func (u updated) Complete(result any, err error) { u.complete(result, err) }

func answer(t *testing.T, into *ExitResult) updated {
	return updated{
		accepted: func() {},
		rejected: func(err error) { require.NoError(t, err) },
		complete: func(result any, err error) {
			require.NoError(t, err)
			*into = result.(ExitResult)
		},
	}
}

func refuse(rejected *bool) updated {
	return updated{
		accepted: func() {},
		rejected: func(err error) { *rejected = strings.Contains(err.Error(), "there is no member 5") },
		complete: func(any, error) {},
	}
}
