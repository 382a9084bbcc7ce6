package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNone says that the machine has no PostgreSQL server.
var ErrNone = errors.New("there is no PostgreSQL server here: install the package postgresql, or set " + Env + " to the URL of one")

// Cluster is a throwaway server. It ends with the process at the latest.
type Cluster struct {
	bin, dir string
	settings []string
	process  *exec.Cmd
	ended    chan struct{}
}

// startTimeout bounds how long a server may take until it answers.
const startTimeout = 60 * time.Second

// throwaway are settings for data that nobody will miss.
var throwaway = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}

// Start makes a server that promises nothing about its data, or one with the
// settings given ("fsync=on").
func Start(settings ...string) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	if settings == nil {
		settings = throwaway
	}
	dir, err := os.MkdirTemp("", "herald-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, settings: settings}
	if err := c.create(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	if err := c.Run(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// programs is the folder that holds initdb and postgres: of PATH, else the newest
// of those that Debian and others use.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "postgres")); err == nil {
			return filepath.Dir(path), nil
		}
	}
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb", "/opt/homebrew/opt/postgresql@*/bin/initdb", "/usr/local/pgsql/bin/initdb"} {
		matches, _ := filepath.Glob(pattern)
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return "", ErrNone
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

func (c *Cluster) create() error {
	if err := c.own(c.dir); err != nil {
		return err
	}
	initdb := exec.Command(filepath.Join(c.bin, "initdb"), "--pgdata", c.data(), "--username", "herald", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	initdb.Dir = c.dir
	attributes, err := asServer()
	if err != nil {
		return err
	}
	initdb.SysProcAttr = attributes
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", c.dir, err, out)
	}
	return nil
}

// own gives a folder to the user that the server runs as.
func (c *Cluster) own(dir string) error {
	user, err := asServer()
	if err != nil || user == nil {
		return err
	}
	return chown(dir, user)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) log() string { return filepath.Join(c.dir, "log") }

// URL is the address of the server's database.
func (c *Cluster) URL() string {
	q := url.Values{"host": {c.dir}, "user": {"herald"}}
	return "postgres:///postgres?" + q.Encode()
}

// Run starts the server, again after Halt.
func (c *Cluster) Run() error {
	args := []string{"-D", c.data(), "-c", "listen_addresses=", "-c", "unix_socket_directories=" + c.dir, "-c", "max_connections=200",
		"-c", "log_min_messages=error", "-c", "timezone=UTC"}
	for _, s := range c.settings {
		args = append(args, "-c", s)
	}
	log, err := os.Create(c.log())
	if err != nil {
		return err
	}
	defer log.Close()
	attributes, err := asServer()
	if err != nil {
		return err
	}
	process := exec.Command(filepath.Join(c.bin, "postgres"), args...)
	process.Dir, process.SysProcAttr, process.Stdout, process.Stderr = c.dir, attributes, log, log
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the server ends when the thread that started it does
		started <- process.Start()
		_ = process.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("the PostgreSQL server of the tests does not start: %w", err)
	}
	c.process, c.ended = process, ended
	return c.await()
}

func (c *Cluster) await() error {
	for deadline := time.Now().Add(startTimeout); ; {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		conn, err := pgx.Connect(ctx, c.URL())
		if err == nil {
			err = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			said, _ := os.ReadFile(c.log())
			return fmt.Errorf("the PostgreSQL server of the tests has ended: %s", strings.TrimSpace(string(said)))
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the PostgreSQL server of the tests does not answer: %w", err)
		}
	}
}

// Halt ends the server as a crash would, and waits until it has gone. Its data
// stay.
func (c *Cluster) Halt() {
	if c.process == nil {
		return
	}
	_ = c.process.Process.Signal(syscall.SIGQUIT)
	<-c.ended
	c.process = nil
}

// Stop ends the server and removes its data.
func (c *Cluster) Stop() {
	c.Halt()
	_ = os.RemoveAll(c.dir)
}
