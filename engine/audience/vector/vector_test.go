package vector_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
)

// evaluator is a table as an audience.Evaluator.
type evaluator struct {
	table    *column.Table
	options  vector.Options
	compiled func(*expr.Checked) *vector.Program // nil: compile anew for each question
}

var _ audience.Evaluator = (*evaluator)(nil)

func newEvaluator(p *link.Project, t *column.Table) *evaluator {
	return &evaluator{table: t, options: optionsOf(p, t)}
}

func optionsOf(p *link.Project, t *column.Table) vector.Options {
	return vector.Options{
		Segment: func(label string) *expr.Checked {
			if s, err := p.Segment(label); err == nil {
				return s.When
			}
			return nil
		},
		Row: p.Row,
		Subject: func(slot uint32, now time.Time) expr.Subject {
			s := t.Subject(nil)
			s.Reset(slot, now)
			return s
		},
	}
}

func (e *evaluator) compile(c *expr.Checked) *vector.Program {
	if e.compiled != nil {
		return e.compiled(c)
	}
	return vector.Compile(c, e.table, e.options)
}

func (e *evaluator) selection(a vector.Answer) (s audience.Selection) {
	for slot, id := range e.table.IDs {
		switch at := uint32(slot); {
		case e.table.Gone.Has(at):
		case a.Yes.Has(at):
			s.Yes = append(s.Yes, id)
		case !a.Known.Has(at):
			s.Unknown = append(s.Unknown, id)
		}
	}
	return s
}

func (e *evaluator) Select(_ context.Context, c *expr.Checked, now time.Time) (audience.Selection, error) {
	yes, known := e.compile(c).Select(now)
	return e.selection(vector.Answer{Yes: yes, Known: known}), nil
}

func (e *evaluator) SelectMany(_ context.Context, conditions []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	programs := make([]*vector.Program, len(conditions))
	for i, c := range conditions {
		programs[i] = e.compile(c)
	}
	out := make([]audience.Selection, len(programs))
	for i, a := range vector.SelectMany(programs, now) {
		out[i] = e.selection(a)
	}
	return out, nil
}

func (e *evaluator) Test(_ context.Context, c *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error) {
	p, out := e.compile(c), make([]expr.Truth, len(people))
	for i, id := range people {
		if slot, ok := e.table.Slot(id); ok {
			out[i] = p.Test(slot, now)
		}
	}
	return out, nil
}

// single asks Test of everybody where others ask Select.
type single struct{ *evaluator }

func (e single) SelectMany(_ context.Context, conditions []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	out := make([]audience.Selection, len(conditions))
	truths, programs := make([]expr.Truth, len(conditions)), make([]*vector.Program, len(conditions))
	for i, c := range conditions {
		programs[i] = e.compile(c)
	}
	for slot, id := range e.table.IDs {
		if e.table.Gone.Has(uint32(slot)) {
			continue
		}
		vector.TestMany(programs, uint32(slot), now, truths)
		for i, truth := range truths {
			switch truth {
			case expr.True:
				out[i].Yes = append(out[i].Yes, id)
			case expr.Unknown:
				out[i].Unknown = append(out[i].Unknown, id)
			}
		}
	}
	return out, nil
}

func (e single) Select(ctx context.Context, c *expr.Checked, now time.Time) (audience.Selection, error) {
	all, err := e.SelectMany(ctx, []*expr.Checked{c}, now)
	return all[0], err
}

// crowd is everybody, twice: as records, and as a table in which some have had
// news since it was sorted.
type crowd struct {
	project *link.Project
	schema  *audience.Schema
	trial   audiencetest.Trial
	table   *column.Table
}

func newCrowd(t testing.TB, p audiencetest.Population) *crowd {
	t.Helper()
	project := audiencetest.Project(t)
	c := &crowd{project: project, schema: audience.NewSchema(project), table: p.Table(audiencetest.Everything(), true)}
	c.trial = audiencetest.Trial{Schema: c.schema, People: p.Records(), Now: audiencetest.Now}
	return c
}

// newStrangers are people whom rapid makes up, whose values are those of its random
// conditions.
func newStrangers(t testing.TB, seed, people int) *crowd {
	t.Helper()
	project := audiencetest.Project(t)
	all := audiencetest.Strangers(project, seed, people)
	c := &crowd{project: project, schema: audience.NewSchema(project), table: audiencetest.TableOf(audiencetest.Everything(), all)}
	c.trial = audiencetest.Trial{Schema: c.schema, People: all, Now: exprtest.Now}
	return c
}

func (c *crowd) evaluators() map[string]audience.Evaluator {
	e := newEvaluator(c.project, c.table)
	return map[string]audience.Evaluator{"blocks": e, "closures": single{e}}
}

// pairs is how many pairs of a condition and a person the differential tests
// compare: HERALD_PAIRS, or what the mode of testing allows.
func pairs() int {
	if n, err := strconv.Atoi(os.Getenv("HERALD_PAIRS")); err == nil {
		return n
	}
	if testing.Short() {
		return 50_000
	}
	return 1_000_000
}

// Every condition of the list means the same to cel-go, to package expr and here,
// for people of whom much is unknown; late in a table, too, and at other instants.
func TestConditions(t *testing.T) {
	p := audiencetest.Population{People: 5000, Events: 60_000, Seed: 7}
	if testing.Short() {
		p.People, p.Events = 1000, 12_000
	}
	c := newCrowd(t, p)
	c.trial.Conditions = audiencetest.Checked(t, c.project, audiencetest.Conditions()...)
	c.trial.Oracle = 10
	for _, now := range []time.Time{audiencetest.Now, audiencetest.Now.Add(-37*24*time.Hour - 500*time.Nanosecond), audiencetest.Now.Add(3 * 24 * time.Hour)} {
		c.trial.Now = now
		audiencetest.Differential(t, c.trial, c.evaluators())
		c.trial.Oracle = 2
	}
}

// Whatever rapid makes up means the same, too.
func TestRandomConditions(t *testing.T) {
	const people, conditions = 1000, 100
	crowds := []*crowd{newCrowd(t, audiencetest.Population{People: people, Events: 8000, Seed: 11}), newStrangers(t, 12, people)}
	total, judged := 0, 0
	for round := 0; total < pairs(); round++ {
		c := crowds[round%2]
		c.trial.Conditions = audiencetest.Random(c.project, round, conditions)
		c.trial.Oracle = people
		n, m := audiencetest.Differential(t, c.trial, c.evaluators())
		total, judged = total+n, judged+m
	}
	t.Logf("%d pairs, %d of them with cel-go", total, judged)
}

// What has a form over columns is not left to package expr unnoticed.
func TestFast(t *testing.T) {
	c := newCrowd(t, audiencetest.Population{People: 10, Events: 100, Seed: 3})
	e := newEvaluator(c.project, c.table)
	var slow []string
	for _, checked := range audiencetest.Checked(t, c.project, audiencetest.Conditions()...) {
		if !e.compile(checked).Fast() {
			slow = append(slow, checked.Text())
		}
	}
	require.Equal(t, []string{`profile.dietary.map(d, d + "!").exists(d, d == "vegan!") && profile.points > 0`}, slow)
}
