package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
)

var importCommand = command{
	name: "import", args: "profiles|events FILE [DIR]\nherald import -source NAME [FILE …] [DIR]", about: "bring in people, or what they did, from CSV, JSONL or Parquet",
	long: "The file is checked against what is live, or against the files when nothing is.\nEvery row that does not fit is kept and reported with its line and reason; `herald\nrejected` lists them. Importing a file twice doubles nothing, so an import that was\nbroken off is run again. FILE - is standard input, as CSV.\n\nWith -source, the block source \"NAME\" says what the columns mean; without FILE, which\nfiles.",
	run: func(ctx context.Context, c *call) error {
		c.projectFlags()
		c.storeFlags()
		report := c.flags.String("report", "", "write the rejected rows to this `file` as well")
		trigger := c.flags.Bool("trigger", false, "let the import start journeys; by default it is history, which conditions see and nothing is sent for")
		source := c.flags.String("source", "", "read rows as the block source \"`name`\" says")
		if err := c.parseImport(source); err != nil {
			return err
		}
		j := importing{call: c, source: *source, reportTo: *report, trigger: *trigger, files: c.rest}
		if *source == "" {
			j.kind, j.files = intake.Kind(c.rest[0]), c.rest[1:]
			if j.kind != intake.Profiles && j.kind != intake.Events {
				return fmt.Errorf("%q cannot be imported: write `herald import profiles FILE` or `herald import events FILE`", c.rest[0])
			}
		}
		return j.run(ctx)
	},
}

// parseImport reads the arguments: with a source, any number of files and then
// the folder, which exists.
func (c *call) parseImport(source *string) error {
	named := func(arg string) bool {
		name, _, _ := strings.Cut(arg, "=")
		return name == "-source" || name == "--source"
	}
	if !slices.ContainsFunc(c.args, named) {
		return c.parse("profiles or events", "FILE")
	}
	if err := c.flags.Parse(c.args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if *source == "" {
		return errors.New("-source needs the name of a source block")
	}
	c.dir, c.rest = ".", c.flags.Args()
	if n := len(c.rest); n > 0 {
		if info, err := os.Stat(c.rest[n-1]); err == nil && info.IsDir() {
			c.dir, c.rest = c.rest[n-1], c.rest[:n-1]
		}
	}
	return nil
}

// importing is one `herald import`.
type importing struct {
	*call
	kind     intake.Kind
	source   string
	files    []string
	reportTo string
	trigger  bool
	rejects  *rejectLog
	model    *intake.Model
	progress func() // while rows come in
	rejected int64
}

func (j *importing) run(ctx context.Context) (err error) {
	s, err := j.openStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if j.model, err = j.intakeModel(ctx, s); err != nil {
		return err
	}
	if j.source != "" && len(j.files) == 0 {
		if j.files, err = j.filesOfSource(); err != nil {
			return err
		}
	}
	if j.rejects, err = j.rejectLog(j.reportTo); err != nil {
		return err
	}
	var done func() error
	if j.progress, done, err = j.bringHistory(ctx, s, j.trigger); err != nil {
		return err
	}
	in := intake.New(s, func() *intake.Model { return j.model }, func() time.Time { return time.Now().UTC() })
	for _, name := range j.files {
		if err = j.file(ctx, in, name); err != nil {
			break
		}
	}
	if err := errors.Join(err, done(), j.rejects.close()); err != nil {
		return err
	}
	if j.rejected > 0 {
		return exitCode(exitError)
	}
	return nil
}

// file imports one file and says what became of it.
func (j *importing) file(ctx context.Context, in *intake.Intake, name string) error {
	f, size, err := j.openInput(name)
	if err != nil {
		return err
	}
	defer f.Close()
	bar := &progressBar{w: j.err, size: size, show: isTerminal(j.err)}
	options := intake.ImportOptions{
		Kind: j.kind, Using: j.source, Format: formatOf(name), Source: filepath.Base(name), Trigger: j.trigger, OnReject: j.rejects.row,
		Progress: func(rows, rejected, bytes int64) { bar.update(rows, rejected, bytes); j.progress() },
	}
	if j.source != "" && options.Format == intake.CSV {
		options.Format = "" // as the block says, or as the file looks
	}
	report, err := in.Import(ctx, f, options)
	bar.end()
	what := string(j.kind)
	if j.source != "" {
		what = "rows of " + filepath.Base(name)
	}
	fmt.Fprintln(j.out, imported(what, report))
	for _, warning := range report.Warnings {
		fmt.Fprintln(j.out, "  "+warning)
	}
	j.rejected += report.Rejected
	return err
}

// filesOfSource are the files that the block itself names, in the order of their
// names.
func (j *importing) filesOfSource() ([]string, error) {
	for _, s := range j.model.Sources {
		if s.Def.Name != j.source {
			continue
		}
		if s.Def.File == "" {
			return nil, fmt.Errorf("source %q names no file: write `herald import -source %s FILE`, or give it file = \"…\"", j.source, j.source)
		}
		files, err := filepath.Glob(filepath.Join(j.dir, filepath.FromSlash(s.Def.File)))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("source %q: no file is named %s", j.source, s.Def.File)
		}
		slices.Sort(files)
		return files, err
	}
	return nil, fmt.Errorf("there is no source %q in what is live; apply it first", j.source)
}

// intakeModel is what is declared: by what is live, or by the files while nothing
// is.
func (c *call) intakeModel(ctx context.Context, s store.Store) (*intake.Model, error) {
	rev, err := liveRevision(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(rev.Resources) == 0 {
		compiled, err := c.revision()
		if err != nil {
			return nil, err
		}
		rev = compiled.revision
	}
	m := modelOf(rev)
	project, err := link.Link(rev.Resources, rev.Settings, rev.Environment)
	if err != nil {
		return nil, err
	}
	for _, name := range project.Names("source") {
		source, err := project.Source(name)
		if err != nil {
			return nil, err
		}
		m.Sources = append(m.Sources, source)
	}
	return m, nil
}

// bringHistory keeps an import from setting journeys off, unless it is to.
func (c *call) bringHistory(ctx context.Context, s store.Store, trigger bool) (progress func(), done func() error, err error) {
	if trigger {
		return func() {}, func() error { return nil }, nil
	}
	h, err := c.openHistory(ctx, s)
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

// historyPatience is a little more than an import that was killed is in the way.
const historyPatience = 75 * time.Second

// openHistory waits for the end of another import, which may have been killed.
func (c *call) openHistory(ctx context.Context, s store.Store) (*enrolment.History, error) {
	for begun, told := time.Now(), false; ; {
		h, err := enrolment.OpenHistory(ctx, s, owner())
		if !errors.Is(err, enrolment.ErrBringing) || time.Since(begun) > historyPatience {
			return h, err
		}
		if !told {
			fmt.Fprintln(c.err, "Another import is at work, or was killed within the last minute; waiting for its end.")
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// imported says in one line what became of a file.
func imported[K ~string](what K, r intake.Report) string {
	line := fmt.Sprintf("%d %s imported, %d rejected", r.Accepted, what, r.Rejected)
	if r.Duplicates > 0 {
		line += fmt.Sprintf(", %d known already", r.Duplicates)
	}
	if r.Skipped > 0 {
		line += fmt.Sprintf(", %d left out by the source", r.Skipped)
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
	case ".parquet", ".pq":
		return intake.Parquet
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
