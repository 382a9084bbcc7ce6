// Package diag owns what is said to an author about their files: a Diagnostic
// with a stable code, a constant summary, what is wrong, where, and what to do.
//
// Enters: findings of the other passes. Leaves: text for a terminal, or JSON in
// the shape of `terraform validate -json`. An operational failure (a full disk,
// a server that is down) is not a Diagnostic but a wrapped error.
package diag

import (
	"bytes"
	"slices"
)

// Severity tells whether a Diagnostic stops the work.
type Severity uint8

// The severities, gravest first.
const (
	Error Severity = iota
	Warning
)

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a file. Line and Column count from 1, Column in grapheme
// clusters as HCL does; Byte counts from 0.
type Pos struct {
	Line, Column, Byte int
}

// Range is a half-open stretch of a file. The zero Range is nowhere.
type Range struct {
	File       string // relative to the project's folder, with slashes
	Start, End Pos
}

// IsZero reports whether r points nowhere.
func (r Range) IsZero() bool { return r.File == "" }

// Diagnostic is one finding. Summary is constant for a Code, so that findings
// can be grouped; all that varies stands in Detail.
type Diagnostic struct {
	Severity Severity
	Code     string // stable, kebab-case: "unknown-reference"
	Summary  string // a few words, the same for every Diagnostic of this code
	Detail   string // what is wrong and why
	Fix      string // what to do: "Did you mean …?"; may be empty
	Subject  Range  // what to underline
	Hidden   bool   // what Subject covers is a secret: it is quoted as asterisks
}

// quoted is a file as the Diagnostic may quote it.
func (d *Diagnostic) quoted(source []byte) []byte {
	from, to := d.Subject.Start.Byte, d.Subject.End.Byte
	if !d.Hidden || from < 0 || to > len(source) || from > to {
		return source
	}
	out := bytes.Clone(source)
	for i := from; i < to; i++ {
		if out[i] != '\n' {
			out[i] = '*'
		}
	}
	return out
}

// List is what a pass found. A pass that finds an error says all that it can
// find, and nothing that only follows from what it has said already.
type List []Diagnostic

// HasErrors reports whether any Diagnostic stops the work.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders l by file and place, keeping the order of what stands together.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		if a.Subject.File != b.Subject.File {
			if a.Subject.File < b.Subject.File {
				return -1
			}
			return 1
		}
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
}
