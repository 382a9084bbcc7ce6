package mjml

import (
	"cmp"
	"maps"
	"slices"
)

// Head is what a document says of all that stands in it: attributes, classes,
// fonts, styles and its width. What has been compiled with it leaves its needs
// in it. A Head is not changed by what is done with its Result.
type Head struct {
	title, preview string
	language, dir  string
	desktop        bool // the web mail of Outlook shows it as a desktop does
	width          int
	background     string // of the body
	breakpoint     string

	all     []pair            // mj-all
	tags    map[string][]pair // the defaults of components
	classes map[string]class
	fonts   []font
	styles  []string // mj-style
	inline  []rule   // mj-style inline="inline"
	raw     []string // mj-raw
	before  []string // what comes before the doctype
	after   []string // what comes after </html>

	uses uses
}

// pair is an attribute and its value.
type pair struct{ name, value string }

// class is an mj-class: its attributes, and the defaults it sets for what stands
// in the components that bear it.
type class struct {
	pairs []pair
	tags  map[string][]pair
}

// font is an mj-font: it is loaded where its name is used. No other font is, so
// that nobody learns who reads a mail whose author did not ask for it.
type font struct{ name, href string }

const (
	defaultWidth      = 600
	defaultBreakpoint = "480px"
)

func newHead(opts Options) *Head {
	return &Head{
		title:      opts.Title,
		preview:    opts.Preview,
		language:   cmp.Or(opts.Language, "und"),
		dir:        "auto",
		width:      cmp.Or(opts.Width, defaultWidth),
		breakpoint: defaultBreakpoint,
		tags:       map[string][]pair{},
		classes:    map[string]class{},
	}
}

// clone is a copy that can change without h changing.
func (h *Head) clone() *Head {
	c := *h
	c.tags, c.classes = maps.Clone(h.tags), maps.Clone(h.classes) // their lists never change
	c.all, c.fonts, c.styles = slices.Clone(h.all), slices.Clone(h.fonts), slices.Clone(h.styles)
	c.inline, c.raw = slices.Clone(h.inline), slices.Clone(h.raw)
	c.uses = h.uses.clone()
	return &c
}

// fragmentHead is the head with which to compile a fragment.
func (o Options) fragmentHead() *Head {
	h := o.Head
	if h == nil && o.Slot != nil {
		h = o.Slot.head
	}
	if h == nil {
		return newHead(o)
	}
	c := h.clone()
	c.uses = uses{}
	return c
}

// merge takes over what a fragment compiled with another head needs.
func (h *Head) merge(f *Head) {
	h.uses.merge(f.uses)
	for _, style := range f.styles {
		if !slices.Contains(h.styles, style) {
			h.styles = append(h.styles, style)
		}
	}
	for _, raw := range f.raw {
		if !slices.Contains(h.raw, raw) {
			h.raw = append(h.raw, raw)
		}
	}
	for _, font := range f.fonts {
		h.addFont(font)
	}
}

// addFont makes f known, in the place of one of the same name.
func (h *Head) addFont(f font) {
	i := slices.IndexFunc(h.fonts, func(old font) bool { return old.name == f.name })
	if i < 0 {
		h.fonts = append(h.fonts, f)
		return
	}
	h.fonts[i] = f
}

// headNode is an mj-head that holds the given nodes.
func headNode(s *source, children []*node) *node {
	return &node{src: s, spec: components["mj-head"], tag: startTag{name: "mj-head"}, children: children}
}

// takeDocument reads the head of a document, and what included files add to it.
func (h *Head) takeDocument(doc document, included []*node, rep *reporter) {
	h.language = cmp.Or(doc.mjml.value("lang"), h.language)
	h.dir = cmp.Or(doc.mjml.value("dir"), h.dir)
	h.desktop = doc.mjml.value("owa") == "desktop"
	h.before, h.after = doc.before, doc.after
	h.take(doc.head, rep)
	h.take(included, rep)
	for _, body := range doc.body {
		p := h.resolve(body, frame{})
		if p.given("width") {
			h.width = leadingInt(p.get("width"))
		}
		h.background = p.get("background-color")
	}
}

// take reads the children of mj-head.
func (h *Head) take(children []*node, rep *reporter) {
	for _, n := range children {
		switch n.kind {
		case liquid:
			h.takeLiquid(n, rep)
		case comment:
			h.raw = append(h.raw, n.text)
		case element:
			h.takeElement(n, rep)
		}
	}
}

// takeLiquid keeps tags such as assign, which must come before what uses them.
func (h *Head) takeLiquid(n *node, rep *reporter) {
	if n.token.name != "" && !n.token.controls() {
		h.before = append(h.before, n.text)
		return
	}
	rep.at(n.src, n.token.start, n.token.end, CodeLiquid, "The head is the same for everybody: it cannot depend on Liquid").
		hint("Liquid may stand within mj-title, mj-preview, mj-style and mj-raw, and in the values of attributes.")
}

func (h *Head) takeElement(n *node, rep *reporter) {
	switch n.name() {
	case "mj-title":
		h.title = n.text
	case "mj-preview":
		h.preview = n.text
	case "mj-raw":
		h.raw = append(h.raw, n.text)
	case "mj-breakpoint":
		h.breakpoint = cmp.Or(n.value("width"), h.breakpoint)
	case "mj-font":
		h.addFont(font{n.value("name"), n.value("href")})
	case "mj-style":
		h.takeStyle(n)
	case "mj-attributes":
		h.takeAttributes(n, rep)
	}
}

func (h *Head) takeStyle(n *node) {
	if n.value("inline") != "inline" {
		h.styles = append(h.styles, n.text)
		return
	}
	rules, rest := parseCSS(n.text)
	if len(h.inline)+len(rules) > maxRules {
		rules, rest = nil, n.text
	}
	h.inline = append(h.inline, rules...)
	if rest != "" {
		h.styles = append(h.styles, rest)
	}
}

func (h *Head) takeAttributes(parent *node, rep *reporter) {
	for _, n := range parent.children {
		switch {
		case n.kind == liquid:
			h.takeLiquid(n, rep)
		case n.kind != element:
		case n.name() == "mj-all":
			h.all = merged(h.all, n.pairs())
		case n.name() == "mj-class":
			h.classes[n.value("name")] = n.class(h.classes[n.value("name")])
		default:
			h.tags[n.name()] = merged(h.tags[n.name()], n.pairs())
		}
	}
}

// class is the class that n adds to, with what n says.
func (n *node) class(old class) class {
	isName := func(p pair) bool { return p.name == "name" }
	c := class{pairs: merged(old.pairs, slices.DeleteFunc(n.pairs(), isName)), tags: maps.Clone(old.tags)}
	for _, child := range n.children {
		if child.kind == element {
			if c.tags == nil {
				c.tags = map[string][]pair{}
			}
			c.tags[child.name()] = child.pairs()
		}
	}
	return c
}

// merged is a new list of what old and then more set.
func merged(old, more []pair) []pair {
	list := slices.Clone(old)
	for _, p := range more {
		if i := slices.IndexFunc(list, func(o pair) bool { return o.name == p.name }); i >= 0 {
			list[i] = p
		} else if shared[p.name] != nil {
			list = append(list, p)
		}
	}
	return list
}

// pairs are the attributes of n as values.
func (n *node) pairs() []pair {
	list := make([]pair, 0, len(n.tag.attrs))
	for _, a := range n.tag.attrs {
		list = append(list, pair{a.name, a.value})
	}
	return list
}

// document is the parts of an MJML document.
type document struct {
	mjml          *node
	head, body    []*node // the children of mj-head; the mj-body, if there is one
	before, after []string
}

// documentIn finds the parts of the document that root holds.
func documentIn(root *node, rep *reporter) document {
	doc := document{mjml: &node{}}
	doc.find(root)
	if len(doc.body) == 0 {
		f := rep.at(root.src, 0, 0, CodeMissingBody, "The mail has no mj-body")
		f.hint("A mail is <mjml><mj-body> … </mj-body></mjml>.")
	}
	return doc
}

func (d *document) find(parent *node) {
	for _, n := range parent.children {
		switch {
		case n.kind == liquid && len(d.body) == 0:
			d.before = append(d.before, n.text)
		case n.kind == liquid:
			d.after = append(d.after, n.text)
		case n.name() == "mjml" && parent.name() == "":
			d.mjml = n
			d.find(n)
		case n.name() == "mj-head":
			d.head = append(d.head, n.children...)
		case n.name() == "mj-body" && len(d.body) == 0:
			d.body = []*node{n}
		case n.name() == "mj-raw" && n.value("position") == "file-start":
			d.before = append(d.before, n.text)
		}
	}
}
