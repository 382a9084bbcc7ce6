package expr_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Whatever is written, Check answers: with Problems that point into the
// text, or with an expression whose text passes again, and which evaluates to
// what cel-go gives.
func FuzzCheck(f *testing.F) {
	env, err := expr.NewEnv(bakery())
	require.NoError(f, err)
	oracle, err := expr.NewOracle(env)
	require.NoError(f, err)
	for _, fn := range expr.Functions() {
		f.Add(fn.Example)
	}
	golden, err := os.ReadFile(goldenProblems)
	require.NoError(f, err)
	for line := range strings.SplitSeq(string(golden), "\n") {
		if _, src, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, " ") {
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		checked, problems := env.Check(src, journey, campaign.Type{})
		if checked == nil {
			require.NotEmpty(t, problems)
			for _, p := range problems {
				require.True(t, 0 <= p.Start && p.Start <= p.End && p.End <= len(src), "%v", p)
				require.NotEmpty(t, p.Code+p.Summary+p.Detail)
			}
			return
		}
		again, problems := env.Check(checked.Text(), journey, campaign.Type{})
		require.Empty(t, problems, checked.Text())
		require.Equal(t, checked.Text(), again.Text())
		if len(checked.Unset()) > 0 || checked.Cost() > 1e6 || !utf8.ValidString(src) {
			return
		}
		ours, err := checked.Eval(ada(), noon)
		require.NoError(t, err)
		theirs, err := oracle.Eval(src, journey, ada(), noon)
		require.NoError(t, err)
		if !strings.ContainsAny(src, "{") && !strings.Contains(src, "dietary") { // see knownToDiffer
			require.Equal(t, theirs.Any(), ours.Any())
		}
	})
}
