package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// durable is a world whose store syncs every commit, as production's does.
func durable(b *testing.B, change func(*Options)) *world {
	b.Helper()
	s, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.Close() })
	return newWorldOn(b, s, change)
}

// BenchmarkTrack is /v1/track with 64 callers to a core, each event of one of a
// thousand customers, each answer given when the event is on the disk.
func BenchmarkTrack(b *testing.B) {
	w := durable(b, nil)
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			body := fmt.Sprintf(`{"userId":"c%d","event":"Order Completed","messageId":"m%d","properties":{"total":12.5,"cart_id":"x"}}`, i%1000, i)
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/track", strings.NewReader(body))
			r.SetBasicAuth(apiKey, "")
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				b.Error(rec.Code, rec.Body)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkClick is a followed link of one of a thousand messages, each another
// address, so that each is an event of its own.
func BenchmarkClick(b *testing.B) {
	w := durable(b, nil)
	ids := make([]int64, 1000)
	ada := w.person("ada")
	for i := range ids {
		ids[i] = w.sent(ada, "news").ID
	}
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(64)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			link := w.links.Click(ids[i%1000], fmt.Sprintf("https://bakery.example/%d", i))
			if rec := w.get(link); rec.Code != http.StatusFound {
				b.Error(rec.Code, rec.Body)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "clicks/s")
}

// BenchmarkOpenAgain is the picture of a mail that is known to be open.
func BenchmarkOpenAgain(b *testing.B) {
	w := durable(b, nil)
	link := w.links.Open(w.sent(w.person("ada"), "news").ID)
	w.get(link)
	b.ReportAllocs()
	for b.Loop() {
		w.get(link)
	}
}

// BenchmarkForged is a link that was not made here.
func BenchmarkForged(b *testing.B) {
	w := durable(b, nil)
	link := w.links.Click(1, rye) + "AAAA"
	b.ReportAllocs()
	for b.Loop() {
		w.get(link)
	}
}

// BenchmarkLivePage is the page once it has been counted.
func BenchmarkLivePage(b *testing.B) {
	w := durable(b, nil)
	w.get("/")
	b.ReportAllocs()
	for b.Loop() {
		w.get("/")
	}
}
