package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/engine/store"
)

func cohort(id string, created time.Time) store.Cohort {
	return store.Cohort{ID: id, Journey: "win_back", Definition: "d1", Size: 2, CreatedAt: created}
}

func cohorts(t *testing.T, s store.Store) {
	first, second := cohort("journey/win_back/1", noon), cohort("journey/win_back/2", at(-time.Hour))
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.CreateCohort(first, []store.Enrolment{{Person: 1}}))
		require.NoError(t, tx.CreateCohort(second, nil))
		require.NoError(t, tx.AddWaits([]store.Wait{{Cohort: second.ID, Person: 1, Event: "order"}}))
	})
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.CreateCohort(first, nil) })
	require.ErrorIs(t, err, store.ErrConflict)
	view(t, s, func(r store.Reader) {
		require.Equal(t, first, must(r.Cohort(first.ID))(t))
		require.Equal(t, []store.Cohort{second, first}, must(r.OpenCohorts(0))(t), "oldest first")
		require.Equal(t, []store.Cohort{second}, must(r.OpenCohorts(1))(t))
		_, err := r.Cohort("none")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.EndCohort(second.ID, at(time.Hour)))
		require.ErrorIs(t, tx.EndCohort("none", at(time.Hour)), store.ErrNotFound)
	})
	view(t, s, func(r store.Reader) {
		second.EndedAt = at(time.Hour)
		require.Equal(t, second, must(r.Cohort(second.ID))(t))
		require.Equal(t, []store.Cohort{first}, must(r.OpenCohorts(0))(t))
		require.Empty(t, must(r.WaitsFor(1, "order"))(t), "its waits go")
	})
}

func enrolments(t *testing.T, s store.Store) {
	enrolled := []store.Enrolment{
		{
			Cohort: "a", Index: 0, Journey: "win_back", Person: 1, Key: "c1", EnteredAt: at(time.Hour), Step: "first", UpdatedAt: noon,
			Trigger: map[string]any{"at": "2026-12-03T12:00:00Z", "total": 4.2},
		},
		{Cohort: "a", Index: 1, Journey: "win_back", Person: 2, EnteredAt: noon, Step: "first", UpdatedAt: noon},
	}
	later := []store.Enrolment{{Cohort: "b", Journey: "win_back", Person: 1, Key: "c2", EnteredAt: noon, Step: "first", UpdatedAt: noon}}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.CreateCohort(cohort("a", noon), enrolled))
		require.NoError(t, tx.CreateCohort(cohort("b", noon), later))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, enrolled, must(r.Enrolments("a", nil))(t), "all of them, by index")
		require.Equal(t, enrolled[1:], must(r.Enrolments("a", []int{1, 9}))(t))
		require.Empty(t, must(r.Enrolments("a", []int{}))(t))
		require.Empty(t, must(r.Enrolments("none", nil))(t))
		require.Equal(t, []store.Enrolment{later[0], enrolled[0]}, must(r.EnrolmentsOfPerson(1))(t), "the last created first")
		require.Equal(t, later[0], must(r.LastEnrolment("win_back", 1, "", true))(t))
		require.Equal(t, enrolled[0], must(r.LastEnrolment("win_back", 1, "c1", false))(t))
		for _, err := range []error{
			second(r.LastEnrolment("win_back", 1, "", false)), second(r.LastEnrolment("win_back", 3, "", true)), second(r.LastEnrolment("cart", 1, "", true)),
		} {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	})
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.SaveProgress("a", []store.Progress{
			{Index: 0, Step: "wait", WakeAt: at(24 * time.Hour), At: at(time.Minute)},
			{Index: 1, EndedAt: at(time.Minute), Outcome: "finished", At: at(time.Minute)},
		}))
		require.ErrorIs(t, tx.SaveProgress("a", []store.Progress{{Index: 5}}), store.ErrNotFound)
	})
	view(t, s, func(r store.Reader) {
		got := must(r.Enrolments("a", nil))(t)
		enrolled[0].Step, enrolled[0].WakeAt, enrolled[0].UpdatedAt = "wait", at(24*time.Hour), at(time.Minute)
		enrolled[1].Step, enrolled[1].EndedAt, enrolled[1].Outcome, enrolled[1].UpdatedAt = "", at(time.Minute), "finished", at(time.Minute)
		require.Equal(t, enrolled, got)
	})
}

func stepCounts(t *testing.T, s store.Store) {
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.CreateCohort(cohort("a", noon), []store.Enrolment{
			{Index: 0, Person: 1, Step: "wait"}, {Index: 1, Person: 2, Step: "wait"}, {Index: 2, Person: 3, Step: "send"},
			{Index: 3, Person: 4, Step: "send", EndedAt: noon, Outcome: "finished"},
		}))
		migrated := cohort("b", noon)
		migrated.Definition = "d2"
		require.NoError(t, tx.CreateCohort(migrated, []store.Enrolment{{Person: 5, Step: "wait"}}))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.StepCount{
			{Journey: "win_back", Definition: "d1", Outcome: "finished", People: 1},
			{Journey: "win_back", Definition: "d1", Step: "send", People: 1},
			{Journey: "win_back", Definition: "d1", Step: "wait", People: 2},
			{Journey: "win_back", Definition: "d2", Step: "wait", People: 1},
		}, must(r.StepCounts())(t))
	})
}

func waits(t *testing.T, s store.Store) {
	a, b, c := store.Wait{Cohort: "a", Index: 1, Person: 7, Event: "order"}, store.Wait{Cohort: "a", Index: 2, Person: 8, Event: "order"},
		store.Wait{Cohort: "b", Index: 1, Person: 7, Event: "order"}
	click := store.Wait{Cohort: "a", Index: 1, Person: 7, Event: "click"}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.AddWaits([]store.Wait{c, a, b, click}))
		require.NoError(t, tx.AddWaits([]store.Wait{a}), "again is no harm")
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.Wait{a, c}, must(r.WaitsFor(7, "order"))(t))
		require.Equal(t, []store.Wait{click}, must(r.WaitsFor(7, "click"))(t))
		require.Empty(t, must(r.WaitsFor(9, "order"))(t))
	})
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.RemoveWaits("a", nil))
		require.Len(t, must(tx.WaitsFor(7, "click"))(t), 1, "nobody was named")
		require.NoError(t, tx.RemoveWaits("a", []int{1, 5}))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.Wait{c}, must(r.WaitsFor(7, "order"))(t))
		require.Empty(t, must(r.WaitsFor(7, "click"))(t), "all of a member's")
		require.Equal(t, []store.Wait{b}, must(r.WaitsFor(8, "order"))(t))
	})
}

func pending(t *testing.T, s store.Store) {
	view(t, s, func(r store.Reader) { require.Zero(t, must(r.NextPending())(t)) })
	first := store.Pending{Journey: "cart", Person: 1, Key: "c1", Event: 1, DueAt: at(2 * time.Hour)}
	other := store.Pending{Journey: "cart", Person: 1, Key: "c2", Event: 2, DueAt: at(time.Hour)}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.PutPending(first))
		require.NoError(t, tx.PutPending(other))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, at(time.Hour), must(r.NextPending())(t))
		require.Empty(t, must(r.DuePending(at(time.Hour-time.Microsecond), 0))(t))
		require.Equal(t, []store.Pending{other}, must(r.DuePending(at(time.Hour), 0))(t))
		require.Equal(t, []store.Pending{other, first}, must(r.DuePending(at(2*time.Hour), 0))(t), "earliest first")
		require.Equal(t, []store.Pending{other}, must(r.DuePending(at(2*time.Hour), 1))(t))
	})
	other.Event, other.DueAt = 3, at(3*time.Hour)
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.PutPending(other))
		require.NoError(t, tx.DeletePending("cart", 1, "c1"))
		require.NoError(t, tx.DeletePending("cart", 1, "none"), "no harm")
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.Pending{other}, must(r.DuePending(at(5*time.Hour), 0))(t), "replaced, not doubled")
	})
}

func runs(t *testing.T, s store.Store) {
	const size = 12_345
	people := make([]int64, size)
	for i := range people {
		people[i] = int64(size - i)
	}
	first := store.Run{ID: "broadcast/weekly/1", Broadcast: "weekly", Definition: "d1", DueAt: noon, Size: size, CreatedAt: noon}
	next := store.Run{ID: "broadcast/weekly/2", Broadcast: "weekly", Definition: "d1", DueAt: at(time.Hour), CreatedAt: noon}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.CreateRun(first, people))
		require.NoError(t, tx.CreateRun(next, nil))
	})
	err := s.Update(t.Context(), func(tx store.Tx) error { return tx.CreateRun(first, people) })
	require.ErrorIs(t, err, store.ErrConflict)
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.EndRun(first.ID, at(time.Hour)))
		require.ErrorIs(t, tx.EndRun("none", noon), store.ErrNotFound)
	})
	view(t, s, func(r store.Reader) {
		first.EndedAt = at(time.Hour)
		require.Equal(t, first, must(r.Run(first.ID))(t))
		require.Equal(t, []store.Run{next, first}, must(r.Runs("weekly", 0))(t), "newest first")
		require.Equal(t, []store.Run{next}, must(r.Runs("weekly", 1))(t))
		require.Empty(t, must(r.Runs("other", 0))(t))
		require.ErrorIs(t, second(r.Run("none")), store.ErrNotFound)

		require.Equal(t, []store.Recipient{{Run: first.ID, Index: 10_000, Person: size - 10_000}, {Run: first.ID, Index: 10_001, Person: size - 10_001}},
			must(r.Recipients(first.ID, 10_000, 10_002))(t))
		require.Len(t, must(r.Recipients(first.ID, 0, size*2))(t), size)
		require.Empty(t, must(r.Recipients(first.ID, size, size*2))(t))
		require.Empty(t, must(r.Recipients("none", 0, 10))(t))
	})
}
