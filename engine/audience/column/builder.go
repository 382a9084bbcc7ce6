package column

import "github.com/herald-campaigns/herald/engine/store"

// Builder makes a table of all people and then of all events, each as the store
// has them in order. From how far it has come it foresees how long arrays will be,
// so that they are seldom moved.
type Builder struct {
	table  *Table
	people progress
	events progress
	of     map[string][]uint32 // label → slot of each row
}

// progress is how much of something has come.
type progress struct {
	total int // expected
	done  int
	next  int // when to look again
}

// firstLook is after how many a Builder looks how long arrays will be.
const firstLook = 4096

// step counts one, and tells now and then how many times as many there will be.
func (p *progress) step() (factor float64, look bool) {
	if p.done++; p.done != p.next {
		return 0, false
	}
	p.next *= 2
	factor = 1.02 * float64(p.total) / float64(p.done)
	return factor, factor > 1
}

// NewBuilder begins a table of about so many people and events.
func NewBuilder(p Plan, people, events int) *Builder {
	return &Builder{
		table: New(p), people: progress{total: people, next: firstLook}, events: progress{total: events, next: firstLook},
		of: map[string][]uint32{},
	}
}

// Add appends a person, without events. People come by ascending ID.
func (b *Builder) Add(r *store.Record) {
	b.table.Put(r)
	if factor, look := b.people.step(); look {
		b.table.reserve(factor)
	}
}

// Happen adds an event of a person who has been added. Events come by ascending
// Seq. That of somebody else, or with a label that is not kept, is left out.
func (b *Builder) Happen(h *store.Event) {
	if factor, look := b.events.step(); look {
		for label, e := range b.table.Events {
			e.reserve(factor)
			b.of[label] = reserve(b.of[label], int(float64(e.Len())*factor))
		}
	}
	e := b.table.Events[h.Name]
	if e == nil {
		return
	}
	if slot, ok := b.table.Slot(h.Person); ok {
		e.row(h.At, h.Properties)
		b.of[h.Name] = append(b.of[h.Name], slot)
	}
}

// Table is what has been built: histories are sorted by person, and arrays give
// back what they have too much.
func (b *Builder) Table() *Table {
	for label, e := range b.table.Events {
		e.distribute(b.of[label], b.table.Len())
		delete(b.of, label)
	}
	b.table.walk(&pass{do: trimming})
	return b.table
}

// reserve makes room for factor times the people there are.
func (t *Table) reserve(factor float64) {
	slots := int(float64(len(t.IDs)) * factor)
	t.IDs = reserve(t.IDs, slots)
	for _, c := range t.Attributes {
		c.reserve(factor)
	}
	for _, c := range t.Consents {
		if c.Source != nil {
			c.At = reserve(c.At, slots)
			c.Source.reserve(factor)
		}
	}
}
