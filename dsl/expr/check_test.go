package expr_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// Every example of the reference is an expression that passes and uses what it
// is an example of.
func TestFunctionExamples(t *testing.T) {
	env, seen := newEnv(t), map[string]bool{}
	for _, f := range expr.Functions() {
		require.False(t, seen[f.Name], "%s is listed twice", f.Name)
		seen[f.Name] = true
		checked := mustCheck(t, env, f.Example, journey, campaign.Type{})
		require.Contains(t, checked.Text()+f.Example, f.Name+"(")
		require.NotEmpty(t, f.Group)
		require.Contains(t, f.Signature, f.Name+"(")
		require.True(t, strings.HasSuffix(f.Doc, "."), f.Name)
	}
}

// Every name of the reference can be named where it says so.
func TestNameExamples(t *testing.T) {
	env, row, value := newEnv(t), typ("object({paid = string})"), typ("number")
	places := map[string]expr.Scope{"row": {Row: &row}, "value": {Value: &value}, "event": trigger}
	for _, n := range expr.Names() {
		sc, ok := places[n.Name]
		if !ok {
			sc = journey
		}
		mustCheck(t, env, n.Example, sc, condition)
		root, _, _ := strings.Cut(strings.Split(n.Name, ",")[0], ".")
		require.Contains(t, n.Example, root)
		require.True(t, strings.HasSuffix(n.Doc, "."), n.Name)
		require.NotEmpty(t, n.Where)
	}
}

// The conditions of the language's own example, in their places.
func TestLanguageExamples(t *testing.T) {
	env := newEnv(t)
	for _, c := range []struct {
		src  string
		sc   expr.Scope
		want campaign.Type
	}{
		{`topic.weekly_special.subscribed`, person, condition},
		{"\"gluten_free\" in profile.dietary\n  || events.order_completed.within(\"180d\").exists(o, o.items.exists(i, \"gluten_free\" in i.tags))\n", person, condition},
		{`events.order_completed.within('90d').sum(o, o.total) >= variable.vip_spend`, person, condition},
		{`events.order_completed.any() && events.order_completed.within('60d').none()`, person, condition},
		{`segment.vip`, person, condition},
		{`has(profile.store)`, person, condition},
		{`event.cart_id`, trigger, campaign.Of(campaign.String)},
		{`size(event.items) > 0`, trigger, condition},
		{`events.order_completed.since(journey.entered_at).exists(o, o.cart_id == trigger.event.cart_id)`, journey, condition},
		{`trigger.event`, journey, cartUpdated},
		{`step.reminder.opened || step.reminder.clicked`, journey, condition},
		{`!step.seen.met && reachable.sms`, journey, condition},
		{`has(profile.birthday) ? profile.birthday : profile.member_since`, person, campaign.Of(campaign.Date)},
		{"!segment.`win-back`", journey, condition},
		{`events.order_completed.since(journey.entered_at).any()`, journey, condition},
		{`segment.readers && !segment.vip`, person, condition},
		{`catalog.calendar[string(week_of(now))]`, person, typ("object({loaf = string})")},
	} {
		mustCheck(t, env, c.src, c.sc, c.want)
	}
}

func TestCanonicalText(t *testing.T) {
	env := newEnv(t)
	for src, want := range map[string]string{
		" profile.points>3.0 ":     `profile.points > 3`,
		`((profile.points)) > (3)`: `profile.points > 3`,
		`'vegan' in profile.dietary && (segment.vip && segment.readers)`: `"vegan" in profile.dietary && segment.vip && segment.readers`,
		`(segment.vip || segment.readers) && segment.vip`:                `(segment.vip || segment.readers) && segment.vip`,
		`segment.vip || (segment.readers && segment.vip)`:                `segment.vip || segment.readers && segment.vip`,
		`!(!segment.vip)`:                                               `segment.vip`,
		`!(segment.vip || true)`:                                        `!(segment.vip || true)`,
		`(1 + 2) + 3 > 1 + (2 + 3)`:                                     `1 + 2 + 3 > 1 + (2 + 3)`,
		`1 - (2 - 3) > -(-profile.points)`:                              `1 - (2 - 3) > profile.points`,
		`-(3) < - profile.points`:                                       `-3 < -profile.points`,
		`profile.points > 1e3`:                                          `profile.points > 1000`,
		`profile.points > 0x10`:                                         `profile.points > 16`,
		`profile.points > 1e20`:                                         `profile.points > 1e+20`,
		`r'\d' == profile.email`:                                        `"\\d" == profile.email`,
		"\"\"\"a\nb\"\"\" == profile.email":                             `"a\nb" == profile.email`,
		`"\u00e4\x41" == profile.email`:                                 `"äA" == profile.email`,
		`profile.email.size() > 3`:                                      `size(profile.email) > 3`,
		`events.order_completed.within('24h').any() // since yesterday`: `events.order_completed.within("1d").any()`,
		`events.order_completed.within(duration('36h')).any()`:          `events.order_completed.within("1d12h").any()`,
		`events.order_completed.within(variable.window).any()`:          `events.order_completed.within("90d").any()`,
		`profile.points > variable.vip_spend`:                           `profile.points > 200`,
		`variable.country == 'DE'`:                                      `true`,
		`profile.home.city in local.flours`:                             `profile.home.city in ["rye", "spelt"]`,
		`local.week.loaf == profile.email`:                              `"Rye" == profile.email`,
		`has(local.week)`:                                               `has({"loaf": "Rye", "price": 4.5})`,
		"segment.`vip`":                                                 `segment.vip`,
		"segment.`win-back`":                                            "segment.`win-back`",
		`catalog.store[profile.store].hours == "7"`:                     `profile.store.hours == "7"`,
		`profile.scores.a > 1`:                                          `profile.scores["a"] > 1`,
		`has(profile.scores['a'])`:                                      `has(profile.scores["a"])`,
		`profile.created_at > timestamp("2026-01-01T01:00:00+01:00")`:   `profile.created_at > timestamp("2026-01-01T00:00:00Z")`,
		`(segment.vip ? 1 : 2) > (segment.readers ? 3 : 4)`:             `(segment.vip ? 1 : 2) > (segment.readers ? 3 : 4)`,
		`segment.vip ? (segment.readers ? true : false) : (segment.readers ? false : true)`: `segment.vip ? (segment.readers ? true : false) : segment.readers ? false : true`,
		`(profile.points > 3) == (profile.points in [4])`:                                   `profile.points > 3 == (profile.points in [4])`,
		`duration('1d') + now > now`:                                                        `now + duration("1d") > now`,
		`[1, 2.0, profile.points].exists(n, n > 3)`:                                         `[1, 2, profile.points].exists(n, n > 3)`,
		`events.order_completed.exists(order, order.total > 3)`:                             `events.order_completed.exists(order, order.total > 3)`,
	} {
		got := mustCheck(t, env, src, journey, condition)
		require.Equal(t, want, got.Text(), src)
		again := mustCheck(t, env, got.Text(), journey, condition)
		require.Equal(t, got.Text(), again.Text())
		require.Equal(t, campaign.Expr{Text: want, Type: condition, Reads: got.Reads()}, got.Expr())
	}
}

func TestReads(t *testing.T) {
	env := newEnv(t)
	for src, want := range map[string]campaign.Reads{
		`profile.points > 3 && profile.email != "" && profile.points < 9`: {Attributes: []string{"email", "points"}},
		`events.order_completed.any()`:                                    {Events: []string{"order_completed"}},
		`events.order_completed.within("3d").any()`:                       {Events: []string{"order_completed"}, Time: true},
		`events.order_completed.since(journey.entered_at).none()`:         {Events: []string{"order_completed"}, Time: true},
		`events.order_completed.where(o, o.at < now).any()`:               {Events: []string{"order_completed"}, Time: true},
		`age(profile.birthday) > 18`:                                      {Attributes: []string{"birthday"}, Time: true},
		`segment.vip && !segment.readers`:                                 {Segments: []string{"readers", "vip"}},
		`topic.receipts.subscribed && reachable.email`:                    {Topics: []string{"receipts"}, Reachable: true},
		`profile.store.hours == "7"`:                                      {Attributes: []string{"store"}, Catalogs: []string{"store"}},
		`step.seen.met || step.reminder.opened`:                           {Steps: []string{"reminder", "seen"}},
		`trigger.event.cart_id == "c"`:                                    {},
		`consent.receipts.sms.granted`:                                    {Topics: []string{"receipts"}},
		`events.order_completed.gap() > duration("3d")`:                   {Events: []string{"order_completed"}, Time: true},
		`events.order_completed.frequency("3d") > 3`:                      {Events: []string{"order_completed"}, Time: true},
		`events.order_completed.share(o, o.gift) > 0.5`:                   {Events: []string{"order_completed"}},
		`sequence(events.order_completed, events.cart_updated)`:           {Events: []string{"cart_updated", "order_completed"}},
		`click_rate("3d") > 0.5`:                                          {Events: []string{"email_clicked", "email_sent"}, Time: true},
		`anniversary(profile.birthday)`:                                   {Attributes: []string{"birthday"}, Time: true},
		`trait.favourite == "rye"`:                                        {Events: []string{"order_completed"}, Traits: []string{"favourite"}},
	} {
		require.Equal(t, want, mustCheck(t, env, src, journey, condition).Reads(), src)
	}
}

func TestTypes(t *testing.T) {
	env := newEnv(t)
	for src, want := range map[string]string{
		`profile.email`:                                           "string",
		`profile.dietary`:                                         "set(string)",
		`profile.store`:                                           "ref(catalog.store)",
		`profile.store.seats`:                                     "number",
		`profile.birthday`:                                        "date",
		`now - profile.created_at`:                                "duration",
		`now + duration("1d")`:                                    "time",
		`profile.birthday - profile.member_since`:                 "duration",
		`events.order_completed.count()`:                          "number",
		`events.order_completed.max(o, o.at)`:                     "time",
		`events.order_completed.last().cart_id`:                   "string",
		`trigger.event`:                                           cartUpdated.String(),
		`catalog.bread["rye"]`:                                    "object({price? = number, sku? = string})",
		`profile.lucky.filter(n, n > 3)`:                          "list(number)",
		`profile.lucky.map(n, string(n))`:                         "list(string)",
		`profile.dietary + profile.dietary`:                       "list(string)",
		`segment.vip ? [] : profile.lucky`:                        "list(number)",
		`{"loaf": "Rye", "price": profile.points}`:                "object({loaf = string, price = number})",
		`events.order_completed.gap()`:                            "duration",
		`events.order_completed.top(o, o.shop)`:                   "ref(catalog.store)",
		`events.order_completed.flat(o, o.items)`:                 "list(object({category = string, price = number, quantity = number, sku = string, tags = set(string)}))",
		`events.order_completed.flat(o, o.items.map(i, i.price))`: "list(number)",
		`profile.patience / profile.patience`:                     "number",
		`consent.receipts.email.at`:                               "time",
		`trait.newest`:                                            bakery().Events[0].Type().String(),
		`[]`:                                                      "list(any)",
	} {
		require.Equal(t, want, mustCheck(t, env, src, journey, campaign.Type{}).Type().String(), src)
	}
}

// What a place wants is met by a value that can do the same.
func TestWant(t *testing.T) {
	env := newEnv(t)
	for _, c := range []struct {
		src, want string
		fits      bool
	}{
		{`profile.store`, "string", true},
		{`profile.store`, "ref(catalog.store)", true},
		{`profile.store`, "ref(catalog.bread)", false},
		{`profile.email`, "ref(catalog.store)", false},
		{`profile.dietary`, "list(string)", true},
		{`profile.lucky`, "set(number)", true},
		{`profile.lucky`, "set(string)", false},
		{`[]`, "set(string)", true},
		{`profile.scores`, "map(number)", true},
		{`{"a": 1}`, "map(number)", true},
		{`{"a": 1}`, "map(string)", false},
		{`{"a": 1, "b": "x"}`, "object({a = number, b = string, c? = bool})", true},
		{`{"a": 1}`, "object({a = number, b = string})", false},
		{`{"a": "x"}`, "object({a = number})", false},
		{`events.cart_updated.last()`, cartUpdated.String(), true},
		{`events.order_completed.last()`, cartUpdated.String(), false},
		{`now`, "date", false},
		{`now`, "any", true},
	} {
		checked, problems := env.Check(c.src, journey, typ(c.want))
		require.Equal(t, c.fits, checked != nil, "%s as %s: %v", c.src, c.want, problems)
	}
}

// What looks at a declaration that is in error neither passes nor fails: what is
// wrong has been said.
func TestDeclarationsInError(t *testing.T) {
	w := bakery()
	w.Profile = append(w.Profile, campaign.Attribute{Name: "broken"}, campaign.Attribute{Name: "shop", Type: campaign.RefTo("nowhere")})
	w.Variables["broken"] = expr.Const{}
	w.Variables["unclear"] = expr.Const{Type: campaign.Of(campaign.Any)}
	env, err := expr.NewEnv(w)
	require.NoError(t, err)
	for _, src := range []string{
		`profile.broken`, `profile.broken > 3 && profile.points > 3`, `profile.broken.x.y == "a"`, `profile.broken.exists(b, b.c > 3)`,
		`profile.shop.hours == "7"`, `variable.broken == 3`, `variable.unclear.startsWith("a")`, `has(profile.broken)`, `[profile.broken]`,
		`{"a": profile.broken}`, `events.order_completed.within(variable.unclear).any()`, `profile.broken ? 1 : 2`,
		`events.order_completed.where(o, o.total > profile.broken).any()`, `profile.lucky[profile.broken]`,
	} {
		checked, problems := env.Check(src, journey, campaign.Type{})
		require.Nil(t, checked, src)
		require.Empty(t, problems, src)
	}
	_, problems := env.Check(`profile.broken > 3 && profile.nope > 3`, journey, condition)
	require.Len(t, problems, 1)
}

func TestNewEnvRefusesTwins(t *testing.T) {
	w := bakery()
	w.Profile = append(w.Profile, campaign.Attribute{Name: "email", Type: typ("string")})
	_, err := expr.NewEnv(w)
	require.ErrorContains(t, err, `two attributes "email"`)
	w = bakery()
	w.Events = append(w.Events, w.Events[0])
	_, err = expr.NewEnv(w)
	require.ErrorContains(t, err, `two events "order_completed"`)
	w = bakery()
	w.Catalogs = append(w.Catalogs, w.Catalogs[0])
	_, err = expr.NewEnv(w)
	require.ErrorContains(t, err, `two catalogs "store"`)
}

func TestRow(t *testing.T) {
	env := newEnv(t)
	row, ok := env.Row("bread", "rye")
	require.True(t, ok)
	require.Equal(t, map[string]any{"sku": "rye", "price": 4.2}, row)
	_, ok = env.Row("bread", "none")
	require.False(t, ok)
	_, ok = env.Row("none", "rye")
	require.False(t, ok)
}

// Limits are far above what is written by hand, and end in a Problem.
func TestLimits(t *testing.T) {
	env := newEnv(t)
	many := strings.TrimSuffix(strings.Repeat(`profile.email == "a" || `, 300), " || ")
	mustCheck(t, env, many, person, condition)
	for name, src := range map[string]string{
		"long":      strings.Repeat(" ", 20_001) + "true",
		"nodes":     "[" + strings.Repeat("1,", 9_990) + "1].exists(n, n > 3)",
		"deep":      strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200),
		"deep sum":  strings.Repeat("1 + ", 200) + "1 > 3",
		"nested":    nestedFolds(9),
		"histories": `events.order_completed.exists(a, events.order_completed.exists(b, events.order_completed.exists(c, true)))`,
	} {
		checked, problems := env.Check(src, person, condition)
		require.Nil(t, checked, name)
		require.Len(t, problems, 1, name)
		require.Equal(t, expr.CodeCost, problems[0].Code, name)
	}
}

func nestedFolds(n int) string {
	return strings.Repeat("[1].exists(a, ", n) + "true" + strings.Repeat(")", n)
}

func TestConcurrentUse(t *testing.T) {
	env := newEnv(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				sc := journey
				sc.Steps = append([]expr.StepVar{{Name: fmt.Sprint("step", j%5), Kind: expr.StepSend}}, sc.Steps...)
				number := typ(fmt.Sprintf("object({n%d = number})", j%3))
				sc.Value = &number
				c, problems := env.Check(fmt.Sprintf(`profile.points > %d && step.step%d.opened && value.n%d > 3`, i*50+j, j%5, j%3), sc, condition)
				if len(problems) > 0 {
					t.Error(problems)
					return
				}
				c.Test(ada(), noon)
				env.Check(`profile.nope > 3`, sc, condition)
			}
		})
	}
	wg.Wait()
}

// The tree is there for other evaluators, and has no types of a parser.
func TestNode(t *testing.T) {
	c := mustCheck(t, newEnv(t), `events.order_completed.within("90d").where(o, o.total > 3).sum(o, o.total) >= variable.vip_spend`, person, condition)
	n := c.Node().(*ir.Compare)
	require.Equal(t, ir.Ge, n.Op)
	require.Equal(t, 200.0, n.R.(*ir.Const).Value)
	require.Equal(t, "variable.vip_spend", n.R.(*ir.Const).From)
	sum := n.L.(*ir.Fold)
	require.Equal(t, ir.FoldSum, sum.Op)
	require.Equal(t, 0, sum.Var.Slot)
	history := sum.Over.(*ir.History)
	require.Equal(t, "order_completed", history.Event)
	require.Equal(t, 90*dayLong, history.Filters[0].(*ir.Within).Duration())
	require.Equal(t, "total", history.Filters[1].(*ir.Where).Cond.(*ir.Compare).L.(*ir.Field).Name)
	require.Greater(t, c.Cost(), 1000.0)
}
