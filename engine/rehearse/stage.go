package rehearse

import (
	"slices"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
)

// Stage is a project on which journeys are played. It is safe for concurrent use.
type Stage struct {
	project *link.Project
	schema  *audience.Schema

	mu    sync.Mutex
	plays map[string]*play // by journey
}

// New prepares a project.
func New(p *link.Project) *Stage {
	return &Stage{project: p, schema: audience.NewSchema(p), plays: map[string]*play{}}
}

// play is a journey prepared.
type play struct {
	*Stage
	*link.Journey
	program  *journey.Program
	watched  *link.Segment
	moment   func(p *audience.Person, after time.Time) (time.Time, bool) // of watched
	interest map[string][]string                                         // events that a step listens to
	verdicts map[string]*delivery.Verdicts                               // by send
	permits  []permit
}

// permit is a topic on a channel.
type permit struct{ topic, channel string }

// play finds a journey, and prepares it once.
func (s *Stage) play(name string) (*play, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.plays[name]; p != nil {
		return p, nil
	}
	j, err := s.project.Journey(name)
	if err != nil {
		return nil, err
	}
	p := &play{Stage: s, Journey: j, interest: map[string][]string{}, verdicts: map[string]*delivery.Verdicts{}}
	if p.program, err = journey.Compile(j.Def); err != nil {
		return nil, err
	}
	if t := j.Def.Trigger.Segment; t != nil {
		if p.watched, err = s.project.Segment(t.Segment); err != nil {
			return nil, err
		}
		p.moment = enrolment.NextMoment(s.project, p.watched.When)
	}
	j.Def.Steps.Walk(func(step campaign.Step) {
		linked, _ := j.Step(step.StepName())
		switch def := step.(type) {
		case *campaign.Send:
			p.verdicts[def.Name] = delivery.VerdictsOf(s.project, def.Message, linked.With)
		case *campaign.Wait:
			p.interest[def.Name] = enrolment.Interests(s.project, linked.Until, j.GoalWhen, j.ExitWhen)
		}
	})
	for _, topic := range s.project.Names("topic") {
		for _, channel := range link.Channels() {
			p.permits = append(p.permits, permit{topic, channel})
		}
	}
	s.plays[name] = p
	return p, nil
}

// listens tells whether who waits at a step wants to hear of an event.
func (p *play) listens(step, event string) bool {
	_, ok := slices.BinarySearch(p.interest[step], event)
	return ok
}
