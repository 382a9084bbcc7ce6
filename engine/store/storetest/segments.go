package storetest

import (
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

// inside lists who is inside a segment.
func inside(t *testing.T, r store.Reader, segment string) []int64 {
	t.Helper()
	var people []int64
	require.NoError(t, r.Members(segment, func(person int64) error {
		people = append(people, person)
		return nil
	}))
	return people
}

// enter and leave are plain moves.
func enter(segment string, person int64, when time.Time) store.Move {
	return store.Move{Segment: segment, Person: person, Inside: true, At: when, Definition: "d1", Cause: store.ByEvent, Ref: 1}
}

func leave(segment string, person int64, when time.Time) store.Move {
	m := enter(segment, person, when)
	m.Inside = false
	return m
}

func members(t *testing.T, s store.Store) {
	const many = 12_345
	update(t, s, func(tx store.Tx) {
		var moves []store.Move
		for i := range many {
			moves = append(moves, enter("vip", int64(many-i), noon))
		}
		require.NoError(t, tx.MoveMembers(moves))
		require.NoError(t, tx.MoveMembers([]store.Move{leave("vip", 6, noon), leave("other", 6, noon), enter("other", 5, noon)}))
	})
	view(t, s, func(r store.Reader) {
		require.True(t, must(r.IsMember("vip", 5))(t))
		require.False(t, must(r.IsMember("vip", 6))(t))
		require.False(t, must(r.IsMember("vip", many+1))(t))
		require.False(t, must(r.IsMember("none", 5))(t))
		found := inside(t, r, "vip")
		require.Len(t, found, many-1)
		require.IsIncreasing(t, found)
		require.Empty(t, inside(t, r, "none"))
		require.Equal(t, map[string]int64{"vip": many - 1, "other": 1}, must(r.MemberCounts())(t))
		stop := errors.New("enough")
		require.ErrorIs(t, r.Members("vip", func(int64) error { return stop }), stop)
	})
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.Members("vip", func(person int64) error { // changing what is walked through
			if person%2 == 0 {
				return nil
			}
			return tx.MoveMembers([]store.Move{leave("vip", person, noon)})
		}))
	})
	update(t, s, func(tx store.Tx) {
		require.False(t, must(tx.IsMember("vip", 5))(t))
		require.True(t, must(tx.IsMember("vip", 4))(t))
		require.NoError(t, tx.ClearMembers("vip"))
		require.NoError(t, tx.ClearMembers("none"))
		require.False(t, must(tx.IsMember("vip", 4))(t))
		require.True(t, must(tx.IsMember("other", 5))(t))
		require.Equal(t, map[string]int64{"other": 1}, must(tx.MemberCounts())(t))
		require.Len(t, must(tx.MovesOf(5, "vip", 0))(t), 2, "its moves stay")
	})
}

// moves records moves and shifts at random and holds the store to what a plain
// map says.
func moves(t *testing.T, s store.Store) {
	random := rand.New(rand.NewPCG(3, 4))
	m := segmentModel{inside: map[string]map[int64]bool{}, moves: map[int64][]store.Move{}, days: map[string]map[time.Time]store.SegmentDay{}}
	segments := []string{"vip", "lapsed", "new"}
	person := func() int64 { return []int64{1, 2, 3, 4095, 4096, 4097, 8192, 100_000}[random.IntN(8)] }
	for step := range 200 {
		segment, when := segments[random.IntN(len(segments))], at(time.Duration(step)*3*time.Hour)
		if step%50 == 49 {
			when = time.Date(1969, 7, 20, 20, 17, 0, 0, time.UTC) // clocks may be wrong
		}
		update(t, s, func(tx store.Tx) {
			switch random.IntN(10) {
			case 0:
				require.NoError(t, tx.ClearMembers(segment))
				delete(m.inside, segment)
			case 1, 2, 3:
				shift := store.Shift{Segment: segment, At: when, Definition: "d2", Cause: store.ByEdit, Ref: int64(step)}
				for range random.IntN(5) {
					shift.Enter = append(shift.Enter, person())
					shift.Leave = append(shift.Leave, person())
				}
				shift.Enter, shift.Leave = tidy(shift.Enter, nil), tidy(shift.Leave, shift.Enter)
				require.NoError(t, tx.ShiftMembers(shift))
				m.shift(shift)
			default:
				var some []store.Move
				for range 1 + random.IntN(4) {
					some = append(some, store.Move{
						Segment: segment, Person: person(), Inside: random.IntN(2) == 0, At: when, Definition: "d1", Cause: store.ByEvent, Ref: int64(step),
						Operands: [][]byte{nil, []byte(`{"total":4.2}`)}[random.IntN(2)],
					})
				}
				require.NoError(t, tx.MoveMembers(some))
				for _, one := range some {
					m.move(one)
				}
			}
		})
	}
	view(t, s, func(r store.Reader) { m.compare(t, r, segments) })
}

// tidy sorts people, each once, without some others.
func tidy(people, others []int64) []int64 {
	people = slices.DeleteFunc(people, func(p int64) bool { return slices.Contains(others, p) })
	slices.Sort(people)
	return slices.Compact(people)
}

// segmentModel is what a store should know of segments.
type segmentModel struct {
	inside map[string]map[int64]bool
	moves  map[int64][]store.Move // by person, oldest first
	days   map[string]map[time.Time]store.SegmentDay
}

func (m *segmentModel) move(v store.Move) {
	if m.inside[v.Segment][v.Person] == v.Inside {
		return
	}
	if m.inside[v.Segment] == nil {
		m.inside[v.Segment] = map[int64]bool{}
	}
	if m.days[v.Segment] == nil {
		m.days[v.Segment] = map[time.Time]store.SegmentDay{}
	}
	day := v.At.Truncate(24 * time.Hour)
	d := m.days[v.Segment][day]
	d.Day = day
	if v.Inside {
		m.inside[v.Segment][v.Person] = true
		d.Entered++
	} else {
		delete(m.inside[v.Segment], v.Person)
		d.Left++
	}
	m.days[v.Segment][day] = d
	m.moves[v.Person] = append(m.moves[v.Person], v)
}

func (m *segmentModel) shift(s store.Shift) {
	for _, in := range []bool{true, false} {
		people := s.Leave
		if in {
			people = s.Enter
		}
		for _, person := range people {
			m.move(store.Move{Segment: s.Segment, Person: person, Inside: in, At: s.At, Definition: s.Definition, Cause: s.Cause, Ref: s.Ref})
		}
	}
}

func (m *segmentModel) compare(t *testing.T, r store.Reader, segments []string) {
	t.Helper()
	sizes := map[string]int64{}
	for _, segment := range segments {
		want := slices.Sorted(maps.Keys(m.inside[segment]))
		require.Equal(t, want, inside(t, r, segment), segment)
		if len(want) > 0 {
			sizes[segment] = int64(len(want))
		}
		days := slices.SortedFunc(maps.Values(m.days[segment]), func(a, b store.SegmentDay) int { return a.Day.Compare(b.Day) })
		require.Equal(t, days, must(r.SegmentDays(segment, time.Time{}))(t))
		require.Equal(t, days[3:], must(r.SegmentDays(segment, days[3].Day.Add(5*time.Hour)))(t), "from the day of that instant")
	}
	require.Equal(t, sizes, must(r.MemberCounts())(t))
	require.Empty(t, must(r.SegmentDays("none", time.Time{}))(t))
	for person, oldestFirst := range m.moves {
		want := slices.Clone(oldestFirst)
		slices.Reverse(want)
		all := must(r.MovesOf(person, "", 0))(t)
		last := int64(math.MaxInt64)
		for i := range all {
			require.Less(t, all[i].Seq, last, "newest first")
			last, all[i].Seq = all[i].Seq, 0
		}
		require.Equal(t, want, all)
		for _, segment := range segments {
			of := slices.DeleteFunc(slices.Clone(want), func(v store.Move) bool { return v.Segment != segment })
			found := must(r.MovesOf(person, segment, 3))(t)
			require.Len(t, found, min(3, len(of)))
			for i := range found {
				found[i].Seq = 0
				require.Equal(t, of[i], found[i])
			}
		}
		require.Empty(t, must(r.MovesOf(person, "none", 0))(t))
	}
	require.Empty(t, must(r.MovesOf(77, "", 0))(t))
}
