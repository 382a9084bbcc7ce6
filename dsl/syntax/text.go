package syntax

import (
	"sync"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Text evaluates the expression to a string that knows where its bytes were
// written: in a literal, or in the file that file("…") names.
func (e *Expr) Text(s Scope) (Text, diag.List) {
	if e == nil {
		return Text{}, nil
	}
	node := unwrap(e.node)
	if v, ok := literalString(node); ok && v.Type().Equals(cty.String) {
		return e.literalText(node, v.AsString()), nil
	}
	if name, args, ok := e.Call(); ok && name == "file" && len(args) == 1 {
		return args[0].fileText(s)
	}
	v, diags := e.Value(s)
	if len(diags) > 0 {
		return Text{}, diags
	}
	return e.wholeText(v)
}

// PlainText is Text for attributes that hold CEL, in which nothing may be
// interpolated: a value would become part of the program.
func (e *Expr) PlainText(s Scope) (Text, diag.List) {
	if e == nil || !isInterpolated(e.node) {
		return e.Text(s)
	}
	return Text{}, diag.List{{
		Code:    "interpolation",
		Summary: "Interpolation in an expression",
		Detail:  "${…} and %{…} have no place in CEL: values come as variable.x or local.x, by name.",
		Fix:     "Write variable.x where ${variable.x} stands. For a plain ${ write $${.",
		Subject: e.firstInterpolation(),
	}}
}

// literalText is the text of a quoted string, a heredoc or a JSON string. Its
// table is made when somebody asks for a place, which few do.
func (e *Expr) literalText(node hclsyntax.Expression, value string) Text {
	places := sync.OnceValue(func() *table { return e.literalTable(node, value) })
	return Text{Value: value, locate: func(start, end int) diag.Range {
		if t := places(); t != nil {
			return t.locate(start, end)
		}
		return e.Range()
	}}
}

func (e *Expr) literalTable(node hclsyntax.Expression, value string) *table {
	var t *table
	var decoded string
	if rng := node.Range(); isJSON(e.file.name) && rng.Filename == e.file.name {
		if src := rng.SliceBytes(e.file.src); len(src) < 2 || src[0] != '"' {
			return nil
		}
		t, decoded, _ = decodeJSON(e.file, e.file.rangeOf(rng))
	} else {
		t, decoded = literalTable(e.file, node)
	}
	switch {
	case t == nil || decoded == value:
		return t
	case norm.NFC.String(decoded) == value:
		return t.normalized(decoded)
	}
	return nil
}

// fileText is the text of file(e).
func (e *Expr) fileText(s Scope) (Text, diag.List) {
	name, diags := e.Value(s)
	if len(diags) > 0 {
		return Text{}, diags
	}
	path, ok := name.(string)
	if !ok {
		return e.wholeText(name)
	}
	f, bad := readText(s.FS, path)
	if bad != nil {
		return Text{}, diag.List{bad.at(e.Range())}
	}
	return f.whole(), nil
}

// wholeText is the text of a computed value, all of which comes from all of e.
func (e *Expr) wholeText(v any) (Text, diag.List) {
	locate := func(int, int) diag.Range { return e.Range() }
	switch v := v.(type) {
	case string:
		return Text{Value: v, locate: locate}, nil
	case Unknown:
		return Text{Unknown: true, locate: locate}, nil
	}
	return Text{}, diag.List{{
		Code:    "wrong-type",
		Summary: "Wrong type",
		Detail:  "A string is expected here, and this is " + describe(v) + ".",
		Subject: e.Range(),
	}}
}

// firstInterpolation is where the first ${…} of a string stands.
func (e *Expr) firstInterpolation() diag.Range {
	rng := unwrap(e.node).Range()
	if rng.Filename != e.file.name || !rng.CanSliceBytes(e.file.src) {
		return e.Range()
	}
	src := append([]byte{}, rng.SliceBytes(e.file.src)...)
	tokens, _ := hclsyntax.LexExpression(append(src, '\n'), rng.Filename, rng.Start)
	open, first := 0, rng
	for _, tok := range tokens {
		switch tok.Type {
		case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			if open++; open == 1 {
				first = tok.Range
			}
		case hclsyntax.TokenTemplateSeqEnd:
			if open--; open == 0 {
				first.End = tok.Range.End
				return e.file.rangeOf(first)
			}
		}
	}
	return e.Range()
}
