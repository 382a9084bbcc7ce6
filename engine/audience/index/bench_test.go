package index

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
)

// attributes are the twelve of every day, looked at.
func attributes() []campaign.Definition {
	var defs []campaign.Definition
	for _, name := range []string{"birthday", "city", "country", "dietary", "home", "last_seen", "member_since", "plan", "points", "spend", "store", "wholesale"} {
		defs = append(defs, segment("has_"+name, "has(profile."+name+")"))
	}
	return append(defs, segment("openers", "events.email_opened.within('30d').any()"), segment("viewers", "events.product_viewed.any()"),
		segment("clickers", "events.email_clicked.any()"), segment("carts", "events.cart_updated.any()"))
}

// filled is a store with 2,000 people and 40,000 events.
func filled(b *testing.B) (store.Store, *audience.Schema) {
	b.Helper()
	s := newStore(b)
	require.NoError(b, audiencetest.Population{People: 2_000, Events: 40_000, Seed: 1, Plain: true}.Fill(b.Context(), s))
	return s, audience.NewSchema(audiencetest.Project(b, attributes()...))
}

// BenchmarkBuild reads a store from end to end.
func BenchmarkBuild(b *testing.B) {
	s, schema := filled(b)
	ix := &Index{Config: Config{Store: s}}
	plan := planOf(schema.Project())
	events := 0
	start := cpu()
	for b.Loop() {
		t, _, err := ix.build(b.Context(), plan, nil)
		require.NoError(b, err)
		events = rows(t)
	}
	b.ReportMetric(float64(cpu()-start)/float64(b.N)/float64(events), "cpu-ns/event")
}

// cpu is what this process has taken so far, in nanoseconds: other than the clock,
// it tells the same on a busy machine.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func rows(t *column.Table) (n int) {
	for _, e := range t.Events {
		n += e.Len()
	}
	return n
}

// batch is a snapshot of a store of which the news is in memory already, as a
// dispatcher has it.
type batch struct {
	store.Reader
	at     Position
	events []store.Event
}

func (r *batch) Heads() (event, change int64, err error) { return r.at.Event, r.at.Change, nil }

func (r *batch) EventsAfter(int64, int) ([]store.Event, error) { return r.events, nil }

// BenchmarkAdvance takes in events, some at a time.
func BenchmarkAdvance(b *testing.B) {
	for name, size := range map[string]int{"one": 1, "hundred": 100} {
		b.Run(name, func(b *testing.B) {
			s, schema := filled(b)
			ix, err := Open(b.Context(), Config{Store: s, Schema: schema})
			require.NoError(b, err)
			r := &batch{at: ix.Position(), events: make([]store.Event, size)}
			next := 0
			b.ReportAllocs()
			start := cpu()
			for b.Loop() {
				for i := range r.events {
					next++
					r.at.Event++
					r.events[i] = store.Event{Seq: r.at.Event, Person: int64(1 + next*7919%2000), Name: "order_completed", At: audiencetest.Now.Add(time.Duration(next) * time.Second),
						Properties: map[string]any{"total": 12.5}}
				}
				require.NoError(b, ix.Advance(r, r.at.Event, r.at.Change))
			}
			b.ReportMetric(float64(cpu()-start)/float64(next), "cpu-ns/event")
		})
	}
}

// BenchmarkTestEach asks a hundred segments about one person.
func BenchmarkTestEach(b *testing.B) {
	s, schema := filled(b)
	ix, err := Open(b.Context(), Config{Store: s, Schema: schema})
	require.NoError(b, err)
	var sources []string
	for i := range 25 {
		sources = append(sources, fmt.Sprintf("events.order_completed.within('%dd').sum(o, o.total) >= %d", 5*i+1, 20*i), fmt.Sprintf("profile.points > %d && profile.plan == 'free'", i),
			fmt.Sprintf("events.email_opened.within('%dd').none()", i+1), fmt.Sprintf("events.order_completed.count() > %d || profile.spend > %d", i, 10*i))
	}
	asked := conditions(b, schema.Project(), sources...)
	out := make([]expr.Truth, len(asked))
	person := int64(0)
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		person = person%2000 + 1
		ix.TestEach(person, asked, audiencetest.Now, out)
	}
	b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
}

// BenchmarkFull is a million people with twenty million events, without a store:
// what they take in memory, at rest and while they are being built, and how long
// it takes to write and load a snapshot. HERALD_BENCH_FULL=1 go test -run '^$'
// -bench Full -benchtime 1x ./engine/audience/index
func BenchmarkFull(b *testing.B) {
	people, events := 1_000_000, 20_000_000
	if os.Getenv("HERALD_BENCH_FULL") == "" {
		people, events = 5_000, 100_000
	}
	plan := planOf(audience.NewSchema(audiencetest.Project(b, attributes()...)).Project())
	for b.Loop() {
		full(b, audiencetest.Population{People: people, Events: events, Seed: 1, Plain: true}, plan)
	}
}

func full(b *testing.B, p audiencetest.Population, plan column.Plan) {
	stop, peak := make(chan struct{}), make(chan uint64)
	go watch(stop, peak)
	t := p.Table(plan, false)
	close(stop)
	b.ReportMetric(float64(<-peak)/1e6, "MB-peak-heap")
	total, parts := int64(0), ""
	memory := t.Memory()
	for _, part := range slices.Sorted(maps.Keys(memory)) {
		total += memory[part]
		parts += fmt.Sprintf("\n%-40s %7.1f MB", part, float64(memory[part])/1e6)
	}
	b.Log(parts)
	b.ReportMetric(float64(total)/1e6, "MB")
	b.ReportMetric(float64(rows(t)), "events")

	name := filepath.Join(b.TempDir(), "table")
	f, err := os.Create(name)
	require.NoError(b, err)
	start := time.Now()
	w := bufio.NewWriterSize(f, 1<<20)
	require.NoError(b, t.Write(w))
	require.NoError(b, w.Flush())
	b.ReportMetric(time.Since(start).Seconds(), "s-write")
	require.NoError(b, f.Sync())
	require.NoError(b, f.Close())

	f, err = os.Open(name)
	require.NoError(b, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(b, err)
	start = time.Now()
	again, err := column.Read(bufio.NewReader(f), info.Size())
	require.NoError(b, err)
	b.ReportMetric(time.Since(start).Seconds(), "s-load")
	require.Equal(b, rows(t), rows(again))
}

// watch says how large the heap was at most.
func watch(stop chan struct{}, peak chan uint64) {
	most := uint64(0)
	for {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
		select {
		case <-stop:
			peak <- most
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
