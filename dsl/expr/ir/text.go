package ir

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Text writes n in canonical form: variables and locals as their values, one
// spelling of numbers, strings and durations, no parentheses but those that are
// needed. Checked again in the same place, the text has the same meaning and
// the same canonical form.
func Text(n Node) string {
	var p printer
	p.node(n, 0)
	return p.String()
}

// Binding strength, loosest first. A node in a place that wants a tighter one is
// put in parentheses.
const (
	loosest = iota
	tightOr
	tightAnd
	tightRelation
	tightSum
	tightProduct
	tightUnary
	tightest
)

type printer struct{ strings.Builder }

func (p *printer) node(n Node, want int) {
	if strength(n) < want {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch n := n.(type) {
	case *Const:
		p.constant(n)
	case *Now:
		p.WriteString("now")
	case *EnteredAt:
		p.WriteString("journey.entered_at")
	case *Attribute:
		p.path("profile", n.Name)
	case *Payload:
		p.WriteString([...]string{OfEvent: "event", OfTrigger: "trigger.event"}[n.Of])
	case *Item:
		p.WriteString("trigger.item")
	case *Given:
		p.WriteString(cmp.Or(n.Name, "value"))
	case *Step:
		p.path("step", n.Step, n.Field)
	case *Segment:
		p.path("segment", n.Name)
	case *Subscribed:
		p.path("topic", n.Topic, "subscribed")
	case *Reachable:
		p.path("reachable", n.Channel)
	case *Consent:
		p.path("consent", n.Topic, n.Channel, n.Field)
	case *Var:
		p.WriteString(n.Name)
	case *Field:
		p.field(n)
	case *Index:
		p.index(n.X, n.Key)
	case *Row:
		p.path("catalog", n.Catalog)
		p.bracketed(n.Key)
	case *Has:
		p.call("has", n.X)
	case *Call:
		p.function(n)
	case *List:
		p.WriteByte('[')
		p.list(n.Elems)
		p.WriteByte(']')
	case *Object:
		p.object(n)
	case *History:
		p.history(n)
	case *Fold:
		p.fold(n)
	case *Sequence:
		p.sequence(n)
	case *Short:
		p.short(n)
	default:
		p.operator(n)
	}
}

func (p *printer) operator(n Node) {
	switch n := n.(type) {
	case *Not:
		p.WriteByte('!')
		p.node(n.X, tightUnary)
	case *Neg:
		p.WriteByte('-')
		p.node(n.X, tightest)
	case *Logic:
		for i, x := range n.Xs {
			if i > 0 {
				p.WriteString(" " + n.Op.String() + " ")
			}
			p.node(x, strength(n)+1)
		}
	case *Cond:
		p.node(n.If, tightOr)
		p.WriteString(" ? ")
		p.node(n.Then, tightOr)
		p.WriteString(" : ")
		p.node(n.Else, loosest)
	case *Compare:
		p.binary(n.L, n.Op.String(), n.R, tightRelation)
	case *In:
		p.binary(n.X, "in", n.Of, tightRelation)
	case *Arith:
		p.binary(n.L, n.Op.String(), n.R, strength(n))
	}
}

// binary writes a left-associative operator.
func (p *printer) binary(l Node, op string, r Node, tight int) {
	p.node(l, tight)
	p.WriteString(" " + op + " ")
	p.node(r, tight+1)
}

func strength(n Node) int {
	switch n := n.(type) {
	case *Cond:
		return loosest
	case *Logic:
		if n.Op == Or {
			return tightOr
		}
		return tightAnd
	case *Compare, *In:
		return tightRelation
	case *Arith:
		if n.Op == Add || n.Op == Sub {
			return tightSum
		}
		return tightProduct
	case *Not, *Neg:
		return tightUnary
	case *Const:
		if v, ok := n.Value.(float64); ok && v < 0 {
			return tightUnary
		}
	}
	return tightest
}

// field writes what follows a ref without naming the catalog: profile.store.hours.
func (p *printer) field(n *Field) {
	x := n.X
	if row, ok := x.(*Row); ok && row.Key.Type().Kind == campaign.Ref {
		if _, written := row.Key.(*Const); !written {
			x = row.Key
		}
	}
	p.node(x, tightest)
	p.name(n.Name)
}

func (p *printer) index(x, key Node) {
	p.node(x, tightest)
	p.bracketed(key)
}

func (p *printer) bracketed(key Node) {
	p.WriteByte('[')
	p.node(key, loosest)
	p.WriteByte(']')
}

func (p *printer) function(n *Call) {
	if !n.Func.Method() {
		p.call(string(n.Func), n.Args...)
		return
	}
	p.node(n.Args[0], tightest)
	p.WriteByte('.')
	p.call(string(n.Func), n.Args[1:]...)
}

func (p *printer) history(h *History) {
	p.path("events", h.Event)
	for _, f := range h.Filters {
		switch f := f.(type) {
		case *Within:
			p.WriteString(".within(")
			p.length(f.For)
			p.WriteByte(')')
		case *Since:
			p.WriteByte('.')
			p.call("since", f.From)
		case *Where:
			p.WriteByte('.')
			p.call("where", f.Var, f.Cond)
		}
	}
}

func (p *printer) fold(n *Fold) {
	p.node(n.Over, tightest)
	p.WriteByte('.')
	if n.Var == nil {
		p.call(n.Op.String())
		return
	}
	args := []Node{n.Var, n.Body}
	if n.Weight != nil {
		args = append(args, n.Weight)
	}
	p.call(n.Op.String(), args...)
}

func (p *printer) sequence(n *Sequence) {
	p.WriteString("sequence(")
	if n.For != nil {
		p.length(n.For)
		p.WriteString(", ")
	}
	for i, h := range n.Steps {
		if i > 0 {
			p.WriteString(", ")
		}
		p.history(h)
	}
	p.WriteByte(')')
}

// length writes a duration where a text stands for it.
func (p *printer) length(c *Const) {
	if d, ok := c.Value.(time.Duration); ok {
		p.quote(campaign.FormatDuration(d))
		return
	}
	p.constant(c)
}

func (p *printer) call(name string, args ...Node) {
	p.WriteString(name)
	p.WriteByte('(')
	p.list(args)
	p.WriteByte(')')
}

func (p *printer) list(nodes []Node) {
	for i, n := range nodes {
		if i > 0 {
			p.WriteString(", ")
		}
		p.node(n, loosest)
	}
}

func (p *printer) object(n *Object) {
	p.WriteByte('{')
	for i, name := range n.Names {
		if i > 0 {
			p.WriteString(", ")
		}
		p.quote(name)
		p.WriteString(": ")
		p.node(n.Values[i], loosest)
	}
	p.WriteByte('}')
}

func (p *printer) path(root string, names ...string) {
	p.WriteString(root)
	for _, name := range names {
		p.name(name)
	}
}

// name writes .name, escaped where CEL would read it as something else.
func (p *printer) name(name string) {
	p.WriteByte('.')
	if plainName(name) {
		p.WriteString(name)
		return
	}
	p.WriteString("`" + name + "`")
}

func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return !slices.Contains([]string{"", "in", "true", "false", "null"}, name)
}

func (p *printer) constant(c *Const) {
	if c.Unset {
		root, name, _ := strings.Cut(c.From, ".")
		p.path(root, name)
		return
	}
	p.value(c.Value)
}

func (p *printer) value(v any) {
	switch v := v.(type) {
	case string:
		p.quote(v)
	case float64:
		p.WriteString(FormatNumber(v))
	case time.Duration:
		p.wrapped("duration", campaign.FormatDuration(v))
	case time.Time:
		p.wrapped("timestamp", v.UTC().Format(time.RFC3339Nano))
	case campaign.CivilDate:
		p.wrapped("date", v.String())
	case []any:
		p.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				p.WriteString(", ")
			}
			p.value(e)
		}
		p.WriteByte(']')
	case map[string]any:
		p.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				p.WriteString(", ")
			}
			p.quote(k)
			p.WriteString(": ")
			p.value(v[k])
		}
		p.WriteByte('}')
	default:
		fmt.Fprint(p, v) // bool
	}
}

// interpolations are refused in expressions, where they are most likely meant for
// HCL; in a value they are written differently.
var interpolations = strings.NewReplacer("${", `\u0024{`, "%{", `\u0025{`)

func (p *printer) quote(s string) {
	p.WriteString(interpolations.Replace(strconv.Quote(strings.ToValidUTF8(s, "\uFFFD"))))
}

func (p *printer) wrapped(function, s string) {
	p.WriteString(function)
	p.WriteByte('(')
	p.quote(s)
	p.WriteByte(')')
}

// FormatNumber writes a number as authors do: 200, 4.5, 1e+30.
func FormatNumber(v float64) string {
	if abs := math.Abs(v); abs >= 1e15 || abs < 1e-6 && abs > 0 {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
