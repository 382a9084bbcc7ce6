package mjml

import "strings"

// voidElements are the elements of HTML that have no end.
var voidElements = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"link": true, "meta": true, "source": true, "track": true, "wbr": true,
}

// markup keeps what n holds as it is, and returns where n ends.
func (p *parser) markup(n *node) int {
	textEnd, end := p.markupEnd(n)
	n.setText(n.tag.end, textEnd)
	return end
}

// setText makes what stands in start:end, without the space around it, what n
// holds.
func (n *node) setText(start, end int) {
	text := n.src.text[start:end]
	n.text = strings.TrimSpace(text)
	n.textAt = start + strings.Index(text, n.text)
}

// checkMarkup reports the first component within the markup that n holds.
func (n *node) checkMarkup(rep *reporter) {
	for i := n.textAt; i < n.textAt+len(n.text); {
		switch next := n.src.passOver(i, rep); {
		case next > i:
			i = next
		case n.src.text[i] == '<' && n.src.isComponentTag(i):
			n.misplaced(i, rep)
			return
		default:
			i++
		}
	}
}

// markupEnd finds where the markup in n ends, and n itself. A component within
// it is either misplaced, when n ends afterwards, or shows that n was never
// closed.
func (p *parser) markupEnd(n *node) (textEnd, end int) {
	s, first := p.src, -1
	for i := n.tag.end; i < len(s.text); {
		switch next := s.passOver(i, p.rep); {
		case next > i:
			i = next
		case s.endsElement(i, n.name()):
			if first >= 0 {
				n.misplaced(first, p.rep)
			}
			return i, p.afterEnd(i)
		case s.text[i] == '<' && s.isComponentTag(i):
			if first < 0 {
				first = i
			}
			if p.settles(n, i) {
				p.unclosed(n)
				return first, first
			}
			i++
		default:
			i++
		}
	}
	p.unclosed(n)
	if first < 0 {
		first = len(s.text)
	}
	return first, first
}

// passOver is the end of what cannot hold tags and begins at i: Liquid, a
// comment, a CDATA section. It is i where nothing of that kind does. Conditional
// comments hold tags, and may begin in one mj-raw and end in the next.
func (s *source) passOver(i int, rep *reporter) int {
	switch {
	case s.opensLiquid(i):
		return s.skipLiquid(i, rep)
	case strings.HasPrefix(s.text[i:], "<!--") && !strings.HasPrefix(s.text[i:], "<!--["):
		if end := s.index("-->", i); end >= 0 {
			return end + len("-->")
		}
	case strings.HasPrefix(s.text[i:], "<![CDATA["):
		if end := s.index("]]>", i); end >= 0 {
			return end + len("]]>")
		}
	}
	return i
}

// endsElement reports whether </name stands at i.
func (s *source) endsElement(i int, name string) bool {
	if !strings.HasPrefix(s.text[i:], "</") {
		return false
	}
	end := s.nameEnd(i + 2)
	return strings.EqualFold(s.text[i+2:end], name)
}

// afterEnd is the end of the closing tag at i.
func (p *parser) afterEnd(i int) int {
	nameEnd := p.src.nameEnd(i + 2)
	if end := p.src.spaceEnd(nameEnd); end < len(p.src.text) && p.src.text[end] == '>' {
		return end + 1
	}
	p.rep.at(p.src, i, nameEnd, CodeUnclosed, "The tag %s has no >", p.src.text[i:nameEnd])
	return nameEnd
}

// settles reports whether the component tag at i shows that n, which is open
// there, was never closed: n's own kind begins, or something that holds
// components begins or ends.
func (p *parser) settles(n *node, i int) bool {
	at := i + 1
	if p.src.text[at] == '/' {
		at++
	}
	name := strings.ToLower(p.src.text[at:p.src.nameEnd(at)])
	return name == n.name() || containers[name]
}

// containers are the components in which others stand.
var containers = func() map[string]bool {
	set := map[string]bool{}
	for _, c := range components {
		for _, parent := range c.in {
			set[parent] = true
		}
	}
	return set
}()

// misplaced reports that the component at i stands in the markup of n.
func (n *node) misplaced(i int, rep *reporter) {
	at := i + 1
	if n.src.text[at] == '/' {
		at++
	}
	end := n.src.nameEnd(at)
	rep.at(n.src, i, end, CodeNesting, "%s holds text and HTML, no components such as %s", n.name(), strings.ToLower(n.src.text[at:end]))
}
