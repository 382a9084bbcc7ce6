package overlap_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/engine/audience/overlap"
)

func TestFindings(t *testing.T) {
	everyone := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	s := overlap.Look([]overlap.Set{
		{Segment: "all", People: everyone},
		{Segment: "none"},
		{Segment: "two", People: []int64{3, 4}},
		{Segment: "half", People: []int64{1, 2, 3, 4, 5}},
		{Segment: "half_again", People: []int64{1, 2, 3, 4, 5}},
	}, 10, overlap.Limits{Small: 3, Pairs: 2})
	require.Equal(t, []overlap.Finding{
		{Code: overlap.Everybody, Segment: "all", People: 10},
		{Code: overlap.Duplicate, Segment: "half", Other: "half_again", People: 5, Jaccard: 1},
		{Code: overlap.Empty, Segment: "none"},
		{Code: overlap.Small, Segment: "two", People: 2},
	}, s.Findings)
	require.Equal(t, []overlap.Pair{
		{A: "half", B: "half_again", Both: 5, Either: 5, Jaccard: 1},
		{A: "half", B: "all", Both: 5, Either: 10, Jaccard: 0.5},
	}, s.Pairs)
	require.Equal(t, 4, s.Compared)
	require.True(t, s.Pairs[1].Within(5))
}

func TestNobodyIsThereYet(t *testing.T) {
	s := overlap.Look([]overlap.Set{{Segment: "none"}}, 0, overlap.Limits{Small: 10})
	require.Empty(t, s.Findings)
	require.Empty(t, s.Pairs)
}

func TestTheSmallestAreNotCompared(t *testing.T) {
	s := overlap.Look([]overlap.Set{
		{Segment: "a", People: []int64{1}}, {Segment: "b", People: []int64{1, 2}}, {Segment: "c", People: []int64{1, 2, 3}},
	}, 9, overlap.Limits{Compare: 2})
	require.Equal(t, 2, s.Compared)
	require.Equal(t, []overlap.Pair{{A: "b", B: "c", Both: 2, Either: 3, Jaccard: 2.0 / 3}}, s.Pairs)
}

// Bitmaps count what sets do, wherever the numbers lie.
func TestPairsAgainstSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []int64 {
			people := rapid.SliceOfDistinct(rapid.Int64Range(1, 400), rapid.ID[int64]).Draw(t, name)
			slices.Sort(people)
			return people
		}
		a, b := draw("a"), draw("b")
		if len(a) > len(b) {
			a, b = b, a
		}
		both := 0
		for _, id := range a {
			if slices.Contains(b, id) {
				both++
			}
		}
		s := overlap.Look([]overlap.Set{{Segment: "a", People: a}, {Segment: "b", People: b}}, 400, overlap.Limits{})
		if both == 0 {
			require.Empty(t, s.Pairs)
			return
		}
		require.Equal(t, both, s.Pairs[0].Both)
		require.Equal(t, len(a)+len(b)-both, s.Pairs[0].Either)
	})
}

func BenchmarkLook(b *testing.B) {
	var sets []overlap.Set
	for i := range 100 {
		var people []int64
		for id := int64(1); id <= 1_000_000; id += int64(2 + i) {
			people = append(people, id)
		}
		sets = append(sets, overlap.Set{Segment: string(rune('a' + i)), People: people})
	}
	b.ReportAllocs()
	for b.Loop() {
		overlap.Look(sets, 1_000_000, overlap.Limits{})
	}
}
