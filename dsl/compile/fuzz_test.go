package compile_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// FuzzRule writes any text into the conditions of a trait. Whatever it is, it
// passes as one condition or is refused where it stands.
func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		"e.total > 3", "true", "e.total >", "true)).count() > 0 || events.bought.where(e, (true", `true)).within(("1d"`, "e.total > 3 // big", "'", "e.items.exists(e, e.price > 1)",
		"trait.x > 3", "events.bought.exists(e, e.total > 3)", "segment.s", "", "p > 3", "\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "%$\x00") || !isPlain(text) {
			return // HCL's own, and what is no text
		}
		src := shop + fmt.Sprintf(`
trait "x" {
  model "points" {
    half_life = "30d"
    rule "each" {
      event  = event.bought
      where  = %[1]q
      points = 2
    }
    rule "while" {
      when   = %[1]q
      points = 3
    }
  }
}
trait "y" { value = %[1]q }
segment "s" { when = "true == true" }
`, text)
		rev, diags, tree := build(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, true)
		if rev == nil {
			require.NotEmpty(t, diags)
			for _, d := range diags {
				require.False(t, d.Subject.IsZero(), outcome(rev, diags, tree))
				require.LessOrEqual(t, d.Subject.End.Byte, len(src))
			}
			return
		}
		p := linked(t, src)
		_ = value(t, p, "x", someone().happened("bought", day, map[string]any{"total": 5.0}))
	})
}

// isPlain reports whether Go quotes the text as HCL would.
func isPlain(text string) bool {
	for _, r := range text {
		if r > 126 || r < 32 && r != '\n' && r != '\t' {
			return false
		}
	}
	return true
}
