package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"time"

	sqlite "modernc.org/sqlite"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// conn is one connection with its prepared statements. One goroutine uses it at
// a time.
//
// It speaks to the driver without database/sql: who holds a connection and for
// how long is decided here anyway, and the pool, the reflection and the
// goroutine per cancellable call of database/sql cost 7 of 28 µs for each
// event that is written.
type conn struct {
	raw   driver.Conn
	path  string
	stmts map[string]*stmt
	bulks map[bulkKey]string
	args  []driver.NamedValue

	alive  func() error // of the transaction under way; nil outside one
	failed error        // what first went wrong within it
}

// over stands in for the connection of a transaction that has ended.
var over = &conn{alive: func() error { return errOver }}

// stmt is a prepared statement; while its rows are read it is busy, and the
// same query asked again meanwhile gets a statement of its own.
type stmt struct {
	driver.Stmt
	busy bool
}

// connect opens a connection with the given DSN.
func connect(dsn, path string) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, explain(path, err)
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, explain(path, err)
	}
	return &conn{raw: raw, path: path, stmts: map[string]*stmt{}, bulks: map[bulkKey]string{}}, nil
}

// begin opens a transaction's worth of use, which ends when alive says so.
func (c *conn) begin(alive func() error) { c.alive, c.failed = alive, nil }

// end ends it, and says what first went wrong.
func (c *conn) end() error {
	c.alive = nil
	return c.failed
}

func (c *conn) close() error {
	return errors.Join(c.forget(), c.raw.Close())
}

// forget closes the prepared statements.
func (c *conn) forget() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	clear(c.stmts)
	return errors.Join(errs...)
}

// exec runs a statement and says how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	result, err := c.result(query, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// bulkRows is how many rows execMany puts into one statement. More of them save
// little, and fill the cache of the processor.
const bulkRows = 64

// execMany inserts n rows of so many columns: head ends with VALUES, and f appends
// the i-th row's values. Nothing may be refused but by OR IGNORE: SQLite would have
// to keep a journal for each statement to undo half of it.
func (c *conn) execMany(head string, columns, n int, f func(args []any, i int) []any) (changed int64, err error) {
	one := `, (?` + strings.Repeat(`, ?`, columns-1) + `)`
	args := make([]any, 0, min(n, bulkRows)*columns)
	for from := 0; from < n; {
		rows := bulkRows
		if n-from < bulkRows {
			rows = 1 << (bits.Len(uint(n-from)) - 1) // a few sizes, so that statements are prepared once
		}
		args = args[:0]
		for i := range rows {
			args = f(args, from+i)
		}
		some, err := c.exec(c.bulk(head, one, rows), args...)
		if err != nil {
			return changed, err
		}
		changed += some
		from += rows
	}
	return changed, nil
}

// bulk is the text of an insert of so many rows.
func (c *conn) bulk(head, row string, rows int) string {
	key := bulkKey{head, rows}
	text, ok := c.bulks[key]
	if !ok {
		text = head + strings.Repeat(row, rows)[1:]
		c.bulks[key] = text
	}
	return text
}

type bulkKey struct {
	head string
	rows int
}

// insert runs a statement and returns the number of the new row, or 0 when
// there is none.
func (c *conn) insert(query string, args ...any) (int64, error) {
	result, err := c.result(query, args)
	if err != nil {
		return 0, err
	}
	if n, err := result.RowsAffected(); n == 0 || err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

func (c *conn) result(query string, args []any) (driver.Result, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	defer c.release(query, s)
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return nil, c.fail(err)
	}
	return result, nil
}

// fail explains an error of the driver and remembers it for the end of the
// transaction.
func (c *conn) fail(err error) error {
	err = explain(c.path, err)
	if c.failed == nil {
		c.failed = err
	}
	return err
}

// script runs statements that take no arguments and are not worth keeping.
func (c *conn) script(statements string) error {
	if _, err := c.raw.(driver.ExecerContext).ExecContext(context.Background(), statements, nil); err != nil {
		return explain(c.path, err)
	}
	return nil
}

// query calls each for every row.
func (c *conn) query(query string, args []any, each func(*row) error) error {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	defer c.release(query, s)
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return c.fail(err)
	}
	defer rows.Close()
	r := row{values: make([]driver.Value, len(rows.Columns()))}
	for {
		switch err := rows.Next(r.values); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return c.fail(err)
		}
		r.next = 0
		if err := each(&r); err != nil {
			return err
		}
		if r.err != nil {
			return fmt.Errorf("%s: %w", c.path, r.err)
		}
	}
}

func (c *conn) prepare(query string) (*stmt, error) {
	if c.alive != nil {
		if err := c.alive(); err != nil {
			if c != over && c.failed == nil {
				c.failed = err
			}
			return nil, err
		}
		if c.failed != nil { // SQLite may have given the transaction up: nothing is to happen outside it
			return nil, c.failed
		}
	}
	kept := c.stmts[query]
	if kept != nil && !kept.busy {
		kept.busy = true
		return kept, nil
	}
	prepared, err := c.raw.Prepare(query)
	if err != nil {
		return nil, c.fail(err)
	}
	s := &stmt{Stmt: prepared, busy: true}
	if kept == nil {
		c.stmts[query] = s
	}
	return s, nil
}

func (c *conn) release(query string, s *stmt) {
	s.busy = false
	if c.stmts[query] != s {
		_ = s.Close() // a second one, for a query within its own rows
	}
}

// bind returns args as the driver wants them; the slice is good until the next
// call.
func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, arg := range args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: column(arg)})
	}
	return c.args
}

// column is the stored form of a value of the contract.
func column(v any) driver.Value {
	switch v := v.(type) {
	case int:
		return int64(v)
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UnixMicro()
	case addr.Addr:
		return v.String()
	case campaign.Digest:
		return string(v)
	case store.SendState:
		return string(v)
	}
	return v // nil, int64, bool, string, []byte; the driver refuses others
}

// orNull stores "" as NULL, which unique indexes pass over.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// one reads the first row, or says store.ErrNotFound.
func one[T any](c *conn, read func(*row) T, query string, args ...any) (T, error) {
	var first T
	found := false
	err := c.query(query, args, func(r *row) error {
		if !found {
			first, found = read(r), true
		}
		return nil
	})
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return first, err
}

// all reads every row.
func all[T any](c *conn, read func(*row) T, query string, args ...any) ([]T, error) {
	var found []T
	err := c.query(query, args, func(r *row) error {
		found = append(found, read(r))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// noLimit is the LIMIT that a caller's limit stands for: none when it is not
// positive.
func noLimit(limit int) int {
	if limit <= 0 {
		return -1
	}
	return limit
}
