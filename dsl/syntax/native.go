package syntax

import (
	"bytes"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// content is what one file holds.
type content struct {
	blocks []*Block
	diags  diag.List
}

// readAll reads files of either syntax, in parallel.
//
// A native file is cut at its top-level blocks, and each piece is parsed on its
// own: on all cores, with small token lists, and so that a mistake in one block
// hides none in the next. A piece that parses without error ends where it began,
// outside of any block, string and comment; so when all pieces do, the cuts were
// right. When one does not, the rest of the file as a whole decides.
func readAll(files []*file) []content {
	type task struct {
		file  *file
		piece *piece
		json  *content
	}
	contents := make([]content, len(files))
	pieces := make([][]piece, len(files))
	var tasks []task
	for i, f := range files {
		if isJSON(f.name) {
			tasks = append(tasks, task{file: f, json: &contents[i]})
			continue
		}
		pieces[i] = cut(f)
		for k := range pieces[i] {
			tasks = append(tasks, task{file: f, piece: &pieces[i][k]})
		}
	}
	parallel(len(tasks), func(i int) {
		if t := tasks[i]; t.json != nil {
			*t.json = readJSON(t.file)
		} else {
			t.piece.read(t.file)
		}
	})
	for i, f := range files {
		if !isJSON(f.name) {
			contents[i] = gather(f, pieces[i])
		}
	}
	return contents
}

// parallel calls do for 0 to n-1 from as many goroutines as can run at once.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	group.Wait()
}

// piece is a part of a native file that is parsed on its own.
type piece struct {
	start diag.Pos
	end   int
	body  *hclsyntax.Body // nil when it could not be parsed safely
	diags hcl.Diagnostics
	deep  *diag.Diagnostic // why it was not parsed
	plain []*Block         // instead of body, when it was read the quick way
}

// cut divides a file before the lines that seem to begin a top-level block.
func cut(f *file) []piece {
	at := diag.Pos{Line: 1, Column: 1}
	pieces := []piece{{start: at, end: len(f.src)}}
	closed := false // the last line with anything on it ends a top-level block
	for at.Byte < len(f.src) {
		line := f.src[at.Byte:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		if closed && beginsItem(line) {
			pieces[len(pieces)-1].end = at.Byte
			pieces = append(pieces, piece{start: at, end: len(f.src)})
		}
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' && !bytes.HasPrefix(text, []byte("//")) {
			closed = line[0] == text[0] && bytes.IndexByte(text, '}') >= 0
		}
		at.Byte += len(line)
		at.Line++
	}
	return pieces
}

// beginsItem reports whether the line begins with a name.
func beginsItem(line []byte) bool {
	c := line[0] | 0x20
	return c >= 'a' && c <= 'z' || line[0] == '_'
}

// read reads the piece the quick way, or else with hcl.
func (p *piece) read(f *file) {
	var plain bool
	if p.plain, plain = readQuickly(f, p); !plain {
		p.parse(f)
	}
}

// parse parses the piece with hcl, unless it is nested so deeply that hcl, which is
// recursive, would run out of stack.
func (p *piece) parse(f *file) {
	src := f.src[p.start.Byte:p.end]
	start := hclPos(p.start)
	if d, ok := checkNesting(f, f.name, src, start); !ok {
		p.deep = &d
		return
	}
	parsed, diags := hclsyntax.ParseConfig(src, f.name, start)
	p.body, _ = parsed.Body.(*hclsyntax.Body)
	p.diags = diags
}

// gather joins the pieces of a file.
func gather(f *file, pieces []piece) content {
	pieces = settle(f, pieces)
	var c content
	for i := range pieces {
		p := &pieces[i]
		switch {
		case p.deep != nil:
			c.diags = append(c.diags, *p.deep)
			continue
		case p.diags.HasErrors():
			c.diags = append(c.diags, syntaxErrors(f, p)...)
		}
		conv := converter{file: f}
		c.blocks = append(c.blocks, p.plain...)
		c.blocks = append(c.blocks, conv.topLevel(p.body)...)
		c.diags = append(c.diags, conv.diags...)
	}
	return c
}

// settle decides whether the cuts can be trusted from the first piece on that
// has errors. They cannot when all from there, read as one, has none, or has its
// first beyond that piece: then what looks like the beginning of a block stands
// within a heredoc or a block.
func settle(f *file, pieces []piece) []piece {
	failed := slices.IndexFunc(pieces, func(p piece) bool { return p.diags.HasErrors() })
	if failed < 0 || failed == len(pieces)-1 || slices.ContainsFunc(pieces, func(p piece) bool { return p.deep != nil }) {
		return pieces
	}
	rest := piece{start: pieces[failed].start, end: len(f.src)}
	rest.parse(f)
	if rest.deep != nil {
		return pieces
	}
	if at, bad := firstError(rest.diags); bad && at < pieces[failed].end {
		return pieces
	}
	return append(pieces[:failed], rest)
}

func firstError(diags hcl.Diagnostics) (at int, ok bool) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Subject != nil && (!ok || d.Subject.Start.Byte < at) {
			at, ok = d.Subject.Start.Byte, true
		}
	}
	return at, ok
}
