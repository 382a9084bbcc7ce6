package template

import (
	"maps"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// filter checks and compiles the use of a filter.
func (c *compiler) filter(e *filterExpr) (eval, info) {
	value, in := c.expr(e.in)
	f := filterByName[e.name.text]
	if f == nil {
		c.problems.add(e.name.span(), codeUnknownFilter, "There is no filter %q.", e.name.text).
			Fix = suggest(e.name.text, slices.Collect(maps.Keys(filterByName)))
		return value, anything()
	}
	if f.name == "t" {
		return c.translation(e, in)
	}
	if in.markup {
		c.problems.add(e.name.span(), codeType, "What is filtered here is a piece of HTML.").
			fix("Filter the values before they are captured; newline_to_br stands last.")
		return value, anything()
	}
	use := &call{problems: c.problems, expr: e, filter: f, in: in}
	args, ok := c.arguments(use)
	if !ok {
		return value, anything()
	}
	if isMoment := f.in == momentKinds|stringKinds; isMoment {
		if s, ok := in.constant.(string); ok && isNow(s) {
			value = nowEval{}
		}
	}
	return &filterEval{f, value, args}, use.result()
}

// arguments checks the input and the arguments of a filter.
func (c *compiler) arguments(use *call) ([]eval, bool) {
	e, f := use.expr, use.filter
	ok := !use.in.broken
	if ok && !f.in.has(use.in.typ) {
		p := c.problems.add(e.name.span(), codeType, "%s wants %s, and gets %s.", f.name, f.in, aType(use.in.typ))
		if f.in&stringKinds == 0 && isList(use.in.typ) {
			p.fix("Take one element first: | first | %s", f.name)
		}
		ok = false
	}
	for _, arg := range e.named {
		c.problems.add(arg.span(), codeArguments, "%s has no argument named %q.", f.name, arg.text).fix("Its arguments: %s", f.usage())
		ok = false
	}
	if n := len(e.args); n < f.required() || n > len(f.params) {
		c.problems.add(span{e.name.start, e.end}, codeArguments, "%s has %d arguments here.", f.name, n).fix("Write %s", f.usage())
		ok = false
	}
	args := make([]eval, len(e.args))
	for i, arg := range e.args {
		value, in := c.expr(arg)
		args[i] = value
		use.args = append(use.args, in)
		ok = ok && !in.broken && i < len(f.params) && c.argument(use, i, in)
	}
	if !ok {
		return nil, false
	}
	before := len(c.problems.list)
	use.knownField()
	if f.check != nil && len(c.problems.list) == before {
		f.check(use)
	}
	return args, len(c.problems.list) == before
}

// argument checks one argument.
func (c *compiler) argument(use *call, i int, in info) bool {
	p, at := use.filter.params[i], use.expr.args[i].at()
	switch {
	case in.isConst && in.constant == nil, !p.kinds.has(in.typ):
		c.problems.add(at, codeArguments, "The argument %q of %s is %s, not %s.", p.name, use.filter.name, p.kinds, in.describe())
		return false
	case p.constant && !in.isConst:
		c.problems.add(at, codeArguments, "The argument %q of %s is written out, in quotes.", p.name, use.filter.name)
		return false
	case in.markup:
		c.problems.add(at, codeType, "A piece of HTML cannot be the argument of a filter.")
		return false
	}
	return true
}

// usage is how the filter is written.
func (f *filter) usage() string {
	if len(f.params) == 0 {
		return "| " + f.name
	}
	return "| " + f.name + ": " + f.arguments()
}

// result tells what is known of the value that comes out.
func (c *call) result() info {
	f := c.filter
	out := info{typ: c.in.typ, absent: c.in.absent, lack: c.in.lack, protected: c.in.protected}
	for _, arg := range c.args {
		if arg.absent && !out.absent {
			out.absent, out.lack = true, arg.lack
		}
		out.protected = out.protected || arg.protected
	}
	if f.absent != nil {
		if !out.absent {
			out.lack = lack{}
		}
		out.absent = f.absent(c)
	}
	switch {
	case f.typ != nil:
		out.typ = f.typ(c)
	case f.write != nil:
		out.typ = stringType
	}
	out.encoded = f.name == "url_encode"
	out.lines = f.name == "newline_to_br"
	out.markup = out.lines
	return out
}

// defaultType is the type of a value and what stands in for it. If they differ,
// both are printed as text.
func defaultType(c *call) campaign.Type {
	value, standIn := c.in.typ, c.args[0].typ
	switch {
	case value.Kind == campaign.Any:
		return standIn
	case value.Equal(standIn) || !scalarKinds.has(value):
		return value
	}
	return stringType
}

// standIn refuses what can stand in for a value nowhere: a text for a list.
func standIn(c *call) {
	value, standIn := c.in.typ, c.args[0].typ
	if value.Equal(standIn) || scalarKinds.has(value) && scalarKinds.has(standIn) || standIn.Kind == campaign.Any {
		return
	}
	c.bad(0, "Here %s would stand in for %s.", aType(standIn), aType(value)).fix("Put the default behind what makes a text of the list, such as join.")
}
