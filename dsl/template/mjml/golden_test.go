package mjml

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what is rendered to testdata/*.html")

func samples(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/*.mjml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

func read(t testing.TB, path string) []byte {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

func fromTestdata(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join("testdata", filepath.FromSlash(path)))
}

func TestGolden(t *testing.T) {
	for _, path := range samples(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			res, problems := Compile(read(t, path), Options{Include: fromTestdata})
			for _, p := range problems {
				require.NotEqual(t, Error, p.Severity, "%+v", p)
			}
			golden := strings.TrimSuffix(path, ".mjml") + ".html"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(res.HTML), 0o644))
			}
			require.Equal(t, string(read(t, golden)), res.HTML)
		})
	}
}
