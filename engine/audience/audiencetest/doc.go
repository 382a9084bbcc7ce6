// Package audiencetest makes up a shop and its customers, and holds evaluators of
// conditions to one another. It is for tests and benchmarks.
//
// By role:
//   - the shop: World (its definitions), Project, Conditions
//   - its customers: Population; Fill puts them into a store, Table into columns,
//     Records gives them one by one
//   - judging: Differential, which asks cel-go, the closures of package expr and
//     any audience.Evaluator the same of the same people
//
// Enters: how many people and events, a seed. Leaves: people of whom much is
// unknown, some values frequent and most rare, histories long and short, in bursts,
// out of order, beyond now, and on the very edges of windows. One seed gives the
// same people wherever it runs. Refused: knowledge of how any evaluator works.
package audiencetest
