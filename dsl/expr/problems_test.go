package expr_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenProblems = "testdata/problems.txt"

// The golden file is the specification: it holds, for each place, expressions
// and what is said of them. A mistake is added by writing the expression into
// the file and running the test with -update.
func TestProblems(t *testing.T) {
	golden, err := os.ReadFile(goldenProblems)
	require.NoError(t, err)
	env := newEnv(t)
	var out strings.Builder
	for section := range strings.SplitSeq(strings.TrimSpace(string(golden)), "\n\n") {
		lines := strings.Split(section, "\n")
		if strings.HasPrefix(lines[0], "#") {
			fmt.Fprintf(&out, "%s\n\n", section)
			continue
		}
		place, src, _ := strings.Cut(lines[0], ": ")
		sc, want := placeOf(t, place)
		checked, problems := env.Check(src, sc, want)
		require.Nil(t, checked, "%s passes", src)
		require.NotEmpty(t, problems, src)
		fmt.Fprintf(&out, "%s\n", lines[0])
		for _, p := range problems {
			writeProblem(&out, len(place)+2, src, p)
		}
		out.WriteString("\n")
	}
	text := strings.TrimSpace(out.String()) + "\n"
	if *update {
		require.NoError(t, os.WriteFile(goldenProblems, []byte(text), 0o644))
	}
	require.Equal(t, string(golden), text)
}

func placeOf(t *testing.T, name string) (expr.Scope, campaign.Type) {
	switch name {
	case "person":
		return person, condition
	case "trigger":
		return trigger, condition
	case "journey":
		return journey, condition
	case "nobody":
		return expr.Scope{Catalog: true}, condition
	case "date journey":
		return expr.Scope{Person: true, Journey: true, Trigger: new(campaign.Type)}, condition
	case "key":
		return trigger, campaign.Of(campaign.String)
	case "day":
		return person, campaign.Of(campaign.Date)
	case "week":
		return person, typ("object({loaf = string, price = number})")
	case "any":
		return journey, campaign.Type{}
	}
	require.Fail(t, "unknown place", name)
	return expr.Scope{}, campaign.Type{}
}

func writeProblem(out *strings.Builder, indent int, src string, p expr.Problem) {
	start, width := utf8.RuneCountInString(src[:p.Start]), utf8.RuneCountInString(src[p.Start:p.End])
	fmt.Fprintf(out, "%s%s\n", strings.Repeat(" ", indent+start), strings.Repeat("^", max(width, 1)))
	fmt.Fprintf(out, "  %s: %s\n", p.Code, p.Detail)
	if p.Fix != "" {
		fmt.Fprintf(out, "  fix: %s\n", p.Fix)
	}
}

// The summary is the same for every problem of a code, so that problems can be
// grouped; all that varies stands in the detail.
func TestSummariesAreConstant(t *testing.T) {
	golden, err := os.ReadFile(goldenProblems)
	require.NoError(t, err)
	env, summaries := newEnv(t), map[string]string{}
	for line := range strings.SplitSeq(string(golden), "\n") {
		if src, ok := strings.CutPrefix(line, "journey: "); ok {
			_, problems := env.Check(src, journey, condition)
			for _, p := range problems {
				require.NotEmpty(t, p.Summary)
				if summaries[p.Code] == "" {
					summaries[p.Code] = p.Summary
				}
				require.Equal(t, summaries[p.Code], p.Summary)
			}
		}
	}
	require.Greater(t, len(summaries), 5)
}
