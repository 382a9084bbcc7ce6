package diag

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"golang.org/x/text/width"
)

// maxExcerpt is how many lines of a long range are shown, the last included.
const maxExcerpt = 5

// maxShown is how many bytes on either side of a place are looked at: more than
// fit on a screen, and less than the 4 MB that a line may have.
const maxShown = 4000

// sourceLine is one line of an excerpt, and the bytes of it to underline.
type sourceLine struct {
	number   int
	text     []byte
	from, to int
}

// excerpt cuts the lines of at out of source. It is empty when the two do not
// fit together.
func excerpt(at Range, source []byte) []sourceLine {
	start, end := at.Start.Byte, max(at.End.Byte, at.Start.Byte)
	if source == nil || start < 0 || end > len(source) {
		return nil
	}
	count := 1 + bytes.Count(source[start:end], []byte{'\n'})
	if end > start && source[end-1] == '\n' {
		count-- // the break belongs to the line that it ends
	}
	var lines []sourceLine
	begin := bytes.LastIndexByte(source[:start], '\n') + 1
	for n := range count {
		text, _, _ := bytes.Cut(source[begin:], []byte{'\n'})
		if n < maxExcerpt-2 || n == count-1 {
			shown := bytes.TrimSuffix(text, []byte{'\r'})
			from := start - begin
			if n > 0 {
				from = len(shown) - len(bytes.TrimLeft(shown, " \t"))
			}
			from = min(from, len(shown))
			lines = append(lines, sourceLine{
				number: at.Start.Line + n,
				text:   shown,
				from:   from,
				to:     max(from, min(end-begin, len(shown))),
			})
		}
		begin += len(text) + 1
	}
	return lines
}

// fit renders the line in at most room columns, cut so that what is underlined
// stays in sight: the text, the column where the marks begin, and how many.
func (l sourceLine) fit(room int) (text string, indent, marks int) {
	before := cells(l.text[max(0, l.from-maxShown):l.from])
	under := cells(l.text[l.from:min(l.to, l.from+maxShown)])
	after := cells(l.text[l.to:min(len(l.text), l.to+maxShown)])
	if size(before)+size(under)+size(after) > room {
		before = tail(before, max(room/3, room-size(under)-size(after)))
		under = head(under, room-size(before))
		after = head(after, room-size(before)-size(under))
	}
	return join(before) + join(under) + join(after), size(before), size(under)
}

// cell is one grapheme cluster as it is shown.
type cell struct {
	text  string
	width int
}

func cells(b []byte) []cell {
	var out []cell
	for len(b) > 0 {
		n, cluster, err := textseg.ScanGraphemeClusters(b, true)
		if err != nil || n == 0 {
			break
		}
		out = append(out, cellOf(cluster))
		b = b[n:]
	}
	return out
}

func cellOf(cluster []byte) cell {
	if len(cluster) == 1 && cluster[0] == '\t' {
		return cell{"    ", 4}
	}
	text := visible(string(cluster))
	w := 0
	for _, r := range text {
		w = max(w, runeWidth(r))
	}
	return cell{text, w}
}

func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// columns is how wide text is on a terminal.
func columns(text string) int { return size(cells([]byte(text))) }

func size(cs []cell) (n int) {
	for _, c := range cs {
		n += c.width
	}
	return n
}

func join(cs []cell) string {
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(c.text)
	}
	return b.String()
}

var ellipsis = cell{"…", 1}

// head keeps what fits of the beginning of cs.
func head(cs []cell, room int) []cell {
	if size(cs) <= room {
		return cs
	}
	used := ellipsis.width
	for i, c := range cs {
		if used += c.width; used > room {
			if room < ellipsis.width {
				return nil
			}
			return append(cs[:i:i], ellipsis)
		}
	}
	return cs
}

// tail keeps what fits of the end of cs.
func tail(cs []cell, room int) []cell {
	if size(cs) <= room {
		return cs
	}
	used, i := ellipsis.width, len(cs)
	for i > 0 && used+cs[i-1].width <= room {
		i--
		used += cs[i].width
	}
	return append([]cell{ellipsis}, cs[i:]...)
}

// visible shows what a terminal would act upon: control characters become their
// symbols, and what reorders or breaks text becomes the replacement character.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r < ' ':
			return '␀' + r
		case r == 0x7F:
			return '␡'
		case r >= 0x80 && r < 0xA0, r == utf8.RuneError, unicode.Is(unicode.Bidi_Control, r),
			r == '\u2028', r == '\u2029':
			return utf8.RuneError
		}
		return r
	}, s)
}
