package compile_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
)

func source(t *testing.T, src, name string) *link.Source {
	t.Helper()
	s, err := linked(t, src).Source(name)
	require.NoError(t, err)
	return s
}

const orders = `
event "order" {
  property "total" { type = number }
  property "paid" { type = bool }
  property "tags" { type = set(string) }
}
profile {
  attribute "city" { type = string }
  attribute "born" { type = date }
}
topic "news" {}
`

func TestSourceWithColumns(t *testing.T) {
	s := source(t, orders+`
source "orders" {
  into   = event.order
  row    = object({ order = string, customer = string, gross = number, status = string, at = time, tags = set(string), raw = any })
  where  = "row.status == 'paid'"
  key    = "row.order"
  at     = "row.at"
  person { id = "row.customer" }
  map    = { total = "row.gross / 100", tags = "row.tags", paid = "row.raw" }
}
`, "orders")
	row, err := s.Read(map[string]any{
		"order": "o-1", "customer": "c-7", "gross": "1250", "status": "paid", "at": "2026-05-01T10:00:00+02:00", "tags": "rye|oat", "raw": true, "more": "x",
	}, noon)
	require.NoError(t, err)
	require.Equal(t, link.SourceRow{
		ID: "c-7", At: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), MessageID: "source.orders:o-1",
		Values: map[string]any{"total": 12.5, "tags": []any{"rye", "oat"}, "paid": true},
	}, row)

	row, err = s.Read(map[string]any{"order": "o-2", "status": "open"}, noon)
	require.NoError(t, err)
	require.Equal(t, link.SourceRow{Skipped: true}, row)
	row, err = s.Read(map[string]any{"order": "o-2"}, noon)
	require.NoError(t, err)
	require.True(t, row.Skipped, "an unknown status is not paid")

	row, err = s.Read(map[string]any{"order": "o-3", "status": "paid", "gross": ""}, noon)
	require.NoError(t, err)
	require.Equal(t, link.SourceRow{MessageID: "source.orders:o-3", Values: map[string]any{}}, row, "what is absent is absent")

	for _, c := range []struct {
		row           map[string]any
		place, reason string
	}{
		{map[string]any{"gross": "a lot"}, `column "gross"`, "is not a number"},
		{map[string]any{"status": "paid"}, "key", "has no key"},
		{map[string]any{"status": "paid", "order": "o-4", "raw": "perhaps"}, "map paid", "is not a bool"},
	} {
		_, err := s.Read(c.row, noon)
		var bad *link.RowError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, c.place, bad.Place)
		require.Contains(t, bad.Reason, c.reason)
	}
}

func TestSourceOfProfilesByTheirNames(t *testing.T) {
	s := source(t, orders+`
source "people" {
  into = profile
  at   = "row.since"
  person {
    id           = "row.id"
    email        = "row['E-mail'].trim()"
    anonymous_id = "row.visitor"
    phone        = "row.phone"
  }
  consent "news" {
    subscribed = "row.newsletter == 'yes'"
    at         = "row.since"
    proof      = "'form ' + row.form"
  }
}
`, "people")
	require.Equal(t, campaign.EveryColumn(), s.Def.Row)
	row, err := s.Read(map[string]any{
		"id": "c-7", "E-mail": " ada@example.com", "city": "Bremen", "born": "1990-01-02", "since": "2026-01-01", "newsletter": "yes", "form": "A", "language": "de",
	}, noon)
	require.NoError(t, err)
	since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, link.SourceRow{
		ID: "c-7", Email: "ada@example.com", At: since,
		Values:   map[string]any{"city": "Bremen", "born": campaign.CivilDate{Year: 1990, Month: 1, Day: 2}, "language": "de"},
		Consents: []link.SourceWord{{Topic: "news", Channel: "email", Subscribed: true, At: since, Proof: "form A"}},
	}, row)

	row, err = s.Read(map[string]any{"id": "c-8"}, noon)
	require.NoError(t, err)
	require.Equal(t, link.SourceRow{ID: "c-8", Values: map[string]any{}}, row, "nothing is said of the topic")
	_, err = s.Read(map[string]any{"id": "c-9", "since": "yesterday"}, noon)
	require.ErrorContains(t, err, "at: ")
	_, err = s.Read(map[string]any{"id": "c-9", "born": "long ago"}, noon)
	require.ErrorContains(t, err, "map born: ")
}

// A source whose event has changed since it was compiled says so.
func TestSourceThatNoLongerFits(t *testing.T) {
	rev, _, _ := build(fstest.MapFS{"a.hcl": {Data: []byte(orders + `
source "orders" {
  into = event.order
  at   = "row.at"
  person { id = "row.id" }
}
`)}}, true)
	require.NotNil(t, rev)
	for _, r := range rev.Resources {
		if e, ok := r.Def.(*campaign.Event); ok {
			e.Properties = nil
		}
	}
	p, err := link.Link(rev.Resources, rev.Settings, rev.Environment)
	require.NoError(t, err)
	_, err = p.Source("orders")
	require.ErrorContains(t, err, "source.orders: map paid")
	_, err = p.Source("none")
	var missing *link.NotFoundError
	require.ErrorAs(t, err, &missing)
}
