package vector_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
	"github.com/herald-campaigns/herald/engine/store"
)

// The shapes in which things fade, as the models of traits write them and otherwise.
const (
	views  = `events.product_viewed.within("30d").sum(e, 2 * decay(now - e.at, duration("7d")))`
	orders = `events.order_completed.sum(e, e.total * decay(now - e.at, duration("30d")))`
	clicks = `[5].sum(p, (events.email_opened.within("30d").any()) ? p * (has(events.email_opened.within("30d").last().at) ? decay(now - events.email_opened.within("30d").last().at, duration("7d")) : 1) : 0)`
	newest = `(events.email_opened.flat(e, [e.at]) + events.order_completed.flat(e, [e.at])).max(t, t)`
	either = `[5].sum(p, (events.email_opened.any() || events.order_completed.any()) ? p * (has(` + newest + `) ? decay(now - ` + newest + `, duration("7d")) : 1) : 0)`
	shops  = `events.order_completed.where(x, has(x.shop) && x.total > 0)`
	shop   = shops + `.top(x, x.shop, x.total * decay(now - x.at, duration("30d")))`
	items  = `events.order_completed.within("300d").flat(e, e.items.filter(i, has(i.sku)).map(i, {"value": i.sku, "weight": decay(now - e.at, duration("30d"))}))`
	sku    = items + `.top(x, x.value, x.weight)`
)

var fading = []figure{
	{"views", views + ` > 1.5`},
	{"orders", orders + ` >= 100`},
	{"less", `40 > ` + orders},
	{"difference", orders + ` - 20 * ` + views + ` + 3 < 10`},
	{"affine", `3 - ` + orders + ` / 50 <= 2.5`},
	{"points", views + ` + ` + clicks + ` > 3`},
	{"either", either + ` > 1`},
	{"equal", orders + ` == 64`},
	{"average", `events.order_completed.avg(e, e.total * decay(now - e.at, duration("10d"))) > 1`},
	{"greatest", `math.greatest(` + views + `, ` + orders + ` / 20) > 1.5`},
	{"least", `math.least(` + views + `, ` + orders + ` / 20) > 0.25`},
	{"strongest", `events.order_completed.max(e, e.total * decay(now - e.at, duration("10d"))) > 5`},
	{"weakest", `events.order_completed.min(e, e.total * decay(now - e.at, duration("10d"))) > 0.01`},
	{"halves", orders + ` + events.product_viewed.sum(e, 3 * decay(now - e.at, duration("1h"))) > 30`},
	{"present", views + ` > 0`},
	{"floor", `math.floor(` + orders + `) > 40`},
	{"days", `(now - profile.created_at) / duration("1d") > 40.5`},
	{"whole", `int((now - profile.created_at) / duration("1d")) % 7 == 3`},
	{"round", `math.round(` + views + `) == 2 || math.ceil(` + orders + ` / 10) == 6`},
	{"rate", orders + ` / ((now - profile.created_at) / duration("1d")) > 2`},
	{"top", shop + ` == "mitte"`},
	{"strength", `[` + shop + `].max(t, ` + shops + `.share(x, x.shop == t, x.total * decay(now - x.at, duration("30d")))) > 0.61`},
	{"item", sku + ` > "m"`},
	{"taste", `[` + sku + `].max(t, ` + items + `.share(x, x.value == t, x.weight)) > 0.35`},
}

// What fades is the same for columns as for package expr, and turns when Next says.
func TestNextOfWhatFades(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := newCrowd(t, audiencetest.Population{People: 200, Events: 2500, Seed: 29})
	e := newEvaluator(c.project, c.table)
	all := 0
	for _, shape := range fading {
		p := e.compile(audiencetest.Checked(t, c.project, shape.src)[0])
		require.True(t, p.Fast(), shape.name)
		subject := e.options.Subject
		turned, asked := 0, 0
		for range 25 {
			slot := uint32(r.IntN(len(c.table.IDs)))
			now := c.trial.Now.Add(-time.Duration(r.Int64N(int64(200 * aDay))))
			require.Equal(t, p.Checked().Test(subject(slot, now), now), p.Test(slot, now), shape.name)
			n, m := stepping(t, r, p, slot, c.trial.People[slot], now, 12)
			turned, asked = turned+n, asked+m
		}
		yes, known := p.Select(c.trial.Now)
		for slot := range uint32(len(c.table.IDs)) {
			truth := p.Test(slot, c.trial.Now)
			require.Equal(t, truth == expr.True, yes.Has(slot), shape.name)
			require.Equal(t, truth != expr.Unknown, known.Has(slot), shape.name)
		}
		t.Logf("%s: asked %d times, turned %d times", shape.name, asked, turned)
		all += turned
	}
	require.Greater(t, all, 100)
}

// one is a person with two orders and a click, and instants of them.
func fadingOne(t testing.TB, now time.Time) func(string) *vector.Program {
	b := column.NewBuilder(audiencetest.Everything(), 1, 3)
	b.Add(&store.Record{Person: store.Person{ID: 1, CreatedAt: now}})
	b.Happen(&store.Event{Seq: 1, Person: 1, Name: "order_completed", At: now.Add(-aDay), Properties: map[string]any{"total": 16.0, "shop": "mitte"}})
	b.Happen(&store.Event{Seq: 2, Person: 1, Name: "order_completed", At: now, Properties: map[string]any{"total": 8.0, "shop": "wedding"}})
	project := audiencetest.Project(t)
	e := newEvaluator(project, b.Table())
	return func(src string) *vector.Program { return e.compile(audiencetest.Checked(t, project, src)[0]) }
}

// Where the instant can be reckoned, Next gives it at once, and what never turns is
// not asked again.
func TestFadingIsAskedOnce(t *testing.T) {
	now := time.Date(2026, 3, 27, 22, 30, 0, 0, time.UTC)
	program := fadingOne(t, now)
	for src, want := range map[string]time.Duration{ // 16 are left of both
		`events.order_completed.sum(o, o.total * decay(now - o.at, "1d")) > 4`:                                                      2 * aDay,
		`2 > events.order_completed.sum(o, o.total * decay(now - o.at, "1d"))`:                                                      3*aDay + 1,
		`5 - 2 * events.order_completed.sum(o, o.total * decay(now - o.at, "1d")) < 4 - 7`:                                          2 * aDay,
		`events.order_completed.max(o, o.total * decay(now - o.at, "1d")) > 2`:                                                      2 * aDay,
		`math.greatest(events.order_completed.sum(o, decay(now - o.at, "1d")), 0.5) > 0.75`:                                         aDay,
		`[4].sum(p, events.order_completed.any() ? p * decay(now - events.order_completed.last().at, "1d") : 0) > 1`:                2 * aDay,
		`events.order_completed.sum(o, o.total * decay(now - o.at, "1d")) > 17`:                                                     0,
		`events.order_completed.sum(o, o.total * decay(now - o.at, "1d")) + 4 > 3`:                                                  0,
		`events.order_completed.top(o, o.shop, o.total * decay(now - o.at, "1d")) == "mitte"`:                                       0,
		`events.order_completed.share(o, o.shop == "mitte", o.total * decay(now - o.at, "1d")) > 0.3`:                               0,
		`[events.order_completed.top(o, o.shop)].max(t, events.order_completed.share(o, o.shop == t, decay(now-o.at, "1d"))) > 0.3`: 0,
	} {
		p := program(src)
		got, ok := p.Next(0, now)
		if want == 0 {
			require.True(t, !ok || got.Sub(now) > 900*aDay, "%s: %s", src, got)
			continue
		}
		require.True(t, ok, src)
		require.InDelta(t, float64(want), float64(got.Sub(now)), 100, src)
		require.NotEqual(t, p.Test(0, now), p.Test(0, got), src)
		require.Equal(t, p.Test(0, now), p.Test(0, got.Add(-1)), src)
	}
}

func BenchmarkNextOfWhatFades(b *testing.B) {
	c := newCrowd(b, audiencetest.Population{People: 2000, Events: 40_000, Seed: 3})
	e := newEvaluator(c.project, c.table)
	for _, shape := range fading {
		b.Run(shape.name, func(b *testing.B) {
			p := e.compile(audiencetest.Checked(b, c.project, shape.src)[0])
			b.ReportAllocs()
			soon, i := 0, uint32(0)
			for ; b.Loop(); i++ {
				if at, ok := p.Next(i*7919%2000, audiencetest.Now); ok && at.Sub(audiencetest.Now) <= time.Hour {
					soon++
				}
			}
			b.ReportMetric(float64(soon)/float64(i), "within-the-hour")
		})
	}
}
