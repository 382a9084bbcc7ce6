package audiencetest

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
)

// Now is the instant that the people are made up around; it has a part of a second
// that no unit divides.
var Now = time.Date(2026, time.July, 1, 12, 0, 0, 123_456_000, time.UTC)

// The values that people have and conditions ask for.
var (
	Plans   = []string{"free", "club", "business", "trial"}
	Diets   = []string{"vegan", "gluten_free", "nut_free", "halal"}
	Stores  = []string{"mitte", "altona", "linden"}
	Loaves  = []string{"rye", "spelt", "baguette", "brezel", "zopf"}
	Zones   = []string{"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Atlantis"}
	Sources = []string{"import customers.csv", "form", ""}
)

var (
	text   = campaign.Of(campaign.String)
	number = campaign.Of(campaign.Number)
)

// Definitions are the shop: twelve attributes of every day and three odd ones,
// five events, two catalogs, two topics, four segments.
func Definitions() []campaign.Definition {
	defs := []campaign.Definition{
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "birthday", Type: campaign.Of(campaign.Date)},
			{Name: "city", Type: text},
			{Name: "country", Type: text, Default: "DE"},
			{Name: "dietary", Type: campaign.SetOf(text), OneOf: Diets},
			{Name: "home", Type: campaign.ObjectOf(campaign.Field{Name: "city", Type: text}, campaign.Field{Name: "floor", Type: number})},
			{Name: "last_seen", Type: campaign.Of(campaign.Time)},
			{Name: "member_since", Type: campaign.Of(campaign.Date)},
			{Name: "plan", Type: text, OneOf: Plans},
			{Name: "points", Type: number},
			{Name: "spend", Type: number, Default: 0.0},
			{Name: "store", Type: campaign.RefTo("store")},
			{Name: "wholesale", Type: campaign.Of(campaign.Bool)},

			{Name: "lucky", Type: campaign.ListOf(number)},
			{Name: "patience", Type: campaign.Of(campaign.Duration)},
			{Name: "scores", Type: campaign.MapOf(number)},
		}},
		order(),
		&campaign.Event{Name: "product_viewed", Wire: "Product Viewed", Properties: campaign.ObjectOf(
			field("category", text), field("seconds", number), field("sku", text)).Fields},
		&campaign.Event{Name: "cart_updated", Wire: "Cart Updated", Properties: campaign.ObjectOf(
			field("cart_id", text), field("size", number)).Fields},
		&campaign.Catalog{Name: "store", Key: "id",
			Columns: campaign.ObjectOf(field("hours", text), field("id", text), field("seats", number)).Fields,
			Rows: []map[string]any{{"id": "mitte", "hours": "7-18", "seats": 20.0}, {"id": "altona", "hours": "8-17", "seats": 6.0},
				{"id": "linden", "hours": "6-20"}}},
		&campaign.Catalog{Name: "bread", Key: "sku",
			Columns: campaign.ObjectOf(field("price", number), field("sku", text)).Fields,
			Rows:    []map[string]any{{"sku": "rye", "price": 4.2}, {"sku": "spelt", "price": 5.0}}},
		&campaign.Topic{Name: "weekly_special", OptIn: "double"},
		&campaign.Topic{Name: "receipts", OptIn: "single", Transactional: true},
	}
	for _, s := range [][2]string{
		{"readers", "topic.weekly_special.subscribed"},
		{"vip", `events.order_completed.within("90d").sum(o, o.total) >= 200`},
		{"lapsed", `events.order_completed.any() && events.order_completed.within("60d").none()`},
		{"grown-up", `age(profile.birthday) >= 18 || segment.vip`},
	} {
		defs = append(defs, &campaign.Segment{Name: s[0], When: linktest.CEL(s[1])})
	}
	return defs
}

func field(name string, t campaign.Type) campaign.Field {
	return campaign.Field{Name: name, Type: t, Optional: true}
}

func order() *campaign.Event {
	item := campaign.ObjectOf(field("category", text), field("price", number), field("quantity", number), field("sku", text),
		field("tags", campaign.SetOf(text)))
	return &campaign.Event{Name: "order_completed", Wire: "Order Completed", Properties: campaign.ObjectOf(
		field("cart_id", text), field("coupon", text), field("deliver_on", campaign.Of(campaign.Date)), field("gift", campaign.Of(campaign.Bool)),
		field("items", campaign.ListOf(item)), field("placed", campaign.Of(campaign.Time)), field("shop", campaign.RefTo("store")),
		field("took", campaign.Of(campaign.Duration)), field("total", number)).Fields}
}

// Project links the shop, with further definitions.
func Project(t linktest.TB, more ...campaign.Definition) *link.Project {
	t.Helper()
	return linktest.Project(t, append(Definitions(), more...)...)
}

// City is the name of a city; there are many.
func City(i int) string { return fmt.Sprintf("City %d", i) }
