package template

import (
	"math"
	"strconv"
	"strings"
)

// lexeme is a word, number, string or sign of an expression.
type lexeme struct {
	span
	kind byte // 'a' a word, '1' a number, '"' a string, '?' what cannot be read, 0 the end; else the sign
	text string
}

// exprParser reads the body of an output or a tag.
type exprParser struct {
	src      fragment
	whole    span // with the braces: what is underlined where nothing is
	pos      int
	tok      lexeme
	problems *problems
	failed   bool // one complaint for each body is enough
}

func newExprParser(src fragment, whole span, ps *problems) *exprParser {
	p := &exprParser{src: src, whole: whole, problems: ps}
	p.next()
	return p
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameByte(c byte) bool { return isNameStart(c) || isDigit(c) || c == '-' }

// next reads the next lexeme into p.tok.
func (p *exprParser) next() {
	s := p.src.text
	for p.pos < len(s) && strings.IndexByte(whitespace, s[p.pos]) >= 0 {
		p.pos++
	}
	start := p.pos
	kind := p.read(s)
	p.tok = lexeme{span{p.src.start + start, p.src.start + p.pos}, kind, s[start:p.pos]}
	if kind == '"' {
		p.tok.text = s[start+1 : p.pos-1]
	}
}

// read moves behind the next lexeme and tells its kind.
func (p *exprParser) read(s string) byte {
	if p.pos == len(s) {
		return 0
	}
	c := s[p.pos]
	switch {
	case isNameStart(c):
		for p.pos < len(s) && isNameByte(s[p.pos]) {
			p.pos++
		}
		return 'a'
	case isDigit(c), c == '-' && p.pos+1 < len(s) && isDigit(s[p.pos+1]):
		p.number(s)
		return '1'
	case c == '"' || c == '\'':
		if n := strings.IndexByte(s[p.pos+1:], c); n >= 0 {
			p.pos += n + 2
			return '"'
		}
		p.pos = len(s)
		return '?'
	}
	for _, sign := range []string{"==", "!=", "<>", "<=", ">=", ".."} {
		if strings.HasPrefix(s[p.pos:], sign) {
			p.pos += 2
			return sign[0]
		}
	}
	p.pos++
	if strings.IndexByte("|:,.[]()<>=", c) >= 0 {
		return c
	}
	return '?'
}

func (p *exprParser) number(s string) {
	for p.pos++; p.pos < len(s); p.pos++ {
		if !isDigit(s[p.pos]) && (s[p.pos] != '.' || p.pos+1 == len(s) || !isDigit(s[p.pos+1])) {
			return
		}
	}
}

// is reports whether the next lexeme is the sign or word text.
func (p *exprParser) is(text string) bool {
	return p.tok.text == text && p.tok.kind != '"' && p.tok.kind != 0
}

func (p *exprParser) accept(text string) bool {
	if !p.is(text) {
		return false
	}
	p.next()
	return true
}

// fail reports the first thing that cannot be read.
func (p *exprParser) fail(detail string, args ...any) *Problem {
	if p.failed {
		return new(Problem)
	}
	p.failed = true
	at := p.tok.span
	switch {
	case p.src.text == "":
		at = p.whole
	case p.tok.kind == 0:
		at = span{max(p.src.start, at.start-1), at.start}
	}
	return p.problems.add(at, codeSyntax, detail, args...)
}

// describe names the next lexeme in a message.
func (p *exprParser) describe() string {
	if p.tok.kind == 0 {
		return "the end"
	}
	return strconv.Quote(p.tok.text)
}

func (p *exprParser) expect(text, where string) {
	if !p.accept(text) {
		p.fail("%q is expected %s, not %s.", text, where, p.describe())
	}
}

// end reports what is left over.
func (p *exprParser) end(after string) {
	switch {
	case p.tok.kind == 0:
	case p.tok.kind == '?' && (p.tok.text[0] == '"' || p.tok.text[0] == '\''):
		p.fail("The string %s has no closing quote.", p.tok.text)
	case p.is("&"), p.is("&&"):
		p.fail("%s follows %s.", p.describe(), after).fix("Liquid writes `and`.")
	default:
		p.fail("%s follows %s, and has no meaning there.", p.describe(), after)
	}
}

// filtered reads a value and its filters: a.b | f: 1, 2 | g.
func (p *exprParser) filtered() expr {
	e := p.operand()
	for n := 1; !p.failed && p.accept("|"); n++ {
		if e = p.filter(e); n > maxFilters {
			p.fail("More than %d filters.", maxFilters)
		}
	}
	return e
}

// maxFilters bounds a chain of filters.
const maxFilters = 32

func (p *exprParser) filter(in expr) expr {
	if p.tok.kind != 'a' {
		p.fail("The name of a filter is expected after |, not %s.", p.describe())
		return in
	}
	f := &filterExpr{name: fragment{p.tok.text, p.tok.start}, in: in}
	f.span = span{in.at().start, p.tok.end}
	p.next()
	if p.tok.kind == '"' || p.tok.kind == '1' {
		p.fail("The filter %s is followed by %s.", f.name.text, p.describe()).
			fix("Arguments follow a colon: %s: %s", f.name.text, p.src.text[p.tok.start-p.src.start:])
		return f
	}
	if !p.accept(":") {
		return f
	}
	for ok := true; ok && !p.failed; ok = p.accept(",") {
		p.argument(f)
	}
	return f
}

// argument reads one argument of f, which may be named.
func (p *exprParser) argument(f *filterExpr) {
	name := p.tok
	arg := p.operand()
	if path, ok := arg.(*pathExpr); ok && len(path.steps) == 0 && name.kind == 'a' && p.accept(":") {
		value := p.operand()
		f.named = append(f.named, namedArg{fragment{name.text, name.start}, value})
		f.end = value.at().end
		return
	}
	f.args = append(f.args, arg)
	f.end = arg.at().end
}

var words = map[string]any{"true": true, "false": false, "nil": nil, "null": nil, "blank": nil, "empty": nil}

// operand reads a constant, a path or a range.
func (p *exprParser) operand() expr {
	t := p.tok
	switch t.kind {
	case '"':
		p.next()
		return &literalExpr{span: t.span, value: t.text}
	case '1':
		p.next()
		return p.numberLiteral(t)
	case '(':
		return p.rangeOf()
	case 'a':
		if value, ok := words[t.text]; ok {
			return p.word(t, value)
		}
		return p.path()
	}
	if t.kind == '?' {
		p.end("the opening")
	}
	p.fail("A variable or a constant is expected, not %s.", p.describe())
	return &literalExpr{span: t.span}
}

func (p *exprParser) word(t lexeme, value any) expr {
	p.next()
	lit := &literalExpr{span: t.span, value: value}
	if value == nil {
		lit.word = strings.Replace(t.text, "null", "nil", 1)
	}
	return lit
}

func (p *exprParser) numberLiteral(t lexeme) expr {
	n, err := strconv.ParseFloat(t.text, 64)
	if err != nil || math.IsInf(n, 0) {
		p.fail("%s is not a number.", t.text)
		n = 0
	}
	return &literalExpr{span: t.span, value: n}
}

// rangeOf reads (1..5).
func (p *exprParser) rangeOf() expr {
	r := &rangeExpr{span: p.tok.span}
	p.next()
	if r.from = p.rangeEnd(); !p.is("..") {
		p.fail("Liquid has parentheses for ranges alone, such as (1..5).").fix("Nest two tags, or {%% assign %%} a part.")
	}
	p.expect("..", "in a range")
	r.to = p.rangeEnd()
	r.end = p.tok.end
	p.expect(")", "after a range")
	return r
}

func (p *exprParser) rangeEnd() expr {
	if p.tok.kind == '(' {
		p.fail("A range begins and ends with a number.")
		return &literalExpr{span: p.tok.span}
	}
	return p.operand()
}

// maxSteps bounds the length of a path.
const maxSteps = 32

func (p *exprParser) path() expr {
	e := &pathExpr{span: p.tok.span, name: p.tok.text}
	p.next()
	for !p.failed {
		step := pathStep{span: p.tok.span}
		switch {
		case p.accept("."):
			p.field(&step)
		case p.accept("["):
			p.index(&step)
		default:
			return e
		}
		e.end = step.end
		if e.steps = append(e.steps, step); len(e.steps) > maxSteps {
			p.fail("The path has more than %d steps.", maxSteps)
		}
	}
	return e
}

func (p *exprParser) field(step *pathStep) {
	if p.tok.kind != 'a' {
		p.fail("The name of a field is expected after the dot, not %s.", p.describe())
		return
	}
	step.span = p.tok.span
	step.name = p.tok.text
	p.next()
}

func (p *exprParser) index(step *pathStep) {
	switch p.tok.kind {
	case '"':
		step.name = p.tok.text
		p.next()
	case '1':
		step.index = p.numberLiteral(p.tok)
		p.next()
	case 'a':
		step.index = p.plainPath()
	default:
		p.fail("A name, a number or a variable is expected in brackets, not %s.", p.describe())
	}
	step.end = p.tok.end
	p.expect("]", "after an index")
}

// plainPath reads a.b.c: what may stand in brackets.
func (p *exprParser) plainPath() expr {
	e := &pathExpr{span: p.tok.span, name: p.tok.text}
	p.next()
	for !p.failed && len(e.steps) < maxSteps && p.accept(".") {
		var step pathStep
		p.field(&step)
		e.steps = append(e.steps, step)
		e.end = step.end
	}
	return e
}

// maxOperands bounds the length of a condition.
const maxOperands = 64

// condition reads comparisons joined by `and` and `or`, from the right.
func (p *exprParser) condition(depth int) expr {
	if depth > maxOperands {
		p.fail("The condition has more than %d parts.", maxOperands)
	}
	left := p.comparison()
	op := p.tok.text
	if p.failed || !p.is("and") && !p.is("or") {
		return left
	}
	p.next()
	right := p.condition(depth + 1)
	return &logicExpr{span{left.at().start, right.at().end}, op, left, right}
}

func (p *exprParser) comparison() expr {
	left := p.operand()
	op := p.tok.text
	switch {
	case p.is("=="), p.is("!="), p.is("<>"), p.is("<"), p.is(">"), p.is("<="), p.is(">="), p.is("contains"):
	case p.is("="):
		p.fail("One = assigns.").fix("Compare with ==.")
		return left
	case p.is("|"):
		p.fail("A filter cannot stand in a condition.").fix("{%% assign %%} the filtered value to a name first, and ask for that.")
		return left
	default:
		return left
	}
	p.next()
	right := p.operand()
	if op == "<>" {
		op = "!="
	}
	return &compareExpr{span{left.at().start, right.at().end}, op, left, right}
}
