package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered step of the schema, from a file such as
// migrations/0001_record.sql. A file that was released is never edited.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations returns the embedded steps; their numbers are 1, 2, 3 …
func migrations() ([]migration, error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql") // sorted
	if err != nil {
		return nil, err
	}
	steps := make([]migration, 0, len(files))
	for i, file := range files {
		number, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s should have the number %04d", file, i+1)
		}
		sql, err := fs.ReadFile(migrationFiles, file)
		if err != nil {
			return nil, err
		}
		steps = append(steps, migration{i + 1, name, string(sql)})
	}
	return steps, nil
}

// oldest is the first version of the server that has all that is asked of it.
const oldest = 140000

// migrate brings the schema up to date and returns its name.
func (s *Store) migrate(ctx context.Context) (string, error) {
	steps, err := migrations()
	if err != nil {
		return "", err
	}
	pg, err := s.connect(ctx)
	if err != nil {
		return "", explain(s.where, err)
	}
	defer pg.Close(context.Background()) //nolint:errcheck // what counts is committed
	schema, err := s.look(ctx, pg)
	if err != nil {
		return "", err
	}
	return schema, s.apply(ctx, pg, schema, steps, time.Now())
}

// look asks the server for its version, its encoding and the schema.
func (s *Store) look(ctx context.Context, pg *pgx.Conn) (string, error) {
	var version, encoding string
	var schema *string
	err := pg.QueryRow(ctx, `SELECT current_setting('server_version_num'), current_setting('server_encoding'), current_schema()`).Scan(&version, &encoding, &schema)
	if err != nil {
		return "", explain(s.where, err)
	}
	if n, _ := strconv.Atoi(version); n < oldest {
		return "", fmt.Errorf("%s is PostgreSQL %d: herald needs 14 or newer", s.where, n/10000)
	}
	if encoding != "UTF8" {
		return "", fmt.Errorf("%s holds text as %s: create the database with ENCODING 'UTF8'", s.where, encoding)
	}
	if schema == nil {
		return "", fmt.Errorf("%s has no schema where search_path says: create it, or correct search_path in the store's url", s.where)
	}
	return *schema, nil
}

// apply brings the schema to the newest of steps, all in one transaction under a
// lock, and refuses what a newer program wrote or what is not ours.
func (s *Store) apply(ctx context.Context, pg *pgx.Conn, schema string, steps []migration, now time.Time) error {
	tx, err := pg.Begin(ctx)
	if err != nil {
		return explain(s.where, err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // after the commit there is nothing to undo
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, hash(schema)); err != nil {
		return explain(s.where, err)
	}
	version, err := s.version(ctx, tx)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%s was written by a newer herald (schema %d, this program knows %d): upgrade this program", s.where, version, len(steps))
	}
	for _, step := range steps[version:] {
		if _, err := tx.Conn().PgConn().Exec(ctx, step.sql).ReadAll(); err != nil {
			return fmt.Errorf("migration %04d_%s: %w", step.version, step.name, explain(s.where, err))
		}
		if _, err := tx.Exec(ctx, `INSERT INTO migrations (version, name, applied_at) VALUES ($1, $2, $3)`, step.version, step.name, now); err != nil {
			return explain(s.where, err)
		}
	}
	return explain(s.where, tx.Commit(ctx))
}

// version is the schema's; an empty one gets its table of versions.
func (s *Store) version(ctx context.Context, tx pgx.Tx) (int, error) {
	var tables, ours int
	err := tx.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE tablename = 'migrations') FROM pg_tables WHERE schemaname = current_schema()`).Scan(&tables, &ours)
	if err != nil {
		return 0, explain(s.where, err)
	}
	if tables == 0 {
		_, err := tx.Exec(ctx, `CREATE TABLE migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)`)
		return 0, explain(s.where, err)
	}
	if ours == 0 {
		return 0, fmt.Errorf("%s has tables of another program: give herald a schema or database of its own (search_path in the store's url)", s.where)
	}
	var version int
	err = tx.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM migrations`).Scan(&version)
	if code(err) == "42703" {
		err = errors.New("the table migrations is another program's: give herald a schema of its own")
	}
	return version, explain(s.where, err)
}
