package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// window looks at a file some way ahead of where it is, and counts.
type window struct {
	in   *bufio.Reader
	err  error // why nothing more can be read
	line int   // at the position, from 1
	read int64 // bytes before the position
}

const windowSize = MaxCall + 2 // a record, and the end of its line

func newWindow(r io.Reader) *window {
	return &window{in: bufio.NewReaderSize(r, 8*windowSize), line: 1}
}

var errUTF16 = errors.New("the file is UTF-16: save it as UTF-8")

// begin skips the mark that some programs put before UTF-8.
func (w *window) begin() error {
	b, _ := w.peek()
	switch {
	case bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")):
		w.take(3)
	case bytes.HasPrefix(b, []byte("\xFF\xFE")), bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return errUTF16
	}
	return nil
}

// peek returns what follows, windowSize bytes unless less is left; the error
// says why nothing follows that.
func (w *window) peek() ([]byte, error) {
	if w.err == nil {
		b, err := w.in.Peek(windowSize)
		w.err = err
		return b, err
	}
	b, _ := w.in.Peek(min(w.in.Buffered(), windowSize))
	if w.in.Buffered() > windowSize {
		return b, nil
	}
	return b, w.err
}

// take moves on by n bytes, which were peeked at, and returns how many lines
// end among them.
func (w *window) take(n int) int {
	b, _ := w.in.Peek(n)
	lines := bytes.Count(b, []byte{'\n'})
	w.line += lines
	w.read += int64(n)
	_, _ = w.in.Discard(n)
	return lines
}

// takeLine moves on beyond the end of the line, however long it is, and returns
// its beginning.
func (w *window) takeLine() string {
	b, err := w.peek()
	n := firstLine(b)
	begin := string(b[:n])
	for w.take(n) == 0 && err == nil {
		b, err = w.peek()
		n = firstLine(b)
	}
	return begin
}

// firstLine is the length of the first line of b, its end included.
func firstLine(b []byte) int {
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return n + 1
	}
	return len(b)
}

func tooLong() *problem { return problemf("it is longer than %d KB", MaxCall>>10) }

func notUTF8() *problem { return problemf("it is not UTF-8: save the file as UTF-8") }

func (w *window) position() int64 { return w.read }

func (w *window) lineNow() int { return w.line }
