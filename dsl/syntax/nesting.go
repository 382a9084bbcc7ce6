package syntax

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// maxChain limits what hcl descends into without brackets: !!!x, a ? b : c ? …,
// a + b + …, x[0][0]….
const maxChain = 2000

func tooDeep(at diag.Range) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "nesting",
		Summary: "Nested too deeply",
		Detail:  fmt.Sprintf("Blocks, lists, objects and strings within strings may be nested %d deep, and an expression may chain %d operators.", maxNesting, maxChain),
		Fix:     "Give parts of it a name in a locals block.",
		Subject: at,
	}
}

// checkNesting looks for nesting that is too deep for a recursive parser. The
// lexer, which is not one, is asked only when src could nest so far at all, and
// for growing parts of src: what means to do harm does so early, and 4 MB of
// brackets would be a gigabyte of tokens.
func checkNesting(f *file, name string, src []byte, start hcl.Pos) (diag.Diagnostic, bool) {
	if mayNest(src) < maxNesting {
		return diag.Diagnostic{}, true
	}
	for size := 64 << 10; ; size *= 8 {
		part := src[:min(size, len(src))]
		tokens, _ := hclsyntax.LexConfig(part, name, start)
		d := depth{levels: []level{{}}}
		for _, tok := range tokens {
			if !d.take(tok.Type) {
				return tooDeep(f.rangeOf(tok.Range)), false
			}
		}
		if len(part) == len(src) {
			return diag.Diagnostic{}, true
		}
	}
}

// mayNest counts the bytes that can begin something nested.
func mayNest(src []byte) (n int) {
	for _, c := range src {
		n += int(nests[c])
	}
	return n
}

var nests = func() (t [256]byte) {
	for _, c := range []byte("{[(\"<!-?+*/%=>&|") {
		t[c] = 1
	}
	return t
}()

// depth follows the brackets of a token stream.
type depth struct {
	levels  []level
	chained int // sum over levels
}

type level struct {
	closer hclsyntax.TokenType
	chain  int // operators since the last separator
}

func (d *depth) take(t hclsyntax.TokenType) bool {
	top := &d.levels[len(d.levels)-1]
	if chains[t] {
		d.chained++
		top.chain++
	}
	switch {
	case closers[t] != 0:
		d.levels = append(d.levels, level{closer: closers[t]})
	case t == top.closer:
		d.chained -= top.chain
		d.levels = d.levels[:len(d.levels)-1]
	case t == hclsyntax.TokenComma, t == hclsyntax.TokenEqual,
		t == hclsyntax.TokenNewline && (top.closer == hclsyntax.TokenCBrace || len(d.levels) == 1):
		d.chained -= top.chain
		top.chain = 0
	}
	return len(d.levels)-1 <= maxNesting && d.chained <= maxChain
}

// closers are the tokens that end what others begin.
var closers = map[hclsyntax.TokenType]hclsyntax.TokenType{
	hclsyntax.TokenOBrace:          hclsyntax.TokenCBrace,
	hclsyntax.TokenOBrack:          hclsyntax.TokenCBrack,
	hclsyntax.TokenOParen:          hclsyntax.TokenCParen,
	hclsyntax.TokenOQuote:          hclsyntax.TokenCQuote,
	hclsyntax.TokenOHeredoc:        hclsyntax.TokenCHeredoc,
	hclsyntax.TokenTemplateInterp:  hclsyntax.TokenTemplateSeqEnd,
	hclsyntax.TokenTemplateControl: hclsyntax.TokenTemplateSeqEnd,
}

// chains are the tokens that hcl may descend for again and again, with no
// bracket left open.
var chains = map[hclsyntax.TokenType]bool{
	hclsyntax.TokenOBrack: true, hclsyntax.TokenTemplateControl: true,
	hclsyntax.TokenBang: true, hclsyntax.TokenMinus: true, hclsyntax.TokenQuestion: true,
	hclsyntax.TokenPlus: true, hclsyntax.TokenStar: true, hclsyntax.TokenSlash: true, hclsyntax.TokenPercent: true,
	hclsyntax.TokenEqualOp: true, hclsyntax.TokenNotEqual: true, hclsyntax.TokenAnd: true, hclsyntax.TokenOr: true,
	hclsyntax.TokenLessThan: true, hclsyntax.TokenLessThanEq: true,
	hclsyntax.TokenGreaterThan: true, hclsyntax.TokenGreaterThanEq: true,
}
