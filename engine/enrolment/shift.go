package enrolment

import (
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// alterations tells of each segment of a project whether an edit can have changed
// whom it selects: it is named, it or one that it names has another text, or the
// model that it reads is another.
func alterations(old, project *link.Project, named []string) func(*segment) bool {
	differs := func(kind, name string) bool {
		was, there := old.Resource(addr.New(kind, name))
		is, here := project.Resource(addr.New(kind, name))
		return there != here || was.Digest != is.Digest
	}
	any := func(kind string, labels []string) bool {
		return slices.ContainsFunc(labels, func(label string) bool { return differs(kind, label) })
	}
	profile := any("profile", slices.Concat(old.Names("profile"), project.Names("profile")))
	return func(s *segment) bool {
		all := project.Closure(s.When.Reads())
		return slices.Contains(named, s.Def.Name) || differs("segment", s.Def.Name) ||
			slices.ContainsFunc(all.Segments, func(label string) bool { return slices.Contains(named, label) }) ||
			any("segment", all.Segments) || any("event", all.Events) || any("catalog", all.Catalogs) || any("trait", all.Traits) ||
			profile && (len(all.Attributes) > 0 || all.Reachable)
	}
}

// shift takes down whom the edit moves into a segment or out of it, and fires what
// it says. People of whom there is news since the evaluation are asked again.
func (c *rebased) shift(tx store.Tx, b *rebase, t *turn, touched []int64, serial int64) error {
	before, after := c.before.Yes, c.after.Yes
	if len(touched) > 0 {
		var err error
		if before, after, err = c.again(tx, b, touched); err != nil {
			return err
		}
	}
	inside, err := membersOf(tx, c.Def.Name)
	if err != nil {
		return err
	}
	shift := store.Shift{Segment: c.Def.Name, At: b.now, Definition: c.Digest, Cause: store.ByEdit, Ref: serial}
	if c.was != nil {
		moved := audience.Compare(audience.Selection{Yes: before}, audience.Selection{Yes: after})
		shift.Enter, shift.Leave = without(moved.Enters, inside), moved.Leaves
	} else {
		diff := audience.Compare(audience.Selection{Yes: inside}, audience.Selection{Yes: after})
		shift.Enter, shift.Leave = diff.Enters, diff.Leaves
		if !c.known {
			shift.Cause = store.ByStart
		}
	}
	t.shifts = append(t.shifts, shift)
	for _, w := range c.watchers {
		moved := shift.Enter
		if !w.wants(true) {
			moved = shift.Leave
		}
		if fresh := slices.Contains(b.fresh[c.Def.Name], w.Journey); w.Def.Trigger.Segment.Backfill && !fresh {
			if err := t.backfill(w.Journey, moved, serial); err != nil {
				return err
			}
		}
	}
	return tx.SetCursor(memberCursor(c.Def.Name), 1)
}

// without are the people of the first list who are not in the second; both are
// ascending.
func without(people, of []int64) []int64 {
	return audience.Compare(audience.Selection{Yes: of}, audience.Selection{Yes: people}).Enters
}

// again is the answer before and after the edit, with people asked anew.
func (c *rebased) again(tx store.Tx, b *rebase, people []int64) (before, after []int64, err error) {
	if c.was != nil {
		if before, err = askAgain(tx, b, b.old, c.was.When, c.before.Yes, people); err != nil {
			return nil, nil, err
		}
	}
	after, err = askAgain(tx, b, b.rt.schema, c.When, c.after.Yes, people)
	return before, after, err
}

func askAgain(tx store.Tx, b *rebase, schema *audience.Schema, when *expr.Checked, yes, people []int64) ([]int64, error) {
	records, err := recordsByID(tx, people, needOf(schema, when))
	if err != nil {
		return nil, err
	}
	out := without(yes, people)
	for _, id := range people {
		if record := records[id]; record != nil && audience.PersonOf(schema, record, b.now).Test(when) == expr.True {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, nil
}

// takeIn lets journeys that begin to watch a segment, with backfill, take those
// who are inside from now on.
func (b *rebase) takeIn(tx store.Tx, t *turn, serial int64) error {
	for i := range b.rt.segments {
		label := b.rt.segments[i].Def.Name
		if len(b.fresh[label]) == 0 {
			continue
		}
		inside, err := membersOf(tx, label)
		if err != nil {
			return err
		}
		if n := slices.IndexFunc(t.shifts, func(s store.Shift) bool { return s.Segment == label }); n >= 0 {
			inside = append(without(inside, t.shifts[n].Leave), t.shifts[n].Enter...)
			slices.Sort(inside)
		}
		for _, j := range b.fresh[label] {
			if err := t.backfill(j, inside, serial); err != nil {
				return err
			}
		}
	}
	return nil
}

// backfill lets people into a journey because an edit says so.
func (t *turn) backfill(j *link.Journey, people []int64, serial int64) error {
	for chunk := range slices.Chunk(people, recordBatch) {
		if err := t.meet(chunk); err != nil {
			return err
		}
		for _, id := range chunk {
			person := t.people[id]
			if person == nil {
				continue
			}
			e := &entry{journey: j, person: id, enteredAt: t.now, from: t.now, ref: fmt.Sprintf("b%d-%d", serial, id)}
			if err := t.enter(e, person, nil); err != nil {
				return err
			}
		}
		clear(t.people) // an edit can move many
	}
	return nil
}
