// Package intake is the one door for data about people: calls in the shape of
// Segment's HTTP API, and files.
//
// By role:
//   - the door: Intake, New, Take for calls, Import for files, Retry for what was
//     refused before
//   - what is declared: Model; inside, vocabulary looks words up in it
//   - a call: Call, Result, Status
//   - a file: ImportOptions, Report; inside, csvRows, jsonRows and parquetRows read
//     its rows, and a source block of the project says what foreign ones mean
//   - what was understood: draft, which shelf stores
//
// Enters: JSON, CSV, Parquet and the words of other systems (firstName, "Order
// Completed"). Leaves: typed rows in the store, under the names and with the
// types that the project declares. Refused, and kept for repair as
// store.Rejected: undeclared events and properties, values of another type,
// addresses that are none, instants in the future, consent without proof. An
// undeclared trait of a person is left out with a warning.
//
// Messages name columns, lines and what is declared. What a person's data says
// stands in the rejected row alone.
package intake

import (
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// Model is what a project declares about people.
type Model struct {
	Profile *campaign.Profile // nil: the built-in attributes alone
	Events  []*campaign.Event
	Topics  []*campaign.Topic
	Sources []*link.Source // how the rows of foreign files are read
}

// Intake takes data in. It is safe for concurrent use.
type Intake struct {
	store store.Store
	model func() *Model
	now   func() time.Time

	mu    sync.Mutex
	words *vocabulary // of the Model seen last
}

// New returns an Intake into s. Model returns what is declared at present: the
// same pointer for as long as nothing changes. Now is the instant at which data
// is received.
func New(s store.Store, model func() *Model, now func() time.Time) *Intake {
	return &Intake{store: s, model: model, now: now}
}

// vocabulary is that of the present model.
func (in *Intake) vocabulary() *vocabulary {
	m := in.model()
	if m == nil {
		m = &Model{}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.words == nil || in.words.model != m {
		in.words = newVocabulary(m)
	}
	return in.words
}
