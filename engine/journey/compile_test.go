package journey_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/stretchr/testify/require"
)

func TestCompileRefusesWhatHasNoMeaning(t *testing.T) {
	many := make(campaign.Steps, 70_000)
	for i := range many {
		many[i] = send(fmt.Sprint("s", i))
	}
	otherwise := campaign.BranchCase{Name: "else"}
	for name, c := range map[string]struct {
		steps campaign.Steps
		want  string
	}{
		"no label":    {campaign.Steps{send("")}, "no label"},
		"twice":       {campaign.Steps{send("a"), &campaign.Branch{Name: "b", Cases: []campaign.BranchCase{{Name: "c", Steps: campaign.Steps{send("a")}}}}}, `"a" is there twice`},
		"nil step":    {campaign.Steps{nil}, "not known"},
		"after else":  {campaign.Steps{&campaign.Branch{Name: "b", Cases: []campaign.BranchCase{otherwise, otherwise}}}, "never be reached"},
		"far too big": {many, "more than 65535"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := journey.Compile(&campaign.Journey{Name: "j", Steps: c.steps})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := journey.Compile(nil)
	require.Error(t, err)
}

func TestNegativeAndEndlessDurationsAreClamped(t *testing.T) {
	r := newRig(t, compile(t, nil, sleep("w1", -time.Hour), send("s1"), sleep("w2", 1<<63-1)), 1)
	r.sent(0)
	require.Equal(t, 2319, last[journey.Wake](r).At.Year(), "292 years from now")
	r.step(1<<63-1, journey.Resume{})
	last[journey.Wake](r)
}

func TestTheTableIsTheJourney(t *testing.T) {
	p := compile(t, nil, send("s1"), &campaign.Branch{Name: "b1", Cases: []campaign.BranchCase{
		{Name: "a", When: condition(), Steps: campaign.Steps{&campaign.Exit{Name: "x1"}}}}}, sleep("w1", day))
	r := newRig(t, p, 5)
	s := last[journey.Act](r)
	r.step(0, journey.Acted{Act: s, Result: journey.SendResult{At: noon, Sent: journey.Range(0, 3), Retry: []journey.Later{{At: noon.Add(time.Hour), Members: journey.Members{3}}}, Gone: journey.Members{4}}})
	r.decided(0, journey.DecideResult{Cases: []journey.Members{{0}}})
	rows, err := p.Table(r.state)
	require.NoError(t, err)
	require.Equal(t, []journey.Row{
		{Step: "s1", Kind: "send", People: 1, PutOff: 1, NextAt: noon.Add(time.Hour)},
		{Step: "b1", Kind: "branch"},
		{Step: "w1", Kind: "wait", People: 2, NextAt: noon.Add(day)},
		{Outcome: "exit x1", People: 1},
		{Outcome: "gone", People: 1},
	}, rows)
}
