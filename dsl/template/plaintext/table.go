package plaintext

import (
	"strings"

	"golang.org/x/net/html"
)

// tableKind is what a table is for.
type tableKind uint8

const (
	layoutTable tableKind = iota // it places blocks
	inlineTable                  // it stands in a line, as the icons of mj-social do
	dataTable                    // its rows and cells mean something
)

// table is an open table.
type table struct {
	kind  tableKind
	cells int // so far in the row
	loops int // that were open when the row began
}

// tablesIn tells the tables apart, by the place of their tags. A table of data
// says nothing of being for presentation, and holds neither blocks nor tables.
func tablesIn(tokens []html.Token) map[int]tableKind {
	kinds := map[int]tableKind{}
	var open []int
	for i, t := range tokens {
		switch {
		case t.Type == html.StartTagToken && t.Data == "table":
			if n := len(open); n > 0 && kinds[open[n-1]] == dataTable {
				kinds[open[n-1]] = layoutTable
			}
			kinds[i] = kindOf(t)
			open = append(open, i)
		case t.Type == html.EndTagToken && t.Data == "table" && len(open) > 0:
			open = open[:len(open)-1]
		case t.Type == html.StartTagToken && len(open) > 0 && placed[t.Data] && kinds[open[len(open)-1]] == dataTable:
			kinds[open[len(open)-1]] = layoutTable
		}
	}
	return kinds
}

// placed are the elements that show a table to be there for their places.
var placed = map[string]bool{"h1": true, "h2": true, "h3": true, "h4": true, "ul": true, "ol": true, "blockquote": true, "pre": true}

func kindOf(t html.Token) tableKind {
	role := attr(t, "role")
	switch {
	case strings.Contains(styleOf(t), "display:inline"):
		return inlineTable
	case role == "presentation" || role == "none":
		return layoutTable
	}
	return dataTable
}

// kind is that of the innermost open table.
func (w *walker) kind() tableKind {
	if n := len(w.rows); n > 0 {
		return w.rows[n-1].kind
	}
	return layoutTable
}

// inData reports whether a row of data goes on, which no block may break.
func (w *walker) inData() bool {
	n := len(w.rows)
	return n > 0 && w.rows[n-1].kind == dataTable && w.rows[n-1].cells > 0
}

func (w *walker) startTable(i int) {
	kind := w.tables[i]
	if kind == inlineTable || len(w.rows) > 0 && w.kind() == inlineTable {
		kind = inlineTable
		w.breakLine(1)
	} else {
		w.breakLine(2)
	}
	w.rows = append(w.rows, table{kind: kind})
}

func (w *walker) endTable() {
	n := 2
	if w.kind() == inlineTable {
		n = 1
	}
	if len(w.rows) > 0 {
		w.rows = w.rows[:len(w.rows)-1]
	}
	w.breakLine(n)
}

func (w *walker) startRow() {
	w.breakLine(w.rowGap())
	if n := len(w.rows); n > 0 {
		w.rows[n-1].cells = 0
		w.rows[n-1].loops = w.loops
	}
}

func (w *walker) endRow() {
	w.breakLine(w.rowGap())
	if n := len(w.rows); n > 0 {
		w.rows[n-1].cells = 0
	}
}

// rowGap is the line breaks between the rows of the innermost table.
func (w *walker) rowGap() int {
	if w.kind() == layoutTable {
		return 2
	}
	return 1
}

func (w *walker) startCell() {
	if len(w.rows) == 0 {
		return
	}
	row := &w.rows[len(w.rows)-1]
	row.cells++
	switch {
	case row.kind == layoutTable:
		w.breakLine(1)
	case row.kind == inlineTable:
		w.words(" ")
	case row.cells > 1 || w.loops > row.loops:
		w.words(" | ")
	}
}
