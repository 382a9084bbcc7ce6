package enrolment_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

// benchSegments are a hundred conditions: most look at events through windows,
// some at attributes, consents, and each other. The higher they reach, the fewer
// people cross their borders.
func benchSegments(height int) []campaign.Definition {
	var defs []campaign.Definition
	add := func(when string) { defs = append(defs, segment(fmt.Sprintf("s%02d", len(defs)), when)) }
	for i := range 25 {
		add(fmt.Sprintf("events.order_completed.within('%dd').sum(o, o.total) >= %d", 30+i, 100*(i+1)*height))
		add(fmt.Sprintf("events.cart_updated.within('%dd').count() >= %d", 7+i, 3*(i+1)*height))
		add(fmt.Sprintf("events.order_completed.any() && events.order_completed.within('%dd').none()", 20+i))
	}
	for i := range 15 {
		add(fmt.Sprintf("profile.tier == 'gold' && events.cart_updated.within('%dd').any()", 1+i))
	}
	for i := range 10 {
		add(fmt.Sprintf("topic.news.subscribed && segment.s%02d", i))
	}
	return defs
}

// BenchmarkDispatch counts events a second through a dispatcher, durable, with a
// hundred live segments and a trigger; the store is on a disk. Beside it are the CPU
// time of all of the process for each, garbage collection and the store included,
// and how many crossings each made.
func BenchmarkDispatch(b *testing.B) {
	for _, way := range []struct {
		name    string
		columns bool
		height  int
	}{{"columns", true, 10}, {"columns, many moves", true, 1}, {"records", false, 10}} {
		b.Run(way.name, func(b *testing.B) {
			h := newHouse(b, append(benchSegments(way.height), one("vip", onEnter("s03", false), never))...)
			ids := h.crowd(10_000)
			r := rand.New(rand.NewPCG(1, 2))
			h.pour(ids, 150_000, r)
			if way.columns {
				h.indexed()
			}
			h.dispatch()
			events, moved, cpu := 0, 0, time.Duration(0)
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				h.advance(time.Minute)
				h.pour(ids, 20_000, r)
				runtime.GC()
				b.StartTimer()
				began := cpuTime(b)
				turn := h.dispatch()
				cpu += cpuTime(b) - began
				events, moved = events+turn.Events, moved+turn.Entered+turn.Left
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(cpu.Microseconds())/float64(events), "µs-cpu/event")
			b.ReportMetric(float64(moved)/float64(events), "moves/event")
		})
	}
}

// cpuTime is what this process has used.
func cpuTime(t testing.TB) time.Duration {
	var use syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// crowd identifies many people.
func (h *house) crowd(n int) (ids []int64) {
	h.Helper()
	h.update(func(tx store.Tx) error {
		ids = ids[:0]
		for i := range n {
			p, err := tx.Identify(store.Person{Key: fmt.Sprint("p", i), UpdatedAt: start, Attributes: map[string]any{"tier": []string{"gold", "silver"}[i%2]}})
			if err != nil {
				return err
			}
			ids = append(ids, p.ID)
		}
		return nil
	})
	return ids
}

// pour records many events of the last minute.
func (h *house) pour(ids []int64, n int, r *rand.Rand) {
	h.Helper()
	var events []store.Event
	for range n {
		at := h.now().Add(-time.Duration(r.IntN(60_000)) * time.Millisecond)
		events = append(events, store.Event{
			Person: ids[r.IntN(len(ids))], Name: []string{"order_completed", "cart_updated", "email_opened", "email_delivered"}[r.IntN(4)],
			At: at, ReceivedAt: at, Properties: map[string]any{"cart_id": "a", "total": float64(r.IntN(40))},
		})
	}
	h.update(func(tx store.Tx) error {
		_, err := tx.AppendEvents(events)
		return err
	})
}

// BenchmarkWake counts people whom time moves in a second.
func BenchmarkWake(b *testing.B) {
	h := newHouse(b, segment("lapsed", "events.order_completed.any() && events.order_completed.within('60d').none()")).indexed()
	ids := h.crowd(5_000)
	r := rand.New(rand.NewPCG(1, 2))
	moved := 0
	for b.Loop() {
		b.StopTimer()
		h.pour(ids, 10_000, r)
		h.dispatch()
		h.advance(61 * day)
		b.StartTimer()
		moved += h.dispatch().Entered
	}
	require.Positive(b, moved)
	b.ReportMetric(float64(moved)/b.Elapsed().Seconds(), "moves/s")
}
