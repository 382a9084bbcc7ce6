package sibling

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// write makes a file, and the directories above it.
func write(t *testing.T, path, content string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	return path
}

// writeCheckout makes something that looks like a checkout of herald.
func writeCheckout(t *testing.T) (root, program string) {
	t.Helper()
	root = t.TempDir()
	program = filepath.Join(root, "cmd", "herald-temporal")
	write(t, filepath.Join(root, "go.mod"), "// herald\nmodule github.com/herald-campaigns/herald\n\ngo 1.26\n", 0o644)
	write(t, filepath.Join(program, "go.mod"), "module github.com/herald-campaigns/herald/cmd/herald-temporal\n", 0o644)
	write(t, filepath.Join(program, "go.sum"), "", 0o644)
	write(t, filepath.Join(program, "main.go"), "package main\n", 0o644)
	return root, program
}

// fakeBuild stands in for the go command.
func fakeBuild(_ context.Context, _, out string) error {
	return os.WriteFile(out, []byte("#!/bin/sh\n"), 0o755)
}

func notOnPath(string) (string, error) { return "", exec.ErrNotFound }

func TestFind(t *testing.T) {
	bin := t.TempDir()
	named := write(t, filepath.Join(bin, "named"), "", 0o755)
	beside := write(t, filepath.Join(bin, "with", exeName()), "", 0o755)
	onPath := write(t, filepath.Join(bin, "path", exeName()), "", 0o755)
	plain := write(t, filepath.Join(bin, "plain"), "", 0o644)
	root, _ := writeCheckout(t)
	inRoot := filepath.Join(root, "dsl", "addr")
	require.NoError(t, os.MkdirAll(inRoot, 0o755))
	cache := t.TempDir()

	everything := finder{
		env:        named,
		executable: filepath.Join(bin, "with", "herald"),
		lookPath:   func(string) (string, error) { return onPath, nil },
		sources:    []string{t.TempDir(), inRoot},
		cacheDir:   cache,
		build:      fakeBuild,
		progress:   io.Discard,
	}
	for _, test := range []struct {
		name   string
		change func(*finder)
		want   string // a prefix of the path
		err    string
	}{
		{"the variable is first", func(*finder) {}, named, ""},
		{"then beside the executable", func(f *finder) { f.env = "" }, beside, ""},
		{"then PATH", func(f *finder) { f.executable = filepath.Join(bin, "herald") }, onPath, ""},
		{"then the build", func(f *finder) { f.lookPath = notOnPath }, cache, ""},
		{"nothing", func(f *finder) { f.sources = nil }, "", "herald-temporal, the program with the embedded Temporal server, was not found: HERALD_TEMPORAL_BIN is not set, there is no " + filepath.Join(bin, exeName())},
		{"the executable is unknown", func(f *finder) { f.executable = "" }, "", "there is no program beside this one"},
		{"the variable names nothing", func(f *finder) { f.env = filepath.Join(bin, "nothing") }, "", "HERALD_TEMPORAL_BIN names a program that cannot be run: stat "},
		{"the variable names a directory", func(f *finder) { f.env = bin }, "", "is a directory; correct the variable"},
		{"the variable names a plain file", func(f *finder) { f.env = plain }, "", "permission denied"},
	} {
		test.change(&everything) // each case takes away one more
		path, err := everything.find(t.Context())
		if test.err != "" {
			require.ErrorContains(t, err, test.err, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		require.True(t, strings.HasPrefix(path, test.want), "%s: %s", test.name, path)
	}
}

func TestCheckout(t *testing.T) {
	root, program := writeCheckout(t)
	for dir, want := range map[string]string{root: root, program: root, t.TempDir(): "", filepath.Join(root, "no", "such"): root} {
		got, ok := checkout(dir)
		require.Equal(t, want != "", ok, dir)
		require.Equal(t, want, got, dir)
	}
	require.NoError(t, os.Remove(filepath.Join(program, "go.mod")))
	_, ok := checkout(root)
	require.False(t, ok, "no sources of the program")
}

func TestBuildIsCached(t *testing.T) {
	_, dir := writeCheckout(t)
	var builds atomic.Int32
	var progress strings.Builder
	f := finder{
		cacheDir: filepath.Join(t.TempDir(), "herald", "temporal"),
		progress: &progress,
		build: func(ctx context.Context, from, out string) error {
			builds.Add(1)
			require.Equal(t, dir, from)
			return fakeBuild(ctx, from, out)
		},
	}
	first, err := f.built(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, runnable(first))
	require.Regexp(t, `^Building herald-temporal, .*, because it was not found.\nThis takes about .*\nBuilt in 0s.`, progress.String())
	entries, err := os.ReadDir(filepath.Dir(first))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing but the program is left")

	again, err := f.built(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.EqualValues(t, 1, builds.Load())

	// Tests are not part of the program, sources are.
	write(t, filepath.Join(dir, "main_test.go"), "package main\n", 0o644)
	again, err = f.built(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, first, again)
	write(t, filepath.Join(dir, "main.go"), "package main // changed\n", 0o644)
	changed, err := f.built(t.Context(), dir)
	require.NoError(t, err)
	require.NotEqual(t, first, changed)
	require.EqualValues(t, 2, builds.Load())

	// What has not been used for long goes with the next build.
	require.FileExists(t, first)
	old := time.Now().Add(-unusedFor - time.Hour)
	require.NoError(t, os.Chtimes(filepath.Dir(first), old, old))
	write(t, filepath.Join(dir, "main.go"), "package main // changed again\n", 0o644)
	_, err = f.built(t.Context(), dir)
	require.NoError(t, err)
	require.NoFileExists(t, first)
	require.FileExists(t, changed)
}

func TestBuildsWaitForEachOther(t *testing.T) {
	_, dir := writeCheckout(t)
	cache := t.TempDir()
	var builds atomic.Int32
	building := make(chan struct{})
	build := func(ctx context.Context, from, out string) error {
		builds.Add(1)
		close(building)
		time.Sleep(50 * time.Millisecond)
		return fakeBuild(ctx, from, out)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		_, err := finder{cacheDir: cache, build: build, progress: io.Discard}.built(t.Context(), dir)
		require.NoError(t, err)
	})
	<-building

	var progress strings.Builder
	second := finder{cacheDir: cache, build: build, progress: &progress}
	hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := second.built(hurried, dir)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	_, err = second.built(t.Context(), dir)
	require.NoError(t, err)
	require.Contains(t, progress.String(), "Waiting for another process that is building herald-temporal.\n")
	wait.Wait()
	require.EqualValues(t, 1, builds.Load())
}

func TestBuildFails(t *testing.T) {
	_, dir := writeCheckout(t)
	var progress strings.Builder
	f := finder{cacheDir: t.TempDir(), progress: &progress, build: func(context.Context, string, string) error {
		return errors.New("no space left on device")
	}}
	_, err := f.built(t.Context(), dir)
	require.EqualError(t, err, "no space left on device")
	require.Contains(t, progress.String(), "The build failed after 0s.\n")

	f.cacheDir = ""
	_, err = f.built(t.Context(), dir)
	require.ErrorContains(t, err, "there is no cache directory to keep it in: set HOME")
}

func TestGoBuild(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.org/x\n", 0o644)
	write(t, filepath.Join(dir, "main.go"), "package main\n\nfunc main() { undefined() }\n", 0o644)
	err := goBuild(t.Context(), dir, filepath.Join(dir, "x"))
	require.ErrorContains(t, err, "build herald-temporal: exit status 1; `")
	require.ErrorContains(t, err, "undefined: undefined")

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, goBuild(cancelled, dir, filepath.Join(dir, "x")), context.Canceled)

	t.Setenv("PATH", "")
	require.ErrorContains(t, goBuild(t.Context(), dir, filepath.Join(dir, "x")), "there is no go command: install Go")
}
