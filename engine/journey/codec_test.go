package journey_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAStateIsSmall(t *testing.T) {
	p := compile(t, nil, send("s1"), until("w1", day))
	s, err := p.Begin(journey.MaxCohort)
	require.NoError(t, err)
	together, err := s.AppendBinary(nil)
	require.NoError(t, err)
	require.Less(t, len(together), 40, "people who move together cost nothing")

	s.Scatter(noon)
	scattered, err := s.AppendBinary(nil)
	require.NoError(t, err)
	t.Logf("%d members: %d bytes together, %.1f bytes a member scattered", s.Size(), len(together), float64(len(scattered))/float64(s.Size()))
	require.Less(t, len(scattered), 24*s.Size())
}

func TestAStateOfANewerInterpreterIsRefused(t *testing.T) {
	var s journey.State
	require.ErrorContains(t, s.UnmarshalBinary([]byte{journey.Version + 1, 0}), "upgrade the worker")
	require.Error(t, s.UnmarshalText([]byte("!")))
	require.Error(t, s.UnmarshalBinary(nil))
}

func FuzzStateUnmarshal(f *testing.F) {
	p := compile(f, condition(), send("s1"), until("w1", time.Hour), sleep("w2", day))
	s, err := p.Begin(20)
	require.NoError(f, err)
	for _, in := range []journey.Input{journey.Start{At: noon}, journey.Resume{}, journey.Cancel{Members: journey.Members{3}}} {
		_, err := p.Step(s, noon, in)
		require.NoError(f, err)
		b, err := s.AppendBinary(nil)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s journey.State
		if s.UnmarshalBinary(b) != nil {
			return
		}
		again, err := s.AppendBinary(nil)
		require.NoError(t, err)
		var twin journey.State
		require.NoError(t, twin.UnmarshalBinary(again))
		for _, in := range []journey.Input{journey.Resume{}, journey.Tick{}, journey.Reacted{Reaction: journey.Reaction{Members: journey.Range(0, 5)}}} {
			if _, err := p.Step(&s, noon, in); err != nil {
				return
			}
		}
		_, err = p.Table(&s)
		require.NoError(t, err)
	})
}

// FuzzStep throws inputs at a cohort that nobody asked for, with any numbers.
func FuzzStep(f *testing.F) {
	f.Add([]byte(`[{"k":0},{"k":3,"step":"s1","n":1,"m":"0-2"},{"k":5,"m":"0-9"}]`))
	f.Add([]byte(`[{"k":0},{"k":2,"step":"w1","n":-1,"m":"99","at":-5},{"k":6},{"k":7}]`))
	p := compile(f, condition("w1"), send("s1"), until("w1", time.Hour), sleep("w2", day), send("s2"))
	f.Fuzz(func(t *testing.T, script []byte) {
		var turns []struct {
			K    int             `json:"k"`
			Step string          `json:"step"`
			N    int64           `json:"n"`
			At   int64           `json:"at"`
			M    journey.Members `json:"m"`
			R    journey.Members `json:"r"`
		}
		if json.Unmarshal(script, &turns) != nil {
			return
		}
		s, err := p.Begin(10)
		require.NoError(t, err)
		for _, turn := range turns {
			at := time.Unix(turn.At, 0)
			later := []journey.Later{{At: at, Members: turn.R}}
			inputs := []journey.Input{
				journey.Start{At: at}, journey.Tick{},
				journey.Decided{Decide: journey.Decide{Number: turn.N, Step: turn.Step, At: at, Members: turn.M}, Result: journey.DecideResult{Cases: []journey.Members{turn.R}, Again: later}},
				journey.Acted{Act: journey.Act{Number: turn.N, Step: turn.Step, At: at, Members: turn.M}, Result: journey.SendResult{At: at, Sent: turn.R, Retry: later}},
				journey.PutOff{Members: turn.M, At: at},
				journey.Reacted{Reaction: journey.Reaction{Members: turn.M, Step: turn.Step, Met: turn.R}},
				journey.Cancel{Members: turn.M, Outcome: journey.Outcome(turn.N)}, journey.Resume{},
			}
			out, err := p.Step(s, at, inputs[uint(turn.K)%uint(len(inputs))])
			require.NoError(t, err)
			_, err = json.Marshal(out)
			require.NoError(t, err)
		}
	})
}

func FuzzMembers(f *testing.F) {
	f.Add("0-99,105")
	f.Add("7,3")
	f.Add("0-4294967295")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := journey.ParseMembers(s)
		if err != nil {
			return
		}
		again, err := journey.ParseMembers(m.String())
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}

func TestMembersAreSetsWrittenAsRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		indices := rapid.SliceOf(rapid.IntRange(-3, 60)).Draw(t, "indices")
		m := journey.MembersOf(indices...)
		var one journey.Members
		for _, i := range indices {
			if i >= 0 {
				one = one.With(i)
			}
			require.Equal(t, i >= 0, m.Has(i))
		}
		require.Equal(t, m.String(), one.String())
		b, err := json.Marshal(m)
		require.NoError(t, err)
		var back journey.Members
		require.NoError(t, json.Unmarshal(b, &back))
		require.Equal(t, m.String(), back.String())
		n := 0
		for _, c := range m.Chunks(7) {
			require.LessOrEqual(t, len(c), 7)
			n += len(c)
		}
		require.Len(t, m, n)
	})
	for _, bad := range []string{"-1", "3-1", "5,4", "1,1", "a", "1,", "0-999999", "1-2-3", "+1"} {
		_, err := journey.ParseMembers(bad)
		require.Error(t, err, bad)
	}
}
