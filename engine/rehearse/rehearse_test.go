package rehearse_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/rehearse"
)

const day = 24 * time.Hour

// project is a bakery with these journeys.
func project(t testing.TB, journeys ...campaign.Definition) *rehearse.Stage {
	t.Helper()
	return rehearse.New(linktest.Project(t, definitions(journeys...)...))
}

// definitions are the bakery's.
func definitions(journeys ...campaign.Definition) []campaign.Definition {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	optional := func(name string, typ campaign.Type) campaign.Field {
		return campaign.Field{Name: name, Type: typ, Optional: true}
	}
	message := func(name, topic string) *campaign.Message {
		return &campaign.Message{Name: name, Channel: "email", Topic: topic, Sender: "bakery", Subject: "Hello", Text: "Hello {{ unsubscribe_url }}\n"}
	}
	needy := message("needy", "news")
	needy.Inputs = []campaign.Field{{Name: "loaf", Type: str}}
	return append([]campaign.Definition{
		&campaign.Profile{
			Attributes: []campaign.Attribute{{Name: "tier", Type: str}, {Name: "birthday", Type: campaign.Of(campaign.Date)}, {Name: "points", Type: num}},
			Timezone:   campaign.TimezoneRule{From: "timezone", Default: "Europe/Berlin"},
		},
		&campaign.Event{Name: "ordered", Properties: []campaign.Field{optional("cart_id", str), optional("total", num)}},
		&campaign.Event{Name: "cart_updated", Properties: []campaign.Field{optional("cart_id", str), optional("items", num)}},
		&campaign.Event{Name: "scored", Properties: []campaign.Field{optional("points", num)}},
		&campaign.Topic{Name: "news"}, &campaign.Topic{Name: "receipts", Transactional: true},
		&campaign.Provider{Name: "mailbox", Source: "mailbox"},
		&campaign.Sender{Name: "bakery", From: "Bakery <hello@bakery.example>", Provider: "mailbox"},
		&campaign.Segment{Name: "lapsed", When: linktest.CEL("events.ordered.any() && events.ordered.within('60d').none()")},
		&campaign.Segment{Name: "gold", When: linktest.CEL("profile.tier == 'gold'")},
		message("hello", "news"), message("more", "news"), message("receipt", "receipts"), needy,
	}, journeys...)
}

func journeyOf(name string, trigger campaign.Trigger, steps ...campaign.Step) *campaign.Journey {
	trigger.Name = "t"
	return &campaign.Journey{Name: name, Trigger: trigger, Reentry: campaign.Reentry{Per: campaign.PerPerson, Allow: true}, Steps: steps}
}

func on(event string) campaign.Trigger {
	return campaign.Trigger{Event: &campaign.EventTrigger{Event: event}}
}

func send(name, message string) *campaign.Send { return &campaign.Send{Name: name, Message: message} }

// cart is the reminder of a cart that nobody paid for.
func cart() *campaign.Journey {
	j := journeyOf("cart", campaign.Trigger{Event: &campaign.EventTrigger{
		Event: "cart_updated", Key: linktest.When("event.cart_id"), Settle: 4 * time.Hour, Where: linktest.When("event.items > 0"),
	}},
		send("reminder", "hello"),
		&campaign.Wait{Name: "seen", Until: linktest.When("step.reminder.opened || step.reminder.clicked"), Timeout: day},
		&campaign.Branch{Name: "next", Cases: []campaign.BranchCase{
			{Name: "clicked", When: linktest.When("step.reminder.clicked"), Steps: campaign.Steps{send("help", "more")}},
			{Name: "unseen", When: linktest.When("!step.seen.met"), Steps: campaign.Steps{&campaign.Exit{Name: "quiet"}}},
		}},
	)
	j.Reentry = campaign.Reentry{Per: campaign.PerKey, Allow: true, After: 7 * day}
	j.ExitWhen = linktest.When("events.ordered.since(journey.entered_at).exists(o, o.cart_id == trigger.event.cart_id)")
	return j
}

func did(event string, at time.Duration, data map[string]any) campaign.GivenEvent {
	return campaign.GivenEvent{Event: event, At: at, Data: data}
}

func full(at time.Duration) campaign.GivenEvent {
	return did("cart_updated", at, map[string]any{"cart_id": "c1", "items": 1.0})
}

func test(journey string, given campaign.Given) *campaign.Test {
	return &campaign.Test{Name: "a test", Journey: journey, Start: campaign.TestStart, Given: given}
}

func play(t *testing.T, s *rehearse.Stage, test *campaign.Test) *rehearse.Run {
	t.Helper()
	r, err := s.Play(test)
	require.NoError(t, err)
	return r
}

func sent(message string, step string, at time.Duration) rehearse.Sent {
	return rehearse.Sent{Message: message, Step: step, At: at}
}

func TestCart(t *testing.T) {
	s := project(t, cart())
	clicks := []campaign.Engagement{{Step: "reminder", Kind: campaign.Clicked, After: time.Hour}}
	for _, tt := range []struct {
		name    string
		given   campaign.Given
		sent    []rehearse.Sent
		outcome string
		path    []string
	}{
		{"nobody touches it", campaign.Given{Events: []campaign.GivenEvent{full(0)}}, []rehearse.Sent{sent("hello", "reminder", 4*time.Hour)}, "exit quiet", []string{"reminder", "seen", "next", "quiet"}},
		{"a click helps", campaign.Given{Events: []campaign.GivenEvent{full(0)}, Engagements: clicks}, []rehearse.Sent{sent("hello", "reminder", 4*time.Hour), sent("more", "help", 5*time.Hour)}, "completed", []string{"reminder", "seen", "next", "help"}},
		{"it settles from the last update", campaign.Given{Events: []campaign.GivenEvent{full(0), full(3 * time.Hour)}}, []rehearse.Sent{sent("hello", "reminder", 7*time.Hour)}, "exit quiet", nil},
		{"a buyer gets no reminder", campaign.Given{Events: []campaign.GivenEvent{full(0), did("ordered", 2*time.Hour, map[string]any{"cart_id": "c1"})}}, nil, "", nil},
		{"one who buys later leaves", campaign.Given{Events: []campaign.GivenEvent{full(0), did("ordered", 6*time.Hour, map[string]any{"cart_id": "c1"})}}, []rehearse.Sent{sent("hello", "reminder", 4*time.Hour)}, "exited", nil},
		{"another cart's order changes nothing", campaign.Given{Events: []campaign.GivenEvent{full(0), did("ordered", 2*time.Hour, map[string]any{"cart_id": "c2"})}}, []rehearse.Sent{sent("hello", "reminder", 4*time.Hour)}, "exit quiet", nil},
		{"an emptied cart", campaign.Given{Events: []campaign.GivenEvent{full(0), did("cart_updated", time.Hour, map[string]any{"cart_id": "c1", "items": 0.0})}}, nil, "", nil},
		{"again within a week", campaign.Given{Events: []campaign.GivenEvent{full(0), full(3 * day)}}, []rehearse.Sent{sent("hello", "reminder", 4*time.Hour)}, "exit quiet", nil},
		{"again after it", campaign.Given{Events: []campaign.GivenEvent{full(0), full(9 * day)}}, []rehearse.Sent{sent("hello", "reminder", 4*time.Hour), sent("hello", "reminder", 9*day+4*time.Hour)}, "exit quiet", nil},
		{"history starts nothing", campaign.Given{Events: []campaign.GivenEvent{full(-time.Hour)}}, nil, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := play(t, s, test("cart", tt.given))
			require.Equal(t, tt.sent, r.Sent, "%v", r.Lines)
			require.Equal(t, tt.outcome, r.Outcome, "%v", r.Lines)
			if tt.path != nil {
				require.Equal(t, tt.path, r.Path)
			}
		})
	}
}

func TestWhoGetsNothing(t *testing.T) {
	orders := []campaign.GivenEvent{did("ordered", 0, nil)}
	word := func(granted bool, at time.Duration) []campaign.GivenConsent {
		return []campaign.GivenConsent{{Topic: "news", Channel: "email", Granted: granted, At: at}}
	}
	bounce := journeyOf("bounce", on("ordered"), send("a", "hello"), &campaign.Wait{Name: "w", For: time.Hour}, send("b", "receipt"))
	s := project(t, journeyOf("j", on("ordered"), send("a", "hello"), &campaign.Wait{Name: "w", For: day}, send("b", "more"), send("c", "receipt")),
		journeyOf("needy", on("ordered"), &campaign.Send{Name: "a", Message: "needy", With: []campaign.Binding{{Input: "loaf", Value: linktest.CEL("profile.tier")}}}), bounce)
	for _, tt := range []struct {
		name, journey string
		given         campaign.Given
		want          []string
		line          string
	}{
		{"all is permitted", "j", campaign.Given{}, []string{"hello", "more", "receipt"}, ""},
		{"nothing is", "j", campaign.Given{Consents: word(false, 0)}, []string{"receipt"}, "withholds message.hello: no consent"},
		{"no more", "j", campaign.Given{Consents: append(word(true, 0), word(false, time.Hour)...)}, []string{"hello", "receipt"}, "withholds message.more: no consent"},
		{"no address", "j", campaign.Given{Profile: map[string]any{"email": ""}}, nil, "withholds message.receipt: no address"},
		{"an input is missing", "needy", campaign.Given{}, nil, "withholds message.needy: no value for input loaf"},
		{"and is not", "needy", campaign.Given{Profile: map[string]any{"tier": "gold"}}, []string{"needy"}, ""},
		{"a bounce", "bounce", campaign.Given{Engagements: []campaign.Engagement{{Step: "a", Kind: campaign.Bounced}}}, []string{"hello"}, "withholds message.receipt: suppressed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.given.Events = orders
			r := play(t, s, test(tt.journey, tt.given))
			var got, lines []string
			for _, s := range r.Sent {
				got = append(got, s.Message)
			}
			require.Equal(t, tt.want, got, "%v", r.Lines)
			if tt.line != "" {
				for _, l := range r.Lines {
					lines = append(lines, l.What)
				}
				require.Contains(t, lines, tt.line)
			}
		})
	}
}

// Every kind of step, one after the other.
func TestSteps(t *testing.T) {
	num := campaign.Of(campaign.Number)
	j := journeyOf("j", on("ordered"),
		&campaign.Update{Name: "update", Set: []campaign.Binding{{Input: "points", Value: campaign.Expr{Text: "trigger.event.total * 2", Type: num}}}},
		&campaign.Emit{Name: "emit", Event: "scored", With: []campaign.Binding{{Input: "points", Value: campaign.Expr{Text: "profile.points", Type: num}}}},
		&campaign.Call{Name: "call", Method: "GET", URL: "https://example.com", Response: []campaign.Field{{Name: "n", Type: num, Optional: true}}},
		&campaign.Throttle{Name: "throttle", Max: 1, Per: time.Hour},
		&campaign.Enter{Name: "enter", Journey: "other"},
		&campaign.Split{Name: "split", Arms: []campaign.Arm{{Name: "a", Weight: 1, Steps: campaign.Steps{send("in_a", "hello")}}, {Name: "b", Weight: 1, Steps: campaign.Steps{send("in_b", "more")}}}},
		&campaign.Wait{Name: "window", Window: &campaign.Window{From: "09:00", To: "17:00"}, Timezone: campaign.Recipient},
		&campaign.Branch{Name: "branch", Cases: []campaign.BranchCase{
			{Name: "answered", When: linktest.When("step.call.response.n == 7 && events.scored.sum(s, s.points) == 20"), Steps: campaign.Steps{send("sure", "receipt")}},
		}},
		&campaign.Subscribe{Name: "leave", Topic: "news", Channel: "email"},
		&campaign.Wait{Name: "moment", For: time.Minute},
		send("never", "hello"),
	)
	s := project(t, j, journeyOf("other", on("scored")))
	given := campaign.Given{
		Profile: map[string]any{"timezone": "America/New_York"},
		Events:  []campaign.GivenEvent{did("ordered", 0, map[string]any{"total": 10.0})},
		Answers: []campaign.GivenAnswer{{Step: "call", Status: 200, Response: map[string]any{"n": 7.0}}},
		Arms:    map[string]string{"split": "b"},
	}
	r := play(t, s, test("j", given))
	require.Equal(t, []rehearse.Sent{sent("more", "in_b", 0), sent("receipt", "sure", 5*time.Hour)}, r.Sent, "%v", r.Lines)
	require.Equal(t, []string{"update", "emit", "call", "throttle", "enter", "split", "in_b", "window", "branch", "sure", "leave", "moment", "never"}, r.Path)
	points, _ := r.Person.Attribute("points")
	require.Equal(t, 20.0, points)
	require.Equal(t, "completed", r.Outcome)

	var c rehearse.Coverage
	c.Add(r)
	covered := c.Of(j)
	require.Equal(t, []rehearse.Passage{{Step: "split", Way: "a"}, {Step: "in_a"}, {Step: "branch", Way: rehearse.Otherwise}}, covered.Missing)
	require.Equal(t, covered.Of, covered.Passed+3)
	given.Arms["split"], given.Answers = "a", nil
	c.Add(play(t, s, test("j", given)))
	require.Empty(t, c.Of(j).Missing)
}

func TestTriggers(t *testing.T) {
	segment := func(name string, leaves bool) campaign.Trigger {
		return campaign.Trigger{Segment: &campaign.SegmentTrigger{Segment: name, Leaves: leaves}}
	}
	lapse := journeyOf("lapse", segment("lapsed", false), send("a", "hello"), &campaign.Wait{Name: "w", For: 5 * day}, send("b", "more"))
	lapse.ExitWhen = linktest.When("!segment.lapsed")
	date := campaign.Trigger{Date: &campaign.DateTrigger{Date: linktest.CEL("profile.birthday"), At: "09:00", Timezone: campaign.Recipient}}
	s := project(t, lapse, journeyOf("back", segment("lapsed", true), send("a", "hello")), journeyOf("gold", segment("gold", false), send("a", "hello")),
		journeyOf("silver", segment("gold", true), send("a", "hello")), journeyOf("birthday", date, send("a", "hello")))
	enter := 2 * time.Hour
	for _, tt := range []struct {
		name, journey string
		given         campaign.Given
		enter         *time.Duration
		want          []time.Duration
	}{
		{"inside at the start", "gold", campaign.Given{Profile: map[string]any{"tier": "gold"}}, nil, []time.Duration{0}},
		{"not inside", "gold", campaign.Given{}, nil, nil},
		{"inside is not left", "silver", campaign.Given{Profile: map[string]any{"tier": "gold"}}, nil, nil},
		{"outside has not been left", "silver", campaign.Given{}, nil, nil},
		{"time lets in", "lapse", campaign.Given{Events: []campaign.GivenEvent{did("ordered", -59*day, nil)}}, nil, []time.Duration{day, 6 * day}},
		{"an order lets out", "lapse", campaign.Given{Events: []campaign.GivenEvent{did("ordered", -59*day, nil), did("ordered", 3*day, nil)}}, nil, []time.Duration{day, 63 * day, 68 * day}},
		{"who leaves", "back", campaign.Given{Events: []campaign.GivenEvent{did("ordered", -70*day, nil), did("ordered", 3*day, nil)}}, nil, []time.Duration{3 * day}},
		{"let in by the test", "gold", campaign.Given{}, &enter, []time.Duration{enter}},
		// the start is 5 January 2026, 09:00 UTC
		{"a birthday in Berlin", "birthday", campaign.Given{Profile: map[string]any{"birthday": campaign.CivilDate{Year: 2004, Month: time.February, Day: 29}}}, nil, []time.Duration{54*day - time.Hour}},
		{"a birthday in Tokyo", "birthday", campaign.Given{Profile: map[string]any{"birthday": campaign.CivilDate{Year: 1990, Month: time.January, Day: 6}, "timezone": "Asia/Tokyo"}}, nil, []time.Duration{15 * time.Hour, 365*day + 15*time.Hour}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := test(tt.journey, tt.given)
			q.Enter = tt.enter
			r := play(t, s, q)
			var got []time.Duration
			for _, s := range r.Sent {
				got = append(got, s.At)
			}
			require.Equal(t, tt.want, got, "%v", r.Lines)
		})
	}
}

func TestGoalAndRestart(t *testing.T) {
	j := journeyOf("j", on("cart_updated"), &campaign.Wait{Name: "w", For: day}, send("a", "hello"))
	j.Reentry.Restart = true
	j.GoalWhen, j.ExitWhen = linktest.When("events.ordered.since(journey.entered_at).any()"), linktest.When("events.ordered.any()")
	s := project(t, j)
	r := play(t, s, test("j", campaign.Given{Events: []campaign.GivenEvent{full(0), full(20 * time.Hour)}}))
	require.Equal(t, []rehearse.Sent{sent("hello", "a", 44*time.Hour)}, r.Sent, "%v", r.Lines)
	require.Equal(t, 2, r.Enrolled)
	r = play(t, s, test("j", campaign.Given{Events: []campaign.GivenEvent{full(0), did("ordered", time.Hour, nil)}}))
	require.Equal(t, "goal", r.Outcome)
	r = play(t, s, test("j", campaign.Given{Events: []campaign.GivenEvent{did("ordered", -time.Hour, nil), full(0)}}))
	require.False(t, r.Entered)
	stop := test("j", campaign.Given{Events: []campaign.GivenEvent{full(0)}})
	stop.Until = time.Hour
	require.Equal(t, "inside", play(t, s, stop).Outcome)
}

func TestCheck(t *testing.T) {
	s := project(t, cart())
	four, five, no := 4*time.Hour, 5*time.Hour, false
	q := test("cart", campaign.Given{Profile: map[string]any{"tier": "gold"}, Events: []campaign.GivenEvent{full(0)}})
	q.Expect = campaign.Expect{
		Sent: []campaign.ExpectedSend{{Message: "hello", At: &four}, {Message: "more", At: &five}}, Entered: &no, Outcome: "completed",
		Attributes: map[string]any{"tier": "silver", "points": nil}, Segments: map[string]bool{"gold": true, "lapsed": true}, Path: []string{"reminder"},
	}
	r := play(t, s, q)
	found := rehearse.Check(r)
	require.Equal(t, []rehearse.Difference{
		{"sent", "message.hello at 4h, message.more at 5h", "message.hello at 4h"},
		{"entered", "no", "yes"}, {"outcome", "completed", "exit quiet"},
		{"path", "reminder", "reminder, seen, next, quiet"},
		{"profile.tier", "silver", "gold"}, {"segment.lapsed", "yes", "no"},
	}, found)
	var out bytes.Buffer
	require.NoError(t, rehearse.WriteFailure(&out, r, found[:1]))
	require.Equal(t, `  sent
    expected  message.hello at 4h, message.more at 5h
    got       message.hello at 4h
  when  what happened            expected
  0h    event.cart_updated
  4h    enters journey.cart
  4h    sends message.hello      sends message.hello
  4h    at step seen until 1d4h
  5h                             sends message.more
  1d4h  next: unseen
  1d4h  ends: exit quiet
`, out.String())

	q.Expect = campaign.Expect{Sent: []campaign.ExpectedSend{{Message: "hello"}}, Outcome: "exit quiet"}
	require.Empty(t, rehearse.Check(play(t, s, q)))
	q.Expect = campaign.Expect{Sent: []campaign.ExpectedSend{}}
	require.Len(t, rehearse.Check(play(t, s, q)), 1, "nothing is something to expect")
	_, err := s.Play(test("nowhere", campaign.Given{}))
	require.ErrorContains(t, err, "journey.nowhere")
}

// The same test comes to the same end, each time.
func TestPlaysAreTheSame(t *testing.T) {
	s := project(t, cart())
	q := test("cart", campaign.Given{Events: []campaign.GivenEvent{full(0), full(8 * day)}})
	first := play(t, s, q)
	for range 20 {
		again := play(t, s, q)
		require.Equal(t, first.Lines, again.Lines)
	}
}

func BenchmarkPlay(b *testing.B) {
	s := project(b, cart())
	q := test("cart", campaign.Given{Events: []campaign.GivenEvent{full(0)}, Engagements: []campaign.Engagement{{Step: "reminder", Kind: campaign.Clicked, After: time.Hour}}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Play(q); err != nil {
			b.Fatal(err)
		}
	}
}
