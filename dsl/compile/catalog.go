package compile

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

func (c *compiler) declareCatalogs() {
	c.catalogs = map[string]*campaign.Catalog{}
	for _, b := range c.of("catalog") {
		cat := &campaign.Catalog{Name: b.label(), Key: b.str("key"), Rows: []map[string]any{}}
		c.catalogs[cat.Name] = cat // known by name, so that what refers to it is not blamed
		rows := b.sourceRows(cat.Key)
		if b.broken || rows == nil {
			c.unreadable = append(c.unreadable, "catalog."+cat.Name)
			continue
		}
		if err := cat.Fill(rows); err != nil {
			b.fail("source", sentence(err.Error()), "")
			c.unreadable = append(c.unreadable, "catalog."+cat.Name)
		}
		c.define(cat)
	}
}

// sourceRows reads the file that source names; nil rows mean that the reason
// has been said.
func (b *body) sourceRows(key string) []map[string]any {
	value, known := typed[string](b, "source", "a file: file(\"x.csv\")")
	if !known {
		return nil
	}
	t := &tableReader{b: b, key: key, name: b.fileName("source"), src: value}
	switch ext := strings.ToLower(path.Ext(t.name)); ext {
	case ".csv":
		return t.csv()
	case ".json":
		return t.json()
	}
	fix := "Save it as CSV, or as a JSON array of objects."
	if t.name == "" {
		fix = "Write file(\"stores.csv\")."
		if ext := path.Ext(value); ext == ".csv" || ext == ".json" {
			fix = fmt.Sprintf("Write file(%q).", value)
		}
	}
	b.fail("source", "source must be a CSV or JSON file of the project.", fix)
	return nil
}

// fileName is the argument of file() in an attribute; "" if it is none.
func (b *body) fileName(name string) string {
	call, args, ok := b.attrs[name].Expr.Call()
	if !ok || call != "file" || len(args) != 1 {
		return ""
	}
	v, _ := args[0].Value(b.c.scope())
	file, _ := v.(string)
	return file
}

// tableReader reads the rows of a catalog, and points into its file where one
// is wrong.
type tableReader struct {
	b    *body
	key  string
	name string
	src  string
	bad  int // rows
}

// fail reports what is wrong with the bytes [start, end) of the file.
func (t *tableReader) fail(start, end int, detail, fix string) {
	t.b.broken = true
	d := diag.Diagnostic{Code: "bad-table", Summary: "Table cannot be read", Detail: detail, Fix: fix, Subject: t.b.at("source")}
	if text, err := t.b.c.project.ReadText(t.name); err == nil && start < end && end <= len(text.Value) {
		d.Subject = text.Range(start, end)
	}
	t.b.c.report(d)
}

// line is where the n-th line of the file stands, counted from 1.
func (t *tableReader) line(n int) (start, end int) {
	for range n - 1 {
		i := strings.IndexByte(t.src[start:], '\n')
		if i < 0 {
			break
		}
		start += i + 1
	}
	end = start + len(t.src[start:])
	if i := strings.IndexByte(t.src[start:], '\n'); i >= 0 {
		end = start + len(strings.TrimRight(t.src[start:start+i], "\r"))
	}
	return start, end
}

func (t *tableReader) failLine(n int, detail, fix string) {
	start, end := t.line(n)
	t.fail(start, end, detail, fix)
}

func (t *tableReader) json() []map[string]any {
	rows := []map[string]any{}
	err := json.Unmarshal([]byte(t.src), &rows)
	if err == nil {
		return rows
	}
	at, detail := 0, t.name+" is not a JSON array of objects."
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		at, detail = int(e.Offset), t.name+" is not JSON: "+e.Error()+"."
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = int(e.Offset)
	}
	t.fail(max(at-1, 0), max(at, 1), detail, `Write it as [{ "id": "mitte" }].`)
	return nil
}

func (t *tableReader) csv() []map[string]any {
	r := csv.NewReader(strings.NewReader(t.src))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		t.b.fail("source", t.name+" is empty: its first line must name the columns.", "")
		return nil
	}
	if err != nil || !t.header(header) {
		t.syntax(err)
		return nil
	}
	rows, keys := []map[string]any{}, map[string]int{}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.syntax(err)
			return nil
		}
		line, _ := r.FieldPos(0)
		if row := t.row(line, header, rec, keys); row != nil {
			rows = append(rows, row)
		}
	}
}

func (t *tableReader) syntax(err error) {
	e, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return
	}
	detail := fmt.Sprintf("Line %d: %v.", e.Line, e.Err)
	fix := ""
	if errors.Is(e.Err, csv.ErrQuote) || errors.Is(e.Err, csv.ErrBareQuote) {
		detail = fmt.Sprintf("A quotation mark in line %d is not closed, or stands within a value.", e.StartLine)
		fix = `Put the whole value into quotation marks, and double those within: "a ""b"" c".`
	}
	t.failLine(e.StartLine, detail, fix)
}

// header checks the names of the columns.
func (t *tableReader) header(header []string) bool {
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
		switch name := header[i]; {
		case len(header) == 1 && strings.ContainsAny(name, ";\t") && name != t.key:
			t.failLine(1, "The columns are not separated by commas.", "Save the file as CSV with commas.")
			return false
		case slices.Contains(header[:i], name):
			t.failLine(1, fmt.Sprintf("Two columns are named %q.", name), "Rename or delete one of them.")
		case !addr.IsLabel(name) || strings.Contains(name, "-"):
			t.failLine(1, fmt.Sprintf("The column %q cannot be named in an expression.", name), "Use letters, digits and _.")
		}
	}
	if t.key != "" && !slices.Contains(header, t.key) {
		t.b.fail("key", fmt.Sprintf("%s has no column %q.", t.name, t.key), didYouMeanOr(t.key, header, "Its columns are "+quoteAll(header)+"."))
	}
	return true
}

func didYouMeanOr(word string, candidates []string, fallback string) string {
	if near := didYouMean(word, candidates); near != "" {
		return near
	}
	return fallback
}

// maxRowProblems is how many rows of one table are worth complaining about.
const maxRowProblems = 5

// row makes a row of a record; nil if it is wrong.
func (t *tableReader) row(line int, header, rec []string, keys map[string]int) map[string]any {
	if len(rec) != len(header) {
		t.rowProblem(line, fmt.Sprintf("Line %d has %s, and the first line names %s.", line, count(len(rec), "value"), count(len(header), "column")))
		return nil
	}
	row := make(map[string]any, len(rec))
	for i, cell := range rec {
		if cell = strings.TrimSpace(cell); cell != "" {
			row[header[i]] = cell
		}
	}
	key, _ := row[t.key].(string)
	switch first := keys[key]; {
	case key == "" && slices.Contains(header, t.key):
		t.rowProblem(line, fmt.Sprintf("Line %d has no %s, which is the key.", line, t.key))
	case key != "" && first > 0:
		t.rowProblem(line, fmt.Sprintf("The %s %q stands in line %d already.", t.key, key, first))
	}
	if keys[key] == 0 {
		keys[key] = line
	}
	return row
}

func (t *tableReader) rowProblem(line int, detail string) {
	if t.bad++; t.bad <= maxRowProblems {
		t.failLine(line, detail, "")
	}
	t.b.broken = true
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// catalogDeps are the catalogs that a type refers to.
func catalogDeps(t campaign.Type) []addr.Addr {
	switch t.Kind {
	case campaign.Ref:
		return []addr.Addr{addr.New("catalog", t.Catalog)}
	case campaign.List, campaign.Set, campaign.Map:
		return catalogDeps(*t.Elem)
	}
	var deps []addr.Addr
	for _, f := range t.Fields {
		deps = append(deps, catalogDeps(f.Type)...)
	}
	return deps
}
