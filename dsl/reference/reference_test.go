package reference_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/reference"
)

var update = flag.Bool("update", false, "write the generated files")

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	pages, err := reference.Pages()
	require.NoError(t, err)
	for name, want := range pages {
		path := filepath.Join("..", "..", filepath.FromSlash(name))
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, want, 0o644))
			continue
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err, "run: %s", reference.Update)
		require.Equal(t, string(want), string(have), "%s is out of date; run: %s", name, reference.Update)
	}
}
