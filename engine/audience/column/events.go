package column

import (
	"slices"
	"sort"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

func newEvents(props map[string]Kept) *Events {
	e := &Events{
		Offsets: []uint32{0}, At: Times{Base: base}, Props: map[string]*Column{},
		Late: map[uint32][]uint32{}, declared: map[string]campaign.Type{},
	}
	for name, k := range props {
		e.Props[name] = newColumn(k.Kept)
		e.declared[name] = k.Declared
	}
	return e
}

// Len is the number of rows, those of nobody included.
func (e *Events) Len() int { return len(e.At.Sec) }

// Rows are the rows of a person, oldest first: from `from` to `to`, or, of a
// Dirty one, those in late. One of the two is empty.
func (e *Events) Rows(slot uint32) (from, to uint32, late []uint32) {
	if e.Dirty.Has(slot) {
		return 0, 0, e.Late[slot]
	}
	if int(slot)+1 >= len(e.Offsets) {
		return 0, 0, nil
	}
	return e.Offsets[slot], e.Offsets[slot+1], nil
}

// row appends one event of a person yet to be said.
func (e *Events) row(at time.Time, props map[string]any) uint32 {
	i := uint32(len(e.At.Sec))
	e.At.add(at)
	for name, c := range e.Props {
		c.put(i, fit(e.declared[name], props[name]))
	}
	return i
}

// Add appends an event to a person's history. Of two at one instant the one
// that is added later counts as the later.
func (e *Events) Add(slot uint32, at time.Time, props map[string]any) {
	i := e.row(at, props)
	rows := e.own(slot)
	n := len(rows)
	place := n
	if n > 0 && e.At.before(i, rows[n-1]) {
		place = sort.Search(n, func(k int) bool { return e.At.before(i, rows[k]) })
	}
	e.Late[slot] = slices.Insert(rows, place, i)
	e.late++
	e.renew(slot)
}

// own makes a slot Dirty, if it is not yet, and returns its rows.
func (e *Events) own(slot uint32) []uint32 {
	if e.Dirty.Has(slot) {
		return e.Late[slot]
	}
	from, to, _ := e.Rows(slot)
	rows := make([]uint32, 0, to-from+4)
	for r := from; r < to; r++ {
		rows = append(rows, r)
	}
	e.Dirty.Put(slot, true)
	e.late += len(rows)
	return rows
}

// clear takes all events from a person; nothing of them stays but empty rows.
func (e *Events) clear(slot uint32) {
	rows := e.own(slot)
	for _, r := range rows {
		e.At.wipe(r)
		for _, c := range e.Props {
			c.put(r, nil)
		}
	}
	e.late -= len(rows)
	e.dead += len(rows)
	delete(e.Late, slot)
	e.renew(slot)
}

// renew brings Last up to date.
func (e *Events) renew(slot uint32) {
	for len(e.Last) <= int(slot) {
		e.Last = push(e.Last, 0)
	}
	from, to, late := e.Rows(slot)
	e.Last[slot] = 0
	switch {
	case len(late) > 0:
		e.Last[slot] = e.At.Sec[late[len(late)-1]]
	case from < to:
		e.Last[slot] = e.At.Sec[to-1]
	}
}

// slack is how many rows may be Late or of nobody before sorting is worth while.
const slack = 1 << 16

// unsorted reports whether sorting is worth while: many rows have come or gone, or
// fewer and the histories of those who had news take much room.
func (e *Events) unsorted() bool {
	news := e.Len() - int(e.Offsets[len(e.Offsets)-1]) + e.dead
	return news > e.Len()/8+slack || e.late > e.Len()/2+slack && news > e.Len()/32+slack/16
}

// sort makes all arrays anew, by slot, so that nobody is Dirty and no row is of
// nobody. One array at a time is there twice.
func (e *Events) sort(slots int) { e.arrange(inOrder(slots)) }

// arrange does the same for slots in a new order.
func (e *Events) arrange(slots rowOrder) {
	n := len(slots.rows)
	offsets, last := make([]uint32, n+1), make([]uint32, n)
	rows := make([]uint32, 0, e.Len()-e.dead)
	for i, s := range slots.rows {
		if s != none {
			from, to, late := e.Rows(s)
			for r := from; r < to; r++ {
				rows = append(rows, r)
			}
			rows = append(rows, late...)
			if int(s) < len(e.Last) {
				last[i] = e.Last[s]
			}
		}
		offsets[i+1] = uint32(len(rows))
	}
	e.gather(rowOrder{rows: rows, all: len(rows)+e.dead == e.Len()})
	e.Offsets, e.Last = offsets, last
	e.Dirty, e.Late, e.late, e.dead = nil, map[uint32][]uint32{}, 0, 0
}

func (e *Events) gather(o rowOrder) {
	e.At.gather(o)
	for _, c := range e.Props {
		c.gather(o)
	}
}

// distribute makes the first Offsets: of tells, for each row in the order in which
// they were recorded, whose it is.
func (e *Events) distribute(of []uint32, slots int) {
	e.Offsets, e.Last = make([]uint32, slots+1), make([]uint32, slots)
	for _, slot := range of {
		e.Offsets[slot+1]++
	}
	for i := range slots {
		e.Offsets[i+1] += e.Offsets[i]
	}
	rows := make([]uint32, len(of))
	for r, slot := range of { // Last counts how many each has, for now
		rows[e.Offsets[slot]+e.Last[slot]] = uint32(r)
		e.Last[slot]++
	}
	later := func(a, b uint32) int {
		switch {
		case e.At.before(a, b):
			return -1
		case e.At.before(b, a):
			return 1
		}
		return 0
	}
	for i := range slots {
		own := rows[e.Offsets[i]:e.Offsets[i+1]]
		if !slices.IsSortedFunc(own, later) {
			slices.SortStableFunc(own, later)
		}
		if n := len(own); n > 0 {
			e.Last[i] = e.At.Sec[own[n-1]]
		}
	}
	e.gather(rowOrder{rows: rows, all: true})
}

func (e *Events) each(slot uint32, yield func(uint32) bool) bool {
	from, to, late := e.Rows(slot)
	for r := from; r < to; r++ {
		if !yield(r) {
			return false
		}
	}
	for _, r := range late {
		if !yield(r) {
			return false
		}
	}
	return true
}

func (t *Times) gather(o rowOrder) {
	t.Sec, t.Milli, t.Micro = pick(t.Sec, o), pick(t.Milli, o), pick(t.Micro, o)
	if t.Odd == nil {
		return
	}
	odd := map[uint32]int64{}
	for i, r := range o.rows {
		if micros, ok := t.Odd[r]; ok {
			odd[uint32(i)] = micros
		}
	}
	t.Odd = odd
}

func (e *Events) reserve(factor float64) {
	total := int(float64(e.Len()) * factor)
	e.At.reserve(total)
	for _, c := range e.Props {
		c.reserve(factor)
	}
}
