package compile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPreheader(t *testing.T) {
	require.Equal(t, `Fish &amp; chips for {{ profile.name | default: "a & b" }} &lt;3`,
		escapeText(`Fish & chips for {{ profile.name | default: "a & b" }} <3`))
	page := withPreheader(`<html><BODY class="x"><p>Hi</p></body></html>`, "Soon")
	require.Regexp(t, `^<html><BODY class="x"><div style="display:none[^"]*">Soon</div><p>Hi</p></body></html>$`, page)
	require.Equal(t, "<p>Hi</p>", withPreheader("<p>Hi</p>", ""))
}
