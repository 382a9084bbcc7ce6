package enrolment

import (
	"context"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// Index answers conditions of one project about people, as of a position of the
// record. Package index has one over columns; without one the Dispatcher reads
// records, which gives the same answers.
type Index interface {
	// Use follows another live project.
	Use(ctx context.Context, schema *audience.Schema) error
	// Advance brings the index to a position, the Seq of an event and of a change,
	// within the snapshot that r reads. One that is ahead stays where it is.
	Advance(r store.Reader, event, change int64) error
	// TestEach asks conditions of one person; out has a place for each. Who is gone
	// is Unknown.
	TestEach(person int64, conditions []*expr.Checked, now time.Time, out []expr.Truth)
	// Next is the earliest instant after now at which the answer to one of the
	// conditions could change with no news; it may be earlier than it does, never
	// later. ok is false for never.
	Next(person int64, conditions []*expr.Checked, now time.Time) (at time.Time, ok bool)
	// SelectMany asks conditions of everybody.
	SelectMany(ctx context.Context, conditions []*expr.Checked, now time.Time) ([]audience.Selection, error)
}
