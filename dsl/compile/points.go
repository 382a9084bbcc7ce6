package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// rule is one rule of a points model.
type rule struct {
	b      *body
	points string      // CEL
	half   string      // half-life; "": points do not fade
	text   syntax.Text // of when, or of where
	event  string      // the history that is gone over; "" for a rule with when
	fade   string      // CEL: how much of the points of `when` is left; "": all
}

// points reads the rules. How the points of `when` fade is known once its
// condition is checked.
func (t *traitReader) points() {
	half := t.model.window("half_life", "")
	for _, b := range t.model.nested("rule") {
		r := &rule{b: b, half: half}
		r.read()
		if b.broken {
			t.b.broken = true
			continue
		}
		t.rules = append(t.rules, r)
	}
	t.source = t.sum()
}

func (r *rule) read() {
	b := r.b
	r.points = b.number("points")
	switch {
	case b.astray:
	case b.has("when") && b.has("event"):
		b.fail("when", "A rule has either `when` or `event`, and this one has both.", "Make two rules of it.")
	case b.has("event"):
		r.ofEvent()
	case !b.has("when"):
		b.fail("", "A rule has either `when` or `event`, and this one has neither.", "Add `when = \"…\"`.")
	case b.has("where") || b.has("within"):
		b.fail(b.lastOf("where", "within"), "where and within belong to a rule with `event`.", "Write it into `when`.")
	default:
		r.plain("when")
	}
}

func (r *rule) ofEvent() {
	e, within := r.b.event("event"), r.b.window("within", "")
	if e == nil {
		return
	}
	r.event = eventHistory(e.Name, within)
	r.plain("where")
}

// plain reads CEL without checking it.
func (r *rule) plain(name string) {
	if !r.b.has(name) {
		return
	}
	e, c := r.b.attrs[name].Expr, r.b.c
	if c.unquoted(e) {
		r.b.broken = true
		return
	}
	text, diags := e.PlainText(c.scope())
	if c.diags = append(c.diags, diags...); diags.HasErrors() || text.Unknown {
		r.b.broken = true
		return
	}
	r.text = text
}

// term is what a rule adds, in CEL. A condition that is unknown gives no points.
func (r *rule) term() string {
	switch {
	case r.event == "" && r.fade == "":
		return fmt.Sprintf("(has(%[2]s\n) && (%[2]s\n) ? %[1]s : 0)", r.points, r.text.Value)
	case r.event == "":
		return fmt.Sprintf("(has(%[2]s\n) && (%[2]s\n) ? %[1]s * (%[3]s) : 0)", r.points, r.text.Value, r.fade)
	case r.half == "":
		return fmt.Sprintf("%s.count() * %s", r.history(), r.points)
	}
	return fmt.Sprintf("%s.sum(e, %s * decay(now - e.at, duration(%q)))", r.history(), r.points, r.half)
}

// history is the events that give points.
func (r *rule) history() string {
	if r.text.Value == "" {
		return r.event
	}
	return r.where() + r.text.Value + "\n))"
}

// where is what stands before the condition of history.
func (r *rule) where() string { return r.event + ".where(e, (" }

// sum is the CEL of the model, or of what the trait is else.
func (t *traitReader) sum() string {
	if len(t.rules) == 0 || t.b.broken {
		return t.source
	}
	terms := make([]string, len(t.rules))
	for i, r := range t.rules {
		terms[i] = r.term()
	}
	return strings.Join(terms, " + ")
}

// check says what is wrong with the condition of a rule, and finds out how its
// points fade; true if they do.
func (t *traitReader) check(r *rule) (fades bool) {
	src, before := r.text.Value, ""
	want := campaign.Of(campaign.Bool)
	switch {
	case src == "":
		return false
	case r.event != "":
		before = r.where()
		src = r.history() + ".any()"
	}
	checked, problems := t.c.env.Check(src, link.PersonScope(), want)
	if len(problems) == 0 && checked != nil && !r.whole(checked) {
		problems = []expr.Problem{{Code: expr.CodeSyntax, Summary: "The expression cannot be read", Detail: "The parentheses do not match.", End: len(r.text.Value)}}
		before = ""
	}
	if len(problems) > 0 {
		t.b.broken = true
		t.c.ruleProblems(r, problems, len(before))
		return false
	}
	if checked == nil || r.event != "" || r.half == "" {
		return false
	}
	r.fade = fade(checked.Node(), r.half)
	return r.fade != ""
}

// whole reports whether the condition of an event's rule is one condition, and not
// the end of one and the beginning of another.
func (r *rule) whole(checked *expr.Checked) bool {
	if r.event == "" {
		return true
	}
	asked, ok := checked.Node().(*ir.Fold)
	if !ok {
		return false
	}
	h, ok := asked.Over.(*ir.History)
	if !ok || asked.Op != ir.FoldAny {
		return false
	}
	want := 1 + strings.Count(r.event, ".within(")
	if len(h.Filters) != want {
		return false
	}
	_, ok = h.Filters[want-1].(*ir.Where)
	return ok
}

// ruleProblems reports problems of a text that had something put before it.
func (c *compiler) ruleProblems(r *rule, problems []expr.Problem, before int) {
	if c.hangsOnBroken(r.text.Value) {
		return
	}
	for _, p := range problems {
		start, end := max(p.Start-before, 0), min(max(p.End-before, 0), len(r.text.Value))
		if p.Code == expr.CodeSyntax && start >= len(r.text.Value) {
			p.Detail = "The condition ends too early." // and not where what was put behind it begins
		}
		c.report(diag.Diagnostic{Code: p.Code, Summary: p.Summary, Detail: p.Detail, Fix: p.Fix, Subject: r.text.Range(min(start, end), end)})
	}
}

// fade is how much of the points is left, after the newest event of the histories
// that a condition asks; "" for one that asks none.
func fade(n ir.Node, half string) string {
	asked := historiesIn(n)
	if len(asked) == 0 {
		return ""
	}
	newest := asked[0] + ".last().at"
	if len(asked) > 1 { // one list of all instants: a list with an unknown element would be unknown
		for i, h := range asked {
			asked[i] = h + ".flat(e, [e.at])"
		}
		newest = "(" + strings.Join(asked, " + ") + ").max(t, t)"
	}
	return fmt.Sprintf("has(%[1]s) ? decay(now - %[1]s, duration(%[2]q)) : 1", newest, half)
}

// historiesIn is CEL for each history in n that does not hang on the variable of
// another.
func historiesIn(n ir.Node) []string {
	var out []string
	ir.Walk(n, func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.History:
			out = append(out, ir.Text(n))
			return false
		case *ir.Fold:
			out = append(out, historiesIn(n.Over)...)
			return false
		}
		return true
	})
	slices.Sort(out)
	return slices.Compact(out)
}
