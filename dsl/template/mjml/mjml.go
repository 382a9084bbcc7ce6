package mjml

import (
	"cmp"
	"slices"
)

// The bounds of what is compiled.
const (
	MaxSize  = 4 << 20 // bytes of a document with all that it includes
	MaxDepth = 100     // how deep components and included files may nest
)

// Options say how to compile. The zero value works.
type Options struct {
	// Include reads the file that mj-include names. The path of a file that an
	// included file includes is relative to that one's. Nil refuses mj-include.
	Include func(path string) ([]byte, error)

	// Head is that of the document which will hold a fragment: Result.Head. Nil
	// stands for that of Slot, or for a document without mj-head. Compile does not
	// look at it.
	Head *Head

	// Slot is where a fragment will stand: one of Result.Slots, or one made up of
	// Parent and Width. Nil leaves it to the fragment's first component where it
	// stands. Compile does not look at it.
	Slot *Slot

	// Width is that of the body, in CSS pixels, where mj-body does not say; of a
	// fragment without Slot, that of its surroundings. 0 stands for 600 and for
	// Head's width.
	Width int

	// Language is that of the mail, as in <html lang>, where mjml does not say.
	Language string

	// Title and Preview are taken where the document has no mj-title or
	// mj-preview. They may hold Liquid and are HTML.
	Title, Preview string
}

// Result is a compiled mail or fragment.
type Result struct {
	HTML           string // a template still: the Liquid of the source stands in it
	Head           *Head  // what fragments of this mail need to know
	Title, Preview string // HTML with Liquid, as the head has them
	Slots          []Slot // where Liquid tags stand that are none of Liquid's own

	body string
}

// Slot is a place at which a Liquid tag stands, where a fragment can come.
type Slot struct {
	Name           string // of the tag: "content" for {% content hero %}
	Tag            string // the whole tag
	Parent         string // the component it stands in: "mj-body", "mj-column", "mj-text", …
	Width          int    // the width of Parent's inside, in CSS pixels
	Path           string // the included file it stands in; empty for src itself
	Offset, Length int    // in bytes, of the tag

	head  *Head
	frame frame
	wrap  wrap
}

// Compile turns an MJML document into a complete responsive HTML mail.
func Compile(src []byte, opts Options) (Result, []Problem) {
	rep := &reporter{}
	load := &loader{rep: rep, open: opts.Include}
	root := load.parse(&source{text: string(src)}, 0)
	doc := documentIn(root, rep)
	head := newHead(opts)
	head.takeDocument(doc, load.heads, rep)

	check := &checker{rep: rep, head: head}
	check.tree(root)
	check.tree(headNode(root.src, load.heads))

	r := newRenderer(head, src)
	r.children(&node{children: doc.body}, frame{width: float64(head.width), first: true}, bare)
	return r.result(head.document), rep.sorted()
}

// CompileFragment turns what may stand where a Liquid tag of a document stands
// into the HTML that may stand there: mj-section, mj-wrapper and mj-hero in the
// body, mj-text and its like within a column, markup within mj-text. The head
// of the result holds what it asks of the document's: see Result.With.
func CompileFragment(src []byte, opts Options) (Result, []Problem) {
	if opts.Slot != nil && components[opts.Slot.Parent] != nil && components[opts.Slot.Parent].markup {
		return compileMarkup(src, opts)
	}
	rep := &reporter{}
	load := &loader{rep: rep, open: opts.Include}
	root := load.parse(&source{text: string(src)}, 0)
	if opts.Slot == nil && !slices.ContainsFunc(root.children, (*node).isComponent) {
		return compileMarkup(src, opts)
	}
	head := opts.fragmentHead()
	head.take(load.heads, rep)
	place := placeOf(root, head, opts)
	parent := &node{src: root.src, spec: components[place.Parent], tag: startTag{name: place.Parent}, children: root.children}

	check := &checker{rep: rep, head: head}
	check.tree(parent)
	check.tree(headNode(root.src, load.heads))

	r := newRenderer(head, src)
	r.children(parent, place.frame, place.wrap)
	return r.result(nil), rep.sorted()
}

// compileMarkup is CompileFragment for what stands in the markup of a component,
// and is markup itself.
func compileMarkup(src []byte, opts Options) (Result, []Problem) {
	rep, head := &reporter{}, opts.fragmentHead()
	place := Slot{Parent: "mj-text", frame: frame{width: float64(head.width)}}
	if opts.Slot != nil {
		place = *opts.Slot
	}
	n := &node{src: &source{text: string(src)}, tag: startTag{name: place.Parent}}
	if len(src) > MaxSize {
		rep.at(n.src, 0, 0, CodeTooLarge, "The fragment is larger than %d MB", MaxSize>>20)
		return Result{Head: head}, rep.list
	}
	n.setText(0, len(src))
	n.checkMarkup(rep)
	(&checker{rep: rep, head: head}).balance(n.src, textTokens(n))
	r := newRenderer(head, src)
	r.markup(n, place.frame)
	return r.result(nil), rep.sorted()
}

// placeOf is where a fragment is to stand: where it is told, or where its first
// component may.
func placeOf(root *node, head *Head, opts Options) Slot {
	parent, width := "mj-body", cmp.Or(opts.Width, head.width)
	switch slot := opts.Slot; {
	case slot != nil && slot.wrap != nil:
		return *slot
	case slot != nil && wraps[slot.Parent] != nil:
		parent, width = slot.Parent, cmp.Or(slot.Width, width)
	default:
		for _, n := range root.children {
			if n.kind == element && n.name() != "mj-raw" && wraps[n.spec.in[0]] != nil {
				parent = n.spec.in[0]
				break
			}
		}
	}
	w := float64(width)
	return Slot{Parent: parent, wrap: wraps[parent], frame: frame{width: w, outer: w, first: true}}
}

// With is the mail r with all in its head that the fragments need which will
// stand in it: the media queries of their columns, their fonts and styles.
func (r Result) With(fragments ...Result) Result {
	head := r.Head.clone()
	for _, f := range fragments {
		head.merge(f.Head)
	}
	r.Head, r.HTML = head, head.document(r.body)
	return r
}
