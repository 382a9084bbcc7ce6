package link_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
)

func TestMeaning(t *testing.T) {
	project := func(edit func(defs []campaign.Definition)) *link.Project {
		defs := append(bakery(), &campaign.Trait{Name: "spend", Value: linktest.CEL("events.order_completed.sum(o, o.total)")},
			&campaign.Segment{Name: "big", When: linktest.CEL("trait.spend > 100 && segment.readers")}, message())
		edit(defs)
		return linktest.Project(t, defs...)
	}
	segment := func(defs []campaign.Definition, name string) *campaign.Segment {
		for _, d := range defs {
			if s, ok := d.(*campaign.Segment); ok && s.Name == name {
				return s
			}
		}
		return nil
	}
	before := project(func([]campaign.Definition) {})
	for _, c := range []struct {
		what string
		of   addr.Addr
		edit func(defs []campaign.Definition)
		same bool
	}{
		{"nothing", addr.New("segment", "big"), func([]campaign.Definition) {}, true},
		{"another order", addr.New("segment", "big"), func(d []campaign.Definition) {
			segment(d, "big").When = linktest.CEL("segment.readers && !(100 >= trait.spend)")
		}, true},
		{"another number", addr.New("segment", "big"), func(d []campaign.Definition) {
			segment(d, "big").When = linktest.CEL("segment.readers && trait.spend > 99")
		}, false},
		{"a description", addr.New("segment", "big"), func(d []campaign.Definition) { segment(d, "big").Description = "spends" }, true},
		{"its trait", addr.New("segment", "big"), func(d []campaign.Definition) {
			d[len(d)-3].(*campaign.Trait).Value = linktest.CEL("events.order_completed.sum(o, o.total * 2)")
		}, false},
		{"a segment that it names", addr.New("segment", "big"), func(d []campaign.Definition) { segment(d, "readers").When = linktest.CEL("reachable.email") }, true},
		{"a step", addr.New("journey", "thanks"), func(d []campaign.Definition) {
			d[7].(*campaign.Journey).Steps[2].(*campaign.Branch).Cases[0].When = linktest.When("step.seen.met && segment.loyal")
		}, true},
		{"where", addr.New("journey", "thanks"), func(d []campaign.Definition) {
			d[7].(*campaign.Journey).Trigger.Event.Where = linktest.When("0 < event.total")
		}, true},
		{"key", addr.New("journey", "thanks"), func(d []campaign.Definition) {
			d[7].(*campaign.Journey).Trigger.Event.Key = linktest.When("event.cart_id + '!'")
		}, false},
		{"a label", addr.New("journey", "thanks"), func(d []campaign.Definition) {
			d[7].(*campaign.Journey).Steps[2].(*campaign.Branch).Cases[0].Steps[0].(*campaign.Exit).Name = "over"
		}, false},
		{"a case", addr.New("message", "hello"), func(d []campaign.Definition) {
			d[len(d)-1].(*campaign.Message).Blocks[0].Cases[0].When = linktest.When("segment.readers || segment.readers")
		}, true},
		{"a word", addr.New("message", "hello"), func(d []campaign.Definition) { d[len(d)-1].(*campaign.Message).Subject = "Hi" }, false},
	} {
		after := project(c.edit)
		same, err := link.SameMeaning(before, after, c.of)
		require.NoError(t, err)
		require.Equal(t, c.same, same, c.what)
	}
	same, err := link.SameMeaning(before, before, addr.New("segment", "royal"))
	require.NoError(t, err)
	require.False(t, same)
	_, err = before.Meaning(addr.New("segment", "royal"))
	var missing *link.NotFoundError
	require.ErrorAs(t, err, &missing)
}

func TestTraitsOfAMessage(t *testing.T) {
	m := message()
	m.Subject = "{{ trait.spend | default: 0 }} {{ trait.best.sku | default: 'bread' }}"
	defs := append(bakery(), m,
		&campaign.Trait{Name: "spend", Value: linktest.CEL("events.order_completed.sum(o, o.total)")},
		&campaign.Trait{Name: "best", Value: linktest.CEL("{'sku': 'rye', 'age': profile.birthday}")})
	p := linktest.Project(t, defs...)
	linked, err := p.Message("hello")
	require.NoError(t, err)
	require.Equal(t, []string{"best", "spend"}, linked.Reads.Traits)
	require.Contains(t, linked.Reads.Events, "order_completed")
	require.Equal(t, map[string]any{"spend": 0.0, "best": map[string]any{"sku": "rye"}}, linked.TraitValues(expr.Nobody{}, time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)))
	_, err = p.TraitValue("gone")
	require.Error(t, err)
	trait, ok := p.Trait("spend")
	require.True(t, ok)
	require.Equal(t, "spend", trait.Name)
}
