package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
	"github.com/herald-campaigns/herald/workflows"
)

// wayStore is a store in a folder, with three people in two journeys.
func wayStore(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	require.NoError(t, err)
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	welcome := campaign.NewResource(&campaign.Journey{Name: "welcome", Steps: campaign.Steps{
		&campaign.Call{Name: "score"}, &campaign.Wait{Name: "a_day", For: 24 * time.Hour},
	}}, nil)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		var people []int64
		for i := range 3 {
			p, err := tx.Identify(store.Person{Key: fmt.Sprint("k", i), UpdatedAt: at, CreatedAt: at})
			if err != nil {
				return err
			}
			people = append(people, p.ID)
		}
		if err := tx.PutDefinitions([]store.Definition{{Digest: welcome.Digest, Kind: "journey", Body: welcome.Body}}); err != nil {
			return err
		}
		member := func(i int, person int64) store.Enrolment {
			return store.Enrolment{Index: i, Person: person, EnteredAt: at, UpdatedAt: at}
		}
		err := tx.CreateCohort(store.Cohort{ID: "journey/welcome/e1", Journey: "welcome", Definition: welcome.Digest, Size: 2, CreatedAt: at}, []store.Enrolment{member(0, people[0]), member(1, people[1])})
		if err != nil {
			return err
		}
		if err := tx.CreateCohort(store.Cohort{ID: "journey/other/e2", Journey: "other", Size: 1, CreatedAt: at}, []store.Enrolment{member(0, people[2])}); err != nil {
			return err
		}
		_, err = tx.AppendEvents([]store.Event{{
			Person: people[0], Name: "call_answered", At: at.Add(time.Minute), ReceivedAt: at.Add(time.Minute),
			MessageID: journey.EffectKey("journey/welcome/e1", 0, "score", 1), Properties: map[string]any{"status": 200.0},
		}})
		if err != nil {
			return err
		}
		return tx.SaveProgress("journey/welcome/e1", []store.Progress{
			{Index: 0, Step: "a_day", WakeAt: at.Add(24 * time.Hour), At: at.Add(time.Minute)},
			{Index: 1, Step: "a_day", EndedAt: at.Add(time.Hour), Outcome: "exit_when", At: at.Add(time.Hour)},
		})
	}))
	require.NoError(t, s.Close())
	return dir
}

func typed(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, stdio{strings.NewReader("no\n"), &stdout, &stderr})
	return stdout.String() + stderr.String(), code
}

func TestEnrolments(t *testing.T) {
	dir := wayStore(t)
	out, code := typed(t, "enrolments", "-data", dir)
	require.Zero(t, code)
	require.Equal(t, `journey  step   ended      people
other    -      -          1
welcome  a_day  -          1
welcome  -      exit_when  1
`, out)
	out, _ = typed(t, "enrolments", "-data", dir, "-json", "journey.welcome")
	require.JSONEq(t, `[{"journey":"welcome","step":"a_day","people":1},{"journey":"welcome","outcome":"exit_when","people":1}]`, out)

	empty := t.TempDir()
	s, err := sqlite.Open(t.Context(), empty, sqlite.Options{})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	out, _ = typed(t, "enrolments", "-data", empty)
	require.Equal(t, "Nobody has entered.\n", out)
}

// A command that only looks, or orders who is inside, makes no store.
func TestLookingMakesNoStore(t *testing.T) {
	for _, args := range [][]string{
		{"enrolments"}, {"enrolment", "show", "k0"}, {"journey", "pause", "journey.welcome"},
	} {
		dir := t.TempDir()
		out, code := typed(t, append([]string{args[0], "-data", dir}, args[1:]...)...)
		require.Equal(t, exitError, code, args)
		require.Contains(t, out, "there is no store in "+dir, args)
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, files, args)
	}
}

func TestEnrolmentShow(t *testing.T) {
	dir := wayStore(t)
	out, code := typed(t, "enrolment", "-data", dir, "show", "k0")
	require.Zero(t, code)
	require.Equal(t, `Person 1 (k0)

journey.welcome, run journey/welcome/e1, member 0
  2026-11-02 12:00  entered
  2026-11-02 12:01  step score: call_answered, status 200
  2026-11-02 12:01  at step a_day, until 2026-11-03 12:00
`, out)
	out, _ = typed(t, "enrolment", "-data", dir, "show", "k1")
	require.Contains(t, out, "2026-11-02 13:00  ended: exit_when\n")
	out, code = typed(t, "enrolment", "-data", dir, "show", "nobody")
	require.Equal(t, exitError, code)
	require.Contains(t, out, "nobody is known")
	_, code = typed(t, "enrolment", "-data", dir, "hide", "k1")
	require.Equal(t, exitError, code)
}

func TestJourneyOrders(t *testing.T) {
	dir := wayStore(t)
	for _, args := range [][]string{{"stop", "journey.welcome"}, {"pause", "welcome"}, {"pause", "journey."}} {
		_, code := typed(t, append([]string{"journey", "-data", dir}, args...)...)
		require.Equal(t, exitError, code, args)
	}
	out, code := typed(t, "journey", "-data", dir, "pause", "journey.nowhere")
	require.Zero(t, code)
	require.Equal(t, "Nobody is under way in journey.nowhere.\n", out)
	out, code = typed(t, "journey", "-data", dir, "cancel", "journey.welcome")
	require.Equal(t, exitError, code, "it asks first")
	require.Contains(t, out, "End the way of everybody in journey.welcome?")
	out, code = typed(t, "journey", "-data", dir, "pause", "journey.welcome")
	require.Equal(t, exitError, code)
	require.Contains(t, out, "no Temporal is known")
}

// fakeRuns hears orders.
type fakeRuns struct {
	heard []string
	fails map[string]error
}

func (f *fakeRuns) hear(order, id string) (workflows.ExitResult, error) {
	f.heard = append(f.heard, order+" "+id)
	return workflows.ExitResult{People: 2}, f.fails[id]
}

func (f *fakeRuns) Pause(_ context.Context, id string) (workflows.ExitResult, error) {
	return f.hear("pause", id)
}

func (f *fakeRuns) Unpause(_ context.Context, id string) (workflows.ExitResult, error) {
	return f.hear("resume", id)
}

func (f *fakeRuns) Cancel(_ context.Context, id string) (workflows.ExitResult, error) {
	return f.hear("cancel", id)
}

func TestEveryRunIsTold(t *testing.T) {
	for name, o := range orders {
		var out bytes.Buffer
		c := &call{stdio: stdio{out: &out}}
		f := &fakeRuns{fails: map[string]error{"b": workflows.ErrGone}}
		require.NoError(t, c.tellCohorts(t.Context(), o, f, []string{"a", "b", "c"}))
		require.Equal(t, []string{name + " a", name + " b", name + " c"}, f.heard)
		require.Equal(t, fmt.Sprintf("4 people in 2 runs %s.\n", o.done), out.String(), "one has ended in this moment")
		f.fails["c"] = errors.New("no answer")
		require.ErrorContains(t, c.tellCohorts(t.Context(), o, f, []string{"a", "b", "c"}), "2 people in 1 of 3 runs")
	}
}
