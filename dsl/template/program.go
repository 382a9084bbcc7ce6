package template

import (
	"html"
	"strings"
)

// op is a compiled statement. A program is a list of them; branches and loops
// hold programs of their own.
type op interface{ run(r *renderer) }

// textOp writes static text, which needs no further look.
type textOp struct{ text string }

func (o *textOp) run(r *renderer) { r.out = append(r.out, o.text...) }

// place is where an output stands, and so how it is written.
type place struct {
	escape  escape
	comment bool // inside a comment, a conditional one for Outlook: no --> may arise
}

// outputOp writes a value.
type outputOp struct {
	value eval
	place place
}

func (o *outputOp) run(r *renderer) { r.write(o.value.eval(r), o.place) }

// writerOp writes what a filter has just written.
type writerOp struct {
	value writer
	place place
}

func (o *writerOp) run(r *renderer) {
	if s, ok := o.value.scratch(r); ok {
		r.writeBytes(s, o.place)
	}
}

func newOutput(value eval, p place) op {
	switch v := value.(type) {
	case *filterEval:
		if v.filter.write != nil {
			return &writerOp{v, p}
		}
	case *translateEval:
		return &writerOp{v, p}
	}
	return &outputOp{value, p}
}

// ifOp runs the first branch whose test holds.
type ifOp struct {
	branches  []branch
	otherwise []op
}

type branch struct {
	when test
	body []op
}

func (o *ifOp) run(r *renderer) {
	for i := range o.branches {
		if o.branches[i].when.holds(r) || r.everything {
			r.run(o.branches[i].body)
			if !r.everything {
				return
			}
		}
	}
	r.run(o.otherwise)
}

// forOp runs its body for each element of a list.
type forOp struct {
	list          eval
	limit, offset eval // nil: none
	reversed      bool
	local         int   // the variable
	slots         []int // that hold paths from the variable
	body          []op
	otherwise     []op
}

func (o *forOp) run(r *renderer) {
	list := o.slice(r)
	if len(list) == 0 || r.everything {
		r.run(o.otherwise)
	}
	if r.everything {
		list = list[:min(1, len(list))]
	}
	r.loops = append(r.loops, loop{count: len(list)})
	mine := len(r.loops) - 1
	for i := range list {
		if !r.step() {
			break
		}
		item := list[i]
		if o.reversed {
			item = list[len(list)-1-i]
		}
		r.loops[mine].index = i
		r.locals[o.local] = present(item)
		for _, s := range o.slots {
			r.slots[s].done = false
		}
		r.run(o.body)
	}
	r.loops = r.loops[:mine]
}

// slice is the part of the list that is walked.
func (o *forOp) slice(r *renderer) []any {
	list, _ := o.list.eval(r).([]any)
	if o.offset != nil {
		n, _ := number(o.offset.eval(r))
		list = list[clamp(n, len(list)):]
	}
	if o.limit != nil {
		if n, ok := number(o.limit.eval(r)); ok {
			list = list[:clamp(n, len(list))]
		}
	}
	return list
}

// clamp makes n an index between 0 and limit.
func clamp(n float64, limit int) int {
	if n >= float64(limit) {
		return limit
	}
	return max(0, int(n))
}

// assignOp gives a variable its value.
type assignOp struct {
	local int
	value eval
}

func (o *assignOp) run(r *renderer) { r.locals[o.local] = o.value.eval(r) }

// captureOp gives a variable what its body writes.
type captureOp struct {
	local int
	body  []op
}

func (o *captureOp) run(r *renderer) {
	start, address := len(r.out), r.address
	r.run(o.body)
	r.address = address
	if len(r.out)-start > maxValue {
		r.fail(ErrTooLarge)
	}
	r.locals[o.local] = string(r.out[start:])
	r.out = r.out[:start]
}

// contentOp shows the case of a content that was chosen for the person.
type contentOp struct{ name string }

func (o *contentOp) run(r *renderer) {
	if r.data.Content == nil {
		return
	}
	if t := r.data.Content(o.name); t != nil {
		r.nested(t)
	}
}

// addressOp begins a URL of which a part is computed.
type addressOp struct{}

func (*addressOp) run(r *renderer) { r.address = len(r.out) }

// addressEndOp looks at the URL as a whole: its parts may be harmless, and it not.
type addressEndOp struct {
	image   bool // cid: is allowed
	tracked bool // the href of an <a>
	comment bool
}

func (o *addressEndOp) run(r *renderer) {
	start := min(r.address, len(r.out))
	url := r.out[start:]
	if !safeAddress(url, o.image) {
		r.out = append(r.out[:start], '#')
		return
	}
	if !o.tracked || r.data.Link == nil {
		return
	}
	if plain := html.UnescapeString(strings.Trim(string(url), whitespace)); clickable(plain) {
		r.out = r.out[:start]
		r.link(plain, o.comment)
	}
}

// linkOp is the href of an <a> that is the same for all.
type linkOp struct {
	url     string
	text    string // as it stands in the template
	comment bool
}

func (o *linkOp) run(r *renderer) {
	if r.data.Link == nil {
		r.out = append(r.out, o.text...)
		return
	}
	r.link(o.url, o.comment)
}

// tailOp stands before </body>.
type tailOp struct{}

func (*tailOp) run(r *renderer) {
	if r.depth == 0 && !r.tailDone {
		r.out = append(r.out, r.data.Tail...)
		r.tailDone = true
	}
}
