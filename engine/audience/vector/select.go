package vector

import (
	"time"

	"github.com/herald-campaigns/herald/engine/audience/column"
)

// Answer is what a condition is for everybody, by slot. Who is in Known and not in
// Yes does not meet it; who is in neither, and not gone, is unknown.
type Answer struct {
	Yes, Known column.Bits
}

// Select asks the condition of everybody. Both sets have a bit for each slot of
// the table; those of people who are gone are not set.
func (p *Program) Select(now time.Time) (yes, known column.Bits) {
	all := SelectMany([]*Program{p}, now)
	return all[0].Yes, all[0].Known
}

// SelectMany asks several conditions over one table of everybody. What several of
// them ask, told by its canonical text, is asked once.
func SelectMany(programs []*Program, now time.Time) []Answer {
	out := make([]Answer, len(programs))
	if len(programs) == 0 {
		return out
	}
	t := programs[0].table
	words := (len(t.IDs) + 63) / 64
	for i := range out {
		out[i] = Answer{make(column.Bits, words), make(column.Bits, words)}
	}
	x := newRun(t, now)
	x.shared = shared(programs)
	a := x.take()
	for x.next() {
		for i, p := range programs {
			p.answer(x, &x.people, a)
			at := x.word(0)
			copy(out[i].Yes[at:at+x.words], a.yes[:])
			copy(out[i].Known[at:at+x.words], a.known[:])
		}
	}
	return out
}

// shared are the conditions that occur more than once, by their text.
func shared(programs []*Program) map[string]*memo {
	counts, seen := map[string]int{}, map[*Program]bool{}
	for _, p := range programs {
		count(p.root, counts, seen)
	}
	memos := map[string]*memo{}
	for key, n := range counts {
		if n > 1 {
			memos[key] = &memo{}
		}
	}
	return memos
}

// count counts conditions by their text; those of a segment once.
func count(b block, counts map[string]int, seen map[*Program]bool) {
	switch b := b.(type) {
	case *notBlock:
		count(b.x, counts, seen)
	case *logicBlock:
		for _, x := range b.xs {
			count(x, counts, seen)
		}
	case *choiceBlock:
		count(b.test, counts, seen)
		count(b.then, counts, seen)
		count(b.otherwise, counts, seen)
	case *sharedBlock:
		counts[b.key]++
		s, ok := b.block.(*segmentBlock)
		if ok && s.program != nil && !seen[s.program] {
			seen[s.program] = true
			count(s.program.root, counts, seen)
		}
	}
}
