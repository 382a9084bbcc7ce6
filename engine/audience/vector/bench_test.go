package vector_test

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/audience/vector"
)

// The four conditions whose figures are in docs/adr: three attributes, the sum of a
// window, both and a negation, the negation alone.
type figure struct{ name, src string }

var figures = []figure{
	{"a-attributes", `profile.country == "AA" && profile.points > 50 && profile.plan == "free"`},
	{"b-sum-90d", `events.order_completed.within("90d").sum(o, o.total) >= 200`},
	{"c-all", `profile.country == "AA" && profile.points > 50 && profile.plan == "free"
		&& events.order_completed.within("90d").sum(o, o.total) >= 200 && events.email_opened.within("30d").none()`},
	{"d-negation", `events.email_opened.within("30d").none()`},
}

// population is 100,000 people with 2,000,000 events; with HERALD_BENCH_FULL, ten
// times as many.
func population() audiencetest.Population {
	p := audiencetest.Population{People: 100_000, Events: 2_000_000, Seed: 1, Plain: true}
	if os.Getenv("HERALD_BENCH_FULL") != "" {
		p.People, p.Events = 10*p.People, 10*p.Events
	}
	return p
}

var crowdOnce struct {
	sync.Once
	project *link.Project
	table   *column.Table
}

// large is the table of population: what the figures look at, and the twelve
// attributes.
func large(tb testing.TB) (*link.Project, *column.Table) {
	tb.Helper()
	crowdOnce.Do(func() {
		crowdOnce.project = audiencetest.Project(tb)
		plan := audiencetest.Everything()
		for _, odd := range []string{"lucky", "patience", "scores", "id", "email", "phone"} {
			delete(plan.Attributes, odd)
		}
		for label, props := range plan.Events {
			for name := range props {
				if name != "total" && name != "url" && name != "seconds" && name != "size" && name != "shop" {
					delete(props, name)
				}
			}
			plan.Events[label] = props
		}
		crowdOnce.table = population().Table(plan, false)
	})
	return crowdOnce.project, crowdOnce.table
}

func compiled(tb testing.TB, sources ...string) []*vector.Program {
	project, table := large(tb)
	e := newEvaluator(project, table)
	var out []*vector.Program
	for _, c := range audiencetest.Checked(tb, project, sources...) {
		out = append(out, e.compile(c))
	}
	return out
}

// more are other conditions as authors write them.
var more = []figure{
	{"where", `events.order_completed.where(o, o.total > 50).within("180d").any()`},
	{"last", `now - events.order_completed.last().at > duration("60d")`},
	{"exists", `events.order_completed.exists(o, o.shop == "mitte" && o.total > 100)`},
	{"contains", `profile.city.contains("77")`},
	{"age", `age(profile.birthday) >= 30`},
	{"set", `"vegan" in profile.dietary`},
	{"new", `now - profile.created_at < duration("30d")`},
	{"decay", `events.order_completed.sum(o, 10 * decay(now - o.at, "30d")) > 50`},
}

func BenchmarkSelect(b *testing.B) {
	for _, f := range append(figures, more...) {
		b.Run(f.name, func(b *testing.B) {
			p := compiled(b, f.src)[0]
			b.ReportAllocs()
			var yes column.Bits
			before := cpu()
			for b.Loop() {
				yes, _ = p.Select(audiencetest.Now)
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(count(yes)), "people")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(crowdOnce.table.IDs)), "ns/person")
		})
	}
}

// cpu is what this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func count(bits column.Bits) (n int) {
	for i := range uint32(64 * len(bits)) {
		if bits.Has(i) {
			n++
		}
	}
	return n
}

// hundred are a hundred conditions as segments have them.
func hundred(tb testing.TB) []*vector.Program {
	var sources []string
	for i := range 20 {
		sources = append(sources,
			fmt.Sprintf(`events.order_completed.within("%dd").sum(o, o.total) >= %d`, 30+10*i, 100+i),
			fmt.Sprintf(`events.order_completed.within("%dd").count() >= 2 && profile.country == "%c%c"`, 20+i, 'A'+i, 'A'+i%8),
			fmt.Sprintf(`events.email_opened.within("%dd").none() && profile.points > %d`, 10+i, 10*i),
			fmt.Sprintf(`events.order_completed.any() && events.order_completed.within("%dd").none()`, 60+i),
			fmt.Sprintf(`events.product_viewed.within("%dd").count() > 3 || profile.plan == "club"`, 1+i))
	}
	return compiled(tb, sources...)
}

// What one event costs: a hundred segments asked of one person, another for each
// round.
func BenchmarkTestHundred(b *testing.B) {
	programs := hundred(b)
	truths, n := make([]expr.Truth, len(programs)), uint32(len(crowdOnce.table.IDs))
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		vector.TestMany(programs, i*7919%n, audiencetest.Now, truths)
	}
}

func BenchmarkNextHundred(b *testing.B) {
	programs := hundred(b)
	n := uint32(len(crowdOnce.table.IDs))
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		for _, p := range programs {
			p.Next(i*7919%n, audiencetest.Now)
		}
	}
}

// Asking one person allocates nothing, Next included.
func TestAllocatesNothing(t *testing.T) {
	c := newCrowd(t, audiencetest.Population{People: 200, Events: 4000, Seed: 3, Plain: true})
	e := newEvaluator(c.project, c.table)
	for _, checked := range audiencetest.Checked(t, c.project,
		`events.order_completed.within("90d").sum(o, o.total) >= 200`,
		`events.order_completed.within("180d").exists(o, o.items.exists(i, "gluten_free" in i.tags))`,
		`profile.country in ["DE", "AB"] && profile.points > 3 && profile.city.startsWith("City 1")`,
		`events.order_completed.distinct(o, o.cart_id) > 2 || segment.vip`,
		`now - events.order_completed.last().at > duration("60d") && profile.store.seats > 3`,
		`hour(now, profile.timezone) > 3 && age(profile.birthday) > 30`,
		views+` + `+clicks+` > 3`,
		orders+` / 2 > 10 || `+shop+` == "mitte"`,
	) {
		p, slot := e.compile(checked), uint32(0)
		require.True(t, p.Fast())
		ask := func() {
			slot = (slot + 1) % 200
			p.Test(slot, audiencetest.Now)
			p.Next(slot, audiencetest.Now)
		}
		for range 400 {
			ask()
		}
		require.Less(t, testing.AllocsPerRun(1000, ask), 0.1, checked.Text())
	}
}
