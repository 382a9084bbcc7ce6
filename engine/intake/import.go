package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/herald-campaigns/herald/dsl/link"
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
	CSV     Format = "csv"   // with a header; comma, semicolon or tab
	JSONL   Format = "jsonl" // one object a line
	Parquet Format = "parquet"
)

// ImportOptions describe a file. Kind or Using must be set; the rest may be left.
type ImportOptions struct {
	Kind   Kind
	Using  string // name of the source block that says what its rows mean
	Format Format
	Source string // name of the file, for reports
	// Trigger lets imported events set things off as if they came by a call. By
	// default they are history: conditions see them, no journey starts.
	Trigger bool
	// BatchRows is how many rows share a transaction; 0 is 10,000.
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
	Skipped     int64 // rows that a source leaves out by its `where`
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
		options: options, store: in.store, words: in.vocabulary(), in: r,
		origin: origin{source: options.Source, received: in.now().UTC(), file: true, trigger: options.Trigger, kind: kindOf(options)},
		warned: map[string]bool{}, batches: make(chan batch, 1), stored: make(chan struct{}),
	}
	go i.storeAll(ctx)
	err := i.readAll()
	close(i.batches)
	<-i.stored
	switch {
	case i.failed != nil:
		err = fmt.Errorf("import of %s stopped; %d rows of it were kept, and it may be imported again: %w", options.Source, i.report.Rows, i.failed)
	case err != nil:
		err = fmt.Errorf("import of %s: %w", options.Source, err)
	default:
		i.report.Bytes = i.rows.position() // blank lines at the end included
	}
	i.report.Warnings = i.warnings
	return i.report, err
}

// kindOf is what each row of a file is to be.
func kindOf(o ImportOptions) string {
	if o.Using != "" {
		return sourcePrefix + o.Using
	}
	return string(o.Kind)
}

// importing is one import: the caller's goroutine reads and understands rows,
// another one stores them.
type importing struct {
	options ImportOptions
	store   store.Store
	words   *vocabulary
	origin  origin
	in      io.Reader
	rows    rows
	source  *link.Source // nil: the rows have the names that are declared

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
		return 10_000
	}
	return i.options.BatchRows
}

// readAll reads rows and hands them over in batches.
func (i *importing) readAll() (err error) {
	if i.rows, err = i.open(i.in); err != nil {
		return err
	}
	for {
		b := batch{items: make([]item, 0, i.batchRows())}
		for len(b.items) < i.batchRows() && err == nil {
			var r row
			if r, err = i.rows.next(); err == nil {
				b.items = append(b.items, i.understand(r))
			}
		}
		b.bytes = i.rows.position()
		if len(b.items) > 0 && !i.hand(b) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d cannot be read; what was read before it is kept: %w", i.rows.lineNow(), err)
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
func (i *importing) open(r io.Reader) (_ rows, err error) {
	format := i.options.Format
	if i.options.Using != "" {
		if i.source, err = i.words.model.source(i.options.Using); err != nil {
			return nil, err
		}
		if format == "" {
			format = Format(i.source.Def.Format)
		}
	} else if i.options.Kind != Profiles && i.options.Kind != Events {
		return nil, fmt.Errorf("%q cannot be imported: a file has %s or %s", i.options.Kind, Profiles, Events)
	}
	if format == Parquet {
		return i.openParquet(r)
	}
	w := newWindow(r)
	if err := w.begin(); err != nil {
		return nil, err
	}
	if format == "" {
		format = sniff(w)
	}
	switch format {
	case CSV:
		rows, err := openCSV(w)
		if err == nil && i.source == nil {
			err = rows.understand(i.words, i.options.Kind, i.unknown)
		}
		return rows, err
	case JSONL:
		return &jsonRows{window: w, words: i.words, kind: i.options.Kind, unknown: i.unknown, places: map[string]*place{}, asRow: i.source != nil}, nil
	}
	return nil, fmt.Errorf("%q is not a format: it is %s, %s or %s", format, CSV, JSONL, Parquet)
}

func (i *importing) openParquet(r io.Reader) (rows, error) {
	rows, err := newParquetRows(r)
	if err != nil || i.source != nil {
		return rows, err
	}
	rows.place, err = placesOf(rows.shape.columns, i.words, i.options.Kind, i.unknown)
	return rows, err
}

// unknown warns of a column that nothing is declared for.
func (i *importing) unknown(name string) { i.warn(i.words.unknown(i.options.Kind, name)) }

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
	it := item{line: r.line, text: r.text, header: r.header, object: r.object, problem: r.broken}
	switch {
	case r.broken != nil:
	case i.source != nil:
		it.draft, it.skipped, it.problem = i.words.sourced(i.source, r.object, i.origin)
	case r.call != nil:
		it.call = r.call
		if it.draft, it.problem = i.words.call(r.call, i.origin); it.problem == nil {
			it.draft.number()
		}
	default:
		it.draft, it.problem = i.words.row(i.options.Kind, r.cells, i.origin)
	}
	if it.problem == nil && !it.skipped {
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
	var rejected []store.Rejected
	results := make([]Result, len(b.items))
	err := i.store.Update(ctx, func(tx store.Tx) error {
		s := newShelf(tx, i.origin)
		for n, it := range b.items {
			if it.skipped {
				continue
			}
			if err := s.put(it, &results[n]); err != nil {
				return fmt.Errorf("line %d: %w", it.line, err)
			}
		}
		err := s.close()
		rejected = s.rejected
		return err
	})
	if err != nil {
		return err
	}
	i.report.count(b.items, results, len(rejected))
	i.report.Bytes = b.bytes
	if i.options.OnReject != nil {
		for _, r := range rejected {
			i.options.OnReject(r)
		}
	}
	if i.options.Progress != nil {
		i.options.Progress(i.report.Rows, i.report.Rejected, i.report.Bytes)
	}
	return nil
}

// count adds what became of a batch.
func (r *Report) count(items []item, results []Result, rejected int) {
	r.Rows += int64(len(items))
	r.Quarantined += int64(rejected)
	for n := range items {
		switch {
		case items[n].skipped:
			r.Skipped++
		case results[n].Status == Rejected:
			r.Rejected++
			r.Quarantined--
		case results[n].Status == Duplicate:
			r.Duplicates++
		default:
			r.Accepted++
		}
	}
}
