// Package effect carries out what a journey does to its people other than writing
// to them: it updates their attributes, subscribes and unsubscribes them, records
// events, asks web services, lets them into other journeys, and makes them wait
// their turn.
//
// By role:
//   - the whole: Service, an Actor of workflows
//   - one step each: update, subscribe, emit, enter, throttle within one
//     transaction for a batch; call, outside of one
//   - where a call may go: Guard
//
// Enters: a step of a journey and members of a cohort, by index. Leaves: one
// outcome for each. Refused: messages (package delivery), and deciding where people
// go (packages journey and enrolment).
//
// # Once
//
// An effect has a key: enrolment, step and visit. It leaves an event with that key
// as its message ID, in the transaction that brings it about; where the event is
// there already, nothing is done. A call is made before its event is written: a
// worker that dies between the two lets it be made again, with the same
// Idempotency-Key.
//
// In that moment the journey's goal_when and exit_when are asked once more.
package effect

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// Live is what is asked of the live project; live.Holder is one.
type Live interface {
	Schema() *audience.Schema
	Journey(ctx context.Context, digest campaign.Digest) (*link.Journey, error)
}

// Enter lets somebody into a journey from within a transaction, by the rules of
// that journey. The ref names what it came from; the same one enters once.
type Enter func(tx store.Tx, journey string, person int64, payload map[string]any, now time.Time, ref string) error

// Config is what a Service needs. Store, Live and Now are required.
type Config struct {
	Store store.Store
	Live  Live
	Now   func() time.Time // campaign time
	Enter Enter            // nil: a step that enters another journey fails
	// Secrets looks up sensitive headers of calls; nil: there are none.
	Secrets func(campaign.Secret) (string, error)
	// Client makes calls; nil: one that goes nowhere but to public addresses.
	Client *http.Client
	Log    *slog.Logger // nil: silent
}

// Service carries effects out. It is safe for concurrent use.
type Service struct{ Config }

// New returns a Service.
func New(c Config) *Service {
	if c.Client == nil {
		c.Client = Guard{}.Client()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{c}
}

// Act carries one step out upon members of a cohort. It may be called again with
// the same request.
func (s *Service) Act(ctx context.Context, q journey.SendRequest) (journey.SendResult, error) {
	result, err := s.act(ctx, q)
	if err != nil {
		return journey.SendResult{}, fmt.Errorf("step %s of %s: %w", q.Step, q.Cohort, err)
	}
	return result, nil
}

func (s *Service) act(ctx context.Context, q journey.SendRequest) (journey.SendResult, error) {
	j, err := s.Live.Journey(ctx, q.Definition)
	if err != nil {
		return journey.SendResult{}, err
	}
	step, ok := j.Step(q.Step)
	if !ok {
		return journey.SendResult{}, fmt.Errorf("journey.%s has no such step", j.Def.Name)
	}
	b := &batch{Service: s, schema: s.Live.Schema(), journey: j, step: step, q: q}
	if def, ok := step.Def.(*campaign.Call); ok {
		return b.calls(ctx, def)
	}
	err = s.Store.Update(ctx, func(tx store.Tx) error { return b.write(tx) })
	return b.result, err
}

// batch is one request at work.
type batch struct {
	*Service
	schema  *audience.Schema
	journey *link.Journey
	step    *link.Step
	q       journey.SendRequest
	now     time.Time
	result  journey.SendResult
}

// load reads the members as they are now, sorts out who is gone or through, and
// returns the others.
func (b *batch) load(r store.Reader) ([]*enrolment.Traveller, error) {
	b.now = b.Now()
	b.result = journey.SendResult{At: b.now}
	reads := link.ReadsOf(b.journey.ExitWhen, b.journey.GoalWhen)
	for _, with := range slices.Concat(b.step.With, b.step.Query) {
		reads = append(reads, link.ReadsOf(with.Value)...)
	}
	party, err := enrolment.Load(r, b.schema, b.journey, enrolment.Request{
		Cohort: b.q.Cohort, Members: b.q.Members, Visit: b.q.Visit, Facts: b.q.Facts, Now: b.now, Need: audience.NeedOf(b.schema.Project(), reads...),
	})
	if err != nil {
		return nil, err
	}
	b.result.Gone = party.Gone
	var left []*enrolment.Traveller
	for _, t := range party.Travellers {
		switch {
		case holds(t, b.journey.GoalWhen):
			b.result.Add(t.Enrolment.Index, journey.OutcomeReached)
		case holds(t, b.journey.ExitWhen):
			b.result.Add(t.Enrolment.Index, journey.OutcomeExited)
		default:
			left = append(left, t)
		}
	}
	return left, nil
}

func holds(t *enrolment.Traveller, c *expr.Checked) bool { return t.Test(c).Holds() }

// write carries the step out within a transaction.
func (b *batch) write(tx store.Tx) error {
	travellers, err := b.load(tx)
	if err != nil {
		return err
	}
	if def, ok := b.step.Def.(*campaign.Throttle); ok {
		return b.throttle(tx, def, travellers)
	}
	for _, t := range travellers {
		if err := b.one(tx, t); err != nil {
			return err
		}
		b.result.Add(t.Enrolment.Index, journey.OutcomeSent)
	}
	return nil
}

// one brings the effect about, unless it has been.
func (b *batch) one(tx store.Tx, t *enrolment.Traveller) error {
	switch def := b.step.Def.(type) {
	case *campaign.Update:
		return b.update(tx, def, t)
	case *campaign.Subscribe:
		return b.subscribe(tx, def, t)
	case *campaign.Emit:
		_, err := b.record(tx, t, def.Event, values(t, b.step.With))
		return err
	case *campaign.Enter:
		return b.enter(tx, def, t)
	default:
		return fmt.Errorf("a %T is no effect that this version of herald knows: upgrade the worker", def)
	}
}

// record writes the event that says that the effect came about; fresh is false
// when it is there already.
func (b *batch) record(tx store.Tx, t *enrolment.Traveller, name string, properties map[string]any) (fresh bool, err error) {
	seqs, err := tx.AppendEvents([]store.Event{{
		Person: t.ID(), Name: name, At: b.now, ReceivedAt: b.now, MessageID: b.key(t), Properties: properties,
	}})
	return err == nil && seqs[0] != 0, err
}

// key is the same at each attempt, and under each name that the step ever had.
func (b *batch) key(t *enrolment.Traveller) string {
	return journey.EffectKey(b.q.Cohort, t.Enrolment.Index, b.journey.Def.Origin(b.q.Step), b.q.Visit)
}

// place says in an event which step it came from.
func (b *batch) place(more map[string]any) map[string]any {
	out := map[string]any{"campaign": b.journey.Def.Address().String(), "step": b.q.Step}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// values are bindings in JSON form; what is unknown is left out.
func values(t *enrolment.Traveller, with []link.Binding) map[string]any {
	out := map[string]any{}
	for name, v := range t.Inputs(with) {
		out[name] = campaign.JSONValue(v)
	}
	return out
}
