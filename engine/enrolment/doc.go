// Package enrolment owns the enrolment: one person's way through a journey. It
// lets people in, tells them where to go, and remembers where they are.
//
// By role:
//   - letting in: Dispatcher (events, segments, settled triggers), Membership
//     (what an edit does to segments), Service.Plan (dates and broadcasts)
//   - on the way: Service.Decide (branches, waits, exits), Service.Progress,
//     Traveller (a person within a journey, as conditions see them)
//   - looking: Service.Show
//
// Enters: events from the record, ticks, questions of workflows. Leaves: cohorts,
// runs, members, waits and outbox items in the store, each in one transaction with
// the position that it came from, so that each happens exactly once. Refused: the
// interpreter's decisions (package journey), and sending (delivery).
//
// # One event, one order
//
// An event is recorded first. Then the Dispatcher looks, for its person: which
// segments that triggers watch does it move; whose wait or exit can it end; which
// trigger does it meet. Events are taken in batches by their sequence; within a
// batch, a person's segments are asked once, with all of the batch recorded.
//
// An enrolment needs: the trigger's `where` holds, the re-entry rule allows it,
// exit_when does not hold. Who arrives together shares a cohort of at most
// journey.MaxCohort, whose ID follows from the first event.
//
// History counts in every condition, and starts nothing: an event that came from a
// file, one that is received more than MaxLate after it happened, and one that was
// recorded before its trigger went live. Whom an import moves into a watched segment
// counts as inside already: see History.
//
// # Segments that triggers watch
//
// The store remembers who is inside each of them. Entering fires, once: by an
// event, or by time, which a sweep finds. When nothing is remembered of a segment
// yet, or when an edit moves people, they are remembered without firing, unless
// the trigger says backfill.
package enrolment
