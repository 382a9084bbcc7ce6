package enrolment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// PlanDates lets people into a journey with a date trigger whose date returns, at
// the trigger's clock time where they live, in (from, to]. It is idempotent: an
// enrolment's key is the local date. Package schedule declares what happens on 29
// February and where clocks jump.
func (s *Service) PlanDates(ctx context.Context, name string, from, to time.Time) (journey.PlanResult, error) {
	schema := s.Live.Schema()
	j, err := schema.Project().Journey(name)
	if err != nil {
		return journey.PlanResult{}, err
	}
	p, err := newDatePlan(schema, j, from, to)
	if err != nil || !p.possible() {
		return journey.PlanResult{}, err
	}
	need := audience.NeedOf(schema.Project(), link.ReadsOf(j.Date, j.GoalWhen, j.ExitWhen)...)
	if err := audience.NewScanOf(s.Store, schema).Each(ctx, need, to, p.look); err != nil {
		return journey.PlanResult{}, err
	}
	if p.strays > 0 {
		s.Log.WarnContext(ctx, "people without a valid time zone get the default", "journey", name, "people", p.strays)
	}
	return s.enterDated(ctx, p.entries, to)
}

// datePlan looks for people whose date returns within a window.
type datePlan struct {
	schema   *audience.Schema
	journey  *link.Journey
	at       schedule.Clock
	zone     *time.Location // nil: where each person lives
	from, to time.Time
	entries  []*entry
	strays   int // of those found, people without a valid zone
}

func newDatePlan(schema *audience.Schema, j *link.Journey, from, to time.Time) (*datePlan, error) {
	trigger := j.Def.Trigger.Date
	if trigger == nil || j.Date == nil {
		return nil, fmt.Errorf("journey %s has no date trigger", j.Def.Name)
	}
	at, err := schedule.ParseClock(trigger.At)
	if err != nil {
		return nil, err
	}
	p := &datePlan{schema: schema, journey: j, at: at, from: from, to: to}
	if tz := trigger.Timezone; tz != "" && tz != campaign.Recipient {
		zone, ok := schedule.Zone(tz)
		if !ok {
			return nil, fmt.Errorf("%q is not a time zone", tz)
		}
		p.zone = zone
	}
	return p, nil
}

// possible reports whether anybody need be looked at.
func (p *datePlan) possible() bool { return schedule.Possible(p.at, p.from, p.to) }

func (p *datePlan) look(person *audience.Person) error {
	zone, ok := p.zone, true
	if zone == nil {
		zone, ok = person.Zone()
	}
	value, err := p.journey.Date.Eval(person, p.to)
	if err != nil {
		return err
	}
	var date campaign.CivilDate
	switch v := value.Any().(type) {
	case campaign.CivilDate:
		date = v
	case time.Time:
		date = campaign.DateOf(v.In(zone))
	default: // unknown
		return nil
	}
	for _, o := range schedule.Returns(date, p.at, p.from, p.to, zone) {
		e := &entry{
			journey: p.journey, person: person.ID(), key: o.Day.String(),
			enteredAt: o.At, from: o.At, ref: fmt.Sprintf("d%s-%d", o.Day, person.ID()),
		}
		if !e.welcome(person, nil, p.to) {
			continue
		}
		if !ok {
			p.strays++
		}
		p.entries = append(p.entries, e)
	}
	return nil
}

// enterDated lets people in, a cohort's worth in each transaction.
func (s *Service) enterDated(ctx context.Context, entries []*entry, now time.Time) (journey.PlanResult, error) {
	slices.SortStableFunc(entries, func(a, b *entry) int { return a.from.Compare(b.from) })
	var sum journey.PlanResult
	for chunk := range slices.Chunk(entries, journey.MaxCohort) {
		var done journey.PlanResult
		err := s.Store.Update(ctx, func(tx store.Tx) error {
			d := newDoor(tx)
			opened, err := openDated(tx, d, chunk)
			if err != nil {
				return err
			}
			started, err := enrol(tx, opened, d, now)
			done = journey.PlanResult{Started: started, People: len(opened)}
			return err
		})
		if err != nil {
			return sum, err
		}
		sum.Started += done.Started
		sum.People += done.People
	}
	return sum, nil
}

// openDated leaves out who entered on this date already, and whom the re-entry
// rule keeps out.
func openDated(tx store.Tx, d *door, entries []*entry) ([]*entry, error) {
	var opened []*entry
	for _, e := range entries {
		e.dropped = false // the transaction may run again
		_, err := tx.LastEnrolment(e.journey.Def.Name, e.person, e.key, false)
		switch {
		case err == nil:
			continue
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
		opens, err := d.opens(e)
		if err != nil {
			return nil, err
		}
		if opens {
			opened = append(opened, e)
		}
	}
	return opened, nil
}
