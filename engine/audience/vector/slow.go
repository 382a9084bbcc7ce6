package vector

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// What is left to package expr cannot note what it looks at. Its largest parts that
// have a form over columns are asked instead: as long as none of them changes, the
// whole does not. Where there is a look at the clock in between, it is asked again
// every second.

// aSecond is the grid of what is left to package expr and looks at the clock.
const aSecond = int64(time.Second)

// parts collects closures that note when a part of a node changes. within says that
// the node is inside of a fold, whose variables stand for nothing here.
func (c *compiler) parts(n ir.Node, within bool, out *[]func(*frame)) {
	if !within && c.part(n, out) {
		return
	}
	add := func(f func(*frame)) { *out = append(*out, f) }
	switch n := n.(type) {
	case *ir.Now:
		add(everySecond)
	case *ir.Call:
		if n.Func == ir.Age || n.Func == ir.DaysUntil {
			add(everySecond)
		}
	case *ir.Segment, *ir.Subscribed, *ir.Reachable, *ir.Consent:
		if within {
			c.part(n, out)
		}
	case *ir.History:
		c.windowPart(n, within, out)
	}
	c.children(n, within, out)
}

func everySecond(f *frame) { f.in(aSecond) }

// children goes into a node. Bodies and conditions of folds have variables.
func (c *compiler) children(n ir.Node, within bool, out *[]func(*frame)) {
	over := map[ir.Node]bool{}
	switch n := n.(type) {
	case *ir.Fold:
		over[n.Over] = true
	case *ir.Sequence:
		for _, step := range n.Steps {
			over[step] = true
		}
	}
	_, history := n.(*ir.History)
	ir.Walk(n, func(child ir.Node) bool {
		if child == n {
			return true
		}
		bound := within || history || len(over) > 0 && !over[child]
		c.parts(child, bound, out)
		return false
	})
}

// part is a node that has a form over columns: asked, it notes by itself.
func (c *compiler) part(n ir.Node, out *[]func(*frame)) bool {
	before := c.missing
	c.missing = false
	ask := c.asking(n)
	ok := !c.missing && ask != nil
	c.missing = before
	if !ok {
		return false
	}
	moves := c.pace(n).moves()
	*out = append(*out, func(f *frame) {
		before := f.flowing
		f.flowing = false
		if ask(f); moves || f.flowing {
			f.in(aSecond)
		}
		f.flowing = before
	})
	return true
}

// asking computes a node of any kind and forgets what comes of it.
func (c *compiler) asking(n ir.Node) func(*frame) {
	switch n.Type().Kind {
	case campaign.Bool:
		return forget(isKnownTruth(c.inner(n)))
	case campaign.Number:
		return forget(c.number(n))
	case campaign.String, campaign.Ref:
		return forget(c.text(n))
	case campaign.Date:
		return forget(c.day(n))
	case campaign.Time:
		return forget(c.time(n))
	case campaign.Duration:
		return forget(c.duration(n))
	case campaign.List, campaign.Set:
		if _, history := n.(*ir.History); !history {
			return forget(c.length(n))
		}
	}
	return nil
}

func isKnownTruth(test cond) fn[struct{}] {
	return func(f *frame) (struct{}, bool) { test(f); return struct{}{}, true }
}

func forget[T any](v fn[T]) func(*frame) { return func(f *frame) { v(f) } }

// windowPart notes when any event comes of age, or leaves the window.
func (c *compiler) windowPart(n *ir.History, within bool, out *[]func(*frame)) {
	w := &walk{slot: -1, events: c.events(n.Event)}
	before := c.missing
	c.missing = false
	if !within {
		c.window(n, w)
	} else {
		c.window(&ir.History{Filters: withins(n.Filters)}, w) // since() may hang on a variable: its From is a part of its own
	}
	if c.missing {
		w.since = nil
	}
	c.missing = before
	bound := len(w.since) < len(sinces(n.Filters))
	*out = append(*out, func(f *frame) {
		s, ok := w.start(f)
		if !ok {
			return
		}
		for i := s.from; i < s.to; i++ {
			w.leaves(f, s.at(i))
		}
		if bound && s.to > s.from {
			f.in(aSecond) // the start of the window may move
		}
	})
}

func withins(all []ir.Filter) (out []ir.Filter) {
	for _, f := range all {
		if w, ok := f.(*ir.Within); ok {
			out = append(out, w)
		}
	}
	return out
}

func sinces(all []ir.Filter) (out []*ir.Since) {
	for _, f := range all {
		if s, ok := f.(*ir.Since); ok {
			out = append(out, s)
		}
	}
	return out
}
