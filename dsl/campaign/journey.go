package campaign

import (
	"encoding/json"
	"fmt"
	"time"
)

// Trigger is what lets people into a journey. Exactly one of Event, Segment and
// Date is set.
type Trigger struct {
	Name    string          `json:"name"`
	Event   *EventTrigger   `json:"event,omitempty"`
	Segment *SegmentTrigger `json:"segment,omitempty"`
	Date    *DateTrigger    `json:"date,omitempty"`
}

// EventTrigger enrols whoever an event happens to.
type EventTrigger struct {
	Event  string        `json:"event"`            // label
	Key    *Expr         `json:"key,omitempty"`    // string: one enrolment for each
	Settle time.Duration `json:"settle,omitempty"` // wait until the key has been quiet this long
	Where  *Expr         `json:"where,omitempty"`  // asked when settled
}

// SegmentTrigger enrols whoever enters a segment.
type SegmentTrigger struct {
	Segment  string `json:"segment"`
	Backfill bool   `json:"backfill,omitempty"` // people whom an edit moves in, too
}

// DateTrigger enrols each person on the yearly return of a date.
type DateTrigger struct {
	Date     Expr   `json:"date"`               // date of birth, of joining
	At       string `json:"at"`                 // local clock time: 09:00
	Timezone string `json:"timezone,omitempty"` // IANA name, or Recipient
}

// Step is one step of a journey. It is a sealed sum: *Send, *Wait, *Branch, *Exit.
type Step interface {
	// StepName is the label, unique within the journey.
	StepName() string
	step()
}

// Send sends a message.
type Send struct {
	Name          string    `json:"name"`
	Message       string    `json:"message"`
	With          []Binding `json:"with,omitempty"`
	ResendUnknown bool      `json:"resend_unknown,omitempty"` // send again what may have been sent
}

// Wait lets time pass: For, or Until a condition with a Timeout.
type Wait struct {
	Name    string        `json:"name"`
	For     time.Duration `json:"for,omitempty"`
	Until   *Expr         `json:"until,omitempty"`
	Timeout time.Duration `json:"timeout,omitempty"` // 0 with Until: never
	React   time.Duration `json:"react,omitempty"`   // grid that wakes and reactions align to; 0: at once
}

// Branch goes down the first case that holds. Without an else, people for whom
// none holds go on after the branch.
type Branch struct {
	Name  string       `json:"name"`
	Cases []BranchCase `json:"cases"` // a last case without When is the else
}

// BranchCase is one way of a Branch.
type BranchCase struct {
	Name  string `json:"name"` // "else" for the last
	When  *Expr  `json:"when,omitempty"`
	Steps Steps  `json:"steps,omitempty"`
}

// Exit ends the journey for who gets there.
type Exit struct {
	Name string `json:"name"`
}

// StepName returns the label.
func (s *Send) StepName() string { return s.Name }

// StepName returns the label.
func (w *Wait) StepName() string { return w.Name }

// StepName returns the label.
func (b *Branch) StepName() string { return b.Name }

// StepName returns the label.
func (e *Exit) StepName() string { return e.Name }

func (*Send) step()   {}
func (*Wait) step()   {}
func (*Branch) step() {}
func (*Exit) step()   {}

// Steps are walked in the order written.
type Steps []Step

// Walk calls f for every step, those inside branches included, in the order
// written.
func (s Steps) Walk(f func(Step)) {
	for _, step := range s {
		f(step)
		if b, ok := step.(*Branch); ok {
			for _, c := range b.Cases {
				c.Steps.Walk(f)
			}
		}
	}
}

// stepJSON holds a step under the name of its variant.
type stepJSON struct {
	Send   *Send   `json:"send,omitempty"`
	Wait   *Wait   `json:"wait,omitempty"`
	Branch *Branch `json:"branch,omitempty"`
	Exit   *Exit   `json:"exit,omitempty"`
}

// MarshalJSON writes a list of objects, each with one member that tells the variant.
func (s Steps) MarshalJSON() ([]byte, error) {
	out := make([]stepJSON, len(s))
	for i, step := range s {
		switch step := step.(type) {
		case *Send:
			out[i].Send = step
		case *Wait:
			out[i].Wait = step
		case *Branch:
			out[i].Branch = step
		case *Exit:
			out[i].Exit = step
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Steps) UnmarshalJSON(b []byte) error {
	var in []stepJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	out := make(Steps, len(in))
	for i, j := range in {
		switch {
		case j.Send != nil:
			out[i] = j.Send
		case j.Wait != nil:
			out[i] = j.Wait
		case j.Branch != nil:
			out[i] = j.Branch
		case j.Exit != nil:
			out[i] = j.Exit
		default:
			return fmt.Errorf("step %d is of a kind that this version of herald does not know: upgrade the worker", i+1)
		}
	}
	*s = out
	return nil
}
