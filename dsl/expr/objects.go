package expr

import (
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// nameObjects gives object literals the types that they have for authors. For
// CEL {"loaf": "Rye", "price": 3} is a map of anything, and what is taken out of
// it goes with everything. It becomes an object of a type with these fields, so
// that CEL checks what is done with it; literals that stand in one list become
// objects of one type, with the fields of all. Literals whose values have one
// type stay maps. The inner ones are named before the outer ones, which takes a
// run of the checker for each level.
func (c *checking) nameObjects(tree *ast.AST, src common.Source) {
	for range maxObjectDepth {
		checked, _ := checker.Check(tree, src, c.place.cel)
		n := &naming{checking: c, types: checked.TypeMap(), fac: ast.NewExprFactory()}
		ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(n.visit))
		if !n.changed {
			return
		}
	}
}

// maxObjectDepth is how deep objects in objects are told apart.
const maxObjectDepth = 8

type naming struct {
	*checking
	types   map[int64]*types.Type
	fac     ast.ExprFactory
	changed bool
}

func (n *naming) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.MapKind:
		if t := n.types[e.ID()]; t.Kind() == types.MapKind && t.Parameters()[1].Kind() == types.DynKind {
			n.name([]ast.Expr{e})
		}
	case ast.ListKind:
		if t := n.types[e.ID()]; t.Kind() == types.ListKind && !uniform(t.Parameters()[0]) {
			n.name(e.AsList().Elements())
		}
	}
}

// uniform reports whether elements of a list have one type that says all.
func uniform(elem *types.Type) bool {
	switch elem.Kind() {
	case types.DynKind:
		return false
	case types.MapKind:
		return elem.Parameters()[1].Kind() != types.DynKind
	}
	return true
}

// name makes objects of one type of literals, unless they do not go together.
func (n *naming) name(literals []ast.Expr) {
	fields := map[string]campaign.Type{}
	for _, e := range literals {
		if !n.collect(e, fields) {
			return
		}
	}
	if len(fields) == 0 {
		return
	}
	var list []campaign.Field
	for name, t := range fields {
		list = append(list, campaign.Field{Name: name, Type: t})
	}
	typeName := n.universe.object(campaign.ObjectOf(list...)).TypeName()
	for _, e := range literals {
		if e.Kind() == ast.StructKind && e.AsStruct().TypeName() == typeName {
			continue
		}
		n.changed = true
		e.SetKindCase(n.fac.NewStruct(e.ID(), typeName, n.structFields(e)))
	}
}

// collect adds the fields of a literal. False means that it is none, has a field
// twice, or has one of another type than was collected before.
func (n *naming) collect(e ast.Expr, fields map[string]campaign.Type) bool {
	own := map[string]bool{}
	for _, f := range entriesOf(e) {
		t, ok := n.universe.author(n.types[f.value.ID()])
		if known, twice := fields[f.name]; !ok || own[f.name] || twice && !known.Equal(t) {
			return false
		}
		own[f.name], fields[f.name] = true, t
	}
	return e.Kind() == ast.StructKind || e.Kind() == ast.MapKind && len(own) == e.AsMap().Size()
}

func (n *naming) structFields(e ast.Expr) []ast.EntryExpr {
	var out []ast.EntryExpr
	for _, f := range entriesOf(e) {
		out = append(out, n.fac.NewStructField(f.id, f.name, f.value, false))
	}
	return out
}

// entry is a field of an object literal.
type entry struct {
	id    int64
	name  string
	key   ast.Expr // where it is written; nil once the literal has become an object
	value ast.Expr
}

// entriesOf lists the fields of an object literal that have a text as name.
func entriesOf(e ast.Expr) []entry {
	var out []entry
	switch e.Kind() {
	case ast.StructKind:
		for _, f := range e.AsStruct().Fields() {
			out = append(out, entry{f.ID(), f.AsStructField().Name(), nil, f.AsStructField().Value()})
		}
	case ast.MapKind:
		for _, f := range e.AsMap().Entries() {
			if name, ok := literalText(f.AsMapEntry().Key()); ok {
				out = append(out, entry{f.ID(), name, f.AsMapEntry().Key(), f.AsMapEntry().Value()})
			}
		}
	}
	return out
}

// author is the type that authors know for a CEL type; false for what has no
// value, and for what CEL does not know the type of.
func (u *universe) author(t *types.Type) (campaign.Type, bool) {
	switch t.Kind() {
	case types.StringKind:
		return campaign.Of(campaign.String), true
	case types.DoubleKind:
		return campaign.Of(campaign.Number), true
	case types.BoolKind:
		return campaign.Of(campaign.Bool), true
	case types.TimestampKind:
		return campaign.Of(campaign.Time), true
	case types.DurationKind:
		return campaign.Of(campaign.Duration), true
	case types.OpaqueKind:
		return campaign.Of(campaign.Date), t.TypeName() == dateType.TypeName()
	case types.ListKind:
		elem, ok := u.author(t.Parameters()[0])
		return campaign.ListOf(elem), ok
	case types.MapKind:
		elem, ok := u.author(t.Parameters()[1])
		return campaign.MapOf(elem), ok
	case types.StructKind:
		if s := u.lookup(t.TypeName()); s != nil {
			return s.typ, !s.typ.IsZero()
		}
	case types.DynKind:
		return campaign.Of(campaign.Any), false
	}
	return campaign.Type{}, false
}
