package mjml

import "strings"

// attribute is one attribute as it is written.
type attribute struct {
	name, value string
	at, valueAt int // where name and value begin
	liquid      bool
}

// maxAttributes bounds the attributes of one tag.
const maxAttributes = 100

// startTag is an opening tag as it is written.
type startTag struct {
	name       string
	attrs      []attribute
	start, end int
	closed     bool // it ends with />
	broken     bool // it has no >
}

// startsTag reports whether an opening tag begins at i.
func (s *source) startsTag(i int) bool {
	return i+1 < len(s.text) && s.text[i] == '<' && isLetter(s.text[i+1])
}

// nameEnd is the end of the name that begins at i.
func (s *source) nameEnd(i int) int {
	for i < len(s.text) && isName(s.text[i]) {
		i++
	}
	return i
}

func (s *source) spaceEnd(i int) int {
	for i < len(s.text) && isSpace(s.text[i]) {
		i++
	}
	return i
}

// startTag scans the opening tag at i. Whatever is wrong in it is reported, and
// the tag ends where an author most likely meant it to.
func (s *source) startTag(i int, rep *reporter) startTag {
	end := s.nameEnd(i + 1)
	t := startTag{name: strings.ToLower(s.text[i+1 : end]), start: i, end: end}
	for at := end; ; {
		at = s.spaceEnd(at)
		t.end = at
		switch {
		case at >= len(s.text) || s.text[at] == '<':
			rep.at(s, t.start, end, CodeUnclosed, "The tag <%s has no >", t.name)
			t.broken = true
			return t
		case s.text[at] == '>':
			t.end = at + 1
			return t
		case strings.HasPrefix(s.text[at:], "/>"):
			t.end, t.closed = at+2, true
			return t
		}
		at = s.attribute(at, &t, rep)
	}
}

// attribute scans the attribute at i into t and returns its end, which is always
// beyond i.
func (s *source) attribute(i int, t *startTag, rep *reporter) int {
	if tok, ok := s.liquidAt(i); ok {
		rep.at(s, tok.start, tok.end, CodeLiquid, "Liquid stands between the attributes of %s", t.name).
			hint(`Put it into a value: color="{%% if vip %%}gold{%% else %%}black{%% endif %%}".`)
		return tok.end
	}
	end := s.nameEnd(i)
	if end == i {
		end = max(i+1, s.bareEnd(i, rep))
		rep.at(s, i, end, CodeSyntax, "%q cannot stand in a tag", s.text[i:end])
		return end
	}
	a := attribute{name: strings.ToLower(s.text[i:end]), at: i, valueAt: end}
	if at := s.spaceEnd(end); at < len(s.text) && s.text[at] == '=' {
		a.valueAt = s.spaceEnd(at + 1)
		end = s.value(&a, t, rep)
	}
	a.liquid = hasLiquid(a.value)
	if len(t.attrs) == maxAttributes {
		rep.at(s, a.at, end, CodeTooLarge, "%s has over %d attributes", t.name, maxAttributes)
		return end
	}
	t.attrs = append(t.attrs, a)
	return end
}

// value scans the value at a.valueAt into a and returns where it ends.
func (s *source) value(a *attribute, t *startTag, rep *reporter) int {
	i := a.valueAt
	if i >= len(s.text) || s.text[i] != '"' && s.text[i] != '\'' {
		end := s.bareEnd(i, rep)
		a.value = s.text[i:end]
		return end
	}
	a.valueAt++
	end, ok := s.quoteEnd(a.valueAt, s.text[i], rep)
	a.value = s.text[a.valueAt:end]
	if ok {
		return end + 1
	}
	rep.at(s, a.at, a.valueAt, CodeUnclosed, "The value of %s in %s has no closing quote", a.name, t.name)
	return end
}

// bareEnd is the end of the unquoted value that begins at i.
func (s *source) bareEnd(i int, rep *reporter) int {
	for i < len(s.text) {
		if end := s.skipLiquid(i, rep); end > i {
			i = end
			continue
		}
		if c := s.text[i]; isSpace(c) || c == '>' || c == '<' || strings.HasPrefix(s.text[i:], "/>") {
			break
		}
		i++
	}
	return i
}

// quoteEnd finds the quote that ends the value beginning at i. Where a component
// begins or ends first, the quote is missing, and the value ends with its tag.
func (s *source) quoteEnd(i int, quote byte, rep *reporter) (end int, ok bool) {
	tagEnd := -1
	for at := i; at < len(s.text); at++ {
		switch c := s.text[at]; {
		case c == quote:
			return at, true
		case c == '{':
			at = max(at, s.skipLiquid(at, rep)-1)
		case c == '>' && tagEnd < 0:
			tagEnd = at
		case c == '<' && s.isComponentTag(at):
			if tagEnd < 0 {
				tagEnd = at
			}
			return tagEnd, false
		}
	}
	if tagEnd < 0 {
		tagEnd = len(s.text)
	}
	return tagEnd, false
}

// isComponentTag reports whether <mj… or </mj… stands at i.
func (s *source) isComponentTag(i int) bool {
	name := strings.TrimPrefix(s.text[i+1:], "/")
	return len(name) > 2 && strings.EqualFold(name[:2], "mj") && (name[2] == '-' || name[2]|0x20 == 'm')
}
