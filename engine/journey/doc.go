// Package journey is the interpreter of journeys: a state machine that is
// stepped from outside and asks for its effects by commands. The Temporal
// workflow, tests on simulated time and simulations all step the same one.
//
// By role:
//   - the definition, compiled once for each revision: Compile, Program
//   - where a cohort's people are: State, with a compact encoding of its own
//   - what happens to them: Input, a sealed sum (Start, Tick, Decided, Sent,
//     PutOff, Reacted, Cancel, Resume)
//   - what is to be done: Command, a sealed sum (Decide, Send, Wake, Progress,
//     End)
//   - the vocabulary of effects, which the engine implements and Temporal's
//     history records: DecideRequest, SendRequest, ProgressRequest and others
//   - what an operator sees: Row
//
// Enters: a campaign.Journey, inputs, and the present instant of campaign time.
// Leaves: commands. Refused, by an error: a journey that cannot be walked, a
// state that belongs to another program or to a newer interpreter. Nothing here
// reads a clock, draws a random number, iterates a map or does I/O: the same
// inputs give the same commands, on every replay.
//
// # The way of one member
//
// A member is always at one step, in one phase:
//
//	Start ─▶ at a step ─┬─ send ──────────▶ sending ─┬─ sent, withheld, failed, unknown ─▶ next step
//	                    │                            └─ put off until T ─▶ deferred ─▶ at T, the same step
//	                    ├─ branch ────────▶ asking ─── decided ─▶ into a case, or past the branch
//	                    ├─ wait, with a ──▶ asking ─┬─ met ─▶ next step
//	                    │  question                 ├─ not met, and over ─▶ next step
//	                    │                           └─ not met, in time ─▶ waiting ─┬─ a reaction ─▶ asking
//	                    │                                                           └─ due ─▶ asking, for the last time
//	                    ├─ plain wait ────▶ sleeping ─ due ─▶ next step
//	                    └─ exit, or no step left ─▶ ended
//
//	from anywhere:  exit_when holds, gone, cancelled ─▶ ended
//
// In sending and asking an effect is in flight, and its result moves the member
// on. In sleeping, waiting and deferred the member waits at a named step, for an
// instant or for events of the person, which were registered before the
// condition was asked for the first time. Nobody is anywhere else.
//
// # Rules
//
// Exit wins. exit_when goes along with every question and every send, so it is
// asked at entry, whenever something that it looks at may have changed it, and
// again in the moment of sending.
//
// A wait counts from the recorded instant of what came before: the end of the
// send, the wake of the wait before, the entry. Outages therefore do not stretch a
// journey. What lies in the past is due at once. At its timeout a condition is
// asked for the last time, as of that instant: an event whose signal is late still
// counts.
//
// Wakes align up to the wait's React grid, and at least to a grid of half a
// percent of the wait (5 minutes for a day), so that people who were sent to at
// nearly the same time wake together.
//
// A send is an effect at most once for each member, step and visit: those three
// are the ledger's key, and whoever is put off is tried again under the same one.
package journey
