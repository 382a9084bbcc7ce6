package syntax

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/herald-campaigns/herald/dsl/diag"
)

// loadText loads one file that gives the attribute x of a block b, and returns
// x's text.
func loadText(t *testing.T, name, src string) (*Project, Text) {
	t.Helper()
	p, diags := LoadFS(fstest.MapFS{name: {Data: []byte(src)}}, ".")
	require.Empty(t, diags, "%s", src)
	text, diags := p.Blocks[0].Attributes[0].Expr.Text(Scope{})
	require.Empty(t, diags, "%s", src)
	return p, text
}

// quote writes s as a quoted literal, with escapes of every kind.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r > 0x7F && r <= 0xFFFF && i%3 == 0:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r > 0xFFFF && i%2 == 0:
			fmt.Fprintf(&b, `\U%08X`, r)
		case r < ' ' && r != '\t':
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// heredoc writes lines as a heredoc, stripped of indent columns or not at all.
func heredoc(s string, indent int) string {
	open := "<<EOT\n"
	if indent > 0 {
		open = "<<-EOT\n"
	}
	var b strings.Builder
	b.WriteString(open)
	for line := range strings.SplitAfterSeq(strings.TrimSuffix(s, "\n"), "\n") {
		line = strings.ReplaceAll(strings.ReplaceAll(line, "${", "$${"), "%{", "%%{")
		if strings.TrimSpace(line) != "" {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line)
	}
	b.WriteString("\nEOT")
	return b.String()
}

// checkPlaces asserts that the ranges of all bytes of a text, one after the
// other, hold source that decodes to the text, with the lines and the columns
// that hcl would count.
func checkPlaces(t *testing.T, src string, text Text, decode func(string) string) {
	t.Helper()
	whole := text.Range(0, len(text.Value))
	last := diag.Range{Start: whole.Start}
	var decoded strings.Builder
	for i := range len(text.Value) {
		r := text.Range(i, i+1)
		require.GreaterOrEqual(t, r.Start.Byte, last.Start.Byte)
		require.Greater(t, r.End.Byte, r.Start.Byte)
		if utf8.RuneStart(src[r.Start.Byte]) {
			checkPos(t, src, r.Start)
		}
		if r != last {
			decoded.WriteString(decode(src[r.Start.Byte:r.End.Byte]))
		}
		last = r
	}
	require.Equal(t, text.Value, norm.NFC.String(decoded.String()), "%s", src)
	require.Equal(t, whole.End, text.Range(len(text.Value), len(text.Value)).End)
}

// checkPos counts the line and the column of p from the start of its line. hcl
// counts the clusters of each token by itself: where a combining character
// begins a token, and only there, its column may be a larger one.
func checkPos(t *testing.T, src string, p diag.Pos) {
	t.Helper()
	before := src[:p.Byte]
	require.Equal(t, 1+strings.Count(before, "\n"), p.Line)
	line := before[strings.LastIndexByte(before, '\n')+1:]
	rest, _, _ := strings.Cut(src[p.Byte:], "\n")
	if columns := clusters([]byte(line)); clusters([]byte(line+rest)) == utf8.RuneCountInString(line+rest) {
		require.Equal(t, columns+1, p.Column, "%q", line)
	} else {
		require.GreaterOrEqual(t, p.Column, columns-1)
		require.LessOrEqual(t, p.Column, utf8.RuneCountInString(line)+1)
	}
}

func decodeNative(s string) string { return decodeToken(literalToken{bytes: []byte(s), quoted: true}) }

func decodeHeredoc(s string) string { return decodeToken(literalToken{bytes: []byte(s)}) }

func decodeToken(l literalToken) string {
	var b strings.Builder
	l.decode(&table{}, &b)
	return b.String()
}

func decodeAsJSON(s string) string {
	var out string
	if !strings.HasPrefix(s, `\`) || json.Unmarshal([]byte(`"`+s+`"`), &out) != nil {
		return s
	}
	return out
}

func checkAllForms(t *testing.T, s string, indent int) {
	t.Helper()
	want := norm.NFC.String(s)

	src := "b {\n  x = " + quote(s) + "\n}\n"
	_, text := loadText(t, "a.hcl", src)
	require.Equal(t, want, text.Value, "%s", src)
	checkPlaces(t, src, text, decodeNative)

	quoted, err := json.Marshal(s)
	require.NoError(t, err)
	src = `{"b": {"x": ` + string(quoted) + "}}"
	if _, _, whole := interpolation(s); !whole {
		_, text = loadText(t, "a.hcl.json", src)
		require.Equal(t, want, text.Value, "%s", src)
		checkPlaces(t, src, text, decodeAsJSON)
	}

	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' }) || strings.Contains(s, "EOT") {
		return
	}
	src = "b {\n  x = " + heredoc(s, indent) + "\n}\n"
	_, text = loadText(t, "a.hcl", src)
	if indent == 0 {
		require.Equal(t, norm.NFC.String(strings.TrimSuffix(s, "\n")+"\n"), text.Value, "%s", src)
	}
	checkPlaces(t, src, text, decodeHeredoc)
}

func TestPlacesOfLiterals(t *testing.T) {
	for _, s := range []string{
		"", "a", "plain words", "line\nbreak\n", "  indented\n    more\n\n  less", "tab\there",
		"quote \" and \\ backslash", "$", "%", "$$", "${", "%{", "$${x}", "100%", "a$", "$%{", "costs ${{ item.price }}",
		"Grüße, Zoë", "e\u0301 and u\u0308", "\u0301 first", "👩‍👩‍👧 family 🇩🇪", "日本語", "\u00a0nbsp", "\ufeffbom",
		"\r\n", "a\rb", "\x01", "\U0001F600x\u00e9",
	} {
		for _, indent := range []int{0, 4} {
			t.Run(fmt.Sprintf("%q/%d", s, indent), func(t *testing.T) { checkAllForms(t, s, indent) })
		}
	}
}

func TestPlacesOfRandomLiterals(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("ab $%{}~\"\\\n\n  \t#/'é\u0301ü\u200d👩🇩日.EOT")
	for range 500 {
		var b strings.Builder
		for range rng.IntN(30) {
			b.WriteRune(alphabet[rng.IntN(len(alphabet))])
		}
		checkAllForms(t, b.String(), rng.IntN(2)*4)
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add("a ${b} \\ \"c\"\n  d", true)
	f.Add("%{ if }é\u0301$$${", false)
	f.Fuzz(func(t *testing.T, s string, stripped bool) {
		if !utf8.ValidString(s) || len(s) > 200 {
			t.Skip()
		}
		indent := 0
		if stripped {
			indent = 3
		}
		checkAllForms(t, s, indent)
	})
}

func TestRangeInHeredoc(t *testing.T) {
	src := "b {\n  x = <<-CEL\n    first\n      && second\n  CEL\n}\n"
	_, text := loadText(t, "a.hcl", src)
	require.Equal(t, "first\n  && second\n", text.Value)
	at := strings.Index(text.Value, "second")
	require.Equal(t, diag.Range{
		File:  "a.hcl",
		Start: diag.Pos{Line: 4, Column: 10, Byte: strings.Index(src, "second")},
		End:   diag.Pos{Line: 4, Column: 16, Byte: strings.Index(src, "second") + 6},
	}, text.Range(at, at+6))
}

func TestRangeInQuotedString(t *testing.T) {
	src := `b { x = "é\n👩‍👩‍👧 \"q\" wrong" }` + "\n"
	_, text := loadText(t, "a.hcl", src)
	at := strings.Index(text.Value, "wrong")
	r := text.Range(at, at+5)
	require.Equal(t, "wrong", src[r.Start.Byte:r.End.Byte])
	require.Equal(t, diag.Pos{Line: 1, Column: 21, Byte: strings.Index(src, "wrong")}, r.Start)
	require.Equal(t, 26, r.End.Column)
	require.Equal(t, r.Start, text.Range(at, at).Start)
	require.Equal(t, text.Range(0, 1), text.Range(-5, 1), "out of bounds is cut")
	require.Equal(t, text.Range(0, len(text.Value)), text.Range(0, 1000))
	require.Zero(t, Text{}.Range(0, 1))
}

func TestRangeInFile(t *testing.T) {
	fsys := fstest.MapFS{
		"a.hcl":         {Data: []byte(`b { x = file("m/body.txt") }` + "\n")},
		"m/body.txt":    {Data: []byte("\ufeffHello\r\nZoë {{ wrong }}\n")},
		"m/other.bytes": {Data: []byte{0xFF}},
	}
	p, diags := LoadFS(fsys, ".")
	require.Empty(t, diags)
	text, diags := p.Blocks[0].Attributes[0].Expr.Text(Scope{FS: p.FS})
	require.Empty(t, diags)
	require.Equal(t, "Hello\r\nZoë {{ wrong }}\n", text.Value)
	at := strings.Index(text.Value, "wrong")
	r := text.Range(at, at+5)
	require.Equal(t, "m/body.txt", r.File)
	require.Equal(t, "wrong", string(p.Source(r.File)[r.Start.Byte:r.End.Byte]))
	require.Equal(t, [2]int{2, 8}, [2]int{r.Start.Line, r.Start.Column})
	require.Nil(t, p.Source("../etc/passwd"))
	require.Nil(t, p.Source("absent"))
}

// The columns that tables count are those that hcl gives to its tokens.
func TestColumnsAgreeWithHCL(t *testing.T) {
	src := "b {\n  x = [\"é👩‍👩‍👧\", \"日本\", { ключ = \"🇩🇪\" }]\n}\n"
	p, diags := LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
	require.Empty(t, diags)
	list, ok := p.Blocks[0].Attributes[0].Expr.List()
	require.True(t, ok)
	for _, e := range list {
		r := e.Range()
		begin := diag.Pos{Line: 1, Column: 1}
		require.Equal(t, r.Start, advance([]byte(src), begin, r.Start.Byte, false))
		require.Equal(t, r.End, advance([]byte(src), begin, r.End.Byte, true))
	}
}
