package intake_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/intake"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

// noon is when everything is received.
var noon = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

// bakery is a small project.
func bakery() *intake.Model {
	str, num := campaign.Of(campaign.String), campaign.Of(campaign.Number)
	item := campaign.ObjectOf(campaign.Field{Name: "sku", Type: str}, campaign.Field{Name: "price", Type: num}, campaign.Field{Name: "tags", Type: campaign.SetOf(str)})
	return &intake.Model{
		Profile: &campaign.Profile{Attributes: append(campaign.BuiltinAttributes(),
			campaign.Attribute{Name: "first_name", Type: str, PII: true},
			campaign.Attribute{Name: "birthday", Type: campaign.Of(campaign.Date)},
			campaign.Attribute{Name: "dietary", Type: campaign.SetOf(str), OneOf: []string{"gluten_free", "vegan", "nut_free"}},
			campaign.Attribute{Name: "signup_source", Type: str, OneOf: []string{"web", "till"}},
			campaign.Attribute{Name: "visits", Type: num},
			campaign.Attribute{Name: "vip", Type: campaign.Of(campaign.Bool)},
			campaign.Attribute{Name: "last_visit", Type: campaign.Of(campaign.Time)},
			campaign.Attribute{Name: "patience", Type: campaign.Of(campaign.Duration)},
			campaign.Attribute{Name: "store", Type: campaign.RefTo("store")},
			campaign.Attribute{Name: "notes", Type: campaign.MapOf(campaign.Of(campaign.Any))},
		)},
		Events: []*campaign.Event{
			{Name: "order_completed", Wire: "Order Completed", Properties: campaign.ObjectOf(
				campaign.Field{Name: "total", Type: num}, campaign.Field{Name: "cart_id", Type: str},
				campaign.Field{Name: "paid_at", Type: campaign.Of(campaign.Time)}, campaign.Field{Name: "items", Type: campaign.ListOf(item)},
			).Fields},
			{Name: "product_viewed", Wire: "Product Viewed", Properties: campaign.ObjectOf(campaign.Field{Name: "sku", Type: str}, campaign.Field{Name: "email", Type: str}).Fields},
		},
		Topics: []*campaign.Topic{{Name: "weekly_special", OptIn: "double"}, {Name: "offers", OptIn: "single"}},
	}
}

// house is a store with a door.
type house struct {
	*intake.Intake
	t     testing.TB
	store store.Store
	now   time.Time
}

func newHouse(t testing.TB) *house {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	model := bakery()
	h := &house{t: t, store: s, now: noon}
	h.Intake = intake.New(s, func() *intake.Model { return model }, func() time.Time { return h.now })
	return h
}

// view reads.
func (h *house) view(f func(r store.Reader)) {
	h.t.Helper()
	require.NoError(h.t, h.store.View(context.Background(), func(r store.Reader) error {
		f(r)
		return nil
	}))
}

// person is who has a key.
func (h *house) person(key string) (p store.Person) {
	h.t.Helper()
	h.view(func(r store.Reader) {
		var err error
		p, err = r.PersonByKey(key)
		require.NoError(h.t, err)
	})
	return p
}

// events are all events.
func (h *house) events() (events []store.Event) {
	h.t.Helper()
	h.view(func(r store.Reader) {
		var err error
		events, err = r.EventsAfter(0, 0)
		require.NoError(h.t, err)
	})
	return events
}

// rejected are the rows that were refused, oldest first.
func (h *house) rejected() (rows []store.Rejected) {
	h.t.Helper()
	h.view(func(r store.Reader) {
		found, err := r.RejectedRows("", 0)
		require.NoError(h.t, err)
		for i := range found {
			rows = append(rows, found[len(found)-1-i])
		}
	})
	return rows
}

// consents are what a person said, oldest first.
func (h *house) consents(person int64) (log []store.Consent) {
	h.t.Helper()
	h.view(func(r store.Reader) {
		var err error
		log, err = r.ConsentLog(person)
		require.NoError(h.t, err)
	})
	return log
}
