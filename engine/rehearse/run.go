package rehearse

import (
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// SampleEmail is where a person is reached of whom a test gives no address.
const SampleEmail = "somebody@example.com"

// How long is looked where a test does not say: a trigger that time sets off is
// waited for within a year, and nobody's journey takes longer than five.
const (
	triggersFor = 366 * 24 * time.Hour
	journeysFor = 5 * 366 * 24 * time.Hour
	maxMoments  = 200_000
)

// Line is one line of a time-line.
type Line struct {
	At   time.Duration // since the test's start
	What string
}

// Sent is a message that went out.
type Sent struct {
	Message, Step string
	At            time.Duration // since the test's start
}

// Run is what came of a play.
type Run struct {
	Test     *campaign.Test
	Lines    []Line
	Sent     []Sent
	Entered  bool
	Outcome  string   // of the last enrolment: see word; "" for somebody who never entered
	Ways     []string // each enrolment: when it began, its key, and how it ended
	Path     []string // steps gone by, in order
	Passed   []Passage
	Person   *audience.Person // at the end
	EndedAt  time.Duration    // when the last thing happened
	Enrolled int
}

// Passage is a step gone by, or one of its ways.
type Passage struct {
	Step string `json:"step"`
	Way  string `json:"way,omitempty"` // a case or an arm
}

// Play plays a test. An error is of the test or the project, not of what came of it.
func (s *Stage) Play(t *campaign.Test) (*Run, error) {
	p, err := s.play(t.Journey)
	if err != nil {
		return nil, fmt.Errorf("test %q: %w", t.Name, err)
	}
	r := &rehearsal{play: p, test: t, run: &Run{Test: t}, now: t.Start, pending: map[string]int{}}
	err = r.begin()
	for moments := 0; err == nil; moments++ {
		next, ok := r.agenda.next()
		if !ok || next.at.After(r.last()) {
			break
		}
		if moments == maxMoments {
			err = errors.New("it does not come to an end: give it an until")
			break
		}
		if next.at.After(r.now) {
			r.now = next.at
		}
		err = next.do()
	}
	if err != nil {
		return nil, fmt.Errorf("test %q of journey.%s: %w", t.Name, t.Journey, err)
	}
	return r.end(), nil
}

// rehearsal is a play under way.
type rehearsal struct {
	*play
	test    *campaign.Test
	run     *Run
	agenda  agenda
	now     time.Time
	record  store.Record
	seq     int64
	inside  bool           // of the watched segment
	pending map[string]int // triggers that settle, by key: which is the last
	ways    []*way
}

// last is the instant up to which is looked.
func (r *rehearsal) last() time.Time {
	if r.test.Until > 0 {
		return r.test.Start.Add(r.test.Until)
	}
	return r.test.Start.Add(journeysFor)
}

// triggersUntil is the instant up to which time lets people in.
func (r *rehearsal) triggersUntil() time.Time {
	if r.test.Until > 0 {
		return r.last()
	}
	return r.test.Start.Add(triggersFor)
}

func (r *rehearsal) since(at time.Time) time.Duration { return at.Sub(r.test.Start) }

func (r *rehearsal) say(format string, args ...any) {
	r.run.Lines = append(r.run.Lines, Line{r.since(r.now), fmt.Sprintf(format, args...)})
}

// person is as of an instant.
func (r *rehearsal) person(at time.Time) *audience.Person {
	return audience.PersonOf(r.schema, &r.record, at)
}

// end sums up.
func (r *rehearsal) end() *Run {
	run := r.run
	run.Enrolled, run.Entered = len(r.ways), len(r.ways) > 0
	for _, w := range r.ways {
		run.Ways = append(run.Ways, fmt.Sprint(r.since(w.enrolment.EnteredAt), " ", w.enrolment.Key, " ", w.enrolment.Outcome))
	}
	if n := len(r.ways); n > 0 {
		run.Outcome = word(r.ways[n-1].enrolment.Outcome)
	}
	run.EndedAt, run.Person = r.since(r.now), r.person(r.now)
	return run
}

// word is an outcome as tests have it: "completed", "goal", "exited" (by exit_when),
// "exit LABEL", "restarted", and "inside" for who is under way.
func word(outcome string) string {
	switch outcome {
	case "":
		return "inside"
	case journey.Finished.String():
		return "completed"
	case journey.ExitWhen.String():
		return "exited"
	}
	return outcome
}
