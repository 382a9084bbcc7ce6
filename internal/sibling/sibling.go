// Package sibling runs herald-temporal, the program with the embedded Temporal
// server and its Web UI, beside the process that needs it: `herald dev`, `herald
// demo` and tests.
//
// What enters: where the data lives, where to listen, which search attributes
// there must be. What leaves: a Server with the address to dial, of a program
// that has said it is ready; its log in DataDir/temporal.log.
//
// Start finds the program, in this order: the file that HERALD_TEMPORAL_BIN
// names; one beside the running executable; one on PATH; one that an earlier
// Start built and cached; and else, in a source checkout of herald, it builds one
// there and then, which takes minutes, once for each state of the program's
// sources. The cache is herald/temporal in the user's cache directory.
//
// The program lives as long as its parent and no longer. It watches a pipe that
// the parent holds, which the kernel closes whatever ends the parent, kill -9
// included. Stop closes it too. Ctrl-C in a terminal does not reach the program:
// the parent gets to finish its own work first.
//
// What is refused: to guess. A HERALD_TEMPORAL_BIN that cannot be run is an
// error, not a reason to look further; so is a server that ends, or is not ready
// when the context ends, and then the error shows the last lines of its log.
package sibling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// stopGrace is how long the program may take to end by itself. It promises
	// three seconds.
	stopGrace = 4 * time.Second
	// logName is the log's name within DataDir.
	logName = "temporal.log"
)

// Options says what server to run. The zero value is a server in memory on a free
// port, without UI.
type Options struct {
	// DataDir holds the server's database and log; it is created if missing.
	// Empty: everything is in memory, and the log is gone with the server.
	DataDir string
	// Addr is where to serve gRPC, on loopback; empty or port 0 takes a free port.
	Addr string
	// UIAddr is where to serve the Web UI; port 0 takes a free port, empty means
	// no UI.
	UIAddr string
	// Namespace is created if missing; empty means "default".
	Namespace string
	// SearchAttributes maps names to types (Keyword, KeywordList, Int, Double,
	// Bool, Datetime, Text); those missing are registered before Start returns.
	SearchAttributes map[string]string
	// LogLevel is what the server logs at least: debug, info, warn, error; empty
	// means warn.
	LogLevel string
	// Log is told of starts and ends; nil means no one is.
	Log *slog.Logger
	// Progress is shown what takes long, in words for people: a build. A terminal
	// also sees the time pass. Nil means no one is.
	Progress io.Writer
}

// args is the command line that says the same as o.
func (o Options) args() []string {
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	args := []string{"-exit-on-stdin-eof", "-data", o.DataDir, "-addr", addr, "-ui-addr", o.UIAddr}
	if o.Namespace != "" {
		args = append(args, "-namespace", o.Namespace)
	}
	if o.LogLevel != "" {
		args = append(args, "-log-level", o.LogLevel)
	}
	var attributes []string
	for name, kind := range o.SearchAttributes {
		attributes = append(attributes, name+"="+kind)
	}
	slices.Sort(attributes)
	for _, a := range attributes {
		args = append(args, "-search-attribute", a)
	}
	return args
}

// Server is a herald-temporal that was ready when Start returned it.
type Server struct {
	// Address is what a Temporal client dials, HOST:PORT.
	Address string
	// UI is the URL of the Web UI; empty if there is none.
	UI string
	// PID is the process id of the program.
	PID int
	// Version is that of the Temporal server.
	Version string

	log   *slog.Logger
	proc  *process
	stop  sync.Once
	done  chan struct{}
	cause error // how it ended; to be read after done
}

// Start finds or builds the program, runs it and waits until it is ready. ctx
// bounds all that; the server that is returned lives until Stop, or until this
// process ends.
func Start(ctx context.Context, opts Options) (*Server, error) {
	log := opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}

	program, err := hostFinder(opts.Progress).find(ctx)
	if err != nil {
		return nil, err
	}
	log.Debug("starting the Temporal server", "program", program, "data", opts.DataDir)
	began := time.Now()

	logFile, err := openLog(opts.DataDir)
	if err != nil {
		return nil, fmt.Errorf("log of the Temporal server: %w", err)
	}
	proc, err := launch(program, opts.args(), logFile)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("run %s: %w", program, err), logFile.close())
	}
	ready, err := proc.ready(ctx)
	if err != nil {
		proc.end()
		return nil, errors.Join(fmt.Errorf("%s is not ready: %w%s", program, err, logFile.tail()), logFile.close())
	}

	s := &Server{
		Address: ready.Address,
		UI:      ready.UI,
		PID:     proc.cmd.Process.Pid,
		Version: ready.Version,
		log:     log,
		proc:    proc,
		done:    make(chan struct{}),
	}
	log.Info("the Temporal server is ready", "address", s.Address, "ui", s.UI, "pid", s.PID,
		"version", s.Version, "took", time.Since(began).Round(time.Millisecond))
	go s.watch(program, logFile)
	return s, nil
}

// watch waits for the end of the program.
func (s *Server) watch(program string, logFile *logFile) {
	<-s.proc.exited
	if s.proc.ended.Load() {
		s.log.Info("the Temporal server has stopped", "pid", s.PID)
	} else {
		s.cause = fmt.Errorf("%s (process %d) ended by itself: %s%s", program, s.PID, s.proc.state(), logFile.tail())
		s.log.Error("the Temporal server ended by itself", "pid", s.PID, "state", s.proc.state())
	}
	_ = logFile.close()
	close(s.done)
}

// Stop ends the server and returns when it has ended. What it keeps on disk is
// safe however it ends.
func (s *Server) Stop() {
	s.stop.Do(s.proc.end)
	<-s.done
}

// Done returns a channel that is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err waits for the end of the server and says how it ended: nil if Stop ended
// it, otherwise an error with the last lines of its log.
func (s *Server) Err() error {
	<-s.done
	return s.cause
}

// exeName is the program's file name on this system.
func exeName() string {
	if filepath.Separator == '\\' {
		return "herald-temporal.exe"
	}
	return "herald-temporal"
}

// runnable says whether path is a file that can be executed, and if not, why.
func runnable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a directory", path)
	}
	_, err = exec.LookPath(path)
	return err
}
