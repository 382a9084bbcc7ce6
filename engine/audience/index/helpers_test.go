package index

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/column"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

var now = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

func days(n int) time.Time { return now.AddDate(0, 0, -n) }

// bakery is a project with segments that look at something of every kind.
func bakery(extra ...campaign.Definition) []campaign.Definition {
	item := campaign.ObjectOf(
		campaign.Field{Name: "sku", Type: campaign.Of(campaign.String)}, campaign.Field{Name: "price", Type: campaign.Of(campaign.Number), Optional: true},
		campaign.Field{Name: "tags", Type: campaign.SetOf(campaign.Of(campaign.String)), Optional: true})
	return append([]campaign.Definition{
		&campaign.Profile{Attributes: []campaign.Attribute{
			{Name: "first_name", Type: campaign.Of(campaign.String), Default: "there"},
			{Name: "birthday", Type: campaign.Of(campaign.Date)},
			{Name: "dietary", Type: campaign.SetOf(campaign.Of(campaign.String))},
			{Name: "spend", Type: campaign.Of(campaign.Number)},
			{Name: "store", Type: campaign.RefTo("store")},
			{Name: "vip", Type: campaign.Of(campaign.Bool)},
		}},
		&campaign.Event{Name: "order", Properties: []campaign.Field{
			{Name: "coupon", Type: campaign.Of(campaign.String), Optional: true},
			{Name: "items", Type: campaign.ListOf(item), Optional: true},
			{Name: "note", Type: campaign.Of(campaign.String), Optional: true},
			{Name: "total", Type: campaign.Of(campaign.Number), Optional: true},
		}},
		&campaign.Event{Name: "visit", Properties: []campaign.Field{{Name: "page", Type: campaign.Of(campaign.String), Optional: true}}},
		&campaign.Catalog{Name: "store", Key: "id", Columns: []campaign.Field{
			{Name: "city", Type: campaign.Of(campaign.String)}, {Name: "id", Type: campaign.Of(campaign.String)},
		}, Rows: []map[string]any{{"id": "mitte", "city": "Berlin"}}},
		&campaign.Topic{Name: "news"},
		&campaign.Topic{Name: "jobs"},
		segment("readers", "topic.news.subscribed"),
		segment("vip", "events.order.within('90d').sum(o, o.total) >= 200"),
		segment("gluten_free", `"gluten_free" in profile.dietary || events.order.within('180d').exists(o, o.items.exists(i, "gluten_free" in i.tags))`),
		segment("berliners", "profile.store.city == 'Berlin'"),
		segment("big", "profile.spend > 100"),
		segment("vip_readers", "segment.vip && segment.readers"),
		segment("reachable", "reachable.email"),
		segment("quiet", "events.visit.within('30d').none() && !segment.big"),
	}, extra...)
}

func segment(name, when string) *campaign.Segment {
	return &campaign.Segment{Name: name, When: linktest.CEL(when)}
}

// questions have answers that the columns of bakery are enough for.
var questions = []string{
	"segment.readers", "segment.vip", "segment.gluten_free", "segment.berliners", "segment.big", "segment.vip_readers", "segment.reachable", "segment.quiet",
	"!segment.vip_readers", "profile.spend < 50 || 'vegan' in profile.dietary", "events.order.count() >= 2", "events.visit.last().at > now - duration('10d')",
	"events.order.where(o, o.total > 20).count() == 1", "segment.big && events.order.any()",
}

// others look at something that bakery does not.
var others = []string{
	"profile.first_name == 'Ada'", "has(profile.vip) && profile.vip", "events.order.exists(o, o.coupon == 'X')", "events.order.exists(o, o.items.exists(i, i.price > 5))",
	"profile.email == 'a1@example.com'", "events.email_opened.none()", "events.visit.exists(v, v.page == '/x')", "has(profile.birthday)",
}

func openStore(t require.TestingT, dir string) store.Store {
	s, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	require.NoError(t, err)
	return s
}

func newStore(t testing.TB) store.Store {
	t.Helper()
	s := openStore(t, t.TempDir())
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func update(t require.TestingT, s store.Store, f func(store.Tx) error) {
	require.NoError(t, s.Update(context.Background(), f))
}

func conditions(t require.TestingT, p *link.Project, sources ...string) []*expr.Checked {
	var all []*expr.Checked
	for _, src := range sources {
		c, problems, err := p.Condition(src)
		require.NoError(t, err)
		require.NotNil(t, c, "%s: %+v", src, problems)
		all = append(all, c)
	}
	return all
}

func schemaOf(t linktest.TB, defs ...campaign.Definition) *audience.Schema {
	return audience.NewSchema(linktest.Project(t, defs...))
}

// agree fails where an index at the heads of its store answers otherwise than the
// record does, or knows something else than an index that is built anew.
func agree(t require.TestingT, ix *Index, asked []*expr.Checked, at time.Time) {
	ctx := context.Background()
	require.NoError(t, ix.Follow(ctx))
	scan := audience.NewScanOf(ix.Store, ix.Live().schema)
	want, err := scan.SelectMany(ctx, asked, at)
	require.NoError(t, err)
	got, err := ix.SelectMany(ctx, asked, at)
	require.NoError(t, err)
	var people []int64
	require.NoError(t, scan.Each(ctx, store.Need{}, at, func(p *audience.Person) error {
		people = append(people, p.ID())
		return nil
	}))
	truths := map[int64][]expr.Truth{}
	for _, id := range append(people, 4711) {
		truths[id] = make([]expr.Truth, len(asked))
		ix.TestEach(id, asked, at, truths[id])
	}
	for i, c := range asked {
		require.Equal(t, want[i], got[i], c.Text())
		each, err := scan.Test(ctx, c, people, at)
		require.NoError(t, err)
		tested, err := ix.Test(ctx, c, people, at)
		require.NoError(t, err)
		require.Equal(t, each, tested, c.Text())
		for k, id := range people {
			require.Equal(t, each[k], truths[id][i], "%s of %d", c.Text(), id)
		}
		require.Equal(t, expr.Unknown, truths[4711][i])
		for _, topic := range []string{"", "news"} {
			reach, err := scan.Reach(ctx, c, topic, "email", at)
			require.NoError(t, err)
			reached, err := ix.Reach(ctx, c, topic, "email", at)
			require.NoError(t, err)
			require.Equal(t, reach, reached, c.Text())
		}
	}
	fresh, _, err := ix.build(ctx, ix.table.Plan, nil)
	require.NoError(t, err)
	require.Equal(t, dump(fresh), dump(ix.table))
}

// dump is all that a table knows of each person.
func dump(t *column.Table) map[int64]map[string]any {
	all := map[int64]map[string]any{}
	for _, id := range t.People(t.Everybody()) {
		slot, _ := t.Slot(id)
		s := t.Subject(nil)
		s.Reset(slot, now)
		known := map[string]any{}
		for name := range t.Attributes {
			if v, ok := s.Attribute(name); ok {
				known["profile."+name] = v
			}
		}
		for label, e := range t.Events {
			known["events."+label] = slices.Clone(s.Events(label))
			newest := uint32(0)
			if int(slot) < len(e.Last) {
				newest = e.Last[slot]
			}
			known["last."+label] = newest
		}
		for p := range t.Consents {
			word, ok := s.Consent(p.Topic, p.Channel)
			known[fmt.Sprint("consent.", p)] = []any{word, ok}
		}
		for topic := range t.Topics {
			known["topic."+topic] = s.Subscribed(topic)
		}
		for channel := range t.Reachable {
			known["reachable."+channel] = []bool{s.Reachable(channel), t.Deliverable[channel].Has(slot)}
		}
		all[id] = known
	}
	return all
}
