package lint_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/lint"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

var update = flag.Bool("update", false, "write the golden parts of testdata anew")

func run(t *testing.T, files fstest.MapFS) (diag.List, string) {
	t.Helper()
	tree, diags := syntax.LoadFS(files, "project")
	require.Empty(t, diags)
	rev, diags := compile.Compile(tree, compile.Options{Complete: true, Ahead: true, Providers: map[string]*schema.Block{"builtin/mailbox": {Name: "provider"}}})
	var text bytes.Buffer
	diag.WriteText(&text, diags, tree.Source, diag.TextOptions{Width: 100})
	require.NotNil(t, rev, text.String())
	found, err := lint.Run(rev, tree)
	require.NoError(t, err)
	text.Reset()
	diag.WriteText(&text, found, tree.Source, diag.TextOptions{Width: 100})
	return found, text.String()
}

// TestGolden lints the files of each archive and compares what is found with its
// file `want`.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, archives)
	met := map[string]bool{}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			files := fstest.MapFS{}
			want := -1
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			found, got := run(t, files)
			for _, d := range found {
				met[d.Code] = true
				require.Equal(t, diag.Warning, d.Severity)
				require.False(t, d.Subject.IsZero(), "%s has no place", d.Detail)
				require.NotEmpty(t, d.Fix)
			}
			if *update {
				if want < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					want = len(archive.Files) - 1
				}
				archive.Files[want].Data = []byte(got)
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
				return
			}
			require.GreaterOrEqual(t, want, 0, "the archive has no file `want`: run with -update and read it")
			require.Equal(t, string(archive.Files[want].Data), got)
		})
	}
	for _, c := range lint.Codes() {
		require.True(t, met[c.Name], "no archive meets %s", c.Name)
	}
}

func TestCodesAreDocumented(t *testing.T) {
	var names []string
	for _, c := range lint.Codes() {
		require.NotEmpty(t, c.Summary, c.Name)
		require.True(t, strings.HasSuffix(c.Doc, "."), c.Name)
		names = append(names, c.Name)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names))
}

// The examples of the reference are as they should be.
func TestExamplesAreSound(t *testing.T) {
	for _, b := range schema.Root.Blocks {
		if b.Later || b.Name == "herald" || b.Name == "provider" {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			files := fstest.MapFS{"stores.csv": {Data: []byte("id,name\nmitte,Mitte\n")}}
			for name, text := range b.ExampleFiles() {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			found, text := run(t, files)
			found = slices.DeleteFunc(found, func(d diag.Diagnostic) bool { return d.Code == lint.Unread })
			require.Empty(t, found, text)
		})
	}
}

// Ten thousand segments, each of which reads another.
func BenchmarkRun10k(b *testing.B) {
	var src strings.Builder
	src.WriteString("profile {\n  attribute \"age\" { type = number }\n}\nevent \"order\" {}\nsegment \"s0\" { when = \"profile.age > 0\" }\n")
	for i := 1; i < 10_000; i++ {
		fmt.Fprintf(&src, "segment \"s%d\" { when = \"(profile.age > %d || events.order.within('%dd').any()) && !segment.s%d\" }\n", i, i%90, i%365+1, i/2)
	}
	tree, diags := syntax.LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src.String())}}, ".")
	require.Empty(b, diags)
	rev, diags := compile.Compile(tree, compile.Options{Complete: true})
	require.Empty(b, diags)
	for b.Loop() {
		_, err := lint.Run(rev, tree)
		require.NoError(b, err)
	}
}
