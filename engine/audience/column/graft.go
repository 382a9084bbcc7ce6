package column

import (
	"cmp"
	"maps"
	"slices"
)

// Graft takes over all columns of other, in place of its own of the same names.
// Other must stand at the same position of the record. Whom only other knows is
// left out; who is not in other has no values. Other is of no use afterwards.
func (t *Table) Graft(other *Table) {
	other.arrange(other.places(t))
	maps.Copy(t.Attributes, other.Attributes)
	maps.Copy(t.Events, other.Events)
	maps.Copy(t.Topics, other.Topics)
	maps.Copy(t.Reachable, other.Reachable)
	maps.Copy(t.Deliverable, other.Deliverable)
	maps.Copy(t.Consents, other.Consents)
	t.plan(other.Plan)
	t.Edition++
	t.Sweep() // of whom only other knew
}

// Compact takes the slots of people who are gone out, and puts the others in order.
// Everybody's slot is another afterwards.
func (t *Table) Compact() {
	o := rowOrder{rows: make([]uint32, 0, len(t.IDs)), all: true}
	t.Everybody().Each(func(slot uint32) { o.rows = append(o.rows, slot) })
	slices.SortFunc(o.rows, func(a, b uint32) int { return cmp.Compare(t.IDs[a], t.IDs[b]) })
	t.arrange(o)
	t.IDs = pick(t.IDs, o)
	t.Gone, t.sorted, t.behind = nil, len(t.IDs), map[int64]uint32{}
}

// Scattered reports whether Compact is worth while.
func (t *Table) Scattered() bool {
	return t.Gone.Count()+len(t.behind) > len(t.IDs)/8+1024
}

// arrange gives all columns other slots. Who is left out has no values left, or has
// them forgotten with the next sweep.
func (t *Table) arrange(o rowOrder) {
	for _, c := range t.Attributes {
		c.gather(o)
	}
	for _, e := range t.Events {
		e.arrange(o)
	}
	for _, sets := range []map[string]Bits{t.Topics, t.Reachable, t.Deliverable} {
		for name, b := range sets {
			sets[name] = b.pick(o)
		}
	}
	for _, c := range t.Consents {
		c.Known, c.Granted = c.Known.pick(o), c.Granted.pick(o)
		if c.Source != nil {
			c.At = pick(c.At, o)
			c.Source.gather(o)
		}
	}
}

// plan adds to the plan of t what has been grafted.
func (t *Table) plan(p Plan) {
	events := together(t.Plan.Events, p.Events)
	t.Plan = p.With(t.Plan)
	t.Plan.Events = events
}

func together[T any](a, b map[string]T) map[string]T {
	all := make(map[string]T, len(a)+len(b))
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// places are the slots of t's people in the order of those of to.
func (t *Table) places(to *Table) rowOrder {
	o := rowOrder{rows: make([]uint32, len(to.IDs)), gaps: true}
	for i, person := range to.IDs {
		o.rows[i] = none
		if slot, ok := t.find(person); ok {
			o.rows[i] = slot
		}
	}
	return o
}

// Prune drops the columns that p does not want. What it wants of an object stays
// with all fields that there are.
func (t *Table) Prune(p Plan) {
	before := len(t.columns()) + len(t.Events)
	maps.DeleteFunc(t.Attributes, func(name string, _ *Column) bool { _, wanted := p.Attributes[name]; return !wanted })
	maps.DeleteFunc(t.Events, func(label string, _ *Events) bool { _, wanted := p.Events[label]; return !wanted })
	plan := t.Plan
	plan.Attributes, plan.Events = map[string]Kept{}, map[string]map[string]Kept{}
	for name := range t.Attributes {
		plan.Attributes[name] = t.Plan.Attributes[name]
	}
	for label, e := range t.Events {
		maps.DeleteFunc(e.Props, func(name string, _ *Column) bool { _, wanted := p.Events[label][name]; return !wanted })
		plan.Events[label] = map[string]Kept{}
		for name := range e.Props {
			plan.Events[label][name] = t.Plan.Events[label][name]
		}
	}
	t.Plan = plan
	if len(t.columns())+len(t.Events) != before {
		t.Edition++
	}
}
