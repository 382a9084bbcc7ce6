// Package vector asks conditions of a column.Table: of everybody, by loops over
// columns, and of one person, by closures over the same columns.
//
// By role:
//   - the whole: Compile, which gives a Program; Options, what it needs to know
//   - everybody: Program.Select, SelectMany; block.go and the kernels
//   - one person: Program.Test, TestMany; frame.go and the closures
//   - time: Program.Next, the instant until which an answer stands
//
// Enters: checked conditions, a table, an instant. Leaves: for each condition two
// sets of slots, those of whom it is true and those of whom it is known; or the
// truth for one slot. Refused: where the columns come from, and who may look at
// them when; that is package index's.
//
// # Everybody
//
// A condition is evaluated for 4,096 people at a time, so that what passes from
// operand to operand stays in the first cache (block-at-a-time evaluation as in
// Boncz, Zukowski, Nes: MonetDB/X100, CIDR 2005). Each operand leaves two bitmaps:
// for whom it is true, and for whom it is known (Kleene logic; the pair is that
// of Codd's three values as SQL has them). && and || ask their cheapest operand
// first and the others only of the people whom that leaves open. Comparisons of a
// column with a constant run over the narrow encodings; what hangs on one string
// is asked once for each distinct string, what hangs on one date once for each
// day. Histories are walked from the newest row back to the start of the window.
//
// # One person
//
// Every part of a condition is also a closure over the columns, which makes no
// values on the heap. What has no such form, catalogs joined by computed keys or
// lists made on the way, is left to the closures of package expr over a Subject:
// the parts around it stay fast, and only people whom they leave open are asked
// that way.
//
// # Time
//
// While a closure runs for Next, whatever looks at the clock notes the earliest
// later instant at which its answer could be another: a row that leaves a window
// or comes of age, a comparison of two instants that move, a new day or hour. An
// operand that decides && or || alone makes what the others noted forgotten. The
// instant is never later than the real change, to the nanosecond, but for what is said
// below.
//
// A number that hangs on decay() or on a ratio of durations moves all the time. Its
// motion is worked out beside its value: a part that stands still, a straight line, and
// what fades, by half-life (motion.go, course.go). Where the two sides of a comparison
// meet is then reckoned: of one half-life, h·log2(S/(c-b)); of several, by Newton's
// method on bounds that come from below. Around that instant the condition itself is
// asked, and the first nanosecond found by bisection. Rounding is allowed for: what
// differs by less than the last digits of what was added up may turn a little early or
// late, or not. Ratios and orders of what fades with one half-life do not change.
//
// What moves otherwise (a product or a ratio of things that move, more than three
// half-lives) is asked again every hour, and in between the turn is found by bisection:
// exactly, where the numbers only fall or only rise; where they do both, it may be found
// an hour late. What writes now as a text, or is left to package expr and looks at the
// clock other than by windows, is asked again every second.
package vector
