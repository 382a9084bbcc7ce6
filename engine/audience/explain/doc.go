// Package explain says why a person is in a segment or is not, and why they
// entered or left: with the parts that the condition hangs on, what each was found
// to be, and which of them decide.
//
// By role:
//   - a project's conditions taken apart: Explainer
//   - what a condition looked at: Finding; Operands is its form in a store.Move
//   - an answer: Question, Explanation, Told; Explanation.Text writes it
//
// Enters: a person as an expr.Subject, an instant, the moves of the past. Leaves:
// values for JSON, and text. Refused: reading a store, and logging: what it says is
// personal data.
package explain
