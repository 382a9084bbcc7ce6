package expr

import (
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// program is a tree compiled to closures. Each kind of value has its own type of
// closure, so that numbers and strings are not boxed on their way.
type program struct {
	value     fn[any]
	condition cond // nil for what is no condition
}

// fn computes a value; false says that it is unknown.
type fn[T any] func(*frame) (T, bool)

// cond computes a condition.
type cond func(*frame) Truth

// frame is what closures work on: one evaluation for one person.
type frame struct {
	subject Subject
	now     time.Time
	given   any // `value`
	vars    [maxVariables]element
}

// element is what the variable of a fold stands for: an event of a history, or
// an element of a list.
type element struct {
	row *EventRow
	v   any
}

// object is an object, a map, or an event.
type object struct {
	row *EventRow // an event of a history
	m   map[string]any
}

// get is a field of the object.
func (o object) get(name string) (any, bool) {
	if o.row == nil {
		v := o.m[name]
		return v, v != nil
	}
	if name == "at" {
		return o.row.At, true
	}
	v := o.row.Props[name]
	return v, v != nil
}

// asMap is the object as a campaign value.
func (o object) asMap() map[string]any {
	if o.row == nil {
		return o.m
	}
	m := make(map[string]any, len(o.row.Props)+1)
	for name, v := range o.row.Props {
		m[name] = v
	}
	m["at"] = o.row.At
	return m
}

// compile makes the program of a tree.
func compile(n ir.Node, tables map[string]*table) *program {
	c := &compiler{tables: tables}
	p := &program{value: c.any(n)}
	if n.Type().Kind == campaign.Bool {
		p.condition = c.cond(n)
	}
	return p
}

var frames = sync.Pool{New: func() any { return new(frame) }}

// take gets a frame, which an evaluation in progress does not share.
func take(s Subject, now time.Time, given any) *frame {
	f, _ := frames.Get().(*frame)
	f.subject, f.now, f.given = s, now, given
	return f
}

func (f *frame) giveBack() {
	*f = frame{}
	frames.Put(f)
}

func (p *program) eval(s Subject, now time.Time, given any) Value {
	f := take(s, now, given)
	v, ok := p.value(f)
	f.giveBack()
	if !ok {
		return Value{}
	}
	return Value{v}
}

func (p *program) test(s Subject, now time.Time, given any) Truth {
	if p.condition == nil {
		return Unknown
	}
	f := take(s, now, given)
	t := p.condition(f)
	f.giveBack()
	return t
}

// compiler makes closures of nodes.
type compiler struct {
	tables map[string]*table
}

func known[T any](v T) fn[T] { return func(*frame) (T, bool) { return v, true } }

func never[T any]() fn[T] {
	return func(*frame) (zero T, ok bool) { return zero, false }
}

// unbox takes a value of the Go type T out of what v gives. Another type counts
// as absent.
func unbox[T any](v fn[any]) fn[T] {
	return func(f *frame) (T, bool) {
		boxed, _ := v(f)
		t, ok := boxed.(T)
		return t, ok
	}
}

func box[T any](v fn[T]) fn[any] {
	return func(f *frame) (any, bool) {
		t, ok := v(f)
		if !ok {
			return nil, false
		}
		return t, true
	}
}

// choose is If ? Then : Else.
func choose[T any](c *compiler, n *ir.Cond, branch func(ir.Node) fn[T]) fn[T] {
	test, then, otherwise := c.cond(n.If), branch(n.Then), branch(n.Else)
	return func(f *frame) (zero T, ok bool) {
		switch test(f) {
		case True:
			return then(f)
		case False:
			return otherwise(f)
		}
		return zero, false
	}
}

// any gives a value as a campaign value.
func (c *compiler) any(n ir.Node) fn[any] {
	if leaf := c.leaf(n); leaf != nil {
		return c.present(n, leaf)
	}
	switch n.Type().Kind {
	case campaign.Bool:
		test := c.cond(n)
		return func(f *frame) (any, bool) {
			t := test(f)
			return t == True, t != Unknown
		}
	case campaign.Number:
		return box(c.number(n))
	case campaign.String, campaign.Ref:
		return box(c.text(n))
	case campaign.Date:
		return box(c.date(n))
	case campaign.Time:
		return box(c.time(n))
	case campaign.Duration:
		return box(c.duration(n))
	case campaign.List, campaign.Set:
		return c.elements(n)
	case campaign.Object, campaign.Map:
		o := c.object(n)
		return func(f *frame) (any, bool) {
			o, ok := o(f)
			return o.asMap(), ok
		}
	}
	return never[any]()
}

// elements is a list as a campaign value, which is never nil.
func (c *compiler) elements(n ir.Node) fn[any] {
	list := c.list(n)
	return func(f *frame) (any, bool) {
		v, ok := list(f)
		if v == nil {
			v = []any{}
		}
		return v, ok
	}
}

// present makes an absent collection an empty one.
func (c *compiler) present(n ir.Node, leaf fn[any]) fn[any] {
	switch n.Type().Kind {
	case campaign.List, campaign.Set:
		return c.elements(n)
	case campaign.Map:
		return func(f *frame) (any, bool) {
			if v, ok := leaf(f); ok {
				return v, true
			}
			return map[string]any{}, true
		}
	}
	return leaf
}

// leaf gives what is looked up and not computed; nil for other nodes.
func (c *compiler) leaf(n ir.Node) fn[any] {
	switch n := n.(type) {
	case *ir.Const:
		return known(n.Value)
	case *ir.Now:
		return func(f *frame) (any, bool) { return f.now, true }
	case *ir.EnteredAt:
		return box(c.time(n))
	case *ir.Given:
		return func(f *frame) (any, bool) { return f.given, f.given != nil }
	case *ir.Attribute:
		return attributeValue(n)
	case *ir.Step:
		return func(f *frame) (any, bool) { return f.subject.Step(n.Step, n.Field) }
	case *ir.Payload:
		return box(payload(n))
	case *ir.Item:
		return item
	case *ir.Consent:
		return consentField(n)
	case *ir.Var:
		return variableValue(n.Slot)
	case *ir.Field:
		return c.field(n)
	case *ir.Index:
		return c.index(n)
	}
	return nil
}

func attributeValue(n *ir.Attribute) fn[any] {
	name, fallback := n.Name, n.Default
	return func(f *frame) (any, bool) {
		if v, ok := f.subject.Attribute(name); ok && v != nil {
			return v, true
		}
		return fallback, fallback != nil
	}
}

func payload(n *ir.Payload) fn[map[string]any] {
	if n.Of == ir.OfEvent {
		return func(f *frame) (map[string]any, bool) { m := f.subject.Event(); return m, m != nil }
	}
	return func(f *frame) (map[string]any, bool) { m := f.subject.Trigger(); return m, m != nil }
}

// item is the element that let the person in, where there is one.
func item(f *frame) (any, bool) {
	v := itemOf(f.subject)
	return v, v != nil
}

func itemOf(s Subject) any {
	if s, ok := s.(ItemSubject); ok {
		return s.Item()
	}
	return nil
}

func variableValue(slot int) fn[any] {
	return func(f *frame) (any, bool) {
		e := f.vars[slot]
		if e.row != nil {
			return object{row: e.row}.asMap(), true
		}
		return e.v, e.v != nil
	}
}

func (c *compiler) field(n *ir.Field) fn[any] {
	x, name := c.object(n.X), n.Name
	return func(f *frame) (any, bool) {
		o, ok := x(f)
		if !ok {
			return nil, false
		}
		return o.get(name)
	}
}

// index finds an element by its number, or a value by its key.
func (c *compiler) index(n *ir.Index) fn[any] {
	if kind := n.X.Type().Kind; kind == campaign.Map || kind == campaign.Object {
		x, key := c.object(n.X), c.text(n.Key)
		return func(f *frame) (any, bool) {
			o, ok1 := x(f)
			k, ok2 := key(f)
			if !ok1 || !ok2 {
				return nil, false
			}
			return o.get(k)
		}
	}
	x, at := c.list(n.X), c.number(n.Key)
	return func(f *frame) (any, bool) {
		list, ok1 := x(f)
		i, ok2 := at(f)
		if !ok1 || !ok2 || i < 0 || i >= float64(len(list)) || i != float64(int(i)) {
			return nil, false
		}
		v := list[int(i)]
		return v, v != nil
	}
}

// object gives an object, a map or an event.
func (c *compiler) object(n ir.Node) fn[object] {
	switch n := n.(type) {
	case *ir.Var:
		slot := n.Slot
		return func(f *frame) (object, bool) {
			e := f.vars[slot]
			m, ok := e.v.(map[string]any)
			return object{e.row, m}, ok || e.row != nil
		}
	case *ir.Row:
		return c.row(n)
	case *ir.Fold:
		return c.endOf(n)
	case *ir.Cond:
		return choose(c, n, c.object)
	case *ir.Object:
		return c.newObject(n)
	case *ir.Payload:
		return asObject(payload(n), false)
	}
	leaf := c.leaf(n)
	if leaf == nil {
		return never[object]()
	}
	return asObject(unbox[map[string]any](leaf), n.Type().Kind == campaign.Map)
}

// asObject makes an object of a map; of an absent one too, if it is always there.
func asObject(m fn[map[string]any], always bool) fn[object] {
	return func(f *frame) (object, bool) {
		v, ok := m(f)
		return object{m: v}, ok || always
	}
}

func (c *compiler) row(n *ir.Row) fn[object] {
	t, key := c.tables[n.Catalog], c.text(n.Key)
	return func(f *frame) (object, bool) {
		k, ok := key(f)
		if !ok || t == nil {
			return object{}, false
		}
		m, ok := t.find(k)
		return object{m: m}, ok
	}
}

func (c *compiler) newObject(n *ir.Object) fn[object] {
	values := make([]fn[any], len(n.Values))
	for i, v := range n.Values {
		values[i] = c.any(v)
	}
	return func(f *frame) (object, bool) {
		m := make(map[string]any, len(values))
		for i, value := range values {
			if v, ok := value(f); ok {
				m[n.Names[i]] = v
			}
		}
		return object{m: m}, true
	}
}

// list gives the elements of a list or set. An absent one is empty.
func (c *compiler) list(n ir.Node) fn[[]any] {
	switch n := n.(type) {
	case *ir.List:
		return c.newList(n)
	case *ir.Arith:
		return c.joined(n)
	case *ir.Cond:
		return choose(c, n, c.list)
	case *ir.Fold:
		return c.collect(n)
	}
	leaf := c.leaf(n)
	if leaf == nil {
		return never[[]any]()
	}
	return func(f *frame) ([]any, bool) {
		v, _ := leaf(f)
		list, _ := v.([]any)
		return list, true
	}
}

// newList is unknown if one of its elements is.
func (c *compiler) newList(n *ir.List) fn[[]any] {
	elems := make([]fn[any], len(n.Elems))
	for i, e := range n.Elems {
		elems[i] = c.any(e)
	}
	return func(f *frame) ([]any, bool) {
		out := make([]any, len(elems))
		for i, elem := range elems {
			v, ok := elem(f)
			if !ok {
				return nil, false
			}
			out[i] = v
		}
		return out, true
	}
}

func (c *compiler) joined(n *ir.Arith) fn[[]any] {
	l, r := c.list(n.L), c.list(n.R)
	return func(f *frame) ([]any, bool) {
		a, ok1 := l(f)
		b, ok2 := r(f)
		if !ok1 || !ok2 {
			return nil, false
		}
		return append(a[:len(a):len(a)], b...), true
	}
}
