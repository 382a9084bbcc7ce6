package syntax

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormat(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"alignment": {
			"segment   \"a\"   {\nwhen=\"x\"\n    description =   \"y\"  # why\n}",
			"segment \"a\" {\n  when        = \"x\"\n  description = \"y\" # why\n}\n",
		},
		"CEL in a heredoc stays": {
			"segment \"a\" {\n    when = <<-CEL\n   a   &&b // x\n\n      ||  c\n  CEL\n}\n",
			"segment \"a\" {\n  when = <<-CEL\n   a   &&b // x\n\n      ||  c\n  CEL\n}\n",
		},
		"CEL in quotes stays":     {"a {\n x=\"a   &&b\"\n}\n", "a {\n  x = \"a   &&b\"\n}\n"},
		"nothing":                 {"", ""},
		"what load would refuse":  {"x=1\na {\ny=1\ny=2\n}\n", "x = 1\na {\n  y = 1\n  y = 2\n}\n"},
		"a comment alone":         {"# x", "# x\n"},
		"carriage returns":        {"a {\r\nx=1\r\n}\r\n", "a {\r\n  x = 1\r\n}\r\n"},
		"formatted already":       {"a {\n  x = 1\n}\n", "a {\n  x = 1\n}\n"},
		"an object":               {"a {\n  x={a=1,\nbcd=2}\n}\n", "a {\n  x = { a = 1,\n  bcd = 2 }\n}\n"},
		"interpolation and lists": {"a {\n  x=[ 1,2 , \"${ a }\" ]\n}\n", "a {\n  x = [1, 2, \"${a}\"]\n}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, diags := Format([]byte(c.src), "a.hcl")
			require.Empty(t, diags)
			require.Equal(t, c.want, string(out))
			again, diags := Format(out, "a.hcl")
			require.Empty(t, diags)
			require.Equal(t, string(out), string(again))
		})
	}
}

func TestFormatLeavesAlone(t *testing.T) {
	out, diags := Format([]byte("{ }"), "a.hcl.json")
	require.Empty(t, diags)
	require.Equal(t, "{ }", string(out))

	out, diags = Format([]byte("a {\nx=\n}"), "a.hcl")
	require.Len(t, diags, 1)
	require.Equal(t, "a {\nx=\n}", string(out))
}
