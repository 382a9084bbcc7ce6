package sibling

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// With the variable fakeEnv the test binary is not the tests but a program as
// they need it: herald-temporal, behaving as the value says, or a parent of one.
const fakeEnv = "HERALD_SIBLING_TEST_FAKE"

func TestMain(m *testing.M) {
	switch behaviour := os.Getenv(fakeEnv); behaviour {
	case "":
		os.Exit(m.Run())
	case "parent":
		beParent()
	default:
		os.Exit(beTemporal(behaviour))
	}
}

// beParent starts a server, tells its address and waits to be killed.
func beParent() {
	_ = os.Setenv(fakeEnv, "well")
	s, err := Start(context.Background(), Options{DataDir: os.Args[1]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.Address)
	select {}
}

// beTemporal is a fake herald-temporal.
func beTemporal(behaviour string) int {
	if behaviour == "fails" {
		for i := range 30 {
			fmt.Fprintf(os.Stderr, "line %d\n", i)
		}
		fmt.Fprintln(os.Stderr, "herald-temporal: -addr: 127.0.0.1:7233 is in use")
		return 3
	}
	if behaviour != "hangs" {
		fmt.Fprintln(os.Stderr, "arguments:", strings.Join(os.Args[1:], " "))
		fmt.Println("a line that is no announcement")
		_ = json.NewEncoder(os.Stdout).Encode(announcement{Address: "127.0.0.1:1", UI: "http://127.0.0.1:2", Version: "9.9"})
		fmt.Println("a line that comes later")
	}
	if behaviour == "crashes" {
		fmt.Fprintln(os.Stderr, "panic: out of luck")
		return 2
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	if behaviour == "lingers" {
		time.Sleep(time.Minute)
	}
	fmt.Fprintln(os.Stderr, "ended well")
	return 0
}

// fake makes Start find a fake herald-temporal.
func fake(t *testing.T, behaviour string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv(binEnv, self)
	t.Setenv(fakeEnv, behaviour)
}

func readLog(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, logName))
	require.NoError(t, err)
	return string(content)
}

func TestStart(t *testing.T) {
	fake(t, "well")
	dir := filepath.Join(t.TempDir(), "data")
	var logged bytes.Buffer
	s, err := Start(t.Context(), Options{
		DataDir:          dir,
		UIAddr:           "127.0.0.1:0",
		Namespace:        "campaigns",
		SearchAttributes: map[string]string{"HeraldStep": "KeywordList", "HeraldJourney": "Keyword"},
		LogLevel:         "info",
		Log:              slog.New(slog.NewTextHandler(&logged, nil)),
	})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", s.Address)
	require.Equal(t, "http://127.0.0.1:2", s.UI)
	require.Equal(t, "9.9", s.Version)
	require.Positive(t, s.PID)
	select {
	case <-s.Done():
		require.Fail(t, "ended already")
	default:
	}

	s.Stop()
	s.Stop() // once more does nothing
	<-s.Done()
	require.NoError(t, s.Err())

	content := readLog(t, dir)
	require.Contains(t, content, "arguments: -exit-on-stdin-eof -data "+dir+
		" -addr 127.0.0.1:0 -ui-addr 127.0.0.1:0 -namespace campaigns -log-level info"+
		" -search-attribute HeraldJourney=Keyword -search-attribute HeraldStep=KeywordList\n")
	require.Contains(t, content, "a line that is no announcement\n")
	require.Contains(t, content, "a line that comes later\n")
	require.Contains(t, content, "ended well\n")
	require.Contains(t, logged.String(), "the Temporal server is ready")
	require.Contains(t, logged.String(), "the Temporal server has stopped")
}

func TestStartInMemory(t *testing.T) {
	fake(t, "well")
	t.Setenv("TMPDIR", t.TempDir())
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	s.Stop()
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left, "the log is gone with the server")
}

func TestStartFails(t *testing.T) {
	fake(t, "fails")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, logName), []byte("an earlier run\n"), 0o600))
	_, err := Start(t.Context(), Options{DataDir: dir})
	require.ErrorContains(t, err, "is not ready: it ended: exit status 3\nIts log, "+filepath.Join(dir, logName)+", ends with:\n  line 11\n")
	require.ErrorContains(t, err, "\n  herald-temporal: -addr: 127.0.0.1:7233 is in use")
	require.NotContains(t, err.Error(), "line 10\n")
	require.Contains(t, readLog(t, dir), "an earlier run\nline 0\n")
}

func TestStartIsGivenUp(t *testing.T) {
	fake(t, "hangs")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, Options{})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "given up while it started")
	require.ErrorContains(t, err, "ended well") // told to end, it did
}

func TestServerCrashes(t *testing.T) {
	fake(t, "crashes")
	dir := t.TempDir()
	s, err := Start(t.Context(), Options{DataDir: dir})
	require.NoError(t, err)
	<-s.Done()
	require.ErrorContains(t, s.Err(), "ended by itself: exit status 2\nIts log, ")
	require.ErrorContains(t, s.Err(), "panic: out of luck")
	s.Stop() // does nothing
	require.Error(t, s.Err())
}

func TestStopKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as Stop has patience")
	}
	fake(t, "lingers")
	s, err := Start(t.Context(), Options{})
	require.NoError(t, err)
	began := time.Now()
	s.Stop()
	require.Less(t, time.Since(began), stopGrace+2*time.Second)
	require.NoError(t, s.Err())
}

// parentOf starts a process that starts a server, and returns the process and the
// server's address.
func parentOf(t *testing.T, dataDir string) (parent *exec.Cmd, address string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	parent = exec.Command(self, dataDir)
	parent.Env = append(os.Environ(), fakeEnv+"=parent")
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill() })
	address, err = bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return parent, strings.TrimSpace(address)
}

func TestParentIsKilled(t *testing.T) {
	fake(t, "well")
	dir := t.TempDir()
	parent, _ := parentOf(t, dir)
	// Killed while the fake still writes to it, the fake would die of SIGPIPE, unheard.
	require.Eventually(t, func() bool { return strings.Contains(readLog(t, dir), "a line that comes later\n") },
		5*time.Second, time.Millisecond)
	require.NotContains(t, readLog(t, dir), "ended well")
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return strings.Contains(readLog(t, dir), "ended well\n") },
		5*time.Second, 10*time.Millisecond)
}

func TestLogIsPutAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, logName)
	require.NoError(t, os.WriteFile(path, make([]byte, logLimit+1), 0o600))
	log, err := openLog(dir)
	require.NoError(t, err)
	require.Equal(t, "\nIt logged nothing.", log.tail())
	require.NoError(t, log.close())
	require.FileExists(t, path+".old")
	require.Empty(t, readLog(t, dir))
}
