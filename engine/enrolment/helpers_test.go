package enrolment_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// start is when the tests' campaigns begin.
var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// house is a store with a live project, and what runs on it.
type house struct {
	testing.TB
	store      store.Store
	live       *live.Holder
	service    *enrolment.Service
	dispatcher *enrolment.Dispatcher
	clock      atomic.Pointer[time.Time]
	resources  []campaign.Resource // as they are live
}

// newHouse applies a project to an empty store.
func newHouse(t testing.TB, defs ...campaign.Definition) *house {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return houseOn(t, s, defs...)
}

func houseOn(t testing.TB, s store.Store, defs ...campaign.Definition) *house {
	t.Helper()
	h := &house{TB: t, store: s}
	h.setClock(start)
	var err error
	h.live, err = live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	h.service, h.dispatcher = enrolment.NewService(h.config("test")), enrolment.NewDispatcher(h.config("test"))
	h.apply(defs...)
	return h
}

// config is that of another dispatcher, which reads records.
func (h *house) config(owner string) enrolment.Config {
	return enrolment.Config{Store: h.store, Live: h.live, Now: h.now, Owner: owner}
}

// indexed gives the house a dispatcher with columns.
func (h *house) indexed() *house {
	h.Helper()
	config := h.config("columns")
	var err error
	config.Index, err = index.Open(h.Context(), index.Config{Store: h.store, Schema: h.live.Schema()})
	require.NoError(h, err)
	h.dispatcher = enrolment.NewDispatcher(config)
	return h
}

// bothWays runs a test with a dispatcher that reads records, and with one that has
// columns.
func bothWays(t *testing.T, f func(t *testing.T, open func(...campaign.Definition) *house)) {
	t.Run("records", func(t *testing.T) {
		f(t, func(defs ...campaign.Definition) *house { return newHouse(t, defs...) })
	})
	t.Run("columns", func(t *testing.T) {
		f(t, func(defs ...campaign.Definition) *house { return newHouse(t, defs...).indexed() })
	})
}

// told is a move without its number.
type told struct {
	Segment string
	Person  int64
	Inside  bool
	At      time.Time
	Cause   store.Cause
	Ref     int64
}

// GoString is for differences.
func (m told) GoString() string {
	return fmt.Sprintf("%s %d %t %s %s %d", m.Segment, m.Person, m.Inside, m.At.Format(time.RFC3339Nano), m.Cause, m.Ref)
}

// byInstant are moves to be compared: those of one instant in any order.
func byInstant(all []told) []string {
	out := make([]string, len(all))
	for i, m := range all {
		out[i] = fmt.Sprintf("%s %d %#v", m.At.Format("2006-01-02T15:04:05.000000"), m.Person, m)
	}
	slices.Sort(out)
	return out
}

// moves are somebody's, oldest first.
func (h *house) moves(person int64) (out []told) {
	h.Helper()
	h.view(func(r store.Reader) error {
		moves, err := r.MovesOf(person, "", 0)
		slices.Reverse(moves)
		for _, m := range moves {
			out = append(out, told{m.Segment, m.Person, m.Inside, m.At.UTC(), m.Cause, m.Ref})
		}
		return err
	})
	return out
}

// replayed checks that the moves of people, of whom none took over another, give
// exactly who is inside, and that each changes something.
func (h *house) replayed(people ...int64) (all []told) {
	h.Helper()
	for _, id := range people {
		moves, inside := h.moves(id), map[string]bool{}
		all = append(all, moves...)
		for _, m := range moves {
			require.NotEqual(h, inside[m.Segment], m.Inside, "a move changes something: %v", m)
			inside[m.Segment] = m.Inside
		}
		h.view(func(r store.Reader) error {
			for _, label := range h.live.Current().Names("segment") {
				is, err := r.IsMember(label, id)
				require.NoError(h, err)
				require.Equal(h, inside[label], is, "person %d, %s: %v", id, label, moves)
			}
			return nil
		})
	}
	return all
}

func (h *house) now() time.Time          { return *h.clock.Load() }
func (h *house) setClock(t time.Time)    { h.clock.Store(&t) }
func (h *house) advance(d time.Duration) { h.setClock(h.now().Add(d)) }

// apply makes a project live, as apply does: membership in the same transaction.
func (h *house) apply(defs ...campaign.Definition) {
	h.Helper()
	resources := linktest.Resources(h, append(model(), defs...)...)
	rev := campaign.NewRevision(campaign.Settings{}, campaign.Environment{Name: "test"}, resources)
	write, err := enrolment.NewMembership(h.store, h.now).Rebase(h.Context(), rev, h.changed(resources))
	require.NoError(h, err)
	h.update(func(tx store.Tx) error {
		if err := h.replace(tx, resources); err != nil {
			return err
		}
		return write(tx)
	})
	h.resources = resources
	require.NoError(h, h.live.Refresh(h.Context()))
}

// changed are the segments that an apply says have changed: here, all that are
// not the same to the letter, and those that changed journeys watch.
func (h *house) changed(resources []campaign.Resource) []string {
	var out []string
	for _, r := range resources {
		if h.has(r) {
			continue
		}
		switch d := r.Def.(type) {
		case *campaign.Segment:
			out = append(out, d.Name)
		case *campaign.Journey:
			if d.Trigger.Segment != nil {
				out = append(out, d.Trigger.Segment.Segment)
			}
		}
	}
	return out
}

func (h *house) has(r campaign.Resource) bool {
	for _, o := range h.resources {
		if o.Addr == r.Addr && o.Digest == r.Digest {
			return true
		}
	}
	return false
}

func (h *house) replace(tx store.Tx, resources []campaign.Resource) error {
	if err := tx.SetEnvironment(campaign.Environment{Name: "test"}, campaign.Settings{}); err != nil {
		return err
	}
	kept := map[addr.Addr]bool{}
	for _, r := range resources {
		kept[r.Addr] = true
		if h.has(r) {
			continue
		}
		if err := tx.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
			return err
		}
		if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, Body: r.Body, AppliedAt: h.now()}); err != nil {
			return err
		}
	}
	for _, r := range h.resources {
		if !kept[r.Addr] {
			if err := tx.RemoveLive(r.Addr); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *house) update(f func(store.Tx) error) {
	h.Helper()
	require.NoError(h, h.store.Update(context.Background(), f))
}

func (h *house) view(f func(store.Reader) error) {
	h.Helper()
	require.NoError(h, h.store.View(context.Background(), f))
}

// person identifies somebody who is subscribed to the news.
func (h *house) person(key string, attributes ...map[string]any) (id int64) {
	h.Helper()
	h.update(func(tx store.Tx) error {
		p := store.Person{Key: key, Email: key + "@example.com", CreatedAt: start.AddDate(-1, 0, 0), UpdatedAt: h.now()}
		if len(attributes) > 0 {
			p.Attributes = attributes[0]
		}
		stored, err := tx.Identify(p)
		if err != nil {
			return err
		}
		id = stored.ID
		return tx.PutConsents([]store.Consent{{Person: id, Topic: "news", Channel: "email", Granted: true, At: start.AddDate(-1, 0, 0), Proof: "form"}})
	})
	return id
}

// does records an event now, and gives its sequence.
func (h *house) does(person int64, event string, properties ...map[string]any) int64 {
	h.Helper()
	return h.did(person, event, h.now(), properties...)
}

// did records an event of another time that is received now.
func (h *house) did(person int64, event string, at time.Time, properties ...map[string]any) int64 {
	h.Helper()
	e := store.Event{Person: person, Name: event, At: at, ReceivedAt: h.now()}
	if len(properties) > 0 {
		e.Properties = properties[0]
	}
	var seqs []int64
	h.update(func(tx store.Tx) (err error) {
		seqs, err = tx.AppendEvents([]store.Event{e})
		return err
	})
	return seqs[0]
}

// dispatch takes turns until there is nothing left to do.
func (h *house) dispatch() (sum enrolment.Turn) {
	h.Helper()
	for {
		turn, err := h.dispatcher.Step(h.Context())
		require.NoError(h, err)
		if turn.Idle() {
			return sum
		}
		sum.Events += turn.Events // changes and wakes are not counted: who is identified changes
		sum.Entered += turn.Entered
		sum.Left += turn.Left
		sum.Enrolled += turn.Enrolled
		sum.Cohorts += turn.Cohorts
		sum.Signals += turn.Signals
		sum.Settled += turn.Settled
		sum.History += turn.History
	}
}

// sweep dispatches, and then looks whether that has left anything undone.
func (h *house) sweep() enrolment.Turn {
	h.Helper()
	turn := h.dispatch()
	swept, err := h.dispatcher.Sweep(h.Context())
	require.NoError(h, err)
	require.Zero(h, swept, "a sweep finds nothing")
	return turn
}

// enrolments are somebody's, newest first.
func (h *house) enrolments(person int64) (all []store.Enrolment) {
	h.Helper()
	h.view(func(r store.Reader) (err error) {
		all, err = r.EnrolmentsOfPerson(person)
		return err
	})
	return all
}

// end lets an enrolment end.
func (h *house) end(e store.Enrolment) {
	h.Helper()
	require.NoError(h, h.service.Progress(h.Context(), journey.ProgressRequest{
		Cohort: e.Cohort, At: h.now(), Places: []journey.Place{{Step: e.Step, EndedAt: h.now(), Outcome: "finished", Members: journey.Members{e.Index}}},
	}))
}

// outbox takes out what is to be told to Temporal.
func (h *house) outbox(kind string) (items []store.OutboxItem) {
	h.Helper()
	h.update(func(tx store.Tx) error {
		items = nil
		all, err := tx.OutboxItems(100_000)
		if err != nil {
			return err
		}
		for _, item := range all {
			if item.Kind != kind {
				continue
			}
			items = append(items, item)
			if err := tx.OutboxDone(item.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return items
}

func decode[T any](t require.TestingT, item store.OutboxItem) (v T) {
	require.NoError(t, json.Unmarshal(item.Payload, &v))
	return v
}

func (h *house) members(segment string) (ids []int64) {
	h.Helper()
	h.view(func(r store.Reader) error {
		return r.Members(segment, func(person int64) error {
			ids = append(ids, person)
			return nil
		})
	})
	return ids
}

// model is what every test's project has.
func model() []campaign.Definition {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	return []campaign.Definition{
		&campaign.Profile{
			Attributes: []campaign.Attribute{
				{Name: "birthday", Type: campaign.Of(campaign.Date)},
				{Name: "joined", Type: campaign.Of(campaign.Time)},
				{Name: "tier", Type: str},
			},
			Timezone: campaign.TimezoneRule{From: "timezone", Default: "Europe/Berlin"},
		},
		&campaign.Event{Name: "order_completed", Properties: []campaign.Field{
			{Name: "cart_id", Type: str, Optional: true}, {Name: "total", Type: num, Optional: true},
		}},
		&campaign.Event{Name: "cart_updated", Properties: []campaign.Field{
			{Name: "cart_id", Type: str, Optional: true}, {Name: "items", Type: num, Optional: true},
		}},
		&campaign.Topic{Name: "news"},
	}
}

// always lets people in again at once, never not at all.
var (
	always = campaign.Reentry{Per: campaign.PerPerson, Allow: true}
	never  = campaign.Reentry{Per: campaign.PerPerson}
	perKey = campaign.Reentry{Per: campaign.PerKey, Allow: true}
)

// one is a journey of one send.
func one(name string, trigger campaign.Trigger, reentry campaign.Reentry) *campaign.Journey {
	return &campaign.Journey{Name: name, Trigger: trigger, Reentry: reentry, OnChange: campaign.Pin, Steps: campaign.Steps{&campaign.Send{Name: "hello", Message: "hello"}}}
}

func onEvent(event string) campaign.Trigger {
	return campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: event}}
}

func onEnter(segment string, backfill bool) campaign.Trigger {
	return campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: segment, Backfill: backfill}}
}

func segment(name, when string) *campaign.Segment {
	return &campaign.Segment{Name: name, When: linktest.CEL(when)}
}

// compile checks a project without making it live.
func (h *house) compile(defs ...campaign.Definition) []campaign.Resource {
	h.Helper()
	return linktest.Resources(h, append(model(), defs...)...)
}
