package enrolment

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The queue gives whom a list sorted by instant would.
func TestExpiryIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
		x, want := newExpiry([]int64{3, 7}, base), map[int64]time.Time{}
		ids, to := x.ask(10)
		require.Equal(t, []int64{3, 7}, ids)
		require.False(t, x.whole())
		x.asked = to
		require.True(t, x.whole())
		for _, id := range ids {
			_, known, ok := x.of(id)
			require.True(t, ok && !known)
			x.set(id, time.Time{}, false)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := rapid.Int64Range(1, 20).Draw(t, "person")
			if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
				x.set(id, time.Time{}, false)
				delete(want, id)
				continue
			}
			at := base.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "at")) * time.Second)
			x.set(id, at, true)
			want[id] = at
		}
		now := base.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "now")) * time.Second)
		var due []int64
		for id, at := range want {
			got, known, ok := x.of(id)
			require.True(t, known && ok && got.Equal(at))
			if !at.After(now) {
				due = append(due, id)
			}
		}
		slices.SortFunc(due, func(a, b int64) int { return cmp.Or(want[a].Compare(want[b]), cmp.Compare(a, b)) })
		limit := rapid.IntRange(1, 20).Draw(t, "limit")
		if len(due) > limit {
			due = due[:limit]
		}
		require.Equal(t, due, x.due(now, limit))
		first, ok := x.first()
		require.Equal(t, len(want) > 0, ok)
		for _, at := range want {
			require.False(t, at.Before(first))
		}
	})
}

// A set of people holds what a map would, whatever the pages are kept as.
func TestPeopleIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, want := &people{}, map[int64]bool{}
		id := rapid.OneOf(rapid.Int64Range(0, 200), rapid.Int64Range(65_500, 65_600), rapid.Int64Range(1<<24, 1<<24+5))
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			person, inside := id.Draw(t, "person"), rapid.Bool().Draw(t, "inside")
			s.put(person, inside)
			delete(want, person)
			if inside {
				want[person] = true
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "many") == 0 {
			for i := range int64(5000) {
				s.put(100_000+i, true)
				want[100_000+i] = true
			}
		}
		list := s.list()
		require.Len(t, list, len(want))
		require.Equal(t, len(want), s.n)
		require.True(t, slices.IsSorted(list))
		for _, person := range list {
			require.True(t, want[person] && s.has(person))
		}
		require.False(t, s.has(1<<40))
	})
}

// BenchmarkExpiry moves the instants of a million people; what the queue takes is
// beside it.
func BenchmarkExpiry(b *testing.B) {
	const n = 1_000_000
	base := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	x := &expiry{since: base}
	x.grow(n)
	at := func(i int64) time.Time { return base.Add(time.Duration(i*7919%n) * time.Second) }
	for i := range int64(n) {
		x.set(i+1, at(i), true)
	}
	i := int64(0)
	for b.Loop() {
		i++
		x.set(i*104_729%n+1, at(i), true)
	}
	b.ReportMetric(float64(8*cap(x.at)+4*cap(x.place)+4*cap(x.heap))/n, "B/person")
}
