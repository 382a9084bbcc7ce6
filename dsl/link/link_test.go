package link_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
)

func bakery() []campaign.Definition {
	return []campaign.Definition{
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "first_name", Type: campaign.Of(campaign.String), Default: "there"},
			{Name: "birthday", Type: campaign.Of(campaign.Date)},
			{Name: "dietary", Type: campaign.SetOf(campaign.Of(campaign.String))},
			{Name: "store", Type: campaign.RefTo("store")},
		}},
		&campaign.Event{Name: "order_completed", Wire: "Order Completed", Properties: []campaign.Field{
			{Name: "cart_id", Type: campaign.Of(campaign.String), Optional: true},
			{Name: "total", Type: campaign.Of(campaign.Number), Optional: true},
		}},
		&campaign.Catalog{Name: "store", Key: "id", Columns: []campaign.Field{
			{Name: "hours", Type: campaign.Of(campaign.String)}, {Name: "id", Type: campaign.Of(campaign.String)}, {Name: "opened", Type: campaign.Of(campaign.Date)},
		}, Rows: []map[string]any{{"id": "mitte", "hours": "7 to 18", "opened": "2019-05-01"}}},
		&campaign.Topic{Name: "news"},
		&campaign.Segment{Name: "readers", When: linktest.CEL("topic.news.subscribed")},
		&campaign.Segment{Name: "buyers", When: linktest.CEL("events.order_completed.within('60d').any()")},
		&campaign.Segment{Name: "loyal", When: linktest.CEL("segment.readers && segment.buyers && reachable.email")},
		&campaign.Journey{
			Name:     "thanks",
			Trigger:  campaign.Trigger{Name: "order", Event: &campaign.EventTrigger{Event: "order_completed", Key: linktest.When("event.cart_id"), Where: linktest.When("event.total > 0")}},
			ExitWhen: linktest.When("!segment.readers"),
			Steps: campaign.Steps{
				&campaign.Send{Name: "hello", Message: "hello", With: []campaign.Binding{{Input: "total", Value: linktest.CEL("trigger.event.total")}}},
				&campaign.Wait{Name: "seen", Until: linktest.When("step.hello.opened"), Timeout: time.Hour},
				&campaign.Branch{Name: "next", Cases: []campaign.BranchCase{
					{Name: "loyal", When: linktest.When("segment.loyal && step.seen.met"), Steps: campaign.Steps{&campaign.Exit{Name: "done"}}},
					{Name: "else"},
				}},
			},
		},
		&campaign.Broadcast{Name: "weekly", Audience: linktest.CEL("segment.readers"), Message: "hello", With: []campaign.Binding{{Input: "total", Value: linktest.CEL("1 + 1")}}},
	}
}

func TestWorldHasWhatIsBuiltIn(t *testing.T) {
	w := link.World(nil, nil, nil, nil, nil)
	require.Len(t, w.Profile, len(campaign.BuiltinAttributes()))
	require.Len(t, w.Events, len(campaign.BuiltinEvents()))
	again := link.World(&campaign.Profile{Attributes: w.Profile}, w.Events, nil, nil, nil)
	require.Equal(t, w, again, "nothing is added twice")
}

func TestProject(t *testing.T) {
	p := linktest.Project(t, bakery()...)

	s, err := p.Segment("loyal")
	require.NoError(t, err)
	require.NotNil(t, s.When)
	require.NotEmpty(t, s.Digest)
	_, err = p.Segment("royal")
	var missing *link.NotFoundError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, addr.New("segment", "royal"), missing.Addr)
	_, err = p.Segment("no name")
	require.ErrorContains(t, err, "not a name")

	j, err := p.Journey("thanks")
	require.NoError(t, err)
	require.NotNil(t, j.Key)
	require.NotNil(t, j.Where)
	require.NotNil(t, j.ExitWhen)
	seen, ok := j.Step("seen")
	require.True(t, ok)
	require.NotNil(t, seen.Until)
	next, ok := j.Step("next")
	require.True(t, ok)
	require.Len(t, next.Cases, 2)
	require.Nil(t, next.Cases[1])
	hello, _ := j.Step("hello")
	require.Equal(t, "total", hello.With[0].Input)
	_, ok = j.Step("done")
	require.True(t, ok, "steps within branches are found")

	b, err := p.Broadcast("weekly")
	require.NoError(t, err)
	require.NotNil(t, b.Audience)

	e, ok := p.EventByWire("Order Completed")
	require.True(t, ok)
	require.Equal(t, "order_completed", e.Name)
	_, ok = p.EventByWire("email_opened")
	require.False(t, ok, "built-in events cannot be sent by the shop")
	_, ok = p.Event("email_opened")
	require.True(t, ok)
	require.Equal(t, campaign.CivilDate{Year: 2019, Month: 5, Day: 1}, p.Row("store", "mitte")["opened"])
	require.Nil(t, p.Row("store", "atlantis"))
	require.Nil(t, p.Row("moon", "mitte"))
}

func TestClosureFollowsSegments(t *testing.T) {
	p := linktest.Project(t, bakery()...)
	all := p.Closure(campaign.Reads{Segments: []string{"loyal"}})
	require.Equal(t, campaign.Reads{
		Events: []string{"order_completed"}, Segments: []string{"buyers", "loyal", "readers"}, Topics: []string{"news"}, Reachable: true, Time: true,
	}, all)
	require.Equal(t, campaign.Reads{Segments: []string{"gone"}}, p.Closure(campaign.Reads{Segments: []string{"gone"}}))
}

// What is stored is linked again from its JSON, as a worker does.
func TestLinkFromStoredBodies(t *testing.T) {
	resources := linktest.Resources(t, bakery()...)
	for i := range resources {
		resources[i].Def = nil
	}
	p, err := link.Link(resources, campaign.Settings{}, campaign.Environment{})
	require.NoError(t, err)
	j, err := p.Journey("thanks")
	require.NoError(t, err)
	s, _ := p.Segment("loyal")
	require.Equal(t, expr.False, s.When.Test(expr.Nobody{}, time.Now()))
	require.Equal(t, "thanks", j.Def.Name)
}

func TestLinkRefusesWhatItCannotRead(t *testing.T) {
	_, err := link.Link([]campaign.Resource{{Addr: addr.New("event", "x"), Body: []byte("{")}}, campaign.Settings{}, campaign.Environment{})
	require.ErrorContains(t, err, "event.x")
	p, err := link.Link([]campaign.Resource{{Addr: addr.New("segment", "x"), Body: []byte("{")}}, campaign.Settings{}, campaign.Environment{})
	require.NoError(t, err, "not before it is asked for")
	_, err = p.Segment("x")
	require.Error(t, err)
}

func TestOldJourneyAgainstANewModel(t *testing.T) {
	old := linktest.Project(t, bakery()...)
	j, err := old.Journey("thanks")
	require.NoError(t, err)
	defs := bakery()
	defs[1].(*campaign.Event).Properties = defs[1].(*campaign.Event).Properties[1:] // without cart_id
	defs[7].(*campaign.Journey).Trigger.Event.Key = nil
	now := linktest.Project(t, defs...)

	linked := now.LinkJourney(j.Def, j.Digest)
	require.Len(t, linked.Broken, 1)
	require.ErrorContains(t, linked.Broken[0], "journey.thanks: key")
	require.Nil(t, linked.Key)
	require.NotNil(t, linked.Where)
	require.NotNil(t, linked.ExitWhen)
	require.Equal(t, j.Digest, linked.Digest)
}

func TestConditionOfTheCommandLine(t *testing.T) {
	p := linktest.Project(t, bakery()...)
	c, problems, err := p.Condition("segment.loyal")
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NotNil(t, c)
	_, problems, err = p.Condition("segment.royal")
	require.NoError(t, err)
	require.NotEmpty(t, problems)
}

// Linking reads the model; ten thousand segments wait until they are asked for.
func BenchmarkLink10k(b *testing.B) {
	defs := bakery()
	for i := range 10_000 {
		defs = append(defs, &campaign.Segment{Name: fmt.Sprintf("s%d", i), When: linktest.CEL(fmt.Sprintf("profile.first_name == 'n%d'", i))})
	}
	resources := linktest.Resources(b, defs...)
	for i := range resources {
		resources[i].Def = nil
	}
	for b.Loop() {
		p, err := link.Link(resources, campaign.Settings{}, campaign.Environment{})
		require.NoError(b, err)
		_, err = p.Segment("s77")
		require.NoError(b, err)
	}
}

func message() *campaign.Message {
	return &campaign.Message{
		Name: "hello", Channel: "email", Topic: "news", Sender: "us",
		Subject: "{{ profile.first_name }}, {{ total }} is a lot", Preheader: "",
		HTML:   `<p>{% if segment.buyers %}Again{% endif %} {% content hero %} <a href="{{ unsubscribe_url }}">Leave</a></p>`,
		Text:   "{{ profile.store.hours | default: 'soon' }} {% content hero %} {{ unsubscribe_url }}",
		Inputs: []campaign.Field{{Name: "total", Type: campaign.Of(campaign.Number)}},
		Blocks: []campaign.Content{{Name: "hero", Cases: []campaign.ContentCase{
			{Name: "reader", When: linktest.When("segment.readers"), HTML: "<b>Reader</b>", Text: "Reader"},
			{Name: "else", HTML: "<b>Anybody</b>", Text: "Anybody"},
		}}},
	}
}

func TestMessage(t *testing.T) {
	p := linktest.Project(t, append(bakery(), message())...)
	m, err := p.Message("hello")
	require.NoError(t, err)
	require.NotNil(t, m.Subject)
	require.Nil(t, m.Preheader)
	require.NotNil(t, m.HTML)
	require.NotNil(t, m.Text)
	require.Equal(t, []string{"first_name", "store"}, m.Reads.Attributes)
	require.Equal(t, []string{"buyers", "readers"}, m.Reads.Segments)

	hero, ok := m.Block("hero")
	require.True(t, ok)
	_, ok = m.Block("villain")
	require.False(t, ok)
	yes := func(*expr.Checked) expr.Truth { return expr.True }
	unknown := func(*expr.Checked) expr.Truth { return expr.Unknown }
	require.Equal(t, "reader", hero.Choose(yes).Name)
	require.Equal(t, "else", hero.Choose(unknown).Name)
	hero.Cases = hero.Cases[:1]
	require.Nil(t, hero.Choose(unknown))
}

func TestMessageThatNoLongerFits(t *testing.T) {
	m := message()
	m.Subject = "{{ profile.shoe_size }}"
	p := linktest.Project(t, append(bakery(), m)...)
	_, err := p.Message("hello")
	require.ErrorContains(t, err, "message.hello: subject")
}
