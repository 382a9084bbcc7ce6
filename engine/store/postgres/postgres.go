// Package postgres keeps the record in a PostgreSQL database, version 14 or newer.
//
// By role:
//   - the store: Open, Options, Store
//   - who writes: writer, which commits what comes at the same time together
//   - who reads: a pool of connections, each View one read transaction
//   - who waits: Store.Notifications, woken by commits of any process
//   - the schema: migrations/*.sql, applied by Open
//   - one file for each noun of the contract: people, events, consents, ledger …
//
// Enters: the URL of a database. Leaves: a store.Store over the tables of the
// schema that search_path names, else public.
// Refused: a schema of another program or of a newer herald, a server that takes
// no writes.
//
// # Durability
//
// A commit has been synced to the server's disk when Update returns, as the
// server's own settings say; Options.Relaxed trades that for speed. A lost
// connection undoes what was under way; only one that is lost during the commit
// itself leaves open whether it was kept, and the error says so.
//
// # Order
//
// One transaction writes at a time, among all processes: each begins with an
// advisory lock that the server gives to those who wait in the order in which they
// came. It draws its numbers (Seq, Change.Seq, Send.ID …) from rows within. So
// whoever has seen number n will never find a new row below n, an Update reads
// what is newest, and none is given up in favour of another. What this costs is
// made up for by the group: the updates of one process that wait meanwhile share
// one lock and one commit.
//
// # Text
//
// PostgreSQL holds no NUL within text: U+FFFD stands for it, and for what is not
// UTF-8.
package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/herald-campaigns/herald/engine/store"
)

// Options refine a Store. Their zero value is what production wants.
type Options struct {
	// Relaxed does not wait for the server's disk at each commit. What was
	// committed still survives the end of herald, but not that of the server.
	Relaxed bool
	// Patience is how long to wait for others: for another process that writes, or
	// for a free connection; 0 is 30 seconds.
	Patience time.Duration
}

func (o Options) patience() time.Duration {
	if o.Patience <= 0 {
		return 30 * time.Second
	}
	return o.Patience
}

// readers is how many Views there can be at once, where the URL says nothing
// (pool_max_conns).
const readers = 32

// Store is a store.Store in a database. Several processes may have the same one
// open.
type Store struct {
	where    string // for people: host, port and database
	channel  string
	patience time.Duration
	config   *pgx.ConnConfig
	pool     *pgxpool.Pool
	writer   *writer
	stop     context.CancelFunc

	mu      sync.Mutex
	closed  bool
	viewers sync.WaitGroup
	gone    chan struct{} // closed by Close
}

var _ store.Store = (*Store)(nil)

// Open opens the store at a URL: postgres://user@host:5432/database?search_path=herald
// with sslmode and what else libpq knows, and pool_max_conns for how many Views
// there can be at once. The database and schema must be there; tables are created,
// and those of an older herald are brought up to date. A pooler in between has to
// give whole sessions. No error shows the password.
func Open(ctx context.Context, url string, options Options) (*Store, error) {
	config, err := configure(url, options)
	if err != nil {
		return nil, err
	}
	s := &Store{
		where:    whereOf(config.ConnConfig),
		patience: options.patience(),
		config:   config.ConnConfig,
		gone:     make(chan struct{}),
	}
	schema, err := s.migrate(ctx)
	if err != nil {
		return nil, err
	}
	s.channel = "herald_" + strconv.FormatUint(uint64(hash(schema)), 36) //nolint:gosec // any number will do
	if s.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		return nil, explain(s.where, err)
	}
	base, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.writer = &writer{
		connect: s.connectWriter,
		where:   s.where,
		lock:    hash(schema),
		channel: s.channel,
		base:    base,
		queue:   make(chan *update, 64),
		ended:   make(chan struct{}),
	}
	go s.writer.run()
	return s, nil
}

// configure reads the URL and adds what herald wants of every connection.
func configure(url string, options Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the store's url cannot be read: write it as postgres://user:password@host:5432/database?sslmode=require (" +
			"it is not shown here, since it may hold a password)")
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = readers
	}
	config.MaxConnIdleTime = time.Minute
	c := config.ConnConfig
	c.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	set := func(name, value string) {
		if _, said := c.RuntimeParams[name]; !said {
			c.RuntimeParams[name] = value
		}
	}
	set("application_name", "herald")
	set("lock_timeout", strconv.FormatInt(options.patience().Milliseconds(), 10))
	set("idle_in_transaction_session_timeout", "600000") // a process that hangs does not hold all others for ever
	set("jit", "off")                                    // costs more than it gains for questions of this size
	set("work_mem", "64MB")                              // what is known of a window of events, of everybody, fits
	c.RuntimeParams["timezone"] = "UTC"
	c.RuntimeParams["client_encoding"] = "UTF8"
	c.RuntimeParams["standard_conforming_strings"] = "on"
	if options.Relaxed {
		c.RuntimeParams["synchronous_commit"] = "off"
	}
	return config, nil
}

// whereOf names a server and its database, without user and password.
func whereOf(c *pgx.ConnConfig) string {
	return fmt.Sprintf("PostgreSQL at %s:%d/%s", c.Host, c.Port, c.Database)
}

// hash is a number for a name.
func hash(name string) int64 {
	sum := sha256.Sum256([]byte("herald " + name))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1) //nolint:gosec // it fits
}

// connect makes a connection outside the pool.
func (s *Store) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, s.config.Copy())
}

// connectWriter makes the connection that writes. It asks for little at a time, and
// plans it while tables are small that will be large: it always looks things up.
func (s *Store) connectWriter(ctx context.Context) (*pgx.Conn, error) {
	config := s.config.Copy()
	config.RuntimeParams["enable_seqscan"] = "off"
	return pgx.ConnectConfig(ctx, config)
}

// View implements store.Store. Views do not wait for Updates, nor Updates for
// Views. A View within a View takes another connection: where all are taken, it
// gives up in the end.
func (s *Store) View(ctx context.Context, f func(store.Reader) error) error {
	return s.Read(ctx, func(_ *Snapshot, r store.Reader) error { return f(r) })
}

// beginView opens a snapshot and looks through it once, so that it is of now.
const beginView = `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1`

// Snapshot answers SQL within the read transaction of a Reader.
type Snapshot struct {
	store *Store
	pg    *pgx.Conn
}

// Each runs a query and calls f for each row, with its columns as the server sends
// them in binary form, nil for NULL. They are f's to read only until it returns.
func (s *Snapshot) Each(ctx context.Context, sql string, args []any, f func(columns [][]byte)) error {
	rows, err := s.pg.Query(ctx, sql, append([]any{pgx.QueryExecModeDescribeExec}, args...)...)
	if err != nil {
		return explain(s.store.where, err)
	}
	defer rows.Close()
	for rows.Next() {
		f(rows.RawValues())
	}
	return explain(s.store.where, rows.Err())
}

// Read is View for who asks in SQL, too. Both are f's until it returns.
func (s *Store) Read(ctx context.Context, f func(*Snapshot, store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	s.viewers.Add(1)
	s.mu.Unlock()
	defer s.viewers.Done()
	pooled, err := s.snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if !pooled.Conn().IsClosed() {
			_, _ = pooled.Conn().PgConn().Exec(end, `COMMIT`).ReadAll()
		}
		pooled.Release() // who is still in a transaction, or broken, is let go of
	}()
	c := &conn{pg: pooled.Conn(), where: s.where, ctx: ctx}
	c.begin(ctx.Err)
	r := &reader{c}
	defer func() { r.conn = over }()
	return f(&Snapshot{s, pooled.Conn()}, r)
}

// snapshot takes a connection and begins. One that broke while nobody used it is
// replaced.
func (s *Store) snapshot(ctx context.Context) (*pgxpool.Conn, error) {
	for again := false; ; again = true {
		waiting, cancel := context.WithTimeout(ctx, s.patience)
		pooled, err := s.pool.Acquire(waiting)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return nil, fmt.Errorf("%s: all %d connections are in use: raise pool_max_conns in the store's url", s.where, s.pool.Config().MaxConns)
		}
		if err != nil {
			return nil, explain(s.where, err)
		}
		_, err = pooled.Conn().PgConn().Exec(ctx, beginView).ReadAll()
		if err == nil {
			return pooled, nil
		}
		lost := pooled.Conn().IsClosed()
		pooled.Release()
		if !lost || again || ctx.Err() != nil {
			return nil, explain(s.where, err)
		}
		s.pool.Reset()
	}
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
	close(s.gone)
	s.mu.Unlock()
	s.viewers.Wait()
	s.writer.close()
	s.stop()
	s.pool.Close()
	return nil
}
