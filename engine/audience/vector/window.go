package vector

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// walk is what a fold goes over: the rows of a history within a window, or the
// elements of a list.
type walk struct {
	events *column.Events // of a history
	within time.Duration  // the shortest; 0 for none
	since  []since
	wheres []cond // conditions on rows

	list series // of a list
	made *made  // of what is made on the way, in place of list
	slot int    // of the variable, for body and wheres alike; -1 for none
}

// since is the start of a window.
type since struct {
	from  fn[time.Time]
	speed func(*frame) pace
}

// span is the rows that a walk goes over for one person, oldest first.
type span struct {
	from, to uint32
	late     []uint32 // rows by position, of a person who has had news; else the position is the row
	alone    int64    // what frame.until was before arrivals were noted
}

func (s *span) at(i uint32) uint32 {
	if s.late != nil {
		return s.late[i]
	}
	return i
}

var noEvents = &column.Events{}

func (c *compiler) events(label string) *column.Events {
	if e := c.table.Events[label]; e != nil {
		return e
	}
	return noEvents
}

func wheres(n *ir.Fold) []*ir.Where {
	h, _ := n.Over.(*ir.History)
	if h == nil {
		return nil
	}
	var out []*ir.Where
	for _, f := range h.Filters {
		if w, ok := f.(*ir.Where); ok {
			out = append(out, w)
		}
	}
	return out
}

// walk compiles what a fold goes over; nil where that has no form over columns.
// The fold's variable is bound to it.
func (c *compiler) walk(n *ir.Fold) *walk {
	w := &walk{slot: -1}
	if n.Var != nil {
		w.slot = n.Var.Slot
	}
	h, ok := n.Over.(*ir.History)
	if !ok {
		return c.walkList(n, w)
	}
	w.events = c.events(h.Event)
	c.window(h, w)
	for _, f := range wheres(n) {
		w.slot = f.Var.Slot
		c.vars[w.slot] = place{events: w.events, row: ofVar(w.slot)}
		w.wheres = append(w.wheres, c.inner(f.Cond))
	}
	if n.Var != nil {
		c.vars[n.Var.Slot] = place{events: w.events, row: ofVar(w.slot)}
	}
	return w
}

// window reads within and since, which look at nothing of the rows.
func (c *compiler) window(h *ir.History, w *walk) {
	for _, f := range h.Filters {
		switch f := f.(type) {
		case *ir.Within:
			if d := f.Duration(); w.within == 0 || d < w.within {
				w.within = d
			}
		case *ir.Since:
			w.since = append(w.since, since{c.startOf(f.From), c.speed(f.From)})
		}
	}
}

func (c *compiler) startOf(n ir.Node) fn[time.Time] {
	if n.Type().Kind != campaign.Date {
		return c.time(n)
	}
	day := c.day(n)
	return func(f *frame) (time.Time, bool) {
		d, ok := day(f)
		return midnight(d), ok
	}
}

func (c *compiler) walkList(n *ir.Fold, w *walk) *walk {
	if w.made = c.makes(n); w.made != nil {
		w.list.span = w.made.span
		return w
	}
	list, ok := c.series(n.Over)
	if !ok {
		c.missing = true
		return nil
	}
	w.list = list
	if w.slot >= 0 {
		c.vars[w.slot] = place{column: list.elem, row: ofVar(w.slot)}
	}
	return w
}

// rowsOf are all rows of a person.
func rowsOf(e *column.Events, slot uint32) span {
	from, to, late := e.Rows(slot)
	if len(late) > 0 {
		to = uint32(len(late))
	}
	return span{from: from, to: to, late: late}
}

// upTo is the first position of an event after an instant, searched from the
// newest by doubling steps.
func (s *span) upTo(e *column.Events, micros int64) uint32 {
	low, high, step := s.from, s.to, uint32(1)
	for high > low && high-low > step {
		if e.At.Micros(s.at(high-step)) <= micros {
			low = high - step + 1
			break
		}
		high -= step
		step *= 2
	}
	for low < high {
		mid := low + (high-low)/2
		if e.At.Micros(s.at(mid)) <= micros {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// start is false for a walk that is unknown as a whole.
func (w *walk) start(f *frame) (s span, ok bool) {
	if w.events == nil {
		return w.list.span(f)
	}
	s = rowsOf(w.events, f.slot)
	begin, ok := w.begin(f)
	if !ok {
		return s, false
	}
	s.alone = f.until
	all := s
	s.to = s.upTo(w.events, f.micro)
	if w.bounded() {
		s.from = s.upTo(w.events, begin)
	}
	if f.watch {
		w.arrivals(f, &all, &s)
	}
	return s, true
}

func (w *walk) bounded() bool { return w.within > 0 || len(w.since) > 0 }

// begin is the last microsecond before the window.
func (w *walk) begin(f *frame) (micros int64, ok bool) {
	micros = -never
	if w.within > 0 {
		micros = f.now.Add(-w.within).UnixMicro()
	}
	for i := range w.since {
		t, ok := w.since[i].from(f)
		if !ok {
			return 0, false
		}
		micros = max(micros, before(t))
	}
	return micros, true
}

// before is the last microsecond before an instant.
func before(t time.Time) int64 {
	if t.Nanosecond()%1000 == 0 {
		return t.UnixMicro() - 1
	}
	return t.UnixMicro()
}

// arrivals notes when the next event comes of age, or comes into a window whose
// start moves backward.
func (w *walk) arrivals(f *frame, all, s *span) {
	if s.to < all.to {
		f.by(nanos(w.events.At.Micros(s.at(s.to))))
	}
	for i := range w.since {
		from := &w.since[i]
		switch p := from.speed(f); {
		case !p.steady:
			f.unsteady()
			s.alone = min(s.alone, f.until)
		case p.slope < 0 && s.from > all.from:
			t, _ := from.from(f)
			gap := t.Sub(instant(w.events.At.Micros(s.at(s.from - 1))))
			f.in(int64(gap) / -p.slope)
		}
	}
}

// leaves notes when a row leaves the window.
func (w *walk) leaves(f *frame, r uint32) {
	if !f.watch || w.events == nil {
		return
	}
	micros := w.events.At.Micros(r)
	if w.within > 0 {
		f.by(plus(nanos(micros), int64(w.within)))
	}
	for i := range w.since {
		if p := w.since[i].speed(f); p.slope > 0 {
			t, _ := w.since[i].from(f)
			f.in(plus(int64(instant(micros).Sub(t))/p.slope, 1))
		}
	}
}

// use puts a row into the variable and tells whether it counts.
func (w *walk) use(f *frame, r uint32) bool {
	if w.made != nil {
		w.made.put(f, r)
		return true
	}
	if w.slot >= 0 {
		f.vars[w.slot] = r
	}
	if w.events == nil {
		return knownAt(w.list.elem, r)
	}
	for _, where := range w.wheres {
		if where(f) != expr.True {
			return false
		}
	}
	return true
}
