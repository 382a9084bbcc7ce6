package enrolment

import (
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

	now     time.Time
	trigger map[string]any
	sends   map[string]store.Send // by step; the latest visit
	met     map[string]bool       // by wait; missing: not on the way
}

var _ expr.Subject = (*Traveller)(nil)

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

// Step is what is known of a step: of a send by the ledger, of a wait by the run.
func (t *Traveller) Step(name, field string) (any, bool) {
	if field == "met" {
		if met, ok := t.met[name]; ok {
			return met, true
		}
		return nil, false
	}
	if send, ok := t.sends[name]; ok {
		return t.sendField(send, field)
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
		t := &Traveller{Person: audience.PersonOf(s, record, q.Now), Enrolment: e, now: q.Now, sends: map[string]store.Send{}, met: map[string]bool{}}
		if event != nil {
			t.trigger = audience.Payload(event, e.Trigger)
		}
		found[e.Index] = t
	}
	for _, send := range sends {
		if t := found[send.Index]; t != nil && t.sends[send.Step].ID <= send.ID {
			t.sends[send.Step] = send
		}
	}
	addFacts(found, q.Facts)
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
				t.met[f.Step] = true
			}
		}
		for _, i := range f.Unmet {
			if t := found[i]; t != nil {
				t.met[f.Step] = false
			}
		}
	}
}

// recordsOf loads the people of enrolments, each once.
func recordsOf(r store.Reader, enrolments []store.Enrolment, need store.Need) (map[int64]*store.Record, error) {
	ids := make([]int64, 0, len(enrolments))
	for _, e := range enrolments {
		ids = append(ids, e.Person)
	}
	return recordsByID(r, ids, need)
}

// triggerEvent is the event of a journey's trigger; nil without one.
func triggerEvent(p *link.Project, j *link.Journey) *campaign.Event {
	t := j.Def.Trigger.Event
	if t == nil {
		return nil
	}
	e, ok := p.Event(t.Event)
	if !ok {
		return nil
	}
	return e
}
