package vector

import (
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// slack is how far a sum of at most slackRows whole numbers has to be from the limit,
// in units of 1/Scale, for the rounding of floats not to matter: each of n numbers
// below 2^31 and each of n sums is rounded by at most 2^-53 of a sum below n·2^31,
// which makes n·(n+1)·2^-21 (Higham, Accuracy and Stability of Numerical
// Algorithms, section 4.2).
const (
	slack     = 16
	slackRows = 4096
)

// estimate adds up whole numbers from the newest back, in any order, and compares
// them with the limit; 0 where it takes a closer look: the sum is close to the
// limit, or a row close to an end of the window.
func (b *historyBlock) estimate(x *run, e *edge, w, j int) verdict {
	if b.fold != ir.FoldSum || b.of == nil || b.of.Num.F64 != nil {
		return 0
	}
	slot := int(x.first) + w<<6 + j
	start, to := b.walk.events.Offsets[slot], b.walk.events.Offsets[slot+1]
	sec, ints, known := b.walk.events.At.Sec[:to], b.of.Num.I32[:to], b.of.Known
	if to == start || sec[to-1] >= e.until {
		return 0
	}
	sum, r := int64(0), to
	if known == nil {
		for ; r > start && sec[r-1] > e.from; r-- {
			sum += int64(ints[r-1])
		}
	} else {
		for ; r > start && sec[r-1] > e.from; r-- {
			sum += int64(ints[r-1]) & -int64(known[(r-1)>>6]>>((r-1)&63)&1)
		}
	}
	if r > start && sec[r-1] == e.from || to-r > slackRows {
		return 0
	}
	switch beyond := float64(sum) - b.limit*b.of.Num.Scale; {
	case beyond > slack:
		return verdictOf(holds(b.op, 1))
	case beyond < -slack:
		return verdictOf(holds(b.op, -1))
	}
	return 0
}

// window finds the rows of a person that are in the window, from the newest on.
func (b *historyBlock) window(x *run, e *edge, w, j int) (from, to uint32) {
	t := &b.walk.events.At
	slot := int(x.first) + w<<6 + j
	start, to := b.walk.events.Offsets[slot], b.walk.events.Offsets[slot+1]
	sec := t.Sec[:to]
	for to > start && (sec[to-1] > e.until || sec[to-1] == e.until && part(t, to-1) > e.last) {
		to--
	}
	from = to
	for from > start && sec[from-1] > e.from {
		from--
	}
	for from > start && sec[from-1] == e.from && part(t, from-1) > e.part {
		from--
	}
	return from, to
}

// part are the microseconds within a row's second.
func part(t *column.Times, r uint32) uint32 {
	switch {
	case t.Micro != nil:
		return t.Micro[r]
	case t.Milli != nil:
		return uint32(t.Milli[r]) * 1000
	}
	return 0
}

// sumInts adds up integers over a scale, the oldest first. Of at most 2^32 numbers
// below 2^31 the sum is finite.
func sumInts(col *column.Column, from, to uint32) (v float64) {
	scale, known := col.Num.Scale, col.Known
	for r := from; r < to; r++ {
		if known == nil || known[r>>6]>>(r&63)&1 != 0 {
			v += float64(col.Num.I32[r]) / scale
		}
	}
	return v
}

// reduce aggregates rows, the oldest first.
func (b *historyBlock) reduce(from, to uint32) (v float64, ok bool) {
	if b.of == nil {
		return float64(to - from), true
	}
	var n float64
	col := b.of
	if col.Num.F64 == nil && b.fold == ir.FoldSum {
		return sumInts(col, from, to), true
	}
	for r := from; r < to; r++ {
		value, known := numberAt(col, r)
		if !known {
			continue
		}
		switch n++; {
		case b.fold == ir.FoldSum || b.fold == ir.FoldAvg:
			v += value
		case n == 1 || (value < v) == (b.fold == ir.FoldMin):
			v = value
		}
	}
	switch b.fold {
	case ir.FoldSum:
		return v, finite(v)
	case ir.FoldAvg:
		return v / n, n > 0 && finite(v)
	}
	return v, n > 0
}
