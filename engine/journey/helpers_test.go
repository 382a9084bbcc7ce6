package journey_test

import (
	"testing"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
	"github.com/stretchr/testify/require"
)

// noon is when tests begin.
var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func send(name string) campaign.Step { return &campaign.Send{Name: name, Message: "hello"} }

func sleep(name string, d time.Duration) campaign.Step { return &campaign.Wait{Name: name, For: d} }

func until(name string, timeout time.Duration) *campaign.Wait {
	return &campaign.Wait{Name: name, Until: &campaign.Expr{Text: "step.s1.clicked"}, Timeout: timeout}
}

func condition(reads ...string) *campaign.Expr { return journeytest.Condition(reads...) }

func compile(t testing.TB, exit *campaign.Expr, steps ...campaign.Step) *journey.Program {
	t.Helper()
	p, err := journey.Compile(&campaign.Journey{Name: "test", ExitWhen: exit, Steps: steps})
	require.NoError(t, err)
	return p
}

// rig steps one state and keeps what it asked for last.
type rig struct {
	t       *testing.T
	program *journey.Program
	state   *journey.State
	out     []journey.Command
}

func newRig(t *testing.T, p *journey.Program, size int) *rig {
	s, err := p.Begin(size)
	require.NoError(t, err)
	r := &rig{t: t, program: p, state: s}
	r.step(0, journey.Start{At: noon})
	return r
}

// step takes an input in, so long after noon.
func (r *rig) step(after time.Duration, in journey.Input) {
	r.t.Helper()
	out, err := r.program.Step(r.state, noon.Add(after), in)
	require.NoError(r.t, err)
	r.out = out
}

// last returns the only command of type C that the last step gave.
func last[C journey.Command](r *rig) C {
	r.t.Helper()
	var found []C
	for _, c := range r.out {
		if c, ok := c.(C); ok {
			found = append(found, c)
		}
	}
	require.Len(r.t, found, 1, "of %#v", r.out)
	return found[0]
}

func none[C journey.Command](r *rig) {
	r.t.Helper()
	for _, c := range r.out {
		if c, ok := c.(C); ok {
			require.Failf(r.t, "unexpected command", "%#v", c)
		}
	}
}

// sent answers the last Send, so long after noon.
func (r *rig) sent(after time.Duration) {
	r.t.Helper()
	s := last[journey.Act](r)
	r.step(after, journey.Acted{Act: s, Result: journey.SendResult{At: noon.Add(after), Sent: s.Members}})
}

// decided answers the last Decide, so long after noon.
func (r *rig) decided(after time.Duration, result journey.DecideResult) {
	r.t.Helper()
	r.step(after, journey.Decided{Decide: last[journey.Decide](r), Result: result})
}
