package workflows

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
)

// quick is a clock on which a day takes so long.
func quick(aDay time.Duration) clock.Clock {
	return clock.Compressed(time.Now(), noon, float64(day)/float64(aDay))
}

// TestAThousandPeopleCostFewActions is the goal of DURABILITY.md, counted on the
// real server: at most 50 for mass entry without reactions.
func TestAThousandPeopleCostFewActions(t *testing.T) {
	c := quick(4 * time.Second)
	r := dialServer(t, c)
	e := playing(c, crowd(1000))
	serve(t, r, e, cast(t, reference()), defaultLimits)
	id := journey.CohortID("reference", t.Name())
	start := journey.StartCohort{Journey: "reference", Definition: digestOf(reference()), Size: 1000, At: e.world.Start}
	require.NoError(t, r.StartCohort(t.Context(), id, start))
	require.NoError(t, r.StartCohort(t.Context(), id, start), "a duplicate start is a success")

	require.Eventually(t, func() bool {
		rows, err := r.Steps(t.Context(), id)
		return err == nil && rows[1].People == 1000
	}, 10*time.Second, 50*time.Millisecond, "a query tells where everybody is")

	value, err := r.client.QueryWorkflow(t.Context(), id, "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var shown sdkpb.WorkflowMetadata
	require.NoError(t, value.Get(&shown))
	require.Contains(t, shown.CurrentDetails, "| wait `w1` | 1,000 | next 2026-11-0", "and so does the UI")

	chain := r.finished(t, id, time.Minute)
	said := summaries(t, chain[0])
	require.Contains(t, said, "reference · 1,000 people · revision "+digestOf(reference()).Short())
	require.Contains(t, said, "send s1 to 100 people")
	require.Contains(t, said, "ask w2 about 1,000 people")
	require.Contains(t, strings.Join(said, "\n"), "wait w1 until 2026-11-0")
	require.Len(t, e.world.Sent(), 2000)
	n, events := actions(chain)
	t.Logf("1,000 people: %d actions, %d events, %d bytes of history", n, events, size(chain))
	require.LessOrEqual(t, n, 50)
	keep(t, "reference-1000", chain[0])

	require.NoError(t, r.StartCohort(t.Context(), id, start), "also when it has ended")
	require.Len(t, r.finished(t, id, time.Minute), 1)
	require.ErrorIs(t, r.React(t.Context(), id, Reactions{}), ErrGone)
	_, err = r.Cancel(t.Context(), "journey/reference/nobody")
	require.ErrorIs(t, err, ErrGone)
}

// TestReactionsSurviveContinueAsNew lets 200 people click, each with a signal of
// their own, while the run continues as new again and again.
func TestReactionsSurviveContinueAsNew(t *testing.T) {
	c := quick(20 * time.Second)
	r := dialServer(t, c)
	people := crowd(200)
	for i := range people {
		people[i].Clicks = time.Second // as far as conditions see: before all signals
	}
	e := playing(c, people)
	e.world.Start = e.world.Start.Add(4 * time.Hour) // nobody has clicked when asked first
	j := clicking()
	serve(t, r, e, cast(t, j), soonFull)
	id := journey.CohortID("click", t.Name())
	require.NoError(t, r.StartCohort(t.Context(), id, journey.StartCohort{Journey: "click", Definition: digestOf(j), Size: 200, At: c.Now()}))
	require.Eventually(t, func() bool { return e.world.Waiting() == 200 }, 10*time.Second, 10*time.Millisecond)
	time.Sleep(time.Until(c.Wall(e.world.Start.Add(time.Second)))) // now they have
	for i := range 200 {
		item := NumberedReaction{Seq: int64(i + 1), Reaction: journey.Reaction{Members: journey.Members{i}}}
		require.NoError(t, r.React(t.Context(), id, Reactions{Items: []NumberedReaction{item}}))
		if i%2 == 0 { // the pump told it and died before it wrote that down
			require.NoError(t, r.React(t.Context(), id, Reactions{Items: []NumberedReaction{item}}))
		}
	}
	chain := r.finished(t, id, time.Minute)
	require.Greater(t, len(chain), 3)
	require.Len(t, e.world.Sent(), 200)
	require.Equal(t, map[string]int{"finished": 200}, e.world.Outcomes())
	n, events := actions(chain)
	t.Logf("200 clicks, each its own signal, 100 told twice: %d runs, %d actions, %d events", len(chain), n, events)
	keep(t, "click-continued", chain[0])
	keep(t, "click-resumed", chain[1])
}

// TestEveryKindOfStepIsRecorded runs what the other histories lack: branches, an
// exit, exit_when, people who are put off, an update.
func TestEveryKindOfStepIsRecorded(t *testing.T) {
	c := quick(2 * time.Second)
	r := dialServer(t, c)
	people := crowd(40)
	for i := range people {
		people[i].Case = i%4 - 1
		switch i % 5 {
		case 1:
			people[i].Buys = 12 * time.Hour
		case 2:
			people[i].Quiet = 6 * time.Hour
		case 3:
			people[i].Clicks = 30 * time.Hour
		}
	}
	e := playing(c, people)
	serve(t, r, e, cast(t, winding()), defaultLimits)
	id := journey.CohortID("winding", t.Name())
	require.NoError(t, r.StartCohort(t.Context(), id, journey.StartCohort{Journey: "winding", Definition: digestOf(winding()), Size: 40, At: e.world.Start}))
	require.Eventually(t, func() bool { return e.world.Waiting() > 0 }, 10*time.Second, 10*time.Millisecond)
	out, err := r.Exit(t.Context(), id, ExitRequest{Members: journey.Members{0, 39}})
	require.NoError(t, err)
	require.Equal(t, ExitResult{2}, out)
	_, err = r.Exit(t.Context(), id, ExitRequest{Members: journey.Members{40}})
	require.ErrorContains(t, err, "there is no member 40")
	for n, h := range e.world.Happenings() {
		time.Sleep(time.Until(c.Wall(h.At)))
		item := NumberedReaction{Seq: int64(n + 1), Reaction: journey.Reaction{Members: h.Members}}
		require.NoError(t, r.React(t.Context(), id, Reactions{Items: []NumberedReaction{item}}))
	}
	chain := r.finished(t, id, time.Minute)
	require.Zero(t, e.world.Outcomes()[""], e.world.String())
	keep(t, "winding", chain[0])
}

// winding has all kinds of steps.
func winding() *campaign.Journey {
	return &campaign.Journey{Name: "winding", ExitWhen: condition(), Steps: campaign.Steps{
		&campaign.Send{Name: "s1"},
		&campaign.Wait{Name: "w1", Until: condition(), Timeout: 2 * day, React: 15 * time.Minute},
		&campaign.Branch{Name: "b1", Cases: []campaign.BranchCase{
			{Name: "a", When: condition("w1"), Steps: campaign.Steps{&campaign.Send{Name: "s2"}}},
			{Name: "b", When: condition(), Steps: campaign.Steps{&campaign.Exit{Name: "x1"}}},
			{Name: "else", Steps: campaign.Steps{&campaign.Wait{Name: "w2", For: day}, &campaign.Send{Name: "s3"}}},
		}},
	}}
}

func TestABroadcastOnTheRealServer(t *testing.T) {
	c := quick(4 * time.Second)
	r := dialServer(t, c)
	e := playing(c, nil)
	a := &audience{sent: map[int]int{}, now: c.Now, putOff: map[int]time.Time{7: c.Now().Add(6 * time.Hour)}}
	id := "broadcast/weekly/" + t.Name()
	e.issues[id] = a.send
	serve(t, r, e, known{}, defaultLimits)
	start := journey.StartRun{Broadcast: "weekly", Definition: digest, Size: 730, DueAt: c.Now().Add(3 * time.Hour)}
	require.NoError(t, r.StartRun(t.Context(), id, start))
	require.NoError(t, r.StartRun(t.Context(), id, start))
	chain := r.finished(t, id, time.Minute)
	require.Len(t, a.sent, 730)
	n, _ := actions(chain)
	t.Logf("730 recipients: %d actions", n)
	keep(t, "broadcast", chain[0])
}

func TestSchedulesTick(t *testing.T) {
	c := quick(time.Minute)
	r := dialServer(t, c)
	e := playing(c, nil)
	serve(t, r, e, known{}, defaultLimits)
	weekly, birthday := addr.New("broadcast", "weekly"), addr.New("journey", "birthday")
	for range 2 { // what is there already is left alone
		require.NoError(t, r.EnsureSchedule(t.Context(), weekly))
		require.NoError(t, r.EnsureSchedule(t.Context(), birthday))
	}
	require.Eventually(t, func() bool {
		list, err := r.Schedules(t.Context())
		return err == nil && slices.Equal(list, []addr.Addr{weekly, birthday})
	}, 10*time.Second, 100*time.Millisecond)
	require.Eventually(t, func() bool { return len(e.planned()) >= 4 }, 20*time.Second, 100*time.Millisecond)

	r.opts.Clock = quick(time.Hour) // another demo on the same server
	require.NoError(t, r.EnsureSchedule(t.Context(), weekly))
	d, err := r.client.ScheduleClient().GetHandle(t.Context(), scheduleID(weekly)).Describe(t.Context())
	require.NoError(t, err)
	require.Contains(t, d.Schedule.State.Note, "24 times as fast")
	require.Equal(t, 2500*time.Millisecond, d.Schedule.Spec.Intervals[0].Every)

	for range 2 { // what is gone already is left alone
		require.NoError(t, r.RemoveSchedule(t.Context(), weekly))
		require.NoError(t, r.RemoveSchedule(t.Context(), birthday))
	}
	require.Eventually(t, func() bool {
		list, err := r.Schedules(t.Context())
		return err == nil && len(list) == 0
	}, 10*time.Second, 100*time.Millisecond)
	last, followed := map[addr.Addr]time.Time{}, 0
	for _, p := range e.planned() {
		if !p.From.IsZero() { // neither the first tick nor the first by another clock
			require.True(t, p.From.Equal(last[p.Addr]), "a tick goes on from the last: %v", p)
			followed++
		}
		last[p.Addr] = p.To
	}
	require.Positive(t, followed)
}

func TestAServerIsToldItsSearchAttributes(t *testing.T) {
	r := dialServer(t, clock.Clock{})
	require.NoError(t, r.RegisterAttributes(t.Context()), "they are there")
	_, err := Dial(t.Context(), Options{Address: "127.0.0.1:1"})
	require.ErrorContains(t, err, "127.0.0.1:1")
	_, err = r.StartWorker(WorkerOptions{})
	require.Error(t, err)
	w, err := r.StartWorker(WorkerOptions{Engine: &fakeEngine{}, Definitions: known{}})
	require.NoError(t, err)
	w.Stop()
	w.Stop()
}

// late has the reference journey once there is closed.
type late struct{ there chan struct{} }

func (l late) Program(campaign.Digest) (*journey.Program, error) {
	select {
	case <-l.there:
		return journey.Compile(reference())
	default:
		return nil, errUnknown
	}
}

// TestADefinitionThatComesLater starts a cohort whose definition no worker has.
func TestADefinitionThatComesLater(t *testing.T) {
	c := quick(time.Second)
	r := dialServer(t, c)
	e := playing(c, []journeytest.Person{{}})
	there := make(chan struct{})
	serve(t, r, e, late{there: there}, defaultLimits)
	id := journey.CohortID("reference", t.Name())
	require.NoError(t, r.StartCohort(t.Context(), id, journey.StartCohort{Journey: "reference", Definition: digestOf(reference()), Size: 1, At: c.Now()}))
	time.Sleep(2 * time.Second)
	began := time.Now()
	close(there)
	r.finished(t, id, time.Minute)
	t.Logf("it went on and ended %s after the definition came", time.Since(began).Round(time.Second/10))
	require.Len(t, e.world.Sent(), 2)
}

// summaries is what the UI shows beside the events of a history.
func summaries(t *testing.T, h *historypb.History) []string {
	t.Helper()
	var out []string
	for _, e := range h.Events {
		if p := e.GetUserMetadata().GetSummary(); p != nil {
			var s string
			require.NoError(t, converter.GetDefaultDataConverter().FromPayload(p, &s))
			out = append(out, s)
		}
	}
	return out
}

func size(chain []*historypb.History) int {
	n := 0
	for _, h := range chain {
		n += proto.Size(h)
	}
	return n
}
