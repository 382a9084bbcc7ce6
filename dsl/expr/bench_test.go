package expr_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Ordinary conditions of segments, after LANGUAGE.md.
var ordinary = []struct{ name, src string }{
	{"attribute", `profile.points > %d`},
	{"three attributes", `profile.plan == "club" && profile.points >= %d && "vegan" in profile.dietary`},
	{"sum over 90 days", `events.order_completed.within("90d").sum(o, o.total) >= %d`},
	{"lapsed", `events.order_completed.any() && events.order_completed.within("%dd").none()`},
	{"sequence", `sequence("7d", events.cart_updated, events.order_completed.where(o, o.total > %d))`},
	{"favourite", `events.order_completed.top(o, o.cart_id, o.total) == "c%d"`},
	{"trait", `trait.spent > %d`},
	{"decayed points", `events.order_completed.within("90d").sum(o, 10 * decay(now - o.at, "30d")) >= %d`},
	{"items of orders", `events.order_completed.within("180d").exists(o, o.items.exists(i, "gluten_free" in i.tags && i.price > %d))`},
}

// BenchmarkCheck checks texts that have not been seen before, as in a project
// of ten thousand conditions.
func BenchmarkCheck(b *testing.B) {
	for _, o := range ordinary {
		b.Run(o.name, func(b *testing.B) {
			env := newEnv(b)
			b.ReportAllocs()
			for i := 1; b.Loop(); i++ {
				if i%10_000 == 0 {
					env = newEnv(b)
				}
				if _, problems := env.Check(fmt.Sprintf(o.src, i), person, condition); problems != nil {
					b.Fatal(problems)
				}
			}
		})
	}
	b.Run("seen before", func(b *testing.B) {
		env := newEnv(b)
		b.ReportAllocs()
		for b.Loop() {
			env.Check(ordinary[0].src[:14], person, condition)
		}
	})
}

func BenchmarkNewEnv(b *testing.B) {
	w := bakery()
	for i := range 10_000 {
		w.Segments = append(w.Segments, fmt.Sprintf("segment_%d", i))
	}
	for b.Loop() {
		if _, err := expr.NewEnv(w); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTest evaluates conditions of a customer with 20 orders of three items.
func BenchmarkTest(b *testing.B) {
	env, s := newEnv(b), regular(20)
	for _, o := range ordinary {
		b.Run(o.name, func(b *testing.B) {
			c := mustCheck(b, env, fmt.Sprintf(o.src, 4), person, condition)
			c.Test(s, noon)
			b.ReportAllocs()
			for b.Loop() {
				c.Test(s, noon)
			}
		})
	}
}

// BenchmarkMeaning normalizes the ordinary conditions.
func BenchmarkMeaning(b *testing.B) {
	env := newEnv(b)
	for _, o := range ordinary {
		b.Run(o.name, func(b *testing.B) {
			c := mustCheck(b, env, fmt.Sprintf(o.src, 4), person, condition)
			b.ReportAllocs()
			for b.Loop() {
				c.Meaning()
			}
		})
	}
}

// BenchmarkOracle is the price of cel-go's own evaluation of one of them.
func BenchmarkOracle(b *testing.B) {
	s := regular(20)
	oracle, err := expr.NewOracle(newEnv(b))
	require.NoError(b, err)
	for b.Loop() {
		if _, err := oracle.Eval(fmt.Sprintf(ordinary[2].src, 4), person, s, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func regular(orders int) *someone {
	s := &someone{
		attributes: map[string]any{"points": 7.0, "plan": "club", "dietary": []any{"gluten_free", "vegan"}},
		events:     map[string][]expr.EventRow{},
	}
	item := map[string]any{"sku": "rye", "price": 4.2, "quantity": 1.0, "tags": []any{"whole_grain", "organic"}}
	for i := range orders {
		s.events["order_completed"] = append(s.events["order_completed"], expr.EventRow{
			At:    ago(time.Duration(orders-i) * 10 * dayLong),
			Props: map[string]any{"total": 12.6, "cart_id": fmt.Sprint("c", i), "items": []any{item, item, item}, "deliver_on": campaign.CivilDate{Year: 2026, Month: 7, Day: 2}},
		})
	}
	return s
}
