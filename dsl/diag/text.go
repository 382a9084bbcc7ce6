package diag

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// TextOptions says how WriteText renders. The zero value is for a file or a
// pipe: no colour, no wrapping.
type TextOptions struct {
	Color bool // ANSI colours
	Width int  // of the terminal in columns; 0: text is not wrapped
}

// WriteText writes l for people: what is wrong, where, the source with the place
// underlined, why, and what to do. src gives the bytes of a file, nil where it
// has none; it may be nil itself. Control characters in what is quoted come out
// as symbols.
func WriteText(w io.Writer, l List, src func(file string) []byte, opts TextOptions) error {
	r := &textRenderer{width: opts.Width, paint: painter(opts.Color)}
	for i, d := range l {
		if i > 0 {
			r.line("")
		}
		var source []byte
		if src != nil && !d.Subject.IsZero() {
			source = d.quoted(src(d.Subject.File))
		}
		r.diagnostic(d, source)
	}
	_, err := w.Write(r.out.Bytes())
	return err
}

type textRenderer struct {
	out   bytes.Buffer
	width int
	paint painter
}

func (r *textRenderer) line(parts ...string) {
	for _, p := range parts {
		r.out.WriteString(p)
	}
	r.out.WriteByte('\n')
}

func (r *textRenderer) diagnostic(d Diagnostic, source []byte) {
	color := red
	if d.Severity == Warning {
		color = yellow
	}
	title := d.Severity.String()
	if d.Code != "" {
		title += "[" + visible(d.Code) + "]"
	}
	r.line(r.paint.in(color, title), r.paint.in(bold, ": "+visible(d.Summary)))
	if !d.Subject.IsZero() {
		r.snippet(d.Subject, source, color)
	}
	r.paragraphs(d.Detail, "")
	if d.Fix != "" {
		r.paragraphs(d.Fix, "Fix: ")
	}
}

// snippet writes the place, and the source when there is some.
func (r *textRenderer) snippet(at Range, source []byte, color color) {
	lines := excerpt(at, source)
	digits := 1
	if n := len(lines); n > 0 {
		digits = len(strconv.Itoa(lines[n-1].number))
	}
	margin := strings.Repeat(" ", digits)
	place := fmt.Sprintf("%s:%d,%d", visible(at.File), at.Start.Line, at.Start.Column)
	r.line(margin, r.paint.in(blue, "--> "), place)
	if len(lines) == 0 {
		return
	}
	bar := r.paint.in(blue, margin+" |")
	r.line(bar)
	for i, l := range lines {
		if i > 0 && l.number > lines[i-1].number+1 {
			r.line(r.paint.in(blue, "..."))
		}
		text, indent, marks := l.fit(r.room(digits))
		if i == 0 {
			marks = max(marks, 1) // an empty place, or the end of the line
		}
		r.line(r.paint.in(blue, fmt.Sprintf("%*d |", digits, l.number)), strings.TrimRight(" "+text, " "))
		if marks > 0 {
			r.line(bar, " ", strings.Repeat(" ", indent), r.paint.in(color, strings.Repeat("^", marks)))
		}
	}
	r.line(bar)
}

// room is how many columns a source line may take.
func (r *textRenderer) room(digits int) int {
	if r.width <= 0 {
		return 120
	}
	return max(r.width-digits-len(" | "), 20)
}

// paragraphs writes text indented, wrapped between words; line breaks stay.
func (r *textRenderer) paragraphs(text, lead string) {
	if text == "" {
		return
	}
	hang := strings.Repeat(" ", len(lead))
	for i, para := range strings.Split(text, "\n") {
		for k, line := range wrap(visible(para), r.width-2-len(lead)) {
			if i == 0 && k == 0 {
				r.line("  ", r.paint.in(green, lead), line)
			} else {
				r.line(strings.TrimRight("  "+hang+line, " "))
			}
		}
	}
}

// wrap breaks text between words into lines of at most width columns, where
// words allow; a width of 0 or less does not break it.
func wrap(text string, width int) []string {
	if width <= 0 {
		return []string{text}
	}
	var lines []string
	var line strings.Builder
	used := 0
	for word := range strings.FieldsSeq(text) {
		w := columns(word)
		if used > 0 && used+1+w > width {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += w
	}
	return append(lines, line.String())
}

type color string

const (
	bold   color = "1"
	red    color = "1;31"
	green  color = "1;32"
	yellow color = "1;33"
	blue   color = "1;34"
)

// painter colours text, or does not.
type painter bool

func (p painter) in(c color, text string) string {
	if !p || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
