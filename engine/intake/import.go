package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/herald-campaigns/herald/engine/store"
)

// Kind is what the rows of a file tell of.
type Kind string

// The kinds. In a JSONL file, calls in the shape of Segment are of either.
const (
	Profiles Kind = "profiles"
	Events   Kind = "events"
)

// Format is how a file is written.
type Format string

// The formats. The zero Format is found out.
const (
	CSV   Format = "csv"   // with a header; comma, semicolon or tab
	JSONL Format = "jsonl" // one object a line
)

// ImportOptions describe a file. Kind must be set; the rest may be left.
type ImportOptions struct {
	Kind   Kind
	Format Format
	Source string // name of the file, for reports
	// Trigger lets imported events set things off as if they came by a call. By
	// default they are history: conditions see them, no journey starts.
	Trigger bool
	// BatchRows is how many rows share a transaction; 0 is 2,000.
	BatchRows int
	// Progress is told after each transaction what was done so far.
	Progress func(rows, rejected, bytes int64)
	// OnReject is told of each row that was refused, and of each consent that was
	// quarantined, once it is kept.
	OnReject func(store.Rejected)
}

// Report is what became of a file.
type Report struct {
	Rows        int64 // without the header
	Accepted    int64
	Duplicates  int64 // events that were there already
	Rejected    int64 // rows of which nothing was taken
	Quarantined int64 // consents, and copies that differ, of rows that were taken
	Bytes       int64
	Warnings    []string // about columns, each once
}

// maxWarnings bounds Report.Warnings.
const maxWarnings = 100

// Import reads a file and stores what it says, some thousand rows at a time.
// Rows that cannot be understood are kept as rejected, and the rest goes on.
// Importing a file twice changes nothing the second time.
//
// An error means that the file could not be read, or not be stored, to its end.
// What the Report counts was kept, and the same file may be imported again.
func (in *Intake) Import(ctx context.Context, r io.Reader, options ImportOptions) (Report, error) {
	if options.Source == "" {
		options.Source = "a file"
	}
	i := &importing{
		options: options, store: in.store, words: in.vocabulary(),
		origin: origin{source: options.Source, received: in.now().UTC(), file: true, trigger: options.Trigger},
		warned: map[string]bool{}, batches: make(chan batch, 1), stored: make(chan struct{}),
	}
	go i.storeAll(ctx)
	w := newWindow(r)
	err := i.readAll(w)
	close(i.batches)
	<-i.stored
	switch {
	case i.failed != nil:
		err = fmt.Errorf("import of %s stopped; %d rows of it were kept, and it may be imported again: %w", options.Source, i.report.Rows, i.failed)
	case err != nil:
		err = fmt.Errorf("import of %s: %w", options.Source, err)
	default:
		i.report.Bytes = w.read // blank lines at the end included
	}
	i.report.Warnings = i.warnings
	return i.report, err
}

// importing is one import: the caller's goroutine reads and understands rows,
// another one stores them.
type importing struct {
	options ImportOptions
	store   store.Store
	words   *vocabulary
	origin  origin

	warned   map[string]bool
	warnings []string

	batches chan batch
	stored  chan struct{} // closed when nothing more will be stored
	report  Report        // the storing goroutine's until then
	failed  error
}

// batch is what one transaction stores.
type batch struct {
	items []item
	bytes int64 // of the file, up to its end
}

func (i *importing) batchRows() int {
	if i.options.BatchRows <= 0 {
		return 2000
	}
	return i.options.BatchRows
}

// readAll reads rows and hands them over in batches.
func (i *importing) readAll(w *window) error {
	rows, err := i.open(w)
	if err != nil {
		return err
	}
	for {
		b := batch{items: make([]item, 0, i.batchRows())}
		for len(b.items) < i.batchRows() && err == nil {
			var r row
			if r, err = rows.next(); err == nil {
				b.items = append(b.items, i.understand(r))
			}
		}
		b.bytes = w.read
		if len(b.items) > 0 && !i.hand(b) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d cannot be read; what was read before it is kept: %w", w.line, err)
		}
	}
}

// hand passes a batch on; false when storing has failed.
func (i *importing) hand(b batch) bool {
	select {
	case i.batches <- b:
		return true
	case <-i.stored:
		return false
	}
}

// open finds out what kind of file it is, and reads its header.
func (i *importing) open(w *window) (rows, error) {
	if i.options.Kind != Profiles && i.options.Kind != Events {
		return nil, fmt.Errorf("%q cannot be imported: a file has %s or %s", i.options.Kind, Profiles, Events)
	}
	if err := w.begin(); err != nil {
		return nil, err
	}
	unknown := func(name string) { i.warn(i.words.unknown(i.options.Kind, name)) }
	format := i.options.Format
	if format == "" {
		format = sniff(w)
	}
	switch format {
	case CSV:
		return newCSVRows(w, i.words, i.options.Kind, unknown)
	case JSONL:
		return &jsonRows{window: w, words: i.words, kind: i.options.Kind, unknown: unknown, places: map[string]*place{}}, nil
	}
	return nil, fmt.Errorf("%q is not a format: it is %s or %s", format, CSV, JSONL)
}

// sniff tells the format by the first character.
func sniff(w *window) Format {
	b, _ := w.peek()
	if b = bytes.TrimLeft(b, " \t\r\n"); len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return JSONL
	}
	return CSV
}

// understand turns a row into a draft, or a problem.
func (i *importing) understand(r row) item {
	it := item{line: r.line, text: r.text, problem: r.broken}
	switch {
	case r.broken != nil:
	case r.call != nil:
		if it.draft, it.problem = i.words.call(r.call, i.origin); it.problem == nil {
			it.draft.number()
		}
	default:
		it.draft, it.problem = i.words.row(i.options.Kind, r.cells, i.origin)
	}
	if it.problem == nil {
		for _, w := range it.draft.warnings {
			i.warn(w)
		}
	}
	return it
}

func (i *importing) warn(message string) {
	if !i.warned[message] && len(i.warnings) < maxWarnings {
		i.warned[message] = true
		i.warnings = append(i.warnings, message)
	}
}

// storeAll stores batches until there are no more, or one fails.
func (i *importing) storeAll(ctx context.Context) {
	defer close(i.stored)
	for b := range i.batches {
		if i.failed = i.storeBatch(ctx, b); i.failed != nil {
			return
		}
	}
}

// storeBatch stores one batch and reports it.
func (i *importing) storeBatch(ctx context.Context, b batch) error {
	var report Report
	var rejected []store.Rejected
	err := i.store.Update(ctx, func(tx store.Tx) error {
		report = i.report
		s := newShelf(tx, i.origin)
		for _, it := range b.items {
			if err := report.shelve(s, it); err != nil {
				return fmt.Errorf("line %d: %w", it.line, err)
			}
		}
		rejected = s.rejected
		return s.close()
	})
	if err != nil {
		return err
	}
	report.Bytes = b.bytes
	i.report = report
	if i.options.OnReject != nil {
		for _, r := range rejected {
			i.options.OnReject(r)
		}
	}
	if i.options.Progress != nil {
		i.options.Progress(report.Rows, report.Rejected, report.Bytes)
	}
	return nil
}

// shelve stores one row and counts it.
func (r *Report) shelve(s *shelf, it item) error {
	before := len(s.rejected)
	result, err := s.put(it)
	if err != nil {
		return err
	}
	r.Rows++
	switch result.Status {
	case Rejected:
		r.Rejected++
		return nil
	case Duplicate:
		r.Duplicates++
	case Accepted:
		r.Accepted++
	}
	r.Quarantined += int64(len(s.rejected) - before)
	return nil
}
