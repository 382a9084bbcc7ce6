package vector

import (
	"math"
	"math/bits"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// columnBlock finds the loop over an attribute's column for a condition; nil where
// there is none.
func (c *compiler) columnBlock(n ir.Node) block {
	switch n := n.(type) {
	case *ir.Attribute:
		if col := c.table.Attributes[n.Name]; col != nil && n.T.Kind == campaign.Bool {
			return &flagBlock{col, fallbackTruth(n.Default)}
		}
	case *ir.Has:
		return c.hasBlock(n)
	case *ir.Compare:
		return c.rangeBlock(n)
	case *ir.In:
		return c.memberBlock(n)
	}
	return nil
}

// memberBlock finds the question whether a set of strings has a constant.
func (c *compiler) memberBlock(n *ir.In) block {
	k, ok1 := n.X.(*ir.Const)
	a, ok2 := n.Of.(*ir.Attribute)
	if !ok1 || !ok2 || a.Default != nil {
		return nil
	}
	want, ok := k.Value.(string)
	col := c.table.Attributes[a.Name]
	if !ok || col == nil || col.Elem == nil || col.Elem.Dict == nil || col.Keys != nil || col.Elem.Type.Kind == campaign.Any {
		return nil
	}
	return &memberBlock{col, want}
}

// memberBlock looks for one string among the elements of each person.
type memberBlock struct {
	column *column.Column
	want   string
}

func (b *memberBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{known: *live}
	code, ok := b.code(x)
	if !ok {
		return
	}
	switch codes := &b.column.Elem.Code; {
	case codes.U32 != nil:
		members(x, b.column, codes.U32, code, live, out)
	case codes.U16 != nil:
		members(x, b.column, codes.U16, code, live, out)
	default:
		members(x, b.column, codes.U8, code, live, out)
	}
}

// code is that of the string; false where nobody has it. It is looked for once in
// each run, without the Dict's own table, which only one may make.
func (b *memberBlock) code(x *run) (code uint32, ok bool) {
	found, kept := x.codes[b]
	if !kept {
		dict := b.column.Elem.Dict
		for found = -1; code < uint32(dict.Len()) && found < 0; code++ {
			if dict.String(code) == b.want {
				found = int64(code)
			}
		}
		x.codes[b] = found
	}
	return uint32(max(found, 0)), found >= 0
}

func members[T uint8 | uint16 | uint32](x *run, c *column.Column, codes []T, code uint32, live *lanes, out *answer) {
	from, to := from64(c.From, int(x.first)), from64(c.To, int(x.first))
	for w := range x.words {
		rest := len(from) - 64*w
		if rest <= 0 {
			return
		}
		left := live[w]
		if rest < 64 {
			left &= 1<<rest - 1
		}
		for ; left != 0; left &= left - 1 {
			j := bits.TrailingZeros64(left)
			for r := from[64*w+j]; r < to[64*w+j]; r++ {
				if uint32(codes[r]) == code && knownAt(c.Elem, r) {
					out.yes[w] |= 1 << j
				}
			}
		}
	}
}

// knownWord is the Known word of a column's rows: all of those that it has.
func knownWord(c *column.Column, i int) uint64 {
	if c.Known != nil {
		if i < len(c.Known) {
			return c.Known[i]
		}
		return 0
	}
	switch rest := c.Len() - i<<6; {
	case rest >= 64:
		return ^uint64(0)
	case rest <= 0:
		return 0
	default:
		return 1<<rest - 1
	}
}

// flagBlock is a bool attribute.
type flagBlock struct {
	column   *column.Column
	fallback expr.Truth
}

func (b *flagBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{}
	for w := range x.words {
		i := x.word(w)
		known, yes := knownWord(b.column, i), uint64(0)
		if i < len(b.column.Bool) {
			yes = b.column.Bool[i] & known
		}
		out.put(w, live[w], yes, known, b.fallback)
	}
}

// put sets a word: yes within known, and the fallback for everybody else.
func (a *answer) put(w int, live, yes, known uint64, fallback expr.Truth) {
	switch fallback {
	case expr.True:
		yes |= ^known
		known = ^uint64(0)
	case expr.False:
		known = ^uint64(0)
	}
	a.yes[w] = yes & live
	a.known[w] = known & live
}

// hasBlock asks whether an attribute is known.
func (c *compiler) hasBlock(n *ir.Has) block {
	a, ok := n.X.(*ir.Attribute)
	if !ok {
		return nil
	}
	col := c.table.Attributes[a.Name]
	switch a.T.Kind {
	case campaign.List, campaign.Set, campaign.Map, campaign.Any, campaign.Object:
		return nil
	}
	if col == nil || a.Default != nil {
		return nil
	}
	return &knownBlock{col}
}

type knownBlock struct{ column *column.Column }

func (b *knownBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{known: *live}
	for w := range x.words {
		out.yes[w] = knownWord(b.column, x.word(w)) & live[w]
	}
}

// rangeBlock finds the comparison of an attribute with what is the same for
// everybody: a constant, or an instant reckoned from now.
func (c *compiler) rangeBlock(n *ir.Compare) block {
	l, r, op := n.L, n.R, n.Op
	if _, ok := r.(*ir.Attribute); ok {
		l, r, op = r, l, op.Flip()
	}
	a, ok := l.(*ir.Attribute)
	if !ok {
		return c.ageBlock(n)
	}
	col := c.table.Attributes[a.Name]
	if col == nil || !alike(r) {
		return nil
	}
	b := &rangeBlock{column: col, op: op}
	switch a.T.Kind {
	case campaign.Number:
		b.bounds = c.numberBounds(b, a, r)
	case campaign.Date:
		b.bounds = c.dayBounds(b, a, r)
	case campaign.Time:
		b.bounds = c.timeBounds(b, a, r)
	case campaign.Duration:
		b.bounds = c.durationBounds(b, a, r)
	default:
		return nil
	}
	return b
}

// alike reports whether a value is the same for everybody at one instant.
func alike(n ir.Node) bool {
	same := true
	ir.Walk(n, func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.Const, *ir.Now, *ir.Arith, *ir.Neg:
		case *ir.Call:
			same = same && n.Func != ir.Matches
		default:
			same = false
		}
		return same
	})
	return same
}

// rangeBlock compares a column with a range of values.
type rangeBlock struct {
	column *column.Column
	op     ir.CompareOp
	bounds func(*frame) bounds
}

func (b *rangeBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{}
	r := b.bounds(x.frame)
	if !r.known {
		return
	}
	from, words := int(x.first), x.words
	switch col := b.column; {
	case col.Num.F64 != nil:
		floatsWithin(from64(col.Num.F64, from), r.flow, r.fhigh, live, &out.yes, words)
	case col.Num.I32 != nil:
		intsWithin(from64(col.Num.I32, from), r.low, r.high, live, &out.yes, words)
	case col.Day != nil:
		intsWithin(from64(col.Day, from), r.low, r.high, live, &out.yes, words)
	case col.Micros != nil:
		longsWithin(from64(col.Micros, from), r.low, r.high, live, &out.yes, words)
		b.limit(x, &r, live, out)
	case col.Nanos != nil:
		longsWithin(from64(col.Nanos, from), r.low, r.high, live, &out.yes, words)
	}
	for w := range words {
		known, yes := knownWord(b.column, x.word(w))&^out.left[w], out.yes[w]
		if b.op == ir.Ne {
			yes = ^yes
		}
		out.left[w] = 0
		out.put(w, live[w]&^(knownWord(b.column, x.word(w))&^known), yes&known, known, r.fallback)
	}
}

// limit puts those into left whose instant is too far away.
func (b *rangeBlock) limit(x *run, r *bounds, live *lanes, out *answer) {
	if r.least == math.MinInt64 && r.most == math.MaxInt64 {
		return
	}
	longsWithin(from64(b.column.Micros, int(x.first)), r.least, r.most, live, &out.left, x.words)
	for w := range x.words {
		out.left[w] = live[w] &^ out.left[w]
	}
}

// from64 are the values from an index on.
func from64[T any](values []T, from int) []T {
	if from >= len(values) {
		return nil
	}
	return values[from:]
}

// intsWithin sets the bits of values that are in a closed range. Words in which
// nobody is asked are passed over.
func intsWithin(values []int32, low, high int64, live, out *lanes, words int) {
	low, high = max(low, math.MinInt32), min(high, math.MaxInt32)
	if low > high {
		return
	}
	start, width := uint32(low), uint32(high-low)
	for w := range words {
		v := from64(values, 64*w)
		if len(v) == 0 {
			return
		}
		if live[w] == 0 {
			continue
		}
		v = v[:min(len(v), 64)]
		word := uint64(0)
		for _, value := range v {
			bit := uint64(0)
			if uint32(value)-start <= width {
				bit = 1
			}
			word = word>>1 | bit<<63
		}
		out[w] = word >> (64 - len(v))
	}
}

func longsWithin(values []int64, low, high int64, live, out *lanes, words int) {
	if low > high {
		return
	}
	start, width := uint64(low), uint64(high)-uint64(low)
	for w := range words {
		v := from64(values, 64*w)
		if len(v) == 0 {
			return
		}
		if live[w] == 0 {
			continue
		}
		v = v[:min(len(v), 64)]
		word := uint64(0)
		for _, value := range v {
			bit := uint64(0)
			if uint64(value)-start <= width {
				bit = 1
			}
			word = word>>1 | bit<<63
		}
		out[w] = word >> (64 - len(v))
	}
}

func floatsWithin(values []float64, low, high float64, live, out *lanes, words int) {
	for w := range words {
		v := from64(values, 64*w)
		if len(v) == 0 {
			return
		}
		if live[w] == 0 {
			continue
		}
		v = v[:min(len(v), 64)]
		word := uint64(0)
		for _, value := range v {
			a, b := uint64(0), uint64(0)
			if value >= low {
				a = 1
			}
			if value <= high {
				b = 1
			}
			word = word>>1 | (a&b)<<63
		}
		out[w] = word >> (64 - len(v))
	}
}
