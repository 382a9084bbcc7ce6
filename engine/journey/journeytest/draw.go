package journeytest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
)

const day = 24 * time.Hour

// Condition is an expression that reads what is given of other steps.
func Condition(reads ...string) *campaign.Expr {
	return &campaign.Expr{Text: "true", Type: campaign.Of(campaign.Bool), Reads: campaign.Reads{Steps: reads}}
}

// author draws journeys.
type author struct {
	t     *rapid.T
	named int
	waits []string
}

func (a *author) label(kind string) string {
	a.named++
	return fmt.Sprintf("%s%d", kind, a.named)
}

func (a *author) reads() *campaign.Expr {
	if len(a.waits) == 0 || !rapid.Bool().Draw(a.t, "reads") {
		return Condition()
	}
	return Condition(rapid.SampledFrom(a.waits).Draw(a.t, "read"))
}

func (a *author) duration(name string) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, 90 * time.Second, time.Hour, day, 14 * day}).Draw(a.t, name)
}

func (a *author) steps(depth int) campaign.Steps {
	var steps campaign.Steps
	for range rapid.IntRange(0, 4).Draw(a.t, "steps") {
		steps = append(steps, a.step(depth))
	}
	return steps
}

func (a *author) step(depth int) campaign.Step {
	switch kind := rapid.IntRange(0, 13).Draw(a.t, "kind"); {
	case kind < 4:
		return &campaign.Send{Name: a.label("s"), Message: "hello"}
	case kind == 10:
		return a.act()
	case kind == 11:
		return &campaign.Wait{Name: a.label("p"), Delay: Condition(), React: a.duration("react")}
	case kind > 11 && depth < 3:
		s := &campaign.Split{Name: a.label("k")}
		for range rapid.IntRange(1, 3).Draw(a.t, "arms") {
			s.Arms = append(s.Arms, campaign.Arm{Name: "a", Weight: 1, Steps: a.steps(depth + 1)})
		}
		return s
	case kind < 6:
		return &campaign.Wait{Name: a.label("w"), For: a.duration("for"), React: a.duration("react")}
	case kind < 8:
		w := &campaign.Wait{Name: a.label("w"), Until: a.reads(), Timeout: a.duration("timeout"), React: a.duration("react")}
		a.waits = append(a.waits, w.Name)
		return w
	case kind < 9 && depth < 3:
		b := &campaign.Branch{Name: a.label("b")}
		for range rapid.IntRange(0, 3).Draw(a.t, "cases") {
			b.Cases = append(b.Cases, campaign.BranchCase{Name: "c", When: a.reads(), Steps: a.steps(depth + 1)})
		}
		if rapid.Bool().Draw(a.t, "else") {
			b.Cases = append(b.Cases, campaign.BranchCase{Name: "else", Steps: a.steps(depth + 1)})
		}
		return b
	default:
		return &campaign.Exit{Name: a.label("x")}
	}
}

// act draws one of the effects that are no sends.
func (a *author) act() campaign.Step {
	label := a.label("s")
	return rapid.SampledFrom([]campaign.Step{
		&campaign.Update{Name: label}, &campaign.Subscribe{Name: label}, &campaign.Emit{Name: label},
		&campaign.Call{Name: label}, &campaign.Enter{Name: label}, &campaign.Throttle{Name: label},
	}).Draw(a.t, "act")
}

// DrawJourney draws a journey of all kinds of steps, at most three branches deep.
// Labels tell a World what a step is.
func DrawJourney(t *rapid.T) *campaign.Journey {
	a := author{t: t}
	j := &campaign.Journey{Name: "drawn", Steps: a.steps(0)}
	if rapid.Bool().Draw(t, "exit_when") {
		j.ExitWhen = a.reads()
	}
	if rapid.Bool().Draw(t, "goal_when") {
		j.GoalWhen = a.reads()
	}
	return j
}

// DrawEdit draws what an author makes of a journey: steps are dropped, put
// elsewhere or renamed, and waits last longer or shorter. It returns the journey
// and what was renamed.
func DrawEdit(t *rapid.T, j *campaign.Journey) (*campaign.Journey, map[string]string) {
	e := editor{t: t, moved: map[string]string{}}
	out := *j
	out.Steps = e.steps(j.Steps)
	return &out, e.moved
}

// editor draws edits.
type editor struct {
	t     *rapid.T
	moved map[string]string
}

func (e *editor) steps(steps campaign.Steps) campaign.Steps {
	var out campaign.Steps
	for _, s := range steps {
		if rapid.IntRange(0, 4).Draw(e.t, "dropped") > 0 {
			out = append(out, e.step(s))
		}
	}
	if rapid.IntRange(0, 4).Draw(e.t, "shuffled") == 0 {
		out = rapid.Permutation(out).Draw(e.t, "order")
	}
	return out
}

func (e *editor) step(s campaign.Step) campaign.Step {
	switch s := s.(type) {
	case *campaign.Send:
		if rapid.IntRange(0, 4).Draw(e.t, "renamed") == 0 {
			e.moved[s.Name] = s.Name + "x"
			return &campaign.Send{Name: s.Name + "x", Message: s.Message}
		}
	case *campaign.Wait:
		w := *s
		w.For, w.Timeout = w.For/2, w.Timeout*2
		return &w
	case *campaign.Branch:
		b := *s
		b.Cases = nil
		for _, c := range s.Cases {
			c.Steps = e.steps(c.Steps)
			b.Cases = append(b.Cases, c)
		}
		return &b
	case *campaign.Split:
		k := *s
		k.Arms = nil
		for _, a := range s.Arms {
			a.Steps = e.steps(a.Steps)
			k.Arms = append(k.Arms, a)
		}
		return &k
	}
	return s
}

// DrawPeople draws scripts for at most so many people.
func DrawPeople(t *rapid.T, most int) []Person {
	offset := rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Minute, time.Hour, day, 3 * day})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Person {
		return Person{
			Clicks: offset.Draw(t, "clicks"), Buys: offset.Draw(t, "buys"), Quiet: offset.Draw(t, "quiet"), Wins: offset.Draw(t, "wins"), Delay: offset.Draw(t, "delay"),
			Case: rapid.IntRange(-1, 3).Draw(t, "case"), Outcome: journey.SendOutcome(rapid.IntRange(0, 3).Draw(t, "outcome")),
			Erased: rapid.IntRange(0, 15).Draw(t, "erased") == 0,
		}
	}), 0, most).Draw(t, "people")
}
