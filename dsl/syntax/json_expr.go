package syntax

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// expression makes of a JSON value what the native syntax would have made of
// the same value, so that nobody beyond this file needs to know the difference.
func (r *jsonReader) expression(v *jsonValue) hclsyntax.Expression {
	rng := hclRange(v.rng)
	switch v.kind {
	case jsonObject:
		obj := &hclsyntax.ObjectConsExpr{SrcRange: rng, OpenRange: rng}
		for _, m := range v.props {
			if m.name == jsonComment {
				continue
			}
			obj.Items = append(obj.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   literal(cty.StringVal(m.name), hclRange(m.at)),
				ValueExpr: r.expression(m.value),
			})
		}
		return obj
	case jsonArray:
		tuple := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: rng}
		for _, item := range v.items {
			tuple.Exprs = append(tuple.Exprs, r.expression(item))
		}
		return tuple
	case jsonString:
		return r.stringExpression(v)
	case jsonNumber:
		n, err := cty.ParseNumberVal(v.text)
		if err != nil { // an exponent beyond all measure
			n = cty.PositiveInfinity
		}
		return literal(n, rng)
	}
	switch v.text {
	case "true":
		return literal(cty.True, rng)
	case "false":
		return literal(cty.False, rng)
	}
	return literal(cty.NullVal(cty.DynamicPseudoType), rng)
}

func literal(v cty.Value, rng hcl.Range) *hclsyntax.LiteralValueExpr {
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: rng}
}

func hclRange(r diag.Range) hcl.Range {
	return hcl.Range{Filename: r.File, Start: hclPos(r.Start), End: hclPos(r.End)}
}

// stringExpression is the literal, or else the expression in "${…}".
func (r *jsonReader) stringExpression(v *jsonValue) hclsyntax.Expression {
	plain := literal(cty.StringVal(v.text), hclRange(v.rng))
	from, to, ok := interpolation(v.text)
	if !ok {
		return plain
	}
	if node, ok := r.parseWithin(v, from, to); ok {
		return node
	}
	return plain
}

// interpolation finds the expression when text is "${…}" as a whole. Liquid
// after a dollar sign, "${{ … }}", is not one.
func interpolation(text string) (from, to int, ok bool) {
	if !strings.HasPrefix(text, "${") || !strings.HasSuffix(text, "}") || strings.HasPrefix(text, "${{") {
		return 0, 0, false
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(text), "", hcl.InitialPos)
	open := 0
	for i, tok := range tokens {
		switch tok.Type {
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open++
		case hclsyntax.TokenTemplateSeqEnd:
			if open--; open == 0 {
				return tokens[0].Range.End.Byte, tok.Range.Start.Byte, i == len(tokens)-2
			}
		}
	}
	return 0, 0, false
}

// parseWithin parses the part [from, to) of a string as an expression. Without
// escape sequences it is parsed where it stands; with them, its positions go
// through a table.
func (r *jsonReader) parseWithin(v *jsonValue, from, to int) (hclsyntax.Expression, bool) {
	name, src := r.file.name, []byte(v.text)[from:to]
	start := hcl.Pos{Line: 1, Column: 1, Byte: from}
	if v.plain {
		start = hclPos(advance(r.file.src, v.rng.Start, v.rng.Start.Byte+1+from, true))
	} else {
		name = fmt.Sprintf("%s\x00%d", r.file.name, v.rng.Start.Byte)
		r.file.decoded[name], _, _ = decodeJSON(r.file, v.rng)
	}
	if d, ok := checkNesting(r.file, name, src, start); !ok {
		r.diags = append(r.diags, d)
		return nil, false
	}
	// A BOM would be taken for one of a file.
	node, diags := hclsyntax.ParseExpression(bytes.TrimPrefix(src, byteOrderMark), name, start)
	for _, d := range diags {
		if d.Subject != nil {
			r.diags = append(r.diags, syntaxError(r.file, d, nil))
			break
		}
	}
	expr, ok := node.(hclsyntax.Expression)
	return expr, ok && !diags.HasErrors()
}
