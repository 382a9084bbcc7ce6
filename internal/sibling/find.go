package sibling

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	// binEnv names the environment variable with the program's path.
	binEnv = "HERALD_TEMPORAL_BIN"
	// rootModule is the module of herald; its root has the program's sources.
	rootModule = "github.com/herald-campaigns/herald"
	// programDir is where, within the root, those sources are.
	programDir = "cmd/herald-temporal"
)

// finder looks for the program. Its fields are what the search depends on.
type finder struct {
	env        string                       // value of HERALD_TEMPORAL_BIN
	executable string                       // the running program; empty: unknown
	lookPath   func(string) (string, error) // search on PATH
	sources    []string                     // directories that may be within a checkout
	cacheDir   string                       // where builds are kept; empty: nowhere
	build      func(ctx context.Context, dir, out string) error
	progress   io.Writer
}

// hostFinder looks on this machine, on behalf of this process.
func hostFinder(progress io.Writer) finder {
	f := finder{
		env:      os.Getenv(binEnv),
		lookPath: exec.LookPath,
		build:    goBuild,
		progress: progress,
	}
	if executable, err := os.Executable(); err == nil {
		f.executable = executable
	}
	if cwd, err := os.Getwd(); err == nil {
		f.sources = append(f.sources, cwd)
	}
	// Absolute unless this was compiled with -trimpath.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		f.sources = append(f.sources, filepath.Dir(file))
	}
	if cache, err := os.UserCacheDir(); err == nil {
		f.cacheDir = filepath.Join(cache, "herald", "temporal")
	}
	return f
}

// find returns the path of a program that can be run, which it builds as the last
// resort.
func (f finder) find(ctx context.Context) (string, error) {
	if f.env != "" {
		if err := runnable(f.env); err != nil {
			return "", fmt.Errorf("%s names a program that cannot be run: %w; correct the variable, or unset it to have the program found", binEnv, err)
		}
		return f.env, nil
	}
	beside := ""
	if f.executable != "" {
		beside = filepath.Join(filepath.Dir(f.executable), exeName())
		if runnable(beside) == nil {
			return beside, nil
		}
	}
	if path, err := f.lookPath(exeName()); err == nil {
		return path, nil
	}
	for _, dir := range f.sources {
		if root, ok := checkout(dir); ok {
			return f.built(ctx, filepath.Join(root, filepath.FromSlash(programDir)))
		}
	}
	return "", fmt.Errorf("herald-temporal, the program with the embedded Temporal server, was not found: %s is not set, there is no %s, none is on PATH, and no source checkout of herald to build it from is at or above %s; put the program beside herald or on PATH, set %s to its path, or use a Temporal server of your own",
		binEnv, orUnknown(beside, "program beside this one"), orUnknown(strings.Join(f.sources, " or "), "the working directory"), binEnv)
}

// orUnknown returns s, or what to say when it is empty.
func orUnknown(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// checkout returns the root of the checkout of herald that dir is in.
func checkout(dir string) (root string, ok bool) {
	for {
		if modulePath(filepath.Join(dir, "go.mod")) == rootModule {
			program := filepath.Join(dir, filepath.FromSlash(programDir), "go.mod")
			return dir, modulePath(program) == rootModule+"/"+programDir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

// modulePath returns the module that a go.mod declares, or "" if there is none.
func modulePath(gomod string) string {
	file, err := os.Open(gomod)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "module "); ok {
			return strings.TrimSpace(path)
		}
	}
	return ""
}
