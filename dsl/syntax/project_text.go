package syntax

import (
	"encoding/json"
	"errors"
	"path"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
)

// ReadText reads a file of the project as file() does, for what names files by
// other means, such as an include in a layout.
func (p *Project) ReadText(name string) (Text, error) {
	f, bad := readText(p.FS, name)
	if bad != nil {
		return Text{}, errors.New(bad.detail)
	}
	return f.whole(), nil
}

// whole is all of a file as a Text.
func (f *file) whole() Text {
	skip := bom(f.src)
	begin := diag.Pos{Line: 1, Column: 1, Byte: skip}
	t := &table{file: f.name, src: f.src, empty: begin}
	t.add(len(f.src)-skip, skip, len(f.src), begin)
	return Text{Value: f.text(), locate: t.locate}
}

// Values reads a file of values for variables: name = value, or a JSON object.
// A string stands as it is, everything else as JSON.
func Values(src []byte, name string) (map[string]string, diag.List) {
	if path.Ext(name) == ".json" {
		return jsonValues(src, name)
	}
	f := &file{name: name, src: src}
	p := piece{start: diag.Pos{Line: 1, Column: 1}, end: len(src)}
	p.parse(f)
	switch {
	case p.deep != nil:
		return nil, diag.List{*p.deep}
	case p.diags.HasErrors():
		return nil, syntaxErrors(f, &p)
	}
	body := p.body
	out := make(map[string]string, len(body.Attributes))
	var found diag.List
	for _, b := range body.Blocks {
		found = append(found, diag.Diagnostic{
			Code: "unknown-block", Summary: "Unknown block",
			Detail: "A file of values has no blocks.", Fix: "Write name = value.", Subject: f.rangeOf(b.DefRange()),
		})
	}
	for key, a := range body.Attributes {
		v, bad := (&Expr{f, a.Expr}).Value(Scope{})
		if found = append(found, bad...); bad.HasErrors() {
			continue
		}
		out[key] = valueText(v)
	}
	found.Sort()
	return out, found
}

func jsonValues(src []byte, name string) (map[string]string, diag.List) {
	var raw map[string]any
	if err := json.Unmarshal(src, &raw); err != nil {
		return nil, diag.List{{
			Code: "syntax", Summary: "Invalid syntax",
			Detail: "A JSON file of values is one object: " + err.Error() + ".", Subject: diag.Range{File: name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}},
		}}
	}
	out := make(map[string]string, len(raw))
	for key, v := range raw {
		out[key] = valueText(v)
	}
	return out, nil
}

func valueText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(campaign.JSONValue(v))
	if err != nil {
		return ""
	}
	return string(text)
}
