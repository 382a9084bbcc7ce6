package expr

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// lowering turns a checked syntax tree into ir. The checker has seen to it that
// operands have types that go together; lowering resolves names, puts in the
// values of variables, reads the texts of durations, dates and patterns, and
// refuses what only it can see.
type lowering struct {
	*checking
	vars   []*variable // of the folds around, outermost first
	broken bool        // something in the tree is an error node

	expanded int // how many nodes the traits named so far have
}

// variable is the variable of a fold, and what it goes over.
type variable struct {
	node *ir.Var
	over ir.Node
}

// fail reports a problem and stands in for the node that could not be made.
func (l *lowering) fail(e ast.Expr, code, detail, fix string) *ir.Const {
	l.report(e, code, detail, fix)
	return l.error()
}

// error is a node for what is wrong, or looks at a declaration that is in error:
// of no type, so that no more is said of what it is part of.
func (l *lowering) error() *ir.Const {
	l.broken = true
	return &ir.Const{}
}

// isError reports whether one of the nodes is an error node.
func isError(nodes ...ir.Node) bool {
	return slices.ContainsFunc(nodes, func(n ir.Node) bool { return n.Type().IsZero() })
}

// value lowers what must be a value: not a history, and not the whole of profile.
func (l *lowering) value(e ast.Expr) ir.Node {
	n := l.node(e)
	if _, ok := n.(*ir.History); ok {
		return l.fail(e, CodeType, fmt.Sprintf("%s is a history of events, not a value.", l.quote(e)), "Ask it something, as in .any(), .count() or .last().")
	}
	return n
}

func (l *lowering) values(es []ast.Expr) []ir.Node {
	out := make([]ir.Node, len(es))
	for i, e := range es {
		out[i] = l.value(e)
	}
	return out
}

// node lowers anything.
func (l *lowering) node(e ast.Expr) ir.Node {
	t := l.typeOf(e).Kind()
	if t == types.ErrorKind { // something in it is of a type that is in error
		return l.error()
	}
	n := l.any(e)
	if t == types.DynKind && n.Type().Kind != campaign.Any && !isError(n) {
		return l.fail(e, CodeType, fmt.Sprintf("The type of %s cannot be told.", l.quote(e)), "Look into objects whose values have one type.")
	}
	return n
}

// any lowers by the kind of syntax. What has no type in particular, not even for
// CEL, is campaign.Any: elements of an empty list literal, of which there are none.
func (l *lowering) any(e ast.Expr) ir.Node {
	switch e.Kind() {
	case ast.LiteralKind:
		return literalNode(e)
	case ast.IdentKind:
		return l.ident(e)
	case ast.SelectKind:
		return l.selection(e)
	case ast.ListKind:
		return l.list(e)
	case ast.MapKind, ast.StructKind:
		return l.object(e)
	case ast.ComprehensionKind:
		return l.comprehension(e)
	case ast.CallKind:
		return l.call(e)
	}
	return l.fail(e, CodeSyntax, "This is not part of the language.", "")
}

// ident is a name that stands alone.
func (l *lowering) ident(e ast.Expr) ir.Node {
	name := e.AsIdent()
	if v := l.variable(name); v != nil {
		return v.node
	}
	switch name {
	case "now":
		return &ir.Now{}
	case "value":
		return l.sound(&ir.Given{T: *l.place.scope.Value})
	case "row":
		return l.sound(&ir.Given{Name: "row", T: *l.place.scope.Row})
	case "event":
		return &ir.Payload{Of: ir.OfEvent, T: *l.events[l.place.scope.Event].Elem}
	}
	fix := ""
	if noun, ok := nouns[name]; ok {
		fix = fmt.Sprintf("Name one %s, as in %s.NAME.", noun, name)
	}
	return l.fail(e, CodeType, fmt.Sprintf("%s is not a value.", name), fix)
}

func (l *lowering) variable(name string) *variable {
	for _, v := range slices.Backward(l.vars) {
		if v.node.Name == name {
			return v
		}
	}
	return nil
}

// sound marks a leaf whose declaration is in error.
func (l *lowering) sound(n ir.Node) ir.Node {
	if n.Type().IsZero() {
		l.broken = true
	}
	return n
}

// selection is a.b: a known thing under a root, or a field of an object.
func (l *lowering) selection(e ast.Expr) ir.Node {
	operand, name := e.AsSelect().Operand(), e.AsSelect().FieldName()
	if root, ok := l.root(operand); ok {
		return l.sound(l.known(e, root, name))
	}
	if operand.Kind() == ast.SelectKind {
		if root, ok := l.root(operand.AsSelect().Operand()); ok {
			middle := operand.AsSelect().FieldName()
			switch root {
			case "topic":
				return &ir.Subscribed{Topic: middle}
			case "step":
				return l.step(middle, name)
			case "consent":
				return l.fail(e, CodeType, fmt.Sprintf("%s is what was said by a channel, not a value.", l.quote(e)), "Ask "+l.quote(e)+".granted, .at or .source.")
			}
		}
		if n := l.consent(operand, name); n != nil {
			return n
		}
	}
	return l.field(e, l.value(operand), name)
}

// consent is consent.TOPIC.CHANNEL.FIELD, channel being what stands before the
// last dot; nil if it is not.
func (l *lowering) consent(channel ast.Expr, field string) ir.Node {
	topic := channel.AsSelect().Operand()
	if topic.Kind() != ast.SelectKind {
		return nil
	}
	if root, ok := l.root(topic.AsSelect().Operand()); !ok || root != "consent" {
		return nil
	}
	return &ir.Consent{Topic: topic.AsSelect().FieldName(), Channel: channel.AsSelect().FieldName(), Field: field}
}

// root is the name of a root that stands alone, if e is one.
func (l *lowering) root(e ast.Expr) (string, bool) {
	if e.Kind() != ast.IdentKind || l.variable(e.AsIdent()) != nil {
		return "", false
	}
	name := e.AsIdent()
	return name, name != "event" && name != "value" && name != "row"
}

// known is root.name.
func (l *lowering) known(e ast.Expr, root, name string) ir.Node {
	switch root {
	case "profile":
		return l.attributes[name]
	case "segment":
		return &ir.Segment{Name: name}
	case "reachable":
		return &ir.Reachable{Channel: name}
	case "events":
		return &ir.History{Event: name, T: l.events[name]}
	case "journey":
		return &ir.EnteredAt{}
	case "trigger":
		if name == "item" {
			return l.sound(&ir.Item{T: *l.place.scope.Item})
		}
		return &ir.Payload{Of: ir.OfTrigger, T: *l.place.scope.Trigger}
	case "variable", "local":
		return l.constant(e, root+"."+name)
	case "trait":
		return l.trait(e, name)
	case "consent":
		return l.fail(e, CodeType, fmt.Sprintf("%s is what was said of a topic, not a value.", l.quote(e)), "Name the channel and what you ask, as in "+l.quote(e)+".email.granted.")
	case "topic":
		return l.fail(e, CodeType, fmt.Sprintf("%s is a topic, not a value.", l.quote(e)), "Ask "+l.quote(e)+".subscribed.")
	case "step":
		return l.fail(e, CodeType, fmt.Sprintf("%s is a step, not a value.", l.quote(e)), "Name what you ask of it, as in "+l.quote(e)+".at.")
	}
	return l.fail(e, CodeType, fmt.Sprintf("%s is a whole catalog.", l.quote(e)), "Name one row, as in "+l.quote(e)+`["key"].`)
}

func (l *lowering) step(step, field string) ir.Node {
	for _, s := range l.place.scope.Steps {
		if s.Name == step {
			for _, f := range s.fields() {
				if f.Name == field {
					return &ir.Step{Step: step, Field: field, T: f.Type}
				}
			}
		}
	}
	return l.error()
}

// field is x.name of an object, or of the row that a ref refers to.
func (l *lowering) field(e ast.Expr, x ir.Node, name string) ir.Node {
	t := x.Type()
	switch t.Kind {
	case campaign.Invalid:
		return l.error()
	case campaign.Any:
		return &ir.Field{X: x, Name: name, T: t}
	case campaign.Ref:
		x = &ir.Row{Catalog: t.Catalog, Key: x, T: l.tables[t.Catalog].row}
		t = x.Type()
	case campaign.Map:
		return &ir.Index{X: x, Key: stringNode(name), T: *t.Elem}
	}
	f, ok := t.Field(name)
	if !ok {
		return l.fail(e, CodeName, fmt.Sprintf("%s has no %s.", l.quote(e.AsSelect().Operand()), quoted(name)), didYouMean(name, fieldNames(t)))
	}
	if c, ok := x.(*ir.Const); ok {
		if object, ok := c.Value.(map[string]any); ok && object[name] != nil {
			return &ir.Const{T: f.Type, Value: object[name], From: c.From}
		}
	}
	return l.sound(&ir.Field{X: x, Name: name, T: f.Type})
}

func fieldNames(t campaign.Type) []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

// index is x[key].
func (l *lowering) index(e ast.Expr, x, key ast.Expr) ir.Node {
	if x.Kind() == ast.SelectKind {
		if root, ok := l.root(x.AsSelect().Operand()); ok && root == "catalog" {
			return l.row(x.AsSelect().FieldName(), key)
		}
	}
	over, k := l.value(x), l.value(key)
	if isError(over, k) {
		return l.error()
	}
	switch t := over.Type(); t.Kind {
	case campaign.List, campaign.Set, campaign.Map:
		over = l.withType(over)
		return &ir.Index{X: over, Key: k, T: *t.Elem}
	case campaign.Object:
		elem := campaign.Of(campaign.Any)
		if len(t.Fields) > 0 {
			elem = t.Fields[0].Type // CEL has seen to it that they have one type
		}
		return &ir.Index{X: over, Key: k, T: elem}
	case campaign.Any:
		return &ir.Index{X: over, Key: k, T: t}
	}
	return l.error()
}

// withType writes an empty constant list so that its text tells the type.
func (l *lowering) withType(over ir.Node) ir.Node {
	c := constOf(over)
	if c == nil || c.Unset || c.T.Elem == nil || len(l.vars) == maxVariables {
		return over
	}
	if list, ok := c.Value.([]any); !ok || len(list) > 0 {
		return over
	}
	if none := nothingOf(&ir.Var{Name: "x", Slot: len(l.vars), T: *c.T.Elem}); none != nil {
		return none
	}
	return over
}

// row is catalog.NAME[key].
func (l *lowering) row(name string, key ast.Expr) ir.Node {
	t := l.tables[name]
	n := &ir.Row{Catalog: name, Key: l.value(key), T: t.row}
	if kt := n.Key.Type(); kt.Kind == campaign.Ref && kt.Catalog != name {
		return l.fail(key, CodeType, fmt.Sprintf("%s is the key of a row of catalog.%s.", l.quote(key), kt.Catalog), "")
	}
	if s, ok := constText(n.Key); ok && len(t.catalog.Rows) > 0 {
		if _, found := t.find(s); !found {
			return l.fail(key, CodeNever, fmt.Sprintf("catalog.%s has no row %s.", name, quoted(s)), didYouMean(s, t.keys()))
		}
	}
	return n
}
