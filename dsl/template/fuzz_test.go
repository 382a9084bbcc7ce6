package template

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzCheck checks any source. What is accepted must render; and in HTML, no
// data may change the structure of the page.
func FuzzCheck(f *testing.F) {
	problems, err := os.ReadFile("testdata/problems.txt")
	require.NoError(f, err)
	for part := range strings.SplitSeq(string(problems), "\n----\n") {
		src, _, _ := strings.Cut(part, "\n=>\n")
		f.Add(src, uint8(0), "<script>")
		f.Add(src, uint8(1), `"`)
	}
	for _, value := range hostile {
		f.Add(everywhere, uint8(HTML), value)
	}
	for _, doc := range Filters() {
		f.Add(doc.Example, uint8(Header), "x")
	}
	f.Fuzz(func(t *testing.T, src string, mode uint8, value string) {
		Scan(src)
		CheckLiquid(src, bakery)
		tmpl, problems := Check(src, Mode(mode%3), bakery)
		for _, p := range problems {
			require.True(t, 0 <= p.Start && p.Start <= p.End && p.End <= len(src), "%+v", p)
		}
		if tmpl == nil {
			require.NotEmpty(t, problems)
			return
		}
		out, err := tmpl.Render(nil, person("a"))
		hostile, errHostile := tmpl.Render(nil, person("a"+value))
		switch {
		case err != nil || errHostile != nil:
			return // too large
		case Mode(mode%3) == Header:
			require.NotContains(t, string(hostile), "\n")
			require.NotContains(t, string(hostile), "\r")
		case Mode(mode%3) == HTML && !decides(src):
			require.Equal(t, shape(t, string(out)), shape(t, string(hostile)), "%q in %s", value, src)
		}
	})
}

// decides reports whether a template may take another way because of the text of
// a value, which then rightly changes the page.
func decides(src string) bool {
	for _, tag := range Scan(src) {
		if tag.Name == "case" || tag.Name != "" && strings.ContainsAny(tag.Text, "=<>[") || strings.Contains(tag.Text, "contains") {
			return true
		}
		for _, filter := range []string{"where", "split", "size", "slice", "truncate", "sort", "uniq", "strip", "remove"} {
			if strings.Contains(tag.Text, filter) {
				return true
			}
		}
	}
	return false
}

// person is ada, each of whose strings is value.
func person(value string) Data {
	data := ada()
	data.Values = tainted(data.Values, value).(map[string]any)
	data.Catalog = func(string, string) map[string]any { return object("id", value, "hours", value, "city", value) }
	return data
}

func tainted(v any, value string) any {
	switch v := v.(type) {
	case string:
		return value
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = tainted(item, value)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = tainted(item, value)
		}
		return m
	}
	return v
}
