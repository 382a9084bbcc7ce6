package mjml

import "strings"

// nodeKind tells the nodes of the tree apart.
type nodeKind uint8

const (
	element nodeKind = iota // a component
	liquid                  // a Liquid token between components
	comment                 // an HTML comment between components, or included HTML
	unknown                 // an element that is no supported component: reported, not rendered
)

// node is one node of the tree.
type node struct {
	kind     nodeKind
	src      *source
	spec     *component // of an element
	tag      startTag   // of an element, and of an unknown one
	children []*node
	text     string // of Liquid and comments, and what a markup component holds
	textAt   int    // where text begins
	token    token  // of Liquid
	nested   bool   // it stands where it may not, and is not rendered
}

// name is the component's name, "" for the root and what is no element.
func (n *node) name() string { return n.tag.name }

// nameEnd is where the opening tag's name ends: what a finding underlines.
func (n *node) nameEnd() int { return n.tag.start + 1 + len(n.tag.name) }

// holds reports whether something may stand in n.
func (n *node) holds() bool { return n.spec == nil || n.spec.markup || containers[n.spec.name] }

// isComponent reports whether n was meant as a component.
func (n *node) isComponent() bool {
	return n.kind == element || n.kind == unknown && strings.HasPrefix(n.name(), "mj")
}

// attr is the attribute as written, or nil.
func (n *node) attr(name string) *attribute {
	for i := range n.tag.attrs {
		if n.tag.attrs[i].name == name {
			return &n.tag.attrs[i]
		}
	}
	return nil
}

// value is the attribute's value as written, or "".
func (n *node) value(name string) string {
	if a := n.attr(name); a != nil {
		return a.value
	}
	return ""
}

// parser makes the tree of one file.
type parser struct {
	*loader
	src   *source
	base  int     // how deep the file is included
	stack []*node // the open elements, the root first
}

// top is the element that is open.
func (p *parser) top() *node { return p.stack[len(p.stack)-1] }

func (p *parser) add(n *node) {
	top := p.top()
	top.children = append(top.children, n)
}

// parse makes the tree of src; the root has no name.
func (p *parser) parse() *node {
	root := &node{src: p.src}
	p.stack = []*node{root}
	for i := 0; i < len(p.src.text); {
		i = p.next(i)
	}
	p.closeTo(1)
	return root
}

// next parses what stands at i and returns where it ends.
func (p *parser) next(i int) int {
	s := p.src
	rest := s.text[i:]
	switch {
	case s.opensLiquid(i):
		return p.liquid(i)
	case strings.HasPrefix(rest, "<!--"):
		return p.comment(i)
	case strings.HasPrefix(rest, "<![CDATA["):
		return p.cdata(i)
	case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
		return p.declaration(i)
	case strings.HasPrefix(rest, "</"):
		return p.endTag(i)
	case s.startsTag(i):
		return p.element(i)
	default:
		return p.strayText(i)
	}
}

func (p *parser) liquid(i int) int {
	tok, ok := p.src.liquidAt(i)
	if !ok {
		return p.src.skipLiquid(i, p.rep)
	}
	p.add(&node{kind: liquid, src: p.src, text: p.src.text[i:tok.end], textAt: i, token: tok})
	return tok.end
}

func (p *parser) comment(i int) int {
	end := p.src.index("-->", i+4)
	if end < 0 {
		p.rep.at(p.src, i, i+4, CodeUnclosed, "The comment that begins here has no -->")
		return len(p.src.text)
	}
	end += len("-->")
	p.add(&node{kind: comment, src: p.src, text: p.src.text[i:end], textAt: i})
	return end
}

func (p *parser) cdata(i int) int {
	end := p.src.index("]]>", i)
	if end < 0 {
		p.rep.at(p.src, i, i+len("<![CDATA["), CodeUnclosed, "The CDATA section that begins here has no ]]>")
		return len(p.src.text)
	}
	p.textOutside(i, end+len("]]>"))
	return end + len("]]>")
}

// declaration passes over <!doctype …> and <?xml …?>.
func (p *parser) declaration(i int) int {
	end := p.src.index(">", i)
	if end < 0 {
		p.rep.at(p.src, i, i+2, CodeUnclosed, "What begins here has no >")
		return len(p.src.text)
	}
	return end + 1
}

// strayText passes over text between components, which no mail would show.
func (p *parser) strayText(i int) int {
	end := i + 1
	for end < len(p.src.text) && p.src.text[end] != '<' && !p.src.opensLiquid(end) {
		end++
	}
	p.textOutside(i, end)
	return end
}

func (p *parser) textOutside(start, end int) {
	text := p.src.text[start:end]
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || p.top().kind == unknown {
		return
	}
	start += strings.Index(text, trimmed)
	f := p.rep.at(p.src, start, start+len(trimmed), CodeText, "This text belongs to no component, so no mail would show it")
	if name := p.top().name(); name != "mj-head" && name != "mj-attributes" {
		f.hint("Put it into mj-text.")
	}
}

// element parses the component that begins at i.
func (p *parser) element(i int) int {
	if p.base+len(p.stack) > MaxDepth {
		p.rep.at(p.src, i, p.src.nameEnd(i+1), CodeTooDeep, "Components are nested over %d deep", MaxDepth)
		p.stack = p.stack[:1]
		return len(p.src.text)
	}
	n := &node{src: p.src, tag: p.src.startTag(i, p.rep)}
	n.spec = p.specOf(n)
	if n.name() == "mj-include" {
		p.include(n)
		return n.tag.end
	}
	p.add(n)
	switch {
	case n.tag.closed, n.kind == unknown && voidElements[n.name()], n.tag.broken && !n.holds():
		return n.tag.end
	case n.spec != nil && n.spec.markup:
		return p.markup(n)
	}
	p.stack = append(p.stack, n)
	return n.tag.end
}

// specOf is what the table says of n. Where n is no supported component that is
// reported, and the component it resembles tells how to read on.
func (p *parser) specOf(n *node) *component {
	spec := components[n.name()]
	if spec != nil && spec.refused == "" {
		return spec
	}
	n.kind = unknown
	if p.top().kind == unknown {
		return spec
	}
	if spec != nil {
		p.rep.at(n.src, n.tag.start, n.nameEnd(), CodeUnsupported, "%s is not supported: %s", n.name(), spec.refused)
		return spec
	}
	f := p.rep.at(n.src, n.tag.start, n.nameEnd(), CodeUnknownComponent, "There is no component %s", n.name())
	if !strings.HasPrefix(n.name(), "mj") {
		f.hint("HTML stands within mj-text, mj-table or mj-raw.")
		return nil
	}
	guess := ""
	if !p.rep.full() {
		guess = nearest(n.name(), componentNames())
	}
	if guess != "" {
		f.hint("Did you mean %s?", guess)
	}
	return components[guess]
}

// endTag closes the element that the tag at i names.
func (p *parser) endTag(i int) int {
	nameEnd := p.src.nameEnd(i + 2)
	name := strings.ToLower(p.src.text[i+2 : nameEnd])
	end := p.src.spaceEnd(nameEnd)
	if end < len(p.src.text) && p.src.text[end] == '>' {
		end++
	} else {
		p.rep.at(p.src, i, nameEnd, CodeUnclosed, "The tag </%s has no >", name)
	}
	for k := len(p.stack) - 1; k > 0; k-- {
		if p.stack[k].name() == name {
			p.closeTo(k + 1)
			p.stack = p.stack[:k]
			return end
		}
	}
	if p.top().kind != unknown && name != "mj-include" {
		p.rep.at(p.src, i, nameEnd, CodeStrayEnd, "</%s> ends nothing", name)
	}
	return end
}

// closeTo closes all but the first keep open elements, none of which has an end.
func (p *parser) closeTo(keep int) {
	for _, n := range p.stack[keep:] {
		if n.kind == unknown && !strings.HasPrefix(n.name(), "mj") {
			continue
		}
		p.unclosed(n)
	}
	p.stack = p.stack[:keep]
}

func (p *parser) unclosed(n *node) {
	p.rep.at(n.src, n.tag.start, n.nameEnd(), CodeUnclosed, "%s is not closed", n.name()).hint("Write </%s>.", n.name())
}
