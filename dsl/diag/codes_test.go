package diag_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOneCodeHasOneSummary reads the sources of the language: findings can be
// grouped by their code only if one code says one thing everywhere.
func TestOneCodeHasOneSummary(t *testing.T) {
	found := codes{}
	require.NoError(t, filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		found.read(f)
		return nil
	}))
	require.Greater(t, len(found), 30)
	kebab := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for code, summaries := range found {
		require.Regexp(t, kebab, code)
		require.Len(t, summaries, 1, "%s has more than one summary: %v", code, summaries)
		require.False(t, strings.HasSuffix(summaries[0], "."), "%s: a summary is no sentence", code)
	}
}

// codes holds the summaries of each code.
type codes map[string][]string

func (c codes) add(code, summary string) {
	if code != "" && summary != "" && !slices.Contains(c[code], summary) {
		c[code] = append(c[code], summary)
	}
}

// read finds code and summary side by side: in literals of structs, in
// assignments, and in maps named summaries, whose keys are constants.
func (c codes) read(f *ast.File) {
	constants := constantsOf(f)
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			fields := map[string]string{}
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok {
						fields[strings.ToLower(key.Name)] = text(kv.Value, constants)
					}
				}
			}
			c.add(fields["code"], fields["summary"])
		case *ast.AssignStmt:
			fields := map[string]string{}
			for i, lhs := range n.Lhs {
				if sel, ok := lhs.(*ast.SelectorExpr); ok && len(n.Lhs) == len(n.Rhs) {
					fields[sel.Sel.Name] = text(n.Rhs[i], constants)
				}
			}
			c.add(fields["Code"], fields["Summary"])
		case *ast.ValueSpec:
			if len(n.Names) == 1 && n.Names[0].Name == "summaries" && len(n.Values) == 1 {
				for _, e := range n.Values[0].(*ast.CompositeLit).Elts {
					kv := e.(*ast.KeyValueExpr)
					c.add(text(kv.Key, constants), text(kv.Value, constants))
				}
			}
		}
		return true
	})
}

func constantsOf(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, s := range gen.Specs {
			v := s.(*ast.ValueSpec)
			for i, name := range v.Names {
				if i < len(v.Values) {
					out[name.Name] = text(v.Values[i], nil)
				}
			}
		}
	}
	return out
}

// text is the string that an expression is; "" for any other.
func text(e ast.Expr, constants map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	case *ast.Ident:
		return constants[e.Name]
	}
	return ""
}
