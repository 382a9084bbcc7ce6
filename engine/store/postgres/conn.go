package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// conn is one connection. One goroutine uses it at a time.
//
// What a statement does is often of no interest to the next: it is put off by
// later, and travels with the next statement that is asked for an answer.
type conn struct {
	pg    *pgx.Conn
	where string
	ctx   context.Context //nolint:containedctx // what statements run under: of a View, or of the store
	queue []statement
	owed  int  // how many of the queue are of updates that have had their turn
	late  bool // one of those has failed
	sent  int  // how often it was asked for something

	alive  func() error // of the transaction under way; nil outside one
	failed error        // what first went wrong within it
}

type statement struct {
	query string
	args  []any
}

// over stands in for the connection of a transaction that has ended.
var over = &conn{alive: func() error { return errOver }}

// queueSize is how many statements wait for company.
const queueSize = 500

// begin opens a transaction's worth of use, which ends when alive says so.
// What is in the queue is owed to others.
func (c *conn) begin(alive func() error) {
	c.alive, c.failed, c.late, c.owed = alive, nil, false, len(c.queue)
}

// end ends it, and says what first went wrong.
func (c *conn) end() error {
	c.alive = nil
	return c.failed
}

// usable asks whether the transaction is still under way.
func (c *conn) usable() error {
	if c.alive == nil {
		return nil
	}
	err := c.alive()
	if err != nil && c != over && c.failed == nil {
		c.failed = err
	}
	return err
}

// fail explains an error of the driver and remembers it for the end of the
// transaction.
func (c *conn) fail(err error) error {
	err = explain(c.where, err)
	if c.failed == nil {
		c.failed = err
	}
	return err
}

// script runs statements that take no arguments, as they stand.
func (c *conn) script(ctx context.Context, statements string) error {
	_, err := c.pg.PgConn().Exec(ctx, statements).ReadAll()
	return explain(c.where, err)
}

// later runs a statement with the next one, or with the commit.
func (c *conn) later(query string, args ...any) error {
	if err := c.usable(); err != nil {
		return err
	}
	c.queue = append(c.queue, statement{query, bind(args)})
	if len(c.queue) < queueSize {
		return nil
	}
	return c.flush()
}

// flush runs what was put off.
func (c *conn) flush() error {
	if len(c.queue) == 0 {
		return nil
	}
	last := c.queue[len(c.queue)-1]
	c.queue = c.queue[:len(c.queue)-1]
	_, err := c.send(last, nil)
	return err
}

// exec runs a statement and says how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	if err := c.usable(); err != nil {
		return 0, err
	}
	return c.send(statement{query, bind(args)}, nil)
}

// query calls each for every row. Each must not use the connection.
func (c *conn) query(query string, args []any, each func(*row) error) error {
	if err := c.usable(); err != nil {
		return err
	}
	_, err := c.send(statement{query, bind(args)}, each)
	return err
}

// send runs what was put off and one more statement in one go, and returns how
// many rows the last one changed.
func (c *conn) send(last statement, each func(*row) error) (int64, error) {
	c.sent++
	if len(c.queue) == 0 {
		return c.sendOne(last, each)
	}
	owed := c.owed
	c.owed = 0
	batch := &pgx.Batch{}
	for _, s := range c.queue {
		batch.Queue(s.query, s.args...)
	}
	batch.Queue(last.query, last.args...)
	n := len(c.queue)
	c.queue = c.queue[:0]
	results := c.pg.SendBatch(c.ctx, batch)
	for i := range n {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			c.late = i < owed
			return 0, c.fail(err)
		}
	}
	var changed int64
	rows, err := results.Query()
	if err == nil {
		changed, err = c.read(rows, each)
	} else {
		err = c.fail(err)
	}
	if closed := results.Close(); err == nil && closed != nil {
		err = c.fail(closed)
	}
	return changed, err
}

func (c *conn) sendOne(s statement, each func(*row) error) (int64, error) {
	rows, err := c.pg.Query(c.ctx, s.query, s.args...)
	if err != nil {
		return 0, c.fail(err)
	}
	return c.read(rows, each)
}

// read hands the rows out and closes them.
func (c *conn) read(rows pgx.Rows, each func(*row) error) (int64, error) {
	defer rows.Close()
	r := row{}
	for rows.Next() {
		if each == nil {
			continue
		}
		r.values, r.next = rows.RawValues(), 0
		if err := each(&r); err != nil {
			return 0, err
		}
		if r.err != nil {
			return 0, fmt.Errorf("%s: %w", c.where, r.err)
		}
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return 0, c.fail(err)
	}
	return rows.CommandTag().RowsAffected(), nil
}

// bind turns values of the contract into what the driver takes, in place; once.
func bind(args []any) []any {
	for i, arg := range args {
		args[i] = column(arg)
	}
	return args
}

// column is the stored form of a value of the contract.
func column(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case string:
		return clean(v)
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC()
	case always:
		return time.Time(v).UTC()
	case addr.Addr:
		return v.String()
	case campaign.Digest:
		return clean(string(v))
	case store.SendState:
		return string(v)
	case []string:
		return cleanAll(v)
	}
	return v // nil, int64, bool, []byte, lists of them; the driver refuses others
}

// clean is s as PostgreSQL can hold it: well-formed UTF-8 without NUL, for which
// U+FFFD stands.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func cleanAll(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}

// always is an instant that is never NULL: Go's zero time is itself.
type always time.Time

// jsonText is a JSON value as PostgreSQL can hold it; see clean.
func jsonText(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return withoutNUL(string(text)), nil
}

// withoutNUL replaces escaped NULs, which jsonb refuses.
func withoutNUL(text string) string {
	const nul = `\u0000`
	for from := 0; ; {
		i := strings.Index(text[from:], nul)
		if i < 0 {
			return text
		}
		i += from
		slashes := 0
		for i-slashes > 0 && text[i-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			text = text[:i] + `\ufffd` + text[i+len(nul):]
		}
		from = i + len(nul)
	}
}

// objectText is the stored form of a JSON object; nil and empty are {}.
func objectText(m map[string]any) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	return jsonText(m)
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
func noLimit(limit int) any {
	if limit <= 0 {
		return nil
	}
	return int64(limit)
}
