package rehearse

import (
	"container/heap"
	"time"
)

// agenda is what is to come: by instant, and what falls on one instant in the order
// in which it was noted.
type agenda struct {
	items []appointment
	noted int
}

type appointment struct {
	at     time.Time
	number int
	do     func() error
}

func (a *agenda) note(at time.Time, do func() error) {
	a.noted++
	heap.Push(a, appointment{at, a.noted, do})
}

// next takes out what comes first; ok is false when nothing does.
func (a *agenda) next() (first appointment, ok bool) {
	if len(a.items) == 0 {
		return appointment{}, false
	}
	return heap.Pop(a).(appointment), true
}

// Len, Less, Swap, Push and Pop are heap.Interface.
func (a *agenda) Len() int { return len(a.items) }

// Less tells which is first.
func (a *agenda) Less(i, j int) bool {
	x, y := a.items[i], a.items[j]
	return x.at.Before(y.at) || x.at.Equal(y.at) && x.number < y.number
}

// Swap exchanges two.
func (a *agenda) Swap(i, j int) { a.items[i], a.items[j] = a.items[j], a.items[i] }

// Push adds one.
func (a *agenda) Push(x any) { a.items = append(a.items, x.(appointment)) }

// Pop takes the last.
func (a *agenda) Pop() any {
	last := a.items[len(a.items)-1]
	a.items = a.items[:len(a.items)-1]
	return last
}
