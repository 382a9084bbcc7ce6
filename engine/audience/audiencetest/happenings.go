package audiencetest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// most bounds one person's events.
const most = 20_000

// events are what a person did, in the order in which it came in. How many there
// are is log-normal: most people have few, some very many.
func (d *drawer) events(id int64, mean float64) []store.Event {
	const spread = 1.5
	n := min(int(mean*math.Exp(spread*d.NormFloat64()-spread*spread/2)+d.Float64()), most)
	out := make([]store.Event, n)
	for i := range out {
		name, props := d.happening()
		out[i] = store.Event{Person: id, Name: name, Properties: props, At: d.when(out[:i])}
	}
	slices.SortStableFunc(out, func(a, b store.Event) int { return a.At.Compare(b.At) })
	for i := 1; i < n; i++ { // some come in late
		if d.chance(0.05) {
			j := d.IntN(i)
			out[i], out[j] = out[j], out[i]
		}
	}
	return out
}

// when is an instant of an event: of some soon after another, or with it; of few
// after Now.
func (d *drawer) when(before []store.Event) time.Time {
	switch roll := d.Float64(); {
	case len(before) > 0 && roll < 0.2:
		burst := pick(d, 0, time.Second, 3*time.Second, 250*time.Millisecond, time.Minute)
		return before[len(before)-1].At.Add(burst)
	case roll < 0.205:
		return d.instant(-time.Duration(d.ExpFloat64() * float64(day)))
	}
	return d.past(250 * day)
}

// happening is an event's label and its properties, in JSON form.
func (d *drawer) happening() (label string, props map[string]any) {
	switch roll := d.Float64(); {
	case roll < 0.45:
		return "product_viewed", d.view()
	case roll < 0.75:
		return "email_opened", map[string]any{"campaign": d.campaign(), "message": pick(d, "weekly", "cart")}
	case roll < 0.9:
		return "order_completed", d.order()
	case roll < 0.95:
		return "email_clicked", map[string]any{"campaign": d.campaign(), "url": fmt.Sprintf("https://shop.example/%d", d.rank(3000))}
	}
	return "cart_updated", map[string]any{"cart_id": d.cart(), "size": float64(1 + d.rank(30))}
}

func (d *drawer) campaign() string { return fmt.Sprintf("broadcast.week_%d", d.IntN(100)) }

func (d *drawer) cart() string { return fmt.Sprintf("c%d", d.rank(50)) }

func (d *drawer) view() map[string]any {
	props := map[string]any{"sku": fmt.Sprintf("sku-%d", d.rank(2000)), "category": Loaves[d.rank(len(Loaves))]}
	if d.chance(0.7) {
		props["seconds"] = float64(d.rank(900)) / 2
	}
	return props
}

func (d *drawer) order() map[string]any {
	props := map[string]any{}
	if d.chance(0.95) {
		props["total"] = float64(100+d.rank(30_000)) / 100
	}
	if d.chance(0.8) {
		props["cart_id"] = d.cart()
	}
	if d.chance(0.2) {
		props["coupon"] = fmt.Sprintf("C%d", d.rank(40))
	}
	if d.chance(0.3) {
		props["gift"] = d.chance(0.5)
	}
	if d.chance(0.6) {
		props["shop"] = pick(d, append(Stores, "gone")...)
	}
	if !d.plain && d.chance(0.3) {
		props["deliver_on"] = campaign.DateOf(Now.Add(time.Duration(d.IntN(20)-10) * day)).String()
		props["placed"] = d.past(100 * day).Format(time.RFC3339Nano)
		props["took"] = pick(d, "1h", "40d", "30m")
	}
	props["items"] = d.items()
	return props
}

func (d *drawer) items() []any {
	out := make([]any, d.rank(6))
	for i := range out {
		item := map[string]any{"sku": Loaves[d.rank(len(Loaves))], "price": float64(200+d.rank(900)) / 100}
		if d.chance(0.7) {
			item["quantity"] = float64(1 + d.rank(5))
		}
		if d.chance(0.5) {
			item["category"] = pick(d, "bread", "cake")
		}
		if d.chance(0.4) {
			item["tags"] = d.some(Diets)
		}
		out[i] = item
	}
	return out
}
