package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
	"github.com/herald-campaigns/herald/internal/crumb"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"herald": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			code := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
			stop()
			os.Exit(code)
		},
	})
}

// TestScripts runs testdata/scripts: the real command line, as users see it.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts("../../testdata/scripts", nil))
}

// TestScriptsOnPostgres runs testdata/postgres: what differs when a database is the
// store. $DATABASE is the URL of an empty one.
func TestScriptsOnPostgres(t *testing.T) {
	cluster, err := pgtest.Start()
	if errors.Is(err, pgtest.ErrNone) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(cluster.Stop)
	t.Run("scripts", func(t *testing.T) {
		testscript.Run(t, scripts("../../testdata/postgres", func(e *testscript.Env) { e.Setenv("DATABASE", cluster.URL()) }))
	})
}

// scripts are the parameters of the scripts in a folder; their commands beyond
// testscript's own stand in Cmds.
func scripts(dir string, more func(*testscript.Env)) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		UpdateScripts:       os.Getenv("HERALD_UPDATE") != "",
		RequireExplicitExec: true,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "server": // scripts that start the embedded Temporal
				return !testing.Short(), nil
			case "chromium":
				_, err := exec.LookPath("chromium")
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(e *testscript.Env) error {
			cache, err := os.UserCacheDir() // where the embedded Temporal is kept
			if err != nil {
				return err
			}
			module, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			e.Setenv("XDG_CACHE_HOME", cache)
			e.Setenv("HERALD_SOURCE", module)
			e.Setenv("EXAMPLES", filepath.Join(module, "examples"))
			e.Setenv("NO_COLOR", "1")
			e.Setenv("USER", "ada")
			if more != nil {
				more(e)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"eventually":   eventually,
			"get":          get,
			"crumb":        makeTown,
			"edit":         edit,
			"wait-running": waitRunning,
			"track":        track,
			"mail":         showMail,
			"unsubscribe":  unsubscribe,
		},
	}
}

// eventually repeats a herald command until its output matches:
//
//	eventually 'pattern' report .
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually pattern herald-arguments…")
	}
	pattern := regexp.MustCompile(args[0])
	out := ""
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		_ = ts.Exec("herald", args[1:]...)
		if out = ts.ReadFile("stdout") + ts.ReadFile("stderr"); pattern.MatchString(out) {
			return
		}
	}
	ts.Fatalf("%q did not appear; last:\n%s", args[0], out)
}

// get fetches a page of a running herald: the address comes from running.json.
//
//	get FOLDER PATH [FILE]
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: get folder path [file]")
	}
	r, ok := findRunning(filepath.Join(ts.MkAbs(args[0]), ".herald"))
	if !ok {
		ts.Fatalf("nothing runs in %s", args[0])
	}
	resp, err := http.Get("http://" + r.HTTP + args[1])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if failed := resp.StatusCode >= 400; failed != neg {
		ts.Fatalf("%s: %s\n%s", args[1], resp.Status, body)
	}
	if len(args) > 2 {
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), body, 0o644))
	}
	fmt.Fprintf(ts.Stdout(), "%s", body)
}

// crumb writes customers.csv and events.csv of so many people of The Daily Crumb:
//
//	crumb 200
func makeTown(ts *testscript.TestScript, _ bool, args []string) {
	people := 0
	if _, err := fmt.Sscan(strings.Join(args, " "), &people); err != nil {
		ts.Fatalf("usage: crumb people")
	}
	town := crumb.Make(crumb.Options{Seed: 1, People: people})
	for name, write := range map[string]func(io.Writer) error{"customers.csv": town.WritePeople, "events.csv": town.WriteEvents} {
		f, err := os.Create(ts.MkAbs(name))
		ts.Check(err)
		ts.Check(write(f))
		ts.Check(f.Close())
	}
}

// edit replaces a text in a file, which must be there:
//
//	edit file 'old' 'new'
func edit(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: edit file old new")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o644))
}

func TestEveryCommandExplainsItself(t *testing.T) {
	for _, cmd := range commands() {
		var out, errs strings.Builder
		code := run(t.Context(), []string{"help", cmd.name}, stdio{strings.NewReader(""), &out, &errs})
		require.Equal(t, exitOK, code, cmd.name)
		require.Contains(t, errs.String(), cmd.about)
	}
}
