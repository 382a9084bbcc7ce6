package template

import (
	"slices"
	"strings"
)

const (
	maxDepth  = 50   // of tags in each other
	maxTokens = 8000 // tags, outputs and the texts between them
)

// parser builds the tree from tokens.
type parser struct {
	tokens   []token
	pos      int
	open     []token         // the tags around, outermost first
	unknown  map[string]bool // tags that were reported: their end tags are not
	aborted  bool
	problems *problems
}

func parse(src string, ps *problems) []stmt {
	p := &parser{tokens: lex(src, ps), problems: ps, unknown: map[string]bool{}}
	if len(p.tokens) > maxTokens {
		ps.add(p.tokens[maxTokens].span, codeTooLarge, "Half of %d pieces of Liquid are the most that a template may have.", maxTokens)
		return nil
	}
	body, _ := p.block()
	return body
}

// block reads statements up to an end or a middle tag, which it returns, or up
// to the end of the source.
func (p *parser) block() ([]stmt, *token) {
	var body []stmt
	for p.pos < len(p.tokens) {
		tok := p.tokens[p.pos]
		p.pos++
		switch tok.kind {
		case tokenText:
			body = append(body, &textStmt{tok.span})
		case tokenOutput:
			if s := p.output(tok); s != nil {
				body = append(body, s)
			}
		case tokenTag:
			if p.closes(tok) {
				return body, &tok
			}
			if s := p.tag(tok); s != nil {
				body = append(body, s)
			}
		}
	}
	return body, nil
}

// middles are the tags that divide a block.
var middles = map[string][]string{
	"if": {"elsif", "else"}, "unless": {"elsif", "else"}, "case": {"when", "else"}, "for": {"else"},
}

// closes reports whether tok ends one of the blocks around, or divides the
// innermost.
func (p *parser) closes(tok token) bool {
	name, isEnd := strings.CutPrefix(tok.name, "end")
	if isEnd && slices.ContainsFunc(p.open, func(t token) bool { return t.name == name }) {
		return true
	}
	if n := len(p.open); n > 0 && slices.Contains(middles[p.open[n-1].name], tok.name) {
		return true
	}
	return false
}

func (p *parser) unmatched(tok token) {
	p.problems.add(tok.span, codeUnmatched, "{%% %s %%} stands here, but no tag that it belongs to is open.", tok.name).
		fix("Remove it, or write the opening tag before it.")
}

func (p *parser) output(tok token) stmt {
	if tok.body.text == "" {
		p.problems.add(tok.span, codeSyntax, "The output is empty.").fix("Name what to print: {{ profile.first_name }}")
		return nil
	}
	e := newExprParser(tok.body, tok.span, p.problems)
	value := e.filtered()
	e.end("the value")
	if e.failed {
		return nil
	}
	return &outputStmt{tok.span, value}
}

// unavailable are tags of Liquid, or of this language one day, and what to do
// without them.
var unavailable = map[string]string{
	"recommend": "Recommenders come with a later version.",
	"include":   "Show a content block: {% content NAME %}.", "render": "Show a content block: {% content NAME %}.",
	"layout": "", "section": "", "block": "", "extends": "", "form": "", "paginate": "", "schema": "", "style": "", "javascript": "",
	"liquid": "Write each tag in braces of its own.", "echo": "Write {{ … }}.",
	"tablerow": "Use {% for %}.", "cycle": "Ask for forloop.index in an {% if %}.", "ifchanged": "",
	"increment": "Use {% assign %} and the filter plus.", "decrement": "Use {% assign %} and the filter minus.",
	"break": "Use limit, as in {% for x in list limit: 3 %}.", "continue": "Put the rest into an {% if %}.",
}

var tagNames = []string{"if", "unless", "case", "for", "assign", "capture", "content", "comment", "raw", "elsif", "else", "when"}

// tag reads the statement that tok begins; nil if there is none.
func (p *parser) tag(tok token) stmt {
	switch tok.name {
	case "#", "comment", "raw", "endcomment", "endraw":
		return nil
	case "if", "unless":
		return p.ifTag(tok)
	case "case":
		return p.caseTag(tok)
	case "for":
		return p.forTag(tok)
	case "assign":
		return p.assign(tok)
	case "capture":
		return p.capture(tok)
	case "content":
		return p.content(tok)
	}
	p.unknownTag(tok)
	return nil
}

func (p *parser) unknownTag(tok token) {
	name, isEnd := strings.CutPrefix(tok.name, "end")
	fix, known := unavailable[tok.name]
	switch {
	case isEnd && p.unknown[name]:
	case isEnd && slices.Contains(tagNames, name), slices.Contains(tagNames, tok.name):
		p.unmatched(tok)
	case known:
		p.unknown[tok.name] = true
		p.problems.add(tok.span, codeUnavailable, "The tag {%% %s %%} is not available in herald yet.", tok.name).Fix = fix
	case tok.name == "":
		p.problems.add(tok.span, codeSyntax, "The tag has no name.")
	default:
		p.unknown[tok.name] = true
		p.problems.add(tok.span, codeUnknownTag, "There is no tag named %q.", tok.name).Fix = suggest(tok.name, tagNames)
	}
}

// inside reads the part of open's block that begins here. It returns the tag
// that divides or ends the block, or nil if the block is never closed.
func (p *parser) inside(open token) ([]stmt, *token) {
	if len(p.open) >= maxDepth {
		p.problems.add(open.span, codeTooLarge, "Tags stand in each other more than %d deep.", maxDepth)
		p.pos, p.aborted = len(p.tokens), true
		return nil, nil
	}
	p.open = append(p.open, open)
	body, end := p.block()
	p.open = p.open[:len(p.open)-1]
	if end != nil && (end.name == "end"+open.name || slices.Contains(middles[open.name], end.name)) {
		return body, end
	}
	if !p.aborted {
		p.problems.add(open.span, codeUnclosed, "{%% %s %%} has no {%% end%s %%}.", open.name, open.name).
			fix("Write {%% end%s %%} where it ends.", open.name)
	}
	if end != nil {
		p.pos-- // it belongs to a tag around
	}
	return body, nil
}

// rest is the body of a tag behind its name.
func rest(tok token) fragment { return tok.body.cut(len(tok.name)) }

// when reads the condition of tok.
func (p *parser) when(tok token) expr {
	if rest(tok).text == "" {
		p.problems.add(tok.span, codeSyntax, "{%% %s %%} has no condition.", tok.name)
		return nil
	}
	e := newExprParser(rest(tok), tok.span, p.problems)
	cond := e.condition(1)
	e.end("the condition")
	if e.failed {
		return nil
	}
	return cond
}

func (p *parser) ifTag(open token) stmt {
	s := &ifStmt{span: open.span}
	b := branchStmt{span: open.span, when: p.when(open), negate: open.name == "unless"}
	for elseSeen := false; ; {
		body, end := p.inside(open)
		if elseSeen {
			s.otherwise = append(s.otherwise, body...)
		} else {
			b.body = body
			s.branches = append(s.branches, b)
		}
		switch {
		case end == nil || end.name == "end"+open.name:
			return s
		case elseSeen:
			p.afterElse(*end)
		case end.name == "else":
			elseSeen = true
			p.bare(*end)
		default:
			b = branchStmt{span: end.span, when: p.when(*end)}
		}
	}
}

func (p *parser) afterElse(tok token) {
	p.problems.add(tok.span, codeSyntax, "{%% %s %%} stands behind {%% else %%}, where it can never be reached.", tok.name)
}

// bare reports what follows the name of a tag that takes nothing.
func (p *parser) bare(tok token) {
	if text := rest(tok); text.text != "" {
		p.problems.add(text.span(), codeSyntax, "{%% %s %%} takes no condition.", tok.name).fix("Write {%% elsif … %%}.")
	}
}

func (p *parser) caseTag(open token) stmt {
	e := newExprParser(rest(open), open.span, p.problems)
	s := &caseStmt{span: open.span, subject: e.operand()}
	e.end("the value")
	body, end := p.inside(open)
	for _, b := range body {
		if _, isText := b.(*textStmt); !isText {
			p.problems.add(b.at(), codeSyntax, "This stands before the first {%% when %%}, where it is never shown.")
		}
	}
	for elseSeen := false; end != nil && end.name != "endcase"; {
		tok := *end
		var w whenStmt
		switch {
		case elseSeen:
			p.afterElse(tok)
		case tok.name == "else":
			elseSeen = true
			p.bare(tok)
		default:
			w = whenStmt{span: tok.span, values: p.whenValues(tok)}
		}
		if w.body, end = p.inside(open); elseSeen {
			s.otherwise = append(s.otherwise, w.body...)
		} else {
			s.branches = append(s.branches, w)
		}
	}
	return s
}

// whenValues reads the constants of {% when a, b or c %}.
func (p *parser) whenValues(tok token) []expr {
	e := newExprParser(rest(tok), tok.span, p.problems)
	values := []expr{e.operand()}
	for !e.failed && (e.accept(",") || e.accept("or")) {
		if values = append(values, e.operand()); len(values) > maxOperands {
			e.fail("More than %d values.", maxOperands)
		}
	}
	e.end("the value")
	return values
}

func (p *parser) forTag(open token) stmt {
	s := &forStmt{span: open.span}
	e := newExprParser(rest(open), open.span, p.problems)
	s.name, s.nameSpan = e.name("for")
	e.expect("in", "after the variable of {% for %}")
	if !e.failed {
		s.list = e.operand()
	}
	p.forOptions(e, s)
	e.end("the list")
	body, end := p.inside(open)
	s.body = body
	for elseSeen := false; end != nil && end.name == "else"; elseSeen = true {
		if elseSeen {
			p.afterElse(*end)
		}
		p.bare(*end)
		body, end = p.inside(open)
		s.otherwise = append(s.otherwise, body...)
	}
	if e.failed {
		return nil
	}
	return s
}

func (p *parser) forOptions(e *exprParser, s *forStmt) {
	for !e.failed {
		e.accept(",")
		switch {
		case e.accept("reversed"):
			s.reversed = true
		case e.accept("limit"):
			e.expect(":", "after limit")
			s.limit = e.operand()
		case e.accept("offset"):
			e.expect(":", "after offset")
			s.offset = e.operand()
		default:
			return
		}
	}
}

// name reads the name that a tag gives to something.
func (p *exprParser) name(tag string) (string, span) {
	t := p.tok
	if _, reserved := words[t.text]; t.kind != 'a' || reserved {
		p.fail("{%% %s %%} is followed by a name, not by %s.", tag, p.describe())
	}
	p.next()
	return t.text, t.span
}

func (p *parser) assign(tok token) stmt {
	e := newExprParser(rest(tok), tok.span, p.problems)
	s := &assignStmt{span: tok.span}
	s.name, s.nameSpan = e.name("assign")
	e.expect("=", "after the name")
	if !e.failed {
		s.value = e.filtered()
	}
	e.end("the value")
	if e.failed {
		return nil
	}
	return s
}

func (p *parser) capture(open token) stmt {
	e := newExprParser(rest(open), open.span, p.problems)
	s := &captureStmt{span: open.span}
	s.name, s.nameSpan = e.name("capture")
	e.end("the name")
	s.body, _ = p.inside(open)
	if e.failed {
		return nil
	}
	return s
}

func (p *parser) content(tok token) stmt {
	e := newExprParser(rest(tok), tok.span, p.problems)
	if e.tok.kind == '"' {
		e.tok.kind = 'a' // a name may have quotes
	}
	name, _ := e.name("content")
	e.end("the name")
	if e.failed {
		return nil
	}
	return &contentStmt{tok.span, name}
}
