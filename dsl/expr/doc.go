// Package expr checks and evaluates the conditions and computed values of a
// project, which authors write in CEL. It is the only home of cel-go.
//
// By role:
//   - what may be named: World (a project's vocabulary), Scope (the place where
//     an expression stands), Env (both, ready for checking)
//   - checking: Env.Check and Env.CheckTrait, which give a Checked or Problems;
//     Functions lists the functions of the language
//   - evaluating: Subject (a person, as the evaluator asks for one), EventRow,
//     ConsentWord, Value, Truth; Checked.Eval, Checked.Test, Checked.Given
//   - explaining: Checked.Operands, what a condition hangs on; Checked.Meaning, by
//     which a change in spelling is told from one in meaning
//   - the tree beneath: package ir, for other evaluators, and DistanceKm, Decay
//     and DaysUntil, so that they compute alike
//   - the second opinion: Oracle, cel-go's own evaluation of the same
//     expression, which tests hold every evaluator to; package exprtest, which
//     makes up the expressions and the people
//
// Enters: source text, a Scope, the type that is wanted. Leaves: a Checked, with
// its canonical text, type, reads, cost and tree, or Problems with byte ranges.
// Refused: knowledge of HCL, of storage and of workflows; anything that could
// still fail when a mail is about to be sent.
//
// # How an expression is understood
//
// cel-go parses the text and checks its types against declarations that are
// generated from the World: every object has its own type, every function the
// overloads of the table in functions.go, numbers are one type, and the macros
// of histories expand so that their variables have the type of the event. What
// passes is lowered from the checked syntax tree into ir, with variables and
// locals replaced by their values; what does not is explained in the words of
// the language. The tree is compiled once into Go closures; cel-go has no part
// in evaluation.
//
// Traits and some functions are short for other expressions: trait.score,
// open_rate("90d"), a history's gap(). They are lowered into an ir.Short, which
// has both the way it was written and what it means. The canonical text goes by
// the first, so that an author finds their own words in a plan; the tree that
// evaluators get, Checked.Node, goes by the second, and so does Checked.Meaning.
//
// # Absence
//
// Evaluation is three-valued, after Kleene. A set, list, map, count or history
// that is absent is empty. Any other absent value is unknown, and so is what
// cannot be computed: a division by zero, an index out of range, a text that is
// no number. Unknown passes through comparisons, arithmetic, functions, !, &&
// (unless a side is false), || (unless a side is true), exists and all. An
// unknown condition selects nobody: where, filter, count(v, c) leave out what
// they are unknown of, map and the aggregates skip unknown values. has(x) asks
// whether x is known; of a collection, whether it has elements.
package expr
