package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/store"
)

func definitions(t *testing.T, s store.Store) {
	d := store.Definition{Digest: "d1", Kind: "journey", Body: []byte(`{"name":"win_back"}`)}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.PutDefinitions([]store.Definition{d, d}))
		require.NoError(t, tx.PutDefinitions([]store.Definition{d}))
		require.ErrorIs(t, tx.PutDefinitions([]store.Definition{{Digest: "d1", Kind: "journey", Body: []byte(`{}`)}}), store.ErrConflict)
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, d, must(r.Definition("d1"))(t))
		_, err := r.Definition("d2")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func live(t *testing.T, s store.Store) {
	view(t, s, func(r store.Reader) {
		require.Equal(t, store.Live{}, must(r.Live())(t), "nothing yet")
		require.Zero(t, must(r.LiveSerial())(t))
	})
	segment := store.LiveResource{
		Addr: addr.New("segment", "vip"), Digest: "s1", Body: []byte(`{"name":"vip"}`), AppliedAt: noon, ApplyID: "a1",
		DependsOn: []addr.Addr{addr.New("event", "order")},
	}
	journey := store.LiveResource{Addr: addr.New("journey", "win_back"), Digest: "j1", Body: []byte(`{}`), AppliedAt: noon, ApplyID: "a1"}
	environment := campaign.Environment{Name: "staging", Deliver: "mailbox", Allow: []string{"@example.com"}}
	settings := campaign.Settings{Name: "crumb", BaseURL: "https://mail.example"}

	var serials []int64
	step := func(f func(tx store.Tx) error) {
		update(t, s, func(tx store.Tx) { require.NoError(t, f(tx)) })
		view(t, s, func(r store.Reader) { serials = append(serials, must(r.LiveSerial())(t)) })
	}
	step(func(tx store.Tx) error { return tx.SetLive(segment) })
	step(func(tx store.Tx) error {
		return tx.PutDefinitions([]store.Definition{{Digest: "j1", Kind: "journey", Body: journey.Body}})
	})
	step(func(tx store.Tx) error {
		bare := journey
		bare.Body = nil
		return tx.SetLive(bare)
	})
	step(func(tx store.Tx) error { return tx.SetEnvironment(environment, settings) })
	require.Equal(t, []int64{serials[0], serials[0], serials[0] + 1, serials[0] + 2}, serials, "each change of what is live raises the serial")
	view(t, s, func(r store.Reader) {
		want := store.Live{Serial: serials[3], Environment: environment, Settings: settings, Resources: []store.LiveResource{segment, journey}}
		require.Equal(t, want, must(r.Live())(t))
	})

	segment.Digest, segment.Body, segment.AppliedAt = "s2", []byte(`{"name":"vip","when":"true"}`), at(time.Hour)
	step(func(tx store.Tx) error { return tx.SetLive(segment) })
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.LiveResource{journey, segment}, must(r.Live())(t).Resources, "in the order in which they were last set")
	})
	step(func(tx store.Tx) error { return tx.RemoveLive(journey.Addr) })
	step(func(tx store.Tx) error { return tx.RemoveLive(journey.Addr) })
	require.Equal(t, serials[5], serials[6], "nothing was there to remove")
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.LiveResource{segment}, must(r.Live())(t).Resources)
		require.NotEmpty(t, must(r.Definition("j1"))(t).Body, "definitions stay: people may be under way in them")
	})
	update(t, s, func(tx store.Tx) {
		require.ErrorIs(t, tx.SetLive(store.LiveResource{Addr: journey.Addr, Digest: "nowhere"}), store.ErrNotFound)
	})
}

func applies(t *testing.T, s store.Store) {
	apply := store.Apply{
		ID: "a1", Who: "ada", Commit: "c0ffee", PlanDigest: "p1", Environment: "production", Summary: "2 to create", StartedAt: noon,
		Steps: []store.ApplyStep{
			{Addr: "segment.vip", Action: "delete", Before: "s1"},
			{Addr: "segment.vip", Action: "create", After: "s2"},
			{Addr: "journey.win_back", Action: "update", Before: "j1", After: "j2"},
		},
	}
	update(t, s, func(tx store.Tx) { require.NoError(t, tx.PutApply(apply)) })
	done := func(addr string) error {
		return s.Update(t.Context(), func(tx store.Tx) error { return tx.ApplyStepDone("a1", addr) })
	}
	last := func() store.Apply {
		var a store.Apply
		view(t, s, func(r store.Reader) { a = must(r.Applies(1))(t)[0] })
		return a
	}
	require.Equal(t, apply, last())
	require.NoError(t, done("segment.vip"))
	apply.Steps[0].Done = true
	require.Equal(t, apply, last())
	require.NoError(t, done("segment.vip"))
	apply.Steps[1].Done = true
	require.NoError(t, done("segment.vip"), "again is no harm")
	require.Equal(t, apply, last())
	require.ErrorIs(t, done("segment.none"), store.ErrNotFound)

	apply.FinishedAt, apply.Error, apply.Steps = at(time.Minute), "Temporal is down", apply.Steps[:2]
	later := store.Apply{ID: "a2", StartedAt: at(time.Hour)}
	update(t, s, func(tx store.Tx) {
		require.NoError(t, tx.PutApply(later))
		require.NoError(t, tx.PutApply(apply))
	})
	view(t, s, func(r store.Reader) {
		require.Equal(t, []store.Apply{later, apply}, must(r.Applies(0))(t), "newest first")
	})
}
