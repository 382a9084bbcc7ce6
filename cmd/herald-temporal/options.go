package main

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
)

// options is the command line, checked.
type options struct {
	frontend       netip.AddrPort
	ui             netip.AddrPort // invalid: no UI
	namespace      string
	dataDir        string // empty: in memory
	attributes     searchAttributes
	logLevel       string
	readyFile      string // empty: none
	exitOnStdinEOF bool
}

// usageError is a command line that asks for something impossible.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// logLevels are the values of -log-level.
var logLevels = []string{"debug", "info", "warn", "error"}

// parseOptions reads and checks the command line. Every error it returns is a
// usageError, or flag.ErrHelp.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	var (
		opts        = options{attributes: searchAttributes{}}
		addr, ui    string
		ephemeral   bool
		allowRemote bool
	)
	fs := flag.NewFlagSet("herald-temporal", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&addr, "addr", "127.0.0.1:7233", "`address` of the gRPC frontend; port 0 takes a free one")
	fs.StringVar(&ui, "ui-addr", "127.0.0.1:8233", "`address` of the Web UI; port 0 takes a free one, empty means no UI")
	fs.StringVar(&opts.namespace, "namespace", "default", "`name` of the namespace, created if it is missing")
	fs.StringVar(&opts.dataDir, "data", "", "`directory` of the database, created if it is missing; empty keeps everything in memory")
	fs.BoolVar(&ephemeral, "ephemeral", false, "keep everything in memory; excludes -data")
	fs.Var(opts.attributes, "search-attribute", "`Name=Type`, registered if it is missing; repeatable; types: "+attributeTypes())
	fs.StringVar(&opts.logLevel, "log-level", "warn", "least `level` that is logged: "+strings.Join(logLevels, ", "))
	fs.StringVar(&opts.readyFile, "ready-file", "", "`file` that appears when the server is ready and disappears when it ends")
	fs.BoolVar(&opts.exitOnStdinEOF, "exit-on-stdin-eof", false, "end when standard input does, which is when the parent that holds it dies")
	fs.BoolVar(&allowRemote, "allow-remote", false, "allow addresses other than loopback; there is no authentication, whoever reaches them may run anything")
	if err := fs.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return options{}, err
		}
		return options{}, usageError{err}
	}

	switch {
	case fs.NArg() > 0:
		return options{}, usagef("argument %q is not understood: everything is said by flags, see -help", fs.Arg(0))
	case ephemeral && opts.dataDir != "":
		return options{}, usagef("-ephemeral and -data %s exclude each other: give one of them", opts.dataDir)
	case opts.namespace == "":
		return options{}, usagef("-namespace is empty: name one, or leave the flag out for \"default\"")
	case !slices.Contains(logLevels, opts.logLevel):
		return options{}, usagef("-log-level %q: must be one of %s", opts.logLevel, strings.Join(logLevels, ", "))
	}

	var err error
	if opts.frontend, err = parseAddr("-addr", addr, allowRemote); err != nil {
		return options{}, err
	}
	if ui != "" {
		if opts.ui, err = parseAddr("-ui-addr", ui, allowRemote); err != nil {
			return options{}, err
		}
	}
	if opts.ui.IsValid() && opts.ui == opts.frontend && opts.ui.Port() != 0 {
		return options{}, usagef("-addr and -ui-addr are both %s: give the UI a port of its own", opts.ui)
	}
	return opts, nil
}

// parseAddr reads HOST:PORT. HOST is an IP address, or localhost, which means
// 127.0.0.1; names are not looked up, because what they mean can change.
func parseAddr(name, value string, allowRemote bool) (netip.AddrPort, error) {
	literal := value
	if port, ok := strings.CutPrefix(value, "localhost:"); ok {
		literal = "127.0.0.1:" + port
	}
	addr, err := netip.ParseAddrPort(literal)
	if err != nil {
		return netip.AddrPort{}, usagef("%s %q: must be an IP address and a port, such as 127.0.0.1:7233: %w", name, value, err)
	}
	if !addr.Addr().IsLoopback() && !allowRemote {
		return netip.AddrPort{}, usagef("%s %s is not a loopback address: this server has no authentication, so anyone who can reach it could run anything with its workers; use 127.0.0.1:%d, or pass -allow-remote on a network where that is meant",
			name, addr, addr.Port())
	}
	return addr, nil
}

// searchAttributes maps the names of custom search attributes to their types. It
// is a flag.Value that gathers repeated -search-attribute Name=Type.
type searchAttributes map[string]enumspb.IndexedValueType

// String lists the attributes by name, as the flag takes them.
func (a searchAttributes) String() string {
	list := make([]string, 0, len(a))
	for name, kind := range a {
		list = append(list, name+"="+kind.String())
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

// Set adds one Name=Type.
func (a searchAttributes) Set(value string) error {
	name, typeName, ok := strings.Cut(value, "=")
	if !ok || name == "" {
		return fmt.Errorf("must be Name=Type, such as HeraldJourney=Keyword")
	}
	kind, err := enumspb.IndexedValueTypeFromString(typeName)
	if err != nil || kind == enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED {
		return fmt.Errorf("type %q is unknown: must be one of %s", typeName, attributeTypes())
	}
	if had, ok := a[name]; ok && had != kind {
		return fmt.Errorf("%s is given twice, as %s and as %s", name, had, kind)
	}
	a[name] = kind
	return nil
}

// names returns the attributes' names in order.
func (a searchAttributes) names() []string {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// attributeTypes lists the types a search attribute can have.
func attributeTypes() string {
	var names []string
	for number := range enumspb.IndexedValueType_name {
		if kind := enumspb.IndexedValueType(number); kind != enumspb.INDEXED_VALUE_TYPE_UNSPECIFIED {
			names = append(names, kind.String())
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
