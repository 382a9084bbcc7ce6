package journey

import (
	"cmp"
	"slices"
)

// outbox gathers effects by what one activity can do at once.
type outbox struct{ groups []group }

// group is who needs the same effect.
type group struct {
	key     effectKey
	number  int64
	members Members
}

// effectKey is what the members of one effect share.
type effectKey struct {
	pc       uint16
	act      bool
	visit    uint8
	at       instant
	register bool
}

// ask puts a question for a member in flight.
func (t *stepper) ask(m *member, i int, at instant, register bool) {
	m.phase = asking
	k := effectKey{pc: m.pc, at: at, register: register}
	if m.visit > 1 {
		k.visit = m.visit
	}
	t.fly(m, i, k)
}

// act puts a step's effect upon a member in flight.
func (t *stepper) act(m *member, i int) {
	m.phase = acting
	t.fly(m, i, effectKey{pc: m.pc, act: true, visit: m.visit, at: t.now})
}

func (t *stepper) fly(m *member, i int, k effectKey) {
	m.ask = 0
	for g := range slices.Backward(t.out.groups) {
		if group := &t.out.groups[g]; group.key == k {
			group.members = append(group.members, i)
			m.flight = group.number
			return
		}
	}
	t.s.effects++
	m.flight = t.s.effects
	t.out.groups = append(t.out.groups, group{k, m.flight, Members{i}})
}

// survey is what one look at all members tells.
type survey struct {
	inFlight, dirty, live int
	next                  instant
	owner                 uint16 // instruction of the first to wake
}

func (t *stepper) survey() survey {
	var v survey
	for i := range t.s.members {
		m := &t.s.members[i]
		if m.phase != ended {
			v.live++
		}
		if m.inFlight() {
			v.inFlight++
		}
		if m.flags&dirty != 0 {
			v.dirty++
		}
		if w := t.wakes(m); w != 0 && (v.next == 0 || w < v.next) {
			v.next, v.owner = w, m.pc
		}
	}
	return v
}

// wakes is when time alone moves a member. Who is being asked keeps the wake that
// follows if the answer is no, so that the timer need not be set anew.
func (t *stepper) wakes(m *member) instant {
	switch m.phase {
	case sleeping, waiting:
		return earlier(m.due, m.ask)
	case deferred:
		return m.ask
	case asking:
		if m.due > t.now {
			return m.due
		}
	}
	return 0
}

// commands turns what has been gathered into commands.
func (t *stepper) commands() []Command {
	if t.s.closed {
		return []Command{End{}}
	}
	v := t.survey()
	if len(t.out.groups) > 1 {
		slices.SortStableFunc(t.out.groups, func(a, b group) int {
			return cmp.Or(cmp.Compare(a.key.pc, b.key.pc), cmp.Compare(a.key.at, b.key.at))
		})
	}
	const others = 2 // Wake or End, and Progress
	out := make([]Command, 0, len(t.out.groups)+others)
	for _, g := range t.out.groups {
		out = append(out, t.effect(g))
	}
	if v.live == 0 {
		t.s.closed, t.s.armed = true, 0
		return append(out, t.progress(true), End{})
	}
	if t.s.paused {
		v.next = 0
	}
	if v.next != t.s.armed {
		t.s.armed = v.next
		wake := Wake{At: v.next.time()}
		if v.next != 0 {
			wake.Step = t.p.code[v.owner].label
		}
		out = append(out, wake)
	}
	if v.inFlight == 0 && v.dirty > 0 {
		out = append(out, t.progress(false))
	}
	return out
}

func (t *stepper) effect(g group) Command {
	code := &t.p.code[g.key.pc]
	facts, at := t.facts(code, g.members), g.key.at.time()
	if g.key.act {
		return Act{Number: g.number, Kind: code.kind, Step: code.label, Visit: int(g.key.visit), At: at, Members: g.members, Facts: facts}
	}
	return Decide{Number: g.number, Step: code.label, At: at, Register: g.key.register, Visit: int(g.key.visit), Members: g.members, Facts: facts}
}

// facts tells what the conditions of a step read of the waits before it.
func (t *stepper) facts(code *instruction, members Members) []Fact {
	var out []Fact
	for _, ordinal := range code.reads {
		f := Fact{Step: t.p.code[t.p.waits[ordinal]].label}
		known := &t.s.facts[ordinal]
		for _, i := range members {
			switch {
			case known.met.has(i):
				f.Met = append(f.Met, i)
			case known.unmet.has(i):
				f.Unmet = append(f.Unmet, i)
			}
		}
		out = append(out, f)
	}
	return out
}

// progress tells where those are of whom the projection is behind.
func (t *stepper) progress(ended bool) Progress {
	p := Progress{At: t.now.time(), Ended: ended}
	var keys []placeKey
	for i := range t.s.members {
		m := &t.s.members[i]
		if m.flags&dirty == 0 {
			continue
		}
		m.flags &^= dirty
		if m.flags&registered != 0 && m.flags&listening == 0 {
			m.flags &^= registered
			p.Unregister = append(p.Unregister, i)
		}
		k := t.placeKey(m)
		g := slices.Index(keys, k)
		if g < 0 {
			g, keys = len(keys), append(keys, k)
			p.Places = append(p.Places, t.place(k))
		}
		p.Places[g].Members = append(p.Places[g].Members, i)
	}
	return p
}

// placeKey is what the members of one place share.
type placeKey struct {
	pc           uint16
	outcome      Outcome
	wakes, ended instant
}

func (t *stepper) placeKey(m *member) placeKey {
	if m.phase == ended {
		return placeKey{pc: m.pc, outcome: m.outcome, ended: m.since}
	}
	k := placeKey{pc: m.pc, wakes: m.due}
	if m.phase == deferred {
		k.wakes = m.ask
	}
	return k
}

func (t *stepper) place(k placeKey) Place {
	place := Place{Step: t.p.code[k.pc].label, WakeAt: k.wakes.time(), EndedAt: k.ended.time(), Outcome: k.outcome.String()}
	if k.outcome == Exited {
		place.Outcome += " " + place.Step
	}
	return place
}
