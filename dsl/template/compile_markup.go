package template

import (
	"html"
	"strings"
)

// openURL is an address that is being read.
type openURL struct {
	start     int // where it begins in the source
	protected bool
}

// markup compiles static HTML: it follows the context and marks the addresses
// that must be looked at as a whole, the links and the end of the body.
func (c *compiler) markup(text string, offset int) {
	s := htmlText{compiler: c, text: text, offset: offset, tag: -1}
	for i := 0; i < len(text); {
		if n := c.ctx.calm(text[i:]); n > 0 {
			i += n
			continue
		}
		before := c.ctx
		n := s.advance(i)
		s.marks(before, i, i+n)
		i += n
	}
	s.flush(len(text))
}

// htmlText is a static text on its way through the markup.
type htmlText struct {
	*compiler
	text    string
	offset  int // of the text in the source
	flushed int // what stands before is emitted
	tag     int // where the last < stands; -1: before the text
}

// advance reads a character, or an entity in a value; it returns its length.
func (s *htmlText) advance(i int) int {
	if s.text[i] == '<' && s.ctx.state == inText {
		s.tag = i
	}
	if s.ctx.state == inValue && s.text[i] == '&' {
		if n := entity(s.text[i:]); n > 0 {
			for _, ch := range []byte(html.UnescapeString(s.text[i : i+n])) {
				s.ctx.inside(ch)
			}
			s.ctx.dashes = 0
			return n
		}
	}
	s.ctx.next(s.text[i])
	return 1
}

// entity is the length of the entity that s begins with; 0 if there is none.
func entity(s string) int {
	for i := 1; i < min(len(s), 12); i++ {
		switch c := s[i]; {
		case c == ';' && i > 1:
			return i + 1
		case !isDigit(c) && !isLetter(c) && c != '#':
			return 0
		}
	}
	return 0
}

// flush emits the text up to end.
func (s *htmlText) flush(end int) {
	s.write(s.text[s.flushed:end])
	s.flushed = end
}

// marks emits what must happen between the characters before and behind i.
func (s *htmlText) marks(before context, i, next int) {
	after, at := s.ctx, span{s.offset + i, s.offset + next}
	switch {
	case before.state != inDark && after.state == inDark:
		s.problems.add(at, codeMarkup, "From here on it is unclear what is a tag and what is text.").
			fix("Look for a quote, a comment or a < that stands where none is expected.")
	case before.state == beforeValue && after.state == inBare && after.attr == urlAttr:
		s.problems.add(at, codeMarkup, "The address in %s has no quotes around it.", after.name).fix("Write %s=\"…\".", after.name)
	case before.state == beforeValue && after.state == inValue && after.attr == urlAttr:
		s.flush(next)
		s.url = openURL{start: s.offset + next}
		s.emit(&addressOp{})
	case before.state == inValue && before.attr == urlAttr && after.state != inValue:
		s.flush(i)
		s.closeURL(before, s.offset+i)
	case after.css != before.css && (before.css == cssURL || before.css == cssPlain) && inURL(after.css):
		s.flush(next)
		s.emit(&addressOp{})
	case inURL(before.css) && !inURL(after.css):
		s.flush(i)
		s.fold(&addressEndOp{image: true, comment: before.hidden})
	case before.state == inTagName && after.state != inTagName && before.element == "body" && before.closing && !before.hidden && s.tag >= s.flushed:
		s.flush(s.tag)
		s.emit(&tailOp{})
	}
}

func inURL(css cssState) bool { return css == cssURL || css == cssURLDouble || css == cssURLSingle }

// fold ends an address. One without outputs needs no look at run time: fold
// returns its text, which is emitted already.
func (c *compiler) fold(end op) (constant string, ok bool) {
	n := len(c.ops)
	if n >= 1 {
		if _, ok := c.ops[n-1].(*addressOp); ok {
			c.ops = c.ops[:n-1]
			return "", true
		}
	}
	if n >= 2 {
		text, isText := c.ops[n-1].(*textOp)
		if _, ok := c.ops[n-2].(*addressOp); ok && isText {
			c.ops = c.ops[:n-2]
			c.write(text.text)
			return text.text, true
		}
	}
	c.emit(end)
	return "", false
}

// closeURL ends the address in an attribute.
func (c *compiler) closeURL(ctx context, end int) {
	image := ctx.name != "href" && ctx.name != "action" && ctx.name != "formaction"
	isLink := ctx.element == "a" && !ctx.closing && ctx.name == "href"
	tracked := isLink && !c.url.protected
	text, constant := c.fold(&addressEndOp{image: image, tracked: tracked, comment: ctx.hidden})
	link := Link{Start: c.url.start, End: end, Tracked: tracked}
	if constant {
		link.URL = strings.Trim(html.UnescapeString(text), whitespace)
		if !safeAddress([]byte(link.URL), image) {
			c.problems.add(span{c.url.start, end}, codeURL, "The attribute %s leads to %q.", ctx.name, link.URL).
				fix("Addresses in a mail begin with http:, https:, mailto: or tel:.")
		}
		if link.Tracked = tracked && clickable(link.URL); link.Tracked {
			c.replaceText(text, &linkOp{link.URL, text, ctx.hidden})
		}
	}
	if isLink {
		c.links = append(c.links, link)
	}
}

// replaceText takes text from the end of what was emitted, and emits o instead.
func (c *compiler) replaceText(text string, o op) {
	last := c.ops[len(c.ops)-1].(*textOp)
	if last.text = strings.TrimSuffix(last.text, text); last.text == "" {
		c.ops = c.ops[:len(c.ops)-1]
	}
	c.emit(o)
}
