// Package exprtest makes up conditions and people, for tests that hold one
// evaluator to another. It knows no project: what it writes is over whatever World
// it is given. It imports pgregory.net/rapid, and is for tests alone.
//
// By role:
//   - Condition, Language: random expressions, well typed, of everything that can
//     be named and called
//   - Someone: a random person, as an expr.Subject and as maps to fill a store with
//   - Values: the few values of each type that both are made of, so that they meet
//
// Enters: a World, a Scope, a rapid.T. Leaves: source text, a Checked, a Someone.
// Refused: knowledge of any evaluator; chance that rapid cannot replay and shrink.
package exprtest
