package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

var importCommand = command{
	name: "import", args: "profiles|events FILE [DIR]", about: "bring in people, or what they did, from CSV or JSONL",
	long: "The file is checked against what is live, or against the files when nothing is.\nEvery row that does not fit is kept and reported with its line and reason. Importing\na file twice doubles nothing. FILE - is standard input, as CSV.",
	run: func(ctx context.Context, c *call) error {
		c.projectFlags()
		c.storeFlags()
		report := c.flags.String("report", "", "write the rejected rows to this `file` as well")
		trigger := c.flags.Bool("trigger", false, "let the import start journeys; by default it is history, which conditions see and nothing is sent for")
		if err := c.parse("profiles or events", "FILE"); err != nil {
			return err
		}
		kind := intake.Kind(c.rest[0])
		if kind != intake.Profiles && kind != intake.Events {
			return fmt.Errorf("%q cannot be imported: write `herald import profiles FILE` or `herald import events FILE`", c.rest[0])
		}
		return c.importFile(ctx, kind, c.rest[1], *report, *trigger)
	},
}

func (c *call) importFile(ctx context.Context, kind intake.Kind, name, reportTo string, trigger bool) error {
	in, size, err := c.openInput(name)
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := c.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	rev, err := liveRevision(ctx, s)
	if err != nil {
		return err
	}
	if len(rev.Resources) == 0 { // nothing is applied yet: the files say what fits
		compiled, err := c.revision()
		if err != nil {
			return err
		}
		rev = compiled.revision
	}
	rejects, err := c.rejectLog(reportTo)
	if err != nil {
		return err
	}
	progress, done, err := c.bringHistory(ctx, s, trigger)
	if err != nil {
		return err
	}
	bar := &progressBar{w: c.err, size: size, show: isTerminal(c.err)}
	model := modelOf(rev)
	report, err := intake.New(s, func() *intake.Model { return model }, func() time.Time { return time.Now().UTC() }).
		Import(ctx, in, intake.ImportOptions{
			Kind: kind, Format: formatOf(name), Source: filepath.Base(name),
			Progress: func(rows, rejected, bytes int64) { bar.update(rows, rejected, bytes); progress() }, OnReject: rejects.row, Trigger: trigger,
		})
	bar.end()
	fmt.Fprintln(c.out, imported(kind, report))
	for _, warning := range report.Warnings {
		fmt.Fprintln(c.out, "  "+warning)
	}
	if err := errors.Join(err, done(), rejects.close()); err != nil {
		return err
	}
	if report.Rejected > 0 {
		return exitCode(exitError)
	}
	return nil
}

// bringHistory keeps an import from setting journeys off, unless it is to.
func (c *call) bringHistory(ctx context.Context, s store.Store, trigger bool) (progress func(), done func() error, err error) {
	if trigger {
		return func() {}, func() error { return nil }, nil
	}
	h, err := enrolment.OpenHistory(ctx, s, owner())
	if err != nil {
		return nil, nil, err
	}
	renewed := time.Now()
	progress = func() {
		if time.Since(renewed) > 10*time.Second {
			renewed = time.Now()
			_ = h.Renew(ctx) // it holds for a minute, so the next one may succeed
		}
	}
	return progress, func() error { return h.Close(context.WithoutCancel(ctx)) }, nil
}

// imported says in one line what became of a file.
func imported(kind intake.Kind, r intake.Report) string {
	line := fmt.Sprintf("%d %s imported, %d rejected", r.Accepted, kind, r.Rejected)
	if r.Duplicates > 0 {
		line += fmt.Sprintf(", %d known already", r.Duplicates)
	}
	if r.Quarantined > 0 {
		line += fmt.Sprintf("; quarantined: %d (consents without proof, copies that differ)", r.Quarantined)
	}
	return line + "."
}

// openInput opens the file; its size is 0 when that is not known.
func (c *call) openInput(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(c.in), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func formatOf(name string) intake.Format {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jsonl", ".ndjson", ".json":
		return intake.JSONL
	}
	return intake.CSV
}

// modelOf is what a revision lets in.
func modelOf(rev *campaign.Revision) *intake.Model {
	m := &intake.Model{Profile: &campaign.Profile{Attributes: campaign.BuiltinAttributes()}}
	for _, r := range rev.Resources {
		switch def := r.Def.(type) {
		case *campaign.Profile:
			m.Profile = def
		case *campaign.Event:
			m.Events = append(m.Events, def)
		case *campaign.Topic:
			m.Topics = append(m.Topics, def)
		}
	}
	return m
}

// rejectLog shows the first rejected rows, and writes all of them to a file when
// one was named.
type rejectLog struct {
	w     io.Writer
	file  *os.File
	shown int
	total int
}

const maxShown = 10

func (c *call) rejectLog(path string) (*rejectLog, error) {
	l := &rejectLog{w: c.err}
	if path == "" {
		return l, nil
	}
	var err error
	l.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	return l, err
}

func (l *rejectLog) row(r store.Rejected) {
	l.total++
	if l.file != nil {
		fmt.Fprintf(l.file, "%d\t%s\n", r.Line, r.Reason)
	}
	if l.shown < maxShown {
		l.shown++
		fmt.Fprintf(l.w, "line %d: %s\n", r.Line, r.Reason)
	}
}

func (l *rejectLog) close() error {
	if l.total > l.shown {
		fmt.Fprintf(l.w, "… and %d more; -report FILE lists them all.\n", l.total-l.shown)
	}
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// progressBar draws how far an import is, on a terminal.
type progressBar struct {
	w     io.Writer
	size  int64
	show  bool
	drawn time.Time
}

func (p *progressBar) update(rows, rejected, bytes int64) {
	if !p.show || time.Since(p.drawn) < 100*time.Millisecond {
		return
	}
	p.drawn = time.Now()
	const width = 30
	bar := ""
	if p.size > 0 {
		full := int(min(bytes, p.size) * width / p.size)
		bar = "[" + strings.Repeat("█", full) + strings.Repeat("·", width-full) + "] "
	}
	fmt.Fprintf(p.w, "\r%s%d rows, %d rejected", bar, rows, rejected)
}

func (p *progressBar) end() {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
