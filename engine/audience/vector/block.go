package vector

import (
	"math/bits"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// chunk is how many words of people are asked at a time: 4,096 people.
const chunk = 64

// lanes are a bit for each person of a chunk.
type lanes [chunk]uint64

// answer is what a condition is for the people of a chunk. Of those who were
// asked, who is in neither known nor left is unknown.
type answer struct {
	yes   lanes // it holds
	known lanes // it holds, or it does not
	left  lanes // only package expr can tell
}

// block answers a condition for the people of a chunk. It sets all of out, within
// live.
type block interface {
	answer(x *run, live *lanes, out *answer)
}

// run is one going over everybody.
type run struct {
	table  *column.Table
	frame  *frame
	first  uint32 // slot of the chunk's first person
	number int    // of the chunk
	words  int    // of the chunk that there are people in
	people lanes  // who is there
	spare  []*answer
	shared map[string]*memo
	tables map[any][]uint8 // verdicts by value, of blocks that keep them
	codes  map[any]int64   // of strings that blocks look for; -1: nobody has it
}

// memo keeps an answer that several conditions want.
type memo struct {
	number int // of the chunk that out is for, from 1
	out    answer
}

// block compiles a condition for chunks.
func (c *compiler) block(n ir.Node) block {
	switch n := n.(type) {
	case *ir.Not:
		return &notBlock{c.block(n.X)}
	case *ir.Logic:
		b := &logicBlock{or: n.Op == ir.Or}
		for _, x := range byCost(n.Xs) {
			b.xs = append(b.xs, c.block(x))
		}
		return b
	case *ir.Cond:
		return &choiceBlock{c.block(n.If), c.block(n.Then), c.block(n.Else)}
	}
	test, ok := c.try(n)
	if !ok {
		return leftBlock{}
	}
	return &sharedBlock{key: ir.Text(n), block: c.leafBlock(n, test)}
}

// leafBlock finds the fastest form of a condition that is no composition.
func (c *compiler) leafBlock(n ir.Node, test cond) block {
	switch n := n.(type) {
	case *ir.Segment:
		return &segmentBlock{c.segmentProgram(n.Name)}
	case *ir.Subscribed:
		return &bitsBlock{func() column.Bits { return c.table.Topics[n.Topic] }}
	case *ir.Consent:
		if n.Field == ir.ConsentGranted {
			said := c.said(n)
			return &bitsBlock{func() column.Bits {
				if s := said(); s != nil {
					return s.Granted
				}
				return nil
			}}
		}
	case *ir.Reachable:
		return &bitsBlock{func() column.Bits { return c.table.Reachable[n.Channel] }}
	}
	if b := c.columnBlock(n); b != nil {
		return b
	}
	if b := c.valueBlock(n, test); b != nil {
		return b
	}
	if b := c.historyBlock(n, test); b != nil {
		return b
	}
	return eachBlock{test}
}

func (x *run) take() *answer {
	if n := len(x.spare); n > 0 {
		a := x.spare[n-1]
		x.spare = x.spare[:n-1]
		return a
	}
	return new(answer)
}

func (x *run) giveBack(a *answer) { x.spare = append(x.spare, a) }

// set puts a person's truth into the answer.
func (a *answer) set(word int, bit uint64, t expr.Truth) {
	switch t {
	case expr.True:
		a.yes[word] |= bit
		a.known[word] |= bit
	case expr.False:
		a.known[word] |= bit
	case open:
		a.left[word] |= bit
	}
}

func (l *lanes) empty() bool {
	any := uint64(0)
	for _, w := range l {
		any |= w
	}
	return any == 0
}

// eachBlock asks one person after the other.
type eachBlock struct{ test cond }

func (b eachBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{}
	for w, left := range live {
		for ; left != 0; left &= left - 1 {
			j := bits.TrailingZeros64(left)
			x.frame.slot = x.first + uint32(w<<6+j)
			out.set(w, 1<<j, b.test(x.frame))
		}
	}
}

// leftBlock leaves everybody to package expr.
type leftBlock struct{}

func (leftBlock) answer(_ *run, live *lanes, out *answer) { *out = answer{left: *live} }

type notBlock struct{ x block }

func (b *notBlock) answer(x *run, live *lanes, out *answer) {
	b.x.answer(x, live, out)
	for w := range out.yes {
		out.yes[w] = out.known[w] &^ out.yes[w]
	}
}

// logicBlock asks each operand of those whom the ones before have left open.
type logicBlock struct {
	or bool
	xs []block
}

func (b *logicBlock) answer(x *run, live *lanes, out *answer) {
	rest, all := *live, *live // of rest no operand has decided; of all every one says the opposite
	var left lanes
	sub := x.take()
	for _, operand := range b.xs {
		operand.answer(x, &rest, sub)
		some := uint64(0)
		for w := range rest {
			yes, no := sub.yes[w], sub.known[w]&^sub.yes[w]
			if b.or {
				yes, no = no, yes
			}
			all[w] &= yes
			left[w] |= sub.left[w]
			rest[w] &^= no
			some |= rest[w]
		}
		if some == 0 {
			break
		}
	}
	x.giveBack(sub)
	for w := range rest {
		decided, same := live[w]&^rest[w], all[w]&rest[w]
		out.known[w] = decided | same
		out.left[w] = left[w] & rest[w]
		if out.yes[w] = same; b.or {
			out.yes[w] = decided
		}
	}
}

type choiceBlock struct{ test, then, otherwise block }

func (b *choiceBlock) answer(x *run, live *lanes, out *answer) {
	b.test.answer(x, live, out)
	yes, no := out.yes, out.known
	for w := range no {
		no[w] &^= yes[w]
	}
	left := out.left
	b.then.answer(x, &yes, out)
	sub := x.take()
	b.otherwise.answer(x, &no, sub)
	for w := range no {
		out.yes[w] |= sub.yes[w]
		out.known[w] |= sub.known[w]
		out.left[w] |= sub.left[w] | left[w]
	}
	x.giveBack(sub)
}

// bitsBlock is a set of people.
type bitsBlock struct{ set func() column.Bits }

func (b *bitsBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{known: *live}
	set := b.set()
	for w := range x.words {
		if i := x.word(w); i < len(set) {
			out.yes[w] = live[w] & set[i]
		}
	}
}

// word is a word of the chunk among those of everybody.
func (x *run) word(w int) int { return int(x.first>>6) + w }

// segmentBlock asks the segment's program; nil is unknown of everybody.
type segmentBlock struct{ program *Program }

func (b *segmentBlock) answer(x *run, live *lanes, out *answer) {
	if b.program == nil {
		*out = answer{}
		return
	}
	b.program.answer(x, live, out)
}

// answer asks a whole program, with what is left to package expr.
func (p *Program) answer(x *run, live *lanes, out *answer) {
	p.root.answer(x, live, out)
	if !p.slow || out.left.empty() {
		return
	}
	for w, left := range out.left {
		for ; left != 0; left &= left - 1 {
			j := bits.TrailingZeros64(left)
			slot := x.first + uint32(w<<6+j)
			out.set(w, 1<<j, p.checked.Test(p.person(slot, x.frame.now), x.frame.now))
		}
	}
	out.left = lanes{}
}

// sharedBlock is a condition that others may name too: it is then asked once, of
// everybody.
type sharedBlock struct {
	key string
	block
}

func (b *sharedBlock) answer(x *run, live *lanes, out *answer) {
	m := x.shared[b.key]
	if m == nil {
		b.block.answer(x, live, out)
		return
	}
	if m.number != x.number {
		b.block.answer(x, &x.people, &m.out)
		m.number = x.number
	}
	for w := range live {
		out.yes[w] = m.out.yes[w] & live[w]
		out.known[w] = m.out.known[w] & live[w]
		out.left[w] = m.out.left[w] & live[w]
	}
}

// newRun begins to go over the people of a table.
func newRun(t *column.Table, now time.Time) *run {
	return &run{table: t, frame: take(0, now), tables: map[any][]uint8{}, codes: map[any]int64{}}
}

// next goes on to the next chunk; false at the end.
func (x *run) next() bool {
	first := x.number * chunk * 64
	if first >= len(x.table.IDs) {
		x.frame.giveBack()
		return false
	}
	x.number++
	x.first = uint32(first)
	people := min(len(x.table.IDs)-first, chunk*64)
	x.words = (people + 63) / 64
	x.people = lanes{}
	for w := range x.words {
		x.people[w] = ^uint64(0)
		if rest := people - 64*w; rest < 64 {
			x.people[w] = 1<<rest - 1
		}
		if i := x.word(w); i < len(x.table.Gone) {
			x.people[w] &^= x.table.Gone[i]
		}
	}
	return true
}
