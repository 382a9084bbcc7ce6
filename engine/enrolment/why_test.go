package enrolment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/store"
)

// An explanation has the present findings, the instant at which they turn, and how it
// came about.
func TestServiceExplains(t *testing.T) {
	h := newHouse(t, segment("vip", "events.order_completed.within('90d').sum(o, o.total) >= 200"))
	ada := h.person("ada")
	first := h.now()
	h.does(ada, "order_completed", map[string]any{"total": 100.0, "cart_id": "c1"})
	h.advance(time.Hour)
	h.does(ada, "order_completed", map[string]any{"total": 150.0, "cart_id": "c2"})
	h.dispatch()
	x, err := h.service.Explain(t.Context(), ada, "vip")
	require.NoError(t, err)
	require.Equal(t, "true", x.Truth)
	require.Equal(t, 250.0, x.Findings[0].Value)
	require.Equal(t, first.Add(90*day), *x.Next)
	require.Len(t, x.Moves, 1)
	require.Equal(t, "of order_completed #c2 on 2026-11-30", x.Moves[0].Because)

	h.advance(100 * day)
	h.dispatch()
	x, err = h.service.Explain(t.Context(), ada, "vip")
	require.NoError(t, err)
	require.Equal(t, "false", x.Truth)
	require.Nil(t, x.Next)
	require.Equal(t, "order_completed #c1 of 2026-11-30 became older than 90 days", x.Moves[0].Because)
	require.Contains(t, x.Text("ada@example.com"), "ada@example.com is not in segment.vip")

	_, err = h.service.Explain(t.Context(), 4711, "vip")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = h.service.Explain(t.Context(), ada, "nope")
	var missing *link.NotFoundError
	require.ErrorAs(t, err, &missing)
}
