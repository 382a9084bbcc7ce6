package campaign

import (
	"encoding/json"
	"fmt"
	"time"
)

// Trigger is what lets people into a journey. Exactly one of its pointers is set.
type Trigger struct {
	Name     string           `json:"name"`
	Event    *EventTrigger    `json:"event,omitempty"`
	Segment  *SegmentTrigger  `json:"segment,omitempty"`
	Date     *DateTrigger     `json:"date,omitempty"`
	Schedule *ScheduleTrigger `json:"schedule,omitempty"`
	Catalog  *CatalogTrigger  `json:"catalog,omitempty"`
	API      *APITrigger      `json:"api,omitempty"`
}

// EventTrigger enrols whoever an event happens to.
type EventTrigger struct {
	Event  string        `json:"event"`            // label
	Key    *Expr         `json:"key,omitempty"`    // string: one enrolment for each
	Settle time.Duration `json:"settle,omitempty"` // wait until the key has been quiet this long
	Where  *Expr         `json:"where,omitempty"`  // asked when settled
	Items  *Expr         `json:"items,omitempty"`  // list: one enrolment for each element, trigger.item
}

// Item is the type of trigger.item; nil without Items.
func (t *EventTrigger) Item() *Type {
	if t.Items == nil {
		return nil
	}
	return t.Items.Type.Elem
}

// SegmentTrigger enrols whoever enters a segment, or leaves it.
type SegmentTrigger struct {
	Segment  string `json:"segment"`
	Leaves   bool   `json:"leaves,omitempty"`   // whoever leaves it
	Backfill bool   `json:"backfill,omitempty"` // people whom an edit moves in, too
}

// ScheduleTrigger enrols an audience whenever the schedule says.
type ScheduleTrigger struct {
	Audience Expr     `json:"audience"`
	Schedule Schedule `json:"schedule"`
}

// CatalogTrigger enrols people when rows of a catalog change at an apply or an
// import: a price drops, something is back in stock.
type CatalogTrigger struct {
	Catalog string `json:"catalog"`
	Where   *Expr  `json:"where,omitempty"` // over `before` and `after`, rows
	People  Expr   `json:"people"`          // condition over a person and `after`
}

// APITrigger enrols whom an Enter step of another journey names.
type APITrigger struct {
	Inputs []Field `json:"inputs,omitempty"` // trigger.event
}

// Type is the type of trigger.event: the inputs, and `at`.
func (t *APITrigger) Type() Type { return (&Event{Properties: t.Inputs}).Type() }

// DateTrigger enrols each person on the yearly return of a date.
type DateTrigger struct {
	Date     Expr   `json:"date"`               // date of birth, of joining
	At       string `json:"at"`                 // local clock time: 09:00
	Timezone string `json:"timezone,omitempty"` // IANA name, or Recipient
}

// Step is one step of a journey. It is a sealed sum:
//   - what acts: *Send, *Update, *Subscribe, *Emit, *Call, *Enter
//   - what holds: *Wait, *Throttle
//   - what parts: *Branch, *Split, *Exit
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

// Wait lets time pass. One of four: For; Until a condition, with a Timeout; Delay
// or At, which differ from person to person. Window may go with each of the last
// two and with For, or stand alone: who wakes outside of it waits for its
// beginning.
type Wait struct {
	Name     string        `json:"name"`
	For      time.Duration `json:"for,omitempty"`
	Until    *Expr         `json:"until,omitempty"`
	Timeout  time.Duration `json:"timeout,omitempty"`  // 0 with Until: never
	Delay    *Expr         `json:"delay,omitempty"`    // duration
	At       *Expr         `json:"at,omitempty"`       // time, or date with Clock
	Clock    string        `json:"clock,omitempty"`    // local clock time of a date: 09:00
	Timezone string        `json:"timezone,omitempty"` // of Clock and Window: IANA name, or Recipient
	Window   *Window       `json:"window,omitempty"`
	React    time.Duration `json:"react,omitempty"` // grid that wakes and reactions align to; 0: at once
}

// Personal reports whether people wait for instants of their own.
func (w *Wait) Personal() bool { return w.Delay != nil || w.At != nil || w.Window != nil }

// Window is a part of the day, on some days of the week. One that ends before it
// begins goes over midnight.
type Window struct {
	From string `json:"from"`           // 09:00
	To   string `json:"to"`             // 17:00, exclusive
	Days []int  `json:"days,omitempty"` // Monday 1 to Sunday 7; empty: all
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

// Split sends people down one of several arms by chance. Who has been in an arm
// comes into it again.
type Split struct {
	Name string `json:"name"`
	Salt string `json:"salt"` // what a person's arm hangs on, with the person
	Arms []Arm  `json:"arms"`
}

// Arm is one way of a Split.
type Arm struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"` // relative to the other arms
	Steps  Steps   `json:"steps,omitempty"`
}

// Update sets attributes of the person. One that comes out unknown is removed.
type Update struct {
	Name string    `json:"name"`
	Set  []Binding `json:"set"` // Input is the attribute
}

// Subscribe gives or takes back the permission for a topic on a channel.
type Subscribe struct {
	Name    string `json:"name"`
	Topic   string `json:"topic"`
	Channel string `json:"channel"`
	Granted bool   `json:"granted"` // false: unsubscribe
}

// Emit records an event of the person.
type Emit struct {
	Name  string    `json:"name"`
	Event string    `json:"event"` // label
	With  []Binding `json:"with,omitempty"`
}

// Call asks a web service. What it answers is step.NAME.status and, where a
// Response is declared, step.NAME.response.
type Call struct {
	Name     string            `json:"name"`
	Method   string            `json:"method"` // GET, POST, PUT, PATCH, DELETE
	URL      string            `json:"url"`    // https://…, without values of people
	Query    []Binding         `json:"query,omitempty"`
	Body     []Binding         `json:"body,omitempty"` // JSON object
	Headers  map[string]string `json:"headers,omitempty"`
	Secrets  map[string]Secret `json:"secrets,omitempty"` // further headers
	Response []Field           `json:"response,omitempty"`
	Timeout  time.Duration     `json:"timeout"`
	Retries  int               `json:"retries"` // after what may pass: connection, 429, 5xx
}

// Enter enrols the person in another journey.
type Enter struct {
	Name    string    `json:"name"`
	Journey string    `json:"journey"`
	With    []Binding `json:"with,omitempty"` // inputs of its APITrigger
}

// Throttle lets at most Max people through in any Per; the others wait their turn.
type Throttle struct {
	Name string        `json:"name"`
	Max  int           `json:"max"`
	Per  time.Duration `json:"per"`
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

// StepName returns the label.
func (s *Split) StepName() string { return s.Name }

// StepName returns the label.
func (u *Update) StepName() string { return u.Name }

// StepName returns the label.
func (s *Subscribe) StepName() string { return s.Name }

// StepName returns the label.
func (e *Emit) StepName() string { return e.Name }

// StepName returns the label.
func (c *Call) StepName() string { return c.Name }

// StepName returns the label.
func (e *Enter) StepName() string { return e.Name }

// StepName returns the label.
func (t *Throttle) StepName() string { return t.Name }

func (*Send) step()      {}
func (*Wait) step()      {}
func (*Branch) step()    {}
func (*Exit) step()      {}
func (*Split) step()     {}
func (*Update) step()    {}
func (*Subscribe) step() {}
func (*Emit) step()      {}
func (*Call) step()      {}
func (*Enter) step()     {}
func (*Throttle) step()  {}

// Steps are walked in the order written.
type Steps []Step

// Walk calls f for every step, those inside branches and arms included, in the
// order written.
func (s Steps) Walk(f func(Step)) {
	for _, step := range s {
		f(step)
		switch step := step.(type) {
		case *Branch:
			for _, c := range step.Cases {
				c.Steps.Walk(f)
			}
		case *Split:
			for _, a := range step.Arms {
				a.Steps.Walk(f)
			}
		}
	}
}

// stepJSON holds a step under the name of its variant.
type stepJSON struct {
	Send      *Send      `json:"send,omitempty"`
	Wait      *Wait      `json:"wait,omitempty"`
	Branch    *Branch    `json:"branch,omitempty"`
	Exit      *Exit      `json:"exit,omitempty"`
	Split     *Split     `json:"split,omitempty"`
	Update    *Update    `json:"update,omitempty"`
	Subscribe *Subscribe `json:"subscribe,omitempty"`
	Emit      *Emit      `json:"emit,omitempty"`
	Call      *Call      `json:"call,omitempty"`
	Enter     *Enter     `json:"enter,omitempty"`
	Throttle  *Throttle  `json:"throttle,omitempty"`
}

// put files a step under its variant.
func (j *stepJSON) put(step Step) {
	switch step := step.(type) {
	case *Send:
		j.Send = step
	case *Wait:
		j.Wait = step
	case *Branch:
		j.Branch = step
	case *Exit:
		j.Exit = step
	case *Split:
		j.Split = step
	case *Update:
		j.Update = step
	case *Subscribe:
		j.Subscribe = step
	case *Emit:
		j.Emit = step
	case *Call:
		j.Call = step
	case *Enter:
		j.Enter = step
	case *Throttle:
		j.Throttle = step
	}
}

// step is the one that is there; nil for none that is known.
func (j *stepJSON) step() Step {
	switch {
	case j.Send != nil:
		return j.Send
	case j.Wait != nil:
		return j.Wait
	case j.Branch != nil:
		return j.Branch
	case j.Exit != nil:
		return j.Exit
	case j.Split != nil:
		return j.Split
	case j.Update != nil:
		return j.Update
	case j.Subscribe != nil:
		return j.Subscribe
	case j.Emit != nil:
		return j.Emit
	case j.Call != nil:
		return j.Call
	case j.Enter != nil:
		return j.Enter
	case j.Throttle != nil:
		return j.Throttle
	}
	return nil
}

// MarshalJSON writes a list of objects, each with one member that tells the variant.
func (s Steps) MarshalJSON() ([]byte, error) {
	out := make([]stepJSON, len(s))
	for i, step := range s {
		out[i].put(step)
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
	for i := range in {
		if out[i] = in[i].step(); out[i] == nil {
			return fmt.Errorf("step %d is of a kind that this version of herald does not know: upgrade the worker", i+1)
		}
	}
	*s = out
	return nil
}
