package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// queue is an outbox in memory. The embedded interfaces stand for what a pump
// does not use.
type queue struct {
	store.Tx
	mu    sync.Mutex
	items []store.OutboxItem
	held  string // by whom the lease is
	last  int64
}

func (q *queue) View(_ context.Context, f func(store.Reader) error) error { return f(q) }
func (q *queue) Update(_ context.Context, f func(store.Tx) error) error   { return f(q) }

func (q *queue) OutboxItems(limit int) ([]store.OutboxItem, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.items[:min(limit, len(q.items))]), nil
}

func (q *queue) OutboxDone(ids ...int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = slices.DeleteFunc(q.items, func(i store.OutboxItem) bool { return slices.Contains(ids, i.ID) })
	return nil
}

func (q *queue) Acquire(_, owner string, _, _ time.Time) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held == "" {
		q.held = owner
	}
	return q.held == owner, nil
}

func (q *queue) Release(_, owner string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held == owner {
		q.held = ""
	}
	return nil
}

func (q *queue) put(kind, id string, payload any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	body, err := json.Marshal(payload)
	if err != nil {
		panic(err) // of the test's own values
	}
	q.last++
	q.items = append(q.items, store.OutboxItem{ID: q.last, Kind: kind, Workflow: id, Payload: body})
}

func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// told is a Temporal that remembers what it was told, and may fail.
type told struct {
	mu      sync.Mutex
	started map[string]bool
	heard   map[string][]int64
	signals int
	gone    map[string]bool
	fail    func(id string) error
}

func newTold() *told {
	return &told{started: map[string]bool{}, heard: map[string][]int64{}, gone: map[string]bool{}, fail: func(string) error { return nil }}
}

func (t *told) begin(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.fail(id); err != nil {
		return err
	}
	t.started[id] = true
	return nil
}

func (t *told) StartCohort(_ context.Context, id string, _ journey.StartCohort) error {
	return t.begin(id)
}
func (t *told) StartRun(_ context.Context, id string, _ journey.StartRun) error { return t.begin(id) }

func (t *told) React(_ context.Context, id string, r Reactions) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.signals++
	if err := t.fail(id); err != nil {
		return err
	}
	if t.gone[id] || !t.started[id] {
		return ErrGone
	}
	for _, item := range r.Items {
		t.heard[id] = append(t.heard[id], item.Seq)
	}
	return nil
}

func TestThePumpTellsInOrderAndGathersSignals(t *testing.T) {
	q, to := &queue{}, newTold()
	q.put(journey.KindStartCohort, "journey/a/1", journey.StartCohort{Journey: "a", Size: 2})
	for range 50 {
		q.put(journey.KindSignal, "journey/a/1", journey.Reaction{Members: journey.Members{1}})
	}
	q.put(journey.KindStartRun, "broadcast/b/1", journey.StartRun{Broadcast: "b"})
	q.put(journey.KindSignal, "journey/gone/1", journey.Reaction{})
	q.put("spell", "journey/a/1", nil)
	q.put(journey.KindSignal, "journey/a/1", "no reaction")
	q.put(journey.KindSignal, "journey/a/1", journey.Reaction{Members: journey.Members{0}})

	p := &Pump{Outbox: q, Teller: to, Owner: "me"}
	n, err := p.round(t.Context(), quiet)
	require.NoError(t, err)
	require.Equal(t, 56, n)
	require.Zero(t, q.left(), "gone, malformed and unknown ones are closed too")
	require.Equal(t, map[string]bool{"journey/a/1": true, "broadcast/b/1": true}, to.started)
	require.Len(t, to.heard["journey/a/1"], 51)
	require.Equal(t, 3, to.signals)
}

func TestThePumpLeavesToItsHolderWhatIsLeased(t *testing.T) {
	q, to := &queue{held: "somebody else"}, newTold()
	q.put(journey.KindStartRun, "broadcast/b/1", journey.StartRun{})
	p := &Pump{Outbox: q, Teller: to, Owner: "me"}
	n, err := p.round(t.Context(), quiet)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Empty(t, to.started)
}

// TestThePumpLosesNothing lets it fail at random: each run hears all its
// reactions, in order, once or again.
func TestThePumpLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, to := &queue{}, newTold()
		faults := rapid.SliceOfN(rapid.Bool(), 0, 20).Draw(t, "faults")
		to.fail = func(string) error {
			if len(faults) == 0 {
				return nil
			}
			fault := faults[0]
			faults = faults[1:]
			if fault {
				return errors.New("unavailable")
			}
			return nil
		}
		want := map[string][]int64{}
		for _, id := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 30).Draw(t, "items") {
			if want[id] == nil {
				q.put(journey.KindStartCohort, id, journey.StartCohort{})
				want[id] = []int64{}
				continue
			}
			q.put(journey.KindSignal, id, journey.Reaction{Members: journey.Members{0}})
			want[id] = append(want[id], q.last)
		}
		p := &Pump{Outbox: q, Teller: to, Owner: "me"}
		for range 100 {
			_, _ = p.round(context.Background(), quiet) // its faults are what is tested
		}
		require.Zero(t, q.left())
		for id, seqs := range want {
			require.Equal(t, seqs, slices.Compact(append([]int64{}, to.heard[id]...)))
		}
	})
}

func TestThePumpRunsUntilItIsToldNotTo(t *testing.T) {
	q, to := &queue{}, newTold()
	notify := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	p := &Pump{Outbox: q, Teller: to, Owner: "me", Notify: notify, Poll: time.Hour}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.Run(ctx)
	}()
	q.put(journey.KindStartRun, "broadcast/b/1", journey.StartRun{})
	notify <- struct{}{}
	require.Eventually(t, func() bool { return q.left() == 0 }, time.Second, time.Millisecond)
	cancel()
	<-done
	require.Empty(t, q.held, "the lease is given back")
}
