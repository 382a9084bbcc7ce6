package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/apply"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/examples"
	"github.com/herald-campaigns/herald/internal/crumb"
)

var demoCommand = command{
	name: "demo", args: "[-once] [-days N]", about: "run The Daily Crumb: a bakery's campaigns over some days, in compressed time",
	long: "Copies the example into a folder, imports its made-up customers, plans and applies it,\nand lets some days of their behaviour pass while journeys run on Temporal. Mail goes to\nthe local mailbox alone. Then it stays up until Ctrl-C, unless -once is given.",
	run: func(ctx context.Context, c *call) error {
		o := c.houseFlags()
		d := demo{call: c, house: o}
		c.flags.BoolVar(&d.once, "once", false, "exit when the days have passed")
		c.flags.Float64Var(&d.days, "days", 7, "how many days pass")
		c.flags.DurationVar(&d.day, "day", 10*time.Second, "how long a day takes")
		c.flags.IntVar(&d.people, "people", 2000, "how many subscribers")
		c.flags.Uint64Var(&d.seed, "seed", 1, "another seed makes other people")
		c.flags.StringVar(&d.dir, "dir", "", "the `folder` to copy the example to; left out, a temporary one that goes away at the end")
		c.flags.BoolVar(&c.noColor, "no-color", false, "print without colours")
		if err := c.flags.Parse(c.args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return errUsage
		}
		return d.run(ctx)
	},
}

// demo is one run of the example.
type demo struct {
	*call
	house     *houseOptions
	once      bool
	days      float64
	day       time.Duration
	people    int
	seed      uint64
	dir       string
	town      *crumb.Town
	end       time.Time // campaign time
	temporary bool
}

func (d *demo) run(ctx context.Context) error {
	if d.days <= 0 || d.day < 100*time.Millisecond || d.people < 1 {
		return errors.New("-days and -people must be positive, and -day at least 100ms")
	}
	log, err := d.logger(d.house.logLevel)
	if err != nil {
		return err
	}
	if err := d.prepare(); err != nil {
		return err
	}
	if d.temporary {
		defer os.RemoveAll(d.dir)
	}
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(6 * time.Hour)
	s, err := d.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := d.load(ctx, s, start); err != nil {
		return err
	}
	at := clock.Compressed(time.Now(), start, float64(24*time.Hour)/float64(d.day))
	d.end = start.Add(time.Duration(d.days * float64(24*time.Hour)))
	d.say("Starting Temporal, the worker and the mailbox")
	up, err := d.start(ctx, s, at, d.house, log, nil)
	if err != nil {
		return err
	}
	defer up.close()
	d.showAddresses(up)
	if err := d.live(ctx, up); err != nil {
		return err
	}
	if err := d.quiet(ctx, s); err != nil {
		return err
	}
	fmt.Fprintln(d.out)
	if err := d.report(ctx, s, "order_completed"); err != nil {
		return err
	}
	if d.once {
		return nil
	}
	d.showAddresses(up)
	fmt.Fprintln(d.out, "Time goes on; look around. Ctrl-C ends it.")
	<-ctx.Done()
	return nil
}

func (d *demo) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if d.color(d.out) {
		line = "\x1b[1m" + line + "\x1b[0m"
	}
	fmt.Fprintln(d.out, line)
}

// prepare copies the example.
func (d *demo) prepare() (err error) {
	if d.dir == "" {
		d.temporary = true
		if d.dir, err = os.MkdirTemp("", "herald-demo-*"); err != nil {
			return err
		}
	} else if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return err
	} else if _, err := os.Stat(filepath.Join(d.dir, ".herald")); err == nil {
		return fmt.Errorf("%s holds a demo already: delete it, or choose another folder", d.dir)
	}
	d.call.dir = d.dir
	d.env = "staging"
	d.say("The Daily Crumb, in %s", d.dir)
	src, err := fs.Sub(examples.FS, "daily-crumb")
	if err != nil {
		return err
	}
	return copyTree(d.dir, src)
}

func copyTree(dir string, src fs.FS) error {
	return fs.WalkDir(src, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if e.IsDir() {
			if name == "generate" {
				return fs.SkipDir
			}
			return os.MkdirAll(to, 0o755)
		}
		content, err := fs.ReadFile(src, name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, content, 0o644)
	})
}

// load makes the customers up, applies the project and imports them, all before
// the clock starts.
func (d *demo) load(ctx context.Context, s store.Store, start time.Time) error {
	d.say("Making up %d subscribers and what they did in two years", d.people)
	d.town = crumb.Make(crumb.Options{Seed: d.seed, People: d.people, Until: start})
	compiled, err := d.revision()
	if err != nil {
		return err
	}
	frozen := func() time.Time { return start }
	model := modelOf(compiled.revision)
	in := intake.New(s, func() *intake.Model { return model }, frozen)
	if err := d.importTown(ctx, in, intake.Profiles, d.town.WritePeople); err != nil {
		return err
	}
	if err := d.importTown(ctx, in, intake.Events, d.town.WriteEvents); err != nil {
		return err
	}
	d.say("\nherald plan")
	p := &planned{compiled: compiled, revision: compiled.revision, store: s, now: start}
	if err := p.make(ctx, d.call); err != nil {
		return err
	}
	if err := d.showPlan(p.plan); err != nil {
		return err
	}
	d.say("\nherald apply -auto-approve")
	applier := newApplier(s, later{}, clock.Compressed(time.Now(), start, 1))
	if err := applier.Apply(ctx, p.plan, p.revision, apply.By{ID: rand.Text(), Who: who(), Owner: owner()}); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "Applied: %s.\n\n", p.plan.Summary())
	return nil
}

// importTown imports what write writes, as `herald import` does.
func (d *demo) importTown(ctx context.Context, in *intake.Intake, kind intake.Kind, write func(io.Writer) error) error {
	r, w := io.Pipe()
	go func() { w.CloseWithError(write(w)) }()
	report, err := in.Import(ctx, r, intake.ImportOptions{Kind: kind, Format: intake.CSV, Source: "the made-up " + string(kind)})
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "  "+imported(kind, report))
	return nil
}

// live lets the days pass: the crowd acts, the journeys run, a line a day says
// how it goes.
func (d *demo) live(ctx context.Context, up *upright) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.say("%g days pass, one in %s", d.days, d.day)
	crowd := newCrowd(d.town, up, d.seed, d.call.err)
	failed := make(chan error, 1)
	go func() { failed <- crowd.run(ctx, d.end) }()
	next := up.clock.Now().Truncate(24 * time.Hour).Add(24 * time.Hour)
	for now := up.clock.Now(); now.Before(d.end); now = up.clock.Now() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			if err != nil {
				return err
			}
			failed = nil
		case <-time.After(up.clock.Until(minTime(next, d.end), time.Now())):
		}
		if !up.clock.Now().Before(next) {
			fmt.Fprintf(d.out, "  %s  %s\n", next.Add(-time.Second).Format("Mon 2 Jan"), crowd.summary())
			next = next.Add(24 * time.Hour)
		}
	}
	return nil
}

// quiet waits until what is being sent has been sent, for half a minute at most:
// a slow machine is behind its compressed time.
func (d *demo) quiet(ctx context.Context, s store.Store) error {
	for range 150 {
		busy := false
		err := s.View(ctx, func(r store.Reader) error {
			items, err := r.OutboxItems(1)
			if err != nil {
				return err
			}
			runs, err := r.Runs("weekly_special", 10)
			if err != nil {
				return err
			}
			busy = len(items) > 0 || slices.ContainsFunc(runs, func(r store.Run) bool { return r.EndedAt.IsZero() })
			return nil
		})
		if err != nil || !busy {
			return err
		}
		pause(ctx, 200*time.Millisecond)
	}
	return ctx.Err()
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
