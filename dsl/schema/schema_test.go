package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/schema"
)

// TestEverythingIsExplained holds the tables to what authors read of them.
func TestEverythingIsExplained(t *testing.T) {
	for _, b := range schema.Root.Blocks {
		each(b, func(n *schema.Block) {
			requireSentence(t, n.Doc, b.Name+": "+n.Name)
			for _, a := range n.Attributes {
				requireSentence(t, a.Doc, b.Name+": "+n.Name+"."+a.Name)
			}
			if !b.Later && !n.Later {
				require.Contains(t, b.Example, n.Name+" ", "the example of %s shows no %s", b.Name, n.Name)
			}
		})
	}
}

// each visits b and the blocks that may stand in it.
func each(b *schema.Block, visit func(*schema.Block)) {
	seen := map[*schema.Block]bool{}
	var walk func(*schema.Block)
	walk = func(b *schema.Block) {
		if seen[b] {
			return
		}
		seen[b] = true
		visit(b)
		for _, n := range b.Blocks {
			walk(n)
		}
	}
	walk(b)
}

func requireSentence(t *testing.T, doc, of string) {
	t.Helper()
	require.NotEmpty(t, doc, of)
	require.True(t, strings.HasSuffix(doc, "."), "%s: %q is no sentence", of, doc)
}
