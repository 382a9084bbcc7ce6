package rehearse_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/effect"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/rehearse"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// Each check opens a store; a few dozen say enough, -rapid.checks says more.
func TestMain(m *testing.M) {
	if f := flag.Lookup("rapid.checks"); f != nil {
		_ = f.Value.Set("25")
	}
	os.Exit(m.Run())
}

// house is the real thing: a store, a dispatcher, effects, and runs that are stepped
// here. Only sending is made up.
type house struct {
	t          require.TestingT
	store      store.Store
	live       *live.Holder
	service    *enrolment.Service
	dispatcher *enrolment.Dispatcher
	effects    *effect.Service
	now        time.Time
	person     int64
	runs       map[string]*run
	order      []string
	test       *campaign.Test
	due        []func()
	dueAt      []time.Time
	sent       []rehearse.Sent
}

// run is a cohort under way.
type run struct {
	cohort  store.Cohort
	program *journey.Program
	state   *journey.State
	wake    time.Time
}

func openHouse(t *rapid.T, dir string, test *campaign.Test, resources []campaign.Resource) *house {
	s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	require.NoError(t, err)
	h := &house{t: t, store: s, runs: map[string]*run{}, test: test, now: test.Start.Add(-365 * day)}
	clock := func() time.Time { return h.now }
	h.update(func(tx store.Tx) error {
		if err := tx.SetEnvironment(campaign.Environment{Name: "test"}, campaign.Settings{}); err != nil {
			return err
		}
		for _, r := range resources {
			if err := tx.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
				return err
			}
			if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, Body: r.Body, AppliedAt: h.now}); err != nil {
				return err
			}
		}
		return nil
	})
	h.live, err = live.Open(context.Background(), s, nil)
	require.NoError(t, err)
	config := enrolment.Config{Store: s, Live: h.live, Now: clock, Owner: "test"}
	h.service, h.dispatcher = enrolment.NewService(config), enrolment.NewDispatcher(config)
	h.effects = effect.New(effect.Config{Store: s, Live: h.live, Now: clock, Enter: h.service.Enter})
	return h
}

func (h *house) update(f func(store.Tx) error) {
	require.NoError(h.t, h.store.Update(context.Background(), f))
}

// play lets what is given happen, at its own time, and everything else when it is
// due; also is looked at at instants that somebody else thinks matter.
func (h *house) play(also []time.Duration) {
	h.update(func(tx store.Tx) error {
		p, err := tx.Identify(store.Person{Key: "somebody", Email: rehearse.SampleEmail, Attributes: map[string]any{"tier": h.test.Given.Profile["tier"]}, CreatedAt: h.now, UpdatedAt: h.now})
		h.person = p.ID
		if err != nil {
			return err
		}
		return tx.PutConsents([]store.Consent{{Person: p.ID, Topic: "news", Channel: "email", Granted: true, At: h.now, Proof: "x"}, {Person: p.ID, Topic: "receipts", Channel: "email", Granted: true, At: h.now, Proof: "x"}})
	})
	h.now = h.test.Start
	for _, at := range also {
		h.note(h.test.Start.Add(at), nil)
	}
	for _, e := range h.test.Given.Events {
		h.note(h.test.Start.Add(e.At), func() { h.happens(e.Event, e.Data) })
	}
	last := h.test.Start.Add(h.test.Until)
	for {
		h.settle()
		at, ok := h.next()
		if !ok || at.After(last) {
			return
		}
		h.now = at
		for i := 0; i < len(h.due); i++ {
			if !h.dueAt[i].After(at) {
				do := h.due[i]
				h.due, h.dueAt = slices.Delete(h.due, i, i+1), slices.Delete(h.dueAt, i, i+1)
				if do != nil {
					do()
					h.settle()
				}
				i = -1
			}
		}
		for _, id := range h.order {
			if r := h.runs[id]; !r.wake.IsZero() && !r.wake.After(at) {
				h.step(r, journey.Tick{})
			}
		}
	}
}

func (h *house) note(at time.Time, do func()) {
	h.due, h.dueAt = append(h.due, do), append(h.dueAt, at)
}

// next is when something is due.
func (h *house) next() (at time.Time, ok bool) {
	consider := func(t time.Time) {
		if t.After(h.now) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	for _, t := range h.dueAt {
		consider(t)
	}
	for _, r := range h.runs {
		if !r.wake.IsZero() {
			consider(r.wake)
		}
	}
	require.NoError(h.t, h.store.View(context.Background(), func(r store.Reader) error {
		t, err := r.NextPending()
		if !t.IsZero() {
			consider(t)
		}
		return err
	}))
	return at, ok
}

func (h *house) happens(event string, data map[string]any) {
	h.update(func(tx store.Tx) error {
		_, err := tx.AppendEvents([]store.Event{{Person: h.person, Name: event, At: h.now, ReceivedAt: h.now, Properties: data}})
		return err
	})
}

// settle dispatches, and tells runs, until nothing is left to do.
func (h *house) settle() {
	for {
		turn, err := h.dispatcher.Step(context.Background())
		require.NoError(h.t, err)
		var items []store.OutboxItem
		h.update(func(tx store.Tx) (err error) {
			if items, err = tx.OutboxItems(1000); err != nil {
				return err
			}
			for _, i := range items {
				if err := tx.OutboxDone(i.ID); err != nil {
					return err
				}
			}
			return nil
		})
		for _, i := range items {
			h.tell(i)
		}
		if turn.Idle() && len(items) == 0 {
			return
		}
	}
}

func (h *house) tell(i store.OutboxItem) {
	if i.Kind == journey.KindSignal {
		var r journey.Reaction
		require.NoError(h.t, json.Unmarshal(i.Payload, &r))
		h.step(h.runs[i.Workflow], journey.Reacted{Reaction: r})
		return
	}
	var start journey.StartCohort
	require.NoError(h.t, json.Unmarshal(i.Payload, &start))
	program, err := h.live.Program(start.Definition)
	require.NoError(h.t, err)
	state, err := program.Begin(start.Size)
	require.NoError(h.t, err)
	h.runs[i.Workflow] = &run{cohort: store.Cohort{ID: i.Workflow, Definition: start.Definition}, program: program, state: state}
	h.order = append(h.order, i.Workflow)
	h.step(h.runs[i.Workflow], journey.Start{At: start.At})
}

func (h *house) step(r *run, in ...journey.Input) {
	ctx := context.Background()
	for len(in) > 0 {
		commands, err := r.program.Step(r.state, h.now, in...)
		require.NoError(h.t, err)
		in = nil
		for _, c := range commands {
			switch c := c.(type) {
			case journey.Decide:
				result, err := h.service.Decide(ctx, c.Request(r.cohort.ID, r.cohort.Definition))
				require.NoError(h.t, err)
				in = append(in, journey.Decided{Decide: c, Result: result})
			case journey.Act:
				q := c.Request(r.cohort.ID, r.cohort.Definition)
				if c.Kind == "send" {
					in = append(in, journey.Acted{Act: c, Result: h.send(q)})
					continue
				}
				result, err := h.effects.Act(ctx, q)
				require.NoError(h.t, err)
				in = append(in, journey.Acted{Act: c, Result: result})
			case journey.Wake:
				r.wake = c.At
			case journey.Progress:
				require.NoError(h.t, h.service.Progress(ctx, c.Request(r.cohort.ID)))
			}
		}
	}
}

// send does what delivery does, but for the mail.
func (h *house) send(q journey.SendRequest) journey.SendResult {
	ctx := context.Background()
	j, err := h.live.Journey(ctx, q.Definition)
	require.NoError(h.t, err)
	step, _ := j.Step(q.Step)
	def := step.Def.(*campaign.Send)
	out := journey.SendResult{At: h.now}
	h.update(func(tx store.Tx) error {
		party, err := enrolment.Load(tx, h.live.Schema(), j, enrolment.Request{Cohort: q.Cohort, Members: q.Members, Facts: q.Facts, Now: h.now, Need: store.Need{AllEvents: true, Consents: true}})
		require.NoError(h.t, err)
		out = journey.SendResult{At: h.now}
		for _, t := range party.Travellers {
			switch {
			case t.Test(j.GoalWhen).Holds():
				out.Add(t.Enrolment.Index, journey.OutcomeReached)
				continue
			case t.Test(j.ExitWhen).Holds():
				out.Add(t.Enrolment.Index, journey.OutcomeExited)
				continue
			}
			require.Empty(h.t, delivery.VerdictsOf(h.live.Current(), def.Message, step.With).Why(t.Person, t, h.now))
			id := h.ledger(tx, q, t, def)
			out.Add(t.Enrolment.Index, journey.OutcomeSent)
			for _, e := range h.test.Given.Engagements {
				if e.Step == def.Name {
					h.note(h.now.Add(e.After), func() { h.engages(id, e) })
				}
			}
		}
		return nil
	})
	for range out.Sent {
		h.sent = append(h.sent, rehearse.Sent{Message: def.Message, Step: def.Name, At: h.now.Sub(h.test.Start)})
	}
	return out
}

func (h *house) ledger(tx store.Tx, q journey.SendRequest, t *enrolment.Traveller, def *campaign.Send) int64 {
	rows, err := tx.Reserve([]store.Send{{
		Key: journey.EffectKey(q.Cohort, t.Enrolment.Index, q.Step, q.Visit), Person: h.person, Campaign: addr.New("journey", t.Enrolment.Journey), Step: q.Step, Cohort: q.Cohort, Index: t.Enrolment.Index,
		Message: addr.New("message", def.Message), Channel: "email", Topic: "news", Owner: "o", LeaseUntil: h.now.Add(time.Minute), CreatedAt: h.now,
	}}, h.now)
	require.NoError(h.t, err)
	require.NoError(h.t, tx.MarkSending(rows[0].ID, "o", h.now.Add(time.Minute)))
	require.NoError(h.t, tx.CloseSend(rows[0].ID, "o", store.SendEnd{State: store.Sent, At: h.now}))
	_, err = tx.AppendEvents([]store.Event{{Person: h.person, Name: "email_sent", At: h.now, ReceivedAt: h.now}})
	require.NoError(h.t, err)
	return rows[0].ID
}

func (h *house) engages(send int64, e campaign.Engagement) {
	h.update(func(tx store.Tx) error {
		if _, err := tx.Engage(send, store.EngagementKind(e.Kind), h.now); err != nil {
			return err
		}
		_, err := tx.AppendEvents([]store.Event{{Person: h.person, Name: "email_" + string(e.Kind), At: h.now, ReceivedAt: h.now}})
		return err
	})
}

// outcomes are how the enrolments went, the first first.
func (h *house) outcomes() (out []string) {
	require.NoError(h.t, h.store.View(context.Background(), func(r store.Reader) error {
		all, err := r.EnrolmentsOfPerson(h.person)
		slices.Reverse(all)
		for _, e := range all {
			out = append(out, fmt.Sprint(e.EnteredAt.Sub(h.test.Start), " ", e.Key, " ", e.Outcome))
		}
		return err
	}))
	return out
}

// realJourneys are played both ways.
func realJourneys() []*campaign.Journey {
	lapse := journeyOf("j", campaign.Trigger{Segment: &campaign.SegmentTrigger{Segment: "lapsed"}}, send("a", "hello"), &campaign.Wait{Name: "w", For: 5 * day}, send("b", "more"))
	lapse.ExitWhen = linktest.When("!segment.lapsed")
	again := journeyOf("j", on("cart_updated"), &campaign.Wait{Name: "w", For: 3 * time.Hour}, send("a", "hello"), &campaign.Wait{Name: "v", For: 3 * time.Hour})
	again.Reentry.Restart = true
	again.GoalWhen = linktest.When("events.ordered.since(journey.entered_at).count() >= 2")
	split := journeyOf("j", on("ordered"),
		&campaign.Split{Name: "s", Arms: []campaign.Arm{{Name: "x", Weight: 1, Steps: campaign.Steps{send("in_x", "hello")}}, {Name: "y", Weight: 1, Steps: campaign.Steps{send("in_y", "more")}}}},
		&campaign.Wait{Name: "window", Window: &campaign.Window{From: "09:00", To: "17:00", Days: []int{1, 3, 5}}, Timezone: campaign.Recipient},
		&campaign.Emit{Name: "e", Event: "scored", With: []campaign.Binding{{Input: "points", Value: campaign.Expr{Text: "trigger.event.total", Type: campaign.Of(campaign.Number)}}}},
		&campaign.Wait{Name: "calm", Until: linktest.When("events.cart_updated.within('2h').none() && events.scored.any()"), Timeout: day},
		send("c", "receipt"))
	chain := journeyOf("j", on("scored"), send("a", "hello"))
	plain := cart()
	plain.Name = "j"
	return []*campaign.Journey{plain, lapse, again, split, chain}
}

// What a rehearsal tells is what happens: the same messages at the same instants,
// and the same ends.
func TestARehearsalIsLikeTheRealThing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := rapid.SampledFrom(realJourneys()).Draw(rt, "journey")
		q := test("j", campaign.Given{Profile: map[string]any{}})
		q.Until = 90 * day
		var at time.Duration
		for range rapid.IntRange(1, 8).Draw(rt, "events") {
			at += time.Duration(rapid.SampledFrom([]int{1, 40, 7200, 30000, 400_000}).Draw(rt, "pause")) * time.Second
			data := map[string]any{"cart_id": rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "cart"), "items": float64(rapid.IntRange(0, 2).Draw(rt, "items")), "total": 10.0}
			name := rapid.SampledFrom([]string{"ordered", "cart_updated", "scored"}).Draw(rt, "event")
			q.Given.Events = append(q.Given.Events, did(name, at, data))
		}
		if rapid.Bool().Draw(rt, "clicks") {
			q.Given.Engagements = []campaign.Engagement{{Step: "reminder", Kind: campaign.Clicked, After: 47 * time.Minute}}
		}
		defs := definitions(j)
		resources := linktest.Resources(rt, defs...)
		stage := rehearse.New(linktest.Project(rt, defs...))
		r, err := stage.Play(q)
		require.NoError(rt, err)

		h := openHouse(rt, t.TempDir(), q, resources)
		defer h.store.Close()
		var instants []time.Duration
		for _, l := range r.Lines {
			instants = append(instants, l.At)
		}
		h.play(instants)
		require.Equal(rt, r.Sent, h.sent, "%v", r.Lines)
		require.Equal(rt, r.Ways, h.outcomes(), "%v", r.Lines)
	})
}
