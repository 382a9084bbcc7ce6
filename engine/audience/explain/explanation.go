package explain

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/store"
)

// Question is a person, and a segment.
type Question struct {
	Segment string
	Person  expr.Subject
	Now     time.Time
	Next    time.Time                           // when the answer changes by itself; zero: it does not, as far as is known
	Moves   []store.Move                        // the newest first
	Event   func(seq int64) (store.Event, bool) // what moved the person; nil: is not looked up
}

// Explanation is why a person is in a segment, or is not.
type Explanation struct {
	Segment  string     `json:"segment"`
	When     string     `json:"when"`
	At       time.Time  `json:"at"`
	Truth    string     `json:"truth"`
	Findings []Finding  `json:"findings"`
	Next     *time.Time `json:"next,omitempty"` // when it changes with no news
	Moves    []Told     `json:"moves,omitempty"`
}

// Told is a move, in words.
type Told struct {
	Entered    bool        `json:"entered"`
	At         time.Time   `json:"at"`
	Cause      store.Cause `json:"cause"`
	Because    string      `json:"because"`
	Definition string      `json:"definition,omitempty"`
	Findings   []Finding   `json:"findings,omitempty"` // what was found then
}

// Explain answers a question. The error is that of a segment which the project
// does not have, or which cannot be asked.
func (e *Explainer) Explain(q Question) (*Explanation, error) {
	s, err := e.project.Segment(q.Segment)
	if err != nil {
		return nil, fmt.Errorf("explaining segment.%s: %w", q.Segment, err)
	}
	out := &Explanation{
		Segment: q.Segment, When: s.When.Text(), At: q.Now.UTC(),
		Truth: s.When.Test(q.Person, q.Now).String(), Findings: e.Findings(q.Person, s.When, q.Now),
	}
	if !q.Next.IsZero() {
		next := q.Next.UTC()
		out.Next = &next
	}
	for _, m := range q.Moves {
		if m.Segment == q.Segment {
			out.Moves = append(out.Moves, tell(m, q))
		}
	}
	return out, nil
}

func tell(m store.Move, q Question) Told {
	t := Told{Entered: m.Inside, At: m.At.UTC(), Cause: m.Cause, Definition: m.Definition.Short()}
	if found, err := Decode(m.Operands); err == nil {
		t.Findings = found
	}
	switch m.Cause {
	case store.ByEvent:
		t.Because = eventWords(m, q)
	case store.ByTime:
		t.Because = timeWords(t.Findings)
	case store.ByProfile:
		t.Because = "what is known of them, or their consent, changed"
	case store.ByImport:
		t.Because = "an import brought it"
	case store.ByEdit:
		t.Because = fmt.Sprintf("the definition was changed (apply %d)", m.Ref)
	case store.ByStart:
		t.Because = "the segment was counted for the first time"
	default:
		t.Because = string(m.Cause)
	}
	return t
}

func eventWords(m store.Move, q Question) string {
	if q.Event != nil {
		if e, ok := q.Event(m.Ref); ok {
			return fmt.Sprintf("of %s%s on %s", e.Name, named(nameOf(expr.EventRow{Props: e.Properties})), day(e.At))
		}
	}
	return fmt.Sprintf("of an event (%d)", m.Ref)
}

// timeWords names the events that became too old, those of deciding parts first.
func timeWords(found []Finding) string {
	turns := turnsOf(found, true)
	if len(turns) == 0 {
		turns = turnsOf(found, false)
	}
	switch len(turns) {
	case 0:
		return "time passed"
	case 1:
		t := turns[0]
		return fmt.Sprintf("%s%s of %s became older than %s", t.Event, named(t.Name), day(t.At), length(t.Older))
	}
	t := turns[0]
	return fmt.Sprintf("%d events became older than %s, among them %s%s of %s", len(turns), length(t.Older), t.Event, named(t.Name), day(t.At))
}

func turnsOf(found []Finding, deciding bool) []Turn {
	var out []Turn
	for _, f := range found {
		if !deciding || f.Decides {
			out = append(append(out, f.Turned...), turnsOf(f.Parts, deciding)...)
		}
	}
	return out
}
