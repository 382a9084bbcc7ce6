package library_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/library"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// TestLibraries holds the texts to the schema: each has a block, and each word that
// stands in it is a setting of that block, and the other way round.
func TestLibraries(t *testing.T) {
	block, ok := schema.Root.Block("library")
	require.True(t, ok)
	for _, name := range block.Words() {
		plain, ok := library.Text(name, nil)
		require.True(t, ok, name)
		formatted, diags := syntax.Format([]byte(plain), name+".hcl")
		require.Empty(t, diags)
		require.Equal(t, plain, string(formatted), "run herald fmt")

		kind, _ := block.Kind(name)
		words := map[string]bool{}
		for _, m := range regexp.MustCompile(`<([a-z_]+)>`).FindAllStringSubmatch(plain, -1) {
			words[m[1]] = true
		}
		require.Len(t, words, len(kind.Attributes))
		settings := map[string]string{}
		for _, a := range kind.Attributes {
			require.True(t, words[a.Name], "%s does nothing", a.Name)
			settings[a.Name] = "x_" + a.Name
		}
		set, _ := library.Text(name, settings)
		require.NotRegexp(t, `<[a-z]`, set)
		blocks, diags := syntax.Read("library/"+name+".hcl", []byte(set))
		require.Empty(t, diags)
		require.NotEmpty(t, blocks)
	}
	_, ok = library.Text("livecycle", nil)
	require.False(t, ok)
}
