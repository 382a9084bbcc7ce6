package apply_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/apply"
	"github.com/herald-campaigns/herald/engine/plan"
	"github.com/herald-campaigns/herald/engine/state"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// schedules is a Runtime in memory that fails or dies when told to.
type schedules struct {
	have   map[addr.Addr]bool
	ensure func(addr.Addr) error
	remove func(addr.Addr) error
}

func (s *schedules) EnsureSchedule(_ context.Context, a addr.Addr) error {
	if s.ensure != nil {
		if err := s.ensure(a); err != nil {
			return err
		}
	}
	s.have[a] = true
	return nil
}

func (s *schedules) RemoveSchedule(_ context.Context, a addr.Addr) error {
	if s.remove != nil {
		if err := s.remove(a); err != nil {
			return err
		}
	}
	delete(s.have, a)
	return nil
}

func (s *schedules) Schedules(context.Context) ([]addr.Addr, error) {
	var out []addr.Addr
	for a := range s.have {
		out = append(out, a)
	}
	slices.SortFunc(out, addr.Addr.Compare)
	return out, nil
}

// membership notes what it was asked, and writes one member.
type membership struct{ asked [][]string }

func (m *membership) Rebase(_ context.Context, _ *campaign.Revision, segments []string) (func(store.Tx) error, error) {
	m.asked = append(m.asked, segments)
	return func(tx store.Tx) error { return tx.SetCursor("rebased", int64(len(m.asked))) }, nil
}

type bench struct {
	t       *testing.T
	store   store.Store
	runtime *schedules
	members *membership
	applier *apply.Applier
}

func newBench(t *testing.T) *bench {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	b := &bench{t: t, store: s, runtime: &schedules{have: map[addr.Addr]bool{}}, members: &membership{}}
	b.applier = &apply.Applier{Store: s, Runtime: b.runtime, Membership: b.members, Now: time.Now}
	return b
}

func (b *bench) plan(rev *campaign.Revision) *plan.Plan {
	b.t.Helper()
	live, err := state.Load(b.t.Context(), b.store)
	require.NoError(b.t, err)
	p, err := plan.New(rev, live)
	require.NoError(b.t, err)
	return p
}

func (b *bench) apply(rev *campaign.Revision) error {
	b.t.Helper()
	return b.applier.Apply(b.t.Context(), b.plan(rev), rev, apply.By{ID: b.t.Name() + time.Now().String(), Who: "ada", Owner: "test"})
}

// live lists what is live, and the newest entries of the audit log.
func (b *bench) live() (addrs []string, audit []store.Apply) {
	b.t.Helper()
	require.NoError(b.t, b.store.View(b.t.Context(), func(r store.Reader) error {
		live, err := r.Live()
		addrs = nil
		for _, res := range live.Resources {
			addrs = append(addrs, res.Addr.String())
		}
		if err == nil {
			audit, err = r.Applies(10)
		}
		return err
	}))
	slices.Sort(addrs)
	return addrs, audit
}

func revision(env string, resources ...campaign.Definition) *campaign.Revision {
	var frozen []campaign.Resource
	for _, def := range resources {
		frozen = append(frozen, campaign.NewResource(def, nil))
	}
	return campaign.NewRevision(campaign.Settings{}, campaign.Environment{Name: env}, frozen)
}

func broadcast(name string) *campaign.Broadcast {
	return &campaign.Broadcast{Name: name, Message: "m", Schedule: campaign.Schedule{Once: "2026-12-01T08:00"}}
}

func TestApplySwitchesEverythingAtOnce(t *testing.T) {
	b := newBench(t)
	rev := revision("staging", &campaign.Topic{Name: "news"}, &campaign.Segment{Name: "s"}, broadcast("b"))
	require.NoError(t, b.apply(rev))
	live, audit := b.live()
	require.Equal(t, []string{"broadcast.b", "segment.s", "topic.news"}, live)
	require.True(t, b.runtime.have[addr.New("broadcast", "b")])
	require.Len(t, audit, 1)
	require.Equal(t, "ada", audit[0].Who)
	require.Equal(t, "3 to create", audit[0].Summary)
	require.False(t, audit[0].FinishedAt.IsZero())
	require.True(t, b.plan(rev).Empty(), "what was applied is live")

	require.NoError(t, b.apply(revision("staging", &campaign.Topic{Name: "news"})))
	live, _ = b.live()
	require.Equal(t, []string{"topic.news"}, live)
	require.Empty(t, b.runtime.have, "the schedule of a deleted broadcast is gone")
}

func TestTemporalDownChangesNothing(t *testing.T) {
	b := newBench(t)
	rev := revision("", &campaign.Topic{Name: "news"}, broadcast("b"))
	b.runtime.ensure = func(addr.Addr) error { return errors.New("connection refused") }
	require.ErrorContains(t, b.apply(rev), "nothing was applied: the schedule of broadcast.b: connection refused")
	live, audit := b.live()
	require.Empty(t, live)
	require.Contains(t, audit[0].Error, "connection refused")

	b.runtime.ensure = nil
	require.NoError(t, b.apply(rev))
	live, _ = b.live()
	require.Len(t, live, 2)
}

// TestKilledApplyIsCompletedByTheNext lets an apply die at each of its calls to
// the running side.
func TestKilledApplyIsCompletedByTheNext(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.apply(revision("", broadcast("old"))))
	rev := revision("", broadcast("new"), &campaign.Topic{Name: "news"})

	die := func(addr.Addr) error { panic("kill -9") }
	b.runtime.ensure = die
	require.Panics(t, func() { _ = b.apply(rev) })
	live, _ := b.live()
	require.Equal(t, []string{"broadcast.old"}, live, "before the switch nothing has changed")

	b.runtime.ensure, b.runtime.remove = nil, die
	require.Panics(t, func() { _ = b.apply(rev) })
	live, _ = b.live()
	require.Equal(t, []string{"broadcast.new", "topic.news"}, live, "after the switch everything has")
	require.Len(t, b.runtime.have, 2)

	b.runtime.remove = nil
	require.True(t, b.plan(rev).Empty())
	require.NoError(t, b.applier.Repair(t.Context(), rev))
	require.Equal(t, map[addr.Addr]bool{addr.New("broadcast", "new"): true}, b.runtime.have)
}

func TestStalePlanIsRefused(t *testing.T) {
	b := newBench(t)
	mine, theirs := revision("", &campaign.Topic{Name: "mine"}), revision("", &campaign.Topic{Name: "theirs"})
	p := b.plan(mine)
	require.NoError(t, b.apply(theirs))
	err := b.applier.Apply(t.Context(), p, mine, apply.By{ID: "x", Owner: "test"})
	require.ErrorIs(t, err, apply.ErrStale)
	live, _ := b.live()
	require.Equal(t, []string{"topic.theirs"}, live)
}

func TestAnotherEnvironmentsStateIsRefused(t *testing.T) {
	b := newBench(t)
	require.NoError(t, b.apply(revision("staging", &campaign.Topic{Name: "news"})))
	require.ErrorContains(t, b.apply(revision("production", &campaign.Topic{Name: "news"})), `belongs to the environment "staging"`)
}

func TestLockIsWaitedFor(t *testing.T) {
	b := newBench(t)
	hold := func(f func(tx store.Tx) error) { require.NoError(t, b.store.Update(t.Context(), f)) }
	hold(func(tx store.Tx) error {
		got, err := tx.Acquire("apply", "another", time.Now(), time.Now().Add(time.Hour))
		require.True(t, got)
		return err
	})
	waited := false
	b.applier.Waiting = func() {
		waited = true
		hold(func(tx store.Tx) error { return tx.Release("apply", "another") })
	}
	require.NoError(t, b.apply(revision("", &campaign.Topic{Name: "news"})))
	require.True(t, waited)
}

func TestMembershipIsRebasedForWhatChanges(t *testing.T) {
	b := newBench(t)
	lapsed := &campaign.Segment{Name: "lapsed", When: campaign.Expr{Text: "x", Type: campaign.Of(campaign.Bool)}}
	journey := &campaign.Journey{Name: "j", Trigger: campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "lapsed"}}}
	require.NoError(t, b.apply(revision("", lapsed, journey)))
	require.Equal(t, [][]string{{"lapsed"}}, b.members.asked)
}
