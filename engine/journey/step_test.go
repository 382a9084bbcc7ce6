package journey_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/stretchr/testify/require"
)

func TestSendThenSleepThenEnd(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1"), sleep("w1", 4*time.Hour), send("s2")), 3)
	s := last[journey.Act](r)
	require.Equal(t, journey.Act{Number: 1, Kind: "send", Step: "s1", Visit: 1, At: noon, Members: journey.Range(0, 3)}, s)

	r.sent(30 * time.Second)
	wake := last[journey.Wake](r)
	require.Equal(t, "w1", wake.Step)
	require.Equal(t, noon.Add(4*time.Hour+time.Minute), wake.At, "counted from the end of the batch, aligned up to a minute")
	place := last[journey.Progress](r).Places
	require.Equal(t, []journey.Place{{Step: "w1", WakeAt: wake.At, Members: journey.Range(0, 3)}}, place)

	r.step(2*time.Hour, journey.Tick{})
	require.Empty(t, r.out, "too early")

	r.step(wake.At.Sub(noon), journey.Tick{})
	require.Equal(t, "s2", last[journey.Act](r).Step)
	r.sent(5 * time.Hour)
	p := last[journey.Progress](r)
	require.True(t, p.Ended)
	require.Equal(t, "finished", p.Places[0].Outcome)
	last[journey.End](r)
	require.True(t, r.state.Done())
}

func TestAnOutageDoesNotStretchAJourney(t *testing.T) {
	r := newRig(t, compile(t, nil, sleep("w1", 10*time.Second), sleep("w2", 20*time.Second), send("s1")), 1)
	require.Equal(t, noon.Add(10*time.Second), last[journey.Wake](r).At)
	r.step(3*time.Hour, journey.Tick{})
	require.Equal(t, "s1", last[journey.Act](r).Step, "both waits are over: the second counts from the wake of the first")
}

func TestAWaitIsRegisteredThenAskedThenActive(t *testing.T) {
	r := newRig(t, compile(t, nil, until("w1", day), send("s1")), 2)
	d := last[journey.Decide](r)
	require.True(t, d.Register)
	require.Equal(t, "w1", d.Step)
	require.False(t, r.program.View(r.state, 0).Waiting, "not active before the answer")

	r.decided(time.Second, journey.DecideResult{Cases: []journey.Members{{1}}})
	require.Equal(t, journey.Members{1}, last[journey.Act](r).Members, "what happened before counts")
	require.True(t, r.program.View(r.state, 0).Waiting)
}

func TestAReactionDuringTheQuestionAsksAgain(t *testing.T) {
	r := newRig(t, compile(t, nil, until("w1", day)), 1)
	first := last[journey.Decide](r)
	r.step(time.Second, journey.Reacted{Reaction: journey.Reaction{Members: journey.Members{0}}})
	none[journey.Decide](r)
	r.step(2*time.Second, journey.Decided{Decide: first})
	again := last[journey.Decide](r)
	require.False(t, again.Register)
	require.Equal(t, noon.Add(2*time.Second), again.At)
}

func TestTheTimeoutAsksForTheLastTimeAsOfThen(t *testing.T) {
	r := newRig(t, compile(t, nil, until("w1", time.Hour), send("s1")), 2)
	r.decided(time.Second, journey.DecideResult{})
	due := r.state.Armed()
	require.Equal(t, noon.Add(time.Hour), due)

	r.step(5*time.Hour, journey.Tick{}) // after an outage
	d := last[journey.Decide](r)
	require.Equal(t, due, d.At)
	require.False(t, d.Register)
	r.decided(5*time.Hour, journey.DecideResult{Cases: []journey.Members{{0}}})
	require.Equal(t, journey.Range(0, 2), last[journey.Act](r).Members, "met or not, both go on")
	rows, err := r.program.Table(r.state)
	require.NoError(t, err)
	require.Equal(t, 1, rows[0].Passed)
	require.Equal(t, 1, rows[0].Missed)
}

func TestReactionsAlignToTheGridOfTheirWait(t *testing.T) {
	w := until("w1", day)
	w.React = 15 * time.Minute
	r := newRig(t, compile(t, nil, w), 2)
	r.decided(time.Second, journey.DecideResult{})
	r.step(time.Minute, journey.Reacted{Reaction: journey.Reaction{Members: journey.Members{0}}})
	none[journey.Decide](r)
	require.Equal(t, noon.Add(15*time.Minute), last[journey.Wake](r).At)
	r.step(2*time.Minute, journey.Reacted{Reaction: journey.Reaction{Met: journey.Members{1}, Step: "w1"}})
	r.step(15*time.Minute, journey.Tick{})
	require.Equal(t, journey.Range(0, 2), last[journey.Decide](r).Members, "both in one question")
}

func TestADecisionThatCameAlongSavesTheQuestion(t *testing.T) {
	r := newRig(t, compile(t, condition(), until("w1", day), until("w2", day)), 3)
	r.decided(0, journey.DecideResult{})
	r.step(time.Minute, journey.Reacted{Reaction: journey.Reaction{Step: "w1", Met: journey.Members{0, 1}, Exited: journey.Members{1}}})
	require.Equal(t, "w2", last[journey.Decide](r).Step)
	require.Equal(t, journey.Members{0}, last[journey.Decide](r).Members)
	require.Equal(t, "exit_when", r.program.View(r.state, 1).Outcome, "exit wins")
	r.decided(time.Minute, journey.DecideResult{})

	r.step(time.Hour, journey.Reacted{Reaction: journey.Reaction{Step: "w1", Met: journey.Members{0}}})
	require.Equal(t, "w2", last[journey.Decide](r).Step, "decided for where the member no longer is: asked")
}

func TestExitWinsWhereverItIsAsked(t *testing.T) {
	p := compile(t, condition(), send("s1"), sleep("w1", day), send("s2"))
	t.Run("in the moment of sending", func(t *testing.T) {
		r := newRig(t, p, 1)
		r.step(0, journey.Acted{Act: last[journey.Act](r), Result: journey.SendResult{Exited: journey.Members{0}}})
		require.Equal(t, "exit_when", last[journey.Progress](r).Places[0].Outcome)
	})
	t.Run("while a plain wait lasts", func(t *testing.T) {
		r := newRig(t, p, 1)
		r.sent(0)
		require.True(t, last[journey.Decide](r).Register)
		r.decided(0, journey.DecideResult{})
		r.step(time.Hour, journey.Reacted{Reaction: journey.Reaction{Members: journey.Members{0}}})
		r.decided(time.Hour, journey.DecideResult{Exited: journey.Members{0}})
		done := last[journey.Progress](r)
		require.Equal(t, journey.Members{0}, done.Unregister)
		require.Equal(t, "w1", done.Places[0].Step)
	})
}

func TestBranchTakesTheFirstCaseOrFallsThrough(t *testing.T) {
	branch := &campaign.Branch{Name: "b1", Cases: []campaign.BranchCase{
		{Name: "a", When: condition(), Steps: campaign.Steps{send("s1")}},
		{Name: "b", When: condition(), Steps: campaign.Steps{&campaign.Exit{Name: "x1"}}},
	}}
	r := newRig(t, compile(t, nil, branch, send("s2")), 3)
	require.False(t, last[journey.Decide](r).Register)
	r.decided(0, journey.DecideResult{Cases: []journey.Members{{0}, {0, 1}}})
	steps := map[string]journey.Members{}
	for _, c := range r.out {
		if s, ok := c.(journey.Act); ok {
			steps[s.Step] = s.Members
		}
	}
	require.Equal(t, map[string]journey.Members{"s1": {0}, "s2": {2}}, steps)
	require.Equal(t, "exit", r.program.View(r.state, 1).Outcome)
}

func TestElseIsTakenWithoutAQuestionWhenItIsAlone(t *testing.T) {
	branch := &campaign.Branch{Name: "b1", Cases: []campaign.BranchCase{{Name: "else", Steps: campaign.Steps{send("s1")}}}}
	r := newRig(t, compile(t, nil, branch), 1)
	require.Equal(t, "s1", last[journey.Act](r).Step)
}

func TestWhoIsPutOffIsTriedAgainUnderTheSameVisit(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1")), 3)
	first := last[journey.Act](r)
	r.step(0, journey.Acted{Act: first, Result: journey.SendResult{At: noon, Sent: journey.Members{0},
		Retry: []journey.Later{{At: noon.Add(-time.Hour), Members: journey.Members{1}}}}}) // 2 was forgotten
	require.Equal(t, noon.Add(time.Second), last[journey.Wake](r).At, "never in the past")
	r.step(time.Second, journey.Tick{})
	require.Equal(t, journey.Act{Number: 2, Kind: "send", Step: "s1", Visit: 1, At: noon.Add(time.Second), Members: journey.Members{1}}, last[journey.Act](r))
	r.sent(time.Second)
	r.step(time.Minute, journey.Tick{})
	require.Equal(t, journey.Members{2}, last[journey.Act](r).Members, "nobody is lost")
	r.sent(time.Minute)
	last[journey.End](r)
}

func TestCancelLetsAnEffectFinish(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1"), send("s2")), 2)
	flying := last[journey.Act](r)
	r.step(0, journey.Cancel{})
	require.Empty(t, r.out)
	r.step(time.Second, journey.Acted{Act: flying, Result: journey.SendResult{At: noon, Sent: flying.Members}})
	require.Equal(t, "cancelled", last[journey.Progress](r).Places[0].Outcome)
	none[journey.Act](r)
}

func TestCancelOfSomeEndsThemAlone(t *testing.T) {
	r := newRig(t, compile(t, nil, sleep("w1", day), send("s1")), 3)
	r.step(time.Hour, journey.Cancel{Members: journey.Members{1, 99}, Outcome: journey.Gone})
	require.Equal(t, []journey.Place{{Step: "w1", EndedAt: noon.Add(time.Hour), Outcome: "gone", Members: journey.Members{1}}}, last[journey.Progress](r).Places)
	none[journey.Wake](r)
}

func TestResumeAsksForAllThatWasInFlight(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1")), 2)
	stale := last[journey.Act](r)
	r.step(time.Minute, journey.Resume{})
	again := last[journey.Act](r)
	require.Equal(t, stale.Members, again.Members)
	r.step(time.Minute, journey.Acted{Act: stale, Result: journey.SendResult{Sent: stale.Members}})
	require.Empty(t, r.out, "an answer to what nobody asks any more")
	r.step(time.Minute, journey.Acted{Act: again, Result: journey.SendResult{Sent: again.Members}})
	last[journey.End](r)
}

func TestFactsTellWhetherAWaitWasMet(t *testing.T) {
	branch := &campaign.Branch{Name: "b1", Cases: []campaign.BranchCase{{Name: "a", When: condition("w1", "s9"), Steps: campaign.Steps{send("s1")}}}}
	r := newRig(t, compile(t, nil, until("w1", time.Hour), branch), 3)
	r.decided(0, journey.DecideResult{Cases: []journey.Members{{2}}})
	require.Equal(t, []journey.Fact{{Step: "w1", Met: journey.Members{2}}}, last[journey.Decide](r).Facts)
	r.step(time.Hour, journey.Tick{})
	var final journey.Decide
	for _, c := range r.out {
		if d, ok := c.(journey.Decide); ok && d.Step == "w1" {
			final = d
		}
	}
	r.step(time.Hour, journey.Decided{Decide: final})
	require.Equal(t, []journey.Fact{{Step: "w1", Unmet: journey.Members{0, 1}}}, last[journey.Decide](r).Facts)
}

func TestAnAnswerThatTimeCanChangeIsAskedForAgain(t *testing.T) {
	r := newRig(t, compile(t, nil, until("w1", 0)), 1)
	var result journey.DecideResult
	result.AskAgain(0, noon.Add(time.Hour))
	r.decided(0, result)
	require.Equal(t, noon.Add(time.Hour), last[journey.Wake](r).At)
	r.step(time.Hour, journey.Tick{})
	require.False(t, last[journey.Decide](r).Register)
	r.decided(time.Hour, journey.DecideResult{})
	none[journey.Wake](r)
	require.True(t, r.program.View(r.state, 0).Waiting, "for ever, registered")
}

func TestAForeignStateIsRefused(t *testing.T) {
	a, b := compile(t, nil, until("w1", day)), compile(t, nil, send("s1"))
	s, err := a.Begin(1)
	require.NoError(t, err)
	_, err = b.Step(s, noon, journey.Start{At: noon})
	require.ErrorContains(t, err, "another revision")
	_, err = a.Step(s, noon, nil)
	require.ErrorContains(t, err, "not an input")
	_, err = a.Begin(journey.MaxCohort + 1)
	require.Error(t, err)
}

func TestNobodyInTheCohortEndsItAtOnce(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1")), 0)
	require.True(t, last[journey.Progress](r).Ended)
	last[journey.End](r)
	r.step(0, journey.Tick{})
	last[journey.End](r)
}

func TestRequestsHoldIndicesAlone(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1")), 250)
	batches := last[journey.Act](r).Batches(journey.BatchSize)
	require.Len(t, batches, 3)
	b, err := json.Marshal(batches[2].Request("journey/test/c1", "d1"))
	require.NoError(t, err)
	require.JSONEq(t, `{"cohort":"journey/test/c1","definition":"d1","step":"s1","visit":1,"at":"2026-11-02T12:00:00Z","members":"200-249"}`, string(b))
}
