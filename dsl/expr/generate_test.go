package expr_test

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// generator writes expressions that are well typed, in the scope journey.
type generator struct {
	*rapid.T
	events []string // variables that stand for an order
	items  []string // for an item of an order
	words  []string // for a string
	depth  int
}

func (g *generator) pick(alternatives ...func() string) string {
	return alternatives[rapid.IntRange(0, len(alternatives)-1).Draw(g.T, "alternative")]()
}

func (g *generator) one(of ...string) string { return rapid.SampledFrom(of).Draw(g.T, "one") }

func always(s string) func() string { return func() string { return s } }

// shallow cuts recursion: past some depth only the first n alternatives, which
// are leaves, remain.
func (g *generator) shallow(n int, alternatives ...func() string) string {
	if g.depth <= 0 {
		alternatives = alternatives[:n]
	}
	g.depth--
	defer func() { g.depth++ }()
	return g.pick(alternatives...)
}

func (g *generator) bool() string {
	return g.shallow(6,
		always("profile.wholesale"),
		func() string { return g.one("segment.vip", "segment.readers", "segment.`win-back`") },
		func() string { return g.one("topic.receipts.subscribed", "reachable.email", "reachable.sms") },
		func() string { return g.one("step.reminder.opened", "step.seen.met", "true", "false") },
		func() string {
			return "has(" + g.one("profile.birthday", "profile.dietary", "profile.store", "profile.home.city", "profile.wholesale", "profile.first_name", "step.reminder.at", "trigger.event.items", "profile.scores") + ")"
		},
		func() string { return g.history() + g.one(".any()", ".none()") },
		func() string { return "!" + g.operand(g.bool) },
		func() string { return g.operand(g.bool) + g.one(" && ", " || ") + g.operand(g.bool) },
		func() string {
			return g.operand(g.bool) + g.one(" && ", " || ") + g.operand(g.bool) + g.one(" && ", " || ") + g.operand(g.bool)
		},
		func() string { return "(" + g.bool() + " ? " + g.bool() + " : " + g.bool() + ")" },
		func() string { return g.compare(g.number) },
		func() string { return g.compare(g.text) },
		func() string { return g.compare(g.date) },
		func() string { return g.compare(g.time) },
		func() string { return g.compare(g.duration) },
		func() string { return g.operand(g.bool) + g.one(" == ", " != ") + g.operand(g.bool) },
		func() string { return g.operand(g.text) + " in " + g.texts() },
		func() string { return g.operand(g.number) + " in " + g.numbers() },
		func() string { return "profile.store" + g.one(" == ", " != ") + g.operand(g.text) },
		func() string {
			return g.operand(g.text) + g.one(".contains(", ".startsWith(", ".endsWith(") + g.text() + ")"
		},
		func() string { return "profile.email.matches('^[a-m]')" },
		func() string { return g.overOrders(g.history()+g.one(".exists", ".all", ".exists_one"), g.bool) },
		func() string { return g.overItems(g.itemList()+g.one(".exists", ".all", ".exists_one"), g.bool) },
		func() string { return g.overWords(g.texts()+g.one(".exists", ".all", ".exists_one"), g.bool) },
		func() string { return "has(" + g.pick(g.number, g.text, g.date, g.time, g.duration, g.bool) + ")" },
		func() string { return "profile.lucky" + g.one(" == ", " != ") + g.numbers() },
	)
}

func (g *generator) operand(of func() string) string {
	s := of()
	if strings.Contains(s, " ") {
		return "(" + s + ")"
	}
	return s
}

func (g *generator) compare(of func() string) string {
	return g.operand(of) + g.one(" == ", " != ", " < ", " <= ", " > ", " >= ") + g.operand(of)
}

func (g *generator) number() string {
	leaves := []func() string{
		always("profile.points"),
		func() string { return g.one("0", "1", "2.5", "20", "variable.vip_spend", "local.week.price", "-3") },
		func() string {
			return g.one("profile.home.floor", "profile.store.seats", "profile.scores.a", "profile.scores['b']", "profile.lucky[1]")
		},
		func() string { return g.history() + ".count()" },
	}
	if len(g.events) > 0 {
		leaves = append(leaves, func() string { return g.one(g.events...) + ".total" })
	}
	if len(g.items) > 0 {
		leaves = append(leaves, func() string { return g.one(g.items...) + g.one(".price", ".quantity") })
	}
	return g.shallow(len(leaves), append(leaves,
		func() string {
			return g.operand(g.number) + g.one(" + ", " - ", " * ", " / ", " % ") + g.operand(g.number)
		},
		func() string { return "-" + g.operand(g.number) },
		func() string { return "(" + g.bool() + " ? " + g.number() + " : " + g.number() + ")" },
		func() string { return g.overOrders(g.history()+g.one(".sum", ".avg", ".min", ".max"), g.number) },
		func() string { return g.overOrders(g.history()+".count", g.bool) },
		func() string {
			return g.overOrders(g.history()+".distinct", g.text, g.number)
		},
		func() string { return g.overItems(g.itemList()+g.one(".sum", ".avg", ".min", ".max"), g.number) },
		func() string { return g.history() + g.one(".first().total", ".last().total", ".last().items[0].price") },
		func() string { return "size(" + g.pick(g.text, g.texts, g.numbers, g.itemList) + ")" },
		func() string {
			return g.one("year", "month", "day", "weekday", "week_of") + "(" + g.pick(g.date, g.time) + ")"
		},
		func() string { return "hour(" + g.time() + ", " + g.one("'Europe/Berlin'", "profile.timezone") + ")" },
		func() string { return "age(" + g.date() + ")" },
		func() string { return g.one("int", "double") + "(" + g.pick(g.number, g.text) + ")" },
		func() string { return "catalog.bread[" + g.text() + "].price" },
	)...)
}

func (g *generator) text() string {
	leaves := []func() string{
		func() string {
			return g.one("profile.email", "profile.first_name", "profile.plan", "profile.home.city", "trigger.event.cart_id")
		},
		func() string {
			return g.one(`"rye"`, `"c1"`, `"7"`, "variable.country", "local.week.loaf", "local.flours[0]", "profile.store.hours", `""`)
		},
	}
	if len(g.events) > 0 {
		leaves = append(leaves, func() string { return g.one(g.events...) + g.one(".cart_id", ".shop.hours") })
	}
	if len(g.items) > 0 {
		leaves = append(leaves, func() string { return g.one(g.items...) + ".sku" })
	}
	if len(g.words) > 0 {
		leaves = append(leaves, func() string { return g.one(g.words...) })
	}
	return g.shallow(len(leaves), append(leaves,
		func() string { return g.operand(g.text) + " + " + g.operand(g.text) },
		func() string { return g.operand(g.text) + g.one(".lowerAscii()", ".upperAscii()", ".trim()") },
		func() string { return "(" + g.bool() + " ? " + g.text() + " : " + g.text() + ")" },
		func() string {
			return "string(" + g.pick(g.number, g.bool, g.date, g.time, g.duration, always("profile.store")) + ")"
		},
		func() string { return "catalog.store[" + g.pick(g.text, always("profile.store")) + "].hours" },
		func() string { return g.overOrders(g.history()+g.one(".min", ".max"), g.text) },
		func() string { return g.history() + ".last().cart_id" },
	)...)
}

func (g *generator) date() string {
	leaves := []func() string{
		func() string {
			return g.one("profile.birthday", "profile.member_since", `date("2026-07-01")`, `date("2000-02-29")`)
		},
	}
	if len(g.events) > 0 {
		leaves = append(leaves, func() string { return g.one(g.events...) + ".deliver_on" })
	}
	return g.shallow(len(leaves), append(leaves,
		func() string { return "date(" + g.time() + ")" },
		func() string { return "date(" + g.time() + ", profile.timezone)" },
		func() string { return g.operand(g.date) + g.one(" + ", " - ") + g.operand(g.duration) },
		func() string { return "(" + g.bool() + " ? " + g.date() + " : " + g.date() + ")" },
		func() string { return g.overOrders(g.history()+g.one(".min", ".max"), g.date) },
	)...)
}

func (g *generator) time() string {
	leaves := []func() string{
		func() string {
			return g.one("now", "profile.created_at", "journey.entered_at", "trigger.event.at", "step.reminder.at", `timestamp("2026-06-01T00:00:00Z")`)
		},
	}
	if len(g.events) > 0 {
		leaves = append(leaves, func() string { return g.one(g.events...) + g.one(".at", ".placed") })
	}
	return g.shallow(len(leaves), append(leaves,
		func() string { return g.operand(g.time) + g.one(" + ", " - ") + g.operand(g.duration) },
		func() string { return g.operand(g.duration) + " + " + g.operand(g.time) },
		func() string { return g.history() + g.one(".first().at", ".last().at") },
		func() string { return g.overOrders(g.history()+g.one(".min", ".max"), g.time) },
	)...)
}

func (g *generator) duration() string {
	leaves := []func() string{
		func() string {
			return g.one("profile.patience", `duration("30d")`, `duration("2d12h")`, "variable.window", "-variable.window")
		},
	}
	if len(g.events) > 0 {
		leaves = append(leaves, func() string { return g.one(g.events...) + ".took" })
	}
	return g.shallow(len(leaves), append(leaves,
		func() string { return g.operand(g.time) + " - " + g.operand(g.time) },
		func() string { return g.operand(g.date) + " - " + g.operand(g.date) },
		func() string { return g.operand(g.duration) + g.one(" + ", " - ") + g.operand(g.duration) },
	)...)
}

func (g *generator) texts() string {
	return g.shallow(3,
		always("profile.dietary"),
		func() string { return g.one("local.flours", `["vegan", "rye"]`, "local.nobody") },
		func() string { return "[" + g.text() + ", " + g.text() + "]" },
		func() string { return g.overWords(g.operand(g.texts)+".filter", g.bool) },
		func() string { return g.overWords(g.operand(g.texts)+".map", g.text) },
		func() string { return g.overItems(g.itemList()+".map", g.text) },
		func() string { return "(" + g.texts() + " + " + g.texts() + ")" },
	)
}

func (g *generator) numbers() string {
	return g.shallow(2,
		always("profile.lucky"),
		always("[1, 2.5, 20]"),
		func() string { return "[" + g.number() + ", 1]" },
		func() string { return g.overItems(g.itemList()+".map", g.number) },
	)
}

func (g *generator) itemList() string {
	if len(g.events) > 0 {
		return g.one(g.events...) + ".items"
	}
	return g.one("events.order_completed.last().items", "events.order_completed.first().items")
}

func (g *generator) history() string {
	s := "events.order_completed"
	if g.depth <= 0 {
		return s
	}
	return s + g.pick(always(""), always(""),
		func() string { return g.one(`.within("30d")`, `.within("12h")`, ".within(variable.window)") },
		func() string { return ".since(" + g.pick(g.time, g.date) + ")" },
		func() string { return g.overOrders(".where", g.bool) },
		func() string { return g.overOrders(".where", g.bool) + `.within("60d")` },
	)
}

// over writes method(v, body), v being one more of the variables.
func (g *generator) over(vars *[]string, prefix, method string, bodies ...func() string) string {
	g.depth--
	defer func() { g.depth++ }()
	v := fmt.Sprintf("%s%d", prefix, len(g.events)+len(g.items)+len(g.words))
	*vars = append(*vars, v)
	s := method + "(" + v + ", " + g.pick(bodies...) + ")"
	*vars = (*vars)[:len(*vars)-1]
	return s
}

func (g *generator) overOrders(method string, bodies ...func() string) string {
	return g.over(&g.events, "o", method, bodies...)
}

func (g *generator) overItems(method string, bodies ...func() string) string {
	return g.over(&g.items, "i", method, bodies...)
}

func (g *generator) overWords(method string, bodies ...func() string) string {
	return g.over(&g.words, "w", method, bodies...)
}

// drawSomeone makes up a person of whom much is unknown.
func drawSomeone(t *rapid.T) *someone {
	s := &someone{attributes: map[string]any{}, events: map[string][]expr.EventRow{}, segments: map[string]expr.Truth{},
		topics: map[string]bool{}, channels: map[string]bool{}, steps: map[string]any{}, trigger: drawCart(t)}
	maybe(t, s.attributes, "email", "ada@example.com", "Zoe@example.com")
	maybe(t, s.attributes, "first_name", "Ada", " rye ")
	maybe(t, s.attributes, "plan", "free", "club")
	maybe(t, s.attributes, "timezone", "Europe/Berlin", "America/New_York", "Atlantis")
	maybe(t, s.attributes, "created_at", ago(400*dayLong), ago(time.Hour))
	maybe(t, s.attributes, "birthday", campaign.CivilDate{Year: 2000, Month: 2, Day: 29}, campaign.CivilDate{Year: 1990, Month: 7, Day: 1})
	maybe(t, s.attributes, "member_since", campaign.CivilDate{Year: 2026, Month: 6, Day: 15})
	maybe(t, s.attributes, "dietary", []any{}, []any{"vegan"}, []any{"vegan", "gluten_free"})
	maybe(t, s.attributes, "points", 0.0, 1.0, 2.5, 20.0, -4.0)
	maybe(t, s.attributes, "wholesale", true, false)
	maybe(t, s.attributes, "patience", 30*dayLong, time.Hour)
	maybe(t, s.attributes, "lucky", []any{}, []any{1.0, 20.0})
	maybe(t, s.attributes, "scores", map[string]any{"a": 1.0}, map[string]any{})
	maybe(t, s.attributes, "store", "mitte", "altona", "gone")
	maybe(t, s.attributes, "home", map[string]any{"city": "Berlin", "floor": 2.0}, map[string]any{"city": "Köln"})
	maybe(t, s.steps, "reminder.opened", true, false)
	maybe(t, s.steps, "reminder.at", ago(time.Hour))
	maybe(t, s.steps, "seen.met", true, false)
	for _, label := range []string{"vip", "readers", "win-back"} {
		s.segments[label] = rapid.SampledFrom([]expr.Truth{expr.Unknown, expr.False, expr.True}).Draw(t, label)
	}
	s.topics["receipts"] = rapid.Bool().Draw(t, "receipts")
	s.channels["email"] = rapid.Bool().Draw(t, "email")
	if rapid.Bool().Draw(t, "entered") {
		s.entered = ago(3 * dayLong)
	}
	s.events["order_completed"] = drawOrders(t)
	return s
}

func maybe(t *rapid.T, into map[string]any, name string, values ...any) {
	if i := rapid.IntRange(0, len(values)).Draw(t, name); i < len(values) {
		into[name] = values[i]
	}
}

func drawCart(t *rapid.T) map[string]any {
	cart := map[string]any{"at": ago(3 * dayLong)}
	maybe(t, cart, "cart_id", "c1", "c2")
	maybe(t, cart, "items", []any{}, []any{map[string]any{"sku": "rye", "price": 4.0}})
	return cart
}

func drawOrders(t *rapid.T) []expr.EventRow {
	ages := []time.Duration{400 * dayLong, 90 * dayLong, 30 * dayLong, 12 * time.Hour, 0, -time.Hour}
	var rows []expr.EventRow
	for _, age := range ages {
		if !rapid.Bool().Draw(t, "order") {
			continue
		}
		props := map[string]any{}
		maybe(t, props, "total", 0.0, 2.5, 20.0, 150.0)
		maybe(t, props, "cart_id", "c1", "c2")
		maybe(t, props, "deliver_on", campaign.CivilDate{Year: 2026, Month: 7, Day: 2})
		maybe(t, props, "placed", ago(age+time.Minute))
		maybe(t, props, "took", time.Hour, 40*dayLong)
		maybe(t, props, "shop", "mitte", "gone")
		maybe(t, props, "items", []any{},
			[]any{map[string]any{"sku": "rye", "price": 4.0, "quantity": 2.0}, map[string]any{"sku": "spelt"}})
		rows = append(rows, expr.EventRow{At: ago(age), Props: props})
	}
	return rows
}
