package ir

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Walk calls visit for n and all that is in it, parents first, in the order
// written. Where visit returns false, Walk does not look into the node.
func Walk(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	each := func(nodes ...Node) {
		for _, child := range nodes {
			Walk(child, visit)
		}
	}
	switch n := n.(type) {
	case *Field:
		each(n.X)
	case *Index:
		each(n.X, n.Key)
	case *Row:
		each(n.Key)
	case *Has:
		each(n.X)
	case *Not:
		each(n.X)
	case *Neg:
		each(n.X)
	case *Logic:
		each(n.Xs...)
	case *Cond:
		each(n.If, n.Then, n.Else)
	case *Compare:
		each(n.L, n.R)
	case *In:
		each(n.X, n.Of)
	case *Arith:
		each(n.L, n.R)
	case *Call:
		each(n.Args...)
	case *List:
		each(n.Elems...)
	case *Object:
		each(n.Values...)
	case *History:
		for _, f := range n.Filters {
			walkFilter(f, visit)
		}
	case *Fold:
		each(n.Over)
		if n.Body != nil {
			each(n.Body)
		}
		if n.Weight != nil {
			each(n.Weight)
		}
	case *Sequence:
		if n.For != nil {
			each(n.For)
		}
		for _, h := range n.Steps {
			each(h)
		}
	case *Short:
		each(n.X)
	}
}

func walkFilter(f Filter, visit func(Node) bool) {
	switch f := f.(type) {
	case *Within:
		Walk(f.For, visit)
	case *Since:
		Walk(f.From, visit)
	case *Where:
		Walk(f.Cond, visit)
	}
}

// Reads collects what n looks at.
func Reads(n Node) campaign.Reads {
	var r campaign.Reads
	Walk(n, func(n Node) bool {
		switch n := n.(type) {
		case *Attribute:
			r.Attributes = append(r.Attributes, n.Name)
		case *History:
			r.Events = append(r.Events, n.Event)
			r.Time = r.Time || windowed(n)
		case *Segment:
			r.Segments = append(r.Segments, n.Name)
		case *Subscribed:
			r.Topics = append(r.Topics, n.Topic)
		case *Consent:
			r.Topics = append(r.Topics, n.Topic)
		case *Row:
			r.Catalogs = append(r.Catalogs, n.Catalog)
		case *Step:
			r.Steps = append(r.Steps, n.Step)
		case *Reachable:
			r.Reachable = true
		case *Now:
			r.Time = true
		case *Call:
			r.Time = r.Time || n.Func == Age || n.Func == DaysUntil
		case *Short:
			r.Traits = append(r.Traits, n.Traits...)
		}
		return true
	})
	for _, list := range []*[]string{&r.Attributes, &r.Events, &r.Segments, &r.Topics, &r.Catalogs, &r.Steps, &r.Traits} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return r
}

func windowed(h *History) bool {
	return slices.ContainsFunc(h.Filters, func(f Filter) bool {
		_, where := f.(*Where)
		return !where
	})
}

// Assumed sizes for Cost: a busy customer, a long order, a few labels.
const (
	assumedEvents   = 1000
	assumedElements = 100
	assumedInSet    = 10
)

// Cost estimates how many nodes are looked at to evaluate n once, for a person
// with 1,000 events of each kind, 100 elements in each list and 10 in each set.
func Cost(n Node) float64 {
	cost := 1.0
	switch n := n.(type) {
	case *Fold:
		return cost + Cost(n.Over) + elements(n.Over)*(bodyCost(n.Body)+bodyCost(n.Weight))
	case *Sequence:
		for _, h := range n.Steps {
			cost += Cost(h) + assumedEvents
		}
		return cost
	case *History:
		for _, f := range n.Filters {
			if w, ok := f.(*Where); ok {
				cost += assumedEvents * Cost(w.Cond)
			}
		}
		return cost
	case *In:
		return cost + Cost(n.X) + Cost(n.Of) + elements(n.Of)
	}
	Walk(n, func(child Node) bool {
		if child == n {
			return true
		}
		cost += Cost(child)
		return false
	})
	return cost
}

func bodyCost(body Node) float64 {
	if body == nil {
		return 0 // answered from the length alone
	}
	return Cost(body)
}

func elements(n Node) float64 {
	switch n := n.(type) {
	case *History:
		return assumedEvents
	case *Const:
		list, _ := n.Value.([]any)
		return float64(len(list))
	case *List:
		return float64(len(n.Elems))
	case *Fold:
		if n.Op == FoldFlat {
			return elements(n.Over) * elements(n.Body)
		}
		return elements(n.Over) // filter, map
	case *Short:
		return elements(n.X)
	}
	if n.Type().Kind == campaign.Set {
		return assumedInSet
	}
	return assumedElements
}
