package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/internal/sibling"
	"github.com/herald-campaigns/herald/workflows"
)

var devCommand = command{
	name: "dev", args: "[DIR]", about: "run a project on this machine, and show a fresh plan after each edit",
	long: "Starts the embedded Temporal, a worker, the HTTP server and the mailbox, all on the\nloopback interface. Nothing is applied: run `herald apply` in another terminal.",
	run: func(ctx context.Context, c *call) error {
		c.projectFlags()
		c.storeFlags()
		opts := c.houseFlags()
		if err := c.parse(); err != nil {
			return err
		}
		return c.dev(ctx, opts)
	},
}

// houseOptions are the flags of the commands that run a project.
type houseOptions struct {
	http, temporal, temporalAddr, ui, logLevel string
	lease                                      time.Duration
	pages                                      bool
}

// houseFlags registers the flags of the commands that run everything here.
func (c *call) houseFlags() *houseOptions {
	o := c.partFlags()
	c.flags.StringVar(&o.temporalAddr, "temporal-listen", "127.0.0.1:7233", "the `address` that the embedded Temporal listens on")
	c.flags.StringVar(&o.ui, "ui", "127.0.0.1:8233", "the `address` of the embedded Temporal's Web UI")
	return o
}

// partFlags registers the flags of the commands that run a part of it.
func (c *call) partFlags() *houseOptions {
	o := &houseOptions{}
	c.flags.StringVar(&o.http, "http", "127.0.0.1:8400", "the `address` that HTTP listens on, and that links in mail lead to where the project names no site")
	c.flags.StringVar(&o.temporal, "temporal", os.Getenv("TEMPORAL_ADDRESS"), "use the Temporal at this `address` instead of the project's or the embedded one")
	c.flags.DurationVar(&o.lease, "lease", 0, "how `long` a message under way is held by its worker; after a crash it counts as unknown then (default 5m)")
	c.flags.StringVar(&o.logLevel, "log-level", "warn", "what is logged: debug, info, warn or error")
	return o
}

// logger writes to stderr. Personal data is never logged.
func (c *call) logger(level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("-log-level %q: use debug, info, warn or error", level)
	}
	return slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: l})), nil
}

func (c *call) dev(ctx context.Context, o *houseOptions) error {
	log, err := c.logger(o.logLevel)
	if err != nil {
		return err
	}
	if r, ok := findRunning(c.dataDir()); ok {
		return fmt.Errorf("this project runs already, as process %d: its page is http://%s", r.PID, r.HTTP)
	}
	compiled, err := c.compile(false)
	if err != nil {
		return err
	}
	if len(compiled.diags) > 0 {
		c.showDiags(compiled.diags, compiled.tree.Source)
	}
	s, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	up, err := c.start(ctx, s, clock.Clock{}, o, log, compiled.revision)
	if err != nil {
		return err
	}
	defer up.close()
	c.showAddresses(up)
	return c.follow(ctx, s, up)
}

// upright is a project that runs on this machine, with its Temporal.
type upright struct {
	*house
	http     string
	key      string
	temporal string
	ui       string
	cancel   context.CancelFunc
	sibling  *sibling.Server // nil: Temporal is somebody else's
}

// start starts Temporal (unless there is one), the worker and HTTP.
func (c *call) start(ctx context.Context, s store.Store, at clock.Clock, o *houseOptions, log *slog.Logger, rev *campaign.Revision) (up *upright, err error) {
	up = &upright{temporal: o.temporal}
	begun := up // up is nil when an error is returned
	if err := os.MkdirAll(c.dataDir(), 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	namespace := ""
	if rev != nil {
		namespace = rev.Settings.Namespace
		if up.temporal == "" {
			up.temporal = rev.Settings.TemporalAddress
		}
	}
	ctx, up.cancel = context.WithCancel(context.WithoutCancel(ctx)) // ended by close, in order
	defer func() {
		if err != nil {
			begun.close()
		}
	}()
	if up.temporal == "" {
		if err := up.embedded(ctx, c, o, log); err != nil {
			return nil, err
		}
	}
	if up.key, err = apiKey(c.dataDir()); err != nil {
		return nil, err
	}
	listen := freeAddress(o.http, c.err)
	up.house, err = openHouse(ctx, &house{
		store: s, clock: at, dataDir: c.dataDir(), baseURL: "http://" + listen, log: log, secrets: c.secrets(), lease: o.lease,
	})
	if err != nil {
		return nil, err
	}
	tick := time.Minute
	if at.Scale > 1 {
		tick = 0 // as often as Temporal can
	}
	if err := up.work(ctx, up.temporal, namespace, tick); err != nil {
		return nil, err
	}
	if up.http, err = up.serve(ctx, listen, []string{up.key}, up.ui, true); err != nil {
		return nil, err
	}
	return up, writeRunning(c.dataDir(), running{PID: os.Getpid(), Temporal: up.temporal, Namespace: namespace, UI: up.ui, HTTP: up.http, Clock: at})
}

// embedded starts the Temporal server that comes with herald.
func (u *upright) embedded(ctx context.Context, c *call, o *houseOptions, log *slog.Logger) (err error) {
	u.sibling, err = sibling.Start(ctx, sibling.Options{
		DataDir: filepath.Join(c.dataDir(), "temporal"), Addr: freeAddress(o.temporalAddr, c.err), UIAddr: freeAddress(o.ui, c.err),
		SearchAttributes: workflows.SearchAttributes(), Log: log, Progress: c.err,
	})
	if err != nil {
		return err
	}
	u.temporal, u.ui = u.sibling.Address, u.sibling.UI
	if u.ui != "" && !strings.Contains(u.ui, "://") {
		u.ui = "http://" + u.ui
	}
	return nil
}

// close ends HTTP, the worker and Temporal, in this order.
func (u *upright) close() {
	u.cancel()
	if u.house != nil {
		u.house.close()
		_ = os.Remove(runningFile(u.house.dataDir))
	}
	if u.sibling != nil {
		u.sibling.Stop()
	}
}

// freeAddress returns the address, or one with a free port when it is taken.
func freeAddress(address string, w io.Writer) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		defer l.Close()
		return l.Addr().String()
	}
	host, _, splitErr := net.SplitHostPort(address)
	if splitErr != nil {
		return address // whoever listens says what is wrong with it
	}
	l, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return address
	}
	defer l.Close()
	fmt.Fprintf(w, "%s is taken; using %s.\n", address, l.Addr())
	return l.Addr().String()
}

// secrets looks sensitive values up where they are used.
func (c *call) secrets() func(campaign.Secret) (string, error) {
	return func(s campaign.Secret) (string, error) {
		if s.Env != "" {
			if v, ok := os.LookupEnv(s.Env); ok {
				return v, nil
			}
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		values, err := c.variables()
		if err != nil {
			return "", err
		}
		if v, ok := values[s.Variable]; ok {
			return v.Text, nil
		}
		return "", fmt.Errorf("variable %q has no value: set HERALD_VAR_%s, or give -var or -var-file", s.Variable, s.Variable)
	}
}

func (c *call) showAddresses(u *upright) {
	fmt.Fprintf(c.out, "\n  Live page   http://%s/\n  Mailbox     http://%s/mailbox/\n", u.http, u.http)
	if u.ui != "" {
		fmt.Fprintf(c.out, "  Temporal    %s\n", u.ui)
	}
	fmt.Fprintf(c.out, "  Events to   http://%s/v1/ (API key in %s)\n\n", u.http, filepath.Join(c.dataDir(), "api.key"))
}

// settle is how long the files must be quiet before they are read.
const settle = 150 * time.Millisecond

// follow shows a plan now and after each edit, until ctx is done.
func (c *call) follow(ctx context.Context, s store.Store, up *upright) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("the files cannot be watched: %w", err)
	}
	defer watcher.Close()
	if err := watchTree(watcher, c.dir); err != nil {
		return err
	}
	quiet := time.NewTimer(0)
	for {
		applied := up.live.Changed()
		select {
		case <-ctx.Done():
			fmt.Fprintln(c.out, "\nStopping.")
			return nil
		case <-up.temporalDone():
			return fmt.Errorf("the embedded Temporal has stopped: %w", up.sibling.Err())
		case e := <-watcher.Events:
			if e.Has(fsnotify.Create) {
				_ = watchTree(watcher, e.Name) // a new folder; a file is watched with its folder
			}
			if c.edits(e.Name) {
				quiet.Reset(settle)
			}
		case <-applied:
			quiet.Reset(settle)
		case err := <-watcher.Errors:
			fmt.Fprintf(c.err, "herald: watching the files: %v.\n", err)
		case <-quiet.C:
			c.replan(ctx, s)
		}
	}
}

// edits reports whether a changed file can change the project: what this program
// prints, or an export that somebody puts there, does not.
func (c *call) edits(name string) bool {
	below, err := filepath.Rel(c.dir, name)
	return err != nil || c.reads == nil || c.reads.matters(below)
}

func (u *upright) temporalDone() <-chan struct{} {
	if u.sibling == nil {
		return nil
	}
	return u.sibling.Done()
}

// watchTree watches a folder and those in it, hidden ones left out.
func watchTree(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // gone again
		case !d.IsDir():
			return nil
		case path != dir && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		}
		return w.Add(path)
	})
}

// replan shows what applying the files would change; what is wrong is shown and
// waits for the next edit.
func (c *call) replan(ctx context.Context, s store.Store) {
	fmt.Fprintf(c.out, "── %s ──\n", time.Now().Format("15:04:05"))
	compiled, err := c.revision()
	if err == nil {
		p := &planned{compiled: compiled, revision: compiled.revision, store: s, now: time.Now().UTC()}
		if err = p.make(ctx, c); err == nil {
			err = c.showPlan(p.plan)
		}
		if err == nil && !p.plan.Empty() {
			fmt.Fprintf(c.out, "Run `herald apply %s` to make this live.\n", c.dir)
		}
	}
	var code exitCode
	if err != nil && !errors.As(err, &code) && ctx.Err() == nil {
		fmt.Fprintf(c.err, "herald: %v.\n", err)
	}
}

var workerCommand = command{
	name: "worker", args: "[-temporal ADDRESS] [DIR]", about: "run journeys and broadcasts against a Temporal cluster",
	run: func(ctx context.Context, c *call) error {
		return c.runPart(ctx, func(ctx context.Context, h *house, o *houseOptions, rev *campaign.Revision) error {
			address := o.temporal
			if address == "" {
				address = rev.Settings.TemporalAddress
			}
			return h.work(ctx, address, rev.Settings.Namespace, time.Minute)
		})
	},
}

var serveCommand = command{
	name: "serve", args: "[-http ADDRESS] [DIR]", about: "answer HTTP: events in, tracking, unsubscribing",
	long: "With -pages it shows the live page and the mailbox too, on a loopback address alone:\nthey hold personal data, so leave it out behind a proxy.",
	run: func(ctx context.Context, c *call) error {
		return c.runPart(ctx, func(ctx context.Context, h *house, o *houseOptions, _ *campaign.Revision) error {
			key, err := apiKey(h.dataDir)
			if err != nil {
				return err
			}
			at, err := h.serve(ctx, o.http, []string{key}, "", o.pages)
			if err == nil {
				fmt.Fprintf(c.out, "Listening on http://%s/\n", at)
			}
			return err
		})
	},
}

// runPart runs one part of the house until ctx is done.
func (c *call) runPart(ctx context.Context, part func(context.Context, *house, *houseOptions, *campaign.Revision) error) error {
	c.variableFlags()
	c.storeFlags()
	o := c.partFlags()
	c.flags.BoolVar(&o.pages, "pages", false, "serve: show the live page and the mailbox")
	if err := c.parse(); err != nil {
		return err
	}
	log, err := c.logger(o.logLevel)
	if err != nil {
		return err
	}
	s, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	rev, err := liveRevision(ctx, s)
	if err != nil {
		return err
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h, err := openHouse(inner, &house{store: s, dataDir: c.dataDir(), baseURL: "http://" + o.http, log: log, secrets: c.secrets(), lease: o.lease})
	if err != nil {
		cancel()
		return err
	}
	defer func() { cancel(); h.close() }()
	if err := part(inner, h, o, rev); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

var prepareCommand = command{
	name: "prepare", about: "build the embedded Temporal server now, so that `herald dev` need not",
	run: func(ctx context.Context, c *call) error {
		if err := c.parse(); err != nil {
			return err
		}
		srv, err := sibling.Start(ctx, sibling.Options{Progress: c.err})
		if err != nil {
			return err
		}
		defer srv.Stop()
		fmt.Fprintf(c.out, "The embedded Temporal %s is ready to be started.\n", srv.Version)
		return nil
	},
}
