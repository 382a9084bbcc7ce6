package syntax

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
)

// jsonComment names properties that are skipped.
const jsonComment = "//"

// jsonReader turns JSON values into Blocks, telling blocks from attributes by
// the schema.
type jsonReader struct {
	file  *file
	diags diag.List
}

func readJSON(f *file) content {
	root, diags := scanJSON(f)
	if root == nil {
		return content{diags: diags}
	}
	f.decoded = map[string]*table{}
	r := &jsonReader{f, diags}
	top := &Block{}
	r.body(schema.Root, root, top, true)
	return content{top.Blocks, r.diags}
}

// body reads the properties of v, or of its parts in order, into b.
func (r *jsonReader) body(s *schema.Block, v *jsonValue, b *Block, top bool) {
	seen := map[string]diag.Range{}
	for _, part := range r.parts(v) {
		for _, m := range part.props {
			nested, isBlock := s.Block(m.name)
			if isBlock && nested.Later && !nested.Ahead {
				nested = guess(m)
			}
			_, isAttr := s.Attr(m.name)
			switch {
			case m.name == jsonComment:
			case isBlock && !(isAttr && m.value.kind != jsonObject):
				b.Blocks = append(b.Blocks, r.blocks(nested, m)...)
			case top && m.value.kind != jsonObject && m.value.kind != jsonArray:
				r.diags = append(r.diags, strayAttribute(m.name, m.at))
			case top:
				b.Blocks = append(b.Blocks, r.blocks(guess(m), m)...)
			default:
				if first, repeated := seen[m.name]; repeated {
					r.diags = append(r.diags, repeatedName(m.name, m.at, first))
					continue
				}
				seen[m.name] = m.at
				b.Attributes = append(b.Attributes, r.attribute(m))
			}
		}
	}
}

// guess makes a schema for a block that ours does not know, or not yet, so that
// the check of names can say so: it has a label when it holds nothing but objects.
func guess(m jsonMember) *schema.Block {
	s := &schema.Block{Name: m.name, Repeats: true}
	for _, p := range m.value.props {
		if p.value.kind != jsonObject {
			return s
		}
		s.Label = "name"
	}
	return s
}

// parts returns the objects that v is or lists.
func (r *jsonReader) parts(v *jsonValue) []*jsonValue {
	switch v.kind {
	case jsonObject:
		return []*jsonValue{v}
	case jsonArray:
		parts := make([]*jsonValue, 0, len(v.items))
		for _, item := range v.items {
			if item.kind == jsonObject {
				parts = append(parts, item)
			} else {
				r.objectExpected(item)
			}
		}
		return parts
	}
	r.objectExpected(v)
	return nil
}

func (r *jsonReader) objectExpected(v *jsonValue) {
	r.diags = append(r.diags, diag.Diagnostic{
		Code:    "json-object",
		Summary: "Object expected",
		Detail:  fmt.Sprintf("Here stands %s, where the body of a block is written as an object.", v.kind),
		Fix:     `Write { "attribute": value, … }, or a list of such objects.`,
		Subject: v.rng,
	})
}

// blocks reads a property that holds blocks of one type.
func (r *jsonReader) blocks(s *schema.Block, m jsonMember) []*Block {
	var blocks []*Block
	switch {
	case s.Label != "":
		for _, labels := range r.parts(m.value) {
			for _, labelled := range labels.props {
				if labelled.name == jsonComment {
					continue
				}
				body := s
				if k, ok := s.Kind(labelled.name); ok { // the label tells which blocks stand in it
					body = k
				}
				values := []*jsonValue{labelled.value}
				if s.Again { // a list is several blocks, and not the parts of one
					values = r.parts(labelled.value)
				}
				for _, value := range values {
					b := r.block(body, m, value)
					b.Labels = []Label{{Text: labelled.name, Range: labelled.at}}
					b.Header = labelled.at
					b.Range.Start = labelled.at.Start
					blocks = append(blocks, b)
				}
			}
		}
	case s.Repeats:
		for _, body := range r.parts(m.value) {
			blocks = append(blocks, r.block(s, m, body))
		}
	default:
		blocks = append(blocks, r.block(s, m, m.value))
	}
	return blocks
}

func (r *jsonReader) block(s *schema.Block, m jsonMember, body *jsonValue) *Block {
	b := &Block{
		Type:      m.name,
		TypeRange: m.at,
		Header:    m.at,
		Range:     diag.Range{File: m.at.File, Start: m.at.Start, End: body.rng.End},
	}
	r.body(s, body, b, false)
	return b
}

func (r *jsonReader) attribute(m jsonMember) *Attribute {
	return &Attribute{
		Name:      m.name,
		NameRange: m.at,
		Expr:      &Expr{r.file, r.expression(m.value)},
		Range:     diag.Range{File: m.at.File, Start: m.at.Start, End: m.value.rng.End},
	}
}
