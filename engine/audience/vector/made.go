package vector

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// made is what a fold goes over that is no row of a column: values that are written
// down, a list of one computed value, or objects that are made of the elements of
// lists of events. These are the lists that models of traits are written with.
type made struct {
	span func(*frame) (span, bool)
	put  func(f *frame, i uint32) // makes the variable stand for the element at i
}

// held is the value of a variable.
type held struct {
	number float64
	text   string
}

// pair is a row of a list, and the row that has the list.
type pair struct{ owner, row uint32 }

// makes compiles such a list and binds the fold's variable; nil for another.
func (c *compiler) makes(n *ir.Fold) *made {
	if n.Var == nil || n.Var.Slot >= maxVariables || n.Op == ir.FoldFilter || n.Op == ir.FoldFlat {
		return nil
	}
	switch over := n.Over.(type) {
	case *ir.Const:
		if list, ok := over.Value.([]any); ok {
			return c.writtenDown(n.Var, list)
		}
	case *ir.List:
		if len(over.Elems) == 1 {
			return c.single(n.Var, over.Elems[0])
		}
	case *ir.Fold:
		return c.objects(n, over)
	}
	return nil
}

// bind makes a variable stand for a value that is held; false where there is no room
// for its kind.
func (c *compiler) bind(v *ir.Var) bool {
	slot := v.Slot
	switch v.T.Kind {
	case campaign.Number:
		c.vars[slot] = place{value: fn[float64](func(f *frame) (float64, bool) { return f.held[slot].number, true })}
	case campaign.String, campaign.Ref:
		c.vars[slot] = place{value: fn[string](func(f *frame) (string, bool) { return f.held[slot].text, true })}
	default:
		return false
	}
	return true
}

func (c *compiler) writtenDown(v *ir.Var, list []any) *made {
	values := make([]held, len(list))
	for i, e := range list {
		switch e := e.(type) {
		case float64:
			values[i].number = e
		case string:
			values[i].text = e
		default:
			return nil
		}
	}
	if !c.bind(v) {
		return nil
	}
	slot := v.Slot
	return &made{
		span: func(f *frame) (span, bool) { return span{to: uint32(len(values)), alone: f.until}, true },
		put:  func(f *frame, i uint32) { f.held[slot] = values[i] },
	}
}

// single is a list of one value, which is computed once. It is unknown where the
// value is.
func (c *compiler) single(v *ir.Var, elem ir.Node) *made {
	if k := v.T.Kind; k != campaign.Number && k != campaign.String && k != campaign.Ref {
		return nil
	}
	slot := v.Slot
	m := &made{put: func(*frame, uint32) {}}
	if v.T.Kind == campaign.Number {
		number := c.number(elem)
		m.span = func(f *frame) (s span, ok bool) {
			x, ok := number(f)
			f.held[slot].number = x
			return span{to: 1, alone: f.until}, ok
		}
	} else {
		text := c.text(elem)
		m.span = func(f *frame) (s span, ok bool) {
			x, ok := text(f)
			f.held[slot].text = x
			return span{to: 1, alone: f.until}, ok
		}
	}
	c.bind(v)
	return m
}

// objects are those of h.flat(e, e.list.map(i, {…})). What is folded reads their
// fields of the rows that i and e stand for.
func (c *compiler) objects(n, flat *ir.Fold) *made {
	each, ok := flat.Body.(*ir.Fold)
	if flat.Op != ir.FoldFlat || !ok || each.Op != ir.FoldMap || folds(n.Body) || n.Weight != nil && folds(n.Weight) {
		return nil
	}
	object, ok := each.Body.(*ir.Object)
	if !ok || flat.Var.Slot == each.Var.Slot {
		return nil
	}
	owners := c.walk(flat)
	if owners == nil || owners.events == nil {
		return nil
	}
	rows := c.walk(each)
	if rows == nil || rows.made != nil {
		return nil
	}
	fields := map[string]place{}
	for i, name := range object.Names {
		fields[name] = c.made(object.Values[i])
	}
	slot := n.Var.Slot
	c.vars[slot] = place{fields: fields}
	return &made{
		span: func(f *frame) (span, bool) {
			s, ok := owners.start(f)
			if !ok {
				return s, false
			}
			f.pairs[slot] = f.pairs[slot][:0]
			for i := s.from; i < s.to; i++ {
				if r := s.at(i); owners.use(f, r) && rows.pair(f, r, slot) {
					owners.leaves(f, r)
				}
			}
			return span{to: uint32(len(f.pairs[slot])), alone: s.alone}, true
		},
		put: func(f *frame, i uint32) {
			p := f.pairs[slot][i]
			f.vars[owners.slot], f.vars[rows.slot] = p.owner, p.row
		},
	}
}

// pair keeps the rows of a list; false where there are none.
func (w *walk) pair(f *frame, owner uint32, slot int) (any bool) {
	s, ok := w.start(f)
	for i := s.from; ok && i < s.to; i++ {
		if r := s.at(i); w.use(f, r) {
			f.pairs[slot] = append(f.pairs[slot], pair{owner, r})
			any = true
		}
	}
	return any
}

// made is a field of an object that is made on the way.
func (c *compiler) made(n ir.Node) place {
	if at := c.locate(n); at.column != nil || at.value != nil {
		return at
	}
	switch n.Type().Kind {
	case campaign.Number:
		return place{value: c.number(n), course: c.course(n)}
	case campaign.String, campaign.Ref:
		return place{value: c.text(n)}
	}
	c.missing = true
	return place{}
}

func folds(n ir.Node) (found bool) {
	ir.Walk(n, func(n ir.Node) bool {
		_, is := n.(*ir.Fold)
		found = found || is
		return !found
	})
	return found
}

// strands are the folds that min() or max() of joined histories comes down to:
// (a.flat(e, [e.at]) + b.flat(e, [e.at])).max(t, t). nil for another.
func (c *compiler) strands(n *ir.Fold) (out []*ir.Fold) {
	body, ok := n.Body.(*ir.Var)
	if !ok || n.Var == nil || body.Slot != n.Var.Slot {
		return nil
	}
	var collect func(over ir.Node) bool
	collect = func(over ir.Node) bool {
		switch over := over.(type) {
		case *ir.Arith:
			return over.Op == ir.Add && collect(over.L) && collect(over.R)
		case *ir.Fold:
			h, ok1 := over.Over.(*ir.History)
			list, ok2 := over.Body.(*ir.List)
			if over.Op != ir.FoldFlat || !ok1 || !ok2 || len(list.Elems) != 1 || len(sinces(h.Filters)) > 0 || c.pace(list.Elems[0]).moves() {
				return false
			}
			out = append(out, &ir.Fold{Op: n.Op, Over: h, Var: over.Var, Body: list.Elems[0], T: n.T})
			return true
		}
		return false
	}
	if !collect(n.Over) {
		return nil
	}
	return out
}

// extremeOf is the least or the most of several; those that are unknown have no
// elements.
func extremeOf[T any](c *compiler, parts []*ir.Fold, compile func(ir.Node) fn[T], order func(a, b T) int) fn[T] {
	all := make([]fn[T], len(parts))
	for i, p := range parts {
		all[i] = extreme(c, p, compile, order)
	}
	least := parts[0].Op == ir.FoldMin
	return func(f *frame) (best T, ok bool) {
		for _, one := range all {
			if v, have := one(f); have && (!ok || (order(v, best) < 0) == least) {
				best, ok = v, true
			}
		}
		return best, ok
	}
}

// weights looks whether the weights of top() fade alike: then none overtakes another
// by time alone.
type weights struct{ course course }

// tally is what has been seen of some weights.
type tally struct {
	half float64 // of those that fade
	rest bool    // there are some that do not
	open bool    // it is not known how they move; it has been noted
}

// weights is nil for weights that do not move.
func (c *compiler) weights(weight ir.Node) *weights {
	flows := c.flowing(weight)
	ir.Walk(weight, func(n ir.Node) bool {
		if field, ok := n.(*ir.Field); ok {
			flows = flows || c.locate(field).course != nil
		}
		return !flows
	})
	if !flows {
		return nil
	}
	return &weights{c.course(weight)}
}

// weigh computes a weight.
func (a *weights) weigh(f *frame, weight fn[float64], t *tally) float64 {
	if a == nil || !f.watch || t.open {
		v, _ := weight(f)
		return v
	}
	m, known := a.course(f)
	switch {
	case !known || !m.loose && !m.moves() && m.fixed == 0:
	case m.fadesAlone() && (t.half == 0 || t.half == m.parts[0].half):
		t.half = m.parts[0].half
	case !m.moves():
		t.rest = true
	default:
		t.open = true
	}
	if t.open = t.open || t.rest && t.half != 0; t.open {
		f.flows()
	}
	f.watch = false
	v, _ := weight(f)
	f.watch = true
	return v
}
