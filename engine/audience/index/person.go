package index

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience/vector"
)

// TestEach asks conditions of one person; out has a place for each.
func (ix *Index) TestEach(person int64, cs []*expr.Checked, now time.Time, out []expr.Truth) {
	ix.Live().TestEach(person, cs, now, out)
}

// Next is when an answer could change by time alone.
func (ix *Index) Next(person int64, cs []*expr.Checked, now time.Time) (time.Time, bool) {
	return ix.Live().Next(person, cs, now)
}

var scratch = sync.Pool{New: func() any { return new([]*vector.Program) }}

// TestEach asks conditions of one person; out has a place for each. Who is gone is
// Unknown. What there are no columns for is read from the record; where that
// fails, it is Unknown and logged.
func (v *View) TestEach(person int64, cs []*expr.Checked, now time.Time, out []expr.Truth) {
	if v.testEach(person, cs, now, out) {
		return
	}
	for i, c := range cs {
		truths, err := v.Test(context.Background(), c, []int64{person}, now)
		if err != nil {
			v.ix.Log.Error("a condition cannot be asked of a person", "person", person, "error", err)
			truths = []expr.Truth{expr.Unknown}
		}
		out[i] = truths[0]
	}
}

// testEach is false where columns are missing.
func (v *View) testEach(person int64, cs []*expr.Checked, now time.Time, out []expr.Truth) bool {
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	buffer, _ := scratch.Get().(*[]*vector.Program)
	defer scratch.Put(buffer)
	programs := v.programs(cs, (*buffer)[:0])
	*buffer = programs
	if slices.Contains(programs, nil) {
		return false
	}
	slot, ok := v.ix.table.Slot(person)
	if !ok {
		clear(out[:len(cs)])
		return true
	}
	vector.TestMany(programs, slot, now, out)
	return true
}

// Next is the earliest instant after now at which the answer to one of the
// conditions could change for a person with no news; it may be earlier than it
// does, never later. ok is false for never. What there are no columns for is to be
// asked again after a second.
func (v *View) Next(person int64, cs []*expr.Checked, now time.Time) (at time.Time, ok bool) {
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	slot, known := v.ix.table.Slot(person)
	if !known {
		return time.Time{}, false
	}
	for _, p := range v.programs(cs, nil) {
		next, changes := now.Add(time.Second), true
		if p != nil {
			next, changes = p.Next(slot, now)
		}
		if changes && (!ok || next.Before(at)) {
			at, ok = next, true
		}
	}
	return at, ok
}
