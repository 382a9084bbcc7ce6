package compile_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

var update = flag.Bool("update", false, "write the golden parts of testdata anew")

// TestGolden compiles the files of each archive. Its file `want` holds the
// diagnostics as an author reads them, or the resources in their order. Lines of
// the comment above the files say how to compile: see golden.
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, archives)
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			g := readGolden(t, archive)
			got := outcome(compileWith(g.files, g.opts))
			if *update {
				if g.want < 0 {
					archive.Files = append(archive.Files, txtar.File{Name: "want"})
					g.want = len(archive.Files) - 1
				}
				archive.Files[g.want].Data = []byte(got)
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
				return
			}
			require.GreaterOrEqual(t, g.want, 0, "the archive has no file `want`: run with -update and read it")
			require.Equal(t, string(archive.Files[g.want].Data), got)
		})
	}
}

// golden is what an archive asks for. A line of its comment that is one of these
// is an instruction:
//
//	base          add testdata/base.hcl, a small model
//	ahead         let through what no engine runs yet
//	complete      want values for all variables
//	env NAME      choose an environment
//	var x=1       give a variable a value
//	crlf, bom     write the files with carriage returns, with a byte order mark
type golden struct {
	files fstest.MapFS
	opts  compile.Options
	want  int // the place of the file want, or -1
}

func readGolden(t *testing.T, archive *txtar.Archive) golden {
	g := golden{files: fstest.MapFS{}, opts: compile.Options{Variables: map[string]compile.Given{}}, want: -1}
	change := func(b []byte) []byte { return b }
	for line := range strings.Lines(string(archive.Comment)) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "base":
			base, err := os.ReadFile("testdata/base.hcl")
			require.NoError(t, err)
			g.files["base.hcl"] = &fstest.MapFile{Data: base}
		case "ahead":
			g.opts.Ahead = true
		case "complete":
			g.opts.Complete = true
		case "env":
			g.opts.Environment = rest
		case "var":
			name, value, _ := strings.Cut(rest, "=")
			g.opts.Variables[name] = compile.Given{Text: value, From: "-var"}
		case "crlf":
			change = func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }
		case "bom":
			change = func(b []byte) []byte { return append([]byte("\ufeff"), b...) }
		}
	}
	for i, f := range archive.Files {
		if f.Name == "want" {
			g.want = i
			continue
		}
		g.files[f.Name] = &fstest.MapFile{Data: change(f.Data)}
	}
	return g
}

func outcome(rev *campaign.Revision, diags diag.List, tree *syntax.Project) string {
	var out bytes.Buffer
	diag.WriteText(&out, diags, tree.Source, diag.TextOptions{Width: 100})
	if rev != nil {
		for _, r := range rev.Resources {
			fmt.Fprintf(&out, "%s needs %v\n", r.Addr, r.DependsOn)
		}
	}
	return out.String()
}
