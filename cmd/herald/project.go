package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
	"github.com/herald-campaigns/herald/internal/version"
	"github.com/herald-campaigns/herald/providers/all"
)

// call is one command line at work.
type call struct {
	stdio
	flags    *flag.FlagSet
	args     []string
	dir      string          // the project's folder
	tree     *syntax.Project // its files, once they have been read
	reads    *readFiles      // of those, what compiling read
	rest     []string        // arguments before it
	data     string          // -data
	database string          // -database
	env      string          // -env
	vars     listFlag        // -var
	files    listFlag        // -var-file
	json     bool
	noColor  bool
	now      string
}

// listFlag is a flag that may be given more than once.
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ", ") }
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }

// projectFlags registers what every command that compiles a project takes.
func (c *call) projectFlags() {
	c.flags.StringVar(&c.env, "env", os.Getenv("HERALD_ENV"), "the `environment` to use; left out, mail stays in the mailbox")
	c.variableFlags()
	c.flags.BoolVar(&c.json, "json", false, "print JSON for programs")
	c.flags.BoolVar(&c.noColor, "no-color", false, "print without colours")
}

// variableFlags registers where values of variables come from. Commands that run
// what is live need those of the sensitive ones alone.
func (c *call) variableFlags() {
	c.flags.Var(&c.vars, "var", "give a variable a value: `name=value`; may be repeated")
	c.flags.Var(&c.files, "var-file", "read values of variables from a `file` (.hcl, .json); may be repeated")
}

// storeFlags registers what every command that opens the store takes.
func (c *call) storeFlags() {
	c.flags.StringVar(&c.data, "data", os.Getenv("HERALD_DATA"), "the `folder` of the store; left out, .herald in the project's folder")
	c.flags.StringVar(&c.database, "database", "", "the `URL` of a PostgreSQL database that is the store; left out, HERALD_DATABASE, then what the project says")
}

// nowFlag registers -now.
func (c *call) nowFlag() {
	c.flags.StringVar(&c.now, "now", "", "evaluate people at this `instant` (RFC 3339) instead of now")
}

// parse reads flags and then `before` arguments and the optional folder.
func (c *call) parse(before ...string) error {
	if err := c.flags.Parse(c.args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	args := c.flags.Args()
	if len(args) < len(before) {
		return fmt.Errorf("%s is missing: see `herald help %s`", before[len(args)], c.flags.Name())
	}
	c.rest, args = args[:len(before)], args[len(before):]
	c.dir = "."
	switch {
	case len(args) == 1:
		c.dir = args[0]
	case len(args) > 1:
		return fmt.Errorf("%q is one argument too many: flags come before the folder. See `herald help %s`", args[1], c.flags.Name())
	}
	return nil
}

// instant is the -now flag, or the present of the campaigns: a running demo has
// a clock of its own.
func (c *call) instant() (time.Time, error) {
	if c.now == "" {
		if r, ok := findRunning(c.dataDir()); ok {
			return r.Clock.Now(), nil
		}
		return time.Now().UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, c.now)
	if err != nil {
		return t, fmt.Errorf("-now %q is not an instant: write it as 2026-12-01T08:00:00Z", c.now)
	}
	return t.UTC(), nil
}

func (c *call) dataDir() string {
	if c.data != "" {
		return c.data
	}
	return filepath.Join(c.dir, ".herald")
}

// openStore opens the project's store: a database, where one is named, else the
// embedded one.
func (c *call) openStore(ctx context.Context) (store.Store, error) {
	url, err := c.databaseURL()
	if err != nil {
		return nil, err
	}
	if url != "" {
		return postgres.Open(ctx, url, postgres.Options{})
	}
	return sqlite.Open(ctx, c.dataDir(), sqlite.Options{})
}

// existingStore is openStore for commands that only look: they make none.
func (c *call) existingStore(ctx context.Context) (store.Store, error) {
	url, err := c.databaseURL()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(c.dataDir(), sqlite.FileName)); url == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no store in %s: `herald apply` and `herald import` make one; -data and -database name another", c.dataDir())
	}
	return c.openStore(ctx)
}

// databaseURL is the address of the database: of the flag or the environment, else
// of the project's store block, if its files are here; "" for the embedded store.
func (c *call) databaseURL() (string, error) {
	if url := cmp.Or(c.database, os.Getenv("HERALD_DATABASE")); url != "" {
		return url, nil
	}
	tree := c.tree
	if tree == nil {
		tree, _ = syntax.Load(c.dir) // what is wrong with other blocks is no matter here
	}
	values, err := c.variables()
	if err != nil {
		return "", err
	}
	kept, diags := compile.Store(tree, compile.Options{Environment: c.env, Variables: values, Env: os.LookupEnv})
	if kept.Kind != campaign.StorePostgres {
		return "", nil
	}
	if diags.HasErrors() {
		c.showDiags(diags, tree.Source)
		return "", exitCode(exitError)
	}
	url, err := c.secrets()(kept.URL)
	if err != nil {
		return "", fmt.Errorf("the address of the store's database: %w", err)
	}
	return url, nil
}

// compiled is a project that was read and checked.
type compiled struct {
	tree     *syntax.Project
	revision *campaign.Revision // nil: there are errors
	tests    []campaign.Test
	diags    diag.List
	values   map[string]compile.Given
}

// compile reads and checks the project's folder. Complete wants a value for
// every variable.
func (c *call) compile(complete bool) (*compiled, error) {
	info, err := os.Stat(c.dir)
	if err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: name the project's folder, or change into it", c.dir)
	}
	out := &compiled{}
	out.tree, out.diags = syntax.Load(c.dir)
	c.tree = out.tree
	c.reads = &readFiles{FS: out.tree.FS, seen: map[string]bool{}}
	out.tree.FS = c.reads
	if out.diags.HasErrors() {
		return out, nil
	}
	if out.values, err = c.variables(); err != nil {
		return nil, err
	}
	name, _ := filepath.Abs(c.dir)
	var more diag.List
	out.revision, out.tests, more = compile.WithTests(out.tree, compile.Options{
		Name: filepath.Base(name), Version: version.Version, Environment: c.env, Variables: out.values,
		Complete: complete, Env: os.LookupEnv, Providers: providerSchemas(),
	})
	out.diags = append(out.diags, more...)
	return out, nil
}

func providerSchemas() map[string]*schema.Block {
	out := map[string]*schema.Block{}
	for _, k := range all.Kinds() {
		out[k.Source] = k.Schema
	}
	return out
}

// variables gathers values: the environment, then files, then -var.
func (c *call) variables() (map[string]compile.Given, error) {
	out := map[string]compile.Given{}
	for _, kv := range os.Environ() {
		key, value, _ := strings.Cut(kv, "=")
		if name, ok := strings.CutPrefix(key, "HERALD_VAR_"); ok && name != "" {
			out[name] = compile.Given{Text: value, From: key}
		}
	}
	for _, file := range c.files {
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-var-file: %w", err)
		}
		values, diags := syntax.Values(src, file)
		if diags.HasErrors() {
			c.showDiags(diags, func(string) []byte { return src })
			return nil, exitCode(exitError)
		}
		for name, text := range values {
			out[name] = compile.Given{Text: text, From: file}
		}
	}
	for _, kv := range c.vars {
		name, value, ok := strings.Cut(kv, "=")
		if !ok {
			return nil, fmt.Errorf("-var %q: write name=value", kv)
		}
		out[name] = compile.Given{Text: value, From: "-var"}
	}
	return out, nil
}

// revision compiles for a command that goes on only when there are no errors.
func (c *call) revision() (*compiled, error) {
	out, err := c.compile(true)
	if err != nil {
		return nil, err
	}
	if len(out.diags) > 0 {
		if c.json && out.revision == nil {
			if err := diag.WriteJSON(c.out, out.diags, out.tree.Source); err != nil {
				return nil, err
			}
		} else {
			c.showDiags(out.diags, out.tree.Source)
		}
	}
	if out.revision == nil {
		return nil, exitCode(exitError)
	}
	return out, nil
}

func (c *call) showDiags(l diag.List, src func(string) []byte) {
	diag.WriteText(c.err, l, src, diag.TextOptions{Color: c.color(c.err), Width: width(c.err)})
}

// color reports whether w is a terminal that wants colours.
func (c *call) color(w io.Writer) bool {
	return !c.noColor && os.Getenv("NO_COLOR") == "" && isTerminal(w)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if cols, _, err := term.GetSize(int(f.Fd())); err == nil && cols > 20 {
			return min(cols, 120)
		}
	}
	return 100
}

// confirm asks a question that only "yes" answers.
func (c *call) confirm(question string) (bool, error) {
	fmt.Fprintf(c.out, "%s Only \"yes\" goes on: ", question)
	line, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil && line == "" {
		fmt.Fprintln(c.out)
		return false, errors.New("nobody answered: use -auto-approve where nobody can")
	}
	return strings.TrimSpace(line) == "yes", nil
}

// commit is the HEAD of the repository that holds the project; "" outside one.
func (c *call) commit(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "-C", c.dir, "rev-parse", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// who is the person or machine at work, for the audit log.
func who() string {
	for _, name := range []string{"HERALD_WHO", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"} {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
