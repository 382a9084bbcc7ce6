package journey_test

import (
	"container/heap"
	"fmt"
	"testing"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/stretchr/testify/require"
)

// The reference journey: send, wait a day, wait until click or a day, send.
func reference(t testing.TB) *journey.Program {
	return compile(t, nil, send("s1"), sleep("w1", day), until("w2", day), send("s2"))
}

// simulation is an event heap over many small cohorts, each a state of its own,
// whose people click now and then.
type simulation struct {
	program *journey.Program
	queue   wakes
	ended   int
	inputs  []journey.Input // reused
}

type cohort struct {
	state  *journey.State
	clicks bool
	timer  time.Time
}

type wake struct {
	at     int64
	cohort *cohort
}

type wakes []wake

func (w wakes) Len() int           { return len(w) }
func (w wakes) Less(i, j int) bool { return w[i].at < w[j].at }
func (w wakes) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *wakes) Push(x any)        { *w = append(*w, x.(wake)) }
func (w *wakes) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}

// step takes in what happens to one cohort until it must wait.
func (s *simulation) step(b *testing.B, c *cohort, now time.Time, first journey.Input) {
	inputs := append(s.inputs[:0], first)
	for n := 0; n < len(inputs); n++ {
		out, err := s.program.Step(c.state, now, inputs[n])
		if err != nil {
			b.Fatal(err)
		}
		for _, command := range out {
			switch command := command.(type) {
			case journey.Decide:
				r := journey.DecideResult{}
				if c.clicks {
					r.Cases = []journey.Members{command.Members}
				}
				inputs = append(inputs, journey.Decided{Decide: command, Result: r})
			case journey.Act:
				inputs = append(inputs, journey.Acted{Act: command, Result: journey.SendResult{At: now, Sent: command.Members}})
			case journey.Wake:
				if c.timer = command.At; !c.timer.IsZero() {
					heap.Push(&s.queue, wake{command.At.UnixNano(), c})
				}
			case journey.End:
				s.ended++
				c.timer = time.Time{}
			}
		}
	}
	s.inputs = inputs
}

func BenchmarkSimulate(b *testing.B) {
	p := compile(b, condition(), send("s1"), sleep("w1", day), &campaign.Branch{Name: "b1", Cases: []campaign.BranchCase{
		{Name: "a", When: condition(), Steps: campaign.Steps{send("s2")}}}}, until("w2", day), send("s3"))
	for _, size := range []int{1, 1000} {
		b.Run(fmt.Sprintf("cohort=%d", size), func(b *testing.B) {
			s := simulation{program: p}
			b.ReportAllocs()
			cohorts := max(1, b.N/size)
			for n := range cohorts {
				state, err := p.Begin(size)
				require.NoError(b, err)
				s.step(b, &cohort{state: state, clicks: n%3 == 0}, noon.Add(time.Duration(n)*time.Second), journey.Start{At: noon.Add(time.Duration(n) * time.Second)})
			}
			for len(s.queue) > 0 {
				w := heap.Pop(&s.queue).(wake)
				if at := time.Unix(0, w.at); at.Equal(w.cohort.timer) { // not replaced since
					s.step(b, w.cohort, at, journey.Tick{})
				}
			}
			require.Equal(b, cohorts, s.ended)
			b.ReportMetric(float64(cohorts*size)/b.Elapsed().Seconds(), "journeys/s")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	s, err := reference(b).Begin(journey.MaxCohort)
	require.NoError(b, err)
	s.Scatter(noon)
	for b.Loop() {
		_, err := s.MarshalText()
		require.NoError(b, err)
	}
}
