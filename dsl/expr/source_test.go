package expr

import (
	"testing"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"
	"github.com/stretchr/testify/require"
)

// sources are texts with everything that a source has to find its way in.
var sources = []string{
	`profile.points > 3`,
	` "é" == e.b . c( "x" , 1) + (foo.bar[12] * -2.5)>=[1, 2].size() && !a || {"k": 1}.k == "é\n" && has(a.b) ? (x) : y`,
	`(((a + b)).c) in (d)`,
	`a && b && -(c) && f( x ) && d.` + "`a-b`" + ` && (a + b).c`,
	"events.x // (comment \"\n .within('90d')\n.exists(o, (o.items).exists(i, \"a)\" in i.tags && o.total > i.price))",
	"r'\\(' + \"\"\"a\"(\n\"\"\" + ''",
	`[[1, 2], [3]][0][1] + {"a": {"b": 2}}["a"].b`,
	`x.where(o, o.y > 1).where(p, !p.z).sum(q, q.total * (1 + 2)) % 1e-3`,
	`has( a[0] ) || !!has((a.b).c)`,
	`-x.y - -3 + - 4`,
}

// The extent of every part, parsed by itself, is that part.
func TestExtents(t *testing.T) {
	p, err := newParser()
	require.NoError(t, err)
	for _, text := range sources {
		tree, errs := p.Parse(common.NewTextSource(text))
		require.Empty(t, errs.GetErrors(), text)
		s := &source{text: text, info: tree.SourceInfo()}
		ast.PostOrderVisit(tree.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
			if madeByMacro(s, e) {
				return
			}
			start, end := s.extent(e)
			part, errs := p.Parse(common.NewTextSource(text[start:end]))
			require.Empty(t, errs.GetErrors(), "%q of %q", text[start:end], text)
			require.True(t, ast.EquivExpr(e, part.Expr()), "%q of %q", text[start:end], text)
		}))
	}
}

// madeByMacro reports whether a part was not written, but put there by a macro.
func madeByMacro(s *source, e ast.Expr) bool {
	r, _ := s.info.GetOffsetRange(e.ID())
	return r.Start == r.Stop && e.Kind() != ast.ComprehensionKind && !(e.Kind() == ast.CallKind && e.AsCall().FunctionName() == fnHas)
}

// Any text can be cut into tokens: they stand in order, and nothing but white
// space and comments is between them.
func FuzzTokenize(f *testing.F) {
	for _, text := range sources {
		f.Add(text)
	}
	f.Add("'abc\n\"\"\"def `x 1.5e+ \xff")
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, tok := range tokenize(text) {
			require.GreaterOrEqual(t, tok.start, end)
			require.Greater(t, tok.end, tok.start)
			end = tok.end
		}
		require.LessOrEqual(t, end, len(text))
	})
}

// The parser that we use gives the tree that CEL's older one gives, for what both
// take.
func FuzzParsersAgree(f *testing.F) {
	for _, text := range sources {
		f.Add(text)
	}
	for _, fn := range Functions() {
		f.Add(fn.Example)
	}
	fast, err := newParser()
	require.NoError(f, err)
	slow, err := parser.NewParser(parser.EnableVariadicOperatorASTs(true), parser.EnableIdentEscapeSyntax(true), parser.Macros(macros()...),
		parser.MaxRecursionDepth(maxDepth), parser.ExpressionSizeCodePointLimit(maxCodePoints))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			return
		}
		a, errs := fast.Parse(common.NewTextSource(text))
		if len(errs.GetErrors()) > 0 {
			return
		}
		b, errs := slow.Parse(common.NewTextSource(text))
		if len(errs.GetErrors()) == 0 {
			require.True(t, ast.EquivAST(a, b), text)
		}
	})
}
