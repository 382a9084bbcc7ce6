package enrolment

import (
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/store"
)

// touch is what a batch says of one person.
type touch struct {
	person int64
	at     time.Time     // the instant of the questions: now, or later where a clock is ahead
	events []store.Event // in the order of the record
	change *store.Change // nil: none
	moved  bool          // events of another profile are theirs now
	loud   bool          // some of the change was no import's
	quiet  bool          // a file has brought some of it
}

// touch gathers a batch by person, in the order in which they come.
func (t *turn) touch(b *batch) error {
	for i := range b.changes {
		c := &b.changes[i]
		if c.Gone {
			t.bury(c.Person)
			continue
		}
		p := t.touchOf(c.Person)
		p.change, p.moved, p.loud = c, c.Moved > b.change, c.Loud > b.change
		p.quiet = !p.loud
	}
	for _, e := range b.events {
		if len(t.rt.byEvent[e.Name].segments) == 0 && len(t.rt.starts[e.Name]) == 0 {
			continue
		}
		p := t.touchOf(e.Person)
		p.events, p.quiet = append(p.events, e), p.quiet || e.Imported
		if e.At.After(p.at) {
			p.at = e.At
			t.ahead[e.Person] = e.At
		}
		if e.At.After(t.latest) {
			t.latest = e.At
		}
	}
	slices.Sort(t.bequests)
	t.bequests = slices.Compact(t.bequests)
	ids := make([]int64, len(t.touched))
	for i, p := range t.touched {
		ids[i] = p.person
	}
	return t.prepare(ids)
}

// bury takes down that somebody is no more. If they were merged into another, it
// is one of those who have changed, and in whatever they were in.
func (t *turn) bury(person int64) {
	t.gone = append(t.gone, person)
	t.next[person] = instant{}
	for i, inside := range t.roster.inside {
		if inside.has(person) {
			t.bequests = append(t.bequests, i)
		}
	}
}

func (t *turn) touchOf(person int64) *touch {
	p := t.touches[person]
	if p == nil {
		p = &touch{person: person, at: t.now}
		if until := t.aheadOf(person); until.After(p.at) {
			p.at = until
		}
		t.touches[person] = p
		t.touched = append(t.touched, p)
	}
	return p
}

// Parts of what is asked that are no events.
const (
	partChange = "\x00change"
	partTimed  = "\x00time"
)

// questions are what is to be asked of a person: each segment that mentions what
// happened, once.
func (t *turn) questions(p *touch) asking {
	if p.moved {
		return t.rt.all
	}
	parts := t.parts[:0]
	if p.change != nil {
		parts = append(parts, partChange)
	}
	if at, ok := t.due(p.person); ok && !at.After(p.at) {
		parts = append(parts, partTimed)
	}
	for _, e := range p.events {
		if !slices.Contains(parts, e.Name) {
			parts = append(parts, e.Name)
		}
	}
	slices.Sort(parts)
	t.parts = parts
	ask := t.rt.joined(parts)
	if p.change != nil && len(t.bequests) > 0 {
		ask = t.rt.join(ask, t.rt.asking(t.bequests))
	}
	return ask
}

// maxJoins bounds how many combinations of parts are remembered.
const maxJoins = 10_000

// joined is what some parts ask together; parts are sorted.
func (rt *routes) joined(parts []string) asking {
	if len(parts) == 1 {
		return rt.part(parts[0])
	}
	key := strings.Join(parts, "\x01")
	ask, ok := rt.joins[key]
	if ok {
		return ask
	}
	for _, part := range parts {
		ask = rt.join(ask, rt.part(part))
	}
	if len(rt.joins) < maxJoins {
		rt.joins[key] = ask
	}
	return ask
}

func (rt *routes) part(name string) asking {
	switch name {
	case partChange:
		return rt.onChange
	case partTimed:
		return rt.timed
	}
	return rt.byEvent[name]
}

// join is both questions as one.
func (rt *routes) join(a, b asking) asking {
	switch {
	case len(b.segments) == 0:
		return a
	case len(a.segments) == 0:
		return b
	}
	missing := slices.DeleteFunc(slices.Clone(b.segments), func(s int) bool {
		_, ok := slices.BinarySearch(a.segments, s)
		return ok
	})
	if len(missing) == 0 {
		return a
	}
	all := append(slices.Clone(a.segments), missing...)
	slices.Sort(all)
	return rt.asking(all)
}

// ask lets what happened move a person.
func (t *turn) ask(p *touch) error {
	if !p.quiet && t.late(p) {
		t.elapse(p.person)
	}
	ask := t.questions(p)
	truths := t.truths(len(ask.segments))
	t.index.TestEach(p.person, ask.conditions, p.at, truths)
	settled := (p.change == nil || len(t.bequests) == 0) && !t.mixed[p.person] // memory has all of it
	for i, s := range ask.segments {
		was := settled && t.roster.inside[s].has(p.person)
		if !settled {
			var err error
			if was, err = t.was(s, p); err != nil {
				return err
			}
		}
		if is := truths[i] == expr.True; is != was {
			t.cross(&crossing{membership: membership{s, p.person}, inside: is, touch: p})
		}
	}
	t.expect(p.person, ask, p.at)
	return nil
}

// truths is room for some answers.
func (t *turn) truths(n int) []expr.Truth {
	if len(t.out) < n {
		t.out = make([]expr.Truth, n)
	}
	return t.out[:n]
}

// was tells whether a person has been inside a segment until now. Of one who may
// have taken over another profile the store knows, which has joined the two.
func (t *turn) was(segment int, p *touch) (bool, error) {
	k := membership{segment, p.person}
	if was, ok := t.crossed[k]; ok {
		return was, nil
	}
	was := t.roster.inside[segment].has(p.person)
	if _, left := slices.BinarySearch(t.bequests, segment); !left || was || p.change == nil {
		return was, nil
	}
	was, err := t.r.IsMember(t.rt.segments[segment].Def.Name, p.person)
	if err == nil && was {
		t.crossed[k], t.mixed[p.person] = true, true // so that memory follows
	}
	return was, err
}
