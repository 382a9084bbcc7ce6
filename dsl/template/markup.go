package template

import "strings"

// htmlState is where in the markup a place stands.
type htmlState uint8

const (
	inText      htmlState = iota
	inOpening             // behind <, </, <! or <!-
	inTagName             // <td
	inTag                 // between attributes
	inTagJoined           // branches differ: a name or an attribute may have ended
	inAttrName            // <td width
	behindName            // <td width_
	beforeValue           // <td width=
	inValue               // <td width="
	inBare                // <td width=1
	inRCData              // <title>, <textarea>: text without tags
	inStyle               // <style>
	inRaw                 // <script> and others that hold no text for readers
	inComment             // <!-- -->
	inCondition           // <!--[if mso
	inDeclared            // <!doctype, <?xml
	inDark                // what cannot be followed
)

// attrKind is what an attribute's value is.
type attrKind uint8

const (
	plainAttr  attrKind = iota
	urlAttr             // one address
	urlsAttr            // several
	styleAttr           // CSS
	scriptAttr          // refused
)

// urlPart is how far into an address a place stands.
type urlPart uint8

const (
	urlStart urlPart = iota
	urlPath
	urlQuery
	urlMixed // branches differ
)

// cssState is where in CSS a place stands.
type cssState uint8

const (
	cssPlain  cssState = iota
	cssDouble          // "…
	cssSingle          // '…
	cssURL             // url(
	cssURLDouble
	cssURLSingle
	cssComment
)

// context is the place that the next character takes in the markup. Two ways
// to a point must lead to one context.
type context struct {
	state   htmlState
	element string // lower case
	closing bool   // an end tag
	attr    attrKind
	name    string // of the attribute
	delim   byte   // of its value
	url     urlPart
	css     cssState
	recent  string // the start of what may become <!-- or </style
	word    string // the start of what may become url( or a comment in CSS
	hidden  bool   // in a conditional comment, whose markup Outlook alone reads
	dashes  int    // at the end of what was written, when hidden
}

var urlAttrs = map[string]attrKind{
	"href": urlAttr, "src": urlAttr, "action": urlAttr, "formaction": urlAttr, "background": urlAttr, "poster": urlAttr,
	"cite": urlAttr, "data": urlAttr, "longdesc": urlAttr, "dynsrc": urlAttr, "lowsrc": urlAttr,
	"srcset": urlsAttr, "imagesrcset": urlsAttr, "archive": urlsAttr, "ping": urlsAttr,
	"style": styleAttr, "srcdoc": scriptAttr, "http-equiv": scriptAttr, // http-equiv="refresh" leads anywhere
}

// kindOfAttr tells what the value of an attribute is. Prefixes such as xlink:
// and o: do not change it.
func kindOfAttr(name string) attrKind {
	name = name[strings.LastIndexByte(name, ':')+1:]
	if strings.HasPrefix(name, "on") {
		return scriptAttr
	}
	return urlAttrs[name]
}

// textStates are how the content of some elements is read.
var textStates = map[string]htmlState{
	"title": inRCData, "textarea": inRCData, "style": inStyle, "script": inRaw, "xmp": inRaw, "iframe": inRaw,
	"noembed": inRaw, "noframes": inRaw, "noscript": inRaw, "plaintext": inDark,
}

// join is the context where two branches meet; false if there is none.
func (c context) join(d context) (context, bool) {
	if c == d {
		return c, true
	}
	c.dashes, d.dashes = max(c.dashes, d.dashes), max(c.dashes, d.dashes)
	if c.inTag() && d.inTag() && c.element == d.element && c.closing == d.closing && c.hidden == d.hidden {
		return context{state: inTagJoined, element: c.element, closing: c.closing, hidden: c.hidden, dashes: c.dashes}, true
	}
	if c.state == inValue && c.url != d.url {
		c.url, d.url = joinURL(c.url, d.url), joinURL(c.url, d.url)
	}
	return c, c == d
}

func joinURL(a, b urlPart) urlPart {
	if a == urlQuery || b == urlQuery || a == urlMixed || b == urlMixed {
		return urlMixed
	}
	return urlPath
}

// inTag reports whether c stands where an attribute may have ended.
func (c context) inTag() bool {
	switch c.state {
	case inTagName, inTag, inTagJoined, inAttrName, behindName:
		return true
	}
	return false
}

func isSpace(c byte) bool { return strings.IndexByte(whitespace, c) >= 0 }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func lower(c byte) string { return strings.ToLower(string(rune(c))) }

// calm is how much of s changes nothing.
func (c *context) calm(s string) int {
	var end int
	switch {
	case c.hidden:
		return 0
	case c.state == inText:
		end = strings.IndexByte(s, '<')
	case c.state == inValue && c.attr == plainAttr:
		end = strings.IndexByte(s, c.delim)
	default:
		return 0
	}
	if end < 0 {
		return len(s)
	}
	return end
}

// next moves c behind one character of static text.
func (c *context) next(ch byte) {
	for c.read(ch) {
	}
	if c.hidden {
		c.watch(ch)
	}
}

// watch looks for the --> that ends a conditional comment for all clients but
// Outlook. Where it stands inside a tag, the two read different things.
func (c *context) watch(ch byte) {
	switch {
	case ch == '>' && c.dashes >= 2:
		c.hidden, c.dashes = false, 0
		if c.state != inText {
			c.leave(inDark)
		}
	case ch == '-':
		c.dashes = min(2, c.dashes%3+1)
	case ch == '!' && c.dashes == 2:
		c.dashes = 3
	default:
		c.dashes = 0
	}
}

// read takes a character, unless it ends something: then it is to be read again.
func (c *context) read(ch byte) (again bool) {
	switch c.state {
	case inText:
		if ch == '<' {
			c.state, c.recent = inOpening, "<"
		}
	case inOpening:
		return c.opening(ch)
	case inTagName, inTag, inTagJoined, inAttrName, behindName, beforeValue, inBare:
		c.tag(ch)
	case inValue:
		c.value(ch)
	case inRCData, inStyle, inRaw:
		return c.content(ch)
	case inComment:
		c.comment(ch)
	case inCondition:
		c.condition(ch)
	case inDeclared:
		if ch == '>' {
			c.leave(inText)
		}
	}
	return false
}

// leave enters a state that knows nothing of a tag.
func (c *context) leave(state htmlState) {
	*c = context{state: state, hidden: c.hidden, dashes: c.dashes}
}

// opening reads what follows <.
func (c *context) opening(ch byte) (again bool) {
	switch {
	case c.recent == "<!-" && ch == '-':
		c.leave(inComment)
		c.recent = "<!--"
	case c.recent == "<!" && ch == '-':
		c.recent = "<!-"
	case c.recent == "<!" || c.recent == "<!-":
		c.leave(inDeclared)
		return true
	case isLetter(ch):
		closing := c.recent == "</"
		c.leave(inTagName)
		c.element, c.closing = lower(ch), closing
	case c.recent == "</":
		c.leave(inDeclared)
		return true
	case ch == '/', ch == '!':
		c.recent += string(rune(ch))
	case ch == '?':
		c.leave(inDeclared)
	default:
		c.leave(inText)
		return true
	}
	return false
}

// tag reads what stands between < and >, except for quoted values.
func (c *context) tag(ch byte) {
	switch {
	case ch == '>':
		c.endTag()
	case isSpace(ch):
		c.space()
	case c.state == beforeValue:
		if c.state = inBare; ch == '"' || ch == '\'' {
			c.state, c.delim = inValue, ch
		}
	case c.state == inBare:
	case ch == '/':
		c.state, c.name = inTag, ""
	case c.state == inTagName:
		c.element += lower(ch)
	case c.state == inTagJoined, (ch == '=' || ch == '"' || ch == '\'') && c.state == inTag:
		c.leave(inDark)
	case ch == '=':
		c.state, c.attr = beforeValue, kindOfAttr(c.name)
	case c.state == inAttrName:
		c.name += lower(ch)
	default:
		c.state, c.name = inAttrName, lower(ch)
	}
}

func (c *context) space() {
	switch c.state {
	case inAttrName:
		c.state = behindName
	case inTagName, inTagJoined, inBare:
		c.endValue()
	}
}

// endValue stands between attributes again.
func (c *context) endValue() {
	*c = context{state: inTag, element: c.element, closing: c.closing, hidden: c.hidden, dashes: c.dashes}
}

func (c *context) endTag() {
	element, closing := c.element, c.closing
	c.leave(inText)
	if state, ok := textStates[element]; ok && !closing {
		c.state, c.element = state, element
	}
}

// value reads a quoted value.
func (c *context) value(ch byte) {
	if ch == c.delim {
		c.endValue()
		return
	}
	c.inside(ch)
}

// inside reads a character of a value, entities decoded.
func (c *context) inside(ch byte) {
	switch c.attr {
	case urlAttr, urlsAttr:
		c.address(ch)
	case styleAttr:
		c.style(ch)
	}
}

func (c *context) address(ch byte) {
	switch {
	case ch == '?' || ch == '#':
		c.url = urlQuery
	case c.url == urlStart && !isSpace(ch):
		c.url = urlPath
	}
}

// content reads what stands in an element without tags, up to its end tag.
func (c *context) content(ch byte) (again bool) {
	end := "</" + c.element
	switch recent := c.recent + lower(ch); {
	case c.recent == end && (ch == '>' || ch == '/' || isSpace(ch)):
		element := c.element
		c.leave(inTagName)
		c.element, c.closing = element, true
		return true
	case strings.HasPrefix(end, recent):
		if c.recent = recent; inURL(c.css) { // the element may end within an address
			c.css, c.url = cssPlain, urlStart
		}
		return false
	case c.state == inRaw && recent == "<!--": // a comment in a script ends by rules of its own
		c.leave(inDark)
		return false
	case c.state == inRaw && strings.HasPrefix("<!--", recent):
		c.recent = recent
		return false
	case c.recent != "":
		c.recent = ""
		return true
	}
	if c.state == inStyle {
		c.style(ch)
	}
	return false
}

// comment reads a comment up to --> and recognises <!--[if.
func (c *context) comment(ch byte) {
	c.recent += string(rune(ch))
	switch {
	case c.recent == "<!--[if":
		c.leave(inCondition)
	case strings.HasPrefix("<!--[if", c.recent):
	case c.recent == "<!-->", c.recent == "<!--->", strings.HasSuffix(c.recent, "-->"), strings.HasSuffix(c.recent, "--!>"):
		c.leave(inText)
	default:
		c.recent = dashesOf(c.recent)
	}
}

// dashesOf is the end of s that may be the start of -->.
func dashesOf(s string) string {
	if s == "<!---" {
		return s
	}
	if rest, ok := strings.CutPrefix(s, "<!--"); ok && rest != "-" {
		return dashesOf(rest)
	}
	for _, end := range []string{"--!", "--", "-"} {
		if strings.HasSuffix(s, end) {
			return end
		}
	}
	return " "
}

// condition reads [if mso] up to ]>, behind which markup stands.
func (c *context) condition(ch byte) {
	switch {
	case ch == '>' && (c.recent == "]" || c.recent == "--"):
		hidden := c.recent == "]"
		c.leave(inText)
		c.hidden = hidden
	case ch == '-' && strings.HasSuffix(c.recent, "-"):
		c.recent = "--"
	default:
		c.recent = string(rune(ch))
	}
}
