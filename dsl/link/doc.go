// Package link makes programs of definitions: conditions and templates, checked
// and ready to run, in the same way when a project is compiled, when it is
// planned and in every worker that runs it.
//
// By role:
//   - what may be named where: World, PersonScope, TriggerScope, JourneyScope,
//     BroadcastScope, Templates
//   - the whole: Project, made by Link from resources
//   - its parts, made when first asked for: Segment, Message, Journey, Broadcast
//   - what a condition depends on, segments included: Project.Closure, Interests
//
// Enters: resources as they are stored. Leaves: programs; they are immutable and
// safe for concurrent use. Refused: people, storage, clocks.
//
// A project of ten thousand resources is linked in the time of reading its
// model: each segment, message, journey and broadcast is decoded and checked
// when it is first used, once.
package link
