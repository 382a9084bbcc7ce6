package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
)

// house has people switch themselves on and off, which a segment follows and a
// journey welcomes.
func house() []campaign.Definition {
	return []campaign.Definition{
		&campaign.Profile{},
		&campaign.Event{Name: "switched", Properties: []campaign.Field{{Name: "on", Type: campaign.Of(campaign.Bool)}}},
		&campaign.Topic{Name: "news"},
		&campaign.Segment{Name: "on", When: linktest.CEL("events.switched.last().on")},
		&campaign.Segment{Name: "known", When: linktest.CEL("events.switched.any()")},
		&campaign.Journey{Name: "welcome", Trigger: campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "on"}},
			Reentry: campaign.Reentry{Per: campaign.PerPerson}, OnChange: campaign.Pin, Steps: campaign.Steps{&campaign.Send{Name: "hello", Message: "hello"}}},
	}
}

// settle makes the project live.
func settle(t testing.TB, s store.Store) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.SetEnvironment(campaign.Environment{Name: "test"}, campaign.Settings{}); err != nil {
			return err
		}
		for _, r := range linktest.Resources(t, house()...) {
			if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, Body: r.Body, AppliedAt: time.Now().UTC()}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// dispatchers work on a store, as in a process of its own, woken by its words, until
// ctx is done; none of them asks for the lease.
func dispatchers(ctx context.Context, t *testing.T, group *sync.WaitGroup, address string, n int) {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	holder, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	for i := range n {
		d := enrolment.NewDispatcher(enrolment.Config{Store: s, Live: holder, Owner: fmt.Sprint(i)})
		words := s.Notifications(ctx)
		group.Go(func() {
			for range words {
				if err := drain(context.Background(), d); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func drain(ctx context.Context, d *enrolment.Dispatcher) error {
	for {
		if turn, err := d.Step(ctx); err != nil || turn.Idle() {
			return err
		}
	}
}

// alternate checks that moves go in and out by turns, each for an event of its own
// that says so. Somebody who goes out and back within one turn of a dispatcher has
// not crossed.
func alternate(t *testing.T, r store.Reader, person int64, moves []store.Move) {
	t.Helper()
	last := int64(0)
	for i, m := range moves {
		require.Equal(t, i%2 == 0, m.Inside, "in, out, in …")
		require.Greater(t, m.Ref, last)
		last = m.Ref
		e, err := r.Event(m.Ref)
		require.NoError(t, err)
		require.Equal(t, person, e.Person)
		require.Equal(t, m.Inside, e.Properties["on"])
	}
}

// TestDispatchersAtOnce has four dispatchers of two processes race for the events
// of many writers: no crossing is recorded twice, the last one of each person is
// never lost, and everybody who was seen inside is welcomed once.
func TestDispatchersAtOnce(t *testing.T) {
	address := pgtest.URL(t)
	s, err := postgres.Open(t.Context(), address, postgres.Options{})
	require.NoError(t, err)
	defer s.Close()
	settle(t, s)
	const writers, people, events = 4, 12, 25
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var working, writing sync.WaitGroup
	dispatchers(ctx, t, &working, address, 2)
	dispatchers(ctx, t, &working, address, 2)

	want := make([]map[int64]crossings, writers)
	for w := range writers {
		want[w] = map[int64]crossings{}
		writing.Go(func() {
			if err := flip(s, w, people, events, want[w]); err != nil {
				t.Error(err)
			}
		})
	}
	writing.Wait()
	holder, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	last := enrolment.NewDispatcher(enrolment.Config{Store: s, Live: holder, Owner: "last"})
	for idle := 0; idle < 3; idle++ { // one that lost the race says that it was idle
		require.NoError(t, drain(t.Context(), last))
	}
	stop()
	working.Wait()
	require.NoError(t, drain(t.Context(), last))

	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		entered := 0
		for _, of := range want {
			for person, c := range of {
				moves, err := r.MovesOf(person, "on", 0)
				require.NoError(t, err)
				slices.Reverse(moves)
				alternate(t, r, person, moves)
				require.Equal(t, c.on, len(moves)%2 == 1, "the last crossing is not lost")
				entered += (len(moves) + 1) / 2
				known, err := r.MovesOf(person, "known", 0)
				require.NoError(t, err)
				require.Len(t, known, 1)
				inside, err := r.IsMember("on", person)
				require.NoError(t, err)
				require.Equal(t, c.on, inside)
				enrolments, err := r.EnrolmentsOfPerson(person)
				require.NoError(t, err)
				require.Len(t, enrolments, min(len(moves), 1), "welcomed once")
				require.LessOrEqual(t, len(moves), c.n)
			}
		}
		days, err := r.SegmentDays("on", time.Time{})
		require.NoError(t, err)
		for _, d := range days {
			entered -= int(d.Entered)
		}
		require.Zero(t, entered, "what is counted is what is recorded")
		items, err := r.OutboxItems(0)
		require.NoError(t, err)
		cohorts, err := r.OpenCohorts(0)
		require.Len(t, items, len(cohorts), "and each cohort is started once")
		return err
	}))
}

// crossings are how often somebody crossed the border, and where they are.
type crossings struct {
	n  int
	on bool
}

// flip has some people switch at random, and counts what comes of it.
func flip(s store.Store, writer, people, events int, want map[int64]crossings) error {
	r := rand.New(rand.NewPCG(uint64(writer), 1))
	var ids []int64
	for i := range people {
		err := s.Update(context.Background(), func(tx store.Tx) error {
			p, err := tx.Identify(store.Person{Key: fmt.Sprintf("%d-%d", writer, i), CreatedAt: time.Now(), UpdatedAt: time.Now()})
			if err == nil && len(ids) == i {
				ids = append(ids, p.ID)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for range events * people {
		id, on := ids[r.IntN(people)], r.IntN(2) == 0
		c := want[id]
		if c.on != on {
			c.n++
		}
		c.on = on
		want[id] = c
		at := time.Now().UTC()
		err := s.Update(context.Background(), func(tx store.Tx) error {
			_, err := tx.AppendEvents([]store.Event{{Person: id, Name: "switched", At: at, ReceivedAt: at, Properties: map[string]any{"on": on}}})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
