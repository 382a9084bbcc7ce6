package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnsureSchema(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a?b#c%41.db")
	require.NoError(t, ensureSchema(file), "an empty file")
	require.NoError(t, ensureSchema(file), "one of this schema")

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	db, err := sql.Open("sqlite", "file:"+uriPath(file))
	require.NoError(t, err)
	var executions int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM executions").Scan(&executions))
	_, err = db.Exec("PRAGMA user_version = 7")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	err = ensureSchema(file)
	require.ErrorContains(t, err, "its schema (00000007) is not that of Temporal ")
	require.ErrorContains(t, err, "move the file away")
}

func TestEnsureSchemaRefusesAnotherFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), databaseFile)
	require.NoError(t, os.WriteFile(file, []byte("this is not a database, but it is long enough to be read as one: "+
		"a hundred bytes make the header that SQLite looks for"), 0o600))
	require.ErrorContains(t, ensureSchema(file), "file is not a database")
}
