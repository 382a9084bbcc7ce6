package enrolment

import (
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
)

// moments are what the instants hang on at which a condition can change by
// itself: where its windows end, and, where it reckons with now, the instants
// that it looks at, the durations that it names, and every quarter of an hour, when
// days and hours begin in some zone. Where something fades, every minute.
type moments struct {
	events     []string // labels
	windows    []window
	reckons    bool
	fades      bool
	durations  []time.Duration
	attributes []string // times
}

type window struct {
	event  string
	length time.Duration
}

// newMoments reads a condition, and the segments that it names.
func newMoments(p *link.Project, c *expr.Checked) *moments {
	m := &moments{}
	all := p.Closure(c.Reads())
	m.events = all.Events
	for _, a := range p.Profile().Attributes {
		if a.Type.Kind == campaign.Time && slices.Contains(all.Attributes, a.Name) {
			m.attributes = append(m.attributes, a.Name)
		}
	}
	m.read(c.Node())
	for _, label := range all.Segments {
		if s, err := p.Segment(label); err == nil && s.When != nil {
			m.read(s.When.Node())
		}
	}
	return m
}

func (m *moments) read(n ir.Node) {
	ir.Walk(n, func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.Now:
			m.reckons = true
		case *ir.Call:
			m.reckons = m.reckons || n.Func == ir.Age || n.Func == ir.DaysUntil
			m.fades = m.fades || n.Func == ir.Decay
		case *ir.Arith:
			m.fades = m.fades || n.Op != ir.Add && n.Op != ir.Sub
		case *ir.Const:
			if d, ok := n.Value.(time.Duration); ok {
				m.durations = append(m.durations, d, -d)
			}
		case *ir.History:
			m.filters(n)
		}
		return true
	})
}

func (m *moments) filters(h *ir.History) {
	for _, f := range h.Filters {
		if w, ok := f.(*ir.Within); ok { // a Since with a fixed instant turns with its events
			m.windows = append(m.windows, window{h.Event, w.Duration()})
		}
	}
}

// earliest is the first of some instants after another.
type earliest struct {
	after, at time.Time
	found     bool
}

func (e *earliest) consider(t time.Time) {
	if t.After(e.after) && (!e.found || t.Before(e.at)) {
		e.at, e.found = t.UTC(), true
	}
}

// of considers all moments of a person.
func (m *moments) of(p *audience.Person, next *earliest) {
	for _, w := range m.windows {
		for _, row := range p.Events(w.event) {
			next.consider(row.At.Add(w.length))
		}
	}
	for _, label := range m.events {
		for _, row := range p.Events(label) {
			m.around(row.At, next)
		}
	}
	if !m.reckons {
		return
	}
	for _, name := range m.attributes {
		if v, ok := p.Attribute(name); ok {
			if at, ok := v.(time.Time); ok {
				m.around(at, next)
			}
		}
	}
	for _, c := range p.Record().Consents {
		m.around(c.At, next)
	}
	step := 15 * time.Minute
	if m.fades {
		step = time.Minute
	}
	next.consider(next.after.Truncate(step).Add(step))
}

// around considers an instant, and where a comparison of now with it can turn:
// at the distance of a duration, or just after.
func (m *moments) around(at time.Time, next *earliest) {
	next.consider(at)
	if !m.reckons {
		return
	}
	next.consider(at.Add(time.Microsecond))
	for _, d := range m.durations {
		next.consider(at.Add(d))
		next.consider(at.Add(d + time.Microsecond))
	}
}
