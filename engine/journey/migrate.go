package journey

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Migration says how people under way go on in another revision.
type Migration struct {
	Policy campaign.OnChange // Migrate, Restart or Leave
	Moved  map[string]string // label of a step as it was → as it is now
}

// Landing is where those at a step of one revision land in another.
type Landing struct {
	From string
	To   string // "" is the end
	// Kept says that it is the same step: a wait goes on counting from when it
	// began. Else they begin To now.
	Kept bool
}

// ErrInFlight says that a cohort cannot be migrated now.
var ErrInFlight = errors.New("the cohort is not paused, or effects are in flight")

// Landings tells for every step of p, in the order written, where its people land
// in another revision: at the step of the same label, or of the one that it was
// renamed to; from a step that is gone, at the next one on their way that is not.
func (p *Program) Landings(to *Program, moved map[string]string) []Landing {
	var out []Landing
	for pc := range p.code {
		if p.code[pc].label != "" {
			out = append(out, p.landing(to, moved, pc))
		}
	}
	return out
}

func (p *Program) landing(to *Program, moved map[string]string, pc int) Landing {
	from := &p.code[pc]
	if at, ok := to.lands(moved, from.label); ok {
		landed := &to.code[at]
		return Landing{From: from.label, To: landed.label, Kept: landed.kind == from.kind}
	}
	for pc = p.following(pc); pc >= 0; pc = p.following(pc) {
		if at, ok := to.lands(moved, p.code[pc].label); ok {
			return Landing{From: from.label, To: to.code[at].label}
		}
	}
	return Landing{From: from.label}
}

// lands finds the step that an older label speaks of.
func (p *Program) lands(moved map[string]string, label string) (pc int, ok bool) {
	if label == "" {
		return 0, false
	}
	if renamed, was := moved[label]; was {
		label = renamed
	}
	pc, ok = p.at[label]
	return pc, ok
}

// following is what comes after an instruction for who is through with it; -1
// after the last.
func (p *Program) following(pc int) int {
	switch code := &p.code[pc]; code.op {
	case opBranch:
		return code.after
	case opJump:
		return code.to
	case opEnd, opExit:
		return -1
	default:
		return pc + 1
	}
}

// Migrate takes a state of p over into another revision, at the present instant.
// The cohort must be paused, with nothing in flight. Step `to` afterwards.
func (p *Program) Migrate(s *State, to *Program, m Migration, now time.Time) error {
	if err := p.adopt(s); err != nil {
		return err
	}
	if !s.paused || s.InFlight() > 0 {
		return ErrInFlight
	}
	switch m.Policy {
	case campaign.Migrate, campaign.Restart, campaign.Leave:
	default:
		return fmt.Errorf("journey %s: nobody is migrated by on_change = %q", p.name, m.Policy)
	}
	mig := migration{Migration: m, from: p, to: to, now: instantOf(now)}
	for i := range s.members {
		mig.member(&s.members[i])
	}
	mig.facts(s)
	s.program = nil // to adopts it
	return to.adopt(s)
}

// migration is one Migrate at work.
type migration struct {
	Migration
	from, to *Program
	now      instant
}

func (g *migration) member(m *member) {
	switch {
	case m.phase == ended:
		g.ended(m)
	case g.Policy == campaign.Leave:
		g.finish(m, Edited)
	case g.Policy == campaign.Restart:
		g.begin(m, 0)
		if m.visit < math.MaxUint8 {
			m.visit++ // what is sent anew is another effect
		}
	default:
		g.land(m)
	}
}

// ended keeps how it ended; a step that is gone can no longer say which exit.
func (g *migration) ended(m *member) {
	at, ok := g.to.lands(g.Moved, g.from.code[m.pc].label)
	switch {
	case m.outcome == Exited && ok && g.to.code[at].op == opExit:
		m.pc = uint16(at)
	default:
		m.pc = g.end()
		if m.outcome == Exited {
			m.outcome = Finished
		}
	}
}

func (g *migration) land(m *member) {
	l := g.from.landing(g.to, g.Moved, g.labelled(int(m.pc)))
	if l.To == "" {
		if m.phase == ready { // before Start
			g.begin(m, 0)
			return
		}
		g.finish(m, Finished)
		return
	}
	pc := g.to.at[l.To]
	if !l.Kept {
		g.begin(m, pc)
		return
	}
	m.pc = uint16(pc)
	m.flags = m.flags&registered | dirty
	if m.phase == deferred && g.to.code[pc].op == opAct { // put off until then, still
		return
	}
	m.phase, m.due, m.ask = ready, 0, 0 // its wait is computed anew, from since
}

// labelled is the instruction of a step at or after pc: before Start a member is
// at the first, whatever it is.
func (g *migration) labelled(pc int) int {
	for g.from.code[pc].label == "" && g.from.following(pc) >= 0 {
		pc = g.from.following(pc)
	}
	return pc
}

// begin puts a member before a step, as of now.
func (g *migration) begin(m *member, pc int) {
	*m = member{pc: uint16(pc), visit: m.visit, since: max(m.since, g.now), flags: m.flags&registered | dirty}
}

func (g *migration) finish(m *member, outcome Outcome) {
	*m = member{pc: g.end(), visit: m.visit, phase: ended, outcome: outcome, since: g.now, flags: m.flags&registered | dirty}
}

func (g *migration) end() uint16 { return uint16(len(g.to.code) - 1) }

// facts carries step.X.met over for the waits that are there still.
func (g *migration) facts(s *State) {
	was := s.facts
	s.facts = make([]fact, len(g.to.waits))
	for i := range s.facts {
		s.facts[i] = fact{newBits(len(s.members)), newBits(len(s.members))}
	}
	for ordinal, pc := range g.from.waits {
		at, ok := g.to.lands(g.Moved, g.from.code[pc].label)
		if ok && g.to.code[at].op == opWait {
			s.facts[g.to.code[at].ordinal] = was[ordinal]
		}
	}
}
