package syntax

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/diag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each file of testdata/mistakes is a project, and the file beside it what an
// author is told about it.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.hcl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		if strings.HasSuffix(path, ".golden") {
			continue
		}
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			src, err := os.ReadFile(path)
			require.NoError(t, err)
			p, diags := LoadFS(fstest.MapFS{name: {Data: src}}, ".")
			require.True(t, diags.HasErrors())
			var out bytes.Buffer
			require.NoError(t, diag.WriteText(&out, diags, p.Source, diag.TextOptions{Width: 100}))
			golden(t, path+".golden", out.Bytes())
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}
