package index

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// origin is the part of an event that a node stands for.
type origin struct {
	event string // "" for none: what does not come from an event
	path  []string
}

// origin tells which part of an event a node stands for, if it is one. Of a list
// it is that of its elements.
func (w *wants) origin(n ir.Node) (origin, bool) {
	switch n := n.(type) {
	case *ir.Var:
		from, ok := w.vars[n.Slot]
		return from, ok && from.event != ""
	case *ir.Field:
		from, ok := w.origin(n.X)
		return from.at(n.Name), ok
	case *ir.Index:
		from, ok := w.origin(n.X)
		if kind := n.X.Type().Kind; kind == campaign.Object {
			key, _ := n.Key.(*ir.Const)
			if name, isText := constant(key); isText {
				return from.at(name), ok
			}
			if ok {
				w.look(from) // any of its fields
			}
		}
		return from, ok
	case *ir.History:
		return origin{event: n.Event}, true
	case *ir.Cond:
		from, ok := w.origin(n.Then)
		other, also := w.origin(n.Else)
		if ok && also && (from.event != other.event || !slices.Equal(from.path, other.path)) {
			w.look(other)
		} else if !ok {
			from, ok = other, also
		}
		return from, ok
	case *ir.Fold:
		return w.originOfFold(n)
	}
	return origin{}, false
}

func (w *wants) originOfFold(n *ir.Fold) (origin, bool) {
	switch n.Op {
	case ir.FoldFirst, ir.FoldLast, ir.FoldFilter:
		return w.origin(n.Over)
	case ir.FoldFlat, ir.FoldMap, ir.FoldTop, ir.FoldMin, ir.FoldMax:
		over, ok := w.origin(n.Over)
		if n.Var != nil && ok {
			w.vars[n.Var.Slot] = over
		}
		return w.origin(n.Body)
	}
	return origin{}, false
}

func constant(c *ir.Const) (string, bool) {
	if c == nil {
		return "", false
	}
	s, ok := c.Value.(string)
	return s, ok
}

func (o origin) at(name string) origin { return origin{o.event, append(slices.Clip(o.path), name)} }

func (w *wants) event(label string) *looked {
	if w.events[label] == nil {
		w.events[label] = &looked{}
	}
	return w.events[label]
}

// touch notes that a part of an event must be there, none of its fields yet.
func (w *wants) touch(o origin) *looked {
	at := w.event(o.event)
	for _, name := range o.path {
		if at.fields == nil {
			at.fields = map[string]*looked{}
		}
		if at.fields[name] == nil {
			at.fields[name] = &looked{}
		}
		at = at.fields[name]
	}
	return at
}

// look notes that a part of an event is looked at.
func (w *wants) look(o origin) { w.touch(o).whole = true }
