package template

import (
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// FilterDoc documents a filter. The example is executed by a test, where `items`
// holds three things with a name, a price and a kind.
type FilterDoc struct {
	Name      string
	Input     string // what it takes: "a string or a number"
	Arguments string // as they are written: "length, ellipsis?"
	Summary   string
	Example   string
	Result    string // what the example writes, in English
}

// Filters documents all filters, sorted by name.
func Filters() []FilterDoc {
	docs := make([]FilterDoc, 0, len(filters))
	for _, f := range filters {
		docs = append(docs, FilterDoc{f.name, f.in.String(), f.arguments(), f.summary, f.example, f.result})
	}
	slices.SortFunc(docs, func(a, b FilterDoc) int { return strings.Compare(a.Name, b.Name) })
	return docs
}

// filter is one filter: its documentation, its types and its work, of which
// exactly one of write and apply is set.
type filter struct {
	name    string
	summary string
	example string
	result  string

	in     kinds
	params []param
	typ    func(c *call) campaign.Type // nil: string with write, the type of the input with apply
	absent func(c *call) bool          // nil: if the input or an argument may be absent
	check  func(c *call)               // looks at constants and at what types cannot say
	total  bool                        // asked even if the input is absent

	write func(r *renderer, dst []byte, in any, args []any) []byte
	apply func(r *renderer, in any, args []any) any
}

// param is an argument of a filter.
type param struct {
	name     string
	kinds    kinds
	optional bool
	constant bool
}

// call is a use of a filter under check.
type call struct {
	problems *problems
	expr     *filterExpr
	filter   *filter
	in       info
	args     []info
}

func (c *call) bad(arg int, detail string, args ...any) *Problem {
	return c.problems.add(c.expr.args[arg].at(), codeArguments, detail, args...)
}

// constant is the value of a constant argument, nil if there is none.
func (c *call) constant(arg int) any {
	if arg >= len(c.args) {
		return nil
	}
	return c.args[arg].constant
}

func (f *filter) arguments() string {
	names := make([]string, len(f.params))
	for i, p := range f.params {
		names[i] = p.name
		if p.optional {
			names[i] += "?"
		}
	}
	return strings.Join(names, ", ")
}

// required counts the arguments that must be there.
func (f *filter) required() int {
	n := 0
	for _, p := range f.params {
		if !p.optional {
			n++
		}
	}
	return n
}

// kinds is a set of kinds of types.
type kinds uint16

func kindsOf(list ...campaign.Kind) (ks kinds) {
	for _, k := range list {
		ks |= 1 << k
	}
	return ks
}

var (
	stringKinds = kindsOf(campaign.String, campaign.Ref)
	numberKinds = kindsOf(campaign.Number)
	textKinds   = stringKinds | numberKinds
	momentKinds = kindsOf(campaign.Date, campaign.Time)
	listKinds   = kindsOf(campaign.List, campaign.Set)
	scalarKinds = textKinds | momentKinds | kindsOf(campaign.Bool, campaign.Duration)
	allKinds    = scalarKinds | listKinds | kindsOf(campaign.Map, campaign.Object)
)

// has reports whether a value of type t is welcome. What is not looked into is.
func (ks kinds) has(t campaign.Type) bool { return t.Kind == campaign.Any || ks&(1<<t.Kind) != 0 }

// String names the kinds: "string or number".
func (ks kinds) String() string {
	switch ks {
	case allKinds:
		return "anything"
	case scalarKinds:
		return "anything but a list or an object"
	}
	var words []string
	for k := campaign.String; k < campaign.Ref; k++ { // a ref counts as a string
		if ks&(1<<k) != 0 {
			words = append(words, "a "+k.String())
		}
	}
	return strings.Join(words, " or ")
}

var filters = slices.Concat(textFilters, numberFilters, listFilters, dateFilters, otherFilters)

var filterByName = func() map[string]*filter {
	byName := make(map[string]*filter, len(filters))
	for i := range filters {
		byName[filters[i].name] = &filters[i]
	}
	return byName
}()

// filterEval is a filter applied to a value.
type filterEval struct {
	filter *filter
	in     eval
	args   []eval
}

// operands evaluates the input and the arguments; false if one of them, and so
// the result, is absent.
func (e *filterEval) operands(r *renderer) (in any, args []any, ok bool) {
	in = e.in.eval(r)
	ok = in != nil || e.filter.total
	mark := len(r.args)
	for _, arg := range e.args {
		v := arg.eval(r)
		ok = ok && (v != nil || e.filter.total)
		r.args = append(r.args, v)
	}
	return in, r.args[mark:], ok
}

func (e *filterEval) eval(r *renderer) (v any) {
	mark := len(r.args)
	in, args, ok := e.operands(r)
	if ok {
		if e.filter.write != nil {
			r.buf = e.filter.write(r, r.buf[:0], in, args)
			v = r.text(r.buf)
		} else {
			v = e.filter.apply(r, in, args)
		}
	}
	r.args = r.args[:mark]
	return v
}

// text makes a value of what was written, if it is of bearable size.
func (r *renderer) text(s []byte) any {
	if len(s) > maxValue {
		r.fail(ErrTooLarge)
		return nil
	}
	return string(s)
}

// scratch writes the result into the renderer's buffer, which saves a string.
func (e *filterEval) scratch(r *renderer) ([]byte, bool) {
	mark := len(r.args)
	in, args, ok := e.operands(r)
	if ok {
		r.buf = e.filter.write(r, r.buf[:0], in, args)
	}
	r.args = r.args[:mark]
	return r.buf, ok
}

// str is a value as text.
func str(r *renderer, v any) string {
	if s, ok := v.(string); ok || v == nil {
		return s
	}
	return string(text(nil, v, r.location))
}

// num is a value as a number; 0 for what is none.
func num(v any) float64 {
	f, _ := number(v)
	return f
}
