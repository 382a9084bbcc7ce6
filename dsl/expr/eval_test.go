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
		}},
		segments: map[string]expr.Truth{"vip": expr.True, "readers": expr.False, "win-back": expr.Unknown},
		topics:   map[string]bool{"receipts": true},
		channels: map[string]bool{"email": true},
		entered:  ago(30 * dayLong),
		trigger:  map[string]any{"at": ago(30 * dayLong), "cart_id": "c2", "items": []any{rye}},
		steps:    map[string]any{"reminder.at": ago(dayLong), "reminder.opened": true, "seen.met": false},
	}
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
// order, and that an object may lack a field.
func knownToDiffer(src string) bool {
	return strings.HasPrefix(src, `profile.dietary == ["vegan", "vegan"]`) || strings.HasPrefix(src, "{")
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
