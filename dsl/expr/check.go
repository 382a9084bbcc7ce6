package expr

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// Checked is an expression that has passed. It is immutable and safe for
// concurrent use.
type Checked struct {
	node    ir.Node // expanded: what evaluators see
	written ir.Node // with the traits and short forms that were written
	text    string
	typ     campaign.Type
	reads   campaign.Reads
	cost    float64
	unset   []string

	env     *Env
	once    sync.Once
	program *program // made when first evaluated
}

// Check parses and checks src as it stands in sc. The zero want takes any type;
// campaign.Bool is for conditions. Problems come in the order of the text, and
// what only follows from another is left out. Both results are nil when the
// expression looks at something whose own declaration is in error: that has
// been said already.
func (e *Env) Check(src string, sc Scope, want campaign.Type) (*Checked, []Problem) {
	q := question{src, sc.key(), want.String()}
	e.mu.RLock()
	a := e.known[q]
	e.mu.RUnlock()
	if a == nil {
		a = &answer{}
		a.checked, a.problems = e.check(src, sc, q.scope, want)
		e.mu.Lock()
		e.known[q] = a
		e.mu.Unlock()
	}
	return a.checked, a.problems
}

// checking is one run of Check.
type checking struct {
	*Env
	place    *place
	source   *source
	tree     *ast.AST
	objects  bool // there are object literals
	problems []Problem
	said     []stretch // where nothing more is to be said
}

// stretch is a part of the text, in bytes.
type stretch struct{ start, end int }

func (e *Env) check(src string, sc Scope, key string, want campaign.Type) (*Checked, []Problem) {
	p, err := e.place(sc, key)
	if err != nil { // a scope that declares a name twice
		return nil, []Problem{{CodeScope, summaries[CodeScope], err.Error() + ".", "", 0, len(src)}}
	}
	c := &checking{Env: e, place: p, source: &source{text: src}}
	written := c.understand()
	if written == nil {
		return nil, c.sorted()
	}
	checked := &Checked{
		node: expand(written), written: written, text: ir.Text(written), typ: written.Type(), reads: ir.Reads(written),
		cost: ir.Cost(written), unset: unsetIn(written), env: e,
	}
	if c.finish(checked, want); len(c.problems) > 0 {
		return nil, c.sorted()
	}
	return checked, nil
}

// understand parses, checks and lowers; nil with problems, or for a tree that
// hangs on a declaration in error.
func (c *checking) understand() ir.Node {
	if c.refuseText() {
		return nil
	}
	src := common.NewTextSource(c.source.text)
	tree, errs := c.parser.Parse(src)
	if found := errs.GetErrors(); len(found) > 0 {
		c.explainSyntax(found)
		return nil
	}
	c.tree, c.source.info = tree, tree.SourceInfo()
	if !c.normalize(tree) {
		return nil
	}
	if c.objects {
		c.nameObjects(tree, src)
	}
	c.tree, errs = checker.Check(tree, src, c.place.cel)
	if found := errs.GetErrors(); len(found) > 0 {
		c.explainTypes(found)
		return nil
	}
	l := &lowering{checking: c}
	node := l.value(tree.Expr())
	if len(c.problems) > 0 || l.broken {
		return nil
	}
	return node
}

// finish asks what can only be asked of the whole.
func (c *checking) finish(of *Checked, want campaign.Type) {
	root := c.tree.Expr()
	if !fits(of.typ, want) {
		c.report(root, CodeType, fmt.Sprintf("This gives %s, and %s is needed here.", withArticle(shortType(of.typ)), wanted(want)), wantFix(of, want))
	}
	if of.cost > maxCost {
		c.report(root, CodeCost, fmt.Sprintf("This takes about %s steps for one person with 1,000 events of each kind, and at most %s are allowed.",
			thousands(of.cost), thousands(maxCost)), "Go over fewer histories and lists inside each other.")
	}
}

// report adds a problem with the part of the text that e was written as.
func (c *checking) report(e ast.Expr, code, detail, fix string) {
	start, end := c.source.extent(e)
	c.reportAt(start, end, code, detail, fix)
}

func (c *checking) reportAt(start, end int, code, detail, fix string) {
	start = min(max(start, 0), len(c.source.text))
	end = min(max(end, start), len(c.source.text))
	c.problems = append(c.problems, Problem{code, summaries[code], detail, fix, start, end})
}

func unsetIn(node ir.Node) []string {
	var out []string
	ir.Walk(node, func(n ir.Node) bool {
		if c, ok := n.(*ir.Const); ok && c.Unset && !slices.Contains(out, c.From) {
			out = append(out, c.From)
		}
		return true
	})
	return out
}

// fits reports whether a value of type have can stand where want is wanted.
func fits(have, want campaign.Type) bool {
	switch want.Kind {
	case campaign.Invalid, campaign.Any:
		return true
	case campaign.String:
		return have.Kind == campaign.String || have.Kind == campaign.Ref
	case campaign.Ref:
		return have.Kind == campaign.Ref && have.Catalog == want.Catalog
	case campaign.List, campaign.Set:
		return (have.Kind == campaign.List || have.Kind == campaign.Set) && fitsElem(*have.Elem, *want.Elem)
	case campaign.Map:
		if have.Kind == campaign.Object {
			for _, f := range have.Fields {
				if !fits(f.Type, *want.Elem) {
					return false
				}
			}
			return true
		}
		return have.Kind == campaign.Map && fitsElem(*have.Elem, *want.Elem)
	case campaign.Object:
		for _, f := range want.Fields {
			if g, ok := have.Field(f.Name); !ok && !f.Optional || ok && !fits(g.Type, f.Type) {
				return false
			}
		}
		return have.Kind == campaign.Object
	}
	return have.Kind == want.Kind
}

// fitsElem lets the elements of an empty list be anything.
func fitsElem(have, want campaign.Type) bool { return have.Kind == campaign.Any || fits(have, want) }

func wanted(want campaign.Type) string {
	if want.Kind == campaign.Bool {
		return "a condition (true or false)"
	}
	return withArticle(shortType(want))
}

func wantFix(of *Checked, want campaign.Type) string {
	have := of.typ
	switch {
	case want.Kind == campaign.Bool && have.Kind == campaign.Number:
		return "Compare it: " + of.text + " > 0."
	case want.Kind == campaign.Bool:
		return "Compare it with something, or ask has()."
	case want.Kind == campaign.String && scalar(have):
		return "Write string(" + of.text + ")."
	case want.Kind == campaign.Date && have.Kind == campaign.Time:
		return "Write date(" + of.text + "), or date(" + of.text + ", profile.timezone)."
	}
	return ""
}

func scalar(t campaign.Type) bool {
	switch t.Kind {
	case campaign.String, campaign.Number, campaign.Bool, campaign.Date, campaign.Time, campaign.Duration, campaign.Ref:
		return true
	}
	return false
}

// thousands writes 12,000,000.
func thousands(f float64) string {
	digits := fmt.Sprintf("%.0f", f)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Text is the canonical text: variables and locals as their values, one spelling
// of all that has several. Check takes it again, in the same World and Scope, and
// in one without variables, and gives the same Text.
func (c *Checked) Text() string { return c.text }

// Type is the type of the value.
func (c *Checked) Type() campaign.Type { return c.typ }

// Reads is what the expression looks at.
func (c *Checked) Reads() campaign.Reads { return c.reads }

// Expr is the expression as the model keeps it.
func (c *Checked) Expr() campaign.Expr {
	return campaign.Expr{Text: c.text, Type: c.typ, Reads: c.reads}
}

// Node is the tree, for other evaluators, with the meaning of traits and short
// forms in their places. It must not be changed.
func (c *Checked) Node() ir.Node { return c.node }

// Meaning is the text of ir.Normal of the tree: expressions of one Meaning give
// the same for every person at every instant, and differ in spelling alone. A
// trait stands in it with its value, so that it changes with the trait.
func (c *Checked) Meaning() string { return ir.Text(ir.Normal(c.node)) }

// Cost is the estimate of ir.Cost: nodes looked at for one busy person.
func (c *Checked) Cost() float64 { return c.cost }

// Unset names the variables, such as "variable.vip_spend", that had no value when
// the expression was checked. It cannot be evaluated while there are any.
func (c *Checked) Unset() []string { return c.unset }

// Eval evaluates the expression for s at the instant now. What is absent gives
// an unknown Value; the only error is a variable without a value.
func (c *Checked) Eval(s Subject, now time.Time) (Value, error) {
	if len(c.unset) > 0 {
		return Value{}, fmt.Errorf("%s has no value", strings.Join(c.unset, ", "))
	}
	return c.compiled().eval(s, now, nil), nil
}

// Test evaluates a condition for s at the instant now. What is no condition, or
// hangs on a variable without a value, is Unknown.
func (c *Checked) Test(s Subject, now time.Time) Truth {
	if len(c.unset) > 0 {
		return Unknown
	}
	return c.compiled().test(s, now, nil)
}

// Holds reports whether a condition in a Scope with a Value holds of value.
func (c *Checked) Holds(value any) bool {
	return len(c.unset) == 0 && c.compiled().test(Nobody{}, time.Time{}, value).Holds()
}

// Given evaluates an expression in a Scope with a Row or a Value, of value, a
// campaign value of that type. One that hangs on a variable without a value is
// unknown. It asks nothing of a person.
func (c *Checked) Given(value any, now time.Time) Value {
	if len(c.unset) > 0 {
		return Value{}
	}
	return c.compiled().eval(Nobody{}, now, value)
}

func (c *Checked) compiled() *program {
	c.once.Do(func() { c.program = compile(c.node, c.env.tables) })
	return c.program
}
