package vector_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
	"github.com/herald-campaigns/herald/engine/store"
)

// change makes news of all kinds: people come, change and go, events come in, and
// the table puts itself in order.
func change(r *rand.Rand, t *column.Table, people []*store.Record) []*store.Record {
	all := int64(1 << 40)
	var left []*store.Record
	for i, record := range people {
		switch slot, there := t.Slot(record.ID); {
		case !there:
			slot = t.Put(record)
			t.PutEvents(slot, record, all)
		case i%7 == 0:
			t.Remove(record.ID)
			continue
		case i%5 == 0:
			record.Attributes["points"], record.Attributes["city"] = float64(r.IntN(300)), audiencetest.City(30_000+i)
			delete(record.Attributes, "plan")
			t.Put(record)
		case i%3 == 0:
			e := store.Event{Seq: all, Person: record.ID, Name: "order_completed", At: audiencetest.Now.Add(-aDay), Properties: map[string]any{"total": 250.0}}
			record.Events[e.Name] = append(record.Events[e.Name], e)
			record.Events[e.Name] = sorted(record.Events[e.Name])
			t.Happen(slot, &e)
		}
		left = append(left, record)
	}
	return left
}

func sorted(events []store.Event) []store.Event {
	s := &audiencetest.Someone{Events: events}
	return s.Record().Events[events[0].Name]
}

// A program that was made before news of all kinds says what package expr does
// after it, and goes on doing so when the table has been put in order.
func TestTableChanges(t *testing.T) {
	p := audiencetest.Population{People: 700, Events: 7000, Seed: 23}
	project := audiencetest.Project(t)
	people := p.Records()
	table := audiencetest.TableOf(audiencetest.Everything(), people[:400])
	e := &keeping{evaluator: newEvaluator(project, table), kept: map[*expr.Checked]*vector.Program{}}
	trial := audiencetest.Trial{Schema: audience.NewSchema(project), People: people[:400], Now: audiencetest.Now,
		Conditions: append(audiencetest.Checked(t, project, audiencetest.Conditions()...), audiencetest.Random(project, 77, 150)...)}
	ask := func() {
		audiencetest.Differential(t, trial, map[string]audience.Evaluator{"kept": single{e.evaluator}, "blocks": e.evaluator})
	}
	e.evaluator.compiled = e.compile
	ask()
	r := rand.New(rand.NewPCG(5, 6))
	trial.People = change(r, table, people)
	ask()
	table.Sweep()
	table.Tidy()
	ask()
}

// keeping compiles each condition once.
type keeping struct {
	*evaluator
	kept map[*expr.Checked]*vector.Program
}

func (k *keeping) compile(c *expr.Checked) *vector.Program {
	if k.kept[c] == nil {
		k.kept[c] = vector.Compile(c, k.table, k.options)
	}
	return k.kept[c]
}

// Programs can be asked by many at a time.
func TestConcurrent(t *testing.T) {
	c := newCrowd(t, audiencetest.Population{People: 300, Events: 3000, Seed: 29})
	e := newEvaluator(c.project, c.table)
	var programs []*vector.Program
	for _, checked := range audiencetest.Checked(t, c.project, audiencetest.Conditions()...) {
		programs = append(programs, e.compile(checked))
	}
	want := vector.SelectMany(programs, audiencetest.Now)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i, p := range programs {
				yes, known := p.Select(audiencetest.Now)
				if !equal(yes, want[i].Yes) || !equal(known, want[i].Known) {
					t.Errorf("%s: another answer beside others", p.Checked().Text())
				}
				p.Next(uint32(i), audiencetest.Now)
			}
		})
	}
	all.Wait()
}

func equal(a, b column.Bits) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// Nobody is selected who is gone, or of an empty table.
func TestNobody(t *testing.T) {
	project := audiencetest.Project(t)
	people := (audiencetest.Population{People: 130, Events: 500, Seed: 31}).Records()
	table := audiencetest.TableOf(audiencetest.Everything(), people)
	for _, record := range people {
		table.Remove(record.ID)
	}
	for _, table := range []*column.Table{table, column.New(audiencetest.Everything()), column.New(column.Plan{})} {
		e := newEvaluator(project, table)
		for _, c := range audiencetest.Checked(t, project, audiencetest.Conditions()...) {
			p := e.compile(c)
			yes, known := p.Select(audiencetest.Now)
			for slot := range uint32(200) {
				require.False(t, yes.Has(slot) || known.Has(slot), c.Text())
				require.Equal(t, expr.Unknown, p.Test(slot, audiencetest.Now))
				_, ok := p.Next(slot, audiencetest.Now)
				require.False(t, ok)
			}
		}
	}
}
