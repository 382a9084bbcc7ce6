package syntax

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/diag"
)

func TestLoadFolder(t *testing.T) {
	dir := t.TempDir()
	for name, src := range map[string]string{
		"b.hcl":              `segment "b" { when = "true" }`,
		"a.hcl.json":         `{"segment": {"a": {"when": "true"}}}`,
		"cart.test.hcl":      `test "a buyer" {}`,
		"more.test.hcl.json": `{"test": {"another": {}}}`,
		".hidden.hcl":        `broken {`,
		"README.md":          "",
		"data.json":          "{",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600))
	}
	for _, sub := range []string{".herald", "sub", "folder.hcl"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "x.hcl"), []byte("broken {"), 0o600))

	p, diags := Load(dir)
	require.Empty(t, diags)
	require.Equal(t, dir, p.Dir)
	require.Equal(t, "segment \"a\" {\n  when = \"true\"\n}\nsegment \"b\" {\n  when = \"true\"\n}\n", dump(p.Blocks))
	require.Equal(t, "test \"a buyer\" {\n}\ntest \"another\" {\n}\n", dump(p.Tests))
	require.Len(t, p.Sources, 4)
	require.NotNil(t, p.Source("README.md"))
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		fsys fstest.MapFS
		code string
		says string
	}{
		"an empty folder":     {fstest.MapFS{}, "no-files", "Name the folder"},
		"a Terraform project": {fstest.MapFS{"main.tf": {}}, "no-files", "Terraform"},
		"a large file":        {fstest.MapFS{"a.hcl": {Data: make([]byte, maxFileSize+1)}}, "file-too-large", "4 MB"},
		"a file in Latin-1":   {fstest.MapFS{"a.hcl": {Data: []byte("a {\n  x = \"Gr\xfc\xdfe\"\n}")}}, "invalid-encoding", "line 2"},
		"nested blocks":       {fstest.MapFS{"a.hcl": {Data: []byte(strings.Repeat("a {\n", 101) + strings.Repeat("}\n", 101))}}, "nesting", "100"},
		"unindented blocks":   {fstest.MapFS{"a.hcl": {Data: []byte("x {}\n" + strings.Repeat("a {\n", 200000))}}, "nesting", "100"},
		"nested lists":        {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = " + strings.Repeat("[", 1000000))}}, "nesting", "100"},
		"nested strings":      {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = " + strings.Repeat(`"${`, 1000000))}}, "nesting", "100"},
		"many negations":      {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = " + strings.Repeat("!", 4000000))}}, "nesting", "100"},
		"a long sum":          {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = 1" + strings.Repeat("+1", 1500000) + "\n}")}}, "nesting", "100"},
		"a long conditional":  {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = 1" + strings.Repeat("?1:1", 900000) + "\n}")}}, "nesting", "100"},
		"a long index":        {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = a" + strings.Repeat("[a]", 900000) + "\n}")}}, "nesting", "100"},
		"open conditions":     {fstest.MapFS{"a.hcl": {Data: []byte("a {\n x = \"" + strings.Repeat("%{if a}", 500000) + "\"\n}")}}, "nesting", "100"},
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := LoadFS(c.fsys, "shop")
			require.NotNil(t, p)
			require.Len(t, diags, 1)
			require.Equal(t, c.code, diags[0].Code)
			require.Contains(t, diags[0].Detail+diags[0].Fix, c.says)
		})
	}
	_, diags := Load(filepath.Join(t.TempDir(), "absent"))
	require.Equal(t, "unreadable-folder", diags[0].Code)
	require.Contains(t, diags[0].Detail, "absent")
}

func TestDeepButAllowed(t *testing.T) {
	src := "a {\n x = " + strings.Repeat("[", 99) + strings.Repeat("]", 99) + "\n y = 1" + strings.Repeat(" + 1", 1500) + "\n}\n" +
		"b {\n z = [" + strings.Repeat("-1, ", 10000) + "]\n}\n"
	p, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
	require.Empty(t, diags)
	v, diags := p.Blocks[0].Attributes[1].Expr.Value(Scope{})
	require.Empty(t, diags)
	require.Equal(t, 1501.0, v)
}

// What is large in one dimension alone takes no more than its share of time.
func TestLargeFiles(t *testing.T) {
	var names, escapes, repeated strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&names, "  x%d = %d\n", i, i)
		escapes.WriteString("  x = \"\\q\"\n")
		repeated.WriteString("  x = 1\n")
	}
	for name, c := range map[string]struct {
		body  string
		diags int
	}{
		"many attributes":       {names.String(), 0},
		"many bad escapes":      {escapes.String(), maxMistakes},
		"one attribute, always": {repeated.String(), maxMistakes},
		"one long string":       {"  x = \"" + strings.Repeat("é ", 500_000) + "\"\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte("locals {\n" + c.body + "}\n")}}, ".")
			require.Equal(t, c.diags, len(diags))
			require.Less(t, time.Since(start), 20*time.Second)
		})
	}
}

// The cuts before top-level blocks, and what to do when they are wrong.
func TestCuts(t *testing.T) {
	for name, src := range map[string]string{
		"a block in a heredoc":   "a {\n  x = <<EOT\n}\nsegment \"fake\" {\nEOT\n}\nb {\n}\n",
		"style in a heredoc":     "a {\n  x = <<EOT\n} \nbody { color: red }\np { margin: 0 }\nEOT\n}\nb {}\n",
		"no indentation":         "a {\nx {\ny = 1\n}\nz {\n}\n}\nb {\n}\n",
		"comments":               "a {\n}\n# } comment\n/* }\nb {\n}\n*/\n// c {\nb {\n}",
		"carriage returns":       "a {\r\n  x = 1\r\n}\r\nb {\r\n}\r\n",
		"blocks on one line":     "a { x = 1 }\nb {}\n_c {}\n",
		"without any line break": "a { x = 1 }",
		"a byte order mark":      "\ufeffa {\n}\nb {\n}\n",
		"nothing":                "",
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
			require.Empty(t, diags)
			f := &file{name: "a.hcl", src: []byte(src)}
			whole := piece{start: diag.Pos{Line: 1, Column: 1}, end: len(src)}
			whole.parse(f)
			conv := converter{file: f}
			require.Equal(t, stripped(conv.topLevel(whole.body)), stripped(p.Blocks))
		})
	}
}

// stripped writes blocks with their ranges.
func stripped(blocks []*Block) string {
	var b strings.Builder
	for _, block := range blocks {
		fmt.Fprintln(&b, block.Type, block.Labels, block.Header, block.Range, stripped(block.Blocks))
		for _, a := range block.Attributes {
			v, diags := a.Expr.Value(testScope)
			fmt.Fprintln(&b, a.Name, a.NameRange, a.Range, a.Expr.Range(), a.Expr.References(), v, diags)
		}
	}
	return b.String()
}

func TestRangesOfBlocks(t *testing.T) {
	src := "segment \"vip\" extra {\n  when = \"x\"\n  b {}\n}\n"
	p, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
	require.Empty(t, diags)
	text := func(r diag.Range) string { return src[r.Start.Byte:r.End.Byte] }
	b := p.Blocks[0]
	require.Equal(t, "segment", text(b.TypeRange))
	require.Equal(t, `"vip"`, text(b.Labels[0].Range))
	require.Equal(t, "extra", text(b.Labels[1].Range))
	require.Equal(t, `segment "vip" extra`, text(b.Header))
	require.Equal(t, strings.TrimSpace(src), text(b.Range))
	require.Equal(t, `when = "x"`, text(b.Attributes[0].Range))
	require.Equal(t, "when", text(b.Attributes[0].NameRange))
	require.Equal(t, "b {}", text(b.Blocks[0].Range))
}

// Blocks around a broken one are in the tree, and so is what could be read of
// the broken one.
func TestPartialTree(t *testing.T) {
	p, diags := LoadFS(fstest.MapFS{
		"a.hcl": {Data: []byte("segment \"a\" {}\nsegment \"b\" {\n  x = \n}\nsegment \"c\" {}\n")},
		"b.hcl": {Data: []byte{0xFF}},
		"c.hcl": {Data: []byte("segment \"d\" {}\n")},
	}, ".")
	require.Len(t, diags, 2)
	var labels []string
	for _, b := range p.Blocks {
		labels = append(labels, b.Labels[0].Text)
	}
	require.Equal(t, []string{"a", "b", "c", "d"}, labels)
}

func TestNilExpr(t *testing.T) {
	var e *Expr
	require.Zero(t, e.Range())
	_, ok := e.Reference()
	require.False(t, ok)
	require.Nil(t, e.References())
	_, ok = e.Object()
	require.False(t, ok)
	_, ok = e.List()
	require.False(t, ok)
	_, _, ok = e.Call()
	require.False(t, ok)
	v, diags := e.Value(Scope{})
	require.Nil(t, v)
	require.Empty(t, diags)
	text, diags := e.PlainText(Scope{})
	require.Zero(t, text.Value)
	require.Empty(t, diags)
}

func TestReferences(t *testing.T) {
	e := parseExpr(t, `{ a = variable.x, b = [local.y.z, "${variable["w"]}"], c = [for v in local.list : v.name], d = local.n[0] }`)
	var names []string
	for _, ref := range e.References() {
		names = append(names, strings.Join(ref.Parts, "."))
	}
	require.Equal(t, []string{"variable.x", "local.y.z", "variable.w", "local.list", "local.n"}, names)

	for src, want := range map[string]string{
		"message.welcome": "message.welcome", "a": "a", "a.b.c": "a.b.c", `a["b"]`: "a.b",
		`"a"`: "", "a.b[0]": "", "a()": "", "a.*.b": "", "(a.b)": "", `"${a.b}"`: "", "a + b": "", "a[b]": "",
	} {
		ref, ok := parseExpr(t, src).Reference()
		require.Equal(t, want != "", ok, src)
		if ok {
			require.Equal(t, want, strings.Join(ref.Parts, "."))
		}
	}
}

func TestStaticShapes(t *testing.T) {
	items, ok := parseExpr(t, `({ a = 1, "b c" : 2, 3 = 4 })`).Object()
	require.True(t, ok)
	require.Equal(t, []string{"a", "b c", "3"}, []string{items[0].Key, items[1].Key, items[2].Key})
	for _, src := range []string{`{ (a) = 1 }`, `{ a.b = 1 }`, `{ "${a}" = 1 }`, `{ null = 1 }`, `[]`, `{ for a in b : a => a }`} {
		_, ok = parseExpr(t, src).Object()
		require.Equal(t, src == `{ null = 1 }`, ok, src)
	}
	name, args, ok := parseExpr(t, `f(1, g())`).Call()
	require.True(t, ok)
	require.Equal(t, "f", name)
	require.Len(t, args, 2)
	_, ok = parseExpr(t, `[for a in b : a]`).List()
	require.False(t, ok)
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		nativeProject, jsonProject, "a {", "a \"", "\"", "a = <<E\n", "a { x = \"${", "{}", "[", "{\"a\": \"${f(\\\"", "\xff",
		"a {\n}\nb {\n x = 'y'\n}\n", "a {\n x = \"%{ if \n}\nb {\n x = <<-E\n  ${a\n", "a b \"c\" {\r\n}\r\n}", "a {} b {}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4096 {
			t.Skip()
		}
		fsys := fstest.MapFS{"a.hcl": {Data: src}, "b.hcl.json": {Data: src}}
		p, diags := LoadFS(fsys, ".")
		require.NotNil(t, p)
		for _, d := range diags {
			require.NotEmpty(t, d.Code)
			require.LessOrEqual(t, 0, d.Subject.Start.Byte)
			require.LessOrEqual(t, d.Subject.Start.Byte, d.Subject.End.Byte, "%v", d)
			require.LessOrEqual(t, d.Subject.End.Byte, len(src), "%v", d)
		}
		require.NoError(t, diag.WriteText(&bytes.Buffer{}, diags, p.Source, diag.TextOptions{Color: true, Width: 60}))
		require.NoError(t, diag.WriteJSON(&bytes.Buffer{}, diags, p.Source))
		useAll(p.Blocks)
		if out, bad := Format(src, "a.hcl"); !bad.HasErrors() {
			again, bad := Format(out, "a.hcl")
			require.Empty(t, bad, "%q", out)
			require.Equal(t, string(out), string(again))
		}
	})
}

// useAll calls every method of every expression.
func useAll(blocks []*Block) {
	for _, b := range blocks {
		for _, a := range b.Attributes {
			useExpr(a.Expr)
		}
		useAll(b.Blocks)
	}
}

func useExpr(e *Expr) {
	e.Reference()
	e.References()
	e.Type(resolveEvent)
	e.Value(testScope)
	for _, read := range []func(Scope) (Text, diag.List){e.Text, e.PlainText} {
		text, _ := read(testScope)
		text.Range(0, len(text.Value))
	}
	items, _ := e.Object()
	for _, it := range items {
		useExpr(it.Value)
	}
	elems, _ := e.List()
	_, args, _ := e.Call()
	for _, elem := range append(elems, args...) {
		useExpr(elem)
	}
}
