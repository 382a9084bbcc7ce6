package journey_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
)

func branch(name string, cases ...campaign.BranchCase) campaign.Step {
	return &campaign.Branch{Name: name, Cases: cases}
}

func way(name string, when *campaign.Expr, steps ...campaign.Step) campaign.BranchCase {
	return campaign.BranchCase{Name: name, When: when, Steps: steps}
}

// migrate takes the rig over as a run does, so long after noon.
func (r *rig) migrate(after time.Duration, to *journey.Program, m journey.Migration) {
	r.t.Helper()
	r.step(after, journey.Pause{})
	require.NoError(r.t, r.program.Migrate(r.state, to, m, noon.Add(after)))
	r.program = to
	r.step(after, journey.Unpause{})
}

func onward(moved map[string]string) journey.Migration {
	return journey.Migration{Policy: campaign.Migrate, Moved: moved}
}

func TestLandings(t *testing.T) {
	was := compile(t, nil,
		send("hello"), sleep("pause", day),
		branch("next", way("a", condition(), send("inner"), sleep("rest", day)), way("else", nil, send("other"))),
		send("bye"),
	)
	now := compile(t, nil, send("hallo"), until("pause", day), branch("next", way("a", condition(), sleep("rest", day))), send("bye"))
	require.Equal(t, []journey.Landing{
		{From: "hello", To: "hallo", Kept: true}, // renamed
		{From: "pause", To: "pause", Kept: true}, // of the same kind: it goes on counting
		{From: "next", To: "next", Kept: true},   //
		{From: "inner", To: "rest"},              // gone: on to what comes next
		{From: "rest", To: "rest", Kept: true},   //
		{From: "other", To: "bye"},               // its way is gone: on after the branch
		{From: "bye", To: "bye", Kept: true},     //
	}, was.Landings(now, map[string]string{"hello": "hallo"}))
	require.Equal(t, journey.Landing{From: "bye"}, last1(was.Landings(compile(t, nil, send("hello")), nil)))
}

func last1[T any](list []T) T { return list[len(list)-1] }

// A wait counts from when the person began to wait: a shorter one is over
// earlier, and one that is past already is over at once.
func TestAWaitIsArmedAnewFromItsBeginning(t *testing.T) {
	for _, c := range []struct {
		lasts time.Duration
		after time.Duration // of the edit
		due   time.Duration
	}{
		{lasts: 8 * time.Hour, after: time.Hour, due: 8 * time.Hour},
		{lasts: 2 * time.Hour, after: time.Hour, due: 2 * time.Hour},
		{lasts: time.Hour, after: 3 * time.Hour}, // past: at once
	} {
		r := newRig(t, compile(t, nil, sleep("w", 4*time.Hour), send("s1")), 2)
		r.migrate(c.after, compile(t, nil, sleep("w", c.lasts), send("s1")), onward(nil))
		if c.due == 0 {
			require.Equal(t, journey.Range(0, 2), last[journey.Act](r).Members)
			continue
		}
		require.WithinDuration(t, noon.Add(c.due), last[journey.Wake](r).At, 5*time.Minute)
	}
}

func TestFromAStepThatIsGone(t *testing.T) {
	r := newRig(t, compile(t, nil, sleep("w1", day), sleep("w2", day), send("s1")), 1)
	r.migrate(time.Hour, compile(t, nil, sleep("w2", day), send("s1")), onward(nil))
	require.WithinDuration(t, noon.Add(25*time.Hour), last[journey.Wake](r).At, 10*time.Minute, "the next wait begins now")

	r.migrate(2*time.Hour, compile(t, nil, send("s0")), onward(nil))
	require.Equal(t, "finished", last[journey.Progress](r).Places[0].Outcome)
	last[journey.End](r)
}

func TestPolicies(t *testing.T) {
	edited := compile(t, nil, send("s1"), sleep("w", day))
	fresh := func() *rig {
		r := newRig(t, compile(t, nil, send("s1"), sleep("w", day)), 2)
		r.sent(time.Second)
		return r
	}
	r := fresh()
	r.migrate(time.Hour, edited, journey.Migration{Policy: campaign.Restart})
	act := last[journey.Act](r)
	require.Equal(t, 2, act.Visit, "another effect: it may send once more")
	require.Equal(t, journey.Range(0, 2), act.Members)

	r = fresh()
	r.migrate(time.Hour, edited, journey.Migration{Policy: campaign.Leave})
	require.Equal(t, "edited", last[journey.Progress](r).Places[0].Outcome)

	r = fresh()
	r.step(time.Hour, journey.Pause{})
	require.ErrorContains(t, r.program.Migrate(r.state, edited, journey.Migration{Policy: campaign.Pin}, noon), "nobody is migrated")
}

func TestMigrationWaitsForWhatIsInFlight(t *testing.T) {
	r := newRig(t, compile(t, nil, send("s1"), sleep("w", day)), 1)
	act := last[journey.Act](r)
	to := compile(t, nil, sleep("w", day), send("s2"))
	require.ErrorIs(t, r.program.Migrate(r.state, to, onward(nil), noon), journey.ErrInFlight)
	r.step(0, journey.Pause{})
	require.ErrorIs(t, r.program.Migrate(r.state, to, onward(nil), noon), journey.ErrInFlight)
	r.step(time.Second, journey.Acted{Act: act, Result: journey.SendResult{At: noon.Add(time.Second), Sent: act.Members}})
	require.NoError(t, r.program.Migrate(r.state, to, onward(nil), noon.Add(time.Minute)))
}

// Who has an answer to a wait keeps it, under the label that it has now.
func TestWhatWasMetIsRemembered(t *testing.T) {
	r := newRig(t, compile(t, nil, until("seen", day), sleep("w", 5*day)), 2)
	r.decided(time.Second, journey.DecideResult{Cases: []journey.Members{{1}}})
	r.step(2*day, journey.Tick{})
	r.decided(2*day, journey.DecideResult{})
	to := compile(t, nil, until("read", day), sleep("w", 0), branch("b", way("a", condition("read"), send("s1"))))
	r.migrate(2*day+time.Hour, to, onward(map[string]string{"seen": "read"}))
	d := last[journey.Decide](r)
	require.Equal(t, []journey.Fact{{Step: "read", Met: journey.Members{1}, Unmet: journey.Members{0}}}, d.Facts)
}

func TestAPauseHoldsEverything(t *testing.T) {
	r := newRig(t, compile(t, nil, sleep("w", time.Hour), send("s1")), 1)
	r.step(time.Minute, journey.Pause{})
	require.Equal(t, journey.Wake{}, last[journey.Wake](r), "no timer runs")
	r.step(5*time.Hour, journey.Tick{})
	none[journey.Act](r)
	require.True(t, r.state.Paused())
	r.step(6*time.Hour, journey.Unpause{})
	require.Equal(t, "s1", last[journey.Act](r).Step, "what fell due meanwhile is due now")
}

func TestCancelledWhilePaused(t *testing.T) {
	r := newRig(t, compile(t, nil, sleep("w", time.Hour)), 1)
	r.step(0, journey.Pause{})
	r.step(time.Minute, journey.Cancel{})
	last[journey.End](r)
}

func TestAWaitOfOnesOwn(t *testing.T) {
	r := newRig(t, compile(t, nil, &campaign.Wait{Name: "w", Delay: condition()}, send("s1")), 3)
	d := last[journey.Decide](r)
	require.Equal(t, noon, d.At, "as of what came before")
	require.False(t, d.Register, "no event can end it")
	r.decided(time.Minute, journey.DecideResult{Due: []journey.Later{
		{At: noon.Add(time.Hour), Members: journey.Members{0}}, {At: noon.Add(30 * time.Second), Members: journey.Members{1}},
	}})
	require.Equal(t, journey.Members{1, 2}, last[journey.Act](r).Members, "one is due already, of one nothing is known")
	require.Equal(t, noon.Add(time.Hour), r.state.Armed())
	r.step(time.Hour, journey.Tick{})
	require.Equal(t, journey.Members{0}, last[journey.Act](r).Members)
}

func TestAnExitEndsAWaitOfOnesOwn(t *testing.T) {
	r := newRig(t, compile(t, condition(), &campaign.Wait{Name: "w", At: condition()}, send("s1")), 1)
	require.True(t, last[journey.Decide](r).Register)
	r.decided(time.Minute, journey.DecideResult{Due: []journey.Later{{At: noon.Add(day), Members: journey.Members{0}}}})
	r.step(time.Hour, journey.Reacted{Reaction: journey.Reaction{Members: journey.Members{0}}})
	r.decided(time.Hour, journey.DecideResult{Exited: journey.Members{0}})
	require.Equal(t, "exit_when", last[journey.Progress](r).Places[0].Outcome)
}

func TestGoalsGoBeforeExits(t *testing.T) {
	p, err := journey.Compile(&campaign.Journey{Name: "test", ExitWhen: condition(), GoalWhen: condition(), Steps: campaign.Steps{sleep("w", day), send("s1")}})
	require.NoError(t, err)
	r := newRig(t, p, 2)
	r.decided(0, journey.DecideResult{Reached: journey.Members{0}, Exited: journey.Members{0}})
	require.Equal(t, "goal", last[journey.Progress](r).Places[0].Outcome)
	r.step(time.Hour, journey.Reacted{Reaction: journey.Reaction{Step: "w", Reached: journey.Members{1}}})
	require.Equal(t, "goal", last[journey.Progress](r).Places[0].Outcome)
	last[journey.End](r)
}

func TestASplitGoesWhereItIsTold(t *testing.T) {
	r := newRig(t, compile(t, nil, &campaign.Split{Name: "k", Arms: []campaign.Arm{
		{Name: "a", Weight: 1, Steps: campaign.Steps{send("s1")}}, {Name: "b", Weight: 1, Steps: campaign.Steps{&campaign.Update{Name: "s2"}}},
	}}, send("s3")), 3)
	r.decided(0, journey.DecideResult{Cases: []journey.Members{{0}, {2}}})
	var steps []string
	for _, c := range r.out {
		if a, ok := c.(journey.Act); ok {
			steps = append(steps, a.Kind+" "+a.Step)
		}
	}
	require.Equal(t, []string{"send s1", "update s2", "send s3"}, steps, "who is in no arm goes on after it")
}
