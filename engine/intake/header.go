package intake

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// rows hands out the rows of a file as cells.
type rows interface {
	// next returns the next row; io.EOF after the last.
	next() (row, error)
}

// row is a row of a file.
type row struct {
	line   int
	text   string
	cells  []cell
	call   *Call // instead of cells, in the shape of Segment
	broken *problem
}

// csvRows reads the rows of a CSV file whose header has been understood.
type csvRows struct {
	scanner *csvScanner
	columns []*place
}

// newCSVRows reads the header. Unknown tells of columns that nothing is declared
// for.
func newCSVRows(w *window, v *vocabulary, kind Kind, unknown func(string)) (*csvRows, error) {
	b, _ := w.peek()
	scanner := &csvScanner{window: w, comma: delimiter(b[:firstLine(b)])}
	header, err := scanner.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it is empty: the first line of a CSV file names its columns")
	case err != nil:
		return nil, err
	case header.broken != nil:
		return nil, fmt.Errorf("line %d, the header: %s", header.line, header.broken.reason)
	}
	scanner.width = len(header.fields)
	rows := &csvRows{scanner: scanner}
	for i, name := range header.fields {
		p := v.place(kind, strings.TrimSpace(name))
		if j := slices.IndexFunc(rows.columns, p.same); j >= 0 && p.name != "" {
			return nil, fmt.Errorf("line %d, the header: columns %d and %d, %s and %s, are the same: remove one", header.line, j+1, i+1, quote(rows.columns[j].name), quote(p.name))
		}
		if p.role == unknownRole {
			unknown(p.name)
		}
		rows.columns = append(rows.columns, p)
	}
	return rows, complete(rows.columns, kind)
}

// complete refuses a header that lacks what every row needs.
func complete(columns []*place, kind Kind) error {
	has := map[role]bool{}
	who := false
	for _, p := range columns {
		has[p.role] = true
		if p.role == anonymousRole || p.role == attributeRole && (p.attribute.Name == "id" || p.attribute.Name == "email") {
			who = true
		}
	}
	switch {
	case !who && kind == Events:
		return errors.New("no column says whom an event is about: name one user_id or email")
	case !who:
		return errors.New("no column says whom a row is about: name one id or email")
	case kind == Events && !has[eventRole]:
		return errors.New("no column says which event it is: name one event")
	case kind == Events && !has[atRole]:
		return errors.New("no column says when an event happened: name one at, or timestamp")
	}
	return nil
}

func (c *csvRows) next() (row, error) {
	r, err := c.scanner.next()
	if err != nil {
		return row{}, err
	}
	out := row{line: r.line, text: r.text, broken: r.broken}
	if r.broken != nil {
		return out, nil
	}
	out.cells = make([]cell, 0, len(r.fields))
	for i, field := range r.fields {
		if field != "" && c.columns[i].role != unknownRole {
			out.cells = append(out.cells, cell{c.columns[i], field})
		}
	}
	return out, nil
}
