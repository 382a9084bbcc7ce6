// Command herald-temporal is a Temporal server and its Web UI in one process,
// for one machine. It is what `herald dev` and `herald demo` run beside
// themselves when no Temporal cluster is given.
//
// What enters: flags alone. It reads no configuration file, and the network
// only on the addresses it listens on.
//
// What leaves: gRPC on -addr, the Web UI on -ui-addr, and, once both answer and
// the namespace and every search attribute can be used, one line of JSON on
// standard output, which -ready-file gets too:
//
//	{"address":"127.0.0.1:7233","ui":"http://127.0.0.1:8233","pid":4242,"version":"1.32.1"}
//
// Its log goes to standard error. Nothing is sent anywhere: the server's version
// check, its tracing exporters and the UI's news are off.
//
// What is kept: one SQLite file in the directory that -data names, in
// write-ahead mode. A process killed at any moment loses nothing that was
// acknowledged; a machine that loses power may lose the last moments, never the
// file. Without -data everything is in memory and ends with the process.
//
// What is refused: an address other than loopback, unless -allow-remote says
// that whoever reaches the port may run anything; a data directory that another
// server holds; a database of another Temporal schema, for SQLite has no
// migrations; a search attribute that exists with another type.
//
// It ends on SIGINT, on SIGTERM and, under -exit-on-stdin-eof, when its parent
// does; within three seconds, as what it keeps never depends on a clean end. A
// second signal kills it.
//
// It is a module of its own so that herald need not carry the server, which
// makes a binary of about 150 MB and takes minutes to compile.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/herald-campaigns/herald/cmd/herald-temporal/internal/dirlock"
)

func main() {
	// Libraries that print to standard output must not disturb the line that
	// the parent waits for.
	stdout := os.Stdout
	os.Stdout = os.Stderr

	err := run(os.Args[1:], os.Stdin, stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(usageError)):
		fmt.Fprintln(os.Stderr, "herald-temporal:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "herald-temporal:", err)
		os.Exit(1)
	}
}

// run serves until it is told to end, and returns nil when that went well.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	opts, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}

	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore) // so that a second signal kills
	if opts.exitOnStdinEOF {
		ctx = untilEOF(ctx, stdin)
	}

	if opts.dataDir != "" {
		if err := os.MkdirAll(opts.dataDir, 0o700); err != nil {
			return fmt.Errorf("create the data directory: %w", err)
		}
		lock, err := dirlock.Acquire(filepath.Join(opts.dataDir, "temporal.lock"))
		if err != nil {
			return fmt.Errorf("data directory %s: %w", opts.dataDir, err)
		}
		defer lock.Release()
	}
	return serve(ctx, opts, stdout)
}

// serve starts the server and the UI, announces them, and stops them when ctx
// ends.
func serve(ctx context.Context, opts options, stdout io.Writer) error {
	unannounce(opts.readyFile) // what a killed process may have left
	srv, err := start(opts)
	if err != nil {
		return err
	}
	defer srv.stop()

	if err := srv.ready(ctx, opts); err != nil {
		if ctx.Err() != nil {
			return nil // told to end while starting
		}
		return err
	}
	if err := announce(stdout, opts.readyFile, srv.announcement()); err != nil {
		return err
	}
	defer unannounce(opts.readyFile)

	<-ctx.Done()
	return nil
}

// untilEOF returns a context that ends with ctx or when r is exhausted. A parent
// that holds the other end of the pipe need do nothing for it, not even live: the
// kernel closes the pipe of a killed process.
func untilEOF(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, r)
	}()
	return ctx
}
