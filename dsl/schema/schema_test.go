package schema_test

import (
	"slices"
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
			if len(n.Kinds) > 0 {
				require.NotEmpty(t, n.Label, n.Name)
				require.NotEmpty(t, n.Words(), n.Name)
			}
			if !b.Later && !n.Later {
				require.Contains(t, b.Example, quoted(n.Word), "the example of %s shows no %s %q", b.Name, n.Name, n.Word)
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
		for _, n := range slices.Concat(b.Blocks, b.Kinds) {
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

// quoted is the label that chooses a block, as it is written; "" for any other block.
func quoted(word string) string {
	if word == "" {
		return ""
	}
	return `"` + word + `"`
}

func TestKinds(t *testing.T) {
	root := &schema.Block{Kinds: []*schema.Block{{Word: "a"}, {Word: "b", Later: true}}}
	require.Equal(t, []string{"a"}, root.Words())
	k, ok := root.Kind("b")
	require.True(t, ok)
	require.True(t, k.Later)
	_, ok = root.Kind("c")
	require.False(t, ok)
}
