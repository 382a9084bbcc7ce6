package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

func open(t *testing.T) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func apply(t *testing.T, s store.Store, defs ...campaign.Definition) []campaign.Resource {
	t.Helper()
	resources := linktest.Resources(t, defs...)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		for _, r := range resources {
			if err := tx.PutDefinitions([]store.Definition{{Digest: r.Digest, Kind: r.Addr.Kind(), Body: r.Body}}); err != nil {
				return err
			}
			if err := tx.SetLive(store.LiveResource{Addr: r.Addr, Digest: r.Digest, AppliedAt: time.Now()}); err != nil {
				return err
			}
		}
		return tx.SetEnvironment(campaign.Environment{Name: "test"}, campaign.Settings{BaseURL: "https://x.example"})
	}))
	return resources
}

func TestHolderFollowsTheStore(t *testing.T) {
	s := open(t)
	h, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	require.Empty(t, h.Current().Names("segment"), "nothing is live yet")
	require.Zero(t, h.Serial())

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, 5*time.Millisecond) }()
	changed := h.Changed()
	apply(t, s, &campaign.Segment{Name: "all", When: linktest.CEL("true")})
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Fatal("the holder did not follow")
	}
	require.Equal(t, []string{"all"}, h.Current().Names("segment"))
	require.Equal(t, "https://x.example", h.Current().Settings.BaseURL)
	schema, serial := h.Revision()
	require.Same(t, h.Current(), schema.Project())
	require.Equal(t, h.Serial(), serial)

	before := h.Current()
	require.NoError(t, h.Refresh(t.Context()))
	require.Same(t, before, h.Current(), "the same serial is the same project")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

// What cannot be read leaves the project before in place.
func TestHolderKeepsWhatItHas(t *testing.T) {
	s := open(t)
	apply(t, s, &campaign.Segment{Name: "all", When: linktest.CEL("true")})
	h, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		return tx.SetLive(store.LiveResource{Addr: addr.New("event", "x"), Digest: "d", Body: []byte(`{"name": 7}`)})
	}))
	require.ErrorContains(t, h.Refresh(t.Context()), "event.x")
	require.Equal(t, []string{"all"}, h.Current().Names("segment"))
}

func TestDefinitionsByDigest(t *testing.T) {
	s := open(t)
	journey := func(wait time.Duration) *campaign.Journey {
		return &campaign.Journey{Name: "j", Trigger: campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "e"}},
			ExitWhen: linktest.When("trigger.event.total > 3"), Steps: campaign.Steps{&campaign.Wait{Name: "w", For: wait}}}
	}
	event := func(fields ...campaign.Field) *campaign.Event { return &campaign.Event{Name: "e", Properties: fields} }
	total := campaign.Field{Name: "total", Type: campaign.Of(campaign.Number), Optional: true}
	old := apply(t, s, event(total), journey(time.Hour))
	h, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	j, err := h.Journey(t.Context(), old[1].Digest)
	require.NoError(t, err)
	present, err := h.Current().Journey("j")
	require.NoError(t, err)
	require.Same(t, present, j)

	changed := journey(2 * time.Hour)
	changed.ExitWhen = nil
	apply(t, s, event(), changed)
	require.NoError(t, h.Refresh(t.Context()))
	j, err = h.Journey(t.Context(), old[1].Digest)
	require.NoError(t, err)
	require.Equal(t, old[1].Digest, j.Digest)
	require.Len(t, j.Broken, 1, "the event has lost a property that it looks at")
	require.Nil(t, j.ExitWhen)
	again, err := h.Journey(t.Context(), old[1].Digest)
	require.NoError(t, err)
	require.Same(t, j, again, "linked once for each project")

	_, err = h.Journey(t.Context(), "none")
	require.ErrorIs(t, err, store.ErrNotFound)

	program, err := h.Program(old[1].Digest)
	require.NoError(t, err)
	require.Equal(t, "j", program.Name())
}

// Workflow code asks from memory; what it missed is there soon after.
func TestProgramThatIsNotLoadedYet(t *testing.T) {
	s := open(t)
	h, err := live.Open(t.Context(), s, nil)
	require.NoError(t, err)
	go func() { _ = h.Run(t.Context(), time.Hour) }()
	def := campaign.NewResource(&campaign.Journey{Name: "j", Steps: campaign.Steps{&campaign.Exit{Name: "x"}}}, nil)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		return tx.PutDefinitions([]store.Definition{{Digest: def.Digest, Kind: "journey", Body: def.Body}})
	}))
	_, err = h.Program(def.Digest)
	require.Error(t, err)
	require.Eventually(t, func() bool {
		_, err := h.Program(def.Digest)
		return err == nil
	}, 5*time.Second, 5*time.Millisecond)
	_, err = h.Program("none")
	require.Error(t, err)
}
