package vector

import (
	"cmp"
	"math"
	"math/bits"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// historyBlock finds the loop over rows for a condition on one history whose
// window is the same for everybody; nil where there is none. Who has no row in the
// window gets the answer of somebody without any, at no cost.
func (c *compiler) historyBlock(n ir.Node, test cond) block {
	fold := onlyFold(n)
	if fold == nil || !fixedWindow(fold) {
		return nil
	}
	w := c.walk(fold)
	if w == nil || w.events == noEvents {
		return nil
	}
	b := &historyBlock{walk: w, test: test}
	if len(w.wheres) > 0 {
		return b
	}
	switch n := n.(type) {
	case *ir.Fold:
		if n.Op == ir.FoldAny || n.Op == ir.FoldNone {
			b.presence = true
		}
	case *ir.Compare:
		c.aggregate(n, b)
	}
	return b
}

// onlyFold is the one fold over a history that a condition hangs on beside what is
// the same for everybody; nil where there is more.
func onlyFold(n ir.Node) (only *ir.Fold) {
	alone := true
	ir.Walk(n, func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.Const, *ir.Now, *ir.Arith, *ir.Neg, *ir.Call, *ir.Compare, *ir.In, *ir.Has, *ir.Not, *ir.Logic, *ir.Cond, *ir.Row, *ir.Field, *ir.Index:
		case *ir.Fold:
			n = innermost(n)
			alone = alone && n != nil && only == nil
			only = n
			return false
		default:
			alone = false
		}
		return alone
	})
	if !alone {
		return nil
	}
	return only
}

// innermost is the fold that goes over a history, below filter() and flat(); nil
// where there is none.
func innermost(n *ir.Fold) *ir.Fold {
	for {
		switch over := n.Over.(type) {
		case *ir.History:
			return n
		case *ir.Fold:
			n = over
		default:
			return nil
		}
	}
}

// fixedWindow reports whether a window is the same for everybody.
func fixedWindow(n *ir.Fold) bool {
	for _, f := range n.Over.(*ir.History).Filters {
		if s, ok := f.(*ir.Since); ok && !alike(s.From) {
			return false
		}
	}
	return true
}

// aggregate finds the comparison of a count, or of an aggregate over a number of
// the rows, with a constant.
func (c *compiler) aggregate(n *ir.Compare, b *historyBlock) {
	l, r, op := n.L, n.R, n.Op
	if _, ok := l.(*ir.Const); ok {
		l, r, op = r, l, op.Flip()
	}
	fold, ok1 := l.(*ir.Fold)
	k, ok2 := r.(*ir.Const)
	if !ok1 || !ok2 {
		return
	}
	if _, direct := fold.Over.(*ir.History); !direct {
		return
	}
	limit, ok := k.Value.(float64)
	if !ok {
		return
	}
	b.op, b.limit, b.fold = op, limit, fold.Op
	switch fold.Op {
	case ir.FoldCount:
		b.sums = true
	case ir.FoldSum, ir.FoldAvg, ir.FoldMin, ir.FoldMax:
		field, ok := fold.Body.(*ir.Field)
		if !ok || field.T.Kind != campaign.Number || field.X != ir.Node(fold.Var) && !sameVar(field.X, fold.Var) {
			return
		}
		b.of = b.walk.events.Props[field.Name]
		b.sums = b.of != nil
	}
}

func sameVar(x ir.Node, v *ir.Var) bool {
	w, ok := x.(*ir.Var)
	return ok && w.Slot == v.Slot
}

// historyBlock goes over the rows of a history in a window.
type historyBlock struct {
	walk     *walk
	test     cond
	presence bool // any() or none()

	sums  bool // an aggregate, compared with limit
	fold  ir.FoldOp
	of    *column.Column // of which property; nil for count()
	op    ir.CompareOp
	limit float64
}

// edge is a window in the units of column.Times: rows after second `from` and part
// `part`, and not after second `until` and part `last`, are in it. Parts are
// microseconds.
type edge struct {
	from, part, until, last uint32
}

// edge is fast where rows can be compared with it.
func (b *historyBlock) edge(x *run) (e edge, fast bool) {
	w := b.walk
	begin, ok := w.begin(x.frame)
	if !ok || w.events.At.Odd != nil {
		return e, false
	}
	base := w.events.At.Base * 1e6
	now := x.frame.micro - base
	if now < 2e6 || now/1e6 >= math.MaxUint32 {
		return e, false
	}
	e.until, e.last = uint32(now/1e6), uint32(now%1e6)
	if !w.bounded() || begin <= base {
		return e, true
	}
	since := begin - base
	if since >= now {
		return e, false
	}
	e.from, e.part = uint32(since/1e6), uint32(since%1e6)
	return e, true
}

func (b *historyBlock) answer(x *run, live *lanes, out *answer) {
	*out = answer{}
	e, fast := b.edge(x)
	switch {
	case !fast:
		eachBlock{b.test}.answer(x, live, out)
	case b.presence:
		b.present(x, &e, live, out)
	default:
		b.rows(x, &e, live, out)
	}
}

// nobodys is the truth for somebody without a row.
func (b *historyBlock) nobodys(x *run) verdict {
	table := x.verdicts(b, 1)
	if table[0] == 0 {
		x.frame.slot = math.MaxUint32 - 1
		table[0] = verdictOf(b.test(x.frame))
	}
	return table[0]
}

// recent tells, for the people of a word, who has a newest row that is certainly in
// the window, and of whom the rows have to be looked at: it is in the second in
// which the window begins, or not before that of now.
func (b *historyBlock) recent(x *run, e *edge, w int, live uint64) (within, unsure uint64) {
	last := from64(b.walk.events.Last, int(x.first)+64*w)
	last = last[:min(len(last), 64)]
	first, width, least := e.from+1, e.until-e.from-1, max(e.from, 1)
	if e.until == e.from {
		width = 0
	}
	reached := uint64(0)
	if bits.OnesCount64(live) < 12 {
		for ; live != 0; live &= live - 1 {
			j := bits.TrailingZeros64(live)
			if j < len(last) && last[j] >= least {
				reached |= 1 << j
				if last[j]-first < width {
					within |= 1 << j
				}
			}
		}
		return within, reached &^ within
	}
	for _, sec := range last {
		in, on := uint64(0), uint64(0)
		if sec-first < width {
			in = 1
		}
		if sec >= least {
			on = 1
		}
		within = within>>1 | in<<63
		reached = reached>>1 | on<<63
	}
	rest := 64 - len(last)
	return within >> rest, (reached &^ within) >> rest
}

// lying are the people of a word whose rows lie together: who has had no news.
func (b *historyBlock) lying(x *run, w int) uint64 {
	events, i := b.walk.events, x.word(w)
	switch {
	case 64*(i+1) >= len(events.Offsets):
		return 0
	case i < len(events.Dirty):
		return ^events.Dirty[i]
	}
	return ^uint64(0)
}

// present answers any() and none() by the newest rows alone, where those are not
// later than now.
func (b *historyBlock) present(x *run, e *edge, live *lanes, out *answer) {
	none := b.nobodys(x)&holding != 0
	for w := range x.words {
		if live[w] == 0 {
			continue
		}
		found, unsure := b.recent(x, e, w, live[w])
		unsure &= live[w]
		asked := unsure &^ b.lying(x, w)
		for unsure &^= asked; unsure != 0; unsure &= unsure - 1 {
			j := bits.TrailingZeros64(unsure)
			if from, to := b.window(x, e, w, j); from < to {
				found |= 1 << j
			}
		}
		out.known[w] = live[w] &^ asked
		if none {
			found = ^found
		}
		out.yes[w] = found & out.known[w]
		b.each(x, w, asked, out)
	}
}

// each asks people one by one.
func (b *historyBlock) each(x *run, w int, who uint64, out *answer) {
	for ; who != 0; who &= who - 1 {
		j := bits.TrailingZeros64(who)
		out.mark(w, 1<<j, x.ask(b.test, w, j))
	}
}

// rows goes over the rows of those who have some in the window.
func (b *historyBlock) rows(x *run, e *edge, live *lanes, out *answer) {
	none := b.nobodys(x)
	for w := range x.words {
		if live[w] == 0 {
			continue
		}
		within, unsure := b.recent(x, e, w, live[w])
		some := (within | unsure) & live[w]
		out.mark(w, live[w]&^some, none)
		if !b.sums {
			b.each(x, w, some, out)
			continue
		}
		lying := some & b.lying(x, w)
		b.each(x, w, some&^lying, out)
		for ; lying != 0; lying &= lying - 1 {
			j := bits.TrailingZeros64(lying)
			if v := b.estimate(x, e, w, j); v != 0 {
				out.mark(w, 1<<j, v)
				continue
			}
			if v, ok := b.reduce(b.window(x, e, w, j)); ok {
				out.mark(w, 1<<j, verdictOf(holds(b.op, cmp.Compare(v, b.limit))))
			}
		}
	}
}
