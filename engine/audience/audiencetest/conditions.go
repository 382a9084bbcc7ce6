package audiencetest

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
)

// Conditions are conditions on the shop, one at least of each form that authors
// write.
func Conditions() []string {
	return []string{
		// attributes
		`profile.points > 100`, `profile.points <= 0`, `profile.points == 7`, `profile.points != 7`, `7.5 < profile.points`,
		`profile.spend >= 99.99`, `profile.spend < 0.01`, `profile.spend == 12.34`, `profile.points + profile.spend > 500`,
		`profile.points % 2 == 1`, `profile.points / profile.spend > 2`, `-profile.points > -5`,
		`profile.country == "AA"`, `profile.country != "DE"`, `profile.country in ["DE", "AB", "BA"]`, `profile.city == "City 7"`,
		`profile.city.startsWith("City 1")`, `profile.city.matches("^City [0-9]{4}$")`, `size(profile.city) > 8`,
		`profile.email.endsWith("@mail.example")`, `profile.email.lowerAscii().contains("zoe")`, `profile.plan < "club"`,
		`profile.plan == "club" || profile.plan == "business"`, `profile.language == "de"`, `profile.city == profile.home.city`,
		`profile.wholesale`, `!profile.wholesale`, `profile.wholesale == segment.vip`, `has(profile.wholesale)`,
		`has(profile.points)`, `has(profile.country)`, `has(profile.email)`, `has(profile.dietary)`, `has(profile.home)`, `has(profile.home.floor)`,
		`"vegan" in profile.dietary`, `size(profile.dietary) >= 2`, `profile.dietary.exists(d, d.startsWith("n"))`,
		`profile.home.floor > 3`, `profile.home.city == "City 0"`, `7 in profile.lucky`, `profile.lucky[1] == 7`, `profile.scores.a > 1`,
		`"b" in profile.scores`, `profile.patience > duration("2d")`, `profile.store == "mitte"`, `profile.store.seats > 10`, `profile.store.hours == "7-18"`,
		`catalog.bread["rye"].price > 4`,
		// dates and times
		`age(profile.birthday) >= 30`, `month(profile.birthday) == 7 && day(profile.birthday) == 1`, `year(profile.birthday) < 1980`,
		`profile.birthday > date("1990-02-28")`, `profile.member_since >= date("2026-01-01")`, `date(now) - profile.member_since > duration("365d")`,
		`profile.created_at > now - duration("90d")`, `now - profile.created_at > duration("30d")`, `now - profile.last_seen <= duration("12h")`,
		`profile.last_seen < timestamp("2026-06-01T00:00:00Z")`, `weekday(profile.last_seen) >= 6`, `hour(now, profile.timezone) >= 9`,
		`date(now, profile.timezone) == date(now)`, `hour(profile.last_seen, "Asia/Kathmandu") < 6`, `week_of(profile.birthday) == 1`,
		// topics, consent, segments
		`topic.weekly_special.subscribed`, `!topic.receipts.subscribed`, `reachable.email`, `segment.vip`, `!segment.vip`, "segment.`grown-up`",
		`segment.readers && !segment.vip`, `segment.lapsed || segment.vip`, `has(segment.vip)`,
		// histories
		`events.order_completed.any()`, `events.order_completed.none()`, `events.email_opened.within("30d").none()`,
		`!events.email_opened.within("30d").none()`, `events.email_opened.within("12h").any()`, `events.order_completed.count() >= 3`,
		`events.order_completed.within("90d").count() == 0`, `events.product_viewed.within("7d").count() > 2`,
		`events.order_completed.within("90d").sum(o, o.total) >= 200`, `events.order_completed.sum(o, o.total) < 50`,
		`events.order_completed.within("180d").avg(o, o.total) > 20`, `events.order_completed.min(o, o.total) < 2`,
		`events.order_completed.within("60d").max(o, o.total) >= 99.5`, `events.product_viewed.within("30d").sum(v, v.seconds) > 100`,
		`events.order_completed.since(date("2026-06-01")).any()`, `events.order_completed.since(profile.last_seen).count() > 0`,
		`events.order_completed.since(now - duration("60d")).count() == 1`, `events.order_completed.since(timestamp("2026-04-02T12:00:00.123456Z")).none()`,
		`events.order_completed.where(o, o.total > 50).within("180d").any()`, `events.order_completed.where(o, o.shop == "mitte").count() >= 2`,
		`events.order_completed.count(o, o.coupon == "C1") > 0`, `events.order_completed.exists(o, o.gift)`, `events.order_completed.all(o, o.total > 1)`,
		`events.order_completed.within("30d").all(o, o.gift)`, `events.order_completed.exists_one(o, o.total > 100)`,
		`events.order_completed.within("180d").exists(o, o.items.exists(i, "gluten_free" in i.tags))`,
		`events.order_completed.exists(o, size(o.items) > 2)`, `events.order_completed.exists(o, o.items.sum(i, i.price * i.quantity) > o.total)`,
		`events.email_clicked.within("90d").where(c, c.url == "https://shop.example/3").any()`,
		`events.email_clicked.exists(c, c.url.contains("/1"))`, `events.order_completed.last().total > 20`, `events.order_completed.first().cart_id == "c1"`,
		`events.order_completed.last().at > now - duration("30d")`, `now - events.order_completed.last().at > duration("60d")`,
		`events.order_completed.last().items[0].price > 3`, `events.order_completed.last().shop.seats > 7`,
		`events.order_completed.distinct(o, o.cart_id) > 2`, `events.order_completed.distinct(o, o.total) == events.order_completed.count()`,
		`events.product_viewed.distinct(v, v.sku) >= 5`, `events.order_completed.max(o, o.at) < now - duration("7d")`,
		`events.order_completed.min(o, o.deliver_on) < date("2026-07-01")`, `events.order_completed.exists(o, o.placed > o.at)`,
		`events.order_completed.exists(o, o.took > duration("12h"))`, `events.order_completed.where(o, hour(o.at) < 6).any()`,
		`events.order_completed.where(o, now - o.at > duration("60d")).count() > 2`, `events.order_completed.max(o, o.coupon) > "C3"`,
		`events.order_completed.count() > events.email_opened.count()`, `events.order_completed.within("90d").count() > profile.points`,
		`events.order_completed.within("180d").count() > events.order_completed.within("90d").count() * 2`,
		// the library
		`consent.weekly_special.email.granted`, `consent.receipts.email.at > now - duration("90d")`, `consent.receipts.email.source == "form"`,
		`sets.contains(profile.dietary, ["vegan", "halal"])`, `sets.intersects(profile.dietary, ["vegan", "nut_free"])`,
		`sets.equivalent(profile.dietary, ["halal"])`, `math.round(profile.spend) == 12`, `math.greatest(profile.points, profile.spend) > 100`,
		`days_until(profile.birthday) <= 7`, `anniversary(profile.birthday, profile.timezone)`, `distance_km(profile.points, 13.4, 52.5, 9.7) < 5000`,
		`events.order_completed.gap() > duration("30d")`, `events.order_completed.frequency("30d") > 0.2`,
		`events.order_completed.within("180d").frequency("30d") >= 1`, `events.order_completed.share(o, o.gift) >= 0.5`,
		`rate(events.email_clicked, events.email_opened) > 0.3`, `events.order_completed.sum(o, decay(o.at - profile.created_at, "30d")) > 1`,
		`events.order_completed.sum(o, 10 * decay(now - o.at, "30d")) > 5`, `events.order_completed.flat(o, o.items).top(i, i.sku) == "rye"`,
		`events.order_completed.flat(o, o.items).top(i, i.sku, i.price) == "spelt"`, `events.product_viewed.top(v, v.category) == "rye"`,
		`events.order_completed.within("90d").flat(o, o.items).exists(i, i.price > 10)`,
		`sequence("7d", events.product_viewed, events.cart_updated, events.order_completed.where(o, o.total > 20))`,
		`sequence(events.email_opened, events.email_clicked)`, `(profile.wholesale ? now : profile.last_seen) > profile.created_at + duration("365d")`,
		// together
		`profile.country == "DE" && profile.points > 50 && profile.plan == "club"`,
		`profile.country == "DE" && events.order_completed.within("90d").sum(o, o.total) >= 100 && events.email_opened.within("30d").none()`,
		`profile.points > 10 ? events.order_completed.any() : profile.wholesale`,
		`(profile.wholesale ? profile.points : profile.spend) > 10`,
		`profile.wholesale && profile.plan != "trial" || !(profile.wholesale || profile.points > 0)`,
		`profile.dietary.map(d, d + "!").exists(d, d == "vegan!") && profile.points > 0`,
		`string(profile.points) == "7" || profile.plan == "club"`, `profile.lucky == [7] || profile.points > 20`,
		`events.order_completed.exists(o, o.cart_id == profile.plan) || segment.vip`,
	}
}

// Checked checks conditions on the shop; each has to pass.
func Checked(t linktest.TB, p *link.Project, sources ...string) []*expr.Checked {
	t.Helper()
	out := make([]*expr.Checked, len(sources))
	for i, src := range sources {
		c, problems, err := p.Condition(src)
		require.NoError(t, err)
		require.NotNil(t, c, "%s: %+v", src, problems)
		out[i] = c
	}
	return out
}

// Random are n conditions that rapid makes up, other ones for each seed.
func Random(p *link.Project, seed, n int) []*expr.Checked {
	l, err := exprtest.Of(p.World(), link.PersonScope())
	if err != nil {
		panic(err)
	}
	g := rapid.Custom(func(t *rapid.T) *expr.Checked { return l.Checked(t) })
	out := make([]*expr.Checked, n)
	for i := range out {
		out[i] = g.Example(seed*1_000_003 + i)
	}
	return out
}
