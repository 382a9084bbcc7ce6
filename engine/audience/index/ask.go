package index

import (
	"context"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
)

// View answers conditions of one project by an index. What the index has no
// columns for is answered from the record, as of its heads. It is safe for
// concurrent use.
type View struct {
	ix      *Index
	schema  *audience.Schema
	scan    *audience.Scan
	project func() column.Plan

	mu        sync.RWMutex
	questions map[*expr.Checked]question
}

var (
	_ audience.Evaluator = (*View)(nil)
	_ audience.Evaluator = (*Index)(nil)
)

// question is a condition made ready for the columns of one Edition of the table.
type question struct {
	edition uint64
	program *vector.Program // nil: columns are missing
}

// maxQuestions is how many conditions a View remembers; those that are typed on a
// command line come and go.
const maxQuestions = 50_000

// As answers by another project than the live one.
func (ix *Index) As(schema *audience.Schema) *View {
	return &View{
		ix: ix, schema: schema, scan: audience.NewScanOf(ix.Store, schema),
		project:   sync.OnceValue(func() column.Plan { return planOf(schema.Project()) }),
		questions: map[*expr.Checked]question{},
	}
}

// Live answers by the live project.
func (ix *Index) Live() *View { return ix.live.Load() }

func (v *View) plan() column.Plan { return v.project() }

// Select tells of whom the condition holds.
func (ix *Index) Select(ctx context.Context, c *expr.Checked, now time.Time) (audience.Selection, error) {
	return ix.Live().Select(ctx, c, now)
}

// SelectMany answers several conditions.
func (ix *Index) SelectMany(ctx context.Context, cs []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	return ix.Live().SelectMany(ctx, cs, now)
}

// Test asks a condition of some people.
func (ix *Index) Test(ctx context.Context, c *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error) {
	return ix.Live().Test(ctx, c, people, now)
}

// Reach counts whom a message would reach.
func (ix *Index) Reach(ctx context.Context, c *expr.Checked, topic, channel string, now time.Time) (audience.Reach, error) {
	return ix.Live().Reach(ctx, c, topic, channel, now)
}

// programs are the conditions made ready; nil where columns are missing. It is
// called with the index's lock held for reading.
func (v *View) programs(cs []*expr.Checked, out []*vector.Program) []*vector.Program {
	edition := v.ix.table.Edition
	missed := false
	v.mu.RLock()
	for _, c := range cs {
		q, ok := v.questions[c]
		missed = missed || !ok || q.edition != edition
		out = append(out, q.program)
	}
	v.mu.RUnlock()
	if !missed {
		return out
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.questions)+len(cs) > maxQuestions {
		clear(v.questions)
	}
	out = out[:0]
	for _, c := range cs {
		q, ok := v.questions[c]
		if !ok || q.edition != edition {
			q = v.question(c)
			v.questions[c] = q
		}
		out = append(out, q.program)
	}
	return out
}

func (v *View) question(c *expr.Checked) question {
	t := v.ix.table
	q := question{edition: t.Edition}
	if t.Plan.Covers(planOfCondition(v.schema.Project(), c)) {
		q.program = vector.Compile(c, t, vector.Options{Segment: v.segment, Row: v.schema.Project().Row, Subject: v.subject})
	}
	return q
}

func (v *View) segment(label string) *expr.Checked {
	s, err := v.schema.Project().Segment(label)
	if err != nil {
		return nil
	}
	return s.When
}

func (v *View) subject(slot uint32, now time.Time) expr.Subject {
	s := v.ix.table.Subject(nil)
	s.Reset(slot, now)
	return s
}

// Select tells of whom the condition holds.
func (v *View) Select(ctx context.Context, c *expr.Checked, now time.Time) (audience.Selection, error) {
	all, err := v.SelectMany(ctx, []*expr.Checked{c}, now)
	if err != nil {
		return audience.Selection{}, err
	}
	return all[0], nil
}

// SelectMany answers several conditions; what they share is asked once.
func (v *View) SelectMany(ctx context.Context, cs []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	out := make([]audience.Selection, len(cs))
	left, err := v.selectFast(ctx, cs, now, out)
	if err != nil {
		return nil, err
	}
	if len(left) == 0 {
		return out, nil
	}
	conditions := make([]*expr.Checked, len(left))
	for i, at := range left {
		conditions[i] = cs[at]
	}
	found, err := v.scan.SelectMany(ctx, conditions, now)
	if err != nil {
		return nil, err
	}
	for i, at := range left {
		out[at] = found[i]
	}
	return out, nil
}

// selectAtOnce bounds how many answers are in memory as two bits for each person.
const selectAtOnce = 256

// selectFast answers what there are columns for, and says which are left.
func (v *View) selectFast(ctx context.Context, cs []*expr.Checked, now time.Time, out []audience.Selection) (left []int, err error) {
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	t := v.ix.table
	programs := v.programs(cs, nil)
	var some []*vector.Program
	var of []int
	for i, p := range programs {
		if p == nil {
			left = append(left, i)
		} else {
			some, of = append(some, p), append(of, i)
		}
		if len(some) < selectAtOnce && i < len(programs)-1 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for k, a := range vector.SelectMany(some, now) {
			out[of[k]] = audience.Selection{Yes: t.People(a.Yes), Unknown: t.People(unknown(t, a))}
		}
		some, of = some[:0], of[:0]
	}
	return left, nil
}

// unknown are those of whom an answer is not known, and who are not gone.
func unknown(t *column.Table, a vector.Answer) column.Bits {
	u := t.Everybody()
	for i := range a.Known {
		u[i] &^= a.Known[i]
	}
	return u
}

// Test asks a condition of some people.
func (v *View) Test(ctx context.Context, c *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error) {
	out, ok := v.testFast(c, people, now)
	if !ok {
		return v.scan.Test(ctx, c, people, now)
	}
	return out, ctx.Err()
}

func (v *View) testFast(c *expr.Checked, people []int64, now time.Time) ([]expr.Truth, bool) {
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	program := v.programs([]*expr.Checked{c}, nil)[0]
	if program == nil {
		return nil, false
	}
	out := make([]expr.Truth, len(people))
	for i, person := range people {
		if slot, ok := v.ix.table.Slot(person); ok {
			out[i] = program.Test(slot, now)
		}
	}
	return out, true
}

// Reach counts whom a message would reach now. topic is "" for a transactional
// one, which needs no permission.
func (v *View) Reach(ctx context.Context, c *expr.Checked, topic, channel string, now time.Time) (audience.Reach, error) {
	if reach, ok := v.reachFast(c, topic, channel, now); ok {
		return reach, ctx.Err()
	}
	return v.scan.Reach(ctx, c, topic, channel, now)
}

func (v *View) reachFast(c *expr.Checked, topic, channel string, now time.Time) (audience.Reach, bool) {
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	t := v.ix.table
	program := v.programs([]*expr.Checked{c}, nil)[0]
	deliverable, ok := t.Deliverable[channel]
	consent := t.Consents[column.Permission{Topic: topic, Channel: channel}]
	if program == nil || !ok || topic != "" && consent == nil {
		return audience.Reach{}, false
	}
	a := vector.SelectMany([]*vector.Program{program}, now)[0]
	reach := audience.Reach{Matched: a.Yes.Count(), Unknown: unknown(t, a).Count()}
	if topic != "" {
		a.Yes.And(consent.Granted)
	}
	reach.Consented = a.Yes.Count()
	a.Yes.And(deliverable)
	reach.Deliverable = a.Yes.Count()
	return reach, true
}
