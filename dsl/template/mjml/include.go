package mjml

import (
	"path"
	"slices"
	"strings"
)

// loader is what the parsers of a document and of the files it includes share.
type loader struct {
	rep   *reporter
	open  func(path string) ([]byte, error)
	trail []string // the files being included, outermost first
	size  int      // bytes read
	heads []*node  // what included files bring for the head
}

// parse makes the tree of one file that stands depth deep in others.
func (l *loader) parse(s *source, depth int) *node {
	l.size += len(s.text)
	if l.size > MaxSize {
		l.rep.at(s, 0, 0, CodeTooLarge, "The mail is larger than %d MB", MaxSize>>20)
		return &node{src: s}
	}
	p := &parser{loader: l, src: s, base: depth}
	return p.parse()
}

// include puts what a file holds in the place of the mj-include n.
func (p *parser) include(n *node) {
	name, ok := p.includePath(n)
	if !ok {
		return
	}
	text, err := p.open(name)
	if err != nil {
		p.refuse(n, "%s cannot be included: %v", name, err)
		return
	}
	s := &source{path: name, text: string(text)}
	switch n.value("type") {
	case "html":
		if p.size += len(text); p.size <= MaxSize {
			p.add(&node{kind: comment, src: s, text: s.text})
		}
	case "css":
		p.heads = append(p.heads, styleNode(s, n.value("css-inline")))
	default:
		p.splice(s)
	}
}

// includePath is the file that n names, relative to the including one.
func (p *parser) includePath(n *node) (string, bool) {
	a := n.attr("path")
	switch {
	case a == nil || a.value == "":
		p.rep.at(n.src, n.tag.start, n.nameEnd(), CodeMissingAttribute, "mj-include lacks path, the file to include")
	case a.liquid:
		p.rep.at(n.src, a.valueAt, a.valueAt+len(a.value), CodeLiquidValue, "What is included must be known when the mail is compiled")
	case p.open == nil:
		p.refuse(n, "Nothing can be included here")
	default:
		return p.resolve(n, a.value)
	}
	return "", false
}

func (p *parser) resolve(n *node, name string) (string, bool) {
	if p.src.path != "" && !path.IsAbs(name) {
		name = path.Join(path.Dir(p.src.path), name)
	}
	if slices.Contains(p.trail, name) {
		p.refuse(n, "%s includes itself: %s", name, strings.Join(append(p.trail, name), " → "))
		return "", false
	}
	return name, true
}

func (p *parser) refuse(n *node, format string, args ...any) {
	p.rep.at(n.src, n.tag.start, n.tag.end, CodeInclude, format, args...)
}

// splice parses s and adds what it holds. A whole document gives the children of
// its body here, and those of its head to the head.
func (p *parser) splice(s *source) {
	p.trail = append(p.trail, s.path)
	defer func() { p.trail = p.trail[:len(p.trail)-1] }()
	for _, n := range p.loader.parse(s, p.base+len(p.stack)).children {
		if n.name() != "mjml" {
			p.add(n)
			continue
		}
		for _, part := range n.children {
			switch part.name() {
			case "mj-head":
				p.heads = append(p.heads, part.children...)
			case "mj-body":
				p.top().children = append(p.top().children, part.children...)
			}
		}
	}
}

// styleNode is the mj-style that an included style sheet amounts to.
func styleNode(s *source, inline string) *node {
	n := &node{src: s, spec: components["mj-style"], text: s.text, tag: startTag{name: "mj-style"}}
	if inline != "" {
		n.tag.attrs = []attribute{{name: "inline", value: inline}}
	}
	return n
}
