// Command herald is campaigns as code: it checks campaign files, shows what
// they would change for real people, makes them live and runs them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // journeys must not depend on what the host has installed
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// stdio is what a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// command is one verb of the program.
type command struct {
	name  string
	args  string // of the usage line
	about string // one line
	long  string // more, for `herald help NAME`
	run   func(ctx context.Context, c *call) error
}

// The exit codes.
const (
	exitOK      = 0
	exitError   = 1
	exitChanges = 2 // plan -detailed-exitcode: there are changes
)

// exitCode is an error that has been told already, or needs no telling.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// errUsage is a mistake on the command line.
var errUsage = errors.New("wrong usage")

func commands() []command {
	return []command{
		validateCommand, fmtCommand, lintCommand, testCommand, planCommand, applyCommand,
		importCommand, rejectedCommand, peopleCommand, reportCommand, segmentsCommand, explainCommand, showCommand, auditCommand,
		enrolmentsCommand, enrolmentCommand, journeyCommand,
		devCommand, demoCommand, workerCommand, serveCommand,
		snippetCommand, schemaCommand, prepareCommand, versionCommand,
	}
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, io stdio) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		return help(io, args)
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			return execute(ctx, cmd, args[1:], io)
		}
	}
	fmt.Fprintf(io.err, "herald: there is no command %q. `herald help` lists them.\n", args[0])
	return exitError
}

func execute(ctx context.Context, cmd command, args []string, io stdio) int {
	c := &call{stdio: io, flags: flag.NewFlagSet(cmd.name, flag.ContinueOnError), args: args}
	c.flags.SetOutput(io.err)
	c.flags.Usage = func() { usage(io.err, cmd, c.flags) }
	err := cmd.run(ctx, c)
	var code exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitError
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(io.err, "herald: interrupted.")
		return exitError
	}
	fmt.Fprintf(io.err, "herald: %s.\n", strings.TrimSuffix(err.Error(), "."))
	return exitError
}

func usage(w io.Writer, cmd command, flags *flag.FlagSet) {
	fmt.Fprintf(w, "herald %s %s\n\n%s\n", cmd.name, cmd.args, cmd.about)
	if cmd.long != "" {
		fmt.Fprintf(w, "\n%s\n", cmd.long)
	}
	any := false
	flags.VisitAll(func(*flag.Flag) { any = true })
	if any {
		fmt.Fprintln(w, "\nFlags:")
		flags.PrintDefaults()
	}
}

func help(io stdio, args []string) int {
	if len(args) > 1 {
		for _, cmd := range commands() {
			if cmd.name == args[1] {
				return execute(context.Background(), cmd, []string{"-h"}, io)
			}
		}
	}
	fmt.Fprint(io.out, "herald: campaigns as code.\n\nUsage: herald COMMAND [flags] [DIR]\n\n")
	for _, cmd := range commands() {
		fmt.Fprintf(io.out, "  %-10s %s\n", cmd.name, cmd.about)
	}
	fmt.Fprint(io.out, "\nDIR is the project's folder; left out, the current one. `herald help COMMAND` says more.\n")
	return exitOK
}
