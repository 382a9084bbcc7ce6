package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/storetest"
)

// open opens a store for a test.
func open(t testing.TB, dir string, options Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, options)
	require.NoError(t, err)
	return s
}

func TestConformance(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T) store.Store { return dumper{open(t, t.TempDir(), Options{})} })
}

// dumper tells all that is in a store.
type dumper struct{ *Store }

func (d dumper) Dump(t *testing.T) string {
	c, err := connect(dsn(d.path, nil), d.path)
	require.NoError(t, err)
	defer c.close()
	tables, err := all(c, (*row).text, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	require.NoError(t, err)
	require.Greater(t, len(tables), 20)
	var b strings.Builder
	for _, table := range tables {
		require.NoError(t, c.query(`SELECT * FROM `+table, nil, func(r *row) error {
			for _, v := range r.values {
				switch v := v.(type) {
				case []byte:
					b.Write(v)
				default:
					fmt.Fprint(&b, v)
				}
				b.WriteByte('\n')
			}
			return nil
		}))
	}
	return b.String()
}

// TestQueryPlans asks SQLite how it would answer each query that the suite
// brings about: none may read a whole table that grows, but to count it.
func TestQueryPlans(t *testing.T) {
	asked := map[string]bool{}
	storetest.Exercise(t, func(t *testing.T) store.Store {
		return &listener{open(t, t.TempDir(), Options{Relaxed: true}), asked}
	})
	s := open(t, t.TempDir(), Options{})
	defer s.Close()
	for query := range asked {
		for _, step := range plan(t, s.writer.conn, query) {
			require.True(t, mayScan[step] || strings.HasSuffix(step, "-ROW VALUES CLAUSE"), "%s\n%s", step, query)
		}
	}
	require.Greater(t, len(asked), 80)
}

// mayScan are the steps of plans that may read from end to end.
var mayScan = map[string]bool{
	"SCAN CONSTANT ROW": true, "SCAN json_each VIRTUAL TABLE INDEX 1:": true, // arguments
	"SCAN live_head": true, "SCAN sqlite_schema": true, "SCAN segment_sizes": true, "SCAN sqlite_sequence": true, "SCAN suppressed_hashes": true, // small, or one row
	"SCAN aliases USING COVERING INDEX aliases_person": true, // is there one
	"SCAN live":   true,                                                                          // all of it is asked for
	"SCAN outbox": true, "SCAN rejected": true, "SCAN applies USING INDEX applies_started": true, // up to a limit, in this order
	"SCAN cohorts USING INDEX cohorts_open": true,                          // the same; it has only the open ones
	"SCAN people":                           true,                          // counted
	"SCAN person_events":                    true,                          // counted
	"SCAN sends":                            true, "SCAN enrolments": true, // counted by campaign and step
}

// plan is how SQLite would answer a query: the steps that scan.
func plan(t *testing.T, c *conn, query string) []string {
	t.Helper()
	var steps []string
	require.NoError(t, c.query(`EXPLAIN QUERY PLAN `+query, make([]any, strings.Count(query, "?")+8), func(r *row) error {
		if step := r.values[3].(string); len(step) > 5 && step[:5] == "SCAN " {
			steps = append(steps, step)
		}
		return nil
	}))
	return steps
}

// listener notes what is asked of a store.
type listener struct {
	*Store
	asked map[string]bool
}

func (l *listener) View(ctx context.Context, f func(store.Reader) error) error {
	return l.Store.View(ctx, func(r store.Reader) error {
		defer l.note(r.(*reader).conn)
		return f(r)
	})
}

func (l *listener) Update(ctx context.Context, f func(store.Tx) error) error {
	return l.Store.Update(ctx, func(t store.Tx) error {
		defer l.note(t.(*tx).conn)
		return f(t)
	})
}

func (l *listener) note(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for query := range c.stmts {
		l.asked[query] = true
	}
}

func TestTheFileIsTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	s, err := Open(t.Context(), dir, Options{})
	require.NoError(t, err)
	defer s.Close()
	for _, name := range []string{FileName, FileName + "-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, name)
	}
}
