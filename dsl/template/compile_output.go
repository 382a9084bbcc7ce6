package template

// output checks a value that is printed, and finds how it is written where it
// stands.
func (c *compiler) output(s *outputStmt) {
	value, in := c.expr(s.value)
	if !in.broken {
		c.printable(s, in)
	}
	c.protected = c.protected || in.protected
	c.url.protected = c.url.protected || in.protected
	p, refusal := c.place(in)
	if refusal != "" && c.ctx.state != inDark { // the dark has been reported
		c.refuse(s, refusal)
	}
	if c.follow {
		c.ctx.output()
	}
	c.emit(newOutput(value, p))
}

// printable reports what would leave a hole or print no words.
func (c *compiler) printable(s *outputStmt, in info) {
	switch {
	case in.isConst && in.constant == nil:
		c.problems.add(s.value.at(), codeUnprintable, "%s prints nothing.", in.lack.what)
	case !scalarKinds.has(in.typ):
		p := c.problems.add(s.value.at(), codeUnprintable, "%s is %s.", c.source(s.value), aType(in.typ))
		switch {
		case isList(in.typ) && scalarKinds.has(elementOf(in.typ)):
			p.fix("Join its elements: | join: \", \"")
		case isList(in.typ):
			p.fix("Go over it: {%% for x in %s %%} … {%% endfor %%}", c.source(s.value))
		default:
			p.Fix = suggest("", fieldNames(in.typ))
		}
	case in.absent:
		c.missing(s.value.at(), in)
	}
}

// missing reports a value that some people do not have.
func (c *compiler) missing(at span, in info) {
	what, be := in.lack.what, "missing"
	if what == "" {
		what = c.src[at.start:at.end]
	}
	if in.lack.empty {
		be = "empty"
	}
	p := c.problems.add(at, codeMissing, "%s may be %s, and there would be a hole in its place.", what, be)
	if p.fix("Add | default: …"); in.lack.guard {
		p.fix("Add | default: …, or put it inside of {%% if %s %%} … {%% endif %%}", what)
	}
}

func (c *compiler) refuse(s *outputStmt, refusal string) {
	p := c.problems.add(s.span, codePlace, "This output stands %s.", refusal)
	switch c.ctx.state {
	case beforeValue, inBare:
		p.fix("Put the value of %s in quotes.", c.ctx.name)
	case inTag, inTagName, inTagJoined, inAttrName, behindName:
		p.fix("Print values of attributes, in quotes; choose between attributes with {%% if %%}.")
	}
}

// place finds how a value is written here, or why it cannot be.
func (c *compiler) place(in info) (p place, refusal string) {
	switch {
	case c.mode == Header:
		return place{escape: asLine}, ""
	case c.mode == Text || !c.follow:
		return place{escape: asIs}, ""
	case in.markup:
		return c.markupPlace(in)
	}
	p.comment = c.ctx.hidden
	switch c.ctx.state {
	case inText:
		p.escape = asHTML
		return p, ""
	case inRCData:
		if c.ctx.recent == "" {
			p.escape = asHTML
			return p, ""
		}
	case inComment:
		return place{asHTML, true}, ""
	case inValue:
		return c.valuePlace(p, in)
	case inStyle:
		if c.ctx.recent == "" && !c.ctx.hidden {
			p.escape = c.stylePlace(asRawStyleURL)
			return p, ""
		}
	}
	return p, c.ctx.describe()
}

// markupPlace is where a captured piece of HTML, or text with <br>, may stand.
// What was captured is escaped already.
func (c *compiler) markupPlace(in info) (p place, refusal string) {
	switch {
	case c.ctx.state != inText || c.ctx.hidden:
		return p, c.ctx.describe() + ", and holds HTML, which may stand between tags alone"
	case in.lines:
		p.escape = asLines
	}
	return p, ""
}

func (c *compiler) valuePlace(p place, in info) (place, string) {
	switch c.ctx.attr {
	case plainAttr:
		p.escape = asHTML
	case styleAttr:
		p.escape = c.stylePlace(asStyleURL)
	case urlsAttr:
		p.escape = asStyleURL
	case urlAttr:
		switch {
		case c.ctx.url == urlMixed:
			return p, "behind a part of the address " + c.ctx.name + " that differs: in one branch inside of its query, in another before it"
		case c.ctx.url == urlQuery && !in.encoded:
			p.escape = asQuery
		default:
			p.escape = asAddress
		}
	default:
		return p, "in the attribute " + c.ctx.name + ", which cannot hold a value that a stranger may have chosen"
	}
	return p, ""
}

// stylePlace is how a value is written in CSS.
func (c *compiler) stylePlace(url escape) escape {
	switch c.ctx.css {
	case cssURL, cssURLDouble, cssURLSingle:
		if c.ctx.url == urlQuery {
			return asQuery
		}
		return url
	}
	return asStyle
}

// output moves c behind a value.
func (c *context) output() {
	if c.url == urlStart && (inURL(c.css) || c.state == inValue && (c.attr == urlAttr || c.attr == urlsAttr)) {
		c.url = urlPath
	}
	switch c.state {
	case inComment:
		c.recent = " "
	case beforeValue:
		c.state = inBare
	}
	c.word, c.dashes = "", 0
}

// describe names the place, behind "ends" or "stands".
func (c context) describe() string {
	switch c.state {
	case inText:
		if c.hidden {
			return "in a conditional comment"
		}
		return "between tags"
	case inOpening:
		return "right behind " + c.recent
	case inTagName, inTag, inTagJoined, inAttrName, behindName:
		return "inside of the tag <" + c.element + ">"
	case beforeValue, inBare:
		return "in the attribute " + c.name + ", which has no quotes"
	case inValue:
		return "in the attribute " + c.name + " of <" + c.element + ">"
	case inRCData, inStyle, inRaw:
		return "in <" + c.element + ">"
	case inComment, inCondition:
		return "in a comment"
	case inDeclared:
		return "in a declaration <! … >"
	}
	return "behind markup that cannot be followed"
}
