package enrolment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// inside lets people with attributes into a journey, and gives their cohort.
func inside(t *testing.T, j *campaign.Journey, attributes ...map[string]any) (h *house, people []int64, c store.Cohort) {
	t.Helper()
	h = newHouse(t, j)
	for i, a := range attributes {
		people = append(people, h.person(string(rune('a'+i)), a))
		h.does(people[i], "cart_updated", map[string]any{"items": 3.0})
	}
	h.dispatch()
	return h, people, h.cohort(h.enrolments(people[0])[0].Cohort)
}

func TestWaitsOfOnesOwn(t *testing.T) {
	in := func(kind campaign.Kind, cel string) *campaign.Expr {
		return &campaign.Expr{Text: cel, Type: campaign.Of(kind)}
	}
	weekdays := &campaign.Window{From: "09:00", To: "17:00", Days: []int{1, 2, 3, 4, 5}}
	j := one("j", onEvent("cart_updated"), always)
	j.Steps = campaign.Steps{
		&campaign.Wait{Name: "delay", Delay: in(campaign.Duration, "now - profile.joined")},
		&campaign.Wait{Name: "at", At: in(campaign.Time, "profile.joined")},
		&campaign.Wait{Name: "date", At: in(campaign.Date, "profile.birthday"), Clock: "09:00", Timezone: campaign.Recipient},
		&campaign.Wait{Name: "window", Window: weekdays, Timezone: "America/New_York"},
		&campaign.Wait{Name: "window_there", For: 24 * time.Hour, Window: &campaign.Window{From: "20:00", To: "06:00"}},
	}
	h, _, c := inside(t, j,
		map[string]any{"joined": "2026-12-05T10:30:00Z", "birthday": "2026-12-24", "timezone": "Asia/Tokyo"},
		map[string]any{"joined": "2026-11-20T12:00:00Z", "birthday": "2026-12-24"}, // lives in Berlin, and was born too early
		map[string]any{},
	)
	due := func(step string, from time.Time) (out []journey.Later) {
		return h.decide(c, step, journey.Range(0, 3), func(q *journey.DecideRequest) { q.At = from }).Due
	}
	at := func(s string) time.Time {
		parsed, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return parsed
	}
	later := func(s string, members ...int) journey.Later { return journey.Later{At: at(s), Members: members} }
	require.Equal(t, []journey.Later{later("2026-11-30T12:00:00Z", 0), later("2026-12-10T12:00:00Z", 1)}, due("delay", start), "a negative one is none, an unknown one is not there")
	require.Equal(t, []journey.Later{later("2026-12-05T10:30:00Z", 0), later("2026-11-30T12:00:00Z", 1)}, due("at", start), "what has passed is due at once")
	require.Equal(t, []journey.Later{later("2026-12-24T00:00:00Z", 0), later("2026-12-24T08:00:00Z", 1)}, due("date", start))
	require.Equal(t, []journey.Later{later("2026-11-30T14:00:00Z", 0, 1, 2)}, due("window", start))
	require.Equal(t, []journey.Later{later("2026-12-07T14:00:00Z", 0, 1, 2)}, due("window", at("2026-12-04T23:00:00Z")), "over the weekend")
	require.Equal(t, []journey.Later{later("2026-12-01T12:00:00Z", 0), later("2026-12-01T19:00:00Z", 1, 2)}, due("window_there", start))
}

func TestTheGoalGoesFirst(t *testing.T) {
	j := reminder()
	j.GoalWhen = linktest.When("events.order_completed.since(journey.entered_at).exists(o, o.total > 10)")
	h, people, c := inside(t, j, nil, nil, nil)
	for i := range people {
		h.sent(c, i, people[i], "hello")
	}
	h.at(c, "seen", 0, 1, 2)
	h.decide(c, "seen", journey.Members{0, 1, 2}, registering)
	h.outbox(journey.KindSignal)
	h.does(people[0], "order_completed", map[string]any{"total": 50.0})
	h.does(people[1], "order_completed", map[string]any{"total": 5.0})
	h.dispatch()
	items := h.outbox(journey.KindSignal)
	require.Len(t, items, 1)
	require.Equal(t, journey.Reaction{Step: "seen", Reached: journey.Members{0}, Exited: journey.Members{1}}, decode[journey.Reaction](t, items[0]))
	r := h.decide(c, "next", journey.Members{0, 1, 2})
	require.Equal(t, journey.Members{0}, r.Reached)
	require.Equal(t, journey.Members{1}, r.Exited)
}

// Who has reached the goal before need not enter.
func TestNobodyEntersWithTheGoalReached(t *testing.T) {
	j := one("j", onEvent("cart_updated"), always)
	j.GoalWhen = linktest.When("profile.tier == 'gold'")
	h := newHouse(t, j)
	h.does(h.person("a", map[string]any{"tier": "gold"}), "cart_updated")
	h.does(h.person("b"), "cart_updated")
	require.Equal(t, 1, h.dispatch().Enrolled)
}

// restarting is a journey whose trigger lets those begin anew who are inside.
func restarting() *campaign.Journey {
	j := one("j", onEvent("cart_updated"), campaign.Reentry{Per: campaign.PerPerson, Allow: true, Restart: true})
	j.Steps = campaign.Steps{&campaign.Wait{Name: "w", For: time.Hour}}
	return j
}

func TestRestart(t *testing.T) {
	h := newHouse(t, restarting())
	ada := h.person("ada")
	h.does(ada, "cart_updated", map[string]any{"items": 1.0})
	h.dispatch()
	first := h.enrolments(ada)[0]
	h.advance(time.Minute)
	h.does(ada, "cart_updated", map[string]any{"items": 2.0})
	h.does(ada, "cart_updated", map[string]any{"items": 3.0})
	turn := h.dispatch()
	require.Equal(t, 1, turn.Enrolled, "of several at once the last")
	require.Equal(t, 1, turn.Cohorts)
	all := h.enrolments(ada)
	require.Len(t, all, 2)
	require.Equal(t, 3.0, all[0].Trigger["items"])
	items := h.outbox(journey.KindSignal)
	require.Len(t, items, 1)
	require.Equal(t, first.Cohort, items[0].Workflow)
	require.Equal(t, journey.Reaction{Restarted: journey.Members{0}}, decode[journey.Reaction](t, items[0]))
	h.dispatch()
	require.Empty(t, h.outbox(journey.KindSignal), "once")
}

// A run takes a member out who has begun anew, wherever they are.
func TestARunLetsGoOfWhoRestarts(t *testing.T) {
	p, err := journey.Compile(restarting())
	require.NoError(t, err)
	s, err := p.Begin(2)
	require.NoError(t, err)
	_, err = p.Step(s, start, journey.Start{At: start})
	require.NoError(t, err)
	commands, err := p.Step(s, start.Add(time.Minute), journey.Reacted{Reaction: journey.Reaction{Restarted: journey.Members{1}}})
	require.NoError(t, err)
	require.Contains(t, commands, journey.Command(journey.Progress{At: start.Add(time.Minute), Places: []journey.Place{
		{Step: "w", EndedAt: start.Add(time.Minute), Outcome: "restarted", Members: journey.Members{1}},
	}}))
}

func TestEnter(t *testing.T) {
	api := campaign.Trigger{Name: "t", API: &campaign.APITrigger{Inputs: campaign.ObjectOf(campaign.Field{Name: "points", Type: campaign.Of(campaign.Number)}).Fields}}
	j := one("called", api, always)
	j.ExitWhen = linktest.When("profile.tier == 'gold'")
	h := newHouse(t, j)
	ada, bob := h.person("ada"), h.person("bob", map[string]any{"tier": "gold"})
	enter := func(person int64, name, ref string) {
		h.update(func(tx store.Tx) error {
			return h.service.Enter(tx, name, person, map[string]any{"points": 7.0}, h.now(), ref)
		})
	}
	enter(ada, "called", "x1")
	enter(ada, "called", "x1")
	enter(bob, "called", "x2")
	enter(ada, "gone", "x3")
	enter(999, "called", "x4")
	require.Empty(t, h.enrolments(bob), "exit_when counts")
	all := h.enrolments(ada)
	require.Len(t, all, 1)
	require.Equal(t, 7.0, all[0].Trigger["points"])
	require.Len(t, h.outbox(journey.KindStartCohort), 1)
	enter(ada, "called", "x5")
	require.Len(t, h.enrolments(ada), 1, "inside")
	h.end(all[0])
	enter(ada, "called", "x1")
	require.Len(t, h.enrolments(ada), 1, "the same ref enters once")
	enter(ada, "called", "x6")
	require.Len(t, h.enrolments(ada), 2)
}

// What a call was told is known of this visit, and after it happened.
func TestWhatACallWasTold(t *testing.T) {
	j := one("j", onEvent("cart_updated"), always)
	j.Moved = []campaign.Moved{{From: "ask", To: "score"}}
	j.Steps = campaign.Steps{
		&campaign.Call{Name: "score", Method: "GET", URL: "https://example.com", Response: []campaign.Field{{Name: "points", Type: campaign.Of(campaign.Number)}}},
		&campaign.Split{Name: "test", Arms: arms(0, 1)},
		&campaign.Branch{Name: "next", Cases: []campaign.BranchCase{
			{Name: "high", When: linktest.When("step.score.ok && step.score.response.points > 5")},
			{Name: "refused", When: linktest.When("step.score.status == 500")},
			{Name: "b", When: linktest.When("step.test.arm == 'b'")},
		}},
	}
	h, people, c := inside(t, j, nil, nil, nil)
	for i, answer := range []map[string]any{{"status": 200.0, "response": map[string]any{"points": 9.0}}, {"status": 500.0}} {
		h.update(func(tx store.Tx) error {
			_, err := tx.AppendEvents([]store.Event{{Person: people[i], Name: "call_answered", At: h.now(), MessageID: journey.EffectKey(c.ID, i, "ask", 1), Properties: answer}})
			return err
		})
	}
	all := journey.Range(0, 3)
	require.Equal(t, []journey.Members{{0}, {1}, {2}}, h.decide(c, "next", all).Cases)
	require.Equal(t, []journey.Members{nil, nil, {0, 1, 2}}, h.decide(c, "next", all, func(q *journey.DecideRequest) { q.Visit = 2 }).Cases)
	require.Equal(t, []journey.Members{nil, nil, {0, 1, 2}}, h.decide(c, "next", all, func(q *journey.DecideRequest) { q.At = h.now().Add(-time.Second) }).Cases)
}

// What is said of a renamed step is said of what was sent under its first name.
func TestARenamedSend(t *testing.T) {
	j := one("j", onEvent("cart_updated"), always)
	j.Moved = []campaign.Moved{{From: "hello", To: "hi"}}
	j.Steps = campaign.Steps{
		&campaign.Send{Name: "hi", Message: "hello"},
		&campaign.Branch{Name: "next", Cases: []campaign.BranchCase{{Name: "opened", When: linktest.When("step.hi.opened")}}},
	}
	h, people, c := inside(t, j, nil, nil)
	h.engage(h.sent(c, 0, people[0], "hello"), people[0], store.Opened)
	h.engage(h.sent(c, 1, people[1], "hi"), people[1], store.Opened)
	require.Equal(t, []journey.Members{{0, 1}}, h.decide(c, "next", journey.Members{0, 1}).Cases)
}

// A trigger that watches who leaves fires once for each who does.
func TestLeaves(t *testing.T) {
	bothWays(t, func(t *testing.T, open func(...campaign.Definition) *house) {
		leaves := campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "recent", Leaves: true}}
		h := open(segment("recent", "events.order_completed.within('2d').any() && profile.tier != 'gold'"), one("j", leaves, always))
		ada, bob := h.person("ada", map[string]any{"tier": "silver"}), h.person("bob", map[string]any{"tier": "silver"})
		h.does(ada, "order_completed")
		h.does(bob, "order_completed")
		require.Zero(t, h.dispatch().Enrolled, "they enter")
		h.advance(time.Hour)
		h.update(func(tx store.Tx) error {
			_, err := tx.Identify(store.Person{Key: "bob", UpdatedAt: h.now(), Attributes: map[string]any{"tier": "gold"}})
			return err
		})
		require.Equal(t, 1, h.dispatch().Enrolled, "by a change")
		require.Equal(t, h.now(), h.enrolments(bob)[0].EnteredAt.UTC())
		h.advance(3 * day)
		require.Equal(t, 1, h.dispatch().Enrolled, "by time")
		require.Equal(t, start.Add(2*day), h.enrolments(ada)[0].EnteredAt.UTC())
		h.advance(3 * day)
		h.dispatcher = enrolment.NewDispatcher(h.config("next"))
		require.Zero(t, h.dispatch().Enrolled, "once")
	})
}
