package campaign_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

func TestSchemaChanges(t *testing.T) {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	freeze := func(defs ...campaign.Definition) []campaign.Resource {
		var out []campaign.Resource
		for _, d := range defs {
			r := campaign.NewResource(d, nil)
			r.Def = nil // as it is stored
			out = append(out, r)
		}
		return out
	}
	before := freeze(
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "same", Type: str}, {Name: "gone", Type: str}, {Name: "number", Type: num}, {Name: "text", Type: str},
			{Name: "plan", Type: str, OneOf: []string{"free", "pro"}}, {Name: "level", Type: str, OneOf: []string{"a", "b"}}, {Name: "any_word", Type: str},
			{Name: "first", Type: str}, {Name: "spoken", Type: str, Default: "x"},
		}},
		&campaign.Event{Name: "order", Properties: []campaign.Field{{Name: "items", Type: campaign.ListOf(campaign.ObjectOf(campaign.Field{Name: "sku", Type: str}))}}},
		&campaign.Event{Name: "old", Properties: []campaign.Field{{Name: "x", Type: str}}},
		&campaign.Catalog{Name: "bread", Key: "sku", Columns: []campaign.Field{{Name: "price", Type: num}}},
		&campaign.Topic{Name: "news"},
	)
	after := freeze(
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "same", Type: str}, {Name: "number", Type: str}, {Name: "text", Type: num},
			{Name: "plan", Type: str, OneOf: []string{"free", "pro", "team"}}, {Name: "level", Type: str, OneOf: []string{"a"}}, {Name: "any_word", Type: str, OneOf: []string{"a"}},
			{Name: "first", Type: str, Default: "there"}, {Name: "spoken", Type: str, Default: "y"}, {Name: "fresh", Type: str},
		}},
		&campaign.Event{Name: "order", Properties: []campaign.Field{
			{Name: "items", Type: campaign.ListOf(campaign.ObjectOf(campaign.Field{Name: "sku", Type: str}, campaign.Field{Name: "price", Type: num}))},
		}},
		&campaign.Catalog{Name: "bread", Key: "sku", Columns: []campaign.Field{{Name: "price", Type: campaign.Of(campaign.Bool)}}},
	)
	var got []string
	for _, c := range campaign.SchemaChanges(before, after) {
		got = append(got, fmt.Sprintf("%s %s %s %s → %s %v", c.Addr, c.Field, c.Effect, c.Before, c.After, c.Default))
	}
	require.Equal(t, []string{
		"catalog.bread price widened number → bool false",
		"event.old x removed string → invalid false",
		"event.order items widened list(object({sku = string})) → list(object({price = number, sku = string})) false",
		"profile.profile any_word narrowed string → string false",
		"profile.profile first kept string → string true",
		"profile.profile fresh added invalid → string false",
		"profile.profile gone removed string → invalid false",
		"profile.profile level narrowed string → string false",
		"profile.profile number widened number → string false",
		"profile.profile plan widened string → string false",
		"profile.profile spoken kept string → string true",
		"profile.profile text narrowed string → number false",
	}, got)
	require.Empty(t, campaign.SchemaChanges(before, before))
}

func TestFits(t *testing.T) {
	text, number, date, instant := campaign.Of(campaign.String), campaign.Of(campaign.Number), campaign.Of(campaign.Date), campaign.Of(campaign.Time)
	object := func(names ...string) campaign.Type {
		var fields []campaign.Field
		for _, n := range names {
			fields = append(fields, campaign.Field{Name: n, Type: text})
		}
		return campaign.ObjectOf(fields...)
	}
	for _, c := range []struct {
		from, to campaign.Type
		oneOf    []string
		value    any
		fits     bool
	}{
		{text, number, nil, "12.50", true}, {text, number, nil, "twelve", false}, {text, number, nil, nil, true},
		{text, date, nil, "2026-05-01", true}, {text, date, nil, "May", false},
		{instant, date, nil, "2026-05-01T00:00:00Z", true}, {instant, date, nil, "2026-05-01T10:00:00Z", false},
		{campaign.ListOf(text), campaign.SetOf(text), nil, []any{"a", "b"}, true}, {campaign.ListOf(text), campaign.SetOf(text), nil, []any{"a", "a"}, false},
		{campaign.ListOf(text), campaign.ListOf(number), nil, []any{"1", "2"}, true}, {campaign.ListOf(text), campaign.ListOf(number), nil, []any{"1", "b"}, false},
		{object("a", "b"), object("a"), nil, map[string]any{"a": "x"}, true}, {object("a", "b"), object("a"), nil, map[string]any{"a": "x", "b": "y"}, false},
		{text, text, []string{"a"}, "a", true}, {text, text, []string{"a"}, "b", false}, {campaign.SetOf(text), campaign.SetOf(text), []string{"a"}, []any{"a", "b"}, false},
	} {
		change := campaign.SchemaChange{Effect: campaign.Narrowed, Before: c.from, After: c.to, OneOf: c.oneOf}
		require.Equal(t, c.fits, change.Fits(c.value), "%s → %s: %v", c.from, c.to, c.value)
	}
	gone := campaign.SchemaChange{Effect: campaign.Removed, Before: text}
	require.False(t, gone.Fits("x"))
	require.True(t, gone.Fits(nil))
}

// valueOf is a random value of a type, in JSON form.
func valueOf(t *rapid.T, typ campaign.Type) any {
	switch typ.Kind {
	case campaign.Number:
		return rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
	case campaign.Bool:
		return rapid.Bool().Draw(t, "bool")
	case campaign.Date:
		return rapid.SampledFrom([]string{"2026-01-31", "1999-12-31"}).Draw(t, "date")
	case campaign.Time:
		return rapid.SampledFrom([]string{"2026-01-31T10:00:00Z", "1999-12-31T00:00:00Z"}).Draw(t, "time")
	case campaign.Duration:
		return rapid.SampledFrom([]string{"90d", "4h"}).Draw(t, "duration")
	case campaign.List, campaign.Set:
		items := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "size") {
			items = append(items, valueOf(t, *typ.Elem))
		}
		v, err := campaign.Coerce(typ, items) // a set has no repeats
		require.NoError(t, err)
		return campaign.JSONValue(v)
	case campaign.Map:
		return map[string]any{"k": valueOf(t, *typ.Elem)}
	case campaign.Object:
		object := map[string]any{}
		for _, f := range typ.Fields {
			object[f.Name] = valueOf(t, f.Type)
		}
		return object
	}
	return rapid.StringMatching(`[a-z]{1,8}`).Draw(t, "string")
}

// wider is a type that a type may be widened to, made by the rules as documented.
func wider(t *rapid.T, typ campaign.Type) campaign.Type {
	if rapid.IntRange(0, 4).Draw(t, "any") == 0 {
		return campaign.Of(campaign.Any)
	}
	switch typ.Kind {
	case campaign.Number, campaign.Time, campaign.Duration, campaign.Ref:
		return campaign.Of(campaign.String)
	case campaign.Date:
		return campaign.Of(rapid.SampledFrom([]campaign.Kind{campaign.Time, campaign.String}).Draw(t, "kind"))
	case campaign.List, campaign.Set:
		return campaign.ListOf(wider(t, *typ.Elem))
	case campaign.Map:
		return campaign.MapOf(wider(t, *typ.Elem))
	case campaign.Object:
		fields := []campaign.Field{{Name: "more", Type: campaign.Of(campaign.Bool)}}
		for _, f := range typ.Fields {
			fields = append(fields, campaign.Field{Name: f.Name, Type: wider(t, f.Type)})
		}
		return campaign.ObjectOf(fields...)
	}
	return typ
}

// Every value fits a type that is wider.
func TestWideningKeepsEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := types().Draw(t, "type")
		to := wider(t, from)
		require.True(t, campaign.Widens(from, to), "%s → %s", from, to)
		v := valueOf(t, from)
		change := campaign.SchemaChange{Effect: campaign.Widened, Before: from, After: to}
		require.True(t, change.Fits(v), "%s → %s: %v", from, to, v)
	})
}

func TestExpressions(t *testing.T) {
	e := func(text string) campaign.Expr { return campaign.Expr{Text: text} }
	when := func(text string) *campaign.Expr { return &campaign.Expr{Text: text} }
	for _, c := range []struct {
		def  campaign.Definition
		want []string
	}{
		{&campaign.Topic{}, nil},
		{&campaign.Trait{Value: e("t")}, []string{"t"}},
		{&campaign.Segment{When: e("s")}, []string{"s"}},
		{&campaign.Content{Cases: []campaign.ContentCase{{When: when("a")}, {}}}, []string{"a"}},
		{&campaign.Message{Blocks: []campaign.Content{{Cases: []campaign.ContentCase{{When: when("a")}}}}}, []string{"a"}},
		{&campaign.Broadcast{Audience: e("a"), With: []campaign.Binding{{Value: e("w")}}}, []string{"a", "w"}},
		{&campaign.Journey{
			Trigger: campaign.Trigger{Event: &campaign.EventTrigger{Key: when("k"), Where: when("w")}}, ExitWhen: when("x"),
			Steps: campaign.Steps{&campaign.Send{With: []campaign.Binding{{Value: e("v")}}}, &campaign.Wait{Until: when("u")}, &campaign.Branch{Cases: []campaign.BranchCase{{When: when("c")}, {}}}},
		}, []string{"k", "w", "x", "v", "u", "c"}},
		{&campaign.Journey{Trigger: campaign.Trigger{Date: &campaign.DateTrigger{Date: e("d")}}}, []string{"d"}},
		{&campaign.Source{
			Where: when("w"), Key: when("k"), At: when("t"), Person: campaign.SourcePerson{ID: when("i"), Email: when("e")},
			Map: []campaign.Binding{{Value: e("m")}}, Consents: []campaign.SourceConsent{{Subscribed: e("s"), At: e("a"), Proof: e("p")}},
		}, []string{"w", "k", "t", "i", "e", "m", "s", "a", "p"}},
	} {
		var got []string
		for _, x := range campaign.Expressions(c.def) {
			got = append(got, x.Text)
			x.Text = "changed"
		}
		require.Equal(t, c.want, got, "%T", c.def)
		for _, x := range campaign.Expressions(c.def) {
			require.Equal(t, "changed", x.Text, "expressions are the definition's own")
		}
	}
}
