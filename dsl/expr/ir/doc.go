// Package ir is the tree of a checked expression: small, typed, and free of any
// parser's types, for evaluators to compile and for passes to look into.
//
// By role:
//   - leaves, what is known of a person, a place or a moment: Const, Now,
//     EnteredAt, Attribute, Payload, Item, Given, Step, Segment, Subscribed, Reachable,
//     Consent, Var
//   - reaching into things: Field, Index, Row, Has
//   - computing: Not, Logic, Cond, Compare, In, Arith, Neg, Call, List, Object
//   - going over many things: History (with its Filters), Fold, Sequence
//   - what is written shorter than it is meant: Short, which Expand replaces; no
//     evaluator meets one
//   - passes: Text (the canonical text), Normal (the same for one meaning), Walk,
//     Rebuild, Reads, Cost
//
// Enters: what package expr lowers from a checked CEL syntax tree. A tree is
// well typed: L and R of a Compare have one kind, the X of a Not is a bool, and
// so on. Leaves: values; nodes are not changed once built.
package ir
