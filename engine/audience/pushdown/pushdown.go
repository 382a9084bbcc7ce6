// Package pushdown answers conditions by SQL, where the people are: the second
// evaluator, for a store in PostgreSQL.
//
// By role:
//   - the evaluator: New, Evaluator, which is an audience.Evaluator
//   - what it does with a condition: Evaluator.Explain, Plan
//   - from tree to SQL: compiler, with piece (a value and its doubts) and join (what
//     is known of a window of events, next to the person)
//
// Enters: checked conditions. Leaves: what audience.Scan leaves, for every person.
// Refused: nothing. What SQL does not say as herald does is asked of audience's
// Person: an atom of a kind that is not pushed down (regular expressions, time
// zones, trigonometry, computed lists), and a person of whom something is stored
// in another spelling than herald's own, or whose numbers come near the limits.
// Where the other atoms decide, by Kleene's logic, nobody is asked again.
//
// # Logic
//
// Unknown is NULL; AND, OR and NOT of SQL are Kleene's. Texts are compared byte by
// byte, sums go in the order of time, instants are whole microseconds, and what
// authors wrote travels as arguments, never as SQL.
//
// # Indexes
//
// events (name, at, person, seq) answers counting and existence in a window
// without the table, events (person, name, at, seq) the same for a few people. A
// property is read from the table: as jsonb it can stand in no index next to them
// without a bound on its size.
package pushdown

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
)

// Evaluator answers conditions of one project over everybody in a store.
type Evaluator struct {
	store  *postgres.Store
	schema *audience.Schema
}

var _ audience.Evaluator = (*Evaluator)(nil)

// New returns an evaluator over what s holds, by the definitions of p.
func New(s *postgres.Store, p *link.Project) *Evaluator {
	return &Evaluator{store: s, schema: audience.NewSchema(p)}
}

// Plan is how a condition is answered.
type Plan struct {
	SQL    string   // of the statement
	Args   []any    // its arguments
	Pushed int      // how many atoms of the condition SQL answers
	Asked  []string // the atoms that it does not, and why
}

// Explain tells how a condition would be answered.
func (e *Evaluator) Explain(condition *expr.Checked, now time.Time) Plan {
	q := e.query([]*expr.Checked{condition}, nil, now)
	return Plan{SQL: q.sql, Args: q.args, Pushed: q.pushed[0], Asked: q.reasons}
}

// Select tells of whom the condition holds.
func (e *Evaluator) Select(ctx context.Context, condition *expr.Checked, now time.Time) (audience.Selection, error) {
	all, err := e.SelectMany(ctx, []*expr.Checked{condition}, now)
	if err != nil {
		return audience.Selection{}, err
	}
	return all[0], nil
}

// together is how many conditions one statement answers.
const together = 16

// SelectMany answers several conditions, of one snapshot.
func (e *Evaluator) SelectMany(ctx context.Context, conditions []*expr.Checked, now time.Time) ([]audience.Selection, error) {
	out := make([]audience.Selection, 0, len(conditions))
	err := e.store.Read(ctx, func(pg *postgres.Snapshot, r store.Reader) error {
		for some := range slices.Chunk(conditions, together) {
			truths, err := e.ask(ctx, pg, r, some, nil, now)
			if err != nil {
				return err
			}
			out = append(out, truths...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Test asks a condition of some people. Who is gone is Unknown.
func (e *Evaluator) Test(ctx context.Context, condition *expr.Checked, people []int64, now time.Time) ([]expr.Truth, error) {
	truths := make([]expr.Truth, len(people))
	if len(people) == 0 {
		return truths, nil
	}
	err := e.store.Read(ctx, func(pg *postgres.Snapshot, r store.Reader) error {
		found, err := e.ask(ctx, pg, r, []*expr.Checked{condition}, people, now)
		if err != nil {
			return err
		}
		there, err := r.Records(people, store.Need{})
		if err != nil {
			return err
		}
		known := make(map[int64]expr.Truth, len(there))
		for i := range there {
			known[there[i].ID] = expr.False
		}
		for _, id := range found[0].Yes {
			known[id] = expr.True
		}
		for _, id := range found[0].Unknown {
			known[id] = expr.Unknown
		}
		for i, id := range people {
			truths[i] = known[id]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return truths, nil
}

// query is the statement that answers some conditions.
type query struct {
	sql     string
	args    []any
	pushed  []int // for each condition
	reasons []string
}

// query makes one statement of conditions; people is nil for everybody.
func (e *Evaluator) query(conditions []*expr.Checked, people []int64, now time.Time) query {
	c := newCompiler(e.schema.Project(), now)
	those := ""
	if people != nil {
		those = c.arg(people, "bigint[]")
	}
	q := query{pushed: make([]int, len(conditions))}
	truths, columns, wanted := []string{}, []string{"p.id"}, []string{}
	for i, condition := range conditions {
		a := answer{truth: "NULL::boolean", doubt: "FALSE"}
		if len(condition.Unset()) == 0 {
			a = c.condition(condition.Node())
		}
		q.pushed[i] = a.pushed
		truths = append(truths, fmt.Sprintf("(%s) AS t%d", a.truth, i))
		columns = append(columns, fmt.Sprintf("t%d", i), fmt.Sprintf("t%d IS NULL AND (%s)", i, a.doubt))
		wanted = append(wanted, fmt.Sprintf("t%d IS NOT FALSE", i))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT %s FROM people p", strings.Join(columns, ", "))
	for _, j := range ordered(c.joins) {
		b.WriteString("\n" + j.sql(those))
	}
	fmt.Fprintf(&b, "\nCROSS JOIN LATERAL (SELECT %s OFFSET 0) v", strings.Join(truths, ", ")) // OFFSET: each is computed once
	fmt.Fprintf(&b, "\nWHERE (%s)", strings.Join(wanted, " OR "))
	if those != "" {
		fmt.Fprintf(&b, " AND p.id = ANY(%s)", those)
	}
	b.WriteString("\nORDER BY p.id")
	q.sql, q.args, q.reasons = b.String(), c.args, c.reasons
	return q
}

// ask answers some conditions: by SQL, and where that is unsure by audience.
func (e *Evaluator) ask(ctx context.Context, pg *postgres.Snapshot, r store.Reader, conditions []*expr.Checked, people []int64, now time.Time) ([]audience.Selection, error) {
	q := e.query(conditions, people, now)
	out, unsure := make([]audience.Selection, len(conditions)), make([][]int64, len(conditions))
	err := pg.Each(ctx, q.sql, q.args, func(columns [][]byte) {
		id, truths := readRow(columns)
		for i := range conditions {
			switch {
			case truths[2*i] == yes:
				out[i].Yes = append(out[i].Yes, id)
			case truths[2*i] == no:
			case truths[2*i+1] == yes:
				unsure[i] = append(unsure[i], id)
			default:
				out[i].Unknown = append(out[i].Unknown, id)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for i, ids := range unsure {
		if err := e.askAgain(ctx, r, conditions[i], ids, now, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// askAgain tests people one by one, and puts them where they belong.
func (e *Evaluator) askAgain(ctx context.Context, r store.Reader, condition *expr.Checked, ids []int64, now time.Time, s *audience.Selection) error {
	if len(ids) == 0 {
		return nil
	}
	need := audience.NeedOf(e.schema.Project(), link.ReadsOf(condition)...)
	person := audience.NewPerson(e.schema)
	for some := range slices.Chunk(ids, 1000) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		records, err := r.Records(some, need)
		if err != nil {
			return err
		}
		for i := range records {
			person.Reset(&records[i], now)
			switch person.Test(condition) {
			case expr.True:
				s.Yes = append(s.Yes, records[i].ID)
			case expr.Unknown:
				s.Unknown = append(s.Unknown, records[i].ID)
			case expr.False:
			}
		}
	}
	slices.Sort(s.Yes)
	slices.Sort(s.Unknown)
	return nil
}
