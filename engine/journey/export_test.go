package journey

import "time"

// View is a member as tests see it.
type View struct {
	Step                            string
	Ready, InFlight, Waiting, Ended bool
	Sleeping, Deferred, Registered  bool
	Due, Ask                        time.Time
	Outcome                         string
}

// View shows one member.
func (p *Program) View(s *State, i int) View {
	m := s.members[i]
	return View{
		Step: p.code[m.pc].label, Ready: m.phase == ready, InFlight: m.inFlight(), Waiting: m.phase == waiting, Ended: m.phase == ended,
		Sleeping: m.phase == sleeping, Deferred: m.phase == deferred, Registered: m.flags&listening != 0,
		Due: m.due.time(), Ask: m.ask.time(), Outcome: m.outcome.String(),
	}
}

// Armed is the instant of the timer.
func (s *State) Armed() time.Time { return s.armed.time() }

// Scatter gives every member a different state, for the size of an encoding.
func (s *State) Scatter(at time.Time) {
	for i := range s.members {
		k := int64(i)
		s.members[i] = member{pc: uint16(i % 7), phase: waiting, visit: 1, flags: entered | listening | registered,
			since: instantOf(at) + instant(k*k*7919%86_400_000), due: instantOf(at) + instant(k*104_729%604_800_000), ask: instantOf(at)}
	}
}
