package template

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/diag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// TestProblems checks each template of testdata/problems.txt, which stand
// between lines of dashes, and compares what is said of them. A template that
// begins with <! is HTML, others are text.
func TestProblems(t *testing.T) {
	const file = "testdata/problems.txt"
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var got strings.Builder
	for part := range strings.SplitSeq(string(content), "\n----\n") {
		src, _, _ := strings.Cut(strings.TrimSpace(part), "\n=>\n")
		mode := Text
		if strings.HasPrefix(src, "<!") {
			mode = HTML
		}
		tmpl, problems := Check(src, mode, bakery)
		said := list(src, problems)
		if said == "" {
			said = "nothing\n"
		}
		failed := false
		for _, p := range problems {
			failed = failed || p.Severity == diag.Error
			require.NotEmpty(t, p.Summary, p.Code)
			require.NotContains(t, p.Detail+p.Fix, "%!", src)
		}
		require.Equal(t, failed, tmpl == nil, src)
		got.WriteString(src + "\n=>\n" + said + "----\n")
	}
	golden(t, file, strings.TrimSuffix(got.String(), "----\n"))
}
