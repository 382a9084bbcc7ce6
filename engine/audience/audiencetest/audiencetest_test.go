package audiencetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// vectors is a table as an audience.Evaluator.
type vectors struct {
	table   *column.Table
	options vector.Options
}

func (v vectors) SelectMany(_ context.Context, cs []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	programs := make([]*vector.Program, len(cs))
	for i, c := range cs {
		programs[i] = vector.Compile(c, v.table, v.options)
	}
	out := make([]audience.Selection, len(cs))
	for i, a := range vector.SelectMany(programs, now) {
		for slot, id := range v.table.IDs {
			switch at := uint32(slot); {
			case a.Yes.Has(at):
				out[i].Yes = append(out[i].Yes, id)
			case !a.Known.Has(at) && !v.table.Gone.Has(at):
				out[i].Unknown = append(out[i].Unknown, id)
			}
		}
	}
	return out, nil
}

func (v vectors) Select(ctx context.Context, c *expr.Checked, now time.Time) (audience.Selection, error) {
	all, err := v.SelectMany(ctx, []*expr.Checked{c}, now)
	return all[0], err
}

func (v vectors) Test(_ context.Context, c *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error) {
	p, out := vector.Compile(c, v.table, v.options), make([]expr.Truth, len(people))
	for i, id := range people {
		if slot, ok := v.table.Slot(id); ok {
			out[i] = p.Test(slot, now)
		}
	}
	return out, nil
}

// One seed gives the same people, another gives others.
func TestSeeds(t *testing.T) {
	p := audiencetest.Population{People: 50, Events: 500, Seed: 4}
	require.Equal(t, p.Records(), p.Records())
	q := p
	q.Seed = 5
	require.NotEqual(t, p.Records(), q.Records())
}

// The people are what they are said to be: much is unknown, few have most of the
// events, some events are in bursts, some late, some ahead.
func TestPeople(t *testing.T) {
	const people, events = 2000, 40_000
	total, without, busiest, ahead, late, together := 0, 0, 0, 0, 0, 0
	cities := map[any]int{}
	for s := range (audiencetest.Population{People: people, Events: events, Seed: 1}).All() {
		total += len(s.Events)
		busiest = max(busiest, len(s.Events))
		cities[s.Attributes["city"]]++
		if _, ok := s.Attributes["birthday"]; !ok {
			without++
		}
		for i, e := range s.Events {
			if e.At.After(audiencetest.Now) {
				ahead++
			}
			if i > 0 && e.At.Before(s.Events[i-1].At) {
				late++
			}
			if i > 0 && e.At.Equal(s.Events[i-1].At) {
				together++
			}
		}
	}
	require.InDelta(t, events, total, events/5)
	require.InDelta(t, 0.4, float64(without)/people, 0.05)
	require.Greater(t, busiest, 20*events/people)
	require.Greater(t, len(cities), people/4)
	require.Greater(t, ahead, total/500)
	require.Greater(t, late, total/50)
	require.Greater(t, together, total/200)
}

// What went through a store comes out as the same people, and the scan over it
// agrees with everybody else.
func TestThroughAStore(t *testing.T) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	p := audiencetest.Population{People: 120, Events: 1500, Seed: 9}
	require.NoError(t, p.Fill(ctx, s))
	people, err := audiencetest.RecordsOf(ctx, s)
	require.NoError(t, err)
	require.Len(t, people, p.People)

	project := audiencetest.Project(t)
	schema := audience.NewSchema(project)
	all := evaluators(project, audiencetest.TableOf(audiencetest.Everything(), people))
	all["scan"] = audience.NewScanOf(s, schema)
	all["table"] = evaluators(project, p.Table(audiencetest.Everything(), true))["vector"]
	pairs, judged := audiencetest.Differential(t, audiencetest.Trial{Schema: schema, People: people, Now: audiencetest.Now, Oracle: 1,
		Conditions: audiencetest.Checked(t, project, audiencetest.Conditions()...)}, all)
	require.Equal(t, len(audiencetest.Conditions()), judged)
	require.Equal(t, judged*p.People, pairs)
}

// The suite notices one wrong answer.
func TestDifferentialNotices(t *testing.T) {
	project := audiencetest.Project(t)
	p := audiencetest.Population{People: 60, Events: 600, Seed: 2}
	right := evaluators(project, p.Table(audiencetest.Everything(), false))["vector"]
	trial := audiencetest.Trial{Schema: audience.NewSchema(project), People: p.Records(), Now: audiencetest.Now,
		Conditions: audiencetest.Checked(t, project, "profile.points > 10", "events.order_completed.any()")}
	for name, spoil := range map[string]func(*audience.Selection){
		"one too few":     func(s *audience.Selection) { s.Yes = s.Yes[1:] },
		"unknown as yes":  func(s *audience.Selection) { s.Unknown, s.Yes = nil, append(s.Yes, 1_000_000) },
		"unknown as no":   func(s *audience.Selection) { s.Unknown = nil },
		"somebody absent": func(s *audience.Selection) { s.Yes = append(s.Yes, 5000) },
	} {
		heard := &listener{}
		audiencetest.Differential(heard, trial, map[string]audience.Evaluator{name: spoiled{right, spoil}})
		require.True(t, heard.failed, name)
	}
}

type spoiled struct {
	audience.Evaluator
	spoil func(*audience.Selection)
}

func (s spoiled) SelectMany(ctx context.Context, cs []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	all, err := s.Evaluator.SelectMany(ctx, cs, now)
	s.spoil(&all[0])
	return all, err
}

// listener hears of failures and goes on.
type listener struct{ failed bool }

func (l *listener) Errorf(string, ...any) { l.failed = true }
func (l *listener) FailNow()              { l.failed = true }
func (l *listener) Helper()               {}
