package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

const source = "segment \"vip\" {\n" +
	"  description = \"日本語 é 👩\"\n" +
	"\twhen = \"tabs\t! before\"\r\n" +
	"  multi = [\n    1,\n    2,\n    3,\n    4,\n    5,\n  ]\n" +
	"  \x1b[31m evil \u202e bidi \x07\n" +
	"  long = \"" + "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 " + "here and more of it\"\n" +
	"}\n" +
	"\xff\xfe broken\n" +
	"last"

func sources(file string) []byte {
	if file == "audience.hcl" {
		return []byte(source)
	}
	return nil
}

// place returns the range of the first text in the source that reads so.
func place(text string) Range {
	at := strings.Index(source, text)
	if at < 0 {
		panic(text)
	}
	return Range{File: "audience.hcl", Start: pos(at), End: pos(at + len(text))}
}

func pos(at int) Pos {
	before := source[:at]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return Pos{Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(line), Byte: at}
}

func at(subject Range) Diagnostic {
	return Diagnostic{Code: "code", Summary: "Summary", Detail: "Detail.", Subject: subject}
}

var renderings = map[string]List{
	"nothing": nil,
	"several": {
		{
			Code: "unknown-reference", Summary: "Unknown reference",
			Detail:  "There is no segment named vpi. Segments are the people of whom a condition holds, and each has a block of its own.",
			Fix:     "Did you mean segment.vip?",
			Subject: place(`"vip"`),
		},
		{Severity: Warning, Code: "never", Summary: "Waits for ever", Detail: "First paragraph.\n\nSecond.", Subject: place("description")},
		{Code: "no-files", Summary: "No campaigns here", Detail: "The folder holds no .hcl file."},
	},
	"wide":       {at(place("本語")), at(place("👩"))},
	"tabs":       {at(place("! before"))},
	"multi-line": {at(place("[\n    1,\n    2,\n    3,\n    4,\n    5,\n  ]")), at(place("1,\n    2,"))},
	"line-ends":  {at(place("\r\n")), at(place("\n")), at(Range{File: "audience.hcl", Start: pos(len(source)), End: pos(len(source))})},
	"empty":      {at(Range{File: "audience.hcl", Start: place("multi").Start, End: place("multi").Start})},
	"control":    {{Code: "x", Summary: "S\x1b[0m", Detail: "says \x1b]0;title\x07", Subject: place("evil")}},
	"long":       {at(place("here")), at(place(strings.Repeat("0123456789 ", 11)))},
	"encoding":   {at(place("broken"))},
	"no-source":  {at(Range{File: "other.hcl", Start: Pos{3, 4, 50}, End: Pos{3, 5, 51}})},
	"no-match":   {at(Range{File: "audience.hcl", Start: Pos{300, 4, 50000}, End: Pos{300, 5, 50001}})},
}

func TestWriteText(t *testing.T) {
	for name, list := range renderings {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, WriteText(&out, list, sources, TextOptions{Width: 72}))
			golden(t, name+".txt", out.Bytes())
			require.True(t, utf8.Valid(out.Bytes()))
			require.NotContains(t, out.String(), "\x1b")
		})
	}
}

func TestWriteTextInColor(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, WriteText(&out, renderings["several"], sources, TextOptions{Color: true}))
	golden(t, "color.txt", []byte(strings.ReplaceAll(out.String(), "\x1b", "ESC")))

	out.Reset()
	require.NoError(t, WriteText(&out, renderings["several"], nil, TextOptions{}))
	require.Contains(t, out.String(), " --> audience.hcl:1,9\n")
}

func TestWriteJSON(t *testing.T) {
	for _, name := range []string{"nothing", "several", "control", "long", "no-source", "no-match", "multi-line"} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, WriteJSON(&out, renderings[name], sources))
			golden(t, name+".json", out.Bytes())
			require.True(t, json.Valid(out.Bytes()))
		})
	}
}

// The offsets of a snippet cut the place out of its code.
func TestSnippetOffsets(t *testing.T) {
	for _, text := range []string{`"vip"`, "本語", "here", "multi", "1,\n    2,"} {
		s := snippetOf(place(text), []byte(source))
		require.Equal(t, text, s.Code[s.HighlightStartOffset:s.HighlightEndOffset])
	}
	minified := []byte(strings.Repeat("x", 100_000) + "here" + strings.Repeat("y", 100_000))
	s := snippetOf(Range{File: "a", Start: Pos{1, 1, 100_000}, End: Pos{1, 1, 100_004}}, minified)
	require.Equal(t, "here", s.Code[s.HighlightStartOffset:s.HighlightEndOffset])
	require.Less(t, len(s.Code), 3000)
	s = snippetOf(Range{File: "a", Start: Pos{1, 1, 0}, End: Pos{1, 1, 200_000}}, minified)
	require.Less(t, len(s.Code), 3000)
	require.LessOrEqual(t, s.HighlightEndOffset, len(s.Code))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestWriteErrors(t *testing.T) {
	require.Error(t, WriteText(failing{}, renderings["several"], sources, TextOptions{}))
	require.Error(t, WriteJSON(failing{}, renderings["several"], sources))
}

func FuzzWrite(f *testing.F) {
	f.Add([]byte(source), 10, 20, 40)
	f.Add([]byte("\t\x1b日"), 0, 5, 3)
	f.Fuzz(func(t *testing.T, src []byte, start, end, width int) {
		list := List{{Code: "x", Detail: string(src), Subject: Range{File: "f", Start: Pos{1, 1, start}, End: Pos{1, 1, end}}}}
		read := func(string) []byte { return src }
		var out bytes.Buffer
		require.NoError(t, WriteText(&out, list, read, TextOptions{Width: width % 500}))
		require.NotContains(t, out.String(), "\x1b")
		out.Reset()
		require.NoError(t, WriteJSON(&out, list, read))
		require.True(t, json.Valid(out.Bytes()))
	})
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}
