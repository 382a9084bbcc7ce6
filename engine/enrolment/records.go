package enrolment

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// records is the Index of who has none: it reads the record of each person who is
// asked about. It is good within the snapshot that Advance was given.
type records struct {
	schema  *audience.Schema
	need    store.Need
	moments map[*expr.Checked]*moments

	reader store.Reader
	event  int64
	people map[int64]*store.Record // nil: gone
	failed error                   // of a TestEach or Next, which cannot say so

	person *audience.Person // of the last one asked, at
	of     int64
	at     time.Time
}

var _ Index = (*records)(nil)

// Use takes another project.
func (x *records) Use(_ context.Context, schema *audience.Schema) error {
	*x = records{schema: schema, moments: map[*expr.Checked]*moments{}}
	p := schema.Project()
	var conditions []*expr.Checked
	for _, label := range p.Names("segment") {
		if s, err := p.Segment(label); err == nil {
			conditions = append(conditions, s.When)
		}
	}
	x.need = needOf(schema, conditions...)
	return nil
}

// Advance reads on from r.
func (x *records) Advance(r store.Reader, event, _ int64) error {
	x.reader, x.event, x.person, x.failed = r, event, nil, nil
	x.people = map[int64]*store.Record{}
	return nil
}

// ready loads people who will be asked about.
func (x *records) ready(ids []int64) error {
	news := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool {
		_, known := x.people[id]
		return known
	})
	found, err := recordsByID(x.reader, news, x.need)
	for _, id := range news {
		x.people[id] = nil
		if record := found[id]; record != nil {
			x.people[id] = cutAfter(record, x.event)
		}
	}
	return err
}

// cutAfter is a record without what came after a position.
func cutAfter(record *store.Record, seq int64) *store.Record {
	out := record
	for label, events := range record.Events {
		if !slices.ContainsFunc(events, func(e store.Event) bool { return e.Seq > seq }) {
			continue
		}
		if out == record {
			clone := *record
			clone.Events = maps.Clone(record.Events)
			out = &clone
		}
		out.Events[label] = slices.DeleteFunc(slices.Clone(events), func(e store.Event) bool { return e.Seq > seq })
	}
	return out
}

// ask is a person at an instant; nil for who is gone.
func (x *records) ask(person int64, now time.Time) *audience.Person {
	if x.person != nil && x.of == person && x.at.Equal(now) {
		return x.person
	}
	record, ok := x.people[person]
	if !ok {
		x.failed = errors.Join(x.failed, x.ready([]int64{person}))
		record = x.people[person]
	}
	if record == nil {
		return nil
	}
	x.person, x.of, x.at = audience.PersonOf(x.schema, record, now), person, now
	return x.person
}

// TestEach asks the conditions of a record.
func (x *records) TestEach(person int64, conditions []*expr.Checked, now time.Time, out []expr.Truth) {
	p := x.ask(person, now)
	for i, c := range conditions {
		out[i] = expr.Unknown
		if p != nil {
			out[i] = p.Test(c)
		}
	}
}

// Next looks through a record for the instants that conditions hang on.
func (x *records) Next(person int64, conditions []*expr.Checked, now time.Time) (time.Time, bool) {
	p := x.ask(person, now)
	if p == nil {
		return time.Time{}, false
	}
	next := earliest{after: now}
	for _, c := range conditions {
		x.momentsOf(c).of(p, &next)
	}
	return next.at, next.found
}

func (x *records) momentsOf(c *expr.Checked) *moments {
	m := x.moments[c]
	if m == nil {
		m = newMoments(x.schema.Project(), c)
		x.moments[c] = m
	}
	return m
}

// needOf says how much of a record conditions look at.
func needOf(schema *audience.Schema, conditions ...*expr.Checked) store.Need {
	return audience.NeedOf(schema.Project(), link.ReadsOf(conditions...)...)
}

// SelectMany reads every record of the snapshot.
func (x *records) SelectMany(ctx context.Context, conditions []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	out := make([]audience.Selection, len(conditions))
	person := audience.NewPerson(x.schema)
	err := x.reader.EachRecord(0, needOf(x.schema, conditions...), func(record *store.Record) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		person.Reset(cutAfter(record, x.event), now)
		for i, c := range conditions {
			switch person.Test(c) {
			case expr.True:
				out[i].Yes = append(out[i].Yes, record.ID)
			case expr.Unknown:
				out[i].Unknown = append(out[i].Unknown, record.ID)
			case expr.False:
			}
		}
		return nil
	})
	return out, err
}
