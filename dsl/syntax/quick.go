package syntax

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// quick reads the plain shape that most of a large project has, blocks of
// attributes whose values fit on their line, several times faster than hcl,
// whose lexer weighs every character. It makes the nodes that hcl would make,
// and gives up on anything that it does not know; then hcl reads the piece. A
// fuzz test holds it to hcl, range by range.
type quick struct {
	converter
	pos   diag.Pos
	end   int // of the piece
	depth int
}

// readQuickly returns the blocks of a piece, or false when hcl is to read it.
func readQuickly(f *file, p *piece) ([]*Block, bool) {
	src := f.src[p.start.Byte:p.end]
	if bytes.Count(src, []byte("\r")) != bytes.Count(src, []byte("\r\n")) {
		return nil, false
	}
	q := &quick{converter: converter{file: f}, pos: p.start, end: p.end}
	body, ok := q.body(true)
	if !ok || len(q.diags) > 0 {
		return nil, false
	}
	return body.Blocks, true
}

// body reads up to the closing brace of a block, or at the top up to the end.
func (q *quick) body(top bool) (b Block, ok bool) {
	if q.depth++; q.depth > maxNesting/2 {
		return b, false
	}
	defer func() { q.depth-- }()
	for {
		q.blank(" \t\r\n")
		switch c := q.byte(); {
		case c == 0:
			return b, top && q.pos.Byte == q.end
		case c == '#' || c == '/':
			if !q.endOfLine() {
				return b, false
			}
		case c == '}':
			return b, !top
		default:
			if !q.item(&b, top) || !q.endOfLine() {
				return b, false
			}
		}
	}
}

// item reads an attribute or a block into b, up to the end of its line.
func (q *quick) item(b *Block, top bool) bool {
	start := q.pos
	name, ok := q.word()
	if !ok {
		return false
	}
	at := q.since(start)
	q.blank(" \t")
	if q.byte() == '=' {
		return !top && q.attribute(b, name, at, false)
	}
	nested := &Block{Type: name, TypeRange: at, Header: at}
	for q.byte() != '{' {
		label, ok := q.label()
		if !ok {
			return false
		}
		nested.Labels = append(nested.Labels, label)
		nested.Header.End = label.Range.End
		q.blank(" \t")
	}
	q.skip(1)
	q.blank(" \t")
	switch q.byte() {
	case '\n', '\r', '#', '/', '}':
		inner, ok := q.body(false)
		if !ok {
			return false
		}
		nested.Attributes, nested.Blocks = inner.Attributes, inner.Blocks
	default:
		if !q.single(nested) {
			return false
		}
	}
	q.skip(1)
	nested.Range = diag.Range{File: q.file.name, Start: at.Start, End: q.pos}
	b.Blocks = append(b.Blocks, nested)
	return true
}

// single reads the one attribute of a block on one line, up to the brace.
func (q *quick) single(b *Block) bool {
	start := q.pos
	name, ok := q.word()
	if !ok {
		return false
	}
	at := q.since(start)
	q.blank(" \t")
	return q.byte() == '=' && q.attribute(b, name, at, true) && q.byte() == '}'
}

func (q *quick) label() (l Label, ok bool) {
	start := q.pos
	if q.byte() == '"' {
		l.Text, ok = q.quoted()
	} else {
		l.Text, ok = q.word()
	}
	l.Range = q.since(start)
	return l, ok
}

// attribute reads = and the value.
func (q *quick) attribute(b *Block, name string, at diag.Range, single bool) bool {
	if len(b.Attributes) > 100 { // hcl looks names up faster than the next line
		return false
	}
	if slices.ContainsFunc(b.Attributes, func(a *Attribute) bool { return a.Name == name }) {
		return false
	}
	q.skip(1)
	q.blank(" \t")
	node := q.value(single)
	if node == nil {
		return false
	}
	b.Attributes = append(b.Attributes, &Attribute{
		Name:      name,
		NameRange: at,
		Expr:      &Expr{q.file, node},
		Range:     diag.Range{File: q.file.name, Start: at.Start, End: q.pos},
	})
	q.blank(" \t")
	return true
}

// value reads a literal or a name. For anything else hcl is asked, with the
// rest of the line: what needs more than that is not plain.
func (q *quick) value(single bool) hclsyntax.Expression {
	start := q.pos
	if node := q.plain(); node != nil {
		end := q.pos
		q.blank(" \t")
		if c := q.byte(); c == '\n' || c == '\r' || c == '#' || c == 0 || single && c == '}' {
			q.pos = end
			return node
		}
	}
	q.pos = start
	return q.askHCL(single)
}

// askHCL reads a value that hcl can parse without looking beyond the line.
func (q *quick) askHCL(single bool) hclsyntax.Expression {
	line, _, _ := bytes.Cut(q.rest(), []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if single {
		line = bytes.TrimRight(line, " \t")
		if !bytes.HasSuffix(line, []byte{'}'}) {
			return nil
		}
		line = line[:len(line)-1]
	}
	if mayNest(line) >= maxNesting/2 || bytes.HasPrefix(line, byteOrderMark) {
		return nil
	}
	node, diags := hclsyntax.ParseExpression(line, q.file.name, hclPos(q.pos))
	if diags.HasErrors() {
		return nil
	}
	q.refuseRepeatedKeys(node)
	q.pos = posOf(node.Range().End)
	return node
}

// plain reads a quoted string, a whole number or a name.
func (q *quick) plain() hclsyntax.Expression {
	start := q.pos
	switch c := q.byte(); {
	case c == '"':
		text, ok := q.quoted()
		if !ok {
			return nil
		}
		inner := diag.Range{File: q.file.name, Start: start, End: q.pos}
		return &hclsyntax.TemplateExpr{
			Parts:    []hclsyntax.Expression{literal(cty.StringVal(text), hclRange(inner))},
			SrcRange: hclRange(q.since(start)),
		}
	case c >= '0' && c <= '9':
		digits := q.count(func(c byte) bool { return c >= '0' && c <= '9' })
		v, err := cty.ParseNumberVal(string(q.rest()[:digits]))
		if err != nil {
			return nil
		}
		q.skip(digits)
		return literal(v, hclRange(q.since(start)))
	}
	return q.name()
}

// name reads true, false, null, or a dotted name.
func (q *quick) name() hclsyntax.Expression {
	start := q.pos
	root, ok := q.word()
	if !ok {
		return nil
	}
	at := hclRange(q.since(start))
	t := hcl.Traversal{hcl.TraverseRoot{Name: root, SrcRange: at}}
	for q.byte() == '.' {
		dot := q.pos
		q.skip(1)
		attr, ok := q.word()
		if !ok {
			return nil
		}
		t = append(t, hcl.TraverseAttr{Name: attr, SrcRange: hclRange(q.since(dot))})
	}
	v, isWord := words[root]
	switch {
	case !isWord:
		return &hclsyntax.ScopeTraversalExpr{Traversal: t, SrcRange: hclRange(q.since(start))}
	case len(t) == 1:
		return literal(v, at)
	}
	return nil
}

var words = map[string]cty.Value{"true": cty.True, "false": cty.False, "null": cty.NullVal(cty.DynamicPseudoType)}

// quoted reads a string without escapes and interpolations.
func (q *quick) quoted() (string, bool) {
	rest := q.rest()[1:]
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		return "", false
	}
	text := rest[:n]
	if bytes.ContainsAny(text, "\\\r\n$%") {
		return "", false
	}
	q.skip(1)
	q.skip(n)
	q.skip(1)
	return string(text), true
}

// word reads a name of ASCII letters, digits, _ and -.
func (q *quick) word() (string, bool) {
	rest := q.rest()
	n := q.count(isWordByte)
	if n == 0 || rest[0] == '-' || rest[0] <= '9' || n < len(rest) && rest[n] >= 0x80 {
		return "", false
	}
	q.skip(n)
	return string(rest[:n]), true
}

func isWordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// endOfLine eats the rest of a line: nothing, or a comment.
func (q *quick) endOfLine() bool {
	q.blank(" \t")
	line, _, broken := bytes.Cut(q.rest(), []byte{'\n'})
	switch {
	case len(line) == 0, len(line) == 1 && line[0] == '\r':
	case line[0] == '#', bytes.HasPrefix(line, []byte("//")):
	default:
		return false
	}
	q.skip(len(line))
	if broken {
		q.skip(1)
	}
	return true
}

func (q *quick) rest() []byte { return q.file.src[q.pos.Byte:q.end] }

// byte is the next byte, 0 at the end.
func (q *quick) byte() byte {
	if q.pos.Byte == q.end {
		return 0
	}
	return q.file.src[q.pos.Byte]
}

func (q *quick) blank(set string) {
	q.skip(q.count(func(c byte) bool { return strings.IndexByte(set, c) >= 0 }))
}

// count is how many of the next bytes are in a set.
func (q *quick) count(in func(byte) bool) (n int) {
	for rest := q.rest(); n < len(rest) && in(rest[n]); {
		n++
	}
	return n
}

func (q *quick) skip(n int) { q.pos = advance(q.file.src, q.pos, q.pos.Byte+n, true) }

func (q *quick) since(start diag.Pos) diag.Range {
	return diag.Range{File: q.file.name, Start: start, End: q.pos}
}
