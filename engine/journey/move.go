package journey

// move brings a member to where it must wait for something.
func (t *stepper) move(i int) {
	m := &t.s.members[i]
	t.wake(m)
	for m.phase == ready {
		t.advance(i, m)
	}
}

// wake makes a member ready whose instant has come.
func (t *stepper) wake(m *member) {
	switch m.phase {
	case sleeping, waiting:
		if t.reached(m.due) || t.reached(m.ask) {
			m.phase, m.ask = ready, 0
		}
	case deferred:
		if t.reached(m.ask) {
			m.phase, m.ask = ready, 0
		}
	}
}

func (t *stepper) reached(i instant) bool { return i != 0 && i <= t.now }

// advance takes one instruction.
func (t *stepper) advance(i int, m *member) {
	switch code := &t.p.code[m.pc]; code.op {
	case opAct:
		t.act(m, i)
	case opWait:
		t.wait(i, m, code)
	case opBranch:
		if len(code.cases) == 0 {
			t.goTo(m, code.to)
			return
		}
		t.ask(m, i, t.now, false)
	case opExit:
		t.end(m, Exited)
	case opJump:
		t.goTo(m, code.to)
	default:
		t.end(m, Finished)
	}
}

// wait lets a member sleep, or asks whether it must go on waiting.
func (t *stepper) wait(i int, m *member, code *instruction) {
	if m.flags&entered == 0 {
		m.flags |= entered | dirty
		if !code.forever && !code.personal {
			m.due = m.since.after(code.lasts).alignUp(code.grid)
		}
	}
	over := t.reached(m.due)
	switch {
	case code.personal && m.due == 0: // until when? as of what came before
		register := t.p.listens(code) && m.flags&listening == 0
		if register {
			m.flags |= registered
		}
		t.ask(m, i, m.since, register)
	case over && !code.until:
		t.pass(m, code, i, false, m.due)
	case !t.p.listens(code):
		m.phase = sleeping
	default:
		at, register := t.now, m.flags&listening == 0
		if over { // for the last time, as of then
			at, register = m.due, false
		}
		if register {
			m.flags |= registered // even if the answer is lost
		}
		t.ask(m, i, at, register)
	}
}

// goTo puts a member before another instruction.
func (t *stepper) goTo(m *member, pc int) {
	m.pc = uint16(pc)
	m.phase, m.due, m.ask = ready, 0, 0
	m.flags = m.flags&^perStep | dirty
}

// end closes an enrolment.
func (t *stepper) end(m *member, outcome Outcome) {
	m.phase, m.outcome = ended, outcome
	m.since, m.due, m.ask, m.flight = t.now, 0, 0, 0
	m.flags = m.flags&registered | dirty
}
