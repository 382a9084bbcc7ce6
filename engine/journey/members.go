package journey

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Members is a set of indices, ascending and without repeats. It is written in
// JSON as ranges, "0-99,105", so that a batch of a hundred costs six bytes of
// history.
type Members []int

// maxMembers bounds what a few bytes of ranges can unfold to.
const maxMembers = 100_000

// maxIndex bounds an index: an audience has no more people.
const maxIndex = 1 << 31

// MembersOf sorts indices and drops repeats and negative ones.
func MembersOf(indices ...int) Members {
	m := slices.Clone(indices)
	slices.Sort(m)
	m = slices.Compact(m)
	first, _ := slices.BinarySearch(m, 0)
	return m[first:]
}

// Range is the set from, …, to-1.
func Range(from, to int) Members {
	m := make(Members, 0, max(0, to-from))
	for i := from; i < to; i++ {
		m = append(m, i)
	}
	return m
}

// With returns the set with one more index. It may reuse m's memory, as append does.
func (m Members) With(index int) Members {
	if len(m) == 0 || m[len(m)-1] < index {
		return append(m, index)
	}
	i, found := slices.BinarySearch(m, index)
	if found {
		return m
	}
	return slices.Insert(m, i, index)
}

// Has reports whether index is in the set.
func (m Members) Has(index int) bool {
	_, found := slices.BinarySearch(m, index)
	return found
}

// Chunks cuts the set into pieces of at most size.
func (m Members) Chunks(size int) []Members {
	var out []Members
	for c := range slices.Chunk(m, max(1, size)) {
		out = append(out, c)
	}
	return out
}

// String writes the set as ranges: "0-99,105".
func (m Members) String() string {
	var b strings.Builder
	for i := 0; i < len(m); {
		j := i
		for j+1 < len(m) && m[j+1] == m[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(m[i]))
		if j > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(m[j]))
		}
		i = j + 1
	}
	return b.String()
}

// ParseMembers reads what String wrote. It refuses what is not ascending, and
// sets too large to be meant.
func ParseMembers(s string) (Members, error) {
	if s == "" {
		return nil, nil
	}
	var m Members
	next := 0
	for part := range strings.SplitSeq(s, ",") {
		from, to, err := parseRange(part)
		if err != nil || from < next || to < from || to >= maxIndex || len(m)+to-from >= maxMembers {
			return nil, fmt.Errorf("%q is not a set of indices: it has no valid ascending range at %q", clip(s), clip(part))
		}
		m = slices.Grow(m, to-from+1)
		for i := from; i <= to; i++ {
			m = append(m, i)
		}
		next = to + 1
	}
	return m, nil
}

func parseRange(part string) (from, to int, err error) {
	first, last, ranged := strings.Cut(part, "-")
	if from, err = parseIndex(first); err != nil || !ranged {
		return from, from, err
	}
	to, err = parseIndex(last)
	return from, to, err
}

func parseIndex(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err
}

func clip(s string) string { return s[:min(len(s), 40)] }

// MarshalJSON writes the ranges as a string.
func (m Members) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// UnmarshalJSON reads the ranges back.
func (m *Members) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a set of indices is written as a string of ranges: %w", err)
	}
	parsed, err := ParseMembers(s)
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}

// or is what is in either set.
func (m Members) or(other Members) Members {
	if len(m) == 0 {
		return other
	}
	out := slices.Clone(m)
	for _, i := range other {
		out = out.With(i)
	}
	return out
}

// and is what two sets share.
func (m Members) and(other Members) Members {
	var both Members
	for len(m) > 0 && len(other) > 0 {
		switch {
		case m[0] < other[0]:
			m = m[1:]
		case m[0] > other[0]:
			other = other[1:]
		default:
			both = append(both, m[0])
			m, other = m[1:], other[1:]
		}
	}
	return both
}
