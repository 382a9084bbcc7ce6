package journey

import "time"

// Input is something that happened to a cohort. It is a sealed sum: Start, Tick,
// Decided, Sent, PutOff, Reacted, Cancel, Resume. Inputs may come in any order
// and more than once: what no longer fits is passed over.
type Input interface{ input() }

// Start lets the members in; waits count from At, when they entered.
type Start struct{ At time.Time }

// Tick says nothing but that time has passed.
type Tick struct{}

// Decided answers a Decide.
type Decided struct {
	Decide Decide
	Result DecideResult
}

// Sent answers a Send, or a batch of one.
type Sent struct {
	Send   Send
	Result SendResult
}

// PutOff says that an effect in flight came to nothing for these members, for
// want of infrastructure; it is tried again At.
type PutOff struct {
	Members Members
	At      time.Time
}

// Reacted says that something happened which members wait for.
type Reacted struct{ Reaction Reaction }

// Cancel ends members, all of them when Members is nil, with an Outcome; the zero
// Outcome is Cancelled. Who is mid-effect ends after it.
type Cancel struct {
	Members Members
	Outcome Outcome
}

// Resume says that nothing is in flight and no timer runs, whatever the state
// thinks: a run that continues, or one restored. It is all asked for again.
type Resume struct{}

func (Start) input()   {}
func (Tick) input()    {}
func (Decided) input() {}
func (Sent) input()    {}
func (PutOff) input()  {}
func (Reacted) input() {}
func (Cancel) input()  {}
func (Resume) input()  {}
