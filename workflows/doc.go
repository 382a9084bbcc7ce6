// Package workflows runs campaigns on Temporal, and is the only home of its SDK.
// It decides nothing: journeys are stepped by engine/journey, and every effect is
// an activity that calls the Engine.
//
// By role:
//   - what is run: the workflows Journey (a cohort of up to 1,000 people),
//     Broadcast (one issue to a frozen audience) and Tick (of a schedule)
//   - what carries effects out: Engine, which the caller implements
//   - what is looked up: Definitions; live.Holder is the usual one
//   - a connection: Dial, Runtime (start, signal, cancel, schedules)
//   - what serves: Worker; what tells Temporal what the store has queued: Pump
//
// Enters: requests to start, reactions, ticks. Leaves: activities, in Temporal's
// history, that hold indices, step labels, instants and digests. Refused: personal
// data (error texts are scrubbed of addresses), search attributes too long for
// the server, cohorts of more than 1,000.
//
// # How a cohort runs
//
//	inputs:   start, answers of activities, the timer, signals, updates
//	             │  gathered, folded
//	             ▼
//	          journey.Program.Step ──▶ Decide, Send: activities, answered later
//	                               ├─▶ Wake: the one timer
//	                               ├─▶ Progress: an activity, waited for
//	                               └─▶ End
//
// What one command sends moves on together, when its last batch has come back.
// When the server suggests to continue as new, nothing is launched any more;
// what is in flight lands, signals are folded in, and the next run asks anew
// for what was not launched.
//
// # What a definition is
//
// Input carries its digest. A worker that does not know it fails the workflow
// task, which the server repeats until a worker knows it.
package workflows
