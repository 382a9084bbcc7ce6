package sqlite

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store"
)

const benchBatch = 5000

// perSecond reports n things in the benchmark's time.
func perSecond(b *testing.B, n int, what string) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), what+"/s")
}

// batches runs f for 0 … b.N-1, a batch in each Update.
func batches(b *testing.B, s *Store, f func(tx store.Tx, from, to int) error) {
	b.Helper()
	for from := 0; from < b.N; from += benchBatch {
		to := min(from+benchBatch, b.N)
		require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return f(tx, from, to) }))
	}
}

func benchPerson(i int) store.Person {
	return store.Person{
		Key: fmt.Sprint(i), Email: fmt.Sprintf("reader%d@example.com", i), UpdatedAt: time.Unix(int64(i), 0),
		Attributes: map[string]any{"first_name": "Ada", "language": "en", "timezone": "Europe/Berlin", "dietary": []any{"vegan", "nut_free"}},
	}
}

func benchEvent(i int, person int64) store.Event {
	return store.Event{
		Person: person, Name: []string{"order_completed", "cart_updated", "product_viewed"}[i%3], At: time.Unix(int64(i), 0), ReceivedAt: time.Unix(int64(i), 0),
		MessageID:  fmt.Sprintf("%016x", uint64(i)*0x9E3779B97F4A7C15),
		Properties: map[string]any{"total": 4.2, "cart_id": "c1", "items": []any{map[string]any{"sku": "rye", "price": 4.2}}},
	}
}

func BenchmarkIdentifyNew(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	b.ResetTimer()
	batches(b, s, func(tx store.Tx, from, to int) error { return identifyRange(tx, from, to) })
	perSecond(b, b.N, "people")
}

func BenchmarkIdentifyKnown(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	batches(b, s, identifyRange)
	b.ResetTimer()
	batches(b, s, identifyRange)
	perSecond(b, b.N, "people")
}

// BenchmarkIdentifyAll does the same to many at once, as an import does.
func BenchmarkIdentifyAll(b *testing.B) {
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("known=%v", known), func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			defer s.Close()
			if known {
				batches(b, s, identifyAllOf)
			}
			b.ResetTimer()
			batches(b, s, identifyAllOf)
			perSecond(b, b.N, "people")
		})
	}
}

func identifyAllOf(tx store.Tx, from, to int) error {
	people := make([]store.Person, 0, to-from)
	for i := from; i < to; i++ {
		people = append(people, benchPerson(i))
	}
	_, err := tx.IdentifyAll(people)
	return err
}

func identifyRange(tx store.Tx, from, to int) error {
	for i := from; i < to; i++ {
		if _, err := tx.Identify(benchPerson(i)); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkAppendEvents(b *testing.B) {
	const people = 20_000
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return identifyRange(tx, 0, people) }))
	b.ResetTimer()
	batches(b, s, func(tx store.Tx, from, to int) error { return appendRange(tx, from, to, people) })
	perSecond(b, b.N, "events")
}

func appendRange(tx store.Tx, from, to, people int) error {
	events := make([]store.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, benchEvent(i, int64(i*7919%people+1)))
	}
	_, err := tx.AppendEvents(events)
	return err
}

// BenchmarkMoveMembers records moves as the live engine does: some for each of
// many people, a thousand in each transaction.
func BenchmarkMoveMembers(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	b.ResetTimer()
	for from := 0; from < b.N; from += 1000 {
		moves := make([]store.Move, min(1000, b.N-from))
		for i := range moves {
			n := from + i
			moves[i] = store.Move{
				Segment: fmt.Sprint("segment", n%100), Person: int64(n*7919%1_000_000 + 1), Inside: true, At: time.Unix(int64(n), 0), Definition: "d1", Cause: store.ByEvent,
				Ref: int64(n), Operands: []byte(`{"sum":420.5}`),
			}
		}
		require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return tx.MoveMembers(moves) }))
	}
	perSecond(b, b.N, "moves")
	b.StopTimer()
	info, err := os.Stat(s.path)
	require.NoError(b, err)
	b.ReportMetric(float64(info.Size())/float64(b.N), "bytes/move")
}

// BenchmarkShiftMembers puts 200,000 of a million people into a segment at once.
func BenchmarkShiftMembers(b *testing.B) {
	people := make([]int64, 200_000)
	for i := range people {
		people[i] = int64(5*i + 1)
	}
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	n := 0
	for b.Loop() {
		n++
		require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error {
			return tx.ShiftMembers(store.Shift{Segment: fmt.Sprint("s", n), Enter: people, At: time.Unix(0, 0), Cause: store.ByEdit})
		}))
	}
	perSecond(b, b.N*len(people), "people")
}

// BenchmarkMerge takes a visitor with ten events over into a customer, in a store
// with a hundred segments and shifts.
func BenchmarkMerge(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	everybody := make([]int64, 10_000)
	for i := range everybody {
		everybody[i] = int64(i + 1)
	}
	require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error {
		for i := range 100 {
			if err := tx.ShiftMembers(store.Shift{Segment: fmt.Sprint("s", i), Enter: everybody[i:], At: time.Unix(0, 0), Cause: store.ByStart}); err != nil {
				return err
			}
		}
		return nil
	}))
	n := 0
	for b.Loop() {
		n++
		require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error {
			customer, err := tx.Identify(store.Person{Key: fmt.Sprint(n)})
			if err != nil {
				return err
			}
			visitor, err := tx.Identify(store.Person{AnonymousID: fmt.Sprint(n)})
			if err != nil {
				return err
			}
			events := make([]store.Event, 10)
			for i := range events {
				events[i] = benchEvent(10*n+i, visitor.ID)
			}
			if _, err := tx.AppendEvents(events); err != nil {
				return err
			}
			_, err = tx.Merge(customer.ID, visitor.ID)
			return err
		}))
	}
}

// BenchmarkUpdate commits one event at a time, from some goroutines at once.
func BenchmarkUpdate(b *testing.B) {
	for _, relaxed := range []bool{false, true} {
		for _, goroutines := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("relaxed=%v/goroutines=%d", relaxed, goroutines), func(b *testing.B) {
				s := open(b, b.TempDir(), Options{Relaxed: relaxed})
				defer s.Close()
				require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return identifyRange(tx, 0, 1000) }))
				var n atomic.Int64
				b.ResetTimer()
				b.SetParallelism((goroutines + 1) / 2) // times GOMAXPROCS, which is 2 here
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						i := int(n.Add(1))
						if err := s.Update(b.Context(), func(tx store.Tx) error { return appendRange(tx, i, i+1, 1000) }); err != nil {
							b.Error(err)
						}
					}
				})
				perSecond(b, b.N, "commits")
			})
		}
	}
}

// BenchmarkEachEvent goes through all events, as who builds an index does.
func BenchmarkEachEvent(b *testing.B) {
	const events = 200_000
	s := open(b, b.TempDir(), Options{Relaxed: true})
	defer s.Close()
	require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error {
		if err := identifyAllOf(tx, 0, 20_000); err != nil {
			return err
		}
		return appendRange(tx, 0, events, 20_000)
	}))
	for name, need := range map[string]store.Need{
		"whole": {AllEvents: true}, "one-label": {Events: []string{"order_completed"}},
		"one-property": {AllEvents: true, Properties: map[string][]string{"order_completed": {"total"}, "cart_updated": {"total"}, "product_viewed": {"total"}}},
		"none":         {AllEvents: true, Properties: map[string][]string{"order_completed": nil, "cart_updated": nil, "product_viewed": nil}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, s.View(b.Context(), func(r store.Reader) error {
					return r.EachEvent(0, need, func(*store.Event) error { return nil })
				}))
			}
			perSecond(b, b.N*events, "events")
		})
	}
}

// BenchmarkEachRecord reads everybody, with ten events each.
func BenchmarkEachRecord(b *testing.B) {
	const people = 20_000
	s := open(b, b.TempDir(), Options{Relaxed: true})
	defer s.Close()
	require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error {
		if err := identifyRange(tx, 0, people); err != nil {
			return err
		}
		return appendRange(tx, 0, 10*people, people)
	}))
	for name, need := range map[string]store.Need{
		"people": {}, "one-event": {Events: []string{"order_completed"}}, "everything": {AllEvents: true, Consents: true},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				require.NoError(b, s.View(b.Context(), func(r store.Reader) error {
					return r.EachRecord(0, need, func(*store.Record) error {
						n++
						return nil
					})
				}))
				require.Equal(b, people, n)
			}
			perSecond(b, b.N*people, "people")
		})
	}
}

// BenchmarkLedger takes a message through the ledger: reserved a hundred at a
// time, marked and closed each in a transaction of its own, by 64 senders.
func BenchmarkLedger(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	defer s.Close()
	require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return identifyRange(tx, 0, 1) }))
	now := time.Unix(1_800_000_000, 0)
	jobs := make(chan []store.Send, 64)
	var senders sync.WaitGroup
	for range 64 {
		senders.Go(func() {
			for batch := range jobs {
				if err := sendBatch(s, batch, now); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for from := 0; from < b.N; from += 100 {
		batch := make([]store.Send, min(100, b.N-from))
		for i := range batch {
			batch[i] = store.Send{
				Key: fmt.Sprintf("%064x", from+i), Person: 1, Campaign: addr.New("broadcast", "weekly"), Cohort: "broadcast/weekly/2026-12-03", Index: from + i,
				Message: addr.New("message", "weekly"), Definition: "d1", Channel: "email", Topic: "news", Provider: "smtp", Owner: "w", LeaseUntil: now.Add(time.Minute),
			}
		}
		jobs <- batch
	}
	close(jobs)
	senders.Wait()
	perSecond(b, b.N, "messages")
	b.StopTimer()
	started := time.Now()
	require.NoError(b, s.View(b.Context(), func(r store.Reader) error {
		_, err := r.CampaignCounts()
		return err
	}))
	b.ReportMetric(float64(time.Since(started).Microseconds())/float64(b.N), "µs-per-row-counted")
}

func sendBatch(s *Store, batch []store.Send, now time.Time) error {
	var err error
	update := func(f func(store.Tx) error) {
		if err == nil {
			err = s.Update(context.Background(), f)
		}
	}
	update(func(tx store.Tx) (err error) {
		batch, err = tx.Reserve(batch, now)
		return err
	})
	for _, row := range batch {
		update(func(tx store.Tx) error { return tx.MarkSending(row.ID, "w", now.Add(time.Minute)) })
		update(func(tx store.Tx) error { return tx.CloseSend(row.ID, "w", store.SendEnd{State: store.Sent, At: now}) })
	}
	return err
}
