package expr

import (
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// source finds the bytes that belong to parts of a syntax tree. CEL records one
// token for each: a sign, a dot, the bracket of a call. What stands around it is
// found by looking at the text again, and only when there is something to say.
type source struct {
	text   string
	info   *ast.SourceInfo
	toks   []token
	byByte map[int]int // start of a token → its index
	pair   []int       // index of a bracket → that of its partner; -1 for none
}

// scan prepares the tokens, once.
func (s *source) scan() {
	if s.byByte != nil {
		return
	}
	s.toks = tokenize(s.text)
	s.byByte = make(map[int]int, len(s.toks))
	s.pair = make([]int, len(s.toks))
	var open []int
	for i, t := range s.toks {
		s.byByte[t.start] = i
		s.pair[i] = -1
		switch s.word(i) {
		case "(", "[", "{":
			open = append(open, i)
		case ")", "]", "}":
			if n := len(open); n > 0 {
				s.pair[i], s.pair[open[n-1]] = open[n-1], i
				open = open[:n-1]
			}
		}
	}
}

// word is the text of a token; "" for one out of range.
func (s *source) word(i int) string {
	if i < 0 || i >= len(s.toks) {
		return ""
	}
	return s.text[s.toks[i].start:s.toks[i].end]
}

// byteOf turns an offset in code points, as CEL counts, into one in bytes.
func (s *source) byteOf(codePoints int) int {
	offset := 0
	for ; codePoints > 0 && offset < len(s.text); codePoints-- {
		_, n := utf8.DecodeRuneInString(s.text[offset:])
		offset += n
	}
	return offset
}

// at is the token that a node was recorded at.
func (s *source) at(e ast.Expr) (int, bool) {
	r, ok := s.info.GetOffsetRange(e.ID())
	if !ok {
		return 0, false
	}
	i, ok := s.byByte[s.byteOf(int(r.Start))]
	return i, ok
}

// extent is the stretch of bytes that a node was written as.
func (s *source) extent(e ast.Expr) (start, end int) {
	s.scan()
	first, last, ok := s.tokens(e)
	if !ok || first > last {
		return 0, len(s.text)
	}
	return s.toks[first].start, s.toks[last].end
}

// tokens is the first and the last token of a node.
func (s *source) tokens(e ast.Expr) (first, last int, ok bool) {
	i, ok := s.at(e)
	if !ok {
		return 0, 0, false
	}
	switch e.Kind() {
	case ast.LiteralKind:
		if s.word(i) == "-" {
			return i, i + 1, i+1 < len(s.toks)
		}
		return i, i, true
	case ast.SelectKind:
		return s.span(e.AsSelect().Operand(), i+1)
	case ast.CallKind:
		return s.operatorTokens(e, i)
	case ast.ListKind, ast.MapKind, ast.StructKind:
		return i, s.pair[i], s.pair[i] >= 0
	case ast.ComprehensionKind:
		return s.callTokens(e, i)
	}
	return i, i, true
}

// span reaches from the start of a node to a token.
func (s *source) span(from ast.Expr, last int) (int, int, bool) {
	first, _, ok := s.grouped(from)
	return first, last, ok && last < len(s.toks)
}

func (s *source) operatorTokens(e ast.Expr, i int) (first, last int, ok bool) {
	call := e.AsCall()
	args := call.Args()
	switch name := call.FunctionName(); {
	case call.IsMemberFunction() || len(args) == 0 || s.word(i) == "(":
		return s.callTokens(e, i)
	case name == operators.LogicalNot || name == operators.Negate:
		_, last, ok := s.grouped(args[0])
		return i, last, ok
	case name == operators.Index:
		return s.span(args[0], max(s.pair[i], i))
	}
	first, _, ok1 := s.grouped(args[0])
	_, last, ok2 := s.grouped(args[len(args)-1])
	return first, last, ok1 && ok2
}

// callTokens is the extent of f(…) or x.f(…), macros included, whose bracket is
// token i.
func (s *source) callTokens(e ast.Expr, i int) (first, last int, ok bool) {
	if s.word(i) != "(" || s.pair[i] < 0 {
		return i, i, true
	}
	if s.word(i-2) != "." {
		return i - 1, s.pair[i], i > 0
	}
	switch {
	case e.Kind() == ast.ComprehensionKind:
		return s.span(e.AsComprehension().IterRange(), s.pair[i])
	case e.Kind() == ast.CallKind && e.AsCall().IsMemberFunction():
		return s.span(e.AsCall().Target(), s.pair[i])
	case e.Kind() == ast.CallKind && strings.Contains(e.AsCall().FunctionName(), "."): // sets.contains(…)
		return i - 3, s.pair[i], i >= 3
	}
	return i - 1, s.pair[i], true
}

// grouped is the extent of a node with the parentheses around it.
func (s *source) grouped(e ast.Expr) (first, last int, ok bool) {
	first, last, ok = s.tokens(e)
	for ok && s.word(first-1) == "(" && s.pair[first-1] == last+1 && !s.callsBefore(first-1) {
		first, last = first-1, last+1
	}
	return first, last, ok
}

// callsBefore reports whether the bracket at token i belongs to a call.
func (s *source) callsBefore(i int) bool {
	if i == 0 {
		return false
	}
	before := s.toks[i-1]
	return before.kind == tokenName && s.word(i-1) != "in"
}

// place is the byte offset of a line and column of CEL.
func (s *source) place(loc common.Location) int {
	line, column := loc.Line(), loc.Column()
	if line < 1 {
		return 0
	}
	offset := 0
	for ; line > 1 && offset < len(s.text); offset++ {
		if s.text[offset] == '\n' {
			line--
		}
	}
	for ; column > 0 && offset < len(s.text); column-- {
		_, n := utf8.DecodeRuneInString(s.text[offset:])
		offset += n
	}
	return offset
}

// tokenAt is the token that covers a byte, or the last one.
func (s *source) tokenAt(offset int) (i int, ok bool) {
	s.scan()
	for i, t := range s.toks {
		if offset < t.end {
			return i, offset >= t.start
		}
	}
	return len(s.toks) - 1, false
}
