package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetRows reads the rows of a Parquet file, some hundred at a time. What
// stands in them has JSON form: dates and instants are texts as JSON has them. A
// column within a group is called group.column; lists, maps and lists of objects
// are read one level deep. https://parquet.apache.org/docs/file-format/
type parquetRows struct {
	file   *parquet.File
	size   int64
	groups []parquet.RowGroup // that are left
	rows   parquet.Rows       // of the present one; nil: none
	page   []parquet.Row
	ready  []parquet.Row // of page, not handed out yet
	at     int           // rows handed out
	shape  *shape
	cells  []cell              // of the last row
	place  func(string) *place // nil: a source reads columns by name
}

// parquetPage is how many rows are read at a time.
const parquetPage = 256

// sized is a file that can be read from its end, as Parquet must be.
type sized interface {
	io.ReaderAt
	io.Seeker
}

func newParquetRows(r io.Reader) (rows *parquetRows, err error) {
	defer func() { err = survived(recover(), err) }()
	f, ok := r.(sized)
	if !ok {
		return nil, errors.New("a Parquet file is read from its end: give its name, not a stream")
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("it is not a whole Parquet file: %w", err)
	}
	p := &parquetRows{file: file, size: size, groups: file.RowGroups(), page: make([]parquet.Row, parquetPage)}
	p.shape, err = newShape(file.Schema())
	return p, err
}

// survived turns the panic of a reader that met a broken file into an error.
func survived(cause any, err error) error {
	if cause == nil {
		return err
	}
	if err, ok := cause.(error); ok {
		return fmt.Errorf("the file is damaged: %w", err)
	}
	return errors.New("the file is damaged")
}

func (p *parquetRows) next() (r row, err error) {
	defer func() { err = survived(recover(), err) }()
	for len(p.ready) == 0 {
		if err := p.fill(); err != nil {
			return row{}, err
		}
	}
	r.line = p.at + 1
	values := p.shape.read(p.ready[0])
	p.ready = p.ready[1:]
	p.at++
	p.cells = p.cells[:0]
	r.object = make(map[string]any, len(values))
	for i, v := range values {
		if v == nil || v == "" {
			continue
		}
		name := p.shape.columns[i].name
		r.object[name] = v
		if p.place != nil {
			if c := (cell{p.place(name), v}); c.place.role != unknownRole {
				p.cells = append(p.cells, c)
			}
		}
	}
	r.cells = p.cells
	return r, nil
}

// fill reads the next page; io.EOF after the last.
func (p *parquetRows) fill() error {
	if p.rows == nil {
		if len(p.groups) == 0 {
			return io.EOF
		}
		p.rows, p.groups = p.groups[0].Rows(), p.groups[1:]
	}
	n, err := p.rows.ReadRows(p.page)
	p.ready = p.page[:n]
	switch {
	case errors.Is(err, io.EOF), err == nil && n == 0:
		err = p.rows.Close()
		p.rows = nil
		return err
	case err != nil && n > 0:
		return nil // it comes again
	}
	return err
}

func (p *parquetRows) position() int64 {
	if total := p.file.NumRows(); total > 0 && int64(p.at) < total {
		return int64(float64(p.size) * float64(p.at) / float64(total))
	}
	return p.size
}

func (p *parquetRows) lineNow() int { return p.at }

// objectJSON is a row that is refused, as JSON.
func objectJSON(object map[string]any) string {
	text, err := json.Marshal(object)
	if err != nil {
		return "" // cannot be: it has JSON form
	}
	return string(text)
}

// placesOf finds out what the columns are for. Unknown tells of those that nothing
// is declared for.
func placesOf(columns []parquetColumn, v *vocabulary, kind Kind, unknown func(string)) (func(string) *place, error) {
	places := make(map[string]*place, len(columns))
	var all []*place
	for _, c := range columns {
		p := v.place(kind, c.name)
		if p.role == unknownRole {
			unknown(c.name)
		}
		places[c.name] = p
		all = append(all, p)
	}
	return func(name string) *place { return places[name] }, complete(all, kind)
}
