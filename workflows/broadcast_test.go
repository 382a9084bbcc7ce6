package workflows

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
)

// runID is what the test suite calls every workflow.
const runID = "default-test-workflow-id"

// audience is a mail server that puts some off, forgets some, and counts.
type audience struct {
	mu      sync.Mutex
	sent    map[int]int
	putOff  map[int]time.Time
	forget  map[int]bool // once
	largest int
	now     func() time.Time
}

func (a *audience) send(r journey.BroadcastRequest) journey.SendResult {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := journey.SendResult{At: a.now()}
	a.largest = max(a.largest, len(r.Members))
	for _, i := range r.Members {
		switch {
		case a.putOff[i].After(a.now()):
			out.PutOff(i, a.putOff[i])
		case a.forget[i]:
			delete(a.forget, i)
		default:
			a.sent[i]++
			out.Add(i, journey.OutcomeSent)
		}
	}
	return out
}

func broadcastStage(t require.TestingT, start time.Time, a *audience) *stage {
	s := restage(t, start, mustProgram(t), nil)
	if a.sent == nil {
		a.sent = map[int]int{}
	}
	a.now = func() time.Time { return s.Now().UTC() }
	s.engine.issues[runID] = a.send
	return s
}

func (s *stage) broadcast(in BroadcastInput) (Counts, error) {
	s.ExecuteWorkflow(broadcastWorkflow, in)
	require.True(s.t, s.IsWorkflowCompleted())
	var c Counts
	if err := s.GetWorkflowError(); err != nil {
		return c, err
	}
	return c, s.GetWorkflowResult(&c)
}

func TestABroadcastReachesEveryRecipientOnce(t *testing.T) {
	a := &audience{putOff: map[int]time.Time{3: noon.Add(8 * time.Hour), 477: noon.Add(8 * time.Hour)}, forget: map[int]bool{200: true}}
	s := broadcastStage(t, noon, a)
	s.engine.faults.Store(attempts) // one batch comes to nothing
	counts, err := s.broadcast(BroadcastInput{Broadcast: "weekly", Definition: digest, Size: 950, DueAt: noon.Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, Counts{Sent: 950}, counts)
	require.Len(t, a.sent, 950)
	require.Equal(t, journey.BatchSize, a.largest)
	require.EqualValues(t, 1, s.engine.ended.Load())
	require.Equal(t, 8*time.Hour, s.Now().Sub(noon).Truncate(time.Second))
}

func TestACancelledBroadcastSendsToNobodyElse(t *testing.T) {
	a := &audience{putOff: map[int]time.Time{0: noon.Add(day), 1: noon.Add(day)}}
	s := broadcastStage(t, noon, a)
	var told ExitResult
	s.RegisterDelayedCallback(func() { s.UpdateWorkflow(cancelUpdate, "u1", answer(t, &told), CancelRequest{}) }, time.Hour)
	counts, err := s.broadcast(BroadcastInput{Broadcast: "weekly", Size: 10, DueAt: noon})
	require.NoError(t, err)
	require.Equal(t, Counts{Sent: 8, Cancelled: 2}, counts)
	require.Equal(t, ExitResult{2}, told)

	s = broadcastStage(t, noon, &audience{})
	s.RegisterDelayedCallback(s.CancelWorkflow, time.Hour)
	_, err = s.broadcast(BroadcastInput{Broadcast: "weekly", Size: 10, DueAt: noon.Add(day)})
	require.True(t, temporal.IsCanceledError(err))
	require.Empty(t, s.engine.plans)
}

func TestABroadcastGoesOnInANewRun(t *testing.T) {
	a := &audience{putOff: map[int]time.Time{5: noon.Add(time.Hour)}}
	in, runs := BroadcastInput{Broadcast: "weekly", Size: 1500, DueAt: noon}, 0
	for start := noon; ; runs++ {
		s := broadcastStage(t, start, a)
		s.SetContinueAsNewSuggested(runs%2 == 1) // every other run is to end at once
		s.RegisterDelayedCallback(func() { s.SetContinueAsNewSuggested(true) }, time.Minute)
		_, err := s.broadcast(in)
		if err == nil {
			break
		}
		require.Less(t, runs, 10)
		var next *workflow.ContinueAsNewError
		require.ErrorAs(t, err, &next)
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
		start = s.Now().UTC()
	}
	require.Positive(t, runs)
	require.Len(t, a.sent, 1500)
	for i, n := range a.sent {
		require.Equal(t, 1, n, "recipient %d", i)
	}
}

// TestAnIssueHandsEverybodyOutOnce checks the pure part: whatever is answered,
// everybody is in one place.
func TestAnIssueHandsEverybodyOutOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 40).Draw(t, "size")
		var s Issue
		now, done, out := noon, map[int]bool{}, journey.Members{}
		for turns := 0; !s.done(size); turns++ {
			require.Less(t, turns, 3000)
			batch := s.batch(now, size, rapid.IntRange(1, 7).Draw(t, "limit"))
			if len(batch) == 0 {
				require.False(t, s.wake().IsZero())
				now = s.wake()
				continue
			}
			for _, i := range batch {
				require.False(t, out.Has(i) || done[i], "recipient %d is handed out twice", i)
				out = out.With(i)
			}
			var r journey.SendResult
			for _, i := range batch {
				switch rapid.IntRange(0, 5).Draw(t, "fate") {
				case 0:
					r.PutOff(i, now.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "in"))*time.Second))
				case 1: // forgotten
				default:
					r.Add(i, journey.SendOutcome(rapid.SampledFrom([]int{0, 1, 2, 3, 5}).Draw(t, "outcome")))
					done[i] = true
				}
			}
			out = nil
			if rapid.IntRange(0, 9).Draw(t, "lost") == 0 {
				for _, i := range batch {
					delete(done, i)
				}
				s.putOff(batch, now.Add(time.Minute), now)
				continue
			}
			s.answer(batch, r, now)
		}
		c := s.Counts
		require.Equal(t, size, c.Sent+c.Withheld+c.Failed+c.Unknown+c.Gone)
		require.Len(t, done, size)
	})
}

func TestATickGoesOnFromTheLast(t *testing.T) {
	compressed := clock.Compressed(noon, noon, 60)
	in := TickInput{Addr: addr.New("broadcast", "weekly"), Clock: compressed}
	s := restage(t, noon.Add(time.Minute), mustProgram(t), nil)
	s.ExecuteWorkflow(tickWorkflow, in)
	require.NoError(t, s.GetWorkflowError())
	var first TickResult
	require.NoError(t, s.GetWorkflowResult(&first))
	require.Equal(t, TickResult{To: noon.Add(time.Hour), Started: 2, People: 50}, first)
	require.Zero(t, s.engine.plans[0].From)

	s = restage(t, noon.Add(2*time.Minute), mustProgram(t), nil)
	s.SetLastCompletionResult(first)
	s.ExecuteWorkflow(tickWorkflow, in)
	require.NoError(t, s.GetWorkflowError())
	require.Equal(t, journey.PlanRequest{Addr: in.Addr, From: noon.Add(time.Hour), To: noon.Add(2 * time.Hour)}, s.engine.plans[0])
}
