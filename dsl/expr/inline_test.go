package expr_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// A worker has canonical texts, and no variables: whatever value a variable has,
// the text in which it stands for itself passes there, to the same text, and
// gives the same.
func TestVariablesBecomeValues(t *testing.T) {
	w := bakery()
	w.Variables = map[string]expr.Const{}
	for name, c := range map[string]struct {
		t string
		v any
	}{
		"text":    {"string", "a \"quoted\"\n\\ text ${x}"},
		"empty":   {"string", ""},
		"big":     {"number", 1e300},
		"small":   {"number", -0.000000012},
		"yes":     {"bool", true},
		"day":     {"date", campaign.CivilDate{Year: 2026, Month: 3, Day: 4}},
		"instant": {"time", time.Date(2026, 3, 4, 5, 6, 7, 80_000, time.UTC)},
		"while":   {"duration", 2*dayLong + time.Second},
		"names":   {"list(string)", []any{"rye", "vegan"}},
		"nobody":  {"list(string)", []any{}},
		"set":     {"set(string)", []any{"vegan"}},
		"days":    {"list(date)", []any{campaign.CivilDate{Year: 2000, Month: 2, Day: 29}}},
		"prices":  {"map(number)", map[string]any{"a": 1.0, "vegan": 2.0}},
		"nothing": {"map(number)", map[string]any{}},
		"offers":  {"list(object({name = string, price = number}))", []any{map[string]any{"name": "a", "price": 3.0}, map[string]any{"name": "b"}}},
		"none":    {"list(object({name = string, items = list(string)}))", []any{}},
		"week":    {"object({loaf = string, price = number})", map[string]any{"loaf": "Rye", "price": 4.5}},
		"shop":    {"ref(catalog.store)", "mitte"},
	} {
		w.Variables[name] = expr.Const{Type: typ(c.t), Value: c.v, Known: true}
	}
	env, err := expr.NewEnv(w)
	require.NoError(t, err)
	w.Variables = nil
	worker, err := expr.NewEnv(w)
	require.NoError(t, err)
	for _, src := range []string{
		`profile.email == variable.text`, `profile.email.contains(variable.empty)`, `profile.points < variable.big && profile.points > variable.small`,
		`profile.points < -variable.small`, `profile.wholesale == variable.yes`, `variable.yes`, `!variable.yes || variable.yes`,
		`profile.birthday < variable.day`, `profile.created_at < variable.instant`, `now - profile.created_at > variable.while`,
		`events.order_completed.within(variable.while).any()`, `events.order_completed.since(variable.day).any()`,
		`-variable.while < profile.patience`, `"vegan" in variable.names`, `profile.first_name in variable.nobody`, `variable.nobody.exists(n, n == profile.email)`,
		`variable.names.exists(n, n in profile.dietary)`, `profile.dietary == variable.set`, `variable.set == profile.dietary`, `variable.set == ["vegan"]`,
		`profile.birthday in variable.days`, `variable.prices["a"] > 0`, `variable.prices.vegan > 0`, `variable.prices["none"] > 0`, `has(variable.prices.none)`,
		`profile.dietary.exists(d, variable.prices[d] > 1)`, `variable.prices[profile.plan] > 1`, `"a" in variable.prices`, `profile.plan in variable.prices`,
		`size(variable.prices) == 2`, `variable.nothing["a"] > 1`, `variable.nothing[profile.plan] > 1`, `profile.plan in variable.nothing`, `size(variable.nothing) > 0`,
		`variable.offers.exists(o, o.price < profile.points)`, `variable.offers[0].name == profile.email`, `variable.offers.sum(o, o.price) > 2`,
		`variable.none.exists(o, o.name == "a" && o.items.exists(i, i == "b") && "c" in o.items)`, `variable.none[0].name == "a"`, `size(variable.none) == 0`,
		`variable.none.sum(o, size(o.items) + 1) == 0`, `variable.none.all(o, o.name.startsWith("a"))`, `variable.none.map(o, o.name) == profile.dietary`,
		`variable.week.loaf == profile.email`, `variable.week.price > 4`, `has(variable.week)`, `has(variable.week.loaf)`,
		`variable.shop == profile.store`, `variable.shop.hours == "7-18"`, `string(variable.shop) == "mitte"`, `variable.shop in ["mitte"]`, `catalog.store[variable.shop].seats > 3`,
		`variable.text == "x" || variable.big == variable.small || variable.shop == "altona"`, `(segment.vip ? variable.nobody : variable.names) == ["rye"]`,
		`profile.dietary + variable.nobody.map(n, n + n) == ["vegan"]`, `variable.nobody.filter(n, n != "").map(n, [n + n]).exists(n, n == ["a"])`, `(variable.names + variable.nobody) == ["rye", "vegan"]`, `profile.email.matches(variable.empty)`, `variable.text.size() > 3`,
		`date(now, variable.empty) == variable.day || true`,
	} {
		checked, problems := env.Check(src, journey, condition)
		if len(problems) > 0 {
			require.Contains(t, src, "date(now, variable.empty)", "%v", problems) // no time zone, and that is said
			continue
		}
		again := mustCheck(t, worker, checked.Text(), journey, condition)
		require.Equal(t, checked.Text(), again.Text())
		require.Equal(t, checked.Test(ada(), noon), again.Test(ada(), noon), src)
	}
}

// What holds values of several types is not looked into.
func TestMixedValues(t *testing.T) {
	w := bakery()
	w.Locals["mixed"] = expr.Const{Type: typ("list(any)"), Value: []any{1.0, "a"}, Known: true}
	w.Locals["empty"] = expr.Const{Type: typ("list(any)"), Value: []any{}, Known: true}
	w.Locals["deep"] = expr.Const{Type: typ("object({a = list(list(any))})"), Value: map[string]any{"a": []any{[]any{1.0, "a"}}}, Known: true}
	env, err := expr.NewEnv(w)
	require.NoError(t, err)
	for _, src := range []string{`size(local.mixed) > 1`, `has(local.deep)`} {
		_, problems := env.Check(src, person, condition)
		require.Len(t, problems, 1, src)
		require.Contains(t, problems[0].Detail, "holds values of several types")
	}
	mustCheck(t, env, `size(local.empty) == 0`, person, condition)
}
