package audience

import (
	"context"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// Evaluator answers conditions of one project over everybody. Scan,
// the index over columns and the push-down to SQL answer alike.
type Evaluator interface {
	// Select tells of whom the condition holds, and of whom it is unknown.
	Select(ctx context.Context, condition *expr.Checked, now time.Time) (Selection, error)
	// SelectMany answers several conditions at the cost of about one.
	SelectMany(ctx context.Context, conditions []*expr.Checked, now time.Time) ([]Selection, error)
	// Test asks a condition of some people, in their order. Who is gone is Unknown.
	Test(ctx context.Context, condition *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error)
}

// Selection is the answer to a condition. Its lists are ascending.
type Selection struct {
	Yes     []int64 // the condition holds
	Unknown []int64 // it cannot be told: not selected
}

// Has reports whether a person is selected.
func (s Selection) Has(person int64) bool {
	_, ok := slices.BinarySearch(s.Yes, person)
	return ok
}

// Scan evaluates conditions by reading every record.
type Scan struct {
	store  store.Store
	schema *Schema
}

var _ Evaluator = (*Scan)(nil)

// NewScan returns an evaluator over what s holds, by the definitions of p. Two
// projects, before and after an edit, are asked by two evaluators.
func NewScan(s store.Store, p *link.Project) *Scan { return NewScanOf(s, NewSchema(p)) }

// NewScanOf is NewScan where the schema is there already.
func NewScanOf(s store.Store, schema *Schema) *Scan { return &Scan{store: s, schema: schema} }

// Schema is what the people are read by.
func (s *Scan) Schema() *Schema { return s.schema }

// Select tells of whom the condition holds.
func (s *Scan) Select(ctx context.Context, condition *expr.Checked, now time.Time) (Selection, error) {
	all, err := s.SelectMany(ctx, []*expr.Checked{condition}, now)
	if err != nil {
		return Selection{}, err
	}
	return all[0], nil
}

// SelectMany answers all conditions in one pass over the record; segments that
// they share are asked once for each person.
func (s *Scan) SelectMany(ctx context.Context, conditions []*expr.Checked, now time.Time) ([]Selection, error) {
	out := make([]Selection, len(conditions))
	err := s.Each(ctx, NeedOf(s.schema.project, link.ReadsOf(conditions...)...), now, func(p *Person) error {
		for i, c := range conditions {
			switch p.Test(c) {
			case expr.True:
				out[i].Yes = append(out[i].Yes, p.ID())
			case expr.Unknown:
				out[i].Unknown = append(out[i].Unknown, p.ID())
			case expr.False:
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Each calls f for everybody, by ascending ID. The Person is f's to use only
// until it returns.
func (s *Scan) Each(ctx context.Context, need store.Need, now time.Time, f func(*Person) error) error {
	person := NewPerson(s.schema)
	return s.store.View(ctx, func(r store.Reader) error {
		seen := 0
		return r.EachRecord(0, need, func(record *store.Record) error {
			if seen++; seen%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			person.Reset(record, now)
			return f(person)
		})
	})
}

// testBatch bounds how many records are in memory at once.
const testBatch = 1000

// Test asks a condition of some people.
func (s *Scan) Test(ctx context.Context, condition *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error) {
	need := NeedOf(s.schema.project, link.ReadsOf(condition)...)
	out := make([]expr.Truth, 0, len(people))
	person := NewPerson(s.schema)
	err := s.store.View(ctx, func(r store.Reader) error {
		out = out[:0]
		for ids := range slices.Chunk(people, testBatch) {
			records, err := r.Records(ids, need)
			if err != nil {
				return err
			}
			for _, id := range ids {
				truth := expr.Unknown
				if len(records) > 0 && records[0].ID == id {
					person.Reset(&records[0], now)
					truth = person.Test(condition)
					records = records[1:]
				}
				out = append(out, truth)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
