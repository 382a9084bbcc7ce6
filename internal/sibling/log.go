package sibling

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	// logLimit is the size at which a log is put aside and a new one begun.
	logLimit = 8 << 20
	// tailBytes and tailLines bound what an error shows of a log.
	tailBytes = 16 << 10
	tailLines = 20
)

// logFile is the log of one run of the program. It is appended to what earlier
// runs left.
type logFile struct {
	file  *os.File
	begin int64 // where this run's part begins
	temp  bool  // to be removed
}

// openLog opens the log in dir, or a temporary one if dir is empty.
func openLog(dir string) (*logFile, error) {
	if dir == "" {
		file, err := os.CreateTemp("", "herald-temporal-*.log")
		return &logFile{file: file, temp: true}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, logName)
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	begin, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &logFile{file: file, begin: begin}, nil
}

// tail returns the end of this run's part, made to follow an error message.
func (l *logFile) tail() string {
	name := "Its log, " + l.file.Name() + ","
	if l.temp {
		name = "Its log"
	}
	size, err := l.file.Seek(0, io.SeekEnd)
	if err == nil && size == l.begin {
		return "\nIt logged nothing."
	}
	content := make([]byte, min(size-l.begin, tailBytes))
	if err == nil {
		_, err = l.file.ReadAt(content, size-int64(len(content)))
	}
	if err != nil {
		return "\n" + name + " cannot be read: " + err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return "\n" + name + " ends with:\n  " + strings.Join(lines, "\n  ")
}

// close closes the log, and removes it if it was temporary.
func (l *logFile) close() error {
	err := l.file.Close()
	if l.temp {
		err = errors.Join(err, os.Remove(l.file.Name()))
	}
	return err
}
