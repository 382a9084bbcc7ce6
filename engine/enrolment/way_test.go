package enrolment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// reminder is a journey with a wait, a branch and an exit.
func reminder() *campaign.Journey {
	j := one("reminder", onEvent("cart_updated"), always)
	j.ExitWhen = linktest.When("events.order_completed.since(journey.entered_at).any()")
	j.Steps = campaign.Steps{
		&campaign.Send{Name: "hello", Message: "hello"},
		&campaign.Wait{Name: "seen", Until: linktest.When("step.hello.opened || step.hello.clicked"), Timeout: 24 * time.Hour},
		&campaign.Branch{Name: "next", Cases: []campaign.BranchCase{
			{Name: "clicked", When: linktest.When("step.hello.clicked")},
			{Name: "big", When: linktest.When("trigger.event.items > 5")},
			{Name: "unseen", When: linktest.When("!step.seen.met")},
			{Name: "else"},
		}},
		&campaign.Wait{Name: "long", Until: linktest.When("step.seen.met && events.cart_updated.within('1h').count() >= 2"), Timeout: 10 * 24 * time.Hour},
		&campaign.Wait{Name: "calm", Until: linktest.When("events.cart_updated.within('90m').none() && !step.seen.met"), Timeout: 10 * 24 * time.Hour},
		&campaign.Wait{Name: "evening", Until: linktest.When("hour(now) >= 18"), Timeout: 10 * 24 * time.Hour},
	}
	return j
}

// underway lets people into reminder, all in one cohort, each with some items.
func underway(t *testing.T, items ...float64) (h *house, people []int64, cohort store.Cohort) {
	t.Helper()
	h = newHouse(t, reminder())
	for i, n := range items {
		people = append(people, h.person(string(rune('a'+i))))
		h.does(people[i], "cart_updated", map[string]any{"items": n})
	}
	require.Equal(t, 1, h.dispatch().Cohorts)
	h.view(func(r store.Reader) (err error) {
		cohort, err = r.Cohort(h.enrolments(people[0])[0].Cohort)
		return err
	})
	require.Equal(t, len(items), cohort.Size)
	return h, people, cohort
}

// sent writes a ledger row for a member, and gives its ID.
func (h *house) sent(cohort store.Cohort, index int, person int64, step string) (id int64) {
	h.Helper()
	h.update(func(tx store.Tx) error {
		rows, err := tx.Reserve([]store.Send{{
			Key: cohort.ID + step + string(rune('0'+index)), Person: person, Campaign: addr.New("journey", cohort.Journey), Step: step, Cohort: cohort.ID, Index: index,
			Message: addr.New("message", "hello"), Channel: "email", Topic: "news", Owner: "o", LeaseUntil: h.now().Add(time.Minute), State: store.Reserved, CreatedAt: h.now(),
		}}, h.now())
		if err != nil {
			return err
		}
		id = rows[0].ID
		if err := tx.MarkSending(id, "o", h.now().Add(time.Minute)); err != nil {
			return err
		}
		return tx.CloseSend(id, "o", store.SendEnd{State: store.Sent, At: h.now()})
	})
	return id
}

// engage records what came back for a send, with its event.
func (h *house) engage(send, person int64, kind store.EngagementKind) {
	h.Helper()
	h.update(func(tx store.Tx) error {
		if _, err := tx.Engage(send, kind, h.now()); err != nil {
			return err
		}
		_, err := tx.AppendEvents([]store.Event{{Person: person, Name: "email_" + string(kind), At: h.now(), ReceivedAt: h.now()}})
		return err
	})
}

func (h *house) decide(c store.Cohort, step string, members journey.Members, more ...func(*journey.DecideRequest)) journey.DecideResult {
	h.Helper()
	q := journey.DecideRequest{Cohort: c.ID, Definition: c.Definition, Step: step, At: h.now(), Members: members}
	for _, f := range more {
		f(&q)
	}
	result, err := h.service.Decide(h.Context(), q)
	require.NoError(h, err)
	return result
}

func registering(q *journey.DecideRequest) { q.Register = true }

func TestDecideBranch(t *testing.T) {
	h, people, c := underway(t, 1, 9, 1, 1, 1)
	for i, p := range people[:4] {
		if id := h.sent(c, i, p, "hello"); i == 0 {
			h.engage(id, p, store.Clicked)
		}
	}
	h.does(people[3], "order_completed")
	facts := func(q *journey.DecideRequest) {
		q.Facts = []journey.Fact{{Step: "seen", Met: journey.Members{0}, Unmet: journey.Members{1, 2, 3}}}
	}
	require.Equal(t, journey.DecideResult{
		Exited: journey.Members{3}, Gone: journey.Members{9},
		Cases: []journey.Members{{0}, {1}, {2}},
	}, h.decide(c, "next", journey.Members{0, 1, 2, 3, 4, 9}, facts), "exit wins; 4 was on no way that a case knows")
}

func TestDecideSeesNothingOfTheFuture(t *testing.T) {
	h, people, c := underway(t, 1)
	id := h.sent(c, 0, people[0], "hello")
	h.advance(time.Hour)
	h.engage(id, people[0], store.Opened)
	past := func(q *journey.DecideRequest) { q.At = h.now().Add(-time.Minute) }
	require.Empty(t, h.decide(c, "seen", journey.Members{0}, past).Cases[0])
	require.Equal(t, journey.Members{0}, h.decide(c, "seen", journey.Members{0}).Cases[0])
}

func TestDecideOfAStepWithoutAQuestion(t *testing.T) {
	h, people, c := underway(t, 1)
	require.Equal(t, journey.DecideResult{Cases: []journey.Members{}}, h.decide(c, "hello", journey.Members{0}))
	h.does(people[0], "order_completed")
	require.Equal(t, journey.Members{0}, h.decide(c, "nowhere", journey.Members{0}).Exited)
	require.Equal(t, journey.DecideResult{Cases: []journey.Members{nil}}, h.decide(c, "seen", nil))
}

// A wait is asked again in the minute in which its windows let it end; never where
// they cannot; and now and then where its condition reckons with now.
func TestDecideAsksAgainWhereTimeTells(t *testing.T) {
	h, people, c := underway(t, 1)
	require.Empty(t, h.decide(c, "seen", journey.Members{0}).Again)
	require.Empty(t, h.decide(c, "long", journey.Members{0}).Again, "windows end, and it does not")
	h.advance(10*time.Minute + 30*time.Second)
	h.does(people[0], "cart_updated")
	unmet := []journey.Fact{{Step: "seen", Unmet: journey.Members{0}}}
	calm, err := h.service.Decide(t.Context(), journey.DecideRequest{Cohort: c.ID, Definition: c.Definition, Step: "calm", Members: journey.Members{0}, Facts: unmet, At: h.now()})
	require.NoError(t, err)
	require.Equal(t, []journey.Later{{At: start.Add(101 * time.Minute), Members: journey.Members{0}}}, calm.Again)
	require.Equal(t, []journey.Later{{At: h.now().Add(10 * time.Hour), Members: journey.Members{0}}}, h.decide(c, "evening", journey.Members{0}).Again)
}

// at moves the projection, as the interpreter does.
func (h *house) at(c store.Cohort, step string, members ...int) {
	h.Helper()
	require.NoError(h, h.service.Progress(h.Context(), journey.ProgressRequest{Cohort: c.ID, At: h.now(), Places: []journey.Place{{Step: step, Members: members}}}))
}

func TestReactions(t *testing.T) {
	h, people, c := underway(t, 1, 1, 1, 1)
	var sends []int64
	for i, p := range people {
		sends = append(sends, h.sent(c, i, p, "hello"))
	}
	h.at(c, "seen", 0, 1, 3)
	require.Empty(t, h.decide(c, "seen", journey.Members{0, 1, 2, 3}, registering).Cases[0])
	h.outbox(journey.KindSignal)

	h.does(people[0], "cart_updated")
	require.Zero(t, h.dispatch().Signals, "not waited for")
	h.engage(sends[0], people[0], store.Delivered)
	require.Zero(t, h.dispatch().Signals, "the wait does not look at deliveries")
	h.update(func(tx store.Tx) error { // of another message
		_, err := tx.AppendEvents([]store.Event{{Person: people[0], Name: "email_opened", At: h.now()}})
		return err
	})
	require.Zero(t, h.dispatch().Signals, "it changes no answer, and costs no signal")

	h.engage(sends[0], people[0], store.Opened)
	h.engage(sends[2], people[2], store.Clicked) // the projection does not say yet where 2 is
	h.does(people[1], "order_completed")
	require.Equal(t, 1, h.dispatch().Signals, "one for the run")
	items := h.outbox(journey.KindSignal)
	require.Equal(t, c.ID, items[0].Workflow)
	require.Equal(t, journey.Reaction{Step: "seen", Met: journey.Members{0}, Exited: journey.Members{1}, Members: journey.Members{2}}, decode[journey.Reaction](t, items[0]))

	// who waits no more is not told
	require.NoError(t, h.service.Progress(t.Context(), journey.ProgressRequest{Cohort: c.ID, At: h.now(), Unregister: journey.Members{3}}))
	h.engage(sends[3], people[3], store.Opened)
	require.Zero(t, h.dispatch().Signals)
}

// A condition that looks at an earlier wait is the run's to answer.
func TestReactionThatOnlyTheRunCanJudge(t *testing.T) {
	h, people, c := underway(t, 1)
	h.at(c, "long", 0)
	h.decide(c, "long", journey.Members{0}, registering)
	h.does(people[0], "cart_updated")
	require.Equal(t, 1, h.dispatch().Signals)
	items := h.outbox(journey.KindSignal)
	require.Equal(t, journey.Reaction{Members: journey.Members{0}}, decode[journey.Reaction](t, items[0]))
	met := func(q *journey.DecideRequest) {
		q.Facts = []journey.Fact{{Step: "seen", Met: journey.Members{0}}}
	}
	require.Equal(t, journey.Members{0}, h.decide(c, "long", journey.Members{0}, met).Cases[0])
}

// Register commits before it asks: an event that comes between is either seen by
// the answer or signalled.
func TestNothingFallsBetweenRegisteringAndAsking(t *testing.T) {
	for range 20 {
		h, people, c := underway(t, 1)
		id := h.sent(c, 0, people[0], "hello")
		h.at(c, "seen", 0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.engage(id, people[0], store.Opened)
			for range 3 {
				if _, err := h.dispatcher.Step(h.Context()); err != nil {
					t.Error(err)
				}
			}
		}()
		seen := h.decide(c, "seen", journey.Members{0}, registering).Cases[0].Has(0)
		<-done
		h.dispatch()
		signalled := len(h.outbox(journey.KindSignal)) > 0
		require.True(t, seen || signalled)
	}
}

func TestProgressAndShow(t *testing.T) {
	h, people, c := underway(t, 1, 2)
	h.sent(c, 0, people[0], "hello")
	h.advance(time.Hour)
	wake := h.now().Add(time.Hour)
	q := journey.ProgressRequest{Cohort: c.ID, At: h.now(), Places: []journey.Place{
		{Step: "seen", WakeAt: wake, Members: journey.Members{0, 7}}, // 7 has been erased
		{Step: "next", EndedAt: h.now(), Outcome: "exit_when", Members: journey.Members{1}},
	}}
	require.NoError(t, h.service.Progress(t.Context(), q))
	require.NoError(t, h.service.Progress(t.Context(), q), "it may be repeated")

	paths, err := h.service.Show(t.Context(), people[0])
	require.NoError(t, err)
	require.Len(t, paths, 1)
	require.Equal(t, "seen", paths[0].Enrolment.Step)
	require.True(t, wake.Equal(paths[0].Enrolment.WakeAt))
	require.Equal(t, "hello", paths[0].Sends[0].Step)
	paths, err = h.service.Show(t.Context(), people[1])
	require.NoError(t, err)
	require.Equal(t, "exit_when", paths[0].Enrolment.Outcome)

	require.NoError(t, h.service.Progress(t.Context(), journey.ProgressRequest{Cohort: c.ID, At: h.now(), Ended: true}))
	h.view(func(r store.Reader) error {
		ended, err := r.Cohort(c.ID)
		require.False(t, ended.EndedAt.IsZero())
		return err
	})
}

// People under way through an older definition are decided by it.
func TestDecideByTheDefinitionThatPeopleEntered(t *testing.T) {
	h, _, c := underway(t, 9)
	changed := reminder()
	changed.Steps[2].(*campaign.Branch).Cases[1].When = linktest.When("trigger.event.items > 50")
	h.apply(changed)
	require.Equal(t, journey.Members{0}, h.decide(c, "next", journey.Members{0}).Cases[1])
	program, err := h.live.Program(c.Definition)
	require.NoError(t, err)
	require.Equal(t, "reminder", program.Name())
}

func TestInterests(t *testing.T) {
	h := newHouse(t, reminder(), segment("fans", "segment.readers && reachable.email"), segment("readers", "topic.news.subscribed"))
	p := h.live.Current()
	j, err := p.Journey("reminder")
	require.NoError(t, err)
	seen, _ := j.Step("seen")
	long, _ := j.Step("long")
	require.Equal(t, []string{"email_clicked", "email_opened", "order_completed"}, enrolment.Interests(p, seen.Until, j.ExitWhen))
	require.Equal(t, []string{"cart_updated"}, enrolment.Interests(p, long.Until))
	require.Empty(t, enrolment.Interests(p, nil))
	fans, _, err := p.Condition("segment.fans")
	require.NoError(t, err)
	require.Equal(t, []string{"email_bounced", "email_complained", "subscribed", "unsubscribed"}, enrolment.Interests(p, fans))
}
