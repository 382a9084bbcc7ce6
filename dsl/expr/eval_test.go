package expr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// ada is a person of whom some things are known. Her orders: 100 days ago for
// 20, 30 days ago for 50.5, yesterday without a total; one in the future.
func ada() *someone {
	rye := map[string]any{"sku": "rye", "price": 4.0, "quantity": 2.0, "tags": []any{"organic"}}
	spelt := map[string]any{"sku": "spelt", "price": 5.0}
	return &someone{
		attributes: map[string]any{
			"id": "1", "email": "Ada@Example.com", "created_at": ago(400 * dayLong), "timezone": "Europe/Berlin",
			"birthday": campaign.CivilDate{Year: 2000, Month: 2, Day: 29}, "dietary": []any{"vegan"}, "points": 7.0, "wholesale": true,
			"patience": 36 * time.Hour, "lucky": []any{3.0, 7.0, 7.0}, "scores": map[string]any{"a": 1.5}, "store": "mitte",
			"home": map[string]any{"city": "Köln"},
		},
		events: map[string][]expr.EventRow{"order_completed": {
			{At: ago(100 * dayLong), Props: map[string]any{"total": 20.0, "cart_id": "c1", "items": []any{rye, spelt}, "shop": "altona"}},
			{At: ago(30 * dayLong), Props: map[string]any{"total": 50.5, "cart_id": "c2", "gift": true, "deliver_on": campaign.CivilDate{Year: 2026, Month: 6, Day: 3}}},
			{At: ago(dayLong), Props: map[string]any{"cart_id": "c1", "items": []any{spelt}, "took": 2 * time.Hour}},
			{At: ago(-time.Minute), Props: map[string]any{"total": 1000.0, "cart_id": "c9"}},
		},
			"email_sent":    {mail(40, "s1"), mail(20, "s2"), mail(10, "s3"), mail(5, "s4")},
			"email_opened":  {mail(39, "s1"), mail(38, "s1"), mail(9, "s3")},
			"email_clicked": {{At: ago(9 * dayLong), Props: map[string]any{"send": "s3", "link": "sale"}}},
		},
		consents: map[[2]string]expr.ConsentWord{
			{"receipts", "email"}:       {Granted: true, At: ago(10 * dayLong), Source: "form"},
			{"weekly_special", "email"}: {At: ago(5 * dayLong)},
		},
		segments: map[string]expr.Truth{"vip": expr.True, "readers": expr.False, "win-back": expr.Unknown},
		topics:   map[string]bool{"receipts": true},
		channels: map[string]bool{"email": true},
		entered:  ago(30 * dayLong),
		trigger:  map[string]any{"at": ago(30 * dayLong), "cart_id": "c2", "items": []any{rye}},
		steps: map[string]any{"reminder.at": ago(dayLong), "reminder.opened": true, "seen.met": false, "offer.arm": "ten",
			"scoring.ok": true, "scoring.status": 200.0, "scoring.response": map[string]any{"score": 0.75}},
		item: map[string]any{"sku": "rye", "price": 4.2},
	}
}

func mail(days int, send string) expr.EventRow {
	return expr.EventRow{At: ago(time.Duration(days) * dayLong), Props: map[string]any{"send": send}}
}

// absent stands for an unknown value in the tables.
var absent any

func TestEval(t *testing.T) {
	day := func(y, m, d int) campaign.CivilDate { return campaign.CivilDate{Year: y, Month: time.Month(m), Day: d} }
	for _, group := range []struct {
		name  string
		cases []struct {
			src  string
			want any
		}
	}{
		{"attributes", cases(
			`profile.email`, "Ada@Example.com",
			`profile.phone`, absent,
			`profile.first_name`, "there", // the default
			`profile.dietary`, []any{"vegan"},
			`profile.points`, 7.0,
			`profile.store`, "mitte",
			`profile.store.hours`, "7-18",
			`profile.store.seats > 10`, true,
			`profile.home.city`, "Köln",
			`profile.home.floor`, absent,
			`profile.scores.a`, 1.5,
			`profile.scores["b"]`, absent,
			`profile.lucky[1]`, 7.0,
			`profile.lucky[3]`, absent,
			`profile.lucky[-1]`, absent,
			`profile.lucky[0.5]`, absent,
		)},
		{"has", cases(
			`has(profile.email)`, true,
			`has(profile.phone)`, false,
			`has(profile.first_name)`, true,
			`has(profile.dietary)`, true,
			`has(profile.lucky.filter(n, n > 9))`, false,
			`has(profile.scores)`, true,
			`has(profile.home)`, true,
			`has(profile.home.floor)`, false,
			`has(profile.scores.b)`, false,
			`has(profile.wholesale)`, true,
			`has(segment.`+"`win-back`"+`)`, false,
			`has(profile.points > 3)`, true,
			`has(profile.phone == "1")`, false,
			`has(profile.lucky[9])`, false,
			`has(profile.birthday)`, true,
			`has(profile.member_since)`, false,
			`has(profile.patience)`, true,
			`has(step.reminder.at)`, true,
			`has(step.reminder.clicked)`, false,
			`has(events.order_completed.last().items)`, true,
			`has(events.cart_updated.last())`, false,
			`has(events.order_completed.where(o, o.total > 99).last().total)`, false,
			`has(catalog.bread[profile.email])`, false,
		)},
		{"what else is known of a person", cases(
			`segment.vip`, true,
			`segment.readers`, false,
			"segment.`win-back`", absent,
			`topic.receipts.subscribed`, true,
			`topic.weekly_special.subscribed`, false,
			`reachable.email`, true,
			`reachable.sms`, false,
			`trigger.event.cart_id`, "c2",
			`trigger.event.at == journey.entered_at`, true,
			`journey.entered_at`, ago(30*dayLong),
			`trigger.item.sku`, "rye",
			`trigger.item.price > 100`, false,
			`has(trigger.item.name)`, false,
			`step.offer.arm`, "ten",
			`step.scoring.ok && step.scoring.status == 200`, true,
			`step.scoring.response.score`, 0.75,
			`step.scoring.response.words.exists(w, w == "warm")`, false,
			`step.reminder.opened`, true,
			`step.reminder.clicked`, absent,
			`step.seen.met`, false,
			`now`, noon,
		)},
		{"windows", cases(
			`events.order_completed.count()`, 3.0,
			`events.order_completed.within("100d").count()`, 2.0, // (now - d, now]: the edge is out
			`events.order_completed.within("101d").count()`, 3.0,
			`events.order_completed.within("60d").within("2w").count()`, 1.0,
			`events.order_completed.within(variable.window).count()`, 2.0,
			`events.order_completed.within(duration("12h")).any()`, false,
			`events.order_completed.since(journey.entered_at).count()`, 2.0, // [t, now]: the edge is in
			`events.order_completed.since(date("2026-06-01")).count()`, 2.0,
			`events.order_completed.since(now).any()`, false,
			`events.order_completed.since(profile.member_since).any()`, absent,
			`events.order_completed.since(profile.member_since).count()`, absent,
			`events.order_completed.where(o, o.total > 30).count()`, 1.0, // the one without a total is left out
			`events.order_completed.where(o, !(o.total > 30)).count()`, 1.0,
			`events.order_completed.where(o, o.total > 10).where(o, o.cart_id == "c1").count()`, 1.0,
			`events.order_completed.where(o, o.total > 10).within("60d").last().cart_id`, "c2",
			`events.cart_updated.any()`, false,
			`events.cart_updated.none()`, true,
		)},
		{"aggregates", cases(
			`events.order_completed.any()`, true,
			`events.order_completed.none()`, false,
			`events.order_completed.count(o, o.total > 30)`, 1.0,
			`events.order_completed.sum(o, o.total)`, 70.5,
			`events.order_completed.avg(o, o.total)`, 35.25,
			`events.order_completed.min(o, o.total)`, 20.0,
			`events.order_completed.max(o, o.total)`, 50.5,
			`events.order_completed.max(o, o.at)`, ago(dayLong),
			`events.order_completed.min(o, o.cart_id)`, "c1",
			`events.order_completed.max(o, o.deliver_on)`, day(2026, 6, 3),
			`events.order_completed.min(o, o.took)`, 2*time.Hour,
			`events.order_completed.distinct(o, o.cart_id)`, 2.0,
			`events.order_completed.distinct(o, o.shop)`, 1.0,
			`events.order_completed.distinct(o, o.at)`, 3.0,
			`events.order_completed.distinct(o, o.total)`, 2.0,
			`events.order_completed.distinct(o, o.gift)`, 1.0,
			`events.order_completed.first().total`, 20.0,
			`events.order_completed.last().cart_id`, "c1",
			`events.order_completed.last().total`, absent,
			`events.order_completed.last().at`, ago(dayLong),
			`events.order_completed.first().shop.hours`, "8-17",
			`events.order_completed.where(o, o.gift).last().cart_id`, "c2",
		)},
		{"over nothing", cases(
			`events.cart_updated.count()`, 0.0,
			`events.order_completed.within("1h").sum(o, o.total)`, 0.0,
			`events.order_completed.within("1h").count(o, o.total > 3)`, 0.0,
			`events.order_completed.within("1h").distinct(o, o.total)`, 0.0,
			`events.order_completed.within("1h").avg(o, o.total)`, absent,
			`events.order_completed.within("1h").min(o, o.total)`, absent,
			`events.order_completed.within("1h").max(o, o.at)`, absent,
			`events.order_completed.within("1h").first().cart_id`, absent,
			`events.order_completed.within("1h").last()`, absent,
			`events.order_completed.within("1h").last().items`, []any{},
			`events.order_completed.within("1h").exists(o, true)`, false,
			`events.order_completed.within("1h").all(o, false)`, true,
			`size(profile.lucky.filter(n, n > 9))`, 0.0,
		)},
		{"exists and all", cases(
			`events.order_completed.exists(o, o.total == 50.5)`, true, // whatever is unknown
			`events.order_completed.exists(o, o.total == 51)`, absent,
			`events.order_completed.exists(o, o.cart_id == "x")`, false,
			`events.order_completed.all(o, o.total > 30)`, false,
			`events.order_completed.all(o, o.total > 10)`, absent,
			`events.order_completed.all(o, o.cart_id != "")`, true,
			`events.order_completed.exists_one(o, o.cart_id == "c2")`, true,
			`events.order_completed.exists_one(o, o.cart_id == "c1")`, false,
			`events.order_completed.exists_one(o, o.total > 30)`, absent,
			`events.order_completed.exists_one(o, o.total > 1)`, false, // two are known already
			`events.order_completed.exists(o, o.items.exists(i, "organic" in i.tags))`, true,
			`events.order_completed.exists(o, o.cart_id == trigger.event.cart_id)`, true,
			`events.order_completed.exists(o, events.order_completed.exists(p, p.at > o.at && p.cart_id == o.cart_id))`, true,
			`events.order_completed.exists(o, events.order_completed.count() == 3 && o.cart_id == "c2")`, true, // o is still o
			`profile.lucky.all(n, n > 2)`, true,
			`profile.dietary.exists(d, d.startsWith("veg"))`, true,
		)},
		{"lists", cases(
			`size(profile.lucky)`, 3.0,
			`profile.lucky.size()`, 3.0,
			`profile.lucky.filter(n, n > 5)`, []any{7.0, 7.0},
			`profile.lucky.map(n, n * 2)`, []any{6.0, 14.0, 14.0},
			`profile.lucky.sum(n, n)`, 17.0,
			`profile.lucky.avg(n, n) > 5`, true,
			`profile.lucky.max(n, n)`, 7.0,
			`profile.lucky.distinct(n, n)`, 2.0,
			`profile.lucky.count(n, n == 7)`, 2.0,
			`profile.lucky + [1]`, []any{3.0, 7.0, 7.0, 1.0},
			`profile.lucky == [3, 7, 7]`, true,
			`profile.lucky == [7, 3, 7]`, false,
			`profile.dietary == ["vegan", "vegan"]`, true, // sets
			`profile.dietary != ["nut_free"]`, true,
			`"vegan" in profile.dietary`, true,
			`profile.phone in profile.dietary`, absent,
			`7 in profile.lucky`, true,
			`"a" in profile.scores`, true,
			`profile.store in ["mitte", "altona"]`, true,
			`profile.birthday in [date("2000-02-29")]`, true,
			`now in [now]`, true,
			`duration("36h") in [profile.patience]`, true,
			`true in [profile.wholesale]`, true,
			`[profile.email, profile.phone]`, absent,
			`[profile.email, "x"]`, []any{"Ada@Example.com", "x"},
			`events.order_completed.first().items.map(i, i.quantity)`, []any{2.0}, // the unknown one is skipped
			`events.order_completed.first().items.sum(i, i.price * i.quantity)`, 8.0,
			`size(events.order_completed.last().items[0].sku)`, 5.0,
		)},
		{"text", cases(
			`profile.email.contains("@")`, true,
			`profile.email.startsWith("Ada")`, true,
			`profile.email.endsWith(".org")`, false,
			`profile.email.matches("^A.a@")`, true,
			`profile.email.matches("^example")`, false,
			`profile.phone.matches("1")`, absent,
			`profile.phone.contains("1")`, absent,
			`profile.email.lowerAscii()`, "ada@example.com",
			`"Ärger".upperAscii()`, "ÄRGER",
			`" rye ".trim()`, "rye",
			`size("Köln")`, 4.0,
			`"a" + profile.home.city`, "aKöln",
			`"a" + profile.phone`, absent,
			`string(27)`, "27",
			`string(0.5)`, "0.5",
			`string(profile.wholesale)`, "true",
			`string(profile.birthday)`, "2000-02-29",
			`string(timestamp("2026-07-01T12:00:00Z"))`, "2026-07-01T12:00:00Z",
			`string(duration("90d"))`, "90d",
			`string(profile.store)`, "mitte",
			`string(profile.phone)`, absent,
			`int("12.7")`, 12.0,
			`int(-12.7)`, -12.0,
			`int(profile.email)`, absent,
			`double(" 1.5 ")`, 1.5,
			`double("inf")`, absent,
			`profile.email < "B"`, true,
		)},
		{"arithmetic", cases(
			`1 + 2 * 3`, 7.0,
			`(1 + 2) * 3`, 9.0,
			`7 / 2`, 3.5,
			`7 % 4`, 3.0,
			`-profile.points`, -7.0,
			`profile.points / 0`, absent,
			`profile.points % 0`, absent,
			`1e308 * 10`, absent,
			`profile.home.floor + 1`, absent,
			`profile.points >= 7 && profile.points <= 7.0`, true,
		)},
		{"time", cases(
			`now - profile.created_at > duration("30d")`, true,
			`now - profile.created_at`, 400*dayLong,
			`now - duration("1d")`, ago(dayLong),
			`duration("1d") + now`, ago(-dayLong),
			`duration("1d") + duration("1h")`, 25*time.Hour,
			`duration("1w2d3h4m5s") - duration("1w")`, 2*dayLong+3*time.Hour+4*time.Minute+5*time.Second,
			`profile.patience > duration("1d")`, true,
			`profile.birthday + duration("1d")`, day(2000, 3, 1),
			`profile.birthday - duration("29d")`, day(2000, 1, 31),
			`date("2026-07-01") - date("2026-06-01")`, 30*dayLong,
			`profile.birthday < date("2000-03-01")`, true,
			`profile.member_since < date("2000-03-01")`, absent,
			`date(now)`, day(2026, 7, 1),
			`date(timestamp("2026-06-30T23:00:00Z"))`, day(2026, 6, 30),
			`date(timestamp("2026-06-30T23:00:00Z"), profile.timezone)`, day(2026, 7, 1),
			`date(now, profile.phone)`, absent,
			`date(now, profile.email)`, absent, // no time zone
			`year(now)`, 2026.0,
			`month(profile.birthday)`, 2.0,
			`day(profile.birthday)`, 29.0,
			`weekday(date("2026-07-05"))`, 7.0,
			`weekday(date("2026-07-06"))`, 1.0,
			`week_of(now)`, 27.0,
			`hour(now)`, 12.0,
			`hour(now, "America/New_York")`, 8.0,
			`age(profile.birthday)`, 26.0,
			`age(date("2000-07-01"))`, 26.0,
			`age(date("2000-07-02"))`, 25.0,
			`age(profile.member_since)`, absent,
		)},
		{"choices", cases(
			`profile.wholesale ? "yes" : "no"`, "yes",
			"segment.`win-back` ? 1 : 1", absent,
			`has(profile.member_since) ? profile.member_since : profile.birthday`, day(2000, 2, 29),
			`segment.readers ? 1 : 2`, 2.0,
			`segment.readers ? now : profile.created_at`, ago(400*dayLong),
			`segment.readers ? duration("1d") : profile.patience`, 36*time.Hour,
			`segment.readers ? [] : profile.lucky`, []any{3.0, 7.0, 7.0},
			`segment.readers ? false : profile.wholesale`, true,
			`(segment.readers ? trigger.event : trigger.event).cart_id`, "c2",
		)},
		{"habits", cases(
			`events.order_completed.gap()`, dayLong,
			`events.order_completed.where(o, o.gift).gap()`, 30*dayLong,
			`events.cart_updated.gap()`, absent,
			`events.order_completed.frequency("100d")`, 3.0, // since the first, 100 days ago
			`events.order_completed.within("60d").frequency("30d")`, 1.0,
			`events.order_completed.within("90d").within("60d").where(o, o.gift).frequency(duration("30d"))`, 0.5,
			`events.order_completed.within(variable.window).frequency("45d")`, 1.0,
			`events.order_completed.within("1h").frequency("1h")`, 0.0,
			`events.cart_updated.frequency("30d")`, absent,
			`events.order_completed.since(now - duration("1d")).frequency("1d")`, 1.0,
			`events.order_completed.share(o, o.total > 10)`, 2.0/3.0, // the one without a total counts among all
			`events.order_completed.share(o, o.gift, o.total)`, 50.5/70.5,
			`events.cart_updated.share(o, true)`, absent,
			`profile.lucky.share(n, n > 5)`, 2.0/3.0,
			`events.order_completed.top(o, o.cart_id)`, "c1",
			`events.order_completed.top(o, o.cart_id, o.total)`, "c2", // an unknown weight is none
			`events.order_completed.top(o, o.total)`, 20.0, // of several the smallest
			`events.order_completed.top(o, o.at)`, ago(100*dayLong),
			`events.order_completed.top(o, o.deliver_on)`, day(2026, 6, 3),
			`events.order_completed.top(o, o.took)`, 2*time.Hour,
			`events.order_completed.top(o, o.shop).hours`, "8-17",
			`events.order_completed.top(o, o.cart_id, -o.total)`, "c1",
			`events.cart_updated.top(o, o.cart_id)`, absent,
			`profile.lucky.top(n, n)`, 7.0,
			`size(events.order_completed.flat(o, o.items))`, 3.0,
			`events.order_completed.flat(o, o.items).sum(i, i.price)`, 14.0,
			`events.order_completed.flat(o, o.items.map(i, i.sku))`, []any{"rye", "spelt", "spelt"},
			`events.order_completed.flat(o, o.items).top(i, i.sku, i.price)`, "spelt",
			`events.order_completed.within("1h").flat(o, o.items)`, []any{},
			`events.order_completed.flat(o, [o.total, 1])`, []any{20.0, 1.0, 50.5, 1.0}, // a list with an unknown element is unknown
			`[[1, 2], [3]].flat(l, l)`, []any{1.0, 2.0, 3.0},
			`rate(events.order_completed.within("60d"), events.order_completed)`, 2.0/3.0,
			`rate(events.order_completed, events.cart_updated)`, absent,
			`rate(events.cart_updated, events.order_completed)`, 0.0,
		)},
		{"mail", cases(
			`open_rate("90d")`, 0.5, // s1 was opened twice
			`open_rate("7d")`, 0.0,
			`open_rate("9d12h")`, 1.0, // s3, which was sent before: at most 1
			`open_rate("1d")`, absent,
			`click_rate("90d")`, 0.25,
			`click_rate(variable.window)`, 0.25,
			`events.email_clicked.within("30d").exists(c, c.link == "sale")`, true,
			`rate(events.email_clicked.where(c, c.link == "sale"), events.email_sent)`, 0.25,
		)},
		{"sequences", cases(
			`sequence(events.order_completed.where(o, o.cart_id == "c1"), events.order_completed.where(o, o.cart_id == "c2"))`, true,
			`sequence("70d", events.order_completed.where(o, o.cart_id == "c1"), events.order_completed.where(o, o.cart_id == "c2"))`, true, // 70 days at most
			`sequence("69d", events.order_completed.where(o, o.cart_id == "c1"), events.order_completed.where(o, o.cart_id == "c2"))`, false,
			`sequence(events.order_completed.where(o, o.cart_id == "c2"), events.order_completed.where(o, o.cart_id == "c1"))`, true,
			`sequence(variable.window, events.order_completed, events.order_completed)`, true,
			`sequence(duration("29d"), events.order_completed, events.order_completed)`, true,
			`sequence("28d", events.order_completed, events.order_completed)`, false,
			`sequence(events.order_completed, events.order_completed, events.order_completed)`, true,
			`sequence(events.order_completed, events.order_completed, events.order_completed, events.order_completed)`, false, // the fourth is still to come
			`sequence("1d", events.email_opened, events.email_clicked)`, false, // s3 was opened and clicked in the same instant
			`sequence("30d", events.email_opened, events.email_clicked)`, true,
			`sequence("2d", events.email_sent, events.email_opened, events.email_opened)`, true,
			`sequence("1d", events.email_sent, events.email_opened, events.email_opened)`, false,
			`sequence(events.order_completed, events.cart_updated)`, false,
			`sequence(events.order_completed.since(profile.member_since), events.order_completed)`, absent,
			`sequence("7d", events.email_opened.within("10d"), events.order_completed.within("2d"))`, false,
			`sequence("8d", events.email_opened.within("10d"), events.order_completed.within("2d"))`, true,
			`events.order_completed.exists(o, sequence(events.email_sent.where(m, m.at < o.at), events.email_opened.where(m, m.at < o.at)))`, true,
		)},
		{"sets and numbers", cases(
			`sets.contains(profile.lucky, [7, 3, 3])`, true,
			`sets.contains(profile.lucky, [7, 4])`, false,
			`sets.contains(profile.lucky, [])`, true,
			`sets.contains(profile.dietary, [profile.phone])`, absent,
			`sets.intersects(profile.dietary, ["vegan", "nut_free"])`, true,
			`sets.intersects(profile.dietary, [])`, false,
			`sets.equivalent(profile.lucky, [7, 3])`, true,
			`sets.equivalent(profile.lucky, [7])`, false,
			`sets.contains(trait.skus, ["rye"])`, true,
			`sets.intersects([profile.store], ["mitte"])`, true,
			`math.abs(-3)`, 3.0,
			`math.round(2.5)`, 3.0,
			`math.round(-2.5)`, -3.0,
			`string(math.round(-0.4))`, "0",
			`math.floor(-2.5)`, -3.0,
			`math.ceil(2.1)`, 3.0,
			`math.least(profile.points, 3)`, 3.0,
			`math.greatest(profile.points, 3)`, 7.0,
			`math.greatest(profile.home.floor, 3)`, absent,
			`duration("36h") / duration("1d")`, 1.5,
			`profile.patience / duration("0s")`, absent,
			`distance_km(52.52, 13.405, 52.52, 13.405)`, 0.0,
			`distance_km(52.52, profile.longitude, 52.52, 13.405)`, absent,
		)},
		{"anniversaries", cases(
			`days_until(profile.birthday)`, 242.0, // 28 February 2027
			`days_until(date("1990-07-01"))`, 0.0,
			`days_until(date("1990-06-30"))`, 364.0,
			`days_until(date("2030-07-02"))`, 1.0,
			`days_until(date("1990-07-02"), "Pacific/Kiritimati")`, 0.0, // where it is the 2nd already
			`days_until(profile.birthday, profile.phone)`, absent,
			`days_until(profile.birthday, profile.email)`, absent, // no time zone
			`days_until(profile.member_since)`, absent,
			`anniversary(date("1990-07-01"))`, true,
			`anniversary(date("1990-07-01"), "Pacific/Kiritimati")`, false,
			`anniversary(profile.member_since)`, absent,
			`decay(duration("30d"), "30d")`, 0.5,
			`decay(duration("60d"), duration("30d"))`, 0.25,
			`decay(-duration("1d"), "1d")`, 1.0,
			`decay(duration("72h"), profile.patience)`, 0.25,
			`decay(profile.patience, profile.patience - duration("36h"))`, absent,
			`events.order_completed.where(o, o.gift).sum(o, 10 * decay(now - o.at, "30d"))`, 5.0,
		)},
		{"consent", cases(
			`consent.receipts.email.granted`, true,
			`consent.receipts.email.at`, ago(10*dayLong),
			`consent.receipts.email.source`, "form",
			`consent.weekly_special.email.granted`, false,
			`consent.weekly_special.email.source`, absent,
			`consent.receipts.sms.granted`, false,
			`consent.receipts.sms.at`, absent,
			`has(consent.receipts.sms.granted)`, true,
			`has(consent.receipts.sms.source)`, false,
			`now - consent.weekly_special.email.at < duration("7d")`, true,
		)},
		{"traits", cases(
			`trait.spent`, 50.5,
			`trait.score`, 20.05,
			`trait.warm`, true,
			`trait.warm && segment.vip`, true,
			`!trait.warm`, false,
			`trait.favourite`, "rye",
			`trait.skus`, []any{"rye", "spelt", "spelt"},
			`"rye" in trait.skus`, true,
			`trait.shop`, "altona",
			`trait.shop.hours`, "8-17",
			`trait.newest.cart_id`, "c1",
			`trait.newest.total`, absent,
			`trait.since`, ago(100*dayLong),
			`trait.bar > 3`, true,
			`trait.bar == trait.bar`, true,
			`profile.points < trait.bar`, true,
			`events.order_completed.exists(o, o.total < trait.spent && o.cart_id == trait.newest.cart_id)`, true,
			`profile.dietary.exists(o, trait.skus.exists(p, p == o || o == "vegan" && p == "rye"))`, true,
		)},
		{"catalogs, variables and objects", cases(
			`catalog.bread["rye"].price`, 4.2,
			`catalog.calendar[string(week_of(now))].loaf`, "Rye",
			`catalog.calendar[string(week_of(now) + 2)].loaf`, absent,
			`catalog.store[profile.store].hours`, "7-18",
			`catalog.bread["rye"]`, map[string]any{"sku": "rye", "price": 4.2},
			`variable.vip_spend`, 200.0,
			`variable.country == "DE"`, true,
			`variable.country == "FR" || profile.points > 3`, true,
			`local.flours`, []any{"rye", "spelt"},
			`local.week`, map[string]any{"loaf": "Rye", "price": 4.5},
			`local.week.loaf`, "Rye",
			`{"loaf": profile.home.city, "price": 3}`, map[string]any{"loaf": "Köln", "price": 3.0},
			`{"loaf": profile.phone, "price": 3}`, map[string]any{"price": 3.0}, // an absent field is left out
			`trigger.event.items[0].sku`, "rye",
			`{"a": {"b": 1, "c": "x"}, "d": profile.points}.a.c`, "x",
			`{"a": 1, "b": profile.email}.b`, "Ada@Example.com",
			`[{"a": 1, "b": "x"}, {"a": 2}].exists(o, o.b == "y")`, absent,
			`[{"a": 1, "b": "x"}, {"a": 2}].filter(o, o.a > 1)`, []any{map[string]any{"a": 2.0}},
			`[{"a": profile.points}, {"a": 2, "b": [profile.email]}][0].b`, []any{},
			`segment.vip ? {"loaf": "Rye", "price": profile.points} : local.week`, map[string]any{"loaf": "Rye", "price": 7.0},
			`events.order_completed.within("40d").first()`, map[string]any{"at": ago(30 * dayLong), "total": 50.5, "cart_id": "c2", "gift": true, "deliver_on": day(2026, 6, 3)},
		)},
	} {
		t.Run(group.name, func(t *testing.T) {
			env := newEnv(t)
			oracle, err := expr.NewOracle(env)
			require.NoError(t, err)
			for _, c := range group.cases {
				checked := mustCheck(t, env, c.src, journey, campaign.Type{})
				got, err := checked.Eval(ada(), noon)
				require.NoError(t, err)
				require.Equal(t, c.want, got.Any(), c.src)
				require.Equal(t, c.want != nil, got.Known(), c.src)
				if knownToDiffer(c.src) {
					continue
				}
				theirs, err := oracle.Eval(c.src, journey, ada(), noon)
				require.NoError(t, err)
				require.Equal(t, c.want, theirs.Any(), "cel-go: %s", c.src)
			}
		})
	}
}

type evalCase = struct {
	src  string
	want any
}

func cases(pairs ...any) []evalCase {
	var out []evalCase
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, evalCase{pairs[i].(string), pairs[i+1]})
	}
	return out
}

// knownToDiffer names what the Oracle does not know: that sets are equal in any
// order.
func knownToDiffer(src string) bool {
	return strings.HasPrefix(src, `profile.dietary == ["vegan", "vegan"]`)
}

// A stored value of another type than declared counts as absent, and nothing panics.
func TestEvalWrongTypes(t *testing.T) {
	env := newEnv(t)
	s := ada()
	for name := range s.attributes {
		s.attributes[name] = struct{}{}
	}
	s.events["order_completed"][0].Props = map[string]any{"total": "x", "cart_id": 3.0, "items": "none", "gift": 1, "shop": 3.0}
	s.events["order_completed"][1].Props = map[string]any{"items": []any{3.0, nil, "x"}, "cart_id": []any{}}
	for _, f := range expr.Functions() {
		checked := mustCheck(t, env, f.Example, journey, campaign.Type{})
		_, err := checked.Eval(s, noon)
		require.NoError(t, err)
	}
	for src, want := range map[string]any{
		`profile.points > 3`:                                               absent,
		`profile.lucky.exists(n, n > 3)`:                                   false,
		`size(profile.dietary)`:                                            0.0,
		`profile.home.city`:                                                absent,
		`profile.store.hours`:                                              absent,
		`events.order_completed.sum(o, o.total)`:                           0.0,
		`events.order_completed.exists(o, o.gift)`:                         absent,
		`events.order_completed.distinct(o, o.at)`:                         3.0,
		`events.order_completed.distinct(o, o.gift)`:                       0.0,
		`events.order_completed.exists(o, o.items.exists(i, i.price > 3))`: true,
	} {
		got, err := mustCheck(t, env, src, journey, campaign.Type{}).Eval(s, noon)
		require.NoError(t, err)
		require.Equal(t, want, got.Any(), src)
	}
}

// Nobody is known nothing of: no expression fails on them.
func TestEvalNobody(t *testing.T) {
	env := newEnv(t)
	for _, f := range expr.Functions() {
		checked := mustCheck(t, env, f.Example, journey, campaign.Type{})
		_, err := checked.Eval(expr.Nobody{}, noon)
		require.NoError(t, err)
	}
}

func TestUnsetVariables(t *testing.T) {
	c := mustCheck(t, newEnv(t), `profile.points > variable.later`, person, condition)
	require.Equal(t, []string{"variable.later"}, c.Unset())
	require.Equal(t, `profile.points > variable.later`, c.Text())
	_, err := c.Eval(ada(), noon)
	require.ErrorContains(t, err, "variable.later has no value")
	require.Equal(t, expr.Unknown, c.Test(ada(), noon))
}

// The validation of a variable asks about `value`.
func TestHolds(t *testing.T) {
	env, err := expr.NewEnv(expr.World{})
	require.NoError(t, err)
	number, list := typ("number"), typ("list(object({sku = string}))")
	c := mustCheck(t, env, `value > 0`, expr.Scope{Value: &number}, condition)
	require.True(t, c.Holds(3.0))
	require.False(t, c.Holds(-3.0))
	require.False(t, c.Holds(nil))
	c = mustCheck(t, env, `value.all(v, v.sku.startsWith("r"))`, expr.Scope{Value: &list}, condition)
	require.True(t, c.Holds([]any{map[string]any{"sku": "rye"}}))
	require.False(t, c.Holds([]any{map[string]any{"sku": "spelt"}}))
	_, problems := env.Check(`valeu > 0`, expr.Scope{Value: &number}, condition)
	require.Equal(t, `Did you mean "value"?`, problems[0].Fix)
}

func TestEvent(t *testing.T) {
	env := newEnv(t)
	s := ada()
	s.event = map[string]any{"at": noon, "cart_id": "c7", "items": []any{map[string]any{"sku": "rye"}}}
	key, err := mustCheck(t, env, `event.cart_id`, trigger, campaign.Of(campaign.String)).Eval(s, noon)
	require.NoError(t, err)
	require.Equal(t, "c7", key.Any())
	require.Equal(t, expr.True, mustCheck(t, env, `size(event.items) > 0 && event.at <= now`, trigger, condition).Test(s, noon))
	require.Equal(t, expr.False, mustCheck(t, env, `size(event.items) > 0`, trigger, condition).Test(ada(), noon))
	require.Equal(t, expr.Unknown, mustCheck(t, env, `event.cart_id == "c7"`, trigger, condition).Test(ada(), noon))
}
