package syntax

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Format lays out a native source file in the canonical style: indentation by
// two spaces, aligned equals signs. What stands in strings and heredocs, CEL and
// Liquid, is left as it is. A file that cannot be parsed comes back unchanged,
// with what is wrong; a JSON file always comes back unchanged. Formatting what
// has been formatted changes nothing.
func Format(src []byte, name string) ([]byte, diag.List) {
	if isJSON(name) {
		return src, nil
	}
	read := readAll([]*file{{name: name, src: src}})[0]
	broken := slices.DeleteFunc(read.diags, func(d diag.Diagnostic) bool {
		return d.Code != "syntax" && d.Code != "nesting" // a name set twice has a layout, too
	})
	if len(broken) > 0 {
		return src, broken
	}
	out := src
	for range 3 { // comments can need a second round to settle
		next := hclwrite.Format(out)
		if n := len(next); n > 0 && next[n-1] != '\n' {
			next = append(next, '\n')
		}
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	if !sameTokens(src, out) {
		return src, nil
	}
	return out, nil
}

// sameTokens reports whether a and b differ in white space alone.
func sameTokens(a, b []byte) bool {
	as, bs := significant(a), significant(b)
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if as[i].Type != bs[i].Type || !bytes.Equal(essence(as[i]), essence(bs[i])) {
			return false
		}
	}
	return true
}

// essence is what a token says, without the white space that layout may change.
func essence(tok hclsyntax.Token) []byte {
	if tok.Type == hclsyntax.TokenComment || tok.Type == hclsyntax.TokenCHeredoc {
		return bytes.TrimSpace(tok.Bytes)
	}
	return tok.Bytes
}

func significant(src []byte) (tokens hclsyntax.Tokens) {
	all, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	for _, tok := range all {
		if tok.Type != hclsyntax.TokenNewline {
			tokens = append(tokens, tok)
		}
	}
	return tokens
}
