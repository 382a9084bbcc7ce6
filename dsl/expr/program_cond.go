package expr

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// cond compiles a condition.
func (c *compiler) cond(n ir.Node) cond {
	switch n := n.(type) {
	case *ir.Segment:
		return func(f *frame) Truth { return f.subject.Segment(n.Name) }
	case *ir.Subscribed:
		return func(f *frame) Truth { return TruthOf(f.subject.Subscribed(n.Topic)) }
	case *ir.Reachable:
		return func(f *frame) Truth { return TruthOf(f.subject.Reachable(n.Channel)) }
	case *ir.Not:
		x := c.cond(n.X)
		return func(f *frame) Truth { return x(f).Not() }
	case *ir.Logic:
		return c.logic(n)
	case *ir.Cond:
		return c.chooseTruth(n)
	case *ir.Compare:
		return c.compare(n)
	case *ir.In:
		return c.in(n)
	case *ir.Has:
		return c.has(n.X)
	case *ir.Fold:
		return c.foldTruth(n)
	case *ir.Sequence:
		return c.ordered(n)
	case *ir.Call:
		switch n.Func {
		case ir.SetsContains, ir.SetsIntersects, ir.SetsEquivalent:
			return c.setTest(n)
		}
		return c.textTest(n)
	}
	leaf := c.leaf(n)
	if leaf == nil {
		return func(*frame) Truth { return Unknown }
	}
	return func(f *frame) Truth {
		v, _ := leaf(f)
		return Value{v}.Truth()
	}
}

// logic stops at the first operand that decides.
func (c *compiler) logic(n *ir.Logic) cond {
	xs := make([]cond, len(n.Xs))
	for i, x := range n.Xs {
		xs[i] = c.cond(x)
	}
	decides, otherwise := False, True
	if n.Op == ir.Or {
		decides, otherwise = True, False
	}
	return func(f *frame) Truth {
		result := otherwise
		for _, x := range xs {
			switch x(f) {
			case decides:
				return decides
			case Unknown:
				result = Unknown
			}
		}
		return result
	}
}

func (c *compiler) chooseTruth(n *ir.Cond) cond {
	test, then, otherwise := c.cond(n.If), c.cond(n.Then), c.cond(n.Else)
	return func(f *frame) Truth {
		switch test(f) {
		case True:
			return then(f)
		case False:
			return otherwise(f)
		}
		return Unknown
	}
}

// has asks whether a value is known, or a collection has elements.
func (c *compiler) has(x ir.Node) cond {
	switch x.Type().Kind {
	case campaign.Bool:
		test := c.cond(x)
		return func(f *frame) Truth { return TruthOf(test(f) != Unknown) }
	case campaign.List, campaign.Set:
		list := c.list(x)
		return func(f *frame) Truth {
			v, _ := list(f)
			return TruthOf(len(v) > 0)
		}
	case campaign.Map:
		o := c.object(x)
		return func(f *frame) Truth {
			v, _ := o(f)
			return TruthOf(len(v.m) > 0)
		}
	case campaign.Object:
		return isKnown(c.object(x))
	case campaign.Number:
		return isKnown(c.number(x))
	case campaign.String, campaign.Ref:
		return isKnown(c.text(x))
	case campaign.Date:
		return isKnown(c.date(x))
	case campaign.Time:
		return isKnown(c.time(x))
	case campaign.Duration:
		return isKnown(c.duration(x))
	}
	return isKnown(c.any(x))
}

func isKnown[T any](v fn[T]) cond {
	return func(f *frame) Truth {
		_, ok := v(f)
		return TruthOf(ok)
	}
}

func (c *compiler) compare(n *ir.Compare) cond {
	kind := n.L.Type().Kind
	if kind == campaign.Any {
		kind = n.R.Type().Kind
	}
	switch kind {
	case campaign.Number:
		return compareBy(n.Op, c.number(n.L), c.number(n.R), cmp.Compare)
	case campaign.String, campaign.Ref:
		return compareBy(n.Op, c.text(n.L), c.text(n.R), strings.Compare)
	case campaign.Time:
		return compareBy(n.Op, c.time(n.L), c.time(n.R), time.Time.Compare)
	case campaign.Duration:
		return compareBy(n.Op, c.duration(n.L), c.duration(n.R), cmp.Compare)
	case campaign.Date:
		return compareBy(n.Op, c.date(n.L), c.date(n.R), compareDates)
	case campaign.Bool:
		l, r, want := c.cond(n.L), c.cond(n.R), n.Op == ir.Eq
		return func(f *frame) Truth {
			a, b := l(f), r(f)
			if a == Unknown || b == Unknown {
				return Unknown
			}
			return TruthOf((a == b) == want)
		}
	case campaign.List, campaign.Set:
		asSets := kind == campaign.Set || n.R.Type().Kind == campaign.Set
		return compareLists(n.Op, c.list(n.L), c.list(n.R), asSets)
	}
	return func(*frame) Truth { return Unknown }
}

func compareBy[T any](op ir.CompareOp, l, r fn[T], order func(a, b T) int) cond {
	return func(f *frame) Truth {
		a, ok := l(f)
		if !ok {
			return Unknown
		}
		b, ok := r(f)
		if !ok {
			return Unknown
		}
		return holds(op, order(a, b))
	}
}

func compareLists(op ir.CompareOp, l, r fn[[]any], asSets bool) cond {
	same := func(a, b []any) bool { return slices.EqualFunc(a, b, equal) }
	if asSets {
		same = sameSet
	}
	return func(f *frame) Truth {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return Unknown
		}
		return TruthOf(same(a, b) == (op == ir.Eq))
	}
}

// in is unknown if the value or the list is, even if the list is empty.
func (c *compiler) in(n *ir.In) cond {
	switch n.Of.Type().Kind {
	case campaign.Map, campaign.Object:
		return inMap(c.text(n.X), c.object(n.Of))
	}
	list := c.list(n.Of)
	switch n.X.Type().Kind {
	case campaign.String, campaign.Ref:
		return inList(c.text(n.X), list)
	case campaign.Number:
		return inList(c.number(n.X), list)
	case campaign.Date:
		return inList(c.date(n.X), list)
	case campaign.Duration:
		return inList(c.duration(n.X), list)
	}
	x := c.any(n.X)
	return func(f *frame) Truth {
		v, ok1 := x(f)
		elems, ok2 := list(f)
		if !ok1 || !ok2 {
			return Unknown
		}
		return TruthOf(slices.ContainsFunc(elems, func(e any) bool { return equal(e, v) }))
	}
}

func inList[T comparable](x fn[T], list fn[[]any]) cond {
	return func(f *frame) Truth {
		v, ok1 := x(f)
		elems, ok2 := list(f)
		if !ok1 || !ok2 {
			return Unknown
		}
		for _, e := range elems {
			if t, ok := e.(T); ok && t == v {
				return True
			}
		}
		return False
	}
}

func inMap(x fn[string], m fn[object]) cond {
	return func(f *frame) Truth {
		key, ok1 := x(f)
		o, ok2 := m(f)
		if !ok1 || !ok2 {
			return Unknown
		}
		_, ok := o.get(key)
		return TruthOf(ok)
	}
}

// textTest is a question about a text.
func (c *compiler) textTest(n *ir.Call) cond {
	x := c.text(n.Args[0])
	if n.Func == ir.Matches {
		return matches(x, n.Args[1])
	}
	test := map[ir.Func]func(s, part string) bool{
		ir.Contains: strings.Contains, ir.StartsWith: strings.HasPrefix, ir.EndsWith: strings.HasSuffix,
	}[n.Func]
	if test == nil {
		return func(*frame) Truth { return Unknown }
	}
	y := c.text(n.Args[1])
	return func(f *frame) Truth {
		s, ok1 := x(f)
		part, ok2 := y(f)
		if !ok1 || !ok2 {
			return Unknown
		}
		return TruthOf(test(s, part))
	}
}

func matches(x fn[string], pattern ir.Node) cond {
	text, _ := constText(pattern)
	re, err := regexp.Compile(text)
	if err != nil { // lowering has refused it
		return func(*frame) Truth { return Unknown }
	}
	return func(f *frame) Truth {
		s, ok := x(f)
		if !ok {
			return Unknown
		}
		return TruthOf(re.MatchString(s))
	}
}
