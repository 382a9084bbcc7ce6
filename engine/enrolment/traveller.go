package enrolment

import (
	"errors"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Traveller is a person within a journey, as the journey's expressions see them
// at one instant: an expr.Subject with a trigger, an entry and steps.
type Traveller struct {
	*audience.Person
	Enrolment store.Enrolment

	journey *link.Journey
	now     time.Time
	trigger map[string]any
	sends   map[string]store.Send     // by the first label of the step; the latest visit
	met     map[string]bool           // by wait; missing: not on the way
	calls   map[string]map[string]any // by step: properties of call_answered, the latest visit
	arms    map[string]string         // by split; missing: by chance
}

// NewTraveller is a member of a journey who need not be in a store. Nothing is
// known of their steps until Sent, Met and Answered say it. The record must hold
// what the journey's expressions look at.
func NewTraveller(s *audience.Schema, j *link.Journey, record *store.Record, e store.Enrolment, now time.Time) *Traveller {
	return newTraveller(audience.PersonOf(s, record, now), j, triggerEvent(s.Project(), j), e, now)
}

func newTraveller(p *audience.Person, j *link.Journey, event *campaign.Event, e store.Enrolment, now time.Time) *Traveller {
	t := &Traveller{Person: p, Enrolment: e, journey: j, now: now}
	if event != nil {
		t.trigger = audience.Payload(event, e.Trigger)
	}
	return t
}

// Sent says what the ledger has of a step's message.
func (t *Traveller) Sent(s store.Send) {
	if t.sends == nil {
		t.sends = map[string]store.Send{}
	}
	step := t.journey.Def.Origin(s.Step)
	if t.sends[step].ID <= s.ID {
		t.sends[step] = s
	}
}

// Met says how a wait ended.
func (t *Traveller) Met(step string, met bool) {
	if t.met == nil {
		t.met = map[string]bool{}
	}
	t.met[step] = met
}

// Answered says what came of a call: the properties of its call_answered.
func (t *Traveller) Answered(step string, properties map[string]any) {
	if t.calls == nil {
		t.calls = map[string]map[string]any{}
	}
	t.calls[step] = properties
}

var _ expr.Subject = (*Traveller)(nil)

// Chose says which arm of a split it is, whatever chance says.
func (t *Traveller) Chose(step, arm string) {
	if t.arms == nil {
		t.arms = map[string]string{}
	}
	t.arms[step] = arm
}

// arm is the arm of a split that the traveller goes down; -1 for none.
func (t *Traveller) arm(s *campaign.Split) int {
	if name, ok := t.arms[s.Name]; ok {
		return slices.IndexFunc(s.Arms, func(a campaign.Arm) bool { return a.Name == name })
	}
	return ArmOf(saltOf(t.journey.Def, s), s.Arms, t.ID())
}

// value computes an expression; nil for one that is missing or unknown.
func (t *Traveller) value(c *expr.Checked) any {
	if c == nil {
		return nil
	}
	v, err := c.Eval(t, t.now)
	if err != nil || !v.Known() {
		return nil
	}
	return v.Any()
}

// Test asks a condition; Unknown for a nil one.
func (t *Traveller) Test(c *expr.Checked) expr.Truth {
	if c == nil {
		return expr.Unknown
	}
	return c.Test(t, t.now)
}

// Inputs computes the inputs of a message; what is unknown is left out.
func (t *Traveller) Inputs(with []link.Binding) map[string]any { return Inputs(t, with, t.now) }

// Inputs computes the inputs of a message for anybody: a Traveller, or the
// recipient of a broadcast.
func Inputs(s expr.Subject, with []link.Binding, now time.Time) map[string]any {
	out := make(map[string]any, len(with))
	for _, b := range with {
		if b.Value == nil {
			continue
		}
		if v, err := b.Value.Eval(s, now); err == nil && v.Known() {
			out[b.Input] = v.Any()
		}
	}
	return out
}

// Trigger is the event that let the person in.
func (t *Traveller) Trigger() map[string]any { return t.trigger }

// EnteredAt is the trigger's own instant.
func (t *Traveller) EnteredAt() time.Time { return t.Enrolment.EnteredAt }

// Step is what is known of a step: of a send by the ledger, of a wait by the run,
// of a call by its event. The arm of a split is known before anybody gets there.
func (t *Traveller) Step(name, field string) (any, bool) {
	if field == "met" {
		if met, ok := t.met[name]; ok {
			return met, true
		}
		return nil, false
	}
	if send, ok := t.sends[t.journey.Def.Origin(name)]; ok {
		return t.sendField(send, field)
	}
	step, ok := t.journey.Step(name)
	if !ok {
		return nil, false
	}
	switch def := step.Def.(type) {
	case *campaign.Call:
		return callField(def, t.calls[name], field)
	case *campaign.Split:
		if arm := t.arm(def); field == "arm" && arm >= 0 {
			return def.Arms[arm].Name, true
		}
	}
	return nil, false
}

// callField is what is known of a call: that it was answered, and how.
func callField(def *campaign.Call, answer map[string]any, field string) (any, bool) {
	if answer == nil {
		return nil, false
	}
	status, _ := answer["status"].(float64)
	switch field {
	case "status":
		return status, true
	case "ok":
		return status >= 200 && status <= 299, true
	case "response":
		response, err := campaign.Coerce(campaign.ObjectOf(def.Response...), answer["response"])
		return response, err == nil && response != nil
	}
	return nil, false
}

func (t *Traveller) sendField(s store.Send, field string) (any, bool) {
	e := s.Engagement
	switch field {
	case "at":
		if s.SentAt.IsZero() {
			return nil, false
		}
		return s.SentAt.UTC(), true
	case "withheld":
		return s.State == store.Withheld, true
	case "delivered":
		return t.happened(e.DeliveredAt), true
	case "opened":
		return t.happened(e.OpenedAt), true
	case "machine_opened":
		return t.happened(e.MachineOpenedAt), true
	case "clicked":
		return t.happened(e.ClickedAt), true
	case "bounced":
		return t.happened(e.BouncedAt), true
	}
	return nil, false
}

// happened leaves out what comes after the instant of the question.
func (t *Traveller) happened(at time.Time) bool { return !at.IsZero() && !at.After(t.now) }

// Party is some members of one cohort, loaded together.
type Party struct {
	Travellers []*Traveller    // ascending by index
	Gone       journey.Members // the store knows them no more
}

// Request says whom to load, and for what.
type Request struct {
	Cohort  string
	Members journey.Members
	Visit   int // of the members; 0 is the first
	Facts   []journey.Fact
	Now     time.Time  // the instant of the questions
	Need    store.Need // what they will look at: audience.NeedOf
}

// Load reads members of a cohort with all that the expressions of their journey
// may ask. A condition over them is asked with Traveller.Test.
func Load(r store.Reader, s *audience.Schema, j *link.Journey, q Request) (Party, error) {
	if len(q.Members) == 0 {
		return Party{}, nil
	}
	enrolments, err := r.Enrolments(q.Cohort, q.Members)
	if err != nil {
		return Party{}, err
	}
	records, err := recordsOf(r, enrolments, q.Need)
	if err != nil {
		return Party{}, err
	}
	sends, err := r.SendsOfCohort(q.Cohort, "", q.Members)
	if err != nil {
		return Party{}, err
	}
	event := triggerEvent(s.Project(), j)
	var party Party
	found := make(map[int]*Traveller, len(enrolments))
	for _, e := range enrolments {
		record, ok := records[e.Person]
		if !ok {
			continue
		}
		found[e.Index] = newTraveller(audience.PersonOf(s, record, q.Now), j, event, e, q.Now)
	}
	for _, send := range sends {
		if t := found[send.Index]; t != nil {
			t.Sent(send)
		}
	}
	addFacts(found, q.Facts)
	if err := addAnswers(r, j, q, found); err != nil {
		return Party{}, err
	}
	for _, i := range q.Members {
		if t := found[i]; t != nil {
			party.Travellers = append(party.Travellers, t)
		} else {
			party.Gone = party.Gone.With(i)
		}
	}
	return party, nil
}

func addFacts(found map[int]*Traveller, facts []journey.Fact) {
	for _, f := range facts {
		for _, i := range f.Met {
			if t := found[i]; t != nil {
				t.Met(f.Step, true)
			}
		}
		for _, i := range f.Unmet {
			if t := found[i]; t != nil {
				t.Met(f.Step, false)
			}
		}
	}
}

// addAnswers finds what the journey's calls were told, by the keys of their effects.
func addAnswers(r store.Reader, j *link.Journey, q Request, found map[int]*Traveller) error {
	var calls []string
	j.Def.Steps.Walk(func(s campaign.Step) {
		if c, ok := s.(*campaign.Call); ok {
			calls = append(calls, c.Name)
		}
	})
	for _, step := range calls {
		for _, t := range found {
			if err := t.findAnswer(r, q, step); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Traveller) findAnswer(r store.Reader, q Request, step string) error {
	e, err := r.EventByMessageID(journey.EffectKey(q.Cohort, t.Enrolment.Index, t.journey.Def.Origin(step), max(1, q.Visit)))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case !e.At.After(t.now):
		t.Answered(step, e.Properties)
	}
	return nil
}

// recordsOf loads the people of enrolments, each once.
func recordsOf(r store.Reader, enrolments []store.Enrolment, need store.Need) (map[int64]*store.Record, error) {
	ids := make([]int64, 0, len(enrolments))
	for _, e := range enrolments {
		ids = append(ids, e.Person)
	}
	return recordsByID(r, ids, need)
}

// triggerEvent is the event of a journey's trigger, or what a call brings; nil
// without one.
func triggerEvent(p *link.Project, j *link.Journey) *campaign.Event {
	switch t := j.Def.Trigger; {
	case t.API != nil:
		return &campaign.Event{Properties: t.API.Inputs}
	case t.Event == nil:
		return nil
	default:
		e, ok := p.Event(t.Event.Event)
		if !ok {
			return nil
		}
		return e
	}
}
