package delivery_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/delivery"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/provider"
)

// dies makes a worker die in the middle of a batch, as the ledger sees it: rows
// were reserved, so many were sent, and one was being handed over.
func dies(w *world, q journey.SendRequest, sent int) {
	w.t.Helper()
	w.post.parallel = 1
	w.kinds[1] = w.post.kind()
	ctx, kill := context.WithCancel(w.t.Context())
	stuck := make(chan struct{})
	n := 0
	w.post.answers(func(_ context.Context, m *provider.Message) (provider.Receipt, error) {
		if n++; n > sent {
			kill()
			<-stuck // for ever, as far as the ledger can tell
		}
		return provider.Receipt{}, nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = w.delivery("dead").Send(ctx, q)
	}()
	<-ctx.Done()
	w.post.answers(nil)
	w.t.Cleanup(func() { close(stuck); <-done })
}

func TestWorkerDiesWhileSending(t *testing.T) {
	for name, c := range map[string]struct {
		dedup, resend bool
		want          journey.SendResult
	}{
		"one is unknown":            {want: journey.SendResult{Sent: journey.Members{0, 1, 3, 4}, Unknown: journey.Members{2}}},
		"the provider deduplicates": {dedup: true, want: journey.SendResult{Sent: journey.Range(0, 5)}},
		"the author takes the risk": {resend: true, want: journey.SendResult{Sent: journey.Range(0, 5)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, replace(bakery(), thanks("hello", c.resend))...)
			w.post.dedup = c.dedup
			people := make([]int64, 5)
			for i := range people {
				people[i] = w.person(string(rune('a'+i))+"@example.com", loaf)
			}
			q := w.enrol("1", people...)
			dies(w, q, 2)

			d := w.delivery("heir")
			got, err := d.Send(t.Context(), q)
			require.NoError(t, err)
			require.Equal(t, journey.Members{0, 1}, got.Sent)
			require.Len(t, got.Retry, 1)
			require.Equal(t, journey.Members{2, 3, 4}, got.Retry[0].Members, "the lease is waited out")
			require.Equal(t, noon.Add(5*time.Minute), got.Retry[0].At)

			w.pass(5 * time.Minute)
			got, err = d.Send(t.Context(), q)
			require.NoError(t, err)
			got.At = time.Time{}
			require.Equal(t, c.want, got)
			keys := map[string]int{}
			for _, m := range w.post.messages() {
				keys[m.Key]++
			}
			for key, n := range keys {
				require.Equal(t, 1, n, key)
			}
			w.view(func(r store.Reader) error {
				listed, err := r.SendsInState(store.Unknown, 0)
				require.Len(t, listed, len(c.want.Unknown))
				return err
			})
		})
	}
}

func TestDeadWorkersMessageOfWhoIsRefusedNowIsUnknown(t *testing.T) {
	w := newWorld(t)
	ada := w.person("ada@example.com", loaf)
	q := w.enrol("1", ada)
	dies(w, q, 0)
	w.pass(5 * time.Minute)
	say(w, ada, "news", "email", false)
	happens(w, ada, "order_completed", noon)
	got, err := w.delivery("heir").Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, journey.Members{0}, got.Unknown, "it may have been sent: neither withheld nor exited")
}

func TestPutOffAndThenExited(t *testing.T) {
	w := newWorld(t)
	ada := w.person("ada@example.com", loaf)
	q := w.enrol("1", ada)
	w.post.answers(refuse(provider.Error{Class: provider.Transient}))
	_, err := w.delivery("w1").Send(t.Context(), q)
	require.NoError(t, err)
	w.pass(time.Hour)
	happens(w, ada, "order_completed", noon)
	for range 2 {
		got, err := w.delivery("w2").Send(t.Context(), q)
		require.NoError(t, err)
		require.Equal(t, journey.Members{0}, got.Exited)
	}
	row := w.sends(q.Cohort, q.Members)[0]
	require.Equal(t, store.Withheld, row.State)
	require.Equal(t, delivery.ReasonExit, row.Reason)
	labels, _ := w.events(ada)
	require.Equal(t, []string{"order_completed"}, labels)
}

func TestCancelledRequest(t *testing.T) {
	w := newWorld(t)
	w.post.parallel = 2
	w.kinds[1] = w.post.kind()
	people := make([]int64, 20)
	for i := range people {
		people[i] = w.person(string(rune('a'+i))+"@example.com", loaf)
	}
	q := w.enrol("1", people...)
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.Once
	w.post.answers(takeAnd(func() { once.Do(cancel) }))
	_, err := w.delivery("w1").Send(ctx, q)
	require.ErrorIs(t, err, context.Canceled)
	handed := len(w.post.messages())
	require.GreaterOrEqual(t, handed, 1)
	require.LessOrEqual(t, handed, 4, "nothing more is begun")
	states := map[store.SendState]int{}
	for _, row := range w.sends(q.Cohort, q.Members) {
		states[row.State]++
	}
	require.Equal(t, map[store.SendState]int{store.Sent: handed, store.Reserved: 20 - handed}, states, "what was under way was closed")

	w.post.answers(nil)
	got, err := w.delivery("w2").Send(t.Context(), q)
	require.NoError(t, err, "and the rest is free at once, for any worker")
	require.Equal(t, q.Members, got.Sent)
	require.Len(t, w.post.messages(), 20)
}

func TestCancelledWhileTheServerHangs(t *testing.T) {
	w := newWorld(t)
	w.tune = func(c *delivery.Config) { c.Grace = 50 * time.Millisecond }
	ctx, cancel := context.WithCancel(t.Context())
	w.post.answers(func(ctx context.Context, _ *provider.Message) (provider.Receipt, error) {
		cancel()
		<-ctx.Done()
		return provider.Receipt{}, &provider.Error{Class: provider.Unknown, Err: ctx.Err()}
	})
	q := w.enrol("1", w.person("ada@example.com", loaf))
	began := time.Now()
	_, err := w.delivery("w1").Send(ctx, q)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(began), 3*time.Second)
	require.Equal(t, store.Unknown, w.sends(q.Cohort, q.Members)[0].State)
}

func TestManyWorkersOneRequest(t *testing.T) {
	w := newWorld(t)
	people := make([]int64, 60)
	for i := range people {
		people[i] = w.person("p"+string(rune('a'+i/26))+string(rune('a'+i%26))+"@example.com", loaf)
	}
	q := w.enrol("1", people...)
	one, two := w.delivery("w1"), w.delivery("w2")
	var group sync.WaitGroup
	for _, d := range []*delivery.Delivery{one, two, one, two, one} {
		group.Go(func() {
			_, err := d.Send(t.Context(), q)
			require.NoError(t, err)
		})
	}
	group.Wait()
	got, err := one.Send(t.Context(), q)
	require.NoError(t, err)
	require.Equal(t, q.Members, got.Sent)
	keys := map[string]int{}
	for _, m := range w.post.messages() {
		keys[m.Key]++
	}
	require.Len(t, keys, 60)
	require.Len(t, w.post.messages(), 60, "nobody gets it twice")
	for _, p := range people {
		labels, _ := w.events(p)
		require.Equal(t, []string{"email_sent"}, labels)
	}
}

func TestParallelIsTheOutletsNotTheBatchs(t *testing.T) {
	w := newWorld(t)
	w.post.parallel = 3
	w.kinds[1] = w.post.kind()
	d := w.delivery("w1")
	w.post.answers(takeAnd(func() { time.Sleep(2 * time.Millisecond) }))
	var group sync.WaitGroup
	for b := range 4 {
		people := make([]int64, 10)
		for i := range people {
			people[i] = w.person(string(rune('a'+b))+string(rune('a'+i))+"@example.com", loaf)
		}
		q := w.enrol(string(rune('a'+b)), people...)
		group.Go(func() {
			got, err := d.Send(t.Context(), q)
			require.NoError(t, err)
			require.Len(t, got.Sent, 10)
		})
	}
	group.Wait()
	require.Len(t, w.post.messages(), 40)
	require.Equal(t, 3, w.post.most)
}

func TestASmallBatchNeedNotWaitForALargeOne(t *testing.T) {
	w := newWorld(t)
	w.post.parallel = 1
	w.kinds[1] = w.post.kind()
	people := make([]int64, 60)
	for i := range people {
		people[i] = w.person("p"+string(rune('a'+i/26))+string(rune('a'+i%26))+"@example.com", loaf)
	}
	large, small := w.enrol("large", people...), w.enrol("small", w.person("receipt@example.com", loaf))
	d := w.delivery("w1")
	var group sync.WaitGroup
	var once sync.Once
	w.post.answers(takeAnd(func() {
		once.Do(func() {
			group.Go(func() {
				_, err := d.Send(t.Context(), small)
				require.NoError(t, err)
			})
		})
		time.Sleep(5 * time.Millisecond)
	}))
	_, err := d.Send(t.Context(), large)
	require.NoError(t, err)
	group.Wait()
	sent := w.post.messages()
	require.Len(t, sent, 61)
	require.NotEqual(t, "receipt@example.com", sent[60].To.Address)
}
