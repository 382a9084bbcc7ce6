package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/headers"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// databaseFile is the database's name within the data directory.
	databaseFile = "temporal.db"
	// clusterName is written into the namespace when it is created: it must
	// never change, or the server would think itself a passive replica.
	clusterName = "herald"
	// retention is how long a closed workflow remains visible.
	retention = 7 * 24 * time.Hour
	// busyTimeoutMillis is how long a connection waits for another's lock.
	busyTimeoutMillis = "10000"
)

// prepareStore makes the database ready for the server, schema and namespace
// included, and returns how to reach it.
func prepareStore(opts options) (*config.SQL, error) {
	cfg := memoryStore()
	if opts.dataDir != "" {
		file := filepath.Join(opts.dataDir, databaseFile)
		if err := ensureSchema(file); err != nil {
			return nil, fmt.Errorf("database %s: %w", file, err)
		}
		cfg = fileStore(file)
	}

	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, opts.namespace, false, opts.attributes)
	if err != nil {
		return nil, fmt.Errorf("namespace %q: %w", opts.namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(retention)
	if err := sqliteschema.CreateNamespaces(cfg, namespace); err != nil {
		return nil, fmt.Errorf("namespace %q: %w", opts.namespace, err)
	}
	return cfg, nil
}

// fileStore tells the server how to open file. Every attribute but mode becomes
// a pragma on each connection. Write-ahead mode is what makes a file fast enough:
// the default journal is ten times slower. With it, synchronous=NORMAL syncs at
// checkpoints alone: a killed process loses nothing, for the kernel has what was
// written. The server keeps to one connection, as it does by default: its
// transactions read before they write, and two such cannot both go on.
func fileStore(file string) *config.SQL {
	return &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: uriPath(file),
		ConnectAttributes: map[string]string{
			"mode":         "rwc",
			"journal_mode": "WAL",
			"synchronous":  "NORMAL",
			"busy_timeout": busyTimeoutMillis,
		},
	}
}

// memoryStore tells the server to keep everything in memory, where it sets up
// the schema by itself.
func memoryStore() *config.SQL {
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      clusterName,
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

// uriPath escapes what would end the path of an SQLite file: URI, which is what
// the server makes of a database's name.
func uriPath(file string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(file)
}

// ensureSchema creates Temporal's tables in an empty file, all or none, and
// otherwise checks that the file has just this version of them. The fingerprint
// of the schema is kept in SQLite's user_version.
func ensureSchema(file string) (err error) {
	want, statements, err := schema()
	if err != nil {
		return err
	}
	if err := createPrivate(file); err != nil {
		return err
	}

	// The driver is the one that the server's plugin brings along.
	db, err := sql.Open("sqlite", "file:"+uriPath(file)+"?"+url.Values{
		"_pragma": {"busy_timeout=" + busyTimeoutMillis},
	}.Encode())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing, once committed

	var tables, have int32
	if err := tx.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if err := tx.QueryRow("PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	switch {
	case tables > 0 && have == want:
		return nil
	case tables > 0:
		return fmt.Errorf("its schema (%08x) is not that of Temporal %s (%08x), and Temporal cannot migrate SQLite files: run the herald-temporal that wrote it, or move the file away to begin anew without its workflows",
			uint32(have), headers.ServerVersion, uint32(want))
	}

	for _, statement := range statements {
		if _, err := tx.Exec(statement); err != nil {
			return fmt.Errorf("create schema: %w", err)
		}
	}
	if _, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", want)); err != nil {
		return fmt.Errorf("create schema: %w", err)
	}
	return tx.Commit()
}

// createPrivate makes file exist, for its owner alone; what SQLite puts beside it
// takes its permissions.
func createPrivate(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// schema returns the statements of Temporal's schema and their fingerprint.
func schema() (fingerprint int32, statements []string, err error) {
	var rec recorder
	if err := sqliteschema.SetupSchemaOnDB(&rec); err != nil {
		return 0, nil, fmt.Errorf("read Temporal's schema: %w", err)
	}
	sum := crc32.ChecksumIEEE([]byte(strings.Join(rec.statements, ";\n")))
	return int32(sum), rec.statements, nil
}

// recorder stands in for a database and only notes what it is told to execute:
// Temporal exports a function that applies its schema, not the schema.
type recorder struct {
	sqlplugin.AdminDB
	statements []string
}

// Exec notes statement.
func (r *recorder) Exec(statement string, _ ...any) error {
	r.statements = append(r.statements, statement)
	return nil
}
