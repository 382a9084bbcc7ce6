package expr_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
)

// kinds are those of the expressions that are made up, conditions most of all.
var kinds = []campaign.Kind{campaign.Bool, campaign.Bool, campaign.Bool, campaign.Number, campaign.String, campaign.Date, campaign.Time, campaign.Duration, campaign.List}

func newLanguage(t testing.TB, sc expr.Scope) *exprtest.Language {
	l, err := exprtest.Of(bakery(), sc)
	require.NoError(t, err)
	return l
}

// Every expression that can be generated means the same to our evaluator and to
// cel-go's, for every person that can be made up. Its canonical text passes
// again, to the same text and the same meaning.
func TestAgreesWithCEL(t *testing.T) {
	language := newLanguage(t, journey)
	env := language.Env()
	bare := bakery()
	bare.Variables, bare.Locals = nil, nil
	for i, trait := range bare.Traits {
		c, problems := env.CheckTrait(trait.Name)
		require.Empty(t, problems)
		bare.Traits[i].Source = c.Text()
	}
	later, err := expr.NewEnv(bare) // as a worker has it
	require.NoError(t, err)
	oracle, err := expr.NewOracle(env)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		src := language.Expression(t, rapid.SampledFrom(kinds).Draw(t, "kind"))
		checked, problems := env.Check(src, journey, campaign.Type{})
		if len(problems) > 0 {
			onlyRefusals(t, src, problems)
			return
		}
		again, problems := later.Check(checked.Text(), journey, campaign.Type{})
		require.Empty(t, problems, "%s\n%s", src, checked.Text())
		require.Equal(t, checked.Text(), again.Text())

		s := language.Person(t)
		ours, err := checked.Eval(s, noon)
		require.NoError(t, err)
		theirs, err := oracle.Eval(src, journey, s, noon)
		require.NoError(t, err, src)
		require.Equal(t, theirs.Any(), ours.Any(), "%s\n%s\n%+v", src, checked.Text(), s)
		later, err := again.Eval(s, noon)
		require.NoError(t, err)
		require.Equal(t, ours, later, "%s\n%s", src, checked.Text())
		if checked.Type().Kind == campaign.Bool {
			require.Equal(t, ours.Truth(), checked.Test(s, noon))
		}
	})
}

// onlyRefusals makes sure that what does not pass was not ill-typed: it can
// never hold, or costs too much.
func onlyRefusals(t *rapid.T, src string, problems []expr.Problem) {
	for _, p := range problems {
		require.Contains(t, []string{expr.CodeNever, expr.CodeCost}, p.Code, "%s\n%v", src, p)
	}
}
