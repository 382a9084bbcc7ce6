package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
)

// within changes the parameters of a URL.
func within(t *testing.T, address string, parameters ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	q := u.Query()
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// script runs statements beside a store.
func script(t *testing.T, address, statements string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer c.Close(context.Background())
	_, err = c.PgConn().Exec(t.Context(), statements).ReadAll()
	require.NoError(t, err)
}

// TestOpenRefuses looks at what Open says, and that it keeps the password to itself.
func TestOpenRefuses(t *testing.T) {
	const secret = "s3cr3t-word"
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, address string) string
		says    []string
	}{
		{"no URL", func(_ *testing.T, _ string) string { return "postgres://herald:" + secret + "@[::1/x" }, []string{"cannot be read", "postgres://user:password@host"}},
		{"no number", func(_ *testing.T, _ string) string { return "postgres://herald:" + secret + "@localhost:port/x" }, []string{"cannot be read"}},
		{"nobody there", func(_ *testing.T, _ string) string { return "postgres://herald:" + secret + "@127.0.0.1:1/x" }, []string{"127.0.0.1:1/x", "no connection to the server"}},
		{"no such database", func(t *testing.T, address string) string {
			u, err := url.Parse(address)
			require.NoError(t, err)
			u.Path = "/nowhere"
			return within(t, u.String(), "password", secret)
		}, []string{"no such database", "create it"}},
		{"no such schema", func(t *testing.T, address string) string {
			return within(t, address, "search_path", "nowhere", "password", secret)
		}, []string{"no schema", "search_path"}},
		{"a newer schema", func(t *testing.T, address string) string {
			require.NoError(t, open(t, address, Options{}).Close())
			script(t, address, `INSERT INTO migrations VALUES (99, 'from the future', now())`)
			return within(t, address, "password", secret)
		}, []string{"newer herald", "schema 99", "upgrade"}},
		{"tables of another program", func(t *testing.T, address string) string {
			script(t, address, `CREATE TABLE bookmarks (url text)`)
			return within(t, address, "password", secret)
		}, []string{"another program", "schema or database of its own"}},
		{"migrations of another program", func(t *testing.T, address string) string {
			script(t, address, `CREATE TABLE migrations (id text)`)
			return address
		}, []string{"another program"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(t.Context(), test.prepare(t, pgtest.URL(t)), Options{Patience: 5 * time.Second})
			require.Error(t, err)
			for _, words := range test.says {
				require.ErrorContains(t, err, words)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				require.NotContains(t, e.Error(), secret)
			}
		})
	}
}

// TestMigrations applies steps one after the other, all or none.
func TestMigrations(t *testing.T) {
	address := pgtest.URL(t)
	config, err := configure(address, Options{})
	require.NoError(t, err)
	s := &Store{where: "here", config: config.ConnConfig}
	pg, err := s.connect(t.Context())
	require.NoError(t, err)
	defer pg.Close(context.Background())
	migrate := func(sql ...string) error {
		steps := make([]migration, len(sql))
		for i, text := range sql {
			steps[i] = migration{i + 1, "step", text}
		}
		return s.apply(t.Context(), pg, "x", steps, time.Now())
	}
	count := func(query string) (n int) {
		require.NoError(t, pg.QueryRow(t.Context(), query).Scan(&n))
		return n
	}
	const create, add, bad = `CREATE TABLE a (x int)`, `INSERT INTO a VALUES (1)`, `INSERT INTO nowhere VALUES (1)`
	require.ErrorContains(t, migrate(create, add, bad), "0003_step")
	require.Zero(t, count(`SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()`), "nothing of it")
	require.NoError(t, migrate(create))
	require.NoError(t, migrate(create, add, add))
	require.NoError(t, migrate(create, add, add), "again is no harm")
	require.Equal(t, 2, count(`SELECT count(*) FROM a`))
	require.Equal(t, 3, count(`SELECT max(version) FROM migrations`))
	require.ErrorContains(t, migrate(create), "newer herald")
}

// TestServerRestarts stops the server within transactions: they fail and leave
// nothing, and when it is back all goes on.
func TestServerRestarts(t *testing.T) {
	cluster, err := pgtest.Start("fsync=on", "synchronous_commit=on")
	if errors.Is(err, pgtest.ErrNone) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer cluster.Stop()
	s := open(t, cluster.URL(), Options{Patience: 10 * time.Second})
	put := func(name string) error {
		return s.Update(t.Context(), func(tx store.Tx) error { return tx.SetCursor(name, 1) })
	}
	get := func(name string) (n int64, err error) {
		err = s.View(t.Context(), func(r store.Reader) (err error) { n, err = r.Cursor(name); return err })
		return n, err
	}
	require.NoError(t, put("before"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	words := s.Notifications(ctx)
	<-words // it listens

	err = s.Update(t.Context(), func(tx store.Tx) error {
		require.NoError(t, tx.SetCursor("within", 1))
		_, err := tx.CountPeople()
		require.NoError(t, err)
		cluster.Halt()
		_, err = tx.CountPeople()
		require.Error(t, err)
		return nil // and swallows it
	})
	require.ErrorContains(t, err, "connection")
	require.ErrorContains(t, put("down"), "connection")
	_, err = get("before")
	require.ErrorContains(t, err, "connection")

	require.NoError(t, cluster.Run())
	n, err := get("before")
	require.NoError(t, err, "the next call works")
	require.EqualValues(t, 1, n)
	require.NoError(t, put("after"))
	for _, name := range []string{"within", "down"} {
		n, err := get(name)
		require.NoError(t, err)
		require.Zero(t, n, name)
	}
	_, open := <-words
	require.True(t, open, "it listens again, and says that something may have been missed")

	cluster.Halt()
	require.NoError(t, cluster.Run())
	require.NoError(t, put("again"), "a connection that broke while nobody used it is no error")
	cluster.Halt()
	require.NoError(t, cluster.Run())
	_, err = get("again")
	require.NoError(t, err)
}

// TestHeld gives up when another process writes for too long, and says so.
func TestHeld(t *testing.T) {
	address := pgtest.URL(t)
	holder := open(t, address, Options{})
	s := open(t, address, Options{Patience: 50 * time.Millisecond})
	patient := open(t, address, Options{})
	require.NoError(t, holder.Update(t.Context(), func(store.Tx) error {
		err := s.Update(t.Context(), func(store.Tx) error { return nil })
		require.ErrorContains(t, err, "another process has been writing")
		require.NoError(t, s.View(t.Context(), func(r store.Reader) error { _, err := r.CountPeople(); return err }), "who reads does not wait")

		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, patient.Update(ctx, func(store.Tx) error { return nil }), context.DeadlineExceeded)
		return nil
	}))
	require.NoError(t, s.Update(t.Context(), func(store.Tx) error { return nil }))
	require.NoError(t, patient.Update(t.Context(), func(store.Tx) error { return nil }))
}

// TestNoConnectionLeft has a View wait for itself: it gives up and says why.
func TestNoConnectionLeft(t *testing.T) {
	s := open(t, within(t, pgtest.URL(t), "pool_max_conns", "1"), Options{Patience: 50 * time.Millisecond})
	look := func(r store.Reader) error { _, err := r.CountPeople(); return err }
	require.NoError(t, s.View(t.Context(), func(store.Reader) error {
		require.ErrorContains(t, s.View(t.Context(), look), "all 1 connections are in use")
		return nil
	}))
	require.NoError(t, s.View(t.Context(), look))
}

// TestErrors maps what the server says.
func TestErrors(t *testing.T) {
	server := func(code string) error {
		return explain("here", &pgconn.PgError{Severity: "ERROR", Code: code, Message: "no"})
	}
	require.ErrorIs(t, server("53100"), store.ErrFull)
	require.ErrorContains(t, server("53100"), "make room")
	require.ErrorContains(t, server("25006"), "primary")
	require.ErrorContains(t, server("28P01"), "refuses the user")
	require.ErrorContains(t, server("53300"), "max_connections")
	require.ErrorContains(t, server("54000"), "too long")
	require.True(t, isConflict(server("40001")))
	require.True(t, isConflict(server("40P01")))
	require.True(t, isLost(server("57P01")))
	require.Equal(t, context.Canceled, explain("here", context.Canceled))
	require.NoError(t, explain("here", nil))
}

// TestConflictRunsAgain has the server give an Update up twice, as it does for a
// deadlock with another program; the third time it is kept, and so is who joined.
func TestConflictRunsAgain(t *testing.T) {
	s := open(t, pgtest.URL(t), Options{})
	const deadlock = `DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '40P01'; END $$`
	runs := 0
	require.NoError(t, s.Update(t.Context(), func(t store.Tx) error {
		if runs++; runs < 3 {
			_, err := t.(*tx).exec(deadlock)
			return err
		}
		return t.SetCursor("kept", int64(runs))
	}))
	require.Equal(t, 3, runs)
	err := s.Update(t.Context(), func(t store.Tx) error { _, err := t.(*tx).exec(deadlock); return err })
	require.ErrorIs(t, err, errAgain)
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		n, err := r.Cursor("kept")
		require.EqualValues(t, 3, n)
		return err
	}))
}

// TestFull has the server say that its disk is full: nothing is kept, whatever the
// function makes of it, and with room it goes on.
func TestFull(t *testing.T) {
	s := open(t, pgtest.URL(t), Options{})
	full := func(swallow bool) error {
		return s.Update(t.Context(), func(t store.Tx) error {
			if err := t.SetCursor("full", 1); err != nil {
				return err
			}
			_, err := t.(*tx).exec(`DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '53100'; END $$`)
			if swallow {
				return nil
			}
			return err
		})
	}
	require.ErrorIs(t, full(false), store.ErrFull)
	require.ErrorIs(t, full(true), store.ErrFull)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		n, err := tx.Cursor("full")
		require.Zero(t, n)
		return err
	}))
}

// TestText stores what PostgreSQL cannot hold as it is.
func TestText(t *testing.T) {
	s := open(t, pgtest.URL(t), Options{})
	odd := map[string]any{"nul": "a\x00b", "slashes": `\u0000 \\u0000`, "both": "\\\x00", "broken": "a\xffb", "fine": "ü€😀\"'\\"}
	var got store.Person
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: "k\x00", Attributes: odd})
		require.NoError(t, err)
		_, err = tx.AppendEvents([]store.Event{{Person: p.ID, Name: "x\x00", MessageID: "m\xff", Properties: odd}})
		require.NoError(t, err)
		got, err = tx.PersonByKey("k\x00")
		return err
	}))
	require.Equal(t, "k\uFFFD", got.Key)
	require.Equal(t, map[string]any{"nul": "a\uFFFDb", "slashes": `\u0000 \\u0000`, "both": "\\\uFFFD", "broken": "a\uFFFDb", "fine": "ü€😀\"'\\"}, got.Attributes)
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		e, err := r.EventByMessageID("m\xff")
		require.Equal(t, "x\uFFFD", e.Name)
		require.True(t, e.At.IsZero())
		return err
	}))
	err := s.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Identify(store.Person{Key: noise(9000)})
		return err
	})
	require.ErrorContains(t, err, "too long")
	require.NotContains(t, err.Error(), noise(9000)[:50])
}

// noise is text that does not compress.
func noise(n int) string {
	var b strings.Builder
	for x := uint64(1); b.Len() < n; x = x*6364136223846793005 + 1442695040888963407 {
		b.WriteByte(byte('!' + (x>>33)%90))
	}
	return b.String()
}
