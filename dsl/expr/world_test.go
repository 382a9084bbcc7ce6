package expr_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// bakery is the vocabulary that the tests speak, after the Daily Crumb.
func bakery() expr.World {
	events := []*campaign.Event{
		{Name: "order_completed", Properties: fields(map[string]string{
			"total": "number", "cart_id": "string", "gift": "bool", "deliver_on": "date", "placed": "time", "took": "duration", "shop": "ref(catalog.store)",
			"items": "list(object({category = string, price = number, quantity = number, sku = string, tags = set(string)}))",
		})},
		{Name: "cart_updated", Properties: fields(map[string]string{
			"cart_id": "string", "items": "list(object({name = string, price = number, sku = string}))",
		})},
	}
	for _, builtin := range campaign.BuiltinEvents() {
		events = append(events, &builtin)
	}
	return expr.World{
		Profile: append(campaign.BuiltinAttributes(),
			campaign.Attribute{Name: "first_name", Type: typ("string"), Default: "there"},
			campaign.Attribute{Name: "birthday", Type: typ("date")},
			campaign.Attribute{Name: "member_since", Type: typ("date")},
			campaign.Attribute{Name: "dietary", Type: typ("set(string)"), OneOf: []string{"gluten_free", "vegan", "nut_free"}},
			campaign.Attribute{Name: "plan", Type: typ("string"), OneOf: []string{"free", "club"}},
			campaign.Attribute{Name: "points", Type: typ("number")},
			campaign.Attribute{Name: "wholesale", Type: typ("bool")},
			campaign.Attribute{Name: "patience", Type: typ("duration")},
			campaign.Attribute{Name: "lucky", Type: typ("list(number)")},
			campaign.Attribute{Name: "scores", Type: typ("map(number)")},
			campaign.Attribute{Name: "store", Type: typ("ref(catalog.store)")},
			campaign.Attribute{Name: "latitude", Type: typ("number")},
			campaign.Attribute{Name: "longitude", Type: typ("number")},
			campaign.Attribute{Name: "home", Type: typ("object({city = string, floor = number})")},
		),
		Events: events,
		Catalogs: []*campaign.Catalog{
			{Name: "store", Key: "id", Columns: fields(map[string]string{"id": "string", "hours": "string", "seats": "number"}), Rows: []map[string]any{
				{"id": "mitte", "hours": "7-18", "seats": 12.0}, {"id": "altona", "hours": "8-17"},
			}},
			{Name: "bread", Key: "sku", Columns: fields(map[string]string{"sku": "string", "price": "number"}), Rows: []map[string]any{
				{"sku": "rye", "price": 4.2}, {"sku": "spelt", "price": 5.0},
			}},
			{Name: "calendar", Key: "week", Columns: fields(map[string]string{"week": "string", "loaf": "string"}), Rows: []map[string]any{
				{"week": "27", "loaf": "Rye"}, {"week": "28", "loaf": "Spelt"},
			}},
		},
		Segments: []string{"vip", "readers", "win-back"},
		Topics:   []string{"weekly_special", "receipts"},
		Channels: []string{"email", "sms"},
		Traits: []expr.Trait{
			{Name: "spent", Source: `events.order_completed.within(variable.window).sum(o, o.total)`},
			{Name: "score", Source: `trait.spent / 10 + 5 * math.least(events.email_clicked.within("30d").count(), 3) + (segment.vip ? 10 : 0)`},
			{Name: "warm", Source: `trait.score >= 5 && open_rate("90d") > 0.2`},
			{Name: "favourite", Source: `events.order_completed.flat(o, o.items).top(i, i.sku, i.price * i.quantity)`},
			{Name: "skus", Source: `events.order_completed.flat(o, o.items).map(i, i.sku)`},
			{Name: "shop", Source: `events.order_completed.top(o, o.shop)`},
			{Name: "newest", Source: `events.order_completed.last()`},
			{Name: "since", Source: `events.order_completed.first().at`},
			{Name: "bar", Source: `20`},
		},
		Variables: map[string]expr.Const{
			"vip_spend": {Type: typ("number"), Value: 200.0, Known: true},
			"window":    {Type: typ("duration"), Value: 90 * 24 * time.Hour, Known: true},
			"country":   {Type: typ("string"), Value: "DE", Known: true},
			"later":     {Type: typ("number")},
		},
		Locals: map[string]expr.Const{
			"nobody": {Type: typ("list(string)"), Value: []any{}, Known: true},
			"flours": {Type: typ("list(string)"), Value: []any{"rye", "spelt"}, Known: true},
			"week":   {Type: typ("object({loaf = string, price = number})"), Value: map[string]any{"loaf": "Rye", "price": 4.5}, Known: true},
		},
	}
}

func typ(s string) campaign.Type {
	t, err := campaign.ParseType(s)
	if err != nil {
		panic(err)
	}
	return t
}

func fields(types map[string]string) []campaign.Field {
	var out []campaign.Field
	for name, t := range types {
		out = append(out, campaign.Field{Name: name, Type: typ(t), Optional: true})
	}
	return campaign.ObjectOf(out...).Fields
}

// The places of the tests.
var (
	person  = expr.Scope{Person: true, Catalog: true}
	trigger = expr.Scope{Person: true, Catalog: true, Event: "cart_updated"}
	journey = expr.Scope{Person: true, Catalog: true, Journey: true, Trigger: new(cartUpdated), Item: new(typ("object({name = string, price = number, sku = string})")), Steps: []expr.StepVar{
		{Name: "offer", Kind: expr.StepSplit}, {Name: "reminder", Kind: expr.StepSend},
		{Name: "scoring", Kind: expr.StepCall, Response: typ("object({score = number, words = list(string)})")}, {Name: "seen", Kind: expr.StepWait},
	}}
)

var cartUpdated = bakery().Events[1].Type()

var condition = campaign.Of(campaign.Bool)

func newEnv(t testing.TB) *expr.Env {
	env, err := expr.NewEnv(bakery())
	require.NoError(t, err)
	return env
}

func mustCheck(t testing.TB, env *expr.Env, src string, sc expr.Scope, want campaign.Type) *expr.Checked {
	t.Helper()
	checked, problems := env.Check(src, sc, want)
	require.Empty(t, problems, "%s", src)
	require.NotNil(t, checked, "%s", src)
	return checked
}
