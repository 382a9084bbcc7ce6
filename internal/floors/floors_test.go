// Package floors keeps the house standing: it states which package must not
// import which, each with its reason, and looks.
package floors

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/herald-campaigns/herald/"

// ban says that packages below `in` must not import packages below `what`,
// directly or through others.
type ban struct {
	in, what string
	why      string
}

var bans = []ban{
	{in: module + "dsl/", what: module + "engine/", why: "the language knows nothing of what runs it"},
	{in: module + "dsl/", what: "go.temporal.io/", why: "the language knows nothing of Temporal"},
	{in: module + "dsl/", what: "database/sql", why: "the language knows nothing of storage"},
	{in: module + "engine/", what: module + "workflows", why: "a floor does not look up"},
	{in: module + "engine/", what: module + "server", why: "a floor does not look up"},
	{in: module + "engine/", what: "go.temporal.io/", why: "Temporal lives in workflows alone"},
	{in: module + "engine/", what: "github.com/hashicorp/hcl/", why: "the engine reads compiled definitions, never files"},
	{in: module + "engine/", what: module + "dsl/compile", why: "the engine reads compiled definitions, never files"},
	{in: module + "engine/", what: module + "dsl/syntax", why: "the engine reads compiled definitions, never files"},
	{in: module + "engine/plan", what: module + "engine/store/sqlite", why: "a plan is pure"},
	{in: module + "engine/journey", what: module + "engine/store", why: "the interpreter is pure"},
	{in: module + "engine/journey", what: "database/sql", why: "the interpreter is pure"},
	{in: module + "engine/rehearse", what: module + "engine/store/sqlite", why: "a rehearsal has no store"},
	{in: module + "engine/audience", what: module + "engine/enrolment", why: "who is in a segment does not hang on what happens to them"},
	{in: module + "providers/", what: module + "engine/", why: "a provider hands messages over and knows no more"},
	{in: module + "providers/", what: module + "workflows", why: "a provider hands messages over and knows no more"},
	{in: module + "workflows", what: "github.com/hashicorp/hcl/", why: "workflows run compiled definitions"},
	{in: module + "server", what: "go.temporal.io/", why: "the server writes to the record; the dispatcher tells Temporal"},
	{in: module + "server", what: "github.com/hashicorp/hcl/", why: "the server reads compiled definitions"},
	{in: module + "dsl/campaign", what: "cel.dev/", why: "the model has no vendor's types"},
	{in: module + "dsl/campaign", what: "github.com/hashicorp/", why: "the model has no parser's types"},
	{in: module + "dsl/expr", what: "github.com/hashicorp/hcl/", why: "conditions know nothing of the files they stand in"},
}

// homes names the only folder that may import a library directly.
var homes = map[string]string{
	"github.com/hashicorp/hcl/":      module + "dsl/syntax",
	"github.com/zclconf/go-cty/":     module + "dsl/syntax",
	"cel.dev/":                       module + "dsl/expr",
	"go.temporal.io/":                module + "workflows",
	"modernc.org/sqlite":             module + "engine/store/sqlite",
	"github.com/teambition/rrule-go": module + "dsl/schedule",
	"github.com/fsnotify/fsnotify":   module + "cmd/herald",
	"github.com/jackc/pgx/":          module + "engine/store/postgres",
	"github.com/parquet-go/":         module + "engine/intake",
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = "../.."
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var all []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		all = append(all, p)
	}
	require.NoError(t, cmd.Wait())
	require.Greater(t, len(all), 20, "the listing must hold the house")
	return all
}

func below(path, folder string) bool {
	return path == strings.TrimSuffix(folder, "/") || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		for _, b := range bans {
			if !below(p.ImportPath, b.in) {
				continue
			}
			for _, dep := range p.Deps {
				require.False(t, below(dep, b.what), "%s imports %s: %s", p.ImportPath, dep, b.why)
			}
		}
	}
}

func TestLibrariesHaveOneHome(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		for _, dep := range p.Imports {
			for lib, home := range homes {
				if !below(dep, lib) {
					continue
				}
				seen[lib] = true
				require.True(t, below(p.ImportPath, home), "%s imports %s, whose home is %s", p.ImportPath, dep, home)
			}
		}
	}
	for lib := range homes {
		require.True(t, seen[lib], "nothing imports %s: take it off the list", lib)
	}
}
