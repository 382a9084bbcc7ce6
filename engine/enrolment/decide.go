package enrolment

import (
	"context"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Decide asks the conditions of one step, and the journey's goal_when and
// exit_when before them. With Register, the members' waits are committed before
// anything is asked: what happens later is signalled, what happened before is seen.
func (s *Service) Decide(ctx context.Context, q journey.DecideRequest) (journey.DecideResult, error) {
	result, err := s.decide(ctx, q)
	if err != nil {
		return journey.DecideResult{}, fmt.Errorf("deciding %s of %s: %w", q.Step, q.Cohort, err)
	}
	return result, nil
}

func (s *Service) decide(ctx context.Context, q journey.DecideRequest) (journey.DecideResult, error) {
	j, err := s.Live.Journey(ctx, q.Definition)
	if err != nil {
		return journey.DecideResult{}, err
	}
	ask, err := questionOf(j, q.Step)
	if err != nil {
		return journey.DecideResult{}, err
	}
	schema := s.Live.Schema()
	if q.Register {
		if err := s.register(ctx, q, Interests(schema.Project(), ask.until, j.GoalWhen, j.ExitWhen)); err != nil {
			return journey.DecideResult{}, err
		}
	}
	var party Party
	err = s.Store.View(ctx, func(r store.Reader) (err error) {
		party, err = Load(r, schema, j, Request{
			Cohort: q.Cohort, Members: q.Members, Visit: q.Visit, Facts: q.Facts, Now: q.At,
			Need: audience.NeedOf(schema.Project(), ask.reads(j)...),
		})
		return err
	})
	if err != nil {
		return journey.DecideResult{}, err
	}
	return ask.decide(schema, j, q, party), nil
}

// Answer is Decide without a store: of members who have been loaded already, and
// whose waits are somebody else's to keep.
func Answer(schema *audience.Schema, j *link.Journey, q journey.DecideRequest, party Party) (journey.DecideResult, error) {
	ask, err := questionOf(j, q.Step)
	if err != nil {
		return journey.DecideResult{}, fmt.Errorf("deciding %s: %w", q.Step, err)
	}
	return ask.decide(schema, j, q, party), nil
}

func (q question) decide(schema *audience.Schema, j *link.Journey, r journey.DecideRequest, party Party) journey.DecideResult {
	n := len(q.cases)
	if q.split != nil {
		n = len(q.split.Arms)
	}
	result := journey.DecideResult{Gone: party.Gone, Cases: make([]journey.Members, n)}
	for _, t := range party.Travellers {
		q.answer(t, j, r.At, &result)
	}
	q.again(schema, r, party, &result)
	return result
}

// question is what is asked at one step.
type question struct {
	cases    []*expr.Checked // of a branch, or the one `until` of a wait
	until    *expr.Checked   // of a wait
	timeout  time.Duration   // of a wait
	personal *until          // of a wait; nil: it is the same for all
	split    *campaign.Split
}

func questionOf(j *link.Journey, step string) (question, error) {
	s, ok := j.Step(step)
	if !ok {
		return question{}, nil
	}
	switch def := s.Def.(type) {
	case *campaign.Wait:
		personal, err := untilOf(s, def)
		q := question{personal: personal}
		if def.Until != nil {
			q.cases, q.until, q.timeout = []*expr.Checked{s.Until}, s.Until, def.Timeout
		}
		return q, err
	case *campaign.Branch:
		cases := s.Cases
		if n := len(def.Cases); n > 0 && def.Cases[n-1].When == nil {
			cases = cases[:n-1] // the else is for who is in no set
		}
		return question{cases: cases}, nil
	case *campaign.Split:
		return question{split: def}, nil
	}
	return question{}, nil
}

// reads is all that answering looks at.
func (q question) reads(j *link.Journey) []campaign.Reads {
	reads := append(link.ReadsOf(q.cases...), link.ReadsOf(j.GoalWhen, j.ExitWhen)...)
	if q.personal != nil {
		reads = append(reads, link.ReadsOf(q.personal.step.Delay, q.personal.step.At)...)
	}
	return reads
}

// answer puts a member where they belong: the goal wins, then exit, then the first
// case that holds.
func (q question) answer(t *Traveller, j *link.Journey, from time.Time, result *journey.DecideResult) {
	i := t.Enrolment.Index
	switch {
	case t.Test(j.GoalWhen).Holds():
		result.Reached = result.Reached.With(i)
		return
	case t.Test(j.ExitWhen).Holds():
		result.Exited = result.Exited.With(i)
		return
	}
	if q.personal != nil {
		if at, ok := q.personal.of(t, from); ok {
			result.WaitUntil(i, at)
		}
	}
	if q.split != nil {
		if arm := t.arm(q.split); arm >= 0 {
			result.Cases[arm] = result.Cases[arm].With(i)
		}
	}
	for n, c := range q.cases {
		if t.Test(c).Holds() {
			result.Cases[n] = result.Cases[n].With(i)
			return
		}
	}
}

// register replaces the waits of the members by one for each event.
func (s *Service) register(ctx context.Context, q journey.DecideRequest, events []string) error {
	return s.Store.Update(ctx, func(tx store.Tx) error {
		if err := tx.RemoveWaits(q.Cohort, q.Members); err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		members, err := tx.Enrolments(q.Cohort, q.Members)
		if err != nil {
			return err
		}
		waits := make([]store.Wait, 0, len(members)*len(events))
		for _, m := range members {
			for _, event := range events {
				waits = append(waits, store.Wait{Cohort: q.Cohort, Index: m.Index, Person: m.Person, Event: event})
			}
		}
		return tx.AddWaits(waits)
	})
}

// A condition that reckons with now is asked again after a part of its timeout,
// within these bounds. An exit needs no such question: it is asked again in the
// moment of sending.
const (
	againPart = 24
	againMin  = 15 * time.Minute
	againMax  = 24 * time.Hour
)

// again says when time alone can end a wait. Where only windows end, that is the
// minute in which the answer becomes yes, and no question in vain.
func (q question) again(schema *audience.Schema, r journey.DecideRequest, party Party, result *journey.DecideResult) {
	p := schema.Project()
	if q.until == nil || !p.Closure(q.until.Reads()).Time {
		return
	}
	m := newMoments(p, q.until)
	after := againMax
	if q.timeout > 0 {
		after = min(max(q.timeout/againPart, againMin), againMax)
	}
	for _, t := range party.Travellers {
		i := t.Enrolment.Index
		if result.Reached.Has(i) || result.Exited.Has(i) || result.Cases[0].Has(i) {
			continue
		}
		at, known := time.Time{}, false
		if !m.reckons {
			at, known = m.yes(schema, t, q.until)
		}
		switch {
		case !known:
			result.AskAgain(i, r.At.Add(after))
		case !at.IsZero():
			result.AskAgain(i, at)
		}
	}
}

// yes is the minute in which a condition that windows end becomes true of a
// traveller with no news; zero for never. known is false where that takes too many
// questions.
func (m *moments) yes(schema *audience.Schema, t *Traveller, until *expr.Checked) (at time.Time, known bool) {
	then := *t
	for range maxInstants {
		next := earliest{after: then.now}
		m.of(t.Person, &next)
		if !next.found {
			return time.Time{}, true
		}
		then.now, then.Person = next.at, audience.PersonOf(schema, t.Record(), next.at)
		if then.Test(until).Holds() {
			if whole := next.at.Truncate(time.Minute); whole.Before(next.at) {
				return whole.Add(time.Minute), true
			}
			return next.at, true
		}
	}
	return time.Time{}, false
}
