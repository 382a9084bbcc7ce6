package vector

import (
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/engine/audience/column"
)

// place is where the values of a node are: a row of a column, or an event.
type place struct {
	column   *column.Column // nil: no column holds it
	events   *column.Events // an event of this history, and no column
	row      rowOf
	fallback any // in place of an absent value; nil: none

	value  any              // what is no row: a fn[float64] or a fn[string]
	course course           // of a number in value; nil: none is known
	fields map[string]place // of an object that is made on the way
}

func ofSlot(f *frame) (uint32, bool) { return f.slot, true }

func ofVar(slot int) rowOf {
	return func(f *frame) (uint32, bool) { return f.vars[slot], true }
}

// locate finds what a node looks up; the zero place for what is computed, or not
// there.
func (c *compiler) locate(n ir.Node) place {
	switch n := n.(type) {
	case *ir.Attribute:
		return place{column: c.table.Attributes[n.Name], row: ofSlot, fallback: n.Default}
	case *ir.Var:
		return c.vars[n.Slot]
	case *ir.Field:
		return c.locateField(n.X, n.Name)
	case *ir.Index:
		return c.locateIndex(n)
	case *ir.Fold:
		return c.locateEnd(n)
	}
	return place{}
}

// locateField finds a field of an object or an event.
func (c *compiler) locateField(x ir.Node, name string) place {
	of := c.locate(x)
	switch {
	case of.fields != nil:
		return of.fields[name]
	case of.events != nil:
		return place{column: of.events.Props[name], row: of.row}
	case of.column == nil || of.fallback != nil:
		return place{}
	}
	object, row := of.column, of.row
	return place{column: object.Fields[name], row: func(f *frame) (uint32, bool) {
		r, ok := row(f)
		return r, ok && knownAt(object, r)
	}}
}

// locateIndex finds an element of a list, or the value of a key.
func (c *compiler) locateIndex(n *ir.Index) place {
	of := c.locate(n.X)
	switch kind := n.X.Type().Kind; {
	case kind == campaign.Object:
		if key, ok := n.Key.(*ir.Const); ok {
			name, _ := key.Value.(string)
			return c.locateField(n.X, name)
		}
		return place{}
	case of.column == nil || of.fallback != nil || of.column.Elem == nil:
		return place{}
	case kind == campaign.Map:
		return place{column: of.column.Elem, row: c.rowOfKey(of, n.Key)}
	}
	at, list, row := c.number(n.Key), of.column, of.row
	return place{column: list.Elem, row: func(f *frame) (uint32, bool) {
		r, ok1 := row(f)
		i, ok2 := at(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		from, to := extent(list, r)
		if i < 0 || i >= float64(to-from) || i != float64(int(i)) {
			return 0, false
		}
		return from + uint32(i), true
	}}
}

// rowOfKey searches a map for a key.
func (c *compiler) rowOfKey(of place, key ir.Node) rowOf {
	want, m, row := c.text(key), of.column, of.row
	return func(f *frame) (uint32, bool) {
		r, ok1 := row(f)
		k, ok2 := want(f)
		if !ok1 || !ok2 {
			return 0, false
		}
		from, to := extent(m, r)
		for i := from; i < to; i++ {
			if s, ok := textAt(m.Keys, i); ok && s == k {
				return i, knownAt(m.Elem, i)
			}
		}
		return 0, false
	}
}

// extent are the rows of the elements of a list, set or map. What is beyond the
// column is empty.
func extent(list *column.Column, r uint32) (from, to uint32) {
	if int(r) >= len(list.From) || !knownAt(list, r) {
		return 0, 0
	}
	return list.From[r], list.To[r]
}

// length is the number of elements of a collection.
func (c *compiler) length(n ir.Node) fn[float64] {
	if n.Type().Kind == campaign.Map {
		return c.keys(n)
	}
	list, ok := c.series(n)
	if !ok {
		return none[float64](c)
	}
	return func(f *frame) (float64, bool) {
		s, ok := list.span(f)
		return float64(s.to - s.from), ok
	}
}

// keys is the number of keys of a map.
func (c *compiler) keys(n ir.Node) fn[float64] {
	of := c.locate(n)
	switch {
	case of.column == nil && of.fallback == nil && c.isNobodys(n):
		return constant(0.0)
	case of.column == nil || of.fallback != nil:
		return none[float64](c)
	}
	m, row := of.column, of.row
	return func(f *frame) (float64, bool) {
		r, ok := row(f)
		if !ok {
			return 0, true
		}
		from, to := extent(m, r)
		return float64(to - from), true
	}
}

// isNobodys reports whether a node looks up what the table has no column for.
func (c *compiler) isNobodys(n ir.Node) bool {
	switch n := n.(type) {
	case *ir.Attribute:
		return c.table.Attributes[n.Name] == nil
	case *ir.Var:
		of := c.vars[n.Slot]
		return of.column == nil && of.events == nil && of.value == nil && of.fields == nil
	case *ir.Field:
		of := c.locate(n.X)
		if of.fallback != nil {
			return false
		}
		return of.events != nil && of.events.Props[n.Name] == nil || of.column != nil && of.column.Fields[n.Name] == nil || c.isNobodys(n.X)
	case *ir.Index:
		return c.locate(n.X).fallback == nil && c.isNobodys(n.X)
	case *ir.Fold:
		h, ok := n.Over.(*ir.History)
		return ok && (n.Op == ir.FoldFirst || n.Op == ir.FoldLast) && c.table.Events[h.Event] == nil
	}
	return false
}

// hasObject asks whether there is an object.
func (c *compiler) hasObject(n ir.Node) cond {
	if row, ok := n.(*ir.Row); ok {
		return isKnown(c.catalogRow(row))
	}
	of := c.locate(n)
	if of.fallback != nil || of.row == nil {
		return isKnown(stray[map[string]any](c, n, of))
	}
	return func(f *frame) expr.Truth {
		r, ok := of.row(f)
		return expr.TruthOf(ok && (of.events != nil || of.column != nil && knownAt(of.column, r)))
	}
}

// stray is a value that no column holds: one of a catalog, a default, or nobody's.
func stray[T any](c *compiler, n ir.Node, at place) fn[T] {
	if c.isNobodys(n) {
		if v, ok := at.fallback.(T); ok {
			return constant(v)
		}
		return absent[T]()
	}
	field, ok := n.(*ir.Field)
	if !ok {
		return none[T](c)
	}
	row, ok := field.X.(*ir.Row)
	if !ok {
		return none[T](c)
	}
	find, name := c.catalogRow(row), field.Name
	return func(f *frame) (T, bool) {
		m, _ := find(f)
		v, ok := m[name].(T)
		return v, ok
	}
}

// catalogRow finds a row of a catalog.
func (c *compiler) catalogRow(n *ir.Row) fn[map[string]any] {
	if c.Row == nil {
		return none[map[string]any](c)
	}
	find, catalog, key := c.Row, n.Catalog, c.text(n.Key)
	return func(f *frame) (map[string]any, bool) {
		k, ok := key(f)
		if !ok {
			return nil, false
		}
		m := find(catalog, k)
		return m, m != nil
	}
}
