package audiencetest

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// Strangers are n people whom rapid makes up for any project, with the few values
// that meet those of its random conditions, around exprtest.Now.
func Strangers(p *link.Project, seed, n int) []*store.Record {
	l, err := exprtest.Of(p.World(), link.PersonScope())
	if err != nil {
		panic(err)
	}
	g := rapid.Custom(func(t *rapid.T) *exprtest.Someone { return l.Person(t) })
	out, seq := make([]*store.Record, n), int64(0)
	for i := range out {
		out[i] = record(int64(i+1), g.Example(seed*1_000_003+i), &seq)
	}
	return out
}

// record is somebody as a store would give them.
func record(id int64, s *exprtest.Someone, seq *int64) *store.Record {
	r := &store.Record{Person: store.Person{ID: id, Key: fmt.Sprintf("s%d", id), CreatedAt: exprtest.Now, Attributes: map[string]any{}},
		Events: map[string][]store.Event{}}
	for name, v := range s.Attributes {
		switch name {
		case "id", "phone", "created_at":
		case "email":
			r.Email = fmt.Sprintf("s%d@mail.example", id)
		default:
			r.Attributes[name] = campaign.JSONValue(v)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(s.Histories)) {
		for _, row := range s.Histories[label] {
			*seq++
			props, _ := campaign.JSONValue(row.Props).(map[string]any)
			r.Events[label] = append(r.Events[label], store.Event{Seq: *seq, Person: id, Name: label, At: row.At, Properties: props})
		}
	}
	for said, word := range s.Consents {
		r.Consents = append(r.Consents, store.Consent{Person: id, Topic: said.Topic, Channel: said.Channel, Granted: word.Granted, At: word.At, Source: word.Source})
	}
	return r
}

// TableOf puts records into columns.
func TableOf(plan column.Plan, people []*store.Record) *column.Table {
	b := column.NewBuilder(plan, len(people), 0)
	var all []store.Event
	for _, r := range people {
		b.Add(r)
		for _, history := range r.Events {
			all = append(all, history...)
		}
	}
	slices.SortFunc(all, func(x, y store.Event) int { return int(x.Seq - y.Seq) })
	for i := range all {
		b.Happen(&all[i])
	}
	return b.Table()
}

// PlanOf is the plan of a table that any condition of a project can be asked of.
func PlanOf(p *link.Project) column.Plan {
	plan := column.Plan{Attributes: map[string]column.Kept{}, Events: map[string]map[string]column.Kept{},
		Topics: slices.Clone(p.Names("topic")), Channels: p.World().Channels, Details: true}
	for _, a := range p.World().Profile {
		plan.Attributes[a.Name] = column.Whole(a.Type)
	}
	for _, e := range p.World().Events {
		plan.Events[e.Name] = map[string]column.Kept{}
		for _, f := range e.Properties {
			plan.Events[e.Name][f.Name] = column.Whole(f.Type)
		}
	}
	slices.Sort(plan.Topics)
	return plan
}
