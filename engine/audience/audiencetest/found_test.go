package audiencetest_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
	"github.com/herald-campaigns/herald/examples"
	"github.com/herald-campaigns/herald/providers/all"
)

const root = "../../.."

// build compiles a folder; nil for one that does not pass, of which there are many
// among test data.
func build(files fs.FS, dir string) (*campaign.Revision, diag.List) {
	if sub, err := fs.Sub(files, dir); err == nil {
		files = sub
	}
	tree, diags := syntax.LoadFS(files, dir)
	if diags.HasErrors() {
		return nil, diags
	}
	blocks := map[string]*schema.Block{}
	for _, k := range all.Kinds() {
		blocks[k.Source] = k.Schema
	}
	return compile.Compile(tree, compile.Options{Name: "found", Version: "0.1.0", Providers: blocks,
		Env: func(name string) (string, bool) { return name, true }})
}

// projects are all that the repository's examples and test data hold and that
// pass, by where they were found.
func projects(t *testing.T) map[string]*campaign.Revision {
	t.Helper()
	found := map[string]*campaign.Revision{}
	keep := func(name string, files fs.FS, dir string) {
		if revision, _ := build(files, dir); revision != nil {
			found[name] = revision
		}
	}
	entries, err := fs.ReadDir(examples.FS, ".")
	require.NoError(t, err)
	for _, e := range entries {
		revision, diags := build(examples.FS, e.Name())
		require.NotNil(t, revision, "example %s does not compile: %v", e.Name(), diags)
		found[e.Name()] = revision
	}
	base, err := os.ReadFile(root + "/dsl/compile/testdata/base.hcl")
	require.NoError(t, err)
	for _, pattern := range []string{"/testdata/scripts/*.txtar", "/dsl/compile/testdata/*.txtar"} {
		names, err := filepath.Glob(root + pattern)
		require.NoError(t, err)
		for _, name := range names {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			for dir, files := range folders(archive) {
				keep(name+":"+dir, files, dir)
				files[path.Join(dir, "base.hcl")] = &fstest.MapFile{Data: base}
				keep(name+":"+dir+" with a model", files, dir)
			}
		}
	}
	return found
}

// folders are those of an archive that hold files of the language.
func folders(archive *txtar.Archive) map[string]fstest.MapFS {
	out := map[string]fstest.MapFS{}
	for _, f := range archive.Files {
		dir, _, below := strings.Cut(f.Name, "/")
		if !below {
			dir = "."
		}
		if out[dir] == nil {
			out[dir] = fstest.MapFS{}
		}
		out[dir][f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return out
}

// conditions are those of a project that speak of a person alone. What does not
// link hangs on a variable without a value.
func conditions(p *link.Project) (out []*expr.Checked) {
	for _, label := range p.Names("segment") {
		if s, err := p.Segment(label); err == nil {
			out = append(out, s.When)
		}
	}
	for _, label := range p.Names("broadcast") {
		if b, err := p.Broadcast(label); err == nil && b.Audience != nil {
			out = append(out, b.Audience)
		}
	}
	for _, label := range p.Names("message") {
		m, err := p.Message(label)
		if err != nil {
			continue
		}
		for _, block := range m.Blocks {
			for _, c := range block.Cases {
				if c.When != nil {
					out = append(out, c.When)
				}
			}
		}
	}
	return out
}

func evaluators(p *link.Project, t *column.Table) map[string]audience.Evaluator {
	return map[string]audience.Evaluator{"vector": vectors{t, vector.Options{
		Segment: func(label string) *expr.Checked {
			if s, err := p.Segment(label); err == nil {
				return s.When
			}
			return nil
		},
		Row: p.Row,
		Subject: func(slot uint32, now time.Time) expr.Subject {
			s := t.Subject(nil)
			s.Reset(slot, now)
			return s
		},
	}}}
}

// Every condition that is written somewhere in the repository means the same to
// all evaluators.
func TestConditionsOfTheRepository(t *testing.T) {
	total, pairs := 0, 0
	for name, revision := range projects(t) {
		p, err := link.Link(revision.Resources, revision.Settings, revision.Environment)
		require.NoError(t, err, name)
		all := conditions(p)
		if len(all) == 0 {
			continue
		}
		people := audiencetest.Strangers(p, 5, 200)
		table := audiencetest.TableOf(audiencetest.PlanOf(p), people)
		n, _ := audiencetest.Differential(t, audiencetest.Trial{Schema: audience.NewSchema(p), People: people, Conditions: all,
			Now: exprtest.Now, Oracle: 30}, evaluators(p, table))
		total, pairs = total+len(all), pairs+n
	}
	t.Logf("%d conditions, %d pairs", total, pairs)
	require.Greater(t, total, 30)
}

// The example of each function of the reference, where it can be asked of the shop.
func TestExamplesOfTheReference(t *testing.T) {
	p := audiencetest.Project(t)
	var all []*expr.Checked
	for _, f := range expr.Functions() {
		for _, src := range []string{f.Example, "has(" + f.Example + ")"} {
			if c, _, err := p.Condition(src); err == nil && c != nil {
				all = append(all, c)
			}
		}
	}
	people := audiencetest.Strangers(p, 6, 100)
	table := audiencetest.TableOf(audiencetest.PlanOf(p), people)
	audiencetest.Differential(t, audiencetest.Trial{Schema: audience.NewSchema(p), People: people, Conditions: all, Now: exprtest.Now, Oracle: 20},
		evaluators(p, table))
	t.Logf("%d examples", len(all))
	require.NotEmpty(t, all)
}
