package lint

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// places finds blocks by their address.
type places map[addr.Addr]*syntax.Block

func placesOf(files *syntax.Project) places {
	out := places{}
	for _, b := range files.Blocks {
		if len(b.Labels) == 1 && addr.IsLabel(b.Labels[0].Text) {
			out[addr.New(b.Type, b.Labels[0].Text)] = b
		}
	}
	return out
}

// place is a block; its zero value is nowhere.
type place struct{ block *syntax.Block }

func (p places) block(a addr.Addr) place { return place{p[a]} }

// String names the block as its author wrote it.
func (p place) String() string {
	switch {
	case p.block == nil:
		return "it"
	case len(p.block.Labels) == 0:
		return p.block.Type
	}
	return fmt.Sprintf("%s %q", p.block.Type, p.block.Labels[0].Text)
}

func (p place) header() diag.Range {
	if p.block == nil {
		return diag.Range{}
	}
	return p.block.Header
}

// attribute is where the value of an attribute stands; the header when it is left
// out.
func (p place) attribute(name string) diag.Range {
	if p.block != nil {
		for _, a := range p.block.Attributes {
			if a.Name == name {
				return a.Expr.Range()
			}
		}
	}
	return p.header()
}

// within finds a block directly in this one.
func (p place) within(kind, label string) place {
	if p.block != nil {
		for _, b := range p.block.Blocks {
			if b.Type == kind && labelOf(b) == label {
				return place{b}
			}
		}
	}
	return place{}
}

// deep finds a block anywhere in this one.
func (p place) deep(kind, label string) place {
	if found := p.within(kind, label); found.block != nil || p.block == nil {
		return found
	}
	for _, b := range p.block.Blocks {
		if found := (place{b}).deep(kind, label); found.block != nil {
			return found
		}
	}
	return place{}
}

func labelOf(b *syntax.Block) string {
	if len(b.Labels) == 0 {
		return ""
	}
	return b.Labels[0].Text
}
