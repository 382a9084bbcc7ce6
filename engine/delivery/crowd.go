package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// candidate is somebody for whom a message is meant.
type candidate struct {
	index   int
	person  *audience.Person
	address string       // where the channel reaches the person
	subject expr.Subject // as the inputs see them
	reached bool         // goal_when holds
	exited  bool         // exit_when holds
	send    store.Send   // the row of the ledger, or what it will be
	known   bool         // send is a row
	out     *outlet
}

// crowd is whom a batch is for: members of a cohort, recipients of a run.
type crowd interface {
	// load reads members as they are at an instant. Who is gone is left out.
	load(r store.Reader, members journey.Members, now time.Time) ([]candidate, error)
	// row is what the ledger says of a member's message before it is reserved.
	row(c *candidate) store.Send
}

// cohort is the crowd of a journey's send.
type cohort struct {
	q       journey.SendRequest
	journey *link.Journey
	schema  *audience.Schema
	need    store.Need
}

func (k *cohort) load(r store.Reader, members journey.Members, now time.Time) ([]candidate, error) {
	party, err := enrolment.Load(r, k.schema, k.journey, enrolment.Request{
		Cohort: k.q.Cohort, Members: members, Visit: k.q.Visit, Facts: k.q.Facts, Now: now, Need: k.need,
	})
	if err != nil {
		return nil, err
	}
	out := make([]candidate, len(party.Travellers))
	for i, t := range party.Travellers {
		out[i] = candidate{
			index: t.Enrolment.Index, person: t.Person, subject: t,
			reached: t.Test(k.journey.GoalWhen).Holds(), exited: t.Test(k.journey.ExitWhen).Holds(),
		}
	}
	return out, nil
}

func (k *cohort) row(c *candidate) store.Send {
	return store.Send{
		Key:      keyOf("journey", k.q.Cohort, strconv.Itoa(c.index), k.journey.Def.Origin(k.q.Step), strconv.Itoa(k.q.Visit)),
		Campaign: named("journey", k.journey.Def.Name), Step: k.q.Step, Cohort: k.q.Cohort,
	}
}

// run is the crowd of an issue of a broadcast.
type run struct {
	run    store.Run
	schema *audience.Schema
	need   store.Need
}

func (k *run) load(r store.Reader, members journey.Members, now time.Time) ([]candidate, error) {
	ids := make([]int64, 0, len(members))
	index := make(map[int64]int, len(members))
	for _, span := range spans(members) {
		recipients, err := r.Recipients(k.run.ID, span[0], span[len(span)-1]+1)
		if err != nil {
			return nil, err
		}
		for _, p := range recipients {
			if span.Has(p.Index) {
				ids = append(ids, p.Person)
				index[p.Person] = p.Index
			}
		}
	}
	records, err := r.Records(ids, k.need)
	if err != nil {
		return nil, err
	}
	out := make([]candidate, len(records))
	for i := range records {
		person := audience.PersonOf(k.schema, &records[i], now)
		out[i] = candidate{index: index[person.ID()], person: person, subject: person}
	}
	return out, nil
}

// gap is how far apart members may stand that are read at once.
const gap = 50

// spans cuts members where they stand far apart: who is tried again can be a few
// out of a million.
func spans(members journey.Members) []journey.Members {
	var out []journey.Members
	from := 0
	for i := range members {
		if i+1 == len(members) || members[i+1]-members[i] > gap {
			out = append(out, members[from:i+1])
			from = i + 1
		}
	}
	return out
}

func (k *run) row(c *candidate) store.Send {
	return store.Send{
		Key:      keyOf("broadcast", k.run.ID, strconv.Itoa(c.index)),
		Campaign: named("broadcast", k.run.Broadcast), Cohort: k.run.ID,
	}
}

// keyOf is the key of a message, the same at each attempt: of the ledger, of the
// provider, and in the Message-ID.
func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write(append([]byte(p), 0))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// journeyBatch prepares the batch of a journey's send.
func (d *Delivery) journeyBatch(ctx context.Context, q journey.SendRequest) (*batch, error) {
	schema := d.Live.Schema()
	j, err := d.Live.Journey(ctx, q.Definition)
	if err != nil {
		return nil, err
	}
	step, ok := j.Step(q.Step)
	if !ok {
		return nil, fmt.Errorf("journey.%s has no step %s", j.Def.Name, q.Step)
	}
	send, ok := step.Def.(*campaign.Send)
	if !ok {
		return nil, fmt.Errorf("step %s of journey.%s sends nothing", q.Step, j.Def.Name)
	}
	s := newScript(schema.Project(), send.Message, step.With)
	d.report(ctx, s)
	k := &cohort{q: q, journey: j, schema: schema, need: s.need(j.GoalWhen, j.ExitWhen)}
	return &batch{Delivery: d, script: s, crowd: k, repeat: send.ResendUnknown}, nil
}

// broadcastBatch prepares the batch of an issue.
func (d *Delivery) broadcastBatch(ctx context.Context, q journey.BroadcastRequest) (*batch, error) {
	var issue store.Run
	err := d.Store.View(ctx, func(r store.Reader) (err error) {
		issue, err = r.Run(q.Run)
		return err
	})
	if err != nil {
		return nil, err
	}
	schema := d.Live.Schema()
	s := &script{project: schema.Project(), channel: email}
	b, err := d.broadcast(ctx, schema.Project(), issue.Broadcast, q.Definition)
	var missing *link.NotFoundError
	switch {
	case errors.As(err, &missing): // taken away while it was going out: no more of it
		s.trouble = missing.Addr.String() + " is " + ReasonNotLive
	case err != nil:
		return nil, err
	default:
		s = newScript(schema.Project(), b.Def.Message, b.With)
	}
	d.report(ctx, s)
	return &batch{Delivery: d, script: s, crowd: &run{run: issue, schema: schema, need: s.need()}}, nil
}

// broadcast is a broadcast as its issue was frozen. Who edits one edits the issues
// to come.
func (d *Delivery) broadcast(ctx context.Context, p *link.Project, name string, digest campaign.Digest) (*link.Broadcast, error) {
	b, err := p.Broadcast(name)
	if err != nil || b.Digest == digest {
		return b, err
	}
	old, err := d.asOf(ctx, p, named("broadcast", name), digest)
	if err != nil {
		return nil, err
	}
	return old.Broadcast(name)
}
