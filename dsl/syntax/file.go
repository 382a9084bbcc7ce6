package syntax

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// file is one source file while it is read, and what its Exprs remember of it.
type file struct {
	name string
	src  []byte
	// decoded holds the position tables of expressions in JSON strings with
	// escapes. Such an expression is parsed from the decoded string, under a
	// file name of its own that leads back here.
	decoded map[string]*table
}

// rangeOf turns a range of hcl into ours.
func (f *file) rangeOf(r hcl.Range) diag.Range {
	if t := f.decoded[r.Filename]; t != nil {
		return t.locate(r.Start.Byte, r.End.Byte)
	}
	return diag.Range{File: f.name, Start: posOf(r.Start), End: posOf(r.End)}
}

func posOf(p hcl.Pos) diag.Pos { return diag.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }

func hclPos(p diag.Pos) hcl.Pos { return hcl.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }
