package journey

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Command is something to be done. It is a sealed sum: Decide, Send, Wake,
// Progress, End. Commands are carried out in the order given; Decide and Send
// may then run side by side and are answered by inputs.
type Command interface{ command() }

// Decide asks conditions; see DecideRequest. It is answered by Decided or PutOff.
type Decide struct {
	Number   int64 // of the effect, within its cohort
	Step     string
	At       time.Time
	Register bool
	Members  Members
	Facts    []Fact
}

// Request addresses the question to the engine.
func (d Decide) Request(cohort string, definition campaign.Digest) DecideRequest {
	return DecideRequest{Cohort: cohort, Definition: definition, Step: d.Step, At: d.At, Register: d.Register, Members: d.Members, Facts: d.Facts}
}

// Send sends a step's message; see SendRequest. It is answered by Sent or PutOff,
// whole or in batches.
type Send struct {
	Number  int64 // of the effect, within its cohort; batches share it
	Step    string
	Visit   int
	At      time.Time
	Members Members
	Facts   []Fact
}

// Request addresses a send of at most BatchSize members to the engine.
func (s Send) Request(cohort string, definition campaign.Digest) SendRequest {
	return SendRequest{Cohort: cohort, Definition: definition, Step: s.Step, Visit: s.Visit, At: s.At, Members: s.Members, Facts: s.Facts}
}

// Batches cuts a send into sends of at most size members.
func (s Send) Batches(size int) []Send {
	chunks := s.Members.Chunks(size)
	batches := make([]Send, len(chunks))
	for i, chunk := range chunks {
		batches[i] = s
		batches[i].Members = chunk
		batches[i].Facts = nil
		for _, f := range s.Facts {
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
func (Send) command()     {}
func (Wake) command()     {}
func (Progress) command() {}
func (End) command()      {}
