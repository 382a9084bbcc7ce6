package enrolment

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// waiting gathers whose waits a batch of events touches.
type waiting struct {
	looked  map[personEvent]bool
	members map[string]map[int][]string // cohort → index → events that happened
}

type personEvent struct {
	person int64
	event  string
}

func newWaiting() *waiting {
	return &waiting{looked: map[personEvent]bool{}, members: map[string]map[int][]string{}}
}

func (w *waiting) add(r store.Reader, e store.Event) error {
	k := personEvent{e.Person, e.Name}
	if w.looked[k] {
		return nil
	}
	w.looked[k] = true
	waits, err := r.WaitsFor(e.Person, e.Name)
	for _, wait := range waits {
		if w.members[wait.Cohort] == nil {
			w.members[wait.Cohort] = map[int][]string{}
		}
		w.members[wait.Cohort][wait.Index] = append(w.members[wait.Cohort][wait.Index], e.Name)
	}
	return err
}

// reaction is word for one run.
type reaction struct {
	cohort string
	journey.Reaction
}

func (r reaction) write(tx store.Tx, now time.Time) error {
	return enqueue(tx, journey.KindSignal, r.cohort, now, r.Reaction)
}

// react asks the conditions that people wait for, and tells their runs where an
// answer is yes, or may be. An event that changes nothing for anybody costs no
// signal.
func (t *turn) react(w *waiting, find finder) error {
	for _, id := range slices.Sorted(maps.Keys(w.members)) {
		if err := t.reactIn(id, w.members[id], find); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) reactIn(cohort string, happened map[int][]string, find finder) error {
	c, err := t.r.Cohort(cohort)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && !c.EndedAt.IsZero():
		return nil
	case err != nil:
		return err
	}
	members := journey.MembersOf(slices.Collect(maps.Keys(happened))...)
	j, err := find(c.Definition)
	if err != nil { // the run can tell, once its definition is found
		t.reactions = append(t.reactions, reaction{cohort, journey.Reaction{Members: members}})
		return nil //nolint:nilerr // see above
	}
	ask := newHopes(t.rt.schema.Project(), j)
	party, err := Load(t.r, t.rt.schema, j, Request{
		Cohort: cohort, Members: members, Now: t.latest, Need: audience.NeedOf(t.rt.schema.Project(), ask.reads...),
	})
	if err != nil {
		return err
	}
	var out reactions
	for _, traveller := range party.Travellers {
		if traveller.Enrolment.EndedAt.IsZero() {
			ask.judge(traveller, happened[traveller.Enrolment.Index], &out)
		}
	}
	for _, r := range out.list() {
		t.reactions = append(t.reactions, reaction{cohort, r})
	}
	return nil
}

// hopes are the conditions of a journey that an event can make true.
type hopes struct {
	journey *link.Journey
	goal    hope
	exit    hope
	untils  map[string]hope // by wait
	reads   []campaign.Reads
}

// hope is a condition with the events that can change it.
type hope struct {
	condition *expr.Checked
	events    []string
}

func newHopes(p *link.Project, j *link.Journey) hopes {
	h := hopes{journey: j, untils: map[string]hope{}, reads: link.ReadsOf(j.GoalWhen, j.ExitWhen)}
	h.goal = hope{j.GoalWhen, Interests(p, j.GoalWhen)}
	h.exit = hope{j.ExitWhen, Interests(p, j.ExitWhen)}
	j.Def.Steps.Walk(func(s campaign.Step) {
		if step, ok := j.Step(s.StepName()); ok && step.Until != nil {
			h.untils[s.StepName()] = hope{step.Until, Interests(p, step.Until)}
			h.reads = append(h.reads, step.Until.Reads())
		}
	})
	return h
}

// touched reports whether one of the events can have changed the condition.
func (h hope) touched(events []string) bool {
	return slices.ContainsFunc(events, func(e string) bool {
		_, ok := slices.BinarySearch(h.events, e)
		return ok
	})
}

// judge decides what can be decided here. Where the person is, is known by the
// projection, which may be behind: only a yes at the step that it names counts as
// decided, and any other hope makes the run ask. So does what depends on earlier
// waits, which only the run knows.
func (h hopes) judge(t *Traveller, events []string, out *reactions) {
	at, i := t.Enrolment.Step, t.Enrolment.Index
	goal, exit := h.ask(t, h.goal, events), h.ask(t, h.exit, events)
	switch {
	case goal == yes:
		out.at(at).Reached = out.at(at).Reached.With(i)
	case goal == maybe: // it goes before all that follows
		out.ask = out.ask.With(i)
	case exit == yes:
		out.at(at).Exited = out.at(at).Exited.With(i)
	case h.ask(t, h.untils[at], events) == yes:
		out.at(at).Met = out.at(at).Met.With(i)
	case exit == maybe || h.any(t, events):
		out.ask = out.ask.With(i)
	}
}

// any reports whether some wait of the journey is over, or may be.
func (h hopes) any(t *Traveller, events []string) bool {
	for _, until := range h.untils {
		if h.ask(t, until, events) != no {
			return true
		}
	}
	return false
}

// verdict is what can be said of a hope without the run.
type verdict uint8

const (
	no verdict = iota
	maybe
	yes
)

func (h hopes) ask(t *Traveller, what hope, events []string) verdict {
	if !what.touched(events) {
		return no
	}
	switch truth := t.Test(what.condition); {
	case h.calls(what.condition):
		return maybe
	case truth.Holds():
		return yes
	case h.open(what.condition, truth):
		return maybe
	}
	return no
}

// open reports whether an unknown answer may be known to the run.
func (h hopes) open(c *expr.Checked, answer expr.Truth) bool {
	if c == nil || answer != expr.Unknown {
		return false
	}
	return slices.ContainsFunc(c.Reads().Steps, func(step string) bool {
		s, ok := h.journey.Step(step)
		if !ok {
			return false
		}
		_, isWait := s.Def.(*campaign.Wait)
		return isWait
	})
}

// calls reports whether a condition looks at what a call was told: of which visit,
// the run knows.
func (h hopes) calls(c *expr.Checked) bool {
	return slices.ContainsFunc(c.Reads().Steps, func(step string) bool {
		s, ok := h.journey.Step(step)
		if !ok {
			return false
		}
		_, isCall := s.Def.(*campaign.Call)
		return isCall
	})
}

// reactions gathers what one run is told.
type reactions struct {
	ask     journey.Members
	bySteps []*journey.Reaction
}

func (r *reactions) at(step string) *journey.Reaction {
	for _, s := range r.bySteps {
		if s.Step == step {
			return s
		}
	}
	s := &journey.Reaction{Step: step}
	r.bySteps = append(r.bySteps, s)
	return s
}

// list is what there is to say.
func (r *reactions) list() []journey.Reaction {
	var out []journey.Reaction
	for _, s := range r.bySteps {
		if len(s.Met)+len(s.Exited)+len(s.Reached) > 0 {
			out = append(out, *s)
		}
	}
	switch {
	case len(r.ask) == 0:
	case len(out) == 0:
		out = append(out, journey.Reaction{Members: r.ask})
	default:
		out[0].Members = r.ask
	}
	return out
}
