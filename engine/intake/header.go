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
	position() int64 // in bytes of the file, about
	lineNow() int    // where it is
}

// row is a row of a file.
type row struct {
	line   int
	text   string
	header string         // of a CSV file
	cells  []cell         // until the next row is read
	object map[string]any // columns by name, for a source; of Parquet always
	call   *Call          // instead of cells, in the shape of Segment
	broken *problem
}

// csvRows reads the rows of a CSV file whose header has been understood.
type csvRows struct {
	*window
	scanner *csvScanner
	header  string
	columns []*place // nil: a source reads columns by name
	names   []string
	cells   []cell // of the last row
}

// openCSV reads the header.
func openCSV(w *window) (*csvRows, error) {
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
	rows := &csvRows{window: w, scanner: scanner, header: header.text, names: header.fields}
	for i, name := range rows.names {
		rows.names[i] = strings.TrimSpace(name)
		if j := slices.Index(rows.names, rows.names[i]); j < i && name != "" {
			return nil, fmt.Errorf("line %d, the header: columns %d and %d, %s and %s, are the same: remove one", header.line, j+1, i+1, quote(name), quote(name))
		}
	}
	return rows, nil
}

// understand finds out what the columns are for. Unknown tells of those that
// nothing is declared for.
func (c *csvRows) understand(v *vocabulary, kind Kind, unknown func(string)) error {
	for i, name := range c.names {
		p := v.place(kind, name)
		if j := slices.IndexFunc(c.columns, p.same); j >= 0 && p.name != "" {
			return fmt.Errorf("the header: columns %d and %d, %s and %s, are the same: remove one", j+1, i+1, quote(c.columns[j].name), quote(p.name))
		}
		if p.role == unknownRole {
			unknown(p.name)
		}
		c.columns = append(c.columns, p)
	}
	return complete(c.columns, kind)
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
	out := row{line: r.line, text: r.text, header: c.header, broken: r.broken}
	if r.broken != nil {
		return out, nil
	}
	if c.columns == nil {
		out.object = make(map[string]any, len(r.fields))
		for i, field := range r.fields {
			if field != "" {
				out.object[c.names[i]] = field
			}
		}
		return out, nil
	}
	c.cells = c.cells[:0] // until the next row
	for i, field := range r.fields {
		if field != "" && c.columns[i].role != unknownRole {
			c.cells = append(c.cells, cell{c.columns[i], field})
		}
	}
	out.cells = c.cells
	return out, nil
}
