package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/herald-campaigns/herald/engine/store"
)

// errClosed says that the store was closed before it was asked.
var errClosed = errors.New("the store is closed")

// errOver says that a Reader or Tx was kept beyond its transaction.
var errOver = errors.New("the transaction is over: a Reader or Tx is good only within the function that it was given to")

// code is the SQLSTATE of a server's error, "" for other errors.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isConflict reports whether the server gave a transaction up in favour of
// another: the same may succeed when it is tried again.
func isConflict(err error) bool {
	c := code(err)
	return c == "40001" || c == "40P01"
}

// isLost reports whether the connection is gone, or the server is going.
func isLost(err error) bool {
	if c := code(err); c != "" {
		return strings.HasPrefix(c, "08") || strings.HasPrefix(c, "57P")
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) || errors.As(err, &connect) || err != nil && strings.Contains(err.Error(), "conn closed")
}

// hints say what to do about an error, by the beginning of its SQLSTATE.
var hints = []struct{ code, hint string }{
	{"28", "the server refuses the user or the password: look at the store's url and at pg_hba.conf"},
	{"3D", "there is no such database: create it, or correct the store's url"},
	{"3F", "there is no such schema: create it, or correct search_path in the store's url"},
	{"42501", "the user lacks a right: give it all rights on the schema"},
	{"25006", "the server takes no writes: name the primary in the store's url, not a replica"},
	{"53300", "the server has no connection left: raise max_connections, or lower pool_max_conns in the store's url"},
	{"54000", "a value is too long to be looked up by (keys, addresses and message IDs have about 2,600 bytes at most)"},
	{"55P03", "another process has been writing all the time: wait for it to end, or stop it"},
	{"57014", "the server ended the statement: look at statement_timeout"},
	{"57P", "the server is stopping or starting: try again"},
	{"XX001", "the server's data are damaged: stop herald and restore a backup"},
}

// explain says of an error where it happened, why, and what to do.
func explain(where string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	c := code(err)
	if c == "53100" {
		return fmt.Errorf("%s: %w: make room, then try again; nothing of this transaction was written (%w)", where, store.ErrFull, err)
	}
	for _, h := range hints {
		if c != "" && strings.HasPrefix(c, h.code) {
			return fmt.Errorf("%s: %s (%w)", where, h.hint, err)
		}
	}
	if isLost(err) {
		return fmt.Errorf("%s: there is no connection to the server, or it was lost: see whether the server runs and is reached from here (%w)", where, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}
