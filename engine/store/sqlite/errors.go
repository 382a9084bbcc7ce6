package sqlite

import (
	"errors"
	"fmt"

	sqlite "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/herald-campaigns/herald/engine/store"
)

// errClosed says that the store was closed before it was asked.
var errClosed = errors.New("the store is closed")

// errEnough ends a query whose reader has what it wanted.
var errEnough = errors.New("enough")

// errOver says that a Reader or Tx was kept beyond its transaction.
var errOver = errors.New("the transaction is over: a Reader or Tx is good only within the function that it was given to")

// code is the primary result code of the driver's error, 0 for other errors.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func isBusy(err error) bool {
	c := code(err)
	return c == lib.SQLITE_BUSY || c == lib.SQLITE_LOCKED
}

// explain says of a driver's error where it happened, why, and what to do.
func explain(path string, err error) error {
	switch code(err) {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%s: %w: make room, then try again; nothing of this transaction was written (%w)", path, store.ErrFull, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%s is damaged, or not a database of herald's: stop herald, put back a copy of the file, or save what can be read with "+
			"`sqlite3 herald.db .recover` (%w)", path, err)
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_AUTH:
		return fmt.Errorf("%s cannot be written: give the user who runs herald the right to write the file and its folder (%w)", path, err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("%s cannot be opened: look at the rights of the file and its folder, and whether it is on a local disk (%w)", path, err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%s: the disk failed, or is full: look at the disk before trying again (%w)", path, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%s is held by another process: wait for it to end, or stop it (%w)", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
