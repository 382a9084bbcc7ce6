package syntax

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// converter turns hcl's bodies into Blocks.
type converter struct {
	file  *file
	diags diag.List
}

// topLevel converts the body of a file, or of a piece of one.
func (c *converter) topLevel(body *hclsyntax.Body) []*Block {
	if body == nil {
		return nil
	}
	for _, a := range body.Attributes {
		c.diags = append(c.diags, strayAttribute(a.Name, c.file.rangeOf(a.NameRange)))
	}
	return c.blocks(body)
}

func strayAttribute(name string, at diag.Range) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "stray-attribute",
		Summary: "Attribute outside of a block",
		Detail:  fmt.Sprintf("%s is set outside of any block: a file holds blocks alone.", name),
		Fix:     "Put it into the block that it belongs to, or into a locals block.",
		Subject: at,
	}
}

func (c *converter) blocks(body *hclsyntax.Body) []*Block {
	if len(body.Blocks) == 0 {
		return nil
	}
	blocks := make([]*Block, len(body.Blocks))
	for i, b := range body.Blocks {
		blocks[i] = c.block(b)
	}
	return blocks
}

func (c *converter) block(b *hclsyntax.Block) *Block {
	block := &Block{
		Type:      b.Type,
		TypeRange: c.file.rangeOf(b.TypeRange),
		Header:    c.file.rangeOf(b.DefRange()),
		Range:     c.file.rangeOf(hcl.RangeBetween(b.TypeRange, b.CloseBraceRange)),
	}
	for i, label := range b.Labels {
		block.Labels = append(block.Labels, Label{Text: label, Range: c.file.rangeOf(b.LabelRanges[i])})
	}
	if b.Body != nil {
		block.Attributes = c.attributes(b.Body)
		block.Blocks = c.blocks(b.Body)
	}
	return block
}

// attributes returns a body's attributes in the order written; hcl has a map.
func (c *converter) attributes(body *hclsyntax.Body) []*Attribute {
	if len(body.Attributes) == 0 {
		return nil
	}
	attrs := make([]*Attribute, 0, len(body.Attributes))
	for _, a := range body.Attributes {
		c.refuseRepeatedKeys(a.Expr)
		attrs = append(attrs, &Attribute{
			Name:      a.Name,
			NameRange: c.file.rangeOf(a.NameRange),
			Expr:      &Expr{c.file, a.Expr},
			Range:     c.file.rangeOf(a.SrcRange),
		})
	}
	slices.SortFunc(attrs, func(a, b *Attribute) int {
		return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte)
	})
	return attrs
}

// refuseRepeatedKeys looks at objects that are written out; hcl would let the
// last of two equal keys win without a word.
func (c *converter) refuseRepeatedKeys(node hclsyntax.Expression) {
	switch node := unwrap(node).(type) {
	case *hclsyntax.ObjectConsExpr:
		seen := make(map[string]diag.Range, len(node.Items))
		for _, item := range node.Items {
			c.refuseRepeatedKeys(item.ValueExpr)
			key, ok := staticKey(item.KeyExpr)
			if !ok {
				continue
			}
			at := c.file.rangeOf(item.KeyExpr.Range())
			if first, repeated := seen[key]; repeated {
				c.diags = append(c.diags, repeatedName(key, at, first))
				continue
			}
			seen[key] = at
		}
	case *hclsyntax.TupleConsExpr:
		for _, elem := range node.Exprs {
			c.refuseRepeatedKeys(elem)
		}
	case *hclsyntax.FunctionCallExpr:
		for _, arg := range node.Args {
			c.refuseRepeatedKeys(arg)
		}
	}
}

func repeatedName(name string, at, first diag.Range) diag.Diagnostic {
	return diag.Diagnostic{
		Code:    "duplicate-attribute",
		Summary: "Attribute set twice",
		Detail:  fmt.Sprintf("%s was set in line %d already.", name, first.Start.Line),
		Fix:     "Remove one of the two.",
		Subject: at,
	}
}
