package audiencetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// batch is how many people go into one transaction.
const batch = 500

// Fill puts everybody into a store. Their IDs are the store's.
func (p Population) Fill(ctx context.Context, s store.Store) error {
	var waiting []*Someone
	flush := func() error {
		err := s.Update(ctx, func(tx store.Tx) error { return put(tx, waiting) })
		waiting = waiting[:0]
		return err
	}
	for who := range p.All() {
		if waiting = append(waiting, who); len(waiting) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func put(tx store.Tx, people []*Someone) error {
	for _, s := range people {
		who := s.Person
		who.ID = 0
		stored, err := tx.Identify(who)
		if err != nil {
			return fmt.Errorf("filling in person %d: %w", s.ID, err)
		}
		events, consents := slices.Clone(s.Events), slices.Clone(s.Consents)
		for i := range events {
			events[i].Seq, events[i].Person, events[i].ReceivedAt = 0, stored.ID, Now
		}
		for i := range consents {
			consents[i].Person = stored.ID
		}
		if _, err := tx.AppendEvents(events); err != nil {
			return fmt.Errorf("filling in events of person %d: %w", s.ID, err)
		}
		if err := tx.PutConsents(consents); err != nil {
			return fmt.Errorf("filling in consents of person %d: %w", s.ID, err)
		}
		if !s.Suppressed {
			continue
		}
		if err := tx.Suppress(store.Suppression{Channel: "email", Address: s.Email, Reason: "hard bounce", At: Now}); err != nil {
			return fmt.Errorf("filling in person %d: %w", s.ID, err)
		}
	}
	return nil
}

// Records gives everybody as a store would.
func (p Population) Records() []*store.Record {
	out := make([]*store.Record, 0, p.People)
	for s := range p.All() {
		out = append(out, s.Record())
	}
	return out
}

// Table puts everybody into columns, without a store. With late, every eighth
// person's newest third comes in one by one when the others are there already, as
// it does while people are about.
func (p Population) Table(plan column.Plan, late bool) *column.Table {
	b := column.NewBuilder(plan, p.People, p.Events)
	var later []store.Event
	for s := range p.All() {
		b.Add(&store.Record{Person: s.Person, Consents: newest(s.Consents), Suppressed: s.closed()})
		n := len(s.Events)
		if late && s.ID%8 == 0 {
			later = append(later, s.Events[n-n/3:]...)
			n -= n / 3
		}
		for i := range s.Events[:n] {
			b.Happen(&s.Events[i])
		}
	}
	t := b.Table()
	for i := range later {
		if slot, ok := t.Slot(later[i].Person); ok {
			t.Happen(slot, &later[i])
		}
	}
	return t
}

// Everything is the plan of a table that any condition on the shop can be asked of.
func Everything() column.Plan { return PlanOf(Project(must{})) }

// must is a test that cannot go on.
type must struct{}

func (must) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (must) FailNow()                          { panic("the shop of package audiencetest does not link") }
func (must) Helper()                           {}
