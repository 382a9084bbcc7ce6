package vector

import (
	"cmp"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// compiler makes closures and blocks of nodes, over the columns of a table.
type compiler struct {
	Options
	table   *column.Table
	program *Program
	vars    [maxVariables]place // what the variables of folds stand for

	nested  bool // a segment is named inside of a fold
	missing bool // something under way has no form over columns
	slow    bool // some condition had none
}

// none is a closure for what has no form over columns.
func none[T any](c *compiler) fn[T] {
	c.missing = true
	return absent[T]()
}

func absent[T any]() fn[T] {
	return func(*frame) (zero T, ok bool) { return zero, false }
}

func constant[T any](v T) fn[T] { return func(*frame) (T, bool) { return v, true } }

func truth(t expr.Truth) cond { return func(*frame) expr.Truth { return t } }

// cond compiles a condition. One with a part that has no form over columns is
// open, but for what && || ! and ?: make of it.
func (c *compiler) cond(n ir.Node) cond {
	switch n := n.(type) {
	case *ir.Not:
		x := c.cond(n.X)
		return func(f *frame) expr.Truth { return not(x(f)) }
	case *ir.Logic:
		return c.logic(n)
	case *ir.Cond:
		return c.choice(n)
	}
	test, ok := c.try(n)
	if !ok {
		c.slow = true
		return truth(open)
	}
	return test
}

// try compiles a condition that is no composition; false where it has no form
// over columns.
func (c *compiler) try(n ir.Node) (cond, bool) {
	before := c.missing
	c.missing = false
	test := c.leaf(n)
	ok := !c.missing
	c.missing = before
	return test, ok
}

// inner compiles a condition inside of another expression, which needs all of it.
func (c *compiler) inner(n ir.Node) cond {
	slow := c.slow
	c.slow = false
	test := c.cond(n)
	if c.slow {
		c.missing = true
	}
	c.slow = slow
	return test
}

func not(t expr.Truth) expr.Truth {
	if t == open {
		return open
	}
	return t.Not()
}

// logic asks the cheapest operand first, and stops at one that decides. What
// decides alone is all that has to change for the result to change.
func (c *compiler) logic(n *ir.Logic) cond {
	xs := make([]cond, len(n.Xs))
	for i, x := range byCost(n.Xs) {
		xs[i] = c.cond(x)
	}
	decides, otherwise := expr.False, expr.True
	if n.Op == ir.Or {
		decides, otherwise = expr.True, expr.False
	}
	return func(f *frame) expr.Truth {
		result, before := otherwise, f.until
		for _, x := range xs {
			soFar := f.until
			f.until = never
			switch x(f) {
			case decides:
				f.until = min(before, f.until)
				return decides
			case open:
				result = open
			case expr.Unknown:
				if result != open {
					result = expr.Unknown
				}
			}
			f.until = min(soFar, f.until)
		}
		return result
	}
}

// byCost sorts conditions by what they cost for one person, cheapest first.
func byCost(xs []ir.Node) []ir.Node {
	sorted := slices.Clone(xs)
	slices.SortStableFunc(sorted, func(a, b ir.Node) int { return cmp.Compare(effort(a), effort(b)) })
	return sorted
}

// effort is the cost of a condition, with what asks only whether there is an event
// among the cheap ones.
func effort(n ir.Node) float64 {
	if x, ok := n.(*ir.Not); ok {
		return effort(x.X)
	}
	if fold, ok := n.(*ir.Fold); ok && fold.Body == nil && len(wheres(fold)) == 0 {
		return 8
	}
	if _, ok := n.(*ir.Segment); ok {
		return 1000
	}
	return ir.Cost(n)
}

// choice is If ? Then : Else. Where If is open, all of it is.
func (c *compiler) choice(n *ir.Cond) cond {
	test, then, otherwise := c.cond(n.If), c.cond(n.Then), c.cond(n.Else)
	return func(f *frame) expr.Truth {
		switch t := test(f); t {
		case expr.True:
			return then(f)
		case expr.False:
			return otherwise(f)
		default:
			return t // open, unknown
		}
	}
}

// leaf compiles a condition that is no composition.
func (c *compiler) leaf(n ir.Node) cond {
	switch n := n.(type) {
	case *ir.Segment:
		return c.segment(n.Name)
	case *ir.Subscribed:
		return c.permits(c.table.Topics, n.Topic)
	case *ir.Reachable:
		return c.permits(c.table.Reachable, n.Channel)
	case *ir.Consent:
		if n.Field == ir.ConsentGranted {
			return c.consented(n)
		}
		return isKnown(none[bool](c))
	case *ir.Compare:
		return c.smooth(n, c.compare(n))
	case *ir.In:
		return c.in(n)
	case *ir.Has:
		return c.has(n.X)
	case *ir.Fold:
		return c.foldTruth(n)
	case *ir.Sequence:
		return c.ordered(n)
	case *ir.Call:
		return c.question(n)
	case *ir.Const:
		if v, ok := n.Value.(bool); ok {
			return truth(expr.TruthOf(v))
		}
		return truth(expr.Unknown)
	}
	return c.flag(n)
}

// segment asks the segment's own program, which is compiled once.
func (c *compiler) segment(label string) cond {
	inner := c.segmentProgram(label)
	if inner == nil {
		return truth(expr.Unknown)
	}
	if !c.nested {
		return inner.ask
	}
	return func(f *frame) expr.Truth { // variables and rows of the frame are in use
		g := take(f.slot, f.now)
		if f.watch {
			g.watching()
		}
		t := inner.ask(g)
		if f.watch {
			f.by(g.until)
		}
		g.giveBack()
		return t
	}
}

// segmentProgram is nil for a segment that is not there, or that needs itself.
func (c *compiler) segmentProgram(label string) *Program {
	known := c.program.inner
	if p, ok := known[label]; ok {
		return p
	}
	known[label] = nil
	if c.Segment == nil {
		return nil
	}
	if checked := c.Segment(label); checked != nil {
		known[label] = compileWithin(checked, c.table, c.Options, known)
	}
	return known[label]
}

// nests reports whether a segment is named inside of a fold, where variables are
// in use.
func nests(n ir.Node) (nested bool) {
	folds := func(inside ir.Node) bool {
		if _, ok := inside.(*ir.Segment); ok {
			nested = true
		}
		return !nested
	}
	ir.Walk(n, func(n ir.Node) bool {
		switch n.(type) {
		case *ir.Fold, *ir.Sequence:
			ir.Walk(n, folds)
			return false
		}
		return !nested
	})
	return nested
}

// permits looks a slot up in a set that may not be there yet.
func (c *compiler) permits(sets map[string]column.Bits, name string) cond {
	return func(f *frame) expr.Truth { return expr.TruthOf(sets[name].Has(f.slot)) }
}

// flag is a value that is a bool.
func (c *compiler) flag(n ir.Node) cond {
	at := c.locate(n)
	if at.column == nil {
		return c.strayFlag(n, at)
	}
	col, row, fallback := at.column, at.row, at.fallback
	return func(f *frame) expr.Truth {
		if r, ok := row(f); ok && knownAt(col, r) {
			return expr.TruthOf(col.Bool.Has(r))
		}
		return fallbackTruth(fallback)
	}
}

// strayFlag is a bool that no column holds: one of a catalog, or one that nobody
// has.
func (c *compiler) strayFlag(n ir.Node, at place) cond {
	v := stray[bool](c, n, at)
	return func(f *frame) expr.Truth {
		b, ok := v(f)
		if !ok {
			return expr.Unknown
		}
		return expr.TruthOf(b)
	}
}

func fallbackTruth(v any) expr.Truth {
	b, ok := v.(bool)
	if !ok {
		return expr.Unknown
	}
	return expr.TruthOf(b)
}

// has asks whether a value is known, or a collection has elements.
func (c *compiler) has(x ir.Node) cond {
	switch x.Type().Kind {
	case campaign.Bool:
		test := c.inner(x)
		return func(f *frame) expr.Truth { return expr.TruthOf(test(f) != expr.Unknown) }
	case campaign.Number:
		return isKnown(c.number(x))
	case campaign.String, campaign.Ref:
		return isKnown(c.text(x))
	case campaign.Date:
		return isKnown(c.day(x))
	case campaign.Time:
		return isKnown(c.time(x))
	case campaign.Duration:
		return isKnown(c.duration(x))
	case campaign.List, campaign.Set, campaign.Map:
		size := c.length(x)
		return func(f *frame) expr.Truth {
			n, _ := size(f)
			return expr.TruthOf(n > 0)
		}
	case campaign.Object:
		return c.hasObject(x)
	}
	return isKnown(none[struct{}](c))
}

func isKnown[T any](v fn[T]) cond {
	return func(f *frame) expr.Truth {
		_, ok := v(f)
		return expr.TruthOf(ok)
	}
}
