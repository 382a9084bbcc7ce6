package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
)

const benchBatch = 5000

var startedDurable atomic.Bool

// durable is a server that syncs its disk, for all benchmarks of the binary.
var durable = sync.OnceValues(func() (*pgtest.Cluster, error) {
	startedDurable.Store(true)
	return pgtest.Start("fsync=on", "shared_buffers=512MB", "max_wal_size=4GB")
})

func benchStore(b *testing.B) *Store {
	b.Helper()
	cluster, err := durable()
	if errors.Is(err, pgtest.ErrNone) {
		b.Skip(err)
	}
	require.NoError(b, err)
	return open(b, pgtest.Schema(b, cluster.URL()), Options{})
}

// perSecond reports n things in the benchmark's time.
func perSecond(b *testing.B, n int, what string) {
	b.Helper()
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

func identifyRange(tx store.Tx, from, to int) error {
	people := make([]store.Person, 0, to-from)
	for i := from; i < to; i++ {
		people = append(people, benchPerson(i))
	}
	_, err := tx.IdentifyAll(people)
	return err
}

func appendRange(tx store.Tx, from, to, people int) error {
	events := make([]store.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, benchEvent(i, int64(i*7919%people+1)))
	}
	_, err := tx.AppendEvents(events)
	return err
}

func BenchmarkIdentifyNew(b *testing.B) {
	s := benchStore(b)
	b.ResetTimer()
	batches(b, s, identifyRange)
	perSecond(b, b.N, "people")
}

func BenchmarkIdentifyKnown(b *testing.B) {
	s := benchStore(b)
	batches(b, s, identifyRange)
	b.ResetTimer()
	batches(b, s, identifyRange)
	perSecond(b, b.N, "people")
}

func BenchmarkAppendEvents(b *testing.B) {
	const people = 20_000
	s := benchStore(b)
	require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return identifyRange(tx, 0, people) }))
	b.ResetTimer()
	batches(b, s, func(tx store.Tx, from, to int) error { return appendRange(tx, from, to, people) })
	perSecond(b, b.N, "events")
}

// BenchmarkUpdate commits one event at a time, from some goroutines at once, in one
// process or two.
func BenchmarkUpdate(b *testing.B) {
	for _, processes := range []int{1, 2} {
		for _, goroutines := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("processes=%d/goroutines=%d", processes, goroutines), func(b *testing.B) {
				s := benchStore(b)
				stores := []*Store{s}
				if processes == 2 {
					other, err := Open(b.Context(), s.config.ConnString(), Options{})
					require.NoError(b, err)
					defer other.Close()
					stores = append(stores, other)
				}
				require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return identifyRange(tx, 0, 1000) }))
				var n atomic.Int64
				var all sync.WaitGroup
				b.ResetTimer()
				for g := range goroutines {
					all.Go(func() {
						for i := int(n.Add(1)); i <= b.N; i = int(n.Add(1)) {
							if err := stores[g%processes].Update(b.Context(), func(tx store.Tx) error { return appendRange(tx, i, i+1, 1000) }); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
				perSecond(b, b.N, "commits")
			})
		}
	}
}

// BenchmarkEachRecord reads everybody, with ten events each.
func BenchmarkEachRecord(b *testing.B) {
	const people = 20_000
	s := benchStore(b)
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

// BenchmarkMoves moves people in and out of a hundred segments, a thousand crossings
// in each Update, as a dispatcher does.
func BenchmarkMoves(b *testing.B) {
	const people, batch = 100_000, 1000
	s := benchStore(b)
	b.ResetTimer()
	for from := 0; from < b.N; from += batch {
		moves := make([]store.Move, 0, batch)
		for i := from; i < min(from+batch, b.N); i++ {
			moves = append(moves, store.Move{Segment: fmt.Sprintf("segment_%d", i%100), Person: int64(i*7919%people + 1), Inside: i/people%2 == 0,
				At: time.Unix(int64(i), 0), Definition: "d", Cause: store.ByEvent, Ref: int64(i), Operands: []byte(`[{"text":"x","truth":true}]`)})
		}
		require.NoError(b, s.Update(b.Context(), func(tx store.Tx) error { return tx.MoveMembers(moves) }))
	}
	perSecond(b, b.N, "moves")
}

// BenchmarkLedger takes a message through the ledger: reserved a hundred at a
// time, marked and closed each in a transaction of its own, by 64 senders.
func BenchmarkLedger(b *testing.B) {
	s := benchStore(b)
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
