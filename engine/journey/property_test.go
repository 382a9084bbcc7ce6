package journey_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/journey/journeytest"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// chaos drives a state in the worst order that a run may meet: answers late, out
// of order, twice or never, ticks and reactions at any time, and now and then a
// restart from what was encoded. Time stands still or goes on by leaps.
type chaos struct {
	t       *rapid.T
	journey *campaign.Journey // as it is now
	program *journey.Program
	state   *journey.State
	world   *journeytest.World
	now     time.Time
	timer   time.Time
	flying  []journey.Command         // commanded, not answered
	closed  map[journeytest.Sent]bool // a final outcome was delivered
	heard   []journey.Input           // delivered before: may come again
	ended   bool
}

func (c *chaos) step(in ...journey.Input) {
	before, err := json.Marshal(c.state)
	require.NoError(c.t, err)
	out, err := c.program.Step(c.state, c.now, in...)
	require.NoError(c.t, err)

	var twin journey.State // the same from its encoding: round trip and determinism in one
	require.NoError(c.t, json.Unmarshal(before, &twin))
	again, err := c.program.Step(&twin, c.now, in...)
	require.NoError(c.t, err)
	require.Equal(c.t, out, again)
	here, err := json.Marshal(c.state)
	require.NoError(c.t, err)
	there, err := json.Marshal(&twin)
	require.NoError(c.t, err)
	require.Equal(c.t, string(here), string(there))

	for _, command := range out {
		c.do(command)
	}
	c.invariants()
}

func (c *chaos) do(command journey.Command) {
	switch command := command.(type) {
	case journey.Decide:
		c.flying = append(c.flying, command)
	case journey.Act:
		for _, b := range command.Batches(3) {
			for _, i := range b.Members {
				key := journeytest.Sent{Index: i, Step: b.Step, Visit: b.Visit}
				require.False(c.t, c.closed[key], "%v is sent again after its end", key)
			}
			c.flying = append(c.flying, b)
		}
	case journey.Wake:
		c.timer = command.At
	case journey.Progress:
		c.world.Progress(command.Request(""))
	case journey.End:
		c.ended, c.timer = true, time.Time{}
	}
}

// invariants hold after every step.
func (c *chaos) invariants() {
	owned := c.state.Armed().IsZero()
	for i := range c.state.Size() {
		v := c.program.View(c.state, i)
		if c.state.Paused() {
			require.Equal(c.t, v.InFlight, c.isFlying(i))
			continue
		}
		require.False(c.t, v.Ready, "member %d was left standing", i)
		owned = owned || v.Due.Equal(c.state.Armed()) || v.Ask.Equal(c.state.Armed())
		switch {
		case v.Ended:
			require.NotEmpty(c.t, v.Outcome)
		case v.InFlight:
			require.True(c.t, c.isFlying(i), "member %d at %s: its effect is not under way", i, v.Step)
		case v.Waiting:
			require.True(c.t, v.Registered, "member %d waits at %s and hears nothing", i, v.Step)
			require.Equal(c.t, v.Step, c.world.WaitsAt(i), "member %d: registered elsewhere", i)
		default:
			require.True(c.t, v.Sleeping || v.Deferred)
		}
		if v.Sleeping || v.Deferred || v.Waiting && !(v.Due.IsZero() && v.Ask.IsZero()) {
			require.False(c.t, c.timer.IsZero(), "member %d at %s: nothing will wake it", i, v.Step)
		}
	}
	require.True(c.t, owned, "the timer belongs to nobody")
	require.Equal(c.t, c.timer, c.state.Armed())
}

func (c *chaos) isFlying(i int) bool {
	n := 0
	for _, f := range c.flying {
		switch f := f.(type) {
		case journey.Decide:
			if f.Members.Has(i) {
				n++
			}
		case journey.Act:
			if f.Members.Has(i) {
				n++
			}
		}
	}
	require.LessOrEqual(c.t, n, 1, "member %d has %d effects in flight", i, n)
	return n == 1
}

// answer delivers what became of some effects in flight, at once.
func (c *chaos) answer() {
	var inputs []journey.Input
	for range rapid.IntRange(1, 3).Draw(c.t, "answers") {
		if in := c.land(); in != nil {
			inputs = append(inputs, in)
		}
	}
	c.heard = append(c.heard, inputs...)
	c.step(inputs...)
}

// land carries out one effect in flight, any of them, and returns its result; or
// the result is lost, after or before the effect.
func (c *chaos) land() journey.Input {
	if len(c.flying) == 0 {
		return nil
	}
	n := rapid.IntRange(0, len(c.flying)-1).Draw(c.t, "which")
	command := c.flying[n]
	c.flying = append(c.flying[:n:n], c.flying[n+1:]...)
	fate := rapid.IntRange(0, 9).Draw(c.t, "fate")
	var in journey.Input
	var members journey.Members
	switch command := command.(type) {
	case journey.Decide:
		members = command.Members
		if fate > 0 {
			in = journey.Decided{Decide: command, Result: c.world.Decide(command.Request("", ""))}
		}
	case journey.Act:
		members = command.Members
		if fate > 0 {
			result := c.world.Send(c.now, command.Request("", ""))
			in = journey.Acted{Act: command, Result: result}
			if fate > 1 {
				c.close(command, result)
			}
		}
	}
	if fate <= 1 {
		in = journey.PutOff{Members: members, At: c.now.Add(time.Minute)}
	}
	return in
}

func (c *chaos) close(s journey.Act, r journey.SendResult) {
	for _, set := range []journey.Members{r.Sent, r.Withheld, r.Failed, r.Unknown} {
		for _, i := range set {
			c.closed[journeytest.Sent{Index: i, Step: s.Step, Visit: s.Visit}] = true
		}
	}
}

// leap lets time pass: to the timer, or a little.
func (c *chaos) leap() {
	if rapid.Bool().Draw(c.t, "to the timer") && c.timer.After(c.now) {
		c.now = c.timer
	} else {
		c.now = c.now.Add(rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Minute, day}).Draw(c.t, "leap"))
	}
	c.tell()
	c.step(journey.Tick{})
}

// tell delivers what people did until now to those who registered for it.
func (c *chaos) tell() {
	var members journey.Members
	for _, h := range c.world.Happenings() {
		if h.At.After(c.now) {
			break
		}
		for _, i := range h.Members {
			if c.world.WaitsAt(i) != "" {
				members = members.With(i)
			}
		}
	}
	if len(members) > 0 {
		c.step(journey.Reacted{Reaction: journey.Reaction{Members: members}})
	}
}

// crash loses all that is in flight and goes on from the encoding.
func (c *chaos) crash() {
	b, err := json.Marshal(c.state)
	require.NoError(c.t, err)
	c.state = new(journey.State)
	require.NoError(c.t, json.Unmarshal(b, c.state))
	c.flying, c.timer = nil, time.Time{}
	c.step(journey.Resume{})
}

func (c *chaos) repeat() {
	if len(c.heard) == 0 {
		return
	}
	in := rapid.SampledFrom(c.heard).Draw(c.t, "heard")
	if _, put := in.(journey.PutOff); put {
		return // says of the present that an effect failed
	}
	c.step(in)
}

// pause stops the cohort, or lets it go on.
func (c *chaos) pause() {
	if c.state.Paused() {
		c.step(journey.Unpause{})
	} else {
		c.step(journey.Pause{})
	}
}

// edit migrates the cohort as a run does: paused, and with nothing in flight.
func (c *chaos) edit() {
	c.step(journey.Pause{})
	for len(c.flying) > 0 {
		c.answer()
	}
	after, moved := journeytest.DrawEdit(c.t, c.journey)
	to, err := journey.Compile(after)
	require.NoError(c.t, err)
	policy := rapid.SampledFrom([]campaign.OnChange{campaign.Migrate, campaign.Migrate, campaign.Restart, campaign.Leave}).Draw(c.t, "policy")
	under := c.state.Underway(nil)
	require.NoError(c.t, c.program.Migrate(c.state, to, journey.Migration{Policy: policy, Moved: moved}, c.now))
	if policy == campaign.Restart {
		require.Equal(c.t, under, c.state.Underway(nil))
	}
	c.program, c.journey, c.heard = to, after, nil
	clear(c.closed) // a step put further on may be asked for again: the ledger answers for what was sent
	c.step(journey.Unpause{})
}

func TestNobodyIsLostWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := journeytest.DrawJourney(t)
		p, err := journey.Compile(drawn)
		require.NoError(t, err)
		people := journeytest.DrawPeople(t, 12)
		s, err := p.Begin(len(people))
		require.NoError(t, err)
		c := &chaos{t: t, journey: drawn, program: p, state: s, world: journeytest.NewWorld(noon, people), now: noon, closed: map[journeytest.Sent]bool{}}
		c.step(journey.Start{At: noon})
		for range rapid.IntRange(0, 60).Draw(t, "turns") {
			switch turn := rapid.IntRange(0, 22).Draw(t, "turn"); {
			case turn < 9:
				c.answer()
			case turn < 14:
				c.leap()
			case turn < 16:
				c.tell()
			case turn < 17:
				c.step(journey.Reacted{Reaction: journey.Reaction{Members: journey.Range(0, 20)}})
			case turn < 18:
				c.repeat()
			case turn < 19:
				c.crash()
			case turn < 21:
				c.pause()
			case turn < 22:
				c.edit()
			default:
				if len(people) > 0 {
					c.step(journey.Cancel{Members: journey.Members{rapid.IntRange(0, len(people)-1).Draw(t, "cancelled")}})
				}
			}
		}
		c.settle()
	})
}

// settle answers everything from then on, and finds everybody ended, or waiting
// for ever for something that never comes.
func (c *chaos) settle() {
	if c.state.Paused() {
		c.step(journey.Unpause{})
	}
	for range 10_000 {
		switch {
		case c.ended:
			require.True(c.t, c.world.Ended())
			for i := range c.state.Size() {
				require.NotEmpty(c.t, c.world.Place(i).Outcome)
				require.Empty(c.t, c.world.WaitsAt(i), "member %d ended and is still listened for", i)
			}
			return
		case len(c.flying) > 0:
			c.answer()
		case !c.timer.IsZero():
			c.now = later(c.now, c.timer)
			c.tell()
			c.step(journey.Tick{})
		default:
			c.now = c.now.Add(4 * day) // past all that people do
			c.tell()
			if len(c.flying) == 0 && c.timer.IsZero() && !c.ended {
				for i := range c.state.Size() {
					v := c.program.View(c.state, i)
					require.True(c.t, v.Ended || v.Waiting && v.Due.IsZero())
				}
				return
			}
		}
	}
	require.Fail(c.t, "it does not come to an end")
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func TestTheDriverComesToTheSameEndWhateverTheLatency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := journey.Compile(journeytest.DrawJourney(t))
		require.NoError(t, err)
		w := journeytest.NewWorld(noon, journeytest.DrawPeople(t, 30))
		s, err := journeytest.Drive(p, w, rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Minute}).Draw(t, "latency"))
		if err != nil {
			require.ErrorIs(t, err, journeytest.ErrWaiting)
			return
		}
		require.True(t, s.Done())
		require.Zero(t, w.Waiting())
		require.Zero(t, w.Outcomes()[""], w.String())
	})
}
