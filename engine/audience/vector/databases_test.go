package vector_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/vector"
	"github.com/herald-campaigns/herald/engine/store"
)

// The same four questions in SQL, with $1 the instant 90 days ago, $2 that 30 days
// ago, $3 now, all in microseconds.
var queries = map[string]string{
	"a-attributes": `SELECT count(*) FROM people WHERE country = 'AA' AND points > 50 AND plan = 'free'`,
	"b-sum-90d": `SELECT count(*) FROM (SELECT person FROM orders WHERE at > $1 AND at <= $3
		GROUP BY person HAVING sum(total) >= 200) AS big`,
	"c-all": `SELECT count(*) FROM people p WHERE country = 'AA' AND points > 50 AND plan = 'free'
		AND (SELECT sum(total) FROM orders o WHERE o.person = p.id AND o.at > $1 AND o.at <= $3) >= 200
		AND NOT EXISTS (SELECT 1 FROM opens o WHERE o.person = p.id AND o.at > $2 AND o.at <= $3)`,
	"d-negation": `SELECT count(*) FROM people p
		WHERE NOT EXISTS (SELECT 1 FROM opens o WHERE o.person = p.id AND o.at > $2 AND o.at <= $3)`,
}

// Each table has the indexes that answer these questions without the table.
var schema = []string{
	`CREATE TABLE people (id bigint PRIMARY KEY, country text, points double precision, plan text, city text, spend double precision,
		birthday text, member_since text, store text, wholesale boolean, last_seen text, dietary text, home text)`,
	`CREATE TABLE orders (person bigint, at bigint, total double precision)`,
	`CREATE TABLE opens (person bigint, at bigint)`,
}

var indexes = []string{
	`CREATE INDEX people_by_attributes ON people (country, plan, points, id)`,
	`CREATE INDEX orders_by_person ON orders (person, at, total)`,
	`CREATE INDEX orders_by_time ON orders (at, person, total)`,
	`CREATE INDEX opens_by_person ON opens (person, at)`,
	`CREATE INDEX opens_by_time ON opens (at, person)`,
}

// BenchmarkAgainstDatabases asks the figures of columns, of PostgreSQL and of SQLite
// over the same people, all in this run, and prints the CPU time of each. The
// databases have an index made for each question; that of the three attributes
// leads straight to those people, which is faster than going over everybody:
//
//	HERALD_BENCH_DATABASES=1 HERALD_BENCH_FULL=1 go test -run xxx -bench AgainstDatabases -benchtime 1x -timeout 60m ./engine/audience/vector
//
// The databases count; the columns give two sets. PostgreSQL is given one process,
// so that its CPU time is that of one backend, and the best of three runs counts.
func BenchmarkAgainstDatabases(b *testing.B) {
	if os.Getenv("HERALD_BENCH_DATABASES") == "" {
		b.Skip("set HERALD_BENCH_DATABASES=1: it fills two databases")
	}
	large(b)
	post, lite := newPostgres(b), newLite(b)
	for b.Loop() {
		fmt.Printf("%d people, about %d events; CPU time in ms\n%-14s %10s %12s %8s %12s %8s\n", population().People, population().Events,
			"", "columns", "PostgreSQL", "ratio", "SQLite", "ratio")
		for _, f := range figures {
			p := compiled(b, f.src)[0]
			people := 0
			ours := best(func() time.Duration {
				before := cpu()
				yes, _ := p.Select(audiencetest.Now)
				took := cpu() - before
				people = count(yes)
				return took
			})
			theirs, n := post.ask(b, f.name)
			require.InDelta(b, people, n, 2, f.name) // sums in another order
			lites, m := lite.ask(b, f.name)
			require.InDelta(b, people, m, 2, f.name)
			fmt.Printf("%-14s %10.2f %12.1f %7.0fx %12.1f %7.0fx   %d people\n", f.name, ms(ours), ms(theirs), ms(theirs)/ms(ours), ms(lites),
				ms(lites)/ms(ours), people)
		}
		fmt.Printf("a hundred segments of one person: %.1f µs\n", hundredOfOne(b))
	}
}

// hundredOfOne is what asking a hundred segments of one person takes, in
// microseconds, over people who lie far apart.
func hundredOfOne(b *testing.B) float64 {
	const rounds = 20_000
	programs, n := hundred(b), uint32(len(crowdOnce.table.IDs))
	truths := make([]expr.Truth, len(programs))
	took := best(func() time.Duration {
		before := cpu()
		for i := range uint32(rounds) {
			vector.TestMany(programs, i*7919%n, audiencetest.Now, truths)
		}
		return cpu() - before
	})
	return float64(took.Nanoseconds()) / 1000 / rounds
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func best(run func() time.Duration) time.Duration {
	least := run()
	for range 4 {
		least = min(least, run())
	}
	return least
}

// written is a query with the instants that it names.
func written(query string) string {
	now := audiencetest.Now
	for i, at := range []time.Time{now.Add(-90 * aDay), now.Add(-30 * aDay), now} {
		name := fmt.Sprintf("$%d", i+1)
		query = strings.ReplaceAll(query, name, strconv.FormatInt(at.UnixMicro(), 10))
	}
	return query
}

// row is a person's row of people.
func row(s *audiencetest.Someone) []any {
	a := func(name string) any { return s.Attributes[name] }
	asText := func(name string) any {
		if v := a(name); v != nil {
			return fmt.Sprint(v)
		}
		return nil
	}
	country := a("country")
	if country == nil {
		country = "DE" // the default
	}
	return []any{s.ID, country, a("points"), a("plan"), a("city"), a("spend"), a("birthday"), a("member_since"), a("store"), a("wholesale"),
		a("last_seen"), asText("dietary"), asText("home")}
}

// columnsOf are the values of an event's row; the label tells the table.
func columnsOf(e *store.Event) (table string, values []any) {
	switch e.Name {
	case "order_completed":
		return "orders", []any{e.Person, e.At.UnixMicro(), e.Properties["total"]}
	case "email_opened":
		return "opens", []any{e.Person, e.At.UnixMicro()}
	}
	return "", nil
}

// postgres is a cluster of its own, thrown away at the end.
type postgres struct {
	conn    *pgx.Conn
	backend int
}

func newPostgres(b *testing.B) *postgres {
	b.Helper()
	const bin = "/usr/lib/postgresql/15/bin/"
	dir, err := os.MkdirTemp("", "herald-figures")
	require.NoError(b, err)
	b.Cleanup(func() { os.RemoveAll(dir) })
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(bin+name, args...)
		if os.Geteuid() == 0 {
			require.NoError(b, exec.Command("chown", "-R", "postgres", dir).Run())
			cmd = exec.Command("runuser", append([]string{"-u", "postgres", "--", bin + name}, args...)...)
		}
		cmd.Dir = dir
		return cmd
	}
	data := filepath.Join(dir, "data")
	out, err := command("initdb", "-D", data, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C").CombinedOutput()
	require.NoError(b, err, string(out))
	options := fmt.Sprintf("-k %s -c listen_addresses= -c shared_buffers=1GB -c work_mem=512MB -c maintenance_work_mem=1GB -c fsync=off "+
		"-c max_wal_size=8GB -c max_parallel_workers_per_gather=0 -c jit=off -c wal_level=minimal -c autovacuum=off -c max_wal_senders=0", dir)
	out, err = command("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", options, "start").CombinedOutput()
	require.NoError(b, err, string(out))
	b.Cleanup(func() { _ = command("pg_ctl", "-D", data, "-m", "immediate", "stop").Run() })
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "host="+dir+" user=postgres dbname=postgres")
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close(ctx) })
	p := &postgres{conn: conn}
	p.fill(b)
	require.NoError(b, conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&p.backend))
	return p
}

func (p *postgres) fill(b *testing.B) {
	ctx := context.Background()
	exec := func(statements ...string) {
		for _, s := range statements {
			_, err := p.conn.Exec(ctx, s)
			require.NoError(b, err, s)
		}
	}
	exec(schema...)
	waiting := map[string][][]any{}
	flush := func(table string, names ...string) {
		_, err := p.conn.CopyFrom(ctx, pgx.Identifier{table}, names, pgx.CopyFromRows(waiting[table]))
		require.NoError(b, err)
		waiting[table] = nil
	}
	all := func() {
		flush("people", "id", "country", "points", "plan", "city", "spend", "birthday", "member_since", "store", "wholesale", "last_seen", "dietary", "home")
		flush("orders", "person", "at", "total")
		flush("opens", "person", "at")
	}
	for s := range population().All() {
		waiting["people"] = append(waiting["people"], row(s))
		for i := range s.Events {
			if table, values := columnsOf(&s.Events[i]); table != "" {
				waiting[table] = append(waiting[table], values)
			}
		}
		if s.ID%10_000 == 0 {
			all()
		}
	}
	all()
	exec(indexes...)
	exec("VACUUM (FREEZE, ANALYZE)")
}

func (p *postgres) ask(b *testing.B, name string) (time.Duration, int) {
	query := written(queries[name])
	n := 0
	took := best(func() time.Duration {
		before := p.cpu(b)
		require.NoError(b, p.conn.QueryRow(context.Background(), query).Scan(&n))
		return p.cpu(b) - before
	})
	return took, n
}

// cpu is what the backend has run, by the scheduler's count.
func (p *postgres) cpu(b *testing.B) time.Duration {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", p.backend))
	require.NoError(b, err)
	ran, err := strconv.ParseInt(strings.Fields(string(line))[0], 10, 64)
	require.NoError(b, err)
	return time.Duration(ran)
}

// lite is a SQLite database in a file.
type lite struct{ db *sql.DB }

func newLite(b *testing.B) *lite {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "figures.db")+"?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-1000000)&_pragma=temp_store(memory)")
	require.NoError(b, err)
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	for _, s := range schema {
		_, err := db.Exec(s)
		require.NoError(b, err)
	}
	tx, err := db.Begin()
	require.NoError(b, err)
	insert := map[string]*sql.Stmt{}
	for table, values := range map[string]string{"people": "?,?,?,?,?,?,?,?,?,?,?,?,?", "orders": "?,?,?", "opens": "?,?"} {
		insert[table], err = tx.Prepare("INSERT INTO " + table + " VALUES (" + values + ")")
		require.NoError(b, err)
	}
	for s := range population().All() {
		_, err := insert["people"].Exec(row(s)...)
		require.NoError(b, err)
		for i := range s.Events {
			if table, values := columnsOf(&s.Events[i]); table != "" {
				_, err := insert[table].Exec(values...)
				require.NoError(b, err)
			}
		}
	}
	require.NoError(b, tx.Commit())
	for _, s := range append(indexes, "ANALYZE") {
		_, err := db.Exec(s)
		require.NoError(b, err)
	}
	return &lite{db}
}

func (l *lite) ask(b *testing.B, name string) (time.Duration, int) {
	query := written(queries[name])
	n := 0
	took := best(func() time.Duration {
		before := cpu()
		require.NoError(b, l.db.QueryRow(query).Scan(&n))
		return cpu() - before
	})
	return took, n
}
