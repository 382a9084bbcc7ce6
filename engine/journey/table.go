package journey

import "time"

// Row is one line of what an operator sees: a step with the people at it, or an
// outcome with those who ended so.
type Row struct {
	Step    string    `json:"step,omitempty"`
	Kind    string    `json:"kind,omitempty"` // "send", "wait", "branch"; "" for an outcome
	Outcome string    `json:"outcome,omitempty"`
	People  int       `json:"people"`
	Busy    int       `json:"busy,omitempty"`      // of them, with an effect in flight
	PutOff  int       `json:"put_off,omitempty"`   // of them, to be tried again later
	NextAt  time.Time `json:"next_at,omitzero"`    // when the first of them wakes
	Passed  int       `json:"passed,omitempty"`    // of a wait: for whom it was met
	Missed  int       `json:"timed_out,omitempty"` // of a wait: for whom it was not
}

// Table counts people by step, in the order written, then by outcome. Steps that
// nobody is at are listed too: the table is the journey.
func (p *Program) Table(s *State) ([]Row, error) {
	if err := p.adopt(s); err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(p.at)+int(outcomes))
	rowOf := make([]int, len(p.code)) // by instruction; those before Start are at instruction 0
	for pc := range p.code {
		code := &p.code[pc]
		if code.label == "" || code.op == opExit {
			continue
		}
		rowOf[pc] = len(rows)
		row := Row{Step: code.label, Kind: code.kind}
		if code.until {
			row.Passed, row.Missed = s.facts[code.ordinal].met.count(), s.facts[code.ordinal].unmet.count()
		}
		rows = append(rows, row)
	}
	var byOutcome [outcomes]int
	exits := make([]int, len(p.code))
	for i := range s.members {
		m := &s.members[i]
		switch {
		case m.phase == ended && m.outcome == Exited:
			exits[m.pc]++
		case m.phase == ended:
			byOutcome[m.outcome]++
		case len(rows) > 0:
			rows[rowOf[m.pc]].count(m)
		}
	}
	for pc, n := range exits {
		if n > 0 {
			rows = append(rows, Row{Outcome: Exited.String() + " " + p.code[pc].label, People: n})
		}
	}
	for o, n := range byOutcome {
		if n > 0 {
			rows = append(rows, Row{Outcome: Outcome(o).String(), People: n})
		}
	}
	return rows, nil
}

func (r *Row) count(m *member) {
	r.People++
	wake := m.due
	switch m.phase {
	case asking, acting:
		r.Busy++
	case deferred:
		r.PutOff++
		wake = m.ask
	}
	if t := wake.time(); wake != 0 && (r.NextAt.IsZero() || t.Before(r.NextAt)) {
		r.NextAt = t
	}
}
