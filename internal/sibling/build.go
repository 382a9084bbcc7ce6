package sibling

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// unusedFor is how long a cached build may go unused before a later build removes
// it: each takes 150 MB.
const unusedFor = 7 * 24 * time.Hour

// buildFlags are those of the go command. Nobody debugs this program: without
// symbols it is a third smaller.
var buildFlags = []string{"-trimpath", "-ldflags", "-s -w"}

// built returns the program made of the sources in dir: the cached one if there
// is one, and otherwise one that it builds. Of several processes that want it at
// once, one builds and the others wait.
func (f finder) built(ctx context.Context, dir string) (string, error) {
	if f.cacheDir == "" {
		return "", fmt.Errorf("herald-temporal could be built from %s, but there is no cache directory to keep it in: set HOME or XDG_CACHE_HOME, or build it and set %s to its path", dir, binEnv)
	}
	key, err := fingerprint(dir)
	if err != nil {
		return "", fmt.Errorf("read the sources of herald-temporal: %w", err)
	}
	program := filepath.Join(f.cacheDir, key, exeName())
	if cached(program) {
		return program, nil
	}

	if err := os.MkdirAll(f.cacheDir, 0o755); err != nil {
		return "", fmt.Errorf("cache of herald-temporal: %w", err)
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if cached(program) { // while we waited
		return program, nil
	}

	// Without the program, all there can be is what a killed build has left.
	err = os.RemoveAll(filepath.Dir(program))
	if err == nil {
		err = os.Mkdir(filepath.Dir(program), 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("cache of herald-temporal: %w", err)
	}
	temp := fmt.Sprintf("%s.%d", program, os.Getpid())
	defer func() { _ = os.Remove(temp) }() // nothing, once renamed
	end := report(f.progress, fmt.Sprintf("Building herald-temporal, the embedded Temporal server, from %s, because it was not found.\nThis takes about 4 minutes on two cores, once for each version of its sources; it is kept in %s.",
		dir, f.cacheDir))
	err = f.build(ctx, dir, temp)
	end(err)
	if err != nil {
		return "", err
	}
	if err := os.Rename(temp, program); err != nil {
		return "", fmt.Errorf("cache of herald-temporal: %w", err)
	}
	f.prune(time.Now().Add(-unusedFor))
	return program, nil
}

// cached says whether program is there, and if so marks its directory as used.
func cached(program string) bool {
	if runnable(program) != nil {
		return false
	}
	now := time.Now()
	_ = os.Chtimes(filepath.Dir(program), now, now)
	return true
}

// prune removes cached builds that were last used before the given time. What
// cannot be removed stays.
func (f finder) prune(before time.Time) {
	entries, err := os.ReadDir(f.cacheDir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.IsDir() && info.ModTime().Before(before) {
			_ = os.RemoveAll(filepath.Join(f.cacheDir, entry.Name()))
		}
	}
}

// lock waits for the lock under which builds are made.
func (f finder) lock(ctx context.Context) (unlock func(), err error) {
	path := filepath.Join(f.cacheDir, "build.lock")
	for waited := false; ; waited = true {
		file, err := tryLock(path)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("lock %s, for building herald-temporal: %w", path, err)
		}
		if !waited {
			_, _ = fmt.Fprintln(f.progress, "Waiting for another process that is building herald-temporal.")
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another process to build herald-temporal, under the lock %s: %w", path, context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// fingerprint identifies what a build of dir would make: it covers the module's
// files, save tests, and the Go version and system that this process was built
// with, which are those it would be built with.
func fingerprint(dir string) (string, error) {
	hash := sha256.New()
	_, _ = fmt.Fprintln(hash, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildFlags)
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !ofBuild(path, entry) {
			return err
		}
		content, err := fs.ReadFile(root, path)
		_, _ = fmt.Fprintf(hash, "%s %d\n", path, len(content))
		_, _ = hash.Write(content)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)[:16]), err
}

// ofBuild says whether a file takes part in the build.
func ofBuild(path string, entry fs.DirEntry) bool {
	if entry.IsDir() {
		return false
	}
	name := entry.Name()
	return name == "go.mod" || name == "go.sum" ||
		strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// goBuild compiles the module in dir into the file out.
func goBuild(ctx context.Context, dir, out string) error {
	compiler, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("herald-temporal was not found and has to be built from %s, but there is no go command: install Go %s or later, or set %s to the path of a build",
			dir, strings.TrimPrefix(runtime.Version(), "go"), binEnv)
	}
	var output strings.Builder
	cmd := exec.CommandContext(ctx, compiler, append(append([]string{"build"}, buildFlags...), "-o", out, ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	detach(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("build herald-temporal: %w; `%s` in %s said:\n%s", err, strings.Join(cmd.Args, " "), dir, strings.TrimSpace(output.String()))
	}
	return nil
}

// report tells w what begins, lets it see time pass, and returns a function that
// tells it the end. A terminal gets one line that counts seconds; anything else
// gets a line every half minute.
func report(w io.Writer, what string) (end func(error)) {
	_, _ = fmt.Fprintln(w, what)
	var (
		began    = time.Now()
		elapsed  = func() time.Duration { return time.Since(began).Round(time.Second) }
		terminal = isTerminal(w)
		interval = 30 * time.Second
		stop     = make(chan struct{})
		stopped  = make(chan struct{})
	)
	if terminal {
		interval = time.Second
	}
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			if terminal {
				_, _ = fmt.Fprintf(w, "\rBuilding: %s ", elapsed())
			} else {
				_, _ = fmt.Fprintf(w, "Building: %s\n", elapsed())
			}
		}
	}()
	return func(err error) {
		close(stop)
		<-stopped
		start := ""
		if terminal {
			start = "\r"
		}
		if err != nil {
			_, _ = fmt.Fprintf(w, "%sThe build failed after %s.\n", start, elapsed())
			return
		}
		_, _ = fmt.Fprintf(w, "%sBuilt in %s.   \n", start, elapsed())
	}
}

// isTerminal says whether w is a character device.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
