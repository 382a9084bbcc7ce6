package syntax

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// Whatever the quick way reads, hcl reads the same, to the byte.
func FuzzQuick(f *testing.F) {
	for _, seed := range []string{
		nativeProject, "a {\n}\n", "a \"b\" c {\r\n x = 1 # é\r\n}\r\n", "a { x = \"é 日\" }", "a {\n x = [1, f(\"y\")] // z\n}",
		"a { x = { y = 1 } }\n", "a {\n x = true.y\n}", "a {\n x = b.c.d\n y = null\n}\n", "a {\n x = \"\" y = 1\n}", "a {} b {}",
		"a { x = <<E }\n", "a {\n x = 1 +\n 2\n}", "a {\n x = (\"a\") /* b */\n}", "a { x = \"y\" }}", "a { x = 1.5 }", "a {\r}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if !utf8.ValidString(src) || len(src) > 1000 {
			t.Skip()
		}
		checkQuick(t, src)
	})
}

// checkQuick reports whether the quick way reads src at all.
func checkQuick(t *testing.T, src string) bool {
	t.Helper()
	f := &file{name: "a.hcl", src: []byte(src)}
	p := piece{start: diag.Pos{Line: 1, Column: 1}, end: len(src)}
	blocks, ok := readQuickly(f, &p)
	if !ok {
		return false
	}
	p.parse(f)
	require.Nil(t, p.deep)
	require.Empty(t, p.diags, "%s", src)
	conv := converter{file: f}
	require.Equal(t, stripped(conv.topLevel(p.body)), stripped(blocks), "%s", src)
	require.Empty(t, conv.diags, "%s", src)
	return true
}

func TestQuickOnRandomTokens(t *testing.T) {
	tokens := strings.Split("a|b-c|_|1|2.5|true|null|for|\"x\"|\"é\"|\"%\"|\"${a}\"|\"|.|,|=|==|:|?|-|!|+|{|}|[|]|(|)|{ y = 1 }|f(|"+
		"# c\n|// c\n|/*|*/|<<E\n|E\n|\n|\r\n|\r|\t| | | |\\|é|x = |x = 1\n|x \"l\" {|}\n|$|%", "|")
	rng := rand.New(rand.NewPCG(3, 4))
	read := 0
	for range 30_000 {
		var b strings.Builder
		b.WriteString([]string{"a {\n  x = ", "a { x = ", "a ", "a {\n", ""}[rng.IntN(5)])
		for range rng.IntN(6) {
			b.WriteString(tokens[rng.IntN(len(tokens))])
		}
		b.WriteString([]string{"\n}\n", " }", "}\n", ""}[rng.IntN(4)])
		if checkQuick(t, b.String()) {
			read++
		}
	}
	require.Greater(t, read, 1000)
}
