package enrolment

import (
	"math"
	"slices"
	"time"
)

// expiry knows when each person is to be asked next because time passes: the
// earliest instant at which some segment could change for them. It is a heap over
// people; a number costs 12 bytes, one who waits 4 more.
type expiry struct {
	at    []int64  // by person: microseconds since 1970; never, or unasked
	place []uint32 // by person: position in heap + 1; 0: not there
	heap  []uint32 // people; the parent of i is (i-1)/2

	since time.Time // everybody's segments are true to this instant; who is unasked waits since then
	ids   []int64   // who was there then, ascending
	asked int       // those before are not unasked
}

const (
	noInstant = 0
	unasked   = math.MinInt64
)

// newExpiry returns one in which everybody is yet to be asked.
func newExpiry(ids []int64, since time.Time) *expiry {
	x := &expiry{since: since, ids: ids}
	if n := len(ids); n > 0 {
		x.grow(ids[n-1])
	}
	for _, id := range ids {
		x.at[id] = unasked
	}
	return x
}

// whole reports whether everybody has been asked.
func (x *expiry) whole() bool { return x.asked == len(x.ids) }

// ask lists at most n people who have not been asked yet; to is what asked becomes
// once they have been.
func (x *expiry) ask(n int) (ids []int64, to int) {
	for to = x.asked; to < len(x.ids) && len(ids) < n; to++ {
		if id := x.ids[to]; x.at[id] == unasked {
			ids = append(ids, id)
		}
	}
	return ids, to
}

// position is how many of those who were there come before a person.
func (x *expiry) position(person int64) int {
	i, _ := slices.BinarySearch(x.ids, person)
	return i
}

func (x *expiry) grow(person int64) {
	if n := int(person) + 1 - len(x.at); n > 0 {
		x.at = append(x.at, make([]int64, n)...)
		x.place = append(x.place, make([]uint32, n)...)
	}
}

// of is when a person is to be asked; waits reports whether that is known: someone
// who has not been asked yet has no instant. ok is false for never.
func (x *expiry) of(person int64) (at time.Time, waits, ok bool) {
	if person >= int64(len(x.at)) || x.at[person] == noInstant {
		return time.Time{}, true, false
	}
	if x.at[person] == unasked {
		return time.Time{}, false, true
	}
	return time.UnixMicro(x.at[person]).UTC(), true, true
}

// set says when a person is to be asked next; never where ok is false.
func (x *expiry) set(person int64, at time.Time, ok bool) {
	x.grow(person)
	if !ok {
		x.at[person] = noInstant
		if x.place[person] != 0 {
			x.remove(int(x.place[person]) - 1)
		}
		return
	}
	x.at[person] = at.UnixMicro()
	if at.Nanosecond()%1000 != 0 { // not before the instant
		x.at[person]++
	}
	if x.place[person] == 0 {
		x.heap = append(x.heap, uint32(person))
		x.place[person] = uint32(len(x.heap))
	}
	x.settle(int(x.place[person]) - 1)
}

// first is the earliest instant; ok is false when nobody waits.
func (x *expiry) first() (at time.Time, ok bool) {
	if len(x.heap) == 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(x.at[x.heap[0]]).UTC(), true
}

// due lists at most limit people whose instant has come, earliest first. They
// stay until they are set anew.
func (x *expiry) due(now time.Time, limit int) []int64 {
	until := now.UnixMicro()
	var out []int64
	open := []int{0} // a heap's children are no earlier than it
	for len(open) > 0 && len(out) < limit {
		least := 0
		for i := range open {
			if x.before(open[i], open[least]) {
				least = i
			}
		}
		i := open[least]
		open[least] = open[len(open)-1]
		open = open[:len(open)-1]
		if i >= len(x.heap) || x.at[x.heap[i]] > until {
			continue
		}
		out = append(out, int64(x.heap[i]))
		open = append(open, 2*i+1, 2*i+2)
	}
	return out
}

// before tells whether the one at i is earlier; a place beyond the end is last.
func (x *expiry) before(i, j int) bool {
	if i >= len(x.heap) || j >= len(x.heap) {
		return i < j
	}
	a, b := x.heap[i], x.heap[j]
	return x.at[a] < x.at[b] || x.at[a] == x.at[b] && a < b
}

// remove takes the one at place i out.
func (x *expiry) remove(i int) {
	last := len(x.heap) - 1
	x.swap(i, last)
	x.place[x.heap[last]] = 0
	x.heap = x.heap[:last]
	if i < last {
		x.settle(i)
	}
}

// settle moves the one at place i to where it belongs.
func (x *expiry) settle(i int) {
	for i > 0 && x.before(i, (i-1)/2) {
		x.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	for {
		child := 2*i + 1
		if child >= len(x.heap) {
			return
		}
		if child+1 < len(x.heap) && x.before(child+1, child) {
			child++
		}
		if !x.before(child, i) {
			return
		}
		x.swap(i, child)
		i = child
	}
}

func (x *expiry) swap(i, j int) {
	h := x.heap
	h[i], h[j] = h[j], h[i]
	x.place[h[i]], x.place[h[j]] = uint32(i)+1, uint32(j)+1
}
