package syntax

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// literalTable makes the table of a quoted string or a heredoc without
// interpolation. Nothing that hcl keeps tells which bytes of the source became
// which bytes of the string, so the literal is lexed and decoded once more. The
// caller compares decoded with what hcl made of it, and does without the table
// when they differ. It is nil for anything that is not such a literal.
func literalTable(f *file, node hclsyntax.Expression) (t *table, decoded string) {
	rng := node.Range()
	if rng.Filename != f.name || !rng.CanSliceBytes(f.src) {
		return nil, ""
	}
	// Without the newline a heredoc at the end would never close.
	literal := append(bytes.Clone(rng.SliceBytes(f.src)), '\n')
	tokens, _ := hclsyntax.LexExpression(literal, f.name, rng.Start)
	if len(tokens) < 2 {
		return nil, ""
	}
	lits, ok := literalTokens(tokens)
	if !ok {
		return nil, ""
	}
	if tokens[0].Type == hclsyntax.TokenOHeredoc && bytes.HasPrefix(tokens[0].Bytes, []byte("<<-")) {
		stripIndent(lits)
	}
	t = &table{file: f.name, src: f.src, empty: posOf(tokens[0].Range.End)}
	var text strings.Builder
	for _, l := range lits {
		l.decode(t, &text)
	}
	return t, text.String()
}

// literalToken is a piece of a string literal as the lexer gives it: all of a
// quoted string, or one line of a heredoc.
type literalToken struct {
	bytes  []byte
	anchor diag.Pos
	strip  int // bytes of indentation that <<- takes away
	quoted bool
}

func literalTokens(tokens hclsyntax.Tokens) (lits []literalToken, ok bool) {
	if open := tokens[0].Type; open != hclsyntax.TokenOQuote && open != hclsyntax.TokenOHeredoc {
		return nil, false
	}
	for _, tok := range tokens[1:] {
		switch tok.Type {
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			lits = append(lits, literalToken{
				bytes:  tok.Bytes,
				anchor: posOf(tok.Range.Start),
				quoted: tok.Type == hclsyntax.TokenQuotedLit,
			})
		case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			return lits, true
		default:
			return nil, false
		}
	}
	return nil, false
}

// stripIndent finds how much indentation <<- takes from each line, in the very
// manner of hcl: lines of white space alone neither count nor lose any.
func stripIndent(lits []literalToken) {
	shallowest := math.MaxInt
	var first []*literalToken // tokens that begin a line
	atStart := true
	for i := range lits {
		l := &lits[i]
		if atStart {
			rest := bytes.TrimLeftFunc(l.bytes, unicode.IsSpace)
			if len(rest) > 0 || !bytes.HasSuffix(l.bytes, []byte{'\n'}) {
				shallowest = min(shallowest, clusters(l.bytes[:len(l.bytes)-len(rest)]))
				first = append(first, l)
			}
		}
		atStart = bytes.HasSuffix(l.bytes, []byte{'\n'})
	}
	for _, l := range first {
		for range shallowest {
			n, _, _ := textseg.ScanGraphemeClusters(l.bytes[l.strip:], true)
			l.strip += n
		}
	}
}

func clusters(b []byte) (count int) {
	for len(b) > 0 {
		n, _, err := textseg.ScanGraphemeClusters(b, true)
		if err != nil || n == 0 {
			break
		}
		b = b[n:]
		count++
	}
	return count
}

// decode appends what the token stands for to text, and where it stood to t.
func (l literalToken) decode(t *table, text *strings.Builder) {
	for i := l.strip; i < len(l.bytes); {
		decoded, width := l.next(i)
		text.WriteString(decoded)
		from := l.anchor.Byte + i
		t.add(len(decoded), from, from+width, l.anchor)
		i += width
	}
}

var simpleEscapes = map[byte]string{'n': "\n", 'r': "\r", 't': "\t", '"': `"`, '\\': `\`}

// next decodes the escape sequence, or else the verbatim stretch, at i.
func (l literalToken) next(i int) (decoded string, width int) {
	rest := l.bytes[i:]
	if len(rest) >= 3 && (rest[0] == '$' || rest[0] == '%') && rest[1] == rest[0] && rest[2] == '{' {
		return string(rest[1:3]), 3
	}
	if !l.quoted || rest[0] != '\\' || len(rest) < 2 {
		if n := bytes.IndexAny(rest[1:], `\$%`); n >= 0 {
			rest = rest[:n+1]
		}
		return string(rest), len(rest)
	}
	if s, ok := simpleEscapes[rest[1]]; ok {
		return s, 2
	}
	digits := map[byte]int{'u': 4, 'U': 8}[rest[1]]
	if digits == 0 || len(rest) < 2+digits {
		return string(rest[:2]), 2
	}
	code, err := strconv.ParseUint(string(rest[2:2+digits]), 16, 32)
	if err != nil {
		return string(rest[:2]), 2
	}
	return string(rune(code)), 2 + digits
}
