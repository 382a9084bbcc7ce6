// Package dirlock keeps two processes from using one directory.
//
// What enters: the path of a lock file. What leaves: a Lock, held until Release
// or the end of the process, however it ends; the operating system lets go of it,
// so no stale lock is ever left behind. What is refused: a lock that another
// process holds, with that process's id.
package dirlock

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Lock is a held lock.
type Lock struct{ file *os.File }

// errHeld is what tryLock returns when another process has the lock.
var errHeld = errors.New("held")

// Acquire takes the lock of the file at path, which it creates if need be and
// never removes. It does not wait.
func Acquire(path string) (*Lock, error) {
	file, err := tryLock(path)
	if errors.Is(err, errHeld) {
		return nil, fmt.Errorf("in use by another herald-temporal%s: end that one first, or use another directory", holder(path))
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// Who holds it, for the message of those who come later.
	err = file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Lock{file: file}, nil
}

// Release lets go of the lock.
func (l *Lock) Release() { _ = l.file.Close() }

// holder says who wrote its id into the file at path, as far as that is known.
func holder(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %d)", pid)
}
