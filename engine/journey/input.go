package journey

import "time"

// Input is something that happened to a cohort. It is a sealed sum: Start, Tick,
// Decided, Acted, PutOff, Reacted, Cancel, Pause, Unpause, Resume. Inputs may come in any order
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

// Acted answers an Act, or a batch of one.
type Acted struct {
	Act    Act
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

// Pause lets what is in flight land and everything else stand still, until
// Unpause. What fell due meanwhile is due then.
type Pause struct{}

// Unpause ends a Pause.
type Unpause struct{}

// Resume says that nothing is in flight and no timer runs, whatever the state
// thinks: a run that continues, or one restored. It is all asked for again.
type Resume struct{}

func (Start) input()   {}
func (Tick) input()    {}
func (Decided) input() {}
func (Acted) input()   {}
func (PutOff) input()  {}
func (Reacted) input() {}
func (Cancel) input()  {}
func (Pause) input()   {}
func (Unpause) input() {}
func (Resume) input()  {}
