// Package rehearse plays journeys on simulated time: one made-up person, one
// journey, no server, no store, no clock. It steps the interpreter that runs
// journeys for real, and asks the same questions of the same expressions.
//
// By role:
//   - a project prepared: Stage
//   - one play: Stage.Play, Run (a time-line, what was sent, how it ended)
//   - what should have come of it: Check, WriteFailure
//   - what a set of plays has been through: Coverage
//
// Enters: a linked project and a campaign.Test. Leaves: a Run. Refused: more than
// one journey at a time (a step that enters another is noted, and no more), and
// anything that leaves the process: messages are recorded, calls are answered as the
// test says.
//
// # The person
//
// Has number 1, the mail address of SampleEmail unless the test gives one, and
// permits every topic on every channel unless the test gives a consent. What
// happened before the test's start is history: it counts in conditions and sets
// nothing off. A trigger that watches who enters a segment takes who is inside at the
// start.
//
// # Order
//
// Instants come in order, and what happens at one of them in the order written; what
// a step brings about follows at once. An event is put on record, then moves the
// person into the watched segment or out of it, then ends waits and journeys, then
// meets the trigger. Time that nobody waits for costs nothing.
package rehearse
