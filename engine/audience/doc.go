// Package audience tells who is in a segment, and answers for a person whatever
// a condition or a template asks.
//
// By role:
//   - one person: Schema, Person (an expr.Subject over a store.Record), Zone,
//     Locale, Person.Values
//   - many people: Evaluator, Selection, Scan (which reads the record from end to
//     end; packages index and pushdown answer the same from columns and in SQL)
//   - two answers compared: Compare, Difference
//   - how much of the record that takes: NeedOf
//
// Enters: a linked project, conditions, an instant. Leaves: indices of people,
// ascending, and counts. Refused: deciding what happens to them; that is
// enrolment's.
//
// Values are brought to their declared types once for each person and only where
// something asks. What does not fit its type counts as absent. A condition that
// is unknown selects nobody, and those people are told apart.
package audience
