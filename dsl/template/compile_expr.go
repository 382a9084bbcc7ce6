package template

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// expr checks and compiles a value. What is wrong is reported; its info is then
// broken, so that nothing more is said of what depends on it.
func (c *compiler) expr(e expr) (eval, info) {
	switch e := e.(type) {
	case *literalExpr:
		return &constEval{e.value}, literalInfo(e)
	case *pathExpr:
		return c.path(e)
	case *rangeExpr:
		return c.rangeOf(e)
	case *filterExpr:
		return c.filter(e)
	}
	return &constEval{nil}, anything()
}

func literalInfo(e *literalExpr) info {
	in := info{isConst: true, constant: e.value}
	switch e.value.(type) {
	case string:
		in.typ = stringType
	case float64:
		in.typ = numberType
	case bool:
		in.typ = boolType
	default:
		in.typ, in.absent, in.lack.what = campaign.Of(campaign.Any), true, e.word
	}
	return in
}

func (c *compiler) rangeOf(e *rangeExpr) (eval, info) {
	from, fromInfo := c.expr(e.from)
	to, toInfo := c.expr(e.to)
	for _, end := range []struct {
		expr
		info
	}{{e.from, fromInfo}, {e.to, toInfo}} {
		if !numberKinds.has(end.typ) {
			c.problems.add(end.at(), codeType, "A range is between numbers, and this is %s.", aType(end.typ))
		}
	}
	if a, b := num(fromInfo.constant), num(toInfo.constant); b-a >= maxRange {
		c.problems.add(e.span, codeTooLarge, "%d numbers are the most that a range may have.", maxRange)
	}
	return &rangeEval{from, to}, info{typ: campaign.ListOf(numberType), absent: true, lack: lack{c.src[e.start:e.end], false, true}}
}

// count compiles the limit or the offset of a loop.
func (c *compiler) count(e expr) eval {
	if e == nil {
		return nil
	}
	value, in := c.expr(e)
	if !numberKinds.has(in.typ) {
		c.problems.add(e.at(), codeType, "A number is expected here, and this is %s.", aType(in.typ))
	}
	return value
}

// declare gives a name a value from here on; nil if it cannot.
func (c *compiler) declare(name string, at span, in info) *variable {
	if _, taken := c.vars.Root.Field(name); taken || name == "forloop" || c.loopVarNamed(name) != nil {
		c.problems.add(at, codeNameTaken, "%q is the name of something else here.", name).fix("Choose another name.")
		return nil
	}
	v := c.locals[name]
	if v == nil {
		v = c.variable(name, in)
		c.locals[name] = v
	} else if !in.broken && !v.info.broken && !v.info.sameKind(in) {
		c.problems.add(at, codeType, "%q was %s before, and becomes %s here.", name, v.info.describe(), in.describe()).
			fix("Choose another name.")
	}
	for _, head := range c.heads {
		if absent, ok := head.assigned[v]; ok && !absent && in.absent {
			c.missing(at, in)
			break
		}
	}
	v.info.encoded = v.info.encoded && in.encoded
	v.info.protected = v.info.protected || in.protected
	c.flow = flow{c.flow.facts.without(v.root), maps.Clone(c.flow.assigned)}
	c.flow.assigned[v] = in.absent
	return v
}

// sameKind reports whether two values may have one name: what is printed as HTML
// that was escaped already must have been.
func (in info) sameKind(other info) bool {
	return in.typ.Equal(other.typ) && in.markup == other.markup && in.lines == other.lines
}

// describe names what a value is.
func (in info) describe() string {
	switch {
	case in.isConst && in.constant == nil:
		return in.lack.what
	case in.lines:
		return "a text with line breaks"
	case in.markup:
		return "a piece of HTML"
	}
	return aType(in.typ)
}

// variable makes room for a variable of the template.
func (c *compiler) variable(name string, in info) *variable {
	v := &variable{name: name, root: "%" + strconv.Itoa(c.localCount), local: c.localCount, info: in}
	v.info.constant, v.info.isConst, v.info.path = nil, false, v.root
	c.localCount++
	return v
}

// loopVar declares the variable of a loop over what in describes.
func (c *compiler) loopVar(s *forStmt, in info) *variable {
	elem := anything()
	switch {
	case in.broken:
	case listKinds.has(in.typ) && in.typ.Kind != campaign.Any:
		elem = info{typ: elementOf(in.typ), absent: emptiable(elementOf(in.typ))}
	case in.typ.Kind == campaign.Any:
		elem = info{typ: in.typ, absent: true, lack: lack{what: s.name}}
	default:
		c.problems.add(s.list.at(), codeType, "A loop goes over a list, and this is %s.", aType(in.typ))
	}
	if _, taken := c.vars.Root.Field(s.name); taken || c.locals[s.name] != nil || s.name == "forloop" {
		c.problems.add(s.nameSpan, codeNameTaken, "%q is the name of something else here.", s.name).fix("Choose another name.")
	}
	return c.variable(s.name, elem)
}

// loopVarNamed finds the variable of a loop around.
func (c *compiler) loopVarNamed(name string) *variable {
	for _, v := range slices.Backward(c.loopVars) {
		if v.name == name {
			return v
		}
	}
	return nil
}

// path checks a variable and the steps from it.
func (c *compiler) path(e *pathExpr) (eval, info) {
	w := walk{c: c, expr: e, show: e.name, slot: noSlot}
	if !w.root() {
		return &constEval{nil}, anything()
	}
	for i := range e.steps {
		if w.in.typ.IsZero() { // its declaration is in error, which has been said
			return w.value, anything()
		}
		if w.known(); !w.take(&e.steps[i]) {
			return w.value, anything()
		}
	}
	if w.in.typ.IsZero() && w.value != nil {
		return w.value, anything()
	}
	if w.value == nil {
		c.problems.add(e.span, codeType, "forloop is not a value.").Fix = suggest("", fieldNames(forloopType))
		return &constEval{nil}, anything()
	}
	w.known()
	w.in.lack = lack{w.show, w.in.path != "", isList(w.in.typ)}
	return w.value, w.in
}

// walk follows a path through types.
type walk struct {
	c     *compiler
	expr  *pathExpr
	value eval
	in    info
	show  string // the path so far, as written
	slot  int    // of the path so far, or ofLocal, or noSlot
	read  string // the same, by its name in Reads
}

// noSlot says that a path is looked up each time: it depends on what the
// template computes.
const noSlot = rootSlot

// root finds the variable that the path begins with.
func (w *walk) root() bool {
	c, name := w.c, w.expr.name
	if v := c.loopVarNamed(name); v != nil {
		w.value, w.in, w.slot = localEval(v.local), v.info, ofLocal(v.local)
		return true
	}
	if v := c.locals[name]; v != nil {
		absent, ok := c.flow.assigned[v]
		w.value, w.in = localEval(v.local), v.info
		w.in.absent = absent || !ok
		return true
	}
	if f, ok := c.vars.Root.Field(name); ok {
		c.wanted.add(w.expr)
		w.in = info{typ: f.Type, absent: f.Optional || emptiable(f.Type), path: name, protected: wayOut[name]}
		w.enter(slot{rootSlot, step{name: name}}, name)
		return true
	}
	if name == "forloop" && len(c.loopVars) > 0 {
		w.in = info{typ: forloopType}
		return true
	}
	c.unknownVariable(w.expr)
	return false
}

// isList reports whether t is a list or a set.
func isList(t campaign.Type) bool { return t.Kind == campaign.List || t.Kind == campaign.Set }

// elementOf is the type of what a list, set or map holds.
func elementOf(t campaign.Type) campaign.Type {
	if t.Elem == nil {
		return campaign.Of(campaign.Any)
	}
	return *t.Elem
}

// emptiable reports whether a value of type t that is there may still be blank.
func emptiable(t campaign.Type) bool {
	return isList(t) || t.Kind == campaign.Any
}

// enter makes the value a path from the root.
func (w *walk) enter(s slot, read string) {
	c := w.c
	i, ok := c.slotIndex[s]
	if !ok {
		i = len(c.slots)
		c.slots = append(c.slots, s)
		c.slotIndex[s] = i
	}
	w.slot, w.value, w.read = i, slotEval(i), read
	if read != "" {
		c.reading.paths[read] = true
	}
}

// known applies what conditions have told about the path so far.
func (w *walk) known() {
	if w.in.path != "" && w.c.flow.facts[w.in.path] {
		w.in.absent = false
	}
}

// move takes one step at run time.
func (w *walk) move(s step, t campaign.Type, optional bool, name string) {
	path := ""
	if w.in.path != "" && name != "" && !strings.Contains(name, ".") {
		path = w.in.path + "." + name
	}
	absent := s.kind != stepSize && (w.in.absent || optional || emptiable(t))
	w.in = info{typ: t, absent: absent, path: path, protected: w.in.protected}
	if w.slot != noSlot {
		read := w.read
		if s.kind == stepField && read != "" {
			read += "." + s.name
		}
		w.enter(slot{w.slot, s}, read)
		return
	}
	w.value = &stepEval{w.value, s}
}

// take follows one step of the path; false if it leads nowhere.
func (w *walk) take(s *pathStep) bool {
	if s.index != nil {
		w.show += w.c.src[s.start:s.end]
		return w.index(s)
	}
	w.show += "." + s.name
	w.deref()
	switch t := w.in.typ; t.Kind {
	case campaign.Object:
		if w.value == nil {
			return w.forloop(s)
		}
		if f, ok := t.Field(s.name); ok {
			w.move(step{kind: stepField, name: f.Name}, f.Type, f.Optional, f.Name)
			return true
		}
		w.c.unknownField(s, w.show, t)
		return false
	case campaign.Map:
		if s.name == "size" {
			break
		}
		w.move(step{kind: stepField, name: s.name}, elementOf(t), true, s.name)
		return true
	case campaign.Any:
		if w.in.broken {
			return false
		}
		w.move(step{kind: stepField, name: s.name}, t, true, s.name)
		return true
	case campaign.List, campaign.Set:
		if s.name == "first" || s.name == "last" {
			w.move(step{kind: stepIndex, index: -digit(s.name == "last")}, elementOf(t), false, s.name)
			return true
		}
	}
	if s.name == "size" && (allKinds&^scalarKinds | stringKinds).has(w.in.typ) {
		w.move(step{kind: stepSize}, numberType, false, "")
		return true
	}
	w.c.noField(s, w.show, w.in)
	return false
}

// forloop takes a field of forloop.
func (w *walk) forloop(s *pathStep) bool {
	f, ok := forloopType.Field(s.name)
	if !ok {
		w.c.unknownField(s, w.show, forloopType)
		return false
	}
	w.value, w.in = loopEval{f.Name}, known(f.Type)
	return true
}

var forloopType = campaign.ObjectOf(
	campaign.Field{Name: "index", Type: numberType}, campaign.Field{Name: "index0", Type: numberType},
	campaign.Field{Name: "rindex", Type: numberType}, campaign.Field{Name: "rindex0", Type: numberType},
	campaign.Field{Name: "length", Type: numberType},
	campaign.Field{Name: "first", Type: boolType}, campaign.Field{Name: "last", Type: boolType},
)

// deref goes from a ref to its row.
func (w *walk) deref() {
	if w.in.typ.Kind != campaign.Ref {
		return
	}
	row, ok := w.c.vars.Catalogs[w.in.typ.Catalog]
	if !ok {
		row = campaign.Of(campaign.Any)
	}
	w.c.reading.catalogs[w.in.typ.Catalog] = true
	path, absent := w.in.path, w.in.absent
	w.move(step{kind: stepRow, name: w.in.typ.Catalog}, row, false, "")
	w.in.path, w.in.absent = path, absent
}

// index takes a step by number or variable.
func (w *walk) index(s *pathStep) bool {
	index, in := w.c.expr(s.index)
	if in.broken || w.in.broken {
		return false
	}
	w.deref()
	t := w.in.typ
	switch n, isNumber := in.constant.(float64); {
	case isList(t) && isNumber:
		w.elementAt(clampSigned(max(n, -maxValue), maxValue), elementOf(t))
		return true
	case isList(t) && numberKinds.has(in.typ), t.Kind == campaign.Map && stringKinds.has(in.typ):
		w.value, w.slot = &indexEval{w.value, index}, noSlot
		w.in = info{typ: elementOf(t), absent: true, protected: w.in.protected}
		return true
	}
	w.c.problems.add(s.span, codeType, "%s is %s, and cannot be looked into by %s.",
		strings.TrimSuffix(w.show, w.c.src[s.start:s.end]), aType(t), aType(in.typ))
	return false
}

// elementAt takes the n-th element; [0] is what conditions call first.
func (w *walk) elementAt(n int, elem campaign.Type) {
	name := ""
	switch n {
	case 0:
		name = "first"
	case -1:
		name = "last"
	}
	w.move(step{kind: stepIndex, index: n}, elem, name == "", name)
}

func (c *compiler) unknownVariable(e *pathExpr) {
	names := fieldNames(c.vars.Root)
	for _, f := range c.vars.Root.Fields {
		if _, ok := f.Type.Field(e.name); ok && len(e.steps) == 0 {
			c.problems.add(e.span, codeUnknownName, "There is no variable %q here.", e.name).
				fix("Did you mean %q?", f.Name+"."+e.name)
			return
		}
	}
	for _, v := range c.loopVars {
		names = append(names, v.name)
	}
	names = append(names, slices.Collect(maps.Keys(c.locals))...)
	if e.name == "trait" {
		c.problems.add(e.span, codeUnavailable, "Traits (computed and modelled values of a person) are not available in herald yet.")
		return
	}
	if e.name == "forloop" {
		c.problems.add(e.span, codeUnknownName, "forloop exists inside of {%% for %%} alone.")
		return
	}
	c.problems.add(span{e.start, e.start + len(e.name)}, codeUnknownName, "There is no variable %q here.", e.name).
		Fix = suggest(e.name, names)
}

func (c *compiler) unknownField(s *pathStep, show string, t campaign.Type) {
	owner := strings.TrimSuffix(show, "."+s.name)
	c.problems.add(s.span, codeUnknownField, "%s has no field %q.", owner, s.name).Fix = suggest(s.name, fieldNames(t))
}

// noField reports a step from a value that has no parts.
func (c *compiler) noField(s *pathStep, show string, in info) {
	if in.broken {
		return
	}
	owner := strings.TrimSuffix(show, "."+s.name)
	p := c.problems.add(s.span, codeUnknownField, "%s is %s, which has no field %q.", owner, aType(in.typ), s.name)
	if isList(in.typ) {
		p.Fix = fmt.Sprintf("Take one element: %s.first.%s, or {%% for x in %s %%} … {{ x.%s }}.", owner, s.name, owner, s.name)
	}
}
