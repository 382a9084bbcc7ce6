package index

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
)

// TestIndexAgreesOnRandomConditions asks an index random conditions of random
// people, with no more columns than those conditions need.
func TestIndexAgreesOnRandomConditions(t *testing.T) {
	plain := audiencetest.Project(t)
	var defs []campaign.Definition
	for i, c := range append(audiencetest.Random(plain, 7, 150), audiencetest.Checked(t, plain, audiencetest.Conditions()...)...) {
		defs = append(defs, segment(fmt.Sprint("random_", i), c.Text()))
	}
	project := audiencetest.Project(t, defs...)
	schema := audience.NewSchema(project)
	s := newStore(t)
	require.NoError(t, audiencetest.Population{People: 40, Events: 800, Seed: 3}.Fill(t.Context(), s))
	ix, err := Open(t.Context(), Config{Store: s, Schema: schema, Dir: t.TempDir()})
	require.NoError(t, err)
	trial := audiencetest.Trial{Schema: schema, Now: audiencetest.Now}
	for _, d := range defs {
		found, err := project.Segment(d.Address().Name())
		require.NoError(t, err)
		trial.Conditions = append(trial.Conditions, found.When)
	}
	check := func() {
		t.Helper()
		require.NoError(t, ix.Follow(t.Context()))
		trial.People, err = audiencetest.RecordsOf(t.Context(), s)
		require.NoError(t, err)
		audiencetest.Differential(t, trial, map[string]audience.Evaluator{"index": ix})
	}
	check()
	// The same people do more, and others come.
	require.NoError(t, audiencetest.Population{People: 60, Events: 900, Seed: 4}.Fill(t.Context(), s))
	check()
	require.NoError(t, ix.Snapshot(t.Context()))
	ix, err = Open(t.Context(), ix.Config)
	require.NoError(t, err)
	check()
}
