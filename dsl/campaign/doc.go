// Package campaign is the model: what a project says, as plain Go values that
// can be written as JSON, stored under their digest and read back by any worker.
//
// By role:
//   - types and values: Type, Field, CivilDate, Coerce, ParseDuration
//   - expressions and templates, as text that has been checked: Expr, Binding
//   - the definitions, one struct for each kind of block: Profile, Event,
//     Catalog, Topic, Segment, Content, Message, Sender, Provider, Journey,
//     Broadcast; all of them implement Definition
//   - what a project is as a whole: Project, Resource, Revision
//
// Enters: nothing but what compile hands it. Leaves: values. Parser types and
// vendor types are refused; so are secrets, which stand here by name only.
package campaign
