package enrolment_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/audience/index"
	"github.com/herald-campaigns/herald/engine/clock"
	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// victimOf names the folder of the store on which this process dispatches until it
// is killed.
const victimOf = "HERALD_TEST_VICTIM_OF"

// beVictim dispatches by columns until somebody kills this process.
func beVictim(dir string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		return err
	}
	holder, err := live.Open(ctx, s, nil)
	if err != nil {
		return err
	}
	ix, err := index.Open(ctx, index.Config{Store: s, Schema: holder.Schema()})
	if err != nil {
		return err
	}
	for { // without the lease, so that two run at once
		d := enrolment.NewDispatcher(enrolment.Config{Store: s, Live: holder, Index: ix, Owner: fmt.Sprint(os.Getpid())})
		for range 50 {
			if _, err := d.Step(ctx); err != nil {
				return err
			}
		}
	}
}

// Processes that dispatch are killed at random moments, two at a time, while events
// come in and windows end: the moves give exactly who is inside, and whoever enters
// enters the journey once for each time.
func TestKilledWhileDispatching(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	require.NoError(t, err)
	defer s.Close()
	h := houseOn(t, s)
	h.setClock(time.Now().UTC())
	h.apply(segment("busy", "events.order_completed.within('1s').count() >= 2"), segment("quiet", "events.order_completed.any() && events.order_completed.within('2s').none()"),
		one("a", onEnter("busy", false), never), one("b", onEnter("quiet", false), never))
	people := make([]int64, 20)
	for i := range people {
		people[i] = h.person(fmt.Sprint("p", i))
	}
	r := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	victims := []*exec.Cmd{victim(t, dir), victim(t, dir)}
	for range 12 {
		for range r.IntN(30) {
			h.setClock(time.Now().UTC().Truncate(time.Microsecond))
			h.does(people[r.IntN(len(people))], "order_completed")
		}
		time.Sleep(time.Duration(50+r.IntN(250)) * time.Millisecond)
		i := r.IntN(2)
		kill(t, victims[i])
		victims[i] = victim(t, dir)
	}
	for _, v := range victims {
		kill(t, v)
	}
	h.view(func(r store.Reader) error {
		turns, err := r.Cursor("dispatch/turn")
		require.Greater(t, turns, int64(5), "they took turns")
		return err
	})
	h.setClock(time.Now().UTC().Add(5 * time.Second))
	h.dispatcher = enrolment.NewDispatcher(h.config("last"))
	h.dispatch()
	require.True(t, h.sweep().Idle())
	h.agrees(t)
	moves := h.replayed(people...)
	require.NotEmpty(t, moves)
	entered := map[string]int{}
	for _, m := range moves {
		if m.Inside {
			entered[map[string]string{"busy": "a", "quiet": "b"}[m.Segment]+fmt.Sprint(m.Person)] = 1 // never again
		}
	}
	enrolled := map[string]int{}
	for _, id := range people {
		for _, e := range h.enrolments(id) {
			enrolled[e.Journey+fmt.Sprint(id)]++
		}
	}
	require.Equal(t, entered, enrolled)
	told := map[string]bool{}
	for _, item := range h.outbox(journey.KindStartCohort) {
		require.False(t, told[item.Workflow])
		told[item.Workflow] = true
	}
}

func kill(t *testing.T, victim *exec.Cmd) {
	t.Helper()
	require.NoError(t, victim.Process.Kill(), "it lived until now")
	var killed *exec.ExitError
	require.ErrorAs(t, victim.Wait(), &killed)
	require.False(t, killed.Exited(), "it did not end by itself")
}

func victim(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimOf+"="+dir)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	return cmd
}

// Run wakes when a window ends, in compressed time as well, and dates the move to
// the instant.
func TestRunWakesWhenTimeMoves(t *testing.T) {
	h := newHouse(t, segment("recent", "events.order_completed.within('1h').any()"))
	c := clock.Compressed(time.Now(), start, 7200)
	config := h.config("run")
	config.Now = func() time.Time { return c.Now().Truncate(time.Microsecond) }
	config.Until = func(at time.Time) time.Duration { return c.Until(at, time.Now()) }
	d := enrolment.NewDispatcher(config)
	ctx, cancel := contextOf(t)
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	ada := h.person("ada")
	at := config.Now()
	h.did(ada, "order_completed", at)
	d.Poke()
	require.Eventually(t, func() bool { return len(h.moves(ada)) == 2 }, 20*time.Second, 10*time.Millisecond)
	cancel()
	<-done
	require.Equal(t, told{"recent", ada, false, at.Add(time.Hour), store.ByTime, 0}, h.moves(ada)[1])
}
