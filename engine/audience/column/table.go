package column

import (
	"maps"
	"slices"
	"sort"

	"github.com/herald-campaigns/herald/engine/store"
)

// New is a table of nobody.
func New(p Plan) *Table {
	t := &Table{
		Plan:        p,
		Edition:     1,
		Attributes:  map[string]*Column{},
		Events:      map[string]*Events{},
		Topics:      map[string]Bits{},
		Reachable:   map[string]Bits{},
		Deliverable: map[string]Bits{},
		Consents:    map[Permission]*Consent{},
		behind:      map[int64]uint32{},
	}
	for name, k := range p.Attributes {
		t.Attributes[name] = newColumn(k.Kept)
	}
	for label, props := range p.Events {
		t.Events[label] = newEvents(props)
	}
	for _, topic := range p.Topics {
		t.Topics[topic] = nil
	}
	for _, channel := range p.Channels {
		t.Reachable[channel], t.Deliverable[channel] = nil, nil
	}
	for _, permission := range p.Permissions() {
		t.Consents[permission] = newConsent(p.Details)
	}
	return t
}

// Len is the number of slots, those of people who are gone included.
func (t *Table) Len() int { return len(t.IDs) }

// Ascending reports whether IDs ascend from end to end.
func (t *Table) Ascending() bool { return t.sorted == len(t.IDs) }

// Slot is where a person is; false for one who is not known, or gone.
func (t *Table) Slot(person int64) (slot uint32, ok bool) {
	slot, ok = t.find(person)
	return slot, ok && !t.Gone.Has(slot)
}

func (t *Table) find(person int64) (uint32, bool) {
	if t.sorted > 0 { // numbers are given out without many gaps
		if i := person - t.IDs[0]; i >= 0 && i < int64(t.sorted) && t.IDs[i] == person {
			return uint32(i), true
		}
	}
	i := sort.Search(t.sorted, func(i int) bool { return t.IDs[i] >= person })
	if i < t.sorted && t.IDs[i] == person {
		return uint32(i), true
	}
	slot, ok := t.behind[person]
	return slot, ok
}

// slot is where a person is from now on; fresh when that was nowhere before.
func (t *Table) slot(person int64) (slot uint32, fresh bool) {
	if slot, ok := t.find(person); ok {
		t.Gone.Put(slot, false)
		return slot, false
	}
	slot = uint32(len(t.IDs))
	if t.Ascending() && (slot == 0 || t.IDs[slot-1] < person) {
		t.sorted++
	} else {
		t.behind[person] = slot
	}
	t.IDs = push(t.IDs, person)
	return slot, true
}

// Put sets what is known of a person, who may be new, but for events.
func (t *Table) Put(r *store.Record) (slot uint32) {
	slot, _ = t.slot(r.ID)
	t.putProfile(slot, r)
	t.putConsents(slot, r)
	return slot
}

// PutEvents replaces the histories of a person by those of a record that come at
// most as `last` in the store's order.
func (t *Table) PutEvents(slot uint32, r *store.Record, last int64) {
	for label, e := range t.Events {
		if from, to, late := e.Rows(slot); from < to || len(late) > 0 {
			e.clear(slot)
		}
		history := r.Events[label]
		for i := range history {
			if h := &history[i]; h.Seq <= last {
				e.Add(slot, h.At, h.Properties)
			}
		}
	}
}

// Happen adds an event to the person of a slot, if it is one that is kept.
func (t *Table) Happen(slot uint32, h *store.Event) {
	if e := t.Events[h.Name]; e != nil {
		e.Add(slot, h.At, h.Properties)
	}
}

// Remove forgets a person, but for the number. What strings they had are gone
// after Sweep.
func (t *Table) Remove(person int64) {
	slot, ok := t.find(person)
	if !ok || t.Gone.Has(slot) {
		return
	}
	t.Put(&store.Record{Person: store.Person{ID: person}})
	for _, e := range t.Events {
		if from, to, late := e.Rows(slot); from < to || len(late) > 0 {
			e.clear(slot)
		}
	}
	t.Gone.Put(slot, true)
}

// Sweep forgets the strings that nobody has any more: of the people who were
// removed, and former values of those who were not.
func (t *Table) Sweep() {
	for _, c := range t.columns() {
		c.sweep()
	}
}

// Loose is how many strings Sweep would look after.
func (t *Table) Loose() int {
	n := 0
	for _, c := range t.columns() {
		n += c.released()
	}
	return n
}

// Tidy puts in order what has become long: late rows, elements and rows of
// nobody.
func (t *Table) Tidy() {
	for _, c := range t.Attributes {
		c.tidy()
	}
	for _, e := range t.Events {
		if e.unsorted() {
			e.sort(t.Len())
		}
		for _, c := range e.Props {
			c.tidy()
		}
	}
}

// Sort puts every history in order, whether that is worth while or not.
func (t *Table) Sort() {
	for _, e := range t.Events {
		e.sort(t.Len())
	}
}

// columns are all columns but those within others.
func (t *Table) columns() []*Column {
	all := slices.Collect(maps.Values(t.Attributes))
	for _, e := range t.Events {
		all = slices.AppendSeq(all, maps.Values(e.Props))
	}
	for _, c := range t.Consents {
		if c.Source != nil {
			all = append(all, c.Source)
		}
	}
	return all
}

// Everybody is the slots of those who are not gone.
func (t *Table) Everybody() Bits {
	all := ones(uint32(len(t.IDs)))
	for i := range t.Gone {
		all[i] &^= t.Gone[i]
	}
	return all
}

// People are the numbers of those in a set of slots, ascending; nil for none.
func (t *Table) People(b Bits) []int64 {
	n := b.Count()
	if n == 0 {
		return nil
	}
	people := make([]int64, 0, n)
	b.Each(func(slot uint32) { people = append(people, t.IDs[slot]) })
	if !t.Ascending() {
		slices.Sort(people)
	}
	return people
}
