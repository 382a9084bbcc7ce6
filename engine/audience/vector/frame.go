package vector

import (
	"math"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
)

// open is the truth of a condition that only package expr can tell.
const open expr.Truth = 0xff

// fn computes a value; false says that it is unknown.
type fn[T any] func(*frame) (T, bool)

// cond computes a condition: a Truth, or open.
type cond func(*frame) expr.Truth

// rowOf tells which row of a column a value is in; false: there is none.
type rowOf func(*frame) (uint32, bool)

// frame is what closures work on: one person at one instant.
type frame struct {
	slot    uint32
	now     time.Time
	micro   int64 // now, in whole microseconds since 1970
	vars    [maxVariables]uint32
	scratch []uint64               // a stack of values, for distinct()
	weighed []weighed              // another, for top()
	rows    [maxVariables][]uint32 // rows that filter() and flat() have found, by variable

	held  [maxVariables]held   // values of variables that are no rows
	pairs [maxVariables][]pair // rows of lists, with the rows that have the lists, by variable

	watch   bool  // note what could change by time alone
	nano    int64 // now, in nanoseconds since 1970
	until   int64 // the earliest instant noted, likewise
	flowing bool  // a value was asked for that moves all the time
}

const (
	maxVariables = 8 // of folds inside each other, as package expr allows
	never        = math.MaxInt64
)

var frames = sync.Pool{New: func() any { return new(frame) }}

func take(slot uint32, now time.Time) *frame {
	f, _ := frames.Get().(*frame)
	f.slot, f.now, f.micro, f.watch = slot, now, now.UnixMicro(), false
	return f
}

func (f *frame) giveBack() { frames.Put(f) }

// watching begins to note what could change.
func (f *frame) watching() {
	f.watch, f.nano, f.until, f.flowing = true, f.now.UnixNano(), never, false
}

// by notes that something could change at an instant, in nanoseconds since 1970.
// The past changes nothing.
func (f *frame) by(at int64) {
	if f.watch && at > f.nano && at < f.until {
		f.until = at
	}
}

// in notes that something could change after a time, at the earliest in a
// nanosecond.
func (f *frame) in(after int64) { f.by(plus(f.nano, max(after, 1))) }

// plus adds without running over.
func plus(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// nanos turns microseconds since 1970 into nanoseconds, as far as there are any.
func nanos(micros int64) int64 {
	const most = math.MaxInt64 / 1000
	return 1000 * min(max(micros, -most), most)
}
