package journey

import (
	"fmt"
	"time"
)

// The pauses before something is tried again.
const (
	leastPause   = 1000   // ms; also the grid of retries
	missingPause = 60_000 // ms: a result passed a member over
)

// Step takes in what has happened, in that order, at the present instant of
// campaign time, and says what is to be done. It changes s. Inputs that are taken
// in together are answered together: whoever then needs the same effect shares
// it. An error means that s is not a state of p, or that an input is nil; nothing
// should then be done with s any more.
func (p *Program) Step(s *State, now time.Time, inputs ...Input) ([]Command, error) {
	if err := p.adopt(s); err != nil {
		return nil, err
	}
	t := stepper{p: p, s: s, now: instantOf(now)}
	for _, in := range inputs {
		if err := t.apply(in); err != nil {
			return nil, err
		}
	}
	if !s.started {
		return nil, nil
	}
	if !s.paused {
		for i := range s.members {
			t.move(i)
		}
	}
	return t.commands(), nil
}

// stepper is one Step under way.
type stepper struct {
	p   *Program
	s   *State
	now instant
	out outbox
}

// apply lets the input change those that it speaks of. Where they then go is
// move's business.
func (t *stepper) apply(in Input) error {
	switch in := in.(type) {
	case Start:
		t.start(in)
	case Tick:
	case Decided:
		t.decided(in)
	case Acted:
		t.acted(in)
	case PutOff:
		t.putOff(in)
	case Reacted:
		t.reacted(in.Reaction)
	case Cancel:
		t.cancel(in)
	case Pause:
		t.s.paused = true
	case Unpause:
		t.s.paused = false
	case Resume:
		t.resume()
	default:
		return fmt.Errorf("journey %s: %T is not an input", t.p.name, in)
	}
	return nil
}

func (t *stepper) start(in Start) {
	if t.s.started {
		return
	}
	t.s.started = true
	for i := range t.s.members {
		m := &t.s.members[i]
		if m.phase == ready {
			m.since = instantOf(in.At)
			m.flags |= dirty
		}
	}
}

// member returns the member of an index that came from outside, or nil.
func (t *stepper) member(index int) *member {
	if index < 0 || index >= len(t.s.members) {
		return nil
	}
	return &t.s.members[index]
}

// landed returns the member if the effect of the given number was in flight for
// it, at the given step, and takes it out of flight; else nil.
func (t *stepper) landed(index int, ph phase, pc int, number int64) *member {
	m := t.member(index)
	if m == nil || m.phase != ph || int(m.pc) != pc || m.flight != number {
		return nil
	}
	m.flight = 0
	return m
}

func (t *stepper) decided(in Decided) {
	pc, ok := t.p.at[in.Decide.Step]
	if !ok {
		return
	}
	code, at := &t.p.code[pc], instantOf(in.Decide.At)
	for _, i := range in.Decide.Members {
		m := t.landed(i, asking, pc, in.Decide.Number)
		if m == nil {
			continue
		}
		if in.Decide.Register {
			m.flags |= listening
		}
		switch {
		case in.Result.Reached.Has(i):
			t.end(m, Reached)
		case in.Result.Exited.Has(i):
			t.end(m, ExitWhen)
		case in.Result.Gone.Has(i):
			t.end(m, Gone)
		case m.flags&cancelled != 0:
			t.end(m, m.outcome)
		case code.op == opBranch:
			t.branched(m, code, in.Result, i)
		default:
			t.answered(m, code, in.Result, i, at)
		}
	}
}

// branched moves a member to the first case that holds.
func (t *stepper) branched(m *member, code *instruction, r DecideResult, i int) {
	to := code.to
	for c := range min(len(code.cases), len(r.Cases)) {
		if r.Cases[c].Has(i) {
			to = code.cases[c]
			break
		}
	}
	t.goTo(m, to)
}

// answered moves a member on from a wait, or lets it wait.
func (t *stepper) answered(m *member, code *instruction, r DecideResult, i int, at instant) {
	if code.personal && m.due == 0 {
		if m.due = laterOf(r.Due, i); m.due == 0 { // for whom nothing is known, there is nothing to wait for
			t.pass(m, code, i, false, m.since)
			return
		}
		m.due = m.due.alignUp(code.grid)
		at = m.since // what was asked then says nothing of the end
	}
	switch {
	case code.until && len(r.Cases) > 0 && r.Cases[0].Has(i):
		t.pass(m, code, i, true, at)
	case m.due != 0 && at >= m.due:
		t.pass(m, code, i, false, m.due)
	case !t.p.listens(code):
		m.phase = sleeping
		m.flags |= dirty
		if t.reached(m.due) {
			m.phase = ready
		}
	default:
		m.phase = waiting
		m.flags |= dirty
		for _, l := range r.Again {
			if l.Members.Has(i) {
				m.ask = earlier(m.ask, max(instantOf(l.At), t.now.after(leastPause)).alignUp(code.grid))
			}
		}
		if m.flags&stirred != 0 {
			m.flags &^= stirred
			t.stir(m)
		}
	}
}

// pass moves a member past a wait, as of the given instant.
func (t *stepper) pass(m *member, code *instruction, i int, met bool, at instant) {
	if code.until {
		f := &t.s.facts[code.ordinal]
		f.met.clear(i)
		f.unmet.clear(i)
		if met {
			f.met.set(i)
		} else {
			f.unmet.set(i)
		}
	}
	m.since = at
	t.goTo(m, int(m.pc)+1)
}

func (t *stepper) acted(in Acted) {
	pc, ok := t.p.at[in.Act.Step]
	if !ok {
		return
	}
	commanded := instantOf(in.Act.At)
	for _, i := range in.Act.Members {
		m := t.landed(i, acting, pc, in.Act.Number)
		if m == nil {
			continue
		}
		again := laterOf(in.Result.Retry, i)
		switch r := &in.Result; {
		case r.Reached.Has(i):
			t.end(m, Reached)
		case r.Exited.Has(i):
			t.end(m, ExitWhen)
		case r.Gone.Has(i):
			t.end(m, Gone)
		case m.flags&cancelled != 0:
			t.end(m, m.outcome)
		case again != 0:
			t.postpone(m, again)
		case r.Sent.Has(i), r.Withheld.Has(i), r.Failed.Has(i), r.Unknown.Has(i):
			// The clocks of worker and server differ a little: what was done was done
			// between command and present.
			m.since = max(commanded, min(instantOf(r.At), t.now))
			t.goTo(m, pc+1)
		default:
			t.postpone(m, t.now.after(missingPause))
		}
	}
}

// laterOf is the instant of an index, or 0.
func laterOf(list []Later, index int) instant {
	for _, l := range list {
		if l.Members.Has(index) {
			return instantOf(l.At)
		}
	}
	return 0
}

// postpone tries the effect that a member is at again, no sooner than it makes sense.
func (t *stepper) postpone(m *member, at instant) {
	m.phase, m.flight = deferred, 0
	m.ask = max(at, t.now.after(leastPause)).alignUp(leastPause)
	m.flags |= dirty
}

func (t *stepper) putOff(in PutOff) {
	for _, i := range in.Members {
		m := t.member(i)
		switch {
		case m == nil || !m.inFlight():
		case m.flags&cancelled != 0:
			t.end(m, m.outcome)
		default:
			t.postpone(m, instantOf(in.At))
		}
	}
}

// reacted takes decisions that came along for members who wait where they were
// taken, and asks for all others. Exit wins.
func (t *stepper) reacted(r Reaction) {
	for _, i := range r.Restarted {
		if m := t.member(i); m != nil {
			t.cancelOne(m, Restarted)
		}
	}
	pc, known := t.p.at[r.Step]
	decided := func(i int) *member {
		m := t.member(i)
		if m == nil || !known || m.phase != waiting || int(m.pc) != pc || t.p.code[pc].react > 0 {
			return nil
		}
		return m
	}
	for _, i := range r.Reached {
		if m := decided(i); m != nil {
			t.end(m, Reached)
		} else {
			t.stirIndex(i)
		}
	}
	for _, i := range r.Exited {
		if m := decided(i); m != nil {
			t.end(m, ExitWhen)
		} else {
			t.stirIndex(i)
		}
	}
	for _, i := range r.Met {
		if m := decided(i); m != nil && t.p.code[pc].until {
			t.pass(m, &t.p.code[pc], i, true, t.now)
		} else {
			t.stirIndex(i)
		}
	}
	for _, i := range r.Members {
		t.stirIndex(i)
	}
}

func (t *stepper) stirIndex(i int) {
	if m := t.member(i); m != nil {
		t.stir(m)
	}
}

// stir asks a waiting member's conditions once more: at once, or on the grid that
// its wait declares. While an answer is under way it may be too old already.
func (t *stepper) stir(m *member) {
	switch m.phase {
	case asking:
		m.flags |= stirred
	case waiting:
		if react := t.p.code[m.pc].react; react > 0 {
			m.ask = earlier(m.ask, t.now.alignUp(react))
		} else {
			m.phase = ready
		}
	}
}

func (t *stepper) cancel(in Cancel) {
	outcome := in.Outcome
	switch outcome {
	case Cancelled, Restarted, Gone, Edited:
	default:
		outcome = Cancelled
	}
	if in.Members == nil {
		for i := range t.s.members {
			t.cancelOne(&t.s.members[i], outcome)
		}
		return
	}
	for _, i := range in.Members {
		if m := t.member(i); m != nil {
			t.cancelOne(m, outcome)
		}
	}
}

func (t *stepper) cancelOne(m *member, outcome Outcome) {
	switch {
	case m.phase == ended || m.flags&cancelled != 0:
	case m.inFlight():
		m.outcome = outcome
		m.flags |= cancelled
	default:
		t.end(m, outcome)
	}
}

func (t *stepper) resume() {
	t.s.armed = 0
	for i := range t.s.members {
		m := &t.s.members[i]
		switch {
		case !m.inFlight():
		case m.flags&cancelled != 0:
			t.end(m, m.outcome)
		default:
			m.phase, m.flight = ready, 0
			m.flags &^= stirred
		}
	}
}
