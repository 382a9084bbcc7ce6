package sqlite

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered step of the schema, from a file such as
// migrations/0001_record.sql. A file that was released is never edited.
type migration struct {
	version int
	name    string
	sql     string
	then    func(*conn) error // nil: nothing more
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
		steps = append(steps, migration{i + 1, name, string(sql), afterwards[i+1]})
	}
	return steps, nil
}

// migrate brings the schema to the newest of steps, all in the transaction that
// the caller holds, and refuses what a newer program wrote or what is not ours.
func (c *conn) migrate(steps []migration, now time.Time) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	if version > int64(len(steps)) {
		return fmt.Errorf("%s was written by a newer herald (schema %d, this program knows %d): upgrade this program", c.path, version, len(steps))
	}
	for _, step := range steps[version:] {
		if err := c.script(step.sql); err != nil {
			return fmt.Errorf("migration %04d_%s: %w", step.version, step.name, err)
		}
		if more := step.then; more != nil {
			if err := more(c); err != nil {
				return fmt.Errorf("migration %04d_%s: %w", step.version, step.name, err)
			}
		}
		if _, err := c.exec(`INSERT INTO migrations (version, name, applied_at) VALUES (?, ?, ?)`, step.version, step.name, now); err != nil {
			return err
		}
	}
	return nil
}

// version is the schema's; a new file gets its table of versions.
func (c *conn) version() (int64, error) {
	tables, err := one(c, (*row).int64, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	if err != nil {
		return 0, err
	}
	if tables == 0 {
		return 0, c.script(`CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER) STRICT`)
	}
	ours, err := one(c, (*row).bool, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'`)
	if err != nil {
		return 0, err
	}
	if !ours {
		return 0, fmt.Errorf("%s is a SQLite database of another program: give herald a folder of its own", c.path)
	}
	return one(c, (*row).int64, `SELECT coalesce(max(version), 0) FROM migrations`)
}
