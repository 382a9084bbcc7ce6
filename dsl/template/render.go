package template

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// ErrTooLarge is returned by Render for a text, a value or an amount of work
// beyond all measure for a mail.
var ErrTooLarge = errors.New("template: the rendered text grows too large")

var (
	errNested = errors.New("template: contents show each other without end")
	errMode   = errors.New("template: a content of another mode than the template that shows it")
)

const (
	maxOutput  = 4 << 20 // bytes of a text
	maxValue   = 1 << 20 // bytes of a computed value
	maxWork    = 20_000  // turns of loops, in all
	maxContent = 8       // contents within contents
)

// renderer is the state of one Render. Renderers are pooled.
type renderer struct {
	template *Template
	data     Data
	out      []byte
	buf      []byte // where the last filter of an output writes
	slots    []slotValue
	locals   []any
	args     []any // of the filters at work
	loops    []loop
	location *time.Location
	locale   *locale
	work     int
	links    int // so far
	address  int // where the URL being written begins
	depth    int // of contents
	tailDone bool
	err      error

	everything bool // sample rendering: all branches, one turn of each loop
}

type loop struct{ index, count int }

// slotValue is a path that is looked up once, or once in each turn of a loop.
type slotValue struct {
	value any
	done  bool
}

var renderers = sync.Pool{New: func() any { return new(renderer) }}

// Render appends the text for data to dst. With a buffer that is large enough
// it allocates little or nothing. It fails if the text grows too large, and for
// contents that show themselves or are of another mode.
func (t *Template) Render(dst []byte, data Data) ([]byte, error) {
	return t.render(dst, data, false)
}

func (t *Template) render(dst []byte, data Data, everything bool) ([]byte, error) {
	r := renderers.Get().(*renderer)
	defer r.release()
	r.begin(t, data)
	r.everything = everything
	r.out = dst
	r.run(t.program)
	if t.mode == HTML && r.data.Tail != "" {
		(*tailOp).run(nil, r)
	}
	out := r.out
	if r.err != nil {
		return dst, r.err
	}
	if t.mode == Header {
		out = trimLine(out, len(dst))
	}
	return out, nil
}

// trimLine cuts spaces from both ends of what was appended behind start.
func trimLine(out []byte, start int) []byte {
	return append(out[:start], bytes.Trim(out[start:], " ")...)
}

func (r *renderer) begin(t *Template, data Data) {
	r.template, r.data = t, data
	r.slots = sized(r.slots, len(t.slots))
	r.locals = sized(r.locals, t.locals)
	r.location = data.Location
	if r.location == nil {
		r.location = time.UTC
	}
}

// sized returns n zero values, in the memory of s, which is zero, if that is enough.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// release gives r back, without what it knows of a person.
func (r *renderer) release() {
	clear(r.slots[:cap(r.slots)])
	clear(r.locals[:cap(r.locals)])
	clear(r.args[:cap(r.args)])
	buf := r.buf[:0]
	if cap(buf) > maxValue {
		buf = nil
	}
	*r = renderer{slots: r.slots[:0], locals: r.locals[:0], args: r.args[:0], loops: r.loops[:0], buf: buf}
	renderers.Put(r)
}

func (r *renderer) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// run executes a program until something fails.
func (r *renderer) run(program []op) {
	for _, o := range program {
		if r.err != nil {
			return
		}
		o.run(r)
		if len(r.out) > maxOutput {
			r.fail(ErrTooLarge)
		}
	}
}

// step counts a turn of a loop and reports whether to go on.
func (r *renderer) step() bool {
	if r.work++; r.work > maxWork {
		r.fail(ErrTooLarge)
	}
	return r.err == nil
}

// nested renders a content in place.
func (r *renderer) nested(t *Template) {
	switch {
	case r.depth >= maxContent:
		r.fail(errNested)
		return
	case t.mode != r.template.mode: // what is harmless as text may not be as HTML
		r.fail(errMode)
		return
	}
	n := renderers.Get().(*renderer)
	defer n.release()
	n.begin(t, r.data)
	n.out, n.work, n.links, n.depth, n.everything = r.out, r.work, r.links, r.depth+1, r.everything
	n.run(t.program)
	r.out, r.work, r.links = n.out, n.work, n.links
	r.fail(n.err)
}

// write writes a value as its place demands.
func (r *renderer) write(v any, p place) {
	s, ok := v.(string)
	if !ok {
		if v != nil {
			r.buf = text(r.buf[:0], v, r.location)
			r.writeBytes(r.buf, p)
		}
		return
	}
	if p.escape == asAddress {
		s = strings.TrimSpace(s)
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	from := len(r.out)
	r.out = appendEscaped(r.out, s, p.escape)
	if p.comment {
		r.out = hideDashes(r.out, from)
	}
}

// writeBytes is write for text that has just been made.
func (r *renderer) writeBytes(s []byte, p place) {
	if p.escape == asAddress || !utf8.Valid(s) {
		r.write(string(s), p)
		return
	}
	from := len(r.out)
	r.out = appendEscaped(r.out, s, p.escape)
	if p.comment {
		r.out = hideDashes(r.out, from)
	}
}

// link writes the address that Data.Link gives for url.
func (r *renderer) link(url string, comment bool) {
	url = r.data.Link(url, r.links)
	r.links++
	from := len(r.out)
	r.out = appendAddress(r.out, url, &addressSafe, true)
	if comment {
		r.out = hideDashes(r.out, from)
	}
}

// slot is the value of a path from the root, looked up at its first use.
func (r *renderer) slot(i int) any {
	s := &r.slots[i]
	if !s.done {
		s.value = r.template.slots[i].lookup(r)
		s.done = true
	}
	return s.value
}

// slot is a path from the root or from the variable of a loop: a step from the
// slot before it.
type slot struct {
	parent int // -1: the root; below: the local -2-parent
	step   step
}

const rootSlot = -1

// ofLocal is the parent of slots that begin at a local.
func ofLocal(local int) int { return -2 - local }

func (s *slot) lookup(r *renderer) any {
	switch {
	case s.parent >= 0:
		return s.step.apply(r, r.slot(s.parent))
	case s.parent == rootSlot:
		return present(r.data.Values[s.step.name])
	}
	return s.step.apply(r, r.locals[-2-s.parent])
}

// localeTable says how the person's language writes numbers and days.
func (r *renderer) localeTable() *locale {
	if r.locale == nil {
		r.locale = localeOf(r.data.Locale)
	}
	return r.locale
}
