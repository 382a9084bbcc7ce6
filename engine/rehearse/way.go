package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// way is one enrolment of the person: a cohort of one.
type way struct {
	*rehearsal
	state     *journey.State
	enrolment store.Enrolment
	waits     string // the step whose events it listens to; "" for none
	sends     []store.Send
	answers   map[string]map[string]any // of calls, by step
	wakes     time.Time
	stepping  bool
	queue     []journey.Input
}

func newWay(r *rehearsal, a arrival) (*way, error) {
	state, err := r.program.Begin(1)
	if err != nil {
		return nil, err
	}
	return &way{rehearsal: r, state: state, answers: map[string]map[string]any{}, enrolment: store.Enrolment{
		Cohort: journey.CohortID(r.Def.Name, fmt.Sprint(len(r.ways)+1)), Journey: r.Def.Name, Person: r.record.ID,
		Key: a.key, Trigger: a.trigger, EnteredAt: a.at,
	}}, nil
}

// hear lets an event end a wait.
func (w *way) hear(event string) error {
	if w.waits == "" || !w.listens(w.waits, event) {
		return nil
	}
	return w.step(journey.Reacted{Reaction: journey.Reaction{Members: journey.Members{0}}})
}

// step steps the interpreter, and carries out what it asks for, until it waits.
func (w *way) step(in journey.Input) error {
	w.queue = append(w.queue, in)
	if w.stepping {
		return nil // whoever is at it takes this in too
	}
	w.stepping = true
	defer func() { w.stepping = false }()
	for len(w.queue) > 0 {
		in, w.queue = w.queue[0], w.queue[1:]
		commands, err := w.program.Step(w.state, w.now, in)
		if err != nil {
			return err
		}
		for _, c := range commands {
			if err := w.command(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *way) command(c journey.Command) error {
	switch c := c.(type) {
	case journey.Decide:
		w.pass(c.Step)
		if c.Register {
			w.waits = c.Step
		}
		result, err := w.decide(c)
		w.queue = append(w.queue, journey.Decided{Decide: c, Result: result})
		return err
	case journey.Act:
		w.pass(c.Step)
		result, err := w.act(c)
		w.queue = append(w.queue, journey.Acted{Act: c, Result: result})
		return err
	case journey.Wake:
		w.wake(c.At)
	case journey.Progress:
		w.progress(c)
	}
	return nil
}

// wake notes the one timer of the run.
func (w *way) wake(at time.Time) {
	w.wakes = at
	if at.IsZero() {
		return
	}
	w.agenda.note(at, func() error {
		if !w.wakes.Equal(at) {
			return nil
		}
		return w.step(journey.Tick{})
	})
}

// progress follows where the person is.
func (w *way) progress(p journey.Progress) {
	if len(p.Unregister) > 0 {
		w.waits = ""
	}
	for _, place := range p.Places {
		if place.Step != "" && (place.EndedAt.IsZero() || strings.HasPrefix(place.Outcome, "exit ")) {
			w.pass(place.Step)
		}
		w.enrolment.Step, w.enrolment.WakeAt = place.Step, place.WakeAt
		switch {
		case !place.EndedAt.IsZero():
			w.enrolment.EndedAt, w.enrolment.Outcome = place.EndedAt, place.Outcome
			w.say("ends: %s", place.Outcome)
		case place.Step != "":
			w.say("at step %s%s", place.Step, w.until(place.WakeAt))
		}
	}
}

func (w *way) until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " until " + Clock(w.since(at))
}

// pass notes that the person has come to a step.
func (w *way) pass(step string) {
	if n := len(w.run.Path); n > 0 && w.run.Path[n-1] == step {
		return
	}
	w.run.Path = append(w.run.Path, step)
	w.run.Passed = append(w.run.Passed, Passage{Step: step})
}

// traveller is the person on this way as of an instant, with what the interpreter
// knows.
func (w *way) traveller(at time.Time, facts []journey.Fact) *enrolment.Traveller {
	t := enrolment.NewTraveller(w.schema, w.Journey, &w.record, w.enrolment, at)
	for _, s := range w.sends {
		t.Sent(s)
	}
	for step, answer := range w.answers {
		t.Answered(step, answer)
	}
	for step, arm := range w.test.Given.Arms {
		t.Chose(step, arm)
	}
	for _, f := range facts {
		if met := f.Met.Has(0); met || f.Unmet.Has(0) {
			t.Met(f.Step, met)
		}
	}
	return t
}

func (w *way) decide(c journey.Decide) (journey.DecideResult, error) {
	party := enrolment.Party{Travellers: []*enrolment.Traveller{w.traveller(c.At, c.Facts)}}
	result, err := enrolment.Answer(w.schema, w.Journey, c.Request(w.enrolment.Cohort, w.Digest), party)
	if err != nil || result.Reached.Has(0) || result.Exited.Has(0) {
		return result, err
	}
	way := slices.IndexFunc(result.Cases, func(m journey.Members) bool { return m.Has(0) })
	step, _ := w.Step(c.Step)
	switch def := step.Def.(type) {
	case *campaign.Branch:
		if way < 0 && len(def.Cases) > 0 && def.Cases[len(def.Cases)-1].When == nil {
			way = len(def.Cases) - 1
		}
		if way >= 0 {
			w.chose(c.Step, def.Cases[way].Name)
		} else {
			w.chose(c.Step, Otherwise)
		}
	case *campaign.Split:
		if way >= 0 {
			w.chose(c.Step, def.Arms[way].Name)
		}
	}
	return result, nil
}

func (w *way) chose(step, name string) {
	w.run.Passed = append(w.run.Passed, Passage{step, name})
	w.say("%s: %s", step, name)
}
