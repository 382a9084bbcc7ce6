// Package overlap compares segments by their people: how big they are, how much
// of each other they are, and which of them are hardly worth their name.
//
// By role:
//   - what enters: Set, a segment's people
//   - what leaves: Survey, with Pairs and Findings
//   - how: Look
//
// Refused: evaluating conditions, and time; both are the caller's.
//
// The measure of likeness is the index of Jaccard (1912): the people in both, of
// the people in either.
package overlap

import (
	"cmp"
	"math/bits"
	"slices"
)

// Set is one segment and who is in it.
type Set struct {
	Segment string
	People  []int64 // ascending
	Unknown int
}

// Pair is how much two segments have in common.
type Pair struct {
	A, B    string // A is not the larger one
	Both    int
	Either  int
	Jaccard float64 // 0 to 1
}

// Within reports whether all of A are in B.
func (p Pair) Within(sizeOfA int) bool { return p.Both == sizeOfA }

// Code names a finding; codes never change their meaning.
type Code string

// The codes.
const (
	Empty     Code = "S001" // nobody is in it
	Everybody Code = "S002" // everybody is in it
	Small     Code = "S003" // fewer than Limits.Small are in it
	Duplicate Code = "S004" // the same people, or nearly, as in Other
)

// Finding is something to look at.
type Finding struct {
	Code    Code
	Segment string
	Other   string  // of a Duplicate
	People  int     // in the segment
	Jaccard float64 // of a Duplicate
}

// Limits say what is worth mentioning.
type Limits struct {
	Small     int     // a segment with fewer people is Small; 0: none is
	Duplicate float64 // likeness from which two segments are Duplicates; 0: DefaultDuplicate
	Pairs     int     // how many pairs are kept, the most alike first; 0: DefaultPairs
	Compare   int     // how many segments are compared with each other, the largest first; 0: DefaultCompare
}

// Limits where none are given.
const (
	DefaultDuplicate = 0.95
	DefaultPairs     = 10
	DefaultCompare   = 500
)

func (l Limits) withDefaults() Limits {
	l.Duplicate = cmp.Or(l.Duplicate, DefaultDuplicate)
	l.Pairs = cmp.Or(l.Pairs, DefaultPairs)
	l.Compare = cmp.Or(l.Compare, DefaultCompare)
	return l
}

// Survey is what comes of looking.
type Survey struct {
	Pairs    []Pair    // the most alike first; pairs with nothing in common are left out
	Findings []Finding // by segment, then code
	Compared int       // segments that were compared with each other
}

// Look compares segments. all is how many people there are.
func Look(sets []Set, all int, limits Limits) Survey {
	limits = limits.withDefaults()
	var s Survey
	for _, set := range sets {
		if f, ok := alone(set, all, limits); ok {
			s.Findings = append(s.Findings, f)
		}
	}
	compared := largest(sets, limits.Compare)
	s.Compared = len(compared)
	pairs := pairsOf(compared)
	for _, p := range pairs {
		if p.Jaccard >= limits.Duplicate {
			s.Findings = append(s.Findings, Finding{Code: Duplicate, Segment: p.A, Other: p.B, People: p.Both, Jaccard: p.Jaccard})
		}
	}
	s.Pairs = pairs[:min(len(pairs), limits.Pairs)]
	slices.SortStableFunc(s.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), cmp.Compare(a.Code, b.Code))
	})
	return s
}

// alone is what is to be said of a segment by itself.
func alone(set Set, all int, limits Limits) (Finding, bool) {
	f := Finding{Segment: set.Segment, People: len(set.People)}
	switch {
	case all == 0: // nobody is there to be in it
		return f, false
	case f.People == 0:
		f.Code = Empty
	case f.People == all:
		f.Code = Everybody
	case f.People < limits.Small:
		f.Code = Small
	}
	return f, f.Code != ""
}

// largest are the n largest sets that have anybody, the smaller first.
func largest(sets []Set, n int) []Set {
	out := slices.DeleteFunc(slices.Clone(sets), func(s Set) bool { return len(s.People) == 0 })
	slices.SortStableFunc(out, func(a, b Set) int { return cmp.Compare(len(a.People), len(b.People)) })
	return out[max(0, len(out)-n):]
}

// pairsOf compares each with each larger one, the most alike first.
func pairsOf(sets []Set) []Pair {
	maps := make([]bitmap, len(sets))
	for i, s := range sets {
		maps[i] = newBitmap(s.People)
	}
	var out []Pair
	for i, a := range sets {
		for j := i + 1; j < len(sets); j++ {
			both := maps[i].common(maps[j])
			if both == 0 {
				continue
			}
			either := len(a.People) + len(sets[j].People) - both
			out = append(out, Pair{a.Segment, sets[j].Segment, both, either, float64(both) / float64(either)})
		}
	}
	slices.SortStableFunc(out, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Jaccard, a.Jaccard), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	return out
}

// bitmap is a set of people, a bit for each from the first word that is not empty.
type bitmap struct {
	first int64 // number of the first word
	words []uint64
}

func newBitmap(people []int64) bitmap {
	if len(people) == 0 {
		return bitmap{}
	}
	b := bitmap{first: people[0] >> 6}
	b.words = make([]uint64, people[len(people)-1]>>6-b.first+1)
	for _, id := range people {
		b.words[id>>6-b.first] |= 1 << (id & 63)
	}
	return b
}

// common counts who is in both.
func (b bitmap) common(o bitmap) int {
	from := max(b.first, o.first)
	to := min(b.first+int64(len(b.words)), o.first+int64(len(o.words)))
	n := 0
	for w := from; w < to; w++ {
		n += bits.OnesCount64(b.words[w-b.first] & o.words[w-o.first])
	}
	return n
}
