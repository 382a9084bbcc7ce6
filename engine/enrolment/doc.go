// Package enrolment owns the enrolment: one person's way through a journey. It
// lets people in, tells them where to go, and remembers where they are. It keeps
// who is inside each segment, since that is what most people enter by.
//
// By role:
//   - keeping segments, and letting in: Dispatcher (events, changes of people, time,
//     settled triggers), Membership (what an edit does to segments), Service.Plan
//     (dates and broadcasts)
//   - what conditions are asked of: Index
//   - from other journeys: Service.Enter
//   - on the way: Service.Decide (branches, splits, waits, goals, exits),
//     Service.Progress, Traveller (a person within a journey, as conditions see them)
//   - looking: Service.Show, Service.Explain
//   - the same without a store, for rehearsals: Answer, Knock, NextMoment
//
// Enters: events and changes from the record, instants, ticks, questions of
// workflows. Leaves: moves, cohorts, runs, members, waits and outbox items in the
// store, each in one transaction with the position that it came from, so that each
// happens exactly once. Refused: the interpreter's decisions (package journey), and
// sending (delivery).
//
// # One event, one order
//
// An event is recorded first. Then the Dispatcher looks, for its person: which
// segments does it move; whose wait or exit can it end; which trigger does it meet.
// Events are taken in batches by their sequence; within a batch, a person's segments
// are asked once, with all of the batch recorded.
//
// An enrolment needs: the trigger's `where` holds, the re-entry rule allows it,
// goal_when and exit_when do not hold. Where the rule restarts, who is inside is
// taken out of their run by a Reaction that the same transaction leaves; of several
// entries in one turn the last counts. Who arrives together shares a cohort of at most
// journey.MaxCohort, whose ID follows from the first event.
//
// History counts in every condition, and starts nothing: an event that came from a
// file, one that is received more than MaxLate after it happened, and one that was
// recorded before its trigger went live. What an import says of people moves them
// and fires nothing.
//
// # Segments
//
// The store remembers who is inside each live segment, and each crossing of a
// border as a Move: from when, by what, and what the condition found; many at once
// are a Shift. A turn of the Dispatcher brings the Index to its batch, asks of each
// person only the segments that mention what happened, and compares with a copy in
// memory of who was inside. The copy is worth as much as its turn: a fence in the
// store, which every turn moves on, tells when somebody else has taken one.
//
//   - An event moves at its own time; of several the first that gives the answer is
//     the cause. A change of a person (identify, consent, suppression, merge) moves
//     with the next turn.
//   - Time moves at the instant at which the answer turns: for each person the
//     earliest such instant over all segments waits in a queue, built when a
//     dispatcher takes over and kept after each turn. A person whose instant has come
//     is asked, and nobody else. Events do not wait for that: each turn has so much
//     time on the wall for it (patience.go), and who is left keeps the place. What turned while no dispatcher ran is found by one
//     look at everybody and dated by going back through the instants.
//   - An edit moves whom the new definition selects and the old did not, or the other
//     way round, in one Shift, in the transaction that makes it live.
//
// A crossing fires the triggers that watch for it (enters, leaves), once; not by an
// import, and by an edit only with backfill. A journey that begins to watch a segment
// is not concerned with who was there before, unless it says enters and backfill: then
// it takes everybody who is inside. A
// sweep, once an hour, asks all segments of everybody. It finds nothing; if it does,
// that is logged, counted and put right.
package enrolment
