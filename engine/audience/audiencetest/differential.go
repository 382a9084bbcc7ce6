package audiencetest

import (
	"context"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// Trial is what evaluators are asked.
type Trial struct {
	Schema     *audience.Schema
	People     []*store.Record // by ascending ID, with all that conditions look at
	Conditions []*expr.Checked
	Now        time.Time
	// Oracle is of how many people cel-go is asked each condition; 0: of nobody.
	Oracle int
}

// RecordsOf reads everybody out of a store.
func RecordsOf(ctx context.Context, s store.Store) ([]*store.Record, error) {
	var all []*store.Record
	err := s.View(ctx, func(r store.Reader) error {
		all = all[:0]
		return r.EachRecord(0, store.Need{AllEvents: true, Consents: true}, func(record *store.Record) error {
			kept := *record
			kept.Events = map[string][]store.Event{}
			for label, events := range record.Events {
				kept.Events[label] = slices.Clone(events)
			}
			kept.Consents, kept.Suppressed = slices.Clone(record.Consents), slices.Clone(record.Suppressed)
			all = append(all, &kept)
			return nil
		})
	})
	return all, err
}

// Differential fails unless cel-go, the closures of package expr and all of the
// evaluators, by name, say the same of each person: that the condition holds, that
// it does not, or that it is unknown. It returns how many pairs of a condition and
// a person it has compared, and how many of these with cel-go.
func Differential(t linktest.TB, trial Trial, evaluators map[string]audience.Evaluator) (pairs, judged int) {
	t.Helper()
	oracle, err := expr.NewOracle(environment(t, trial.Schema.Project()))
	require.NoError(t, err)
	want := make([][]expr.Truth, len(trial.Conditions))
	for i := range want {
		want[i] = make([]expr.Truth, len(trial.People))
	}
	for j, record := range trial.People {
		person := audience.PersonOf(trial.Schema, record, trial.Now)
		for i, c := range trial.Conditions {
			want[i][j] = person.Test(c)
			if !trial.judges(i, j) {
				continue
			}
			v, err := oracle.Eval(c.Text(), link.PersonScope(), person, trial.Now)
			require.NoError(t, err, c.Text())
			require.Equal(t, v.Truth(), want[i][j], "%s\nof person %d: cel-go says %s, package expr %s", c.Text(), record.ID, v.Truth(), want[i][j])
			judged++
		}
	}
	for name, e := range evaluators {
		agrees(t, trial, name, e, want)
	}
	return len(trial.People) * len(trial.Conditions), judged
}

// judges tells which people cel-go is asked of: others for each condition.
func (trial *Trial) judges(condition, person int) bool {
	n := len(trial.People)
	return (person+n-condition*trial.Oracle%n)%n < trial.Oracle
}

func environment(t linktest.TB, p *link.Project) *expr.Env {
	t.Helper()
	env, err := expr.NewEnv(p.World())
	require.NoError(t, err)
	return env
}

// agrees holds one evaluator to what is wanted, all conditions at once and some of
// them alone.
func agrees(t linktest.TB, trial Trial, name string, e audience.Evaluator, want [][]expr.Truth) {
	t.Helper()
	ctx := context.Background()
	all, err := e.SelectMany(ctx, trial.Conditions, trial.Now)
	require.NoError(t, err, name)
	require.Len(t, all, len(trial.Conditions), name)
	ids := make([]int64, len(trial.People))
	for j, record := range trial.People {
		ids[j] = record.ID
	}
	for i, c := range trial.Conditions {
		same(t, trial, name, c, all[i], want[i])
		if i%16 != 0 {
			continue
		}
		one, err := e.Select(ctx, c, trial.Now)
		require.NoError(t, err, name)
		require.Equal(t, all[i], one, "%s: Select and SelectMany differ: %s", name, c.Text())
		some := ids[:min(len(ids), 50)]
		truths, err := e.Test(ctx, c, some, trial.Now)
		require.NoError(t, err, name)
		require.Equal(t, want[i][:len(some)], truths, "%s: Test: %s", name, c.Text())
	}
}

// same compares a selection with the truth of each person.
func same(t linktest.TB, trial Trial, name string, c *expr.Checked, got audience.Selection, want []expr.Truth) {
	t.Helper()
	require.True(t, slices.IsSorted(got.Yes) && slices.IsSorted(got.Unknown), "%s: lists must ascend: %s", name, c.Text())
	truths := map[int64]expr.Truth{}
	for _, id := range got.Yes {
		truths[id] = expr.True
	}
	for _, id := range got.Unknown {
		_, twice := truths[id]
		require.False(t, twice, "%s: person %d is in both lists: %s", name, id, c.Text())
		truths[id] = expr.Unknown
	}
	for j, record := range trial.People {
		truth, listed := truths[record.ID]
		if !listed {
			truth = expr.False
		}
		if truth != want[j] {
			require.Failf(t, "evaluators differ", "%s\nof person %d: %s says %s, package expr %s\n%+v", c.Text(), record.ID, name, truth, want[j], record)
		}
		delete(truths, record.ID)
	}
	require.Empty(t, truths, "%s: people who are not there: %s", name, c.Text())
}
