package journey

import (
	"fmt"
	mathbits "math/bits"
)

// Version is that of the interpreter. A state tells which one wrote it; an older
// interpreter refuses it, so that a worker left behind does not misread it.
const Version = 2

// State is where a cohort's people are: all that goes on when a run continues
// as new. It holds indices and instants, no personal data. The zero State is
// that of an empty cohort.
type State struct {
	members []member
	facts   []fact  // by ordinal of wait
	armed   instant // of the one timer that runs
	effects int64   // numbers given to effects so far
	started bool
	closed  bool // the end was written down
	paused  bool // effects in flight land, and nothing else happens

	program *Program // that it has been checked against
}

// phase is what a member is doing at its step.
type phase uint8

const (
	ready    phase = iota // only within Step, and before Start
	asking                // a Decide is in flight
	acting                // an Act is in flight
	sleeping              // until due
	waiting               // for events, until due; asked again at ask
	deferred              // put off until ask
	ended
)

// flags are what else is known of a member.
type flags uint8

const (
	entered    flags = 1 << iota // due is set for this step
	listening                    // its waits are registered for this step
	registered                   // the store may hold waits of it
	dirty                        // the projection is behind
	stirred                      // something happened while it was asked
	cancelled                    // ends, with outcome, when its effect is done
	allFlags   = 1<<iota - 1
)

// perStep are the flags that end with a step.
const perStep = entered | listening | stirred

// Outcome is how a member's journey ended.
type Outcome uint8

// The outcomes of an enrolment.
const (
	Underway  Outcome = iota
	Finished          // no step was left
	ExitWhen          // exit_when held
	Exited            // an exit step was reached
	Cancelled         // by an operator
	Restarted         // by entering anew
	Gone              // the person was erased
	Reached           // goal_when held
	Edited            // by an edit that ends those under way
	outcomes
)

var outcomeNames = [outcomes]string{"", "finished", "exit_when", "exit", "cancelled", "restarted", "gone", "goal", "edited"}

// String is the outcome as the store has it; an Exited is completed by its label.
func (o Outcome) String() string {
	if o >= outcomes {
		return fmt.Sprintf("outcome %d", uint8(o))
	}
	return outcomeNames[o]
}

// member is one enrolment.
type member struct {
	pc      uint16
	phase   phase
	visit   uint8
	outcome Outcome // once ended, or with cancelled
	flags   flags
	since   instant // recorded instant of what came before; once ended, of the end
	due     instant // when the wait is over
	ask     instant // when to ask, or to try, again
	flight  int64   // number of the effect in flight
}

// fact tells step.X.met of one wait.
type fact struct {
	met, unmet bits
}

// bits is a set of members, one bit each.
type bits []byte

func newBits(size int) bits { return make(bits, (size+7)/8) }

func (b bits) set(i int)      { b[i/8] |= 1 << (i % 8) }
func (b bits) clear(i int)    { b[i/8] &^= 1 << (i % 8) }
func (b bits) has(i int) bool { return b[i/8]&(1<<(i%8)) != 0 }

func (b bits) count() int {
	n := 0
	for _, octet := range b {
		n += mathbits.OnesCount8(octet)
	}
	return n
}

// Begin returns the state of a cohort of the given size before its Start.
func (p *Program) Begin(size int) (*State, error) {
	if size < 0 || size > MaxCohort {
		return nil, fmt.Errorf("a cohort has 0 to %d members, not %d", MaxCohort, size)
	}
	s := &State{members: make([]member, size), facts: make([]fact, len(p.waits)), program: p}
	for i := range s.members {
		s.members[i].visit = 1
	}
	n := (size + 7) / 8
	all := make(bits, 2*n*len(s.facts))
	for i := range s.facts {
		s.facts[i] = fact{all[:n:n], all[n : 2*n : 2*n]}
		all = all[2*n:]
	}
	return s, nil
}

// Size is how many members the cohort has, ended ones included.
func (s *State) Size() int { return len(s.members) }

// Done reports whether everybody has ended and that was told by a Progress.
func (s *State) Done() bool { return s.closed }

// InFlight counts the members for whom an effect is in flight.
func (s *State) InFlight() int {
	n := 0
	for i := range s.members {
		if s.members[i].inFlight() {
			n++
		}
	}
	return n
}

// Underway counts those of the members, all when nil, who have not ended.
func (s *State) Underway(members Members) int {
	n := 0
	for i := range s.members {
		if s.members[i].phase != ended && (members == nil || members.Has(i)) {
			n++
		}
	}
	return n
}

// Paused reports whether the cohort stands still.
func (s *State) Paused() bool { return s.paused }

func (m *member) inFlight() bool { return m.phase == asking || m.phase == acting }

// adopt checks that a state, which may have been read from anywhere, is one that
// p can go on from.
func (p *Program) adopt(s *State) error {
	if s.program == p {
		return nil
	}
	if len(s.facts) != len(p.waits) {
		return fmt.Errorf("the state knows %d waits, journey %s has %d: it belongs to another revision", len(s.facts), p.name, len(p.waits))
	}
	for i := range s.members {
		if s.closed && s.members[i].phase != ended {
			return fmt.Errorf("member %d is under way in a cohort that has ended", i)
		}
		if err := p.fits(&s.members[i], s.paused); err != nil {
			return fmt.Errorf("member %d does not fit journey %s: %w", i, p.name, err)
		}
	}
	s.program = p
	return nil
}

// fits checks that a member's phase is one that its step can have. Who stands
// before a step has not gone on because the cohort is paused.
func (p *Program) fits(m *member, paused bool) error {
	if int(m.pc) >= len(p.code) {
		return fmt.Errorf("there is no instruction %d", m.pc)
	}
	in := &p.code[m.pc]
	ok := true
	switch m.phase {
	case ready:
		ok = m.pc == 0 || paused
	case acting:
		ok = in.op == opAct
	case sleeping:
		ok = in.op == opWait && m.due != 0
	case waiting:
		ok = in.op == opWait && m.flags&listening != 0 && (m.due != 0 || in.forever)
	case asking:
		ok = in.op == opWait && p.asks(in, m) || in.op == opBranch && len(in.cases) > 0
	case deferred:
		ok = m.ask != 0 && (in.op == opAct || in.op == opBranch || in.op == opWait && p.asks(in, m))
	case ended:
		ok = m.outcome != Underway && (m.outcome != Exited || in.op == opExit)
	}
	if !ok {
		return fmt.Errorf("phase %d is not one of instruction %d", m.phase, m.pc)
	}
	return nil
}

// listens reports whether events can end a wait: by its condition, exit_when or
// goal_when.
func (p *Program) listens(in *instruction) bool { return in.until || p.exit }

// asks reports whether a member can have a question at a wait.
func (p *Program) asks(in *instruction, m *member) bool {
	return p.listens(in) && (m.due != 0 || in.forever) || in.personal && m.due == 0
}
