// Package addr owns the name of a thing. An Addr such as
// journey.win_back.step.survey is what plans, diagnostics, tests, metrics, the
// store and the Temporal UI call the same thing by.
//
// Enters: a kind and labels, or a written address. Leaves: a comparable,
// immutable value. Refused: empty parts and parts that are not identifiers.
package addr

import (
	"fmt"
	"strings"
)

// Addr names one block of a project. The zero Addr names nothing. Addrs are
// comparable and may be map keys.
type Addr struct {
	s string // kind.label[.kind.label]…, already checked
}

// New returns the address of a top-level block: New("journey", "win_back").
// It panics when a part is not an identifier: labels are checked when parsed.
func New(kind, label string) Addr {
	return must(kind + "." + label)
}

// Child returns the address of a block within a: journey.x → journey.x.step.y.
func (a Addr) Child(kind, label string) Addr {
	return must(a.s + "." + kind + "." + label)
}

// Parse reads an address as written in a plan or on a command line.
func Parse(s string) (Addr, error) {
	parts := strings.Split(s, ".")
	if len(parts) < 2 || len(parts)%2 != 0 {
		return Addr{}, fmt.Errorf("%q is not an address: write kind.label, for example journey.win_back", s)
	}
	for _, p := range parts {
		if !IsLabel(p) {
			return Addr{}, fmt.Errorf("%q is not an address: %q is not a name (letters, digits, _ and -, not starting with a digit)", s, p)
		}
	}
	return Addr{s}, nil
}

// IsLabel reports whether s can be the label of a block: a letter or _,
// then letters, digits, _ or -.
func IsLabel(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return s != ""
}

// Kind is the kind of the top-level block: "journey".
func (a Addr) Kind() string {
	kind, _, _ := strings.Cut(a.s, ".")
	return kind
}

// Name is the label of the top-level block: "win_back".
func (a Addr) Name() string {
	_, rest, _ := strings.Cut(a.s, ".")
	name, _, _ := strings.Cut(rest, ".")
	return name
}

// Root is the address of the top-level block that holds a.
func (a Addr) Root() Addr {
	if a.IsZero() {
		return a
	}
	return Addr{a.Kind() + "." + a.Name()}
}

// Last is the innermost label: "survey" of journey.win_back.step.survey.
func (a Addr) Last() string {
	return a.s[strings.LastIndexByte(a.s, '.')+1:]
}

// IsZero reports whether a names nothing.
func (a Addr) IsZero() bool { return a.s == "" }

// String is the written form.
func (a Addr) String() string { return a.s }

// Compare orders addresses by their written form.
func (a Addr) Compare(b Addr) int { return strings.Compare(a.s, b.s) }

// MarshalText writes the address; the zero Addr is empty.
func (a Addr) MarshalText() ([]byte, error) { return []byte(a.s), nil }

// UnmarshalText reads an address back, checking it.
func (a *Addr) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*a = Addr{}
		return nil
	}
	parsed, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

func must(s string) Addr {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}
