// Package sqlite keeps the record in one SQLite file, without cgo.
//
// By role:
//   - the store: Open, Options, Store
//   - who writes: writer, which commits what comes at the same time together
//   - who reads: a pool of connections, each View one read transaction
//   - the schema: migrations/*.sql, applied by Open
//   - one file for each noun of the contract: people, events, consents, ledger …
//
// Enters: a folder. Leaves: a store.Store over the file herald.db in it.
// Refused: a file of another program or of a newer herald, a damaged file, one
// that cannot be written.
//
// # Durability
//
// The journal is a write-ahead log. A commit has been synced to the disk when
// Update returns, so it survives the end of the process and a loss of power;
// Options.Relaxed trades the latter for speed. Updates that come while a commit
// is being synced share the next one.
//
// # Order
//
// One transaction writes at a time, among all processes that have the file
// open, and it draws its Seq, Send.ID and OutboxItem.ID within. So whoever has
// seen number n will never find a new row below n.
//
// # Speed
//
// Rows that come together are written together: each call puts all rows of a table
// in with few statements, in the order of the table (conn.execMany, AppendEvents,
// IdentifyAll). The more rows a transaction has, the less each costs: a page is
// written once in it, whether it takes one row or fifty. A bulk load wants some
// 50,000 rows in each.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// FileName is the name of the database within its folder.
const FileName = "herald.db"

// Options refine a Store. Their zero value is what production wants.
type Options struct {
	// Relaxed leaves out the sync of the disk at each commit. What was
	// committed still survives the end of the process, but not a loss of power.
	Relaxed bool
	// BusyTimeout is how long to wait for another process that writes; 0 is 30 seconds.
	BusyTimeout time.Duration
	// MaxBytes is a quota on the size of the file; 0 is none.
	MaxBytes int64
}

func (o Options) busyTimeout() time.Duration {
	if o.BusyTimeout <= 0 {
		return 30 * time.Second
	}
	return o.BusyTimeout
}

// Store is a store.Store in one file. Several processes may have the same file
// open; it must be on a local disk.
type Store struct {
	path   string
	writer *writer

	mu      sync.Mutex
	idle    []*conn // for reading
	closed  bool
	viewers sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// idleReaders is how many connections are kept for the next View.
const idleReaders = 8

// Open opens the store in dir; folder and file are created when they are not
// there, and an older schema is brought up to date.
func Open(ctx context.Context, dir string, options Options) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { // personal data: the owner's alone
		return nil, fmt.Errorf("the folder of the store cannot be made: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, FileName))
	if err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	c, err := openWriter(ctx, path, options)
	if err != nil {
		return nil, err
	}
	return &Store{path: path, writer: newWriter(c, options)}, nil
}

// openWriter connects, switches to the write-ahead log and migrates. Any of it
// may meet another process that does the same.
func openWriter(ctx context.Context, path string, options Options) (*conn, error) {
	var c *conn
	err := retryBusy(ctx, options.busyTimeout(), func() (err error) {
		if c == nil {
			if c, err = connect(dsn(path, writerPragmas(options)), path); err != nil {
				return err
			}
		}
		return c.prepareFile(options)
	})
	if err != nil && c != nil {
		_ = c.close()
	}
	return c, err
}

// prepareFile makes the file a migrated database with a write-ahead log.
func (c *conn) prepareFile(options Options) error {
	mode, err := one(c, (*row).text, `PRAGMA journal_mode = WAL`)
	if err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("%s cannot have a write-ahead log (its journal is %q): put the store on a local disk", c.path, mode)
	}
	if options.MaxBytes > 0 {
		pageSize, err := one(c, (*row).int64, `PRAGMA page_size`)
		if err != nil {
			return err
		}
		if err := c.script(fmt.Sprintf(`PRAGMA max_page_count = %d`, max(1, options.MaxBytes/pageSize))); err != nil {
			return err
		}
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	if err := c.script(`BEGIN IMMEDIATE`); err != nil {
		return err
	}
	if err := c.migrate(steps, time.Now()); err != nil {
		return errors.Join(err, c.script(`ROLLBACK`))
	}
	return errors.Join(c.forget(), c.script(`COMMIT`)) // of the migration nothing is asked again
}

// dsn names the file with its pragmas in the form that the driver takes.
func dsn(path string, pragmas []string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	u := url.URL{Scheme: "file", Path: slashed, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	return u.String()
}

// writerPragmas wait for no lock: writer.begin does, and sooner than SQLite would.
// References are looked after here (tx.mustKnow), once for many rows: SQLite would
// look for each row, and keep a journal for each statement that has several.
func writerPragmas(options Options) []string {
	synchronous := "synchronous(FULL)"
	if options.Relaxed {
		synchronous = "synchronous(NORMAL)"
	}
	return []string{
		synchronous, "foreign_keys(0)", "temp_store(MEMORY)", "cache_size(-65536)",
		"wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
		"secure_delete(1)", // what is erased is gone from the file's bytes, too
	}
}

func readerPragmas() []string {
	return []string{"busy_timeout(10000)", "query_only(1)", "temp_store(MEMORY)", "cache_size(-16384)"}
}

// View implements store.Store. Views do not wait for Updates, nor Updates for
// Views; but a View that lasts keeps the write-ahead log from being reused.
func (s *Store) View(ctx context.Context, f func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.reader()
	if err != nil {
		return err
	}
	defer s.viewers.Done()
	if _, err := c.exec(`BEGIN`); err != nil {
		return errors.Join(err, c.close())
	}
	c.begin(ctx.Err)
	r := &reader{c}
	defer s.endView(r)
	return f(r)
}

// endView ends the transaction, however f left it, and keeps the connection
// for the next View.
func (s *Store) endView(r *reader) {
	c := r.conn
	r.conn = over
	_ = c.end()
	_, err := c.exec(`COMMIT`)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.closed || len(s.idle) >= idleReaders {
		_ = c.close()
		return
	}
	s.idle = append(s.idle, c)
}

// reader takes a connection out of the pool, or opens one; there is no upper
// bound, so that a View within a View cannot wait for itself.
func (s *Store) reader() (*conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	s.viewers.Add(1)
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return c, nil
	}
	c, err := connect(dsn(s.path, readerPragmas()), s.path)
	if err != nil {
		s.viewers.Done()
	}
	return c, err
}

// Update implements store.Store. An Update within an Update waits for ever.
func (s *Store) Update(ctx context.Context, f func(store.Tx) error) error {
	return s.writer.update(ctx, f)
}

// Close implements store.Store: it waits for the Views and Updates under way.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()

	s.viewers.Wait()
	var errs []error
	for _, c := range idle {
		errs = append(errs, c.close())
	}
	return errors.Join(append(errs, s.writer.close())...) // last: it tidies the log up
}

// private makes the file the owner's alone before SQLite makes it anybody's: the
// folder may have been made by others. SQLite gives its journal the same mode.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return explain(path, err)
	}
	return f.Close()
}
