package expr

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// explainTypes says in the words of the language what CEL's checker found. It
// goes by the part of the tree that the checker points at, by the types of its
// operands, and not by the checker's messages.
func (c *checking) explainTypes(errs []*common.Error) {
	nodes, ranges := map[int64]ast.Expr{}, map[int64]ast.Expr{}
	ast.PostOrderVisit(c.tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		nodes[e.ID()] = e
		if e.Kind() == ast.ComprehensionKind {
			ranges[e.AsComprehension().IterRange().ID()] = e
		}
	}))
	muted := c.misused(nodes)
	wrong := map[int64]bool{}
	for _, err := range errs {
		e := nodes[err.ExprID]
		switch {
		case muted[err.ExprID] || e != nil && contains(e, wrong):
			continue // follows from something else
		case e == nil:
			c.reportAt(0, len(c.source.text), CodeType, capital(err.Message)+".", "")
		case ranges[err.ExprID] != nil && c.typeOf(e).Kind() != types.ErrorKind:
			c.wrongRange(ranges[err.ExprID])
		default:
			c.explainNode(e, err.Message)
		}
		wrong[err.ExprID] = true
	}
}

// misused finds the parts of calls of a macro that could not be expanded, such as
// sum(o.total), and of calls that are taken for one: what is wrong with those
// follows from that.
func (c *checking) misused(nodes map[int64]ast.Expr) map[int64]bool {
	muted := map[int64]bool{}
	for _, e := range nodes {
		if e.Kind() != ast.CallKind {
			continue
		}
		if call := e.AsCall(); !isMacro(call.FunctionName()) && !asksOfEach(call) && !unknownFold(call) {
			continue
		}
		for _, arg := range e.AsCall().Args() {
			ast.PostOrderVisit(arg, ast.NewExprVisitor(func(part ast.Expr) { muted[part.ID()] = true }))
		}
	}
	return muted
}

// asksOfEach reports whether a method that takes nothing is called as if it went
// over the events: any(o, o.total > 3).
func asksOfEach(call ast.CallExpr) bool {
	return len(call.Args()) == 2 && slices.Contains([]string{"any", "none", "first", "last"}, call.FunctionName())
}

// unknownFold reports whether a method that does not exist is called so:
// median(o, o.total).
func unknownFold(call ast.CallExpr) bool {
	return call.IsMemberFunction() && len(call.Args()) > 1 && call.Args()[0].Kind() == ast.IdentKind &&
		!slices.ContainsFunc(functionTable, func(f function) bool { return f.Name == call.FunctionName() })
}

// contains reports whether a part of e is among those that are wrong.
func contains(e ast.Expr, wrong map[int64]bool) bool {
	found := false
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(part ast.Expr) { found = found || wrong[part.ID()] }))
	return found
}

func (c *checking) explainNode(e ast.Expr, message string) {
	if t := c.tree.GetType(e.ID()); t.Kind() != types.ErrorKind && t.Kind() != types.DynKind {
		c.mismatch(e, t) // fine in itself, but not where it stands
		return
	}
	switch e.Kind() {
	case ast.IdentKind:
		c.unknownRoot(e, e.AsIdent())
	case ast.SelectKind:
		c.unknownField(e)
	case ast.CallKind:
		c.wrongCall(e)
	default:
		c.report(e, CodeType, capital(message)+".", "")
	}
}

// mismatch is a part of && or || that is no condition.
func (c *checking) mismatch(e ast.Expr, t *types.Type) {
	c.report(e, CodeType, fmt.Sprintf("%s is %s, and a condition (true or false) is needed here.", c.quote(e), c.typedAs(e)), c.conditionFix(e, t))
}

// conditionFix proposes what would make a condition of e.
func (c *checking) conditionFix(e ast.Expr, t *types.Type) string {
	text := c.quote(e)
	switch c.universe.inWords(t) {
	case "number":
		return "Compare it, for example with " + text + " > 0."
	case "history":
		return "Ask " + text + ".any()."
	case "subscription":
		return "Ask " + text + ".subscribed."
	}
	return "Compare it with something, or ask has(" + text + ")."
}

// typed is "a number", "the history of an event", "the profile".
func (c *checking) typed(t *types.Type) string {
	word := c.universe.inWords(t)
	switch {
	case word == "history":
		return "a history of events"
	case slices.Contains(roots, word):
		return "the whole of " + word
	}
	return withArticle(word)
}

// typedAs is typed of an expression. CEL has one type for lists and sets; what is
// named tells which it is.
func (c *checking) typedAs(e ast.Expr) string {
	if t := c.declared(e); t.Kind == campaign.Set {
		return withArticle(shortType(t))
	}
	return c.typed(c.typeOf(e))
}

// declared is the type that something named was declared with; the zero Type for
// anything else.
func (c *checking) declared(e ast.Expr) campaign.Type {
	if e.Kind() != ast.SelectKind {
		return campaign.Type{}
	}
	of, name := e.AsSelect().Operand(), e.AsSelect().FieldName()
	if of.Kind() == ast.IdentKind {
		switch root := of.AsIdent(); root {
		case "profile":
			if a := c.attributes[name]; a != nil {
				return a.T
			}
		case "variable", "local":
			return c.consts[root+"."+name].Type
		case "trait":
			if t := c.traits.find(name); t != nil && t.checked != nil {
				return t.checked.typ
			}
		}
	}
	if s := c.universe.lookup(c.typeOf(of).TypeName()); s != nil {
		f, _ := s.typ.Field(name)
		return f.Type
	}
	return campaign.Type{}
}

// quote is the text that e was written as, if it is short enough for a sentence.
func (c *checking) quote(e ast.Expr) string {
	start, end := c.source.extent(e)
	text := strings.Join(strings.Fields(c.source.text[start:end]), " ")
	if r := []rune(text); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return text
}

func (c *checking) typeOf(e ast.Expr) *types.Type { return c.tree.GetType(e.ID()) }

// unknownRoot is a name that nothing has here.
func (c *checking) unknownRoot(e ast.Expr, name string) {
	switch {
	case slices.Contains(namespaces, name):
		c.unknownInNamespace(e, name)
	case laterRoots[name] != "":
		c.report(e, CodeLater, laterRoots[name]+" are not available yet.", "")
	case slices.Contains(roots, name):
		detail, fix := c.outOfScope(name)
		c.report(e, CodeScope, detail, fix)
	default:
		c.report(e, CodeName, fmt.Sprintf("Nothing is called %s here.", quoted(name)), c.rootFix(name))
	}
}

// laterRoots are parts of the language that are still to come.
var laterRoots = map[string]string{
	"members": "Groups and their members",
}

// namespaces stand before the names of some functions.
var namespaces = []string{"math", "sets"}

// unknownInNamespace is math.f(…) where there is no such function.
func (c *checking) unknownInNamespace(e ast.Expr, namespace string) {
	called := e
	ast.PostOrderVisit(c.tree.Expr(), ast.NewExprVisitor(func(outer ast.Expr) {
		if outer.Kind() == ast.CallKind && outer.AsCall().IsMemberFunction() && outer.AsCall().Target().ID() == e.ID() {
			called = outer
		}
	}))
	var known []string
	for _, f := range functionTable {
		if short, ok := strings.CutPrefix(f.Name, namespace+"."); ok {
			known = append(known, short)
		}
	}
	if called == e {
		c.report(e, CodeName, fmt.Sprintf("%s is no value: it stands before functions.", namespace), "There are "+listed(known)+", as in "+namespace+"."+known[0]+"(…).")
		return
	}
	fix := didYouMean(called.AsCall().FunctionName(), known)
	if fix == "" {
		fix = "There are " + listed(known) + "."
	}
	c.report(called, CodeFunction, fmt.Sprintf("There is no function %s.%s().", namespace, called.AsCall().FunctionName()), fix)
}

// outOfScope says where a root can be named, and what to name here.
func (c *checking) outOfScope(root string) (detail, fix string) {
	_, trigger := c.place.roots["trigger"]
	switch root {
	case "event":
		if trigger {
			return "`event` exists only inside trigger: in its key and where.", "Use trigger.event, which is the event that let the person in."
		}
		return "`event` exists only inside the trigger of a journey.", "The history of an event is events.NAME."
	case "trigger":
		return "`trigger` exists only in the steps of a journey.", ""
	case "journey":
		return "`journey` exists only in the conditions of a journey, once a person has entered it.", ""
	case "step":
		return "`step` exists only in a journey that has a send, a wait, a call or a split.", ""
	}
	return fmt.Sprintf("`%s` cannot be named here.", root), ""
}

// rootFix guesses what was meant: a root, or the end of a path.
func (c *checking) rootFix(name string) string {
	if c.attributes[name] != nil {
		return "Did you mean profile." + name + "?"
	}
	for _, root := range []string{"variable", "local"} {
		if _, ok := c.consts[root+"."+name]; ok {
			return "Did you mean " + root + "." + name + "?"
		}
	}
	for _, root := range []string{"events", "segment", "topic", "trait", "step"} {
		if t := c.place.roots[root]; t != nil && c.universe.lookup(t.TypeName()).fields[name] != nil {
			return "Did you mean " + root + "." + name + "?"
		}
	}
	if slices.Contains([]string{"user", "person", "contact", "customer", "subscriber"}, name) {
		return "What is known of a person is profile.NAME."
	}
	return didYouMean(name, append([]string{"now", "variable", "local"}, slices.Sorted(maps.Keys(c.place.roots))...))
}

// nouns are what the fields of a root are called.
var nouns = map[string]string{
	"profile": "attribute", "events": "event", "segment": "segment", "topic": "topic", "reachable": "channel",
	"consent": "topic", "trait": "trait",
	"variable": "variable", "local": "local", "catalog": "catalog", "step": "step",
}

// unknownField is a.b where a has no b.
func (c *checking) unknownField(e ast.Expr) {
	sel := e.AsSelect()
	t, name := c.typeOf(sel.Operand()), sel.FieldName()
	s := c.universe.lookup(t.TypeName())
	if s == nil || t.Kind() != types.StructKind {
		c.report(e, CodeType, fmt.Sprintf("%s is %s and has no %s.", c.quote(sel.Operand()), c.typedAs(sel.Operand()), quoted(name)), c.noFieldFix(t, name))
		return
	}
	if _, ok := nouns[s.label]; ok {
		c.unknownLabel(e, s, name)
		return
	}
	fix := didYouMean(name, s.names)
	switch {
	case s.label == "trigger" && name == "item":
		c.report(e, CodeScope, "The journey is not started by elements of a list, so that there is no trigger.item.", "Give its trigger items = \"event.LIST\".")
		return
	case s.label == "trigger" && name == "event" && c.place.scope.Event != "":
		c.report(e, CodeScope, "Within the trigger the event is `event`.", "Write event.")
		return
	case s.label == "trigger" && name == "event":
		c.report(e, CodeScope, "The journey is not started by an event, so that there is no trigger."+name+".", "")
		return
	case s.label == "consents" && slices.Contains([]string{ir.ConsentGranted, ir.ConsentAt, ir.ConsentSource}, name):
		fix = "Name the channel, as in " + c.quote(sel.Operand()) + "." + s.names[0] + "." + name + "."
	case fix == "" && len(s.names) > 0:
		fix = "It has " + listed(s.names) + "."
	}
	c.report(e, CodeName, fmt.Sprintf("%s has no %s.", c.quote(sel.Operand()), quoted(name)), fix)
}

// unknownLabel is root.name where nothing of that kind has the name.
func (c *checking) unknownLabel(e ast.Expr, s *structType, name string) {
	start, end := c.source.extent(e)
	noun, best := nouns[s.label], diag.DidYouMean(name, s.names)
	rest := hyphenated.FindString(c.source.text[end:])
	whole := name + rest
	if !slices.Contains(s.names, whole) {
		whole = diag.DidYouMean(whole, s.names)
	}
	fix := didYouMean(name, s.names)
	switch {
	case rest != "" && whole != "":
		end += len(rest)
		c.said = append(c.said, stretch{start, end})
		fix = "CEL reads - as minus: write " + s.label + ".`" + whole + "`."
	case strings.Contains(best, "-"):
		fix = "Did you mean " + s.label + ".`" + best + "`?"
	case fix == "" && len(s.names) > 0 && len(s.names) <= 8:
		fix = "Known: " + listed(s.names) + "."
	}
	where := ""
	if noun == "step" {
		where = " before this place"
	}
	c.reportAt(start, end, CodeName, fmt.Sprintf("There is no %s %s%s.", noun, quoted(name), where), fix)
}

// hyphenated is how a name goes on that is no name for CEL.
var hyphenated = regexp.MustCompile(`^(-[A-Za-z0-9_]+)+`)

// noFieldFix helps those who reach into a history or a list.
func (c *checking) noFieldFix(t *types.Type, name string) string {
	switch {
	case c.universe.inWords(t) == "history":
		return "Ask one event, as in last()." + name + ", or go over them, as in exists(o, o." + name + " == …)."
	case name == "length" || name == "size" || name == "count":
		return "How long something is, is size(x)."
	case t.Kind() == types.ListKind:
		return "Go over its elements, as in exists(i, i." + name + " == …)."
	}
	return ""
}

// listed writes a, b and c, of many names the first ones.
func listed(names []string) string {
	if len(names) > 8 {
		return strings.Join(names[:8], ", ") + ", …"
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
