package journey

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Command is something to be done. It is a sealed sum: Decide, Act, Wake,
// Progress, End. Commands are carried out in the order given; Decide and Act
// may then run side by side and are answered by inputs.
type Command interface{ command() }

// Decide asks conditions; see DecideRequest. It is answered by Decided or PutOff.
type Decide struct {
	Number   int64 // of the effect, within its cohort
	Step     string
	At       time.Time
	Register bool
	Visit    int // 0 is the first
	Members  Members
	Facts    []Fact
}

// Request addresses the question to the engine.
func (d Decide) Request(cohort string, definition campaign.Digest) DecideRequest {
	return DecideRequest{Cohort: cohort, Definition: definition, Step: d.Step, At: d.At, Register: d.Register, Visit: d.Visit, Members: d.Members, Facts: d.Facts}
}

// Act carries out a step's effect upon each member: it sends the message of a
// send, sets the attributes of an update, and so on; see SendRequest. It is
// answered by Acted or PutOff, whole or in batches.
type Act struct {
	Number  int64  // of the effect, within its cohort; batches share it
	Kind    string // of the step: "send", "update", "subscribe", "unsubscribe", "emit", "call", "enter", "throttle"
	Step    string
	Visit   int
	At      time.Time
	Members Members
	Facts   []Fact
}

// Request addresses an effect upon at most BatchSize members to the engine.
func (a Act) Request(cohort string, definition campaign.Digest) SendRequest {
	return SendRequest{Cohort: cohort, Definition: definition, Step: a.Step, Visit: a.Visit, At: a.At, Members: a.Members, Facts: a.Facts}
}

// Batches cuts an effect into effects upon at most size members.
func (a Act) Batches(size int) []Act {
	chunks := a.Members.Chunks(size)
	batches := make([]Act, len(chunks))
	for i, chunk := range chunks {
		batches[i] = a
		batches[i].Members = chunk
		batches[i].Facts = nil
		for _, f := range a.Facts {
			batches[i].Facts = append(batches[i].Facts, Fact{f.Step, f.Met.and(chunk), f.Unmet.and(chunk)})
		}
	}
	return batches
}

// Wake sets the one timer of the run, in place of the one before; at At a Tick is
// due. A zero At means that there is none to set.
type Wake struct {
	At   time.Time
	Step string // where the first to wake is
}

// Progress writes down where people are; see ProgressRequest. It is carried out
// before the next input is stepped: what it unregisters must be gone before its
// members can register anew.
type Progress struct {
	At         time.Time
	Places     []Place
	Unregister Members
	Ended      bool
}

// Request addresses the progress to the engine.
func (p Progress) Request(cohort string) ProgressRequest {
	return ProgressRequest{Cohort: cohort, At: p.At, Places: p.Places, Unregister: p.Unregister, Ended: p.Ended}
}

// End says that the run is over: everybody has ended, and the store knows.
type End struct{}

func (Decide) command()   {}
func (Act) command()      {}
func (Wake) command()     {}
func (Progress) command() {}
func (End) command()      {}
