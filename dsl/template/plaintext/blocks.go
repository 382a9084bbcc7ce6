package plaintext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// item is a block of text, or a silent tag between blocks.
type item struct {
	gap         int    // the line breaks wanted before it
	tag         int    // the number of its token, -1 for a block
	text        string // words with single spaces, and marks
	first, rest string // what precedes the first line, and the others
	under       rune   // what underlines it; 0 for nothing
	verbatim    bool   // its lines stay as they are
}

// builder gathers the items of a text.
type builder struct {
	liquid liquid
	items  []item
	gap    int    // wanted before what comes next
	open   bool   // the last item is a block that goes on
	text   []byte // of that block
	spaced bool   // what is visible of it ends in a space

	under    rune
	verbatim bool
	indents  []indent
	bullet   string // of the list item that begins
	loops    int    // Liquid loops that are open
}

// indent is what precedes the lines of what is in a quotation or list item.
type indent struct{ element, prefix string }

func (b *builder) prefix() string {
	var p strings.Builder
	for _, in := range b.indents {
		p.WriteString(in.prefix)
	}
	return p.String()
}

// breakLine ends the block, and wants n line breaks before the next.
func (b *builder) breakLine(n int) {
	b.end()
	b.gap = max(b.gap, n)
}

// end ends the block. One that shows nothing is none.
func (b *builder) end() {
	if !b.open {
		return
	}
	b.open = false
	last := &b.items[len(b.items)-1]
	last.text = string(b.text)
	if !last.verbatim {
		last.text = strings.Trim(last.text, " ")
	}
	if strings.Trim(last.text, " \n"+string(nbsp)) == "" {
		b.gap = max(b.gap, last.gap)
		b.items = b.items[:len(b.items)-1]
	}
}

// begin begins a block, unless one goes on.
func (b *builder) begin() {
	if b.open {
		return
	}
	rest := b.prefix()
	first := rest
	if b.bullet != "" {
		first = strings.TrimSuffix(rest, strings.Repeat(" ", len(b.bullet))) + b.bullet
		b.bullet = ""
	}
	b.items = append(b.items, item{gap: b.gap, tag: -1, first: first, rest: rest, under: b.under, verbatim: b.verbatim})
	b.gap, b.open, b.spaced, b.text = 0, true, true, b.text[:0]
}

// write adds text with marks.
func (b *builder) write(text string) {
	for text != "" {
		start, end, i := b.liquid.nextMark(text)
		b.words(text[:start])
		if i >= 0 {
			b.token(i)
		}
		text = text[end:]
	}
}

// token adds a token: within a block as part of it, between blocks as an item of
// its own if it prints nothing.
func (b *builder) token(i int) {
	t := b.liquid.tokens[i]
	switch {
	case t.opensLoop():
		b.loops++
	case t.endsLoop():
		b.loops--
	}
	if t.isSilent() && !b.open && b.bullet == "" {
		b.items = append(b.items, item{gap: b.gap, tag: i})
		b.gap = 0
		return
	}
	b.begin()
	b.text = append(b.text, mark(i)...)
	if !t.isSilent() {
		b.spaced = false
	}
}

// words adds text without marks.
func (b *builder) words(text string) {
	if b.verbatim {
		b.preformatted(text)
		return
	}
	for _, r := range text {
		switch {
		case isInvisible(r):
		case unicode.IsSpace(r) && r != nbsp:
			if b.open && !b.spaced {
				b.text = append(b.text, ' ')
				b.spaced = true
			}
		default:
			b.begin()
			b.text = utf8.AppendRune(b.text, r)
			b.spaced = false
		}
	}
}

// preformatted adds text whose lines stay as they are.
func (b *builder) preformatted(text string) {
	if b.open || strings.TrimSpace(text) != "" {
		b.begin()
		b.text = append(b.text, text...)
	}
}

const nbsp = '\u00A0'

// isInvisible reports whether r shows nothing: such runes pad preview texts and
// tell where words may break.
func isInvisible(r rune) bool {
	switch r {
	case '\u00AD', '\u034F', '\u200B', '\u2060', '\uFEFF', '\uFFFC':
		return true
	}
	return r < ' ' && !unicode.IsSpace(r)
}
