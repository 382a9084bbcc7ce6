package mjml

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func seed(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.mjml")
	require.NoError(f, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(text))
	}
	for _, text := range []string{
		"", "<", "</", "<!--", "{{", "{%", "{% raw %}", "<mj", `<mjml a="`, "<mj-text>{{ }}", "<mjml><mj-body><mj-section><mj-column width='1e9%'>",
		`<mjml><mj-head><mj-style inline="inline">a{b:c}</mj-style></mj-head><mj-body><mj-raw><a style=x></mj-raw></mj-body></mjml>`,
	} {
		f.Add(text)
	}
}

// requireInside checks that problems point into their source.
func requireInside(t *testing.T, src string, problems []Problem) {
	for _, p := range problems {
		if p.Path == "" {
			require.True(t, p.Offset >= 0 && p.Length >= 0 && p.Offset+p.Length <= len(src), "%+v", p)
		}
		require.NotEmpty(t, p.Code)
		require.NotEmpty(t, p.Message)
	}
}

func FuzzCompile(f *testing.F) {
	seed(f)
	include := func(path string) ([]byte, error) {
		if path == "missing" {
			return nil, os.ErrNotExist
		}
		return []byte(`<mj-section><mj-column><mj-text>{% x %}</mj-text></mj-column></mj-section>`), nil
	}
	f.Fuzz(func(t *testing.T, src string) {
		res, problems := Compile([]byte(src), Options{Include: include})
		requireInside(t, src, problems)
		again, _ := Compile([]byte(src), Options{Include: include})
		require.Equal(t, res.HTML, again.HTML)
		for i := range res.Slots {
			CompileFragment([]byte(src), Options{Head: res.Head, Slot: &res.Slots[i]})
			if i == 3 {
				break
			}
		}
	})
}

func FuzzFragment(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src string) {
		_, problems := CompileFragment([]byte(src), Options{})
		requireInside(t, src, problems)
	})
}
