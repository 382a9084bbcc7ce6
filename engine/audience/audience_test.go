package audience_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/sqlite"
)

var now = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

func days(n int) time.Time { return now.AddDate(0, 0, -n) }

// bakery is a project with segments that build on each other.
func bakery(extra ...campaign.Definition) []campaign.Definition {
	return append([]campaign.Definition{
		&campaign.Profile{
			Attributes: []campaign.Attribute{
				{Name: "first_name", Type: campaign.Of(campaign.String), Default: "there"},
				{Name: "birthday", Type: campaign.Of(campaign.Date)},
				{Name: "dietary", Type: campaign.SetOf(campaign.Of(campaign.String))},
				{Name: "spend", Type: campaign.Of(campaign.Number)},
				{Name: "store", Type: campaign.RefTo("store")},
			},
			Timezone: campaign.TimezoneRule{From: "timezone", Default: "Europe/Berlin"},
			Locale:   campaign.LocaleRule{From: "language", Known: []string{"en", "de"}, Default: "en"},
		},
		&campaign.Event{Name: "order_completed", Wire: "Order Completed", Properties: []campaign.Field{
			{Name: "delivery", Type: campaign.Of(campaign.Date), Optional: true},
			{Name: "items", Type: campaign.ListOf(campaign.ObjectOf(campaign.Field{Name: "tags", Type: campaign.SetOf(campaign.Of(campaign.String))})), Optional: true},
			{Name: "total", Type: campaign.Of(campaign.Number), Optional: true},
		}},
		&campaign.Catalog{Name: "store", Key: "id", Columns: []campaign.Field{
			{Name: "city", Type: campaign.Of(campaign.String)}, {Name: "id", Type: campaign.Of(campaign.String)},
		}, Rows: []map[string]any{{"id": "mitte", "city": "Berlin"}}},
		&campaign.Topic{Name: "news"},
		segment("readers", "topic.news.subscribed"),
		segment("vip", "events.order_completed.within('90d').sum(o, o.total) >= 200"),
		segment("gluten_free", `"gluten_free" in profile.dietary || events.order_completed.within('180d').exists(o, o.items.exists(i, "gluten_free" in i.tags))`),
		segment("berliners", "profile.store.city == 'Berlin'"),
		segment("big", "profile.spend > 100"),
		segment("vip_readers", "segment.vip && segment.readers"),
		segment("reachable", "reachable.email"),
	}, extra...)
}

func segment(name, when string) *campaign.Segment {
	return &campaign.Segment{Name: name, When: linktest.CEL(when)}
}

func open(t testing.TB) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func update(t testing.TB, s store.Store, f func(store.Tx) error) {
	t.Helper()
	require.NoError(t, s.Update(context.Background(), f))
}

func identify(t testing.TB, s store.Store, p store.Person) (id int64) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		p.UpdatedAt = now
		if p.CreatedAt.IsZero() {
			p.CreatedAt = days(400)
		}
		stored, err := tx.Identify(p)
		id = stored.ID
		return err
	})
	return id
}

func happen(t testing.TB, s store.Store, events ...store.Event) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		_, err := tx.AppendEvents(events)
		return err
	})
}

func condition(t require.TestingT, p *link.Project, src string) *expr.Checked {
	c, problems, err := p.Condition(src)
	require.NoError(t, err)
	require.NotNil(t, c, "%s: %+v", src, problems)
	return c
}

func TestPersonAnswers(t *testing.T) {
	project := linktest.Project(t, bakery()...)
	schema := audience.NewSchema(project)
	record := &store.Record{
		Person: store.Person{ID: 7, Key: "u1", Email: "ada@example.com", CreatedAt: days(30), Attributes: map[string]any{
			"birthday": "1990-05-05", "dietary": "vegan|gluten_free", "spend": "120.5", "store": "mitte", "timezone": "America/New_York", "language": "de-AT",
		}},
		Events: map[string][]store.Event{"order_completed": {
			{At: days(100), Properties: map[string]any{"total": 150.0, "delivery": "2026-08-26"}},
			{At: days(10), Properties: map[string]any{"total": 150.0}},
		}},
		Consents: []store.Consent{{Topic: "news", Channel: "email", Granted: true}},
	}
	p := audience.PersonOf(schema, record, now)

	for src, want := range map[string]expr.Truth{
		"profile.id == 'u1' && profile.email == 'ada@example.com'": expr.True,
		"profile.created_at < now - duration('29d')":               expr.True,
		"profile.birthday == date('1990-05-05')":                   expr.True,
		"'vegan' in profile.dietary":                               expr.True,
		"segment.big":                                              expr.True,
		"segment.berliners":                                        expr.True,
		"segment.vip":                                              expr.False,
		"segment.gluten_free":                                      expr.True,
		"segment.vip_readers":                                      expr.False,
		"segment.readers && reachable.email":                       expr.True,
		"events.order_completed.count() == 2":                      expr.True,
		"events.order_completed.exists(o, o.delivery == date('2026-08-26'))": expr.True,
		"profile.first_name == 'there'":                                      expr.True,
		"profile.phone == '1'":                                               expr.Unknown,
		"has(profile.phone)":                                                 expr.False,
		"events.email_opened.none()":                                         expr.True,
	} {
		require.Equal(t, want, p.Test(condition(t, project, src)), src)
	}

	zone, ok := p.Zone()
	require.True(t, ok)
	require.Equal(t, "America/New_York", zone.String())
	require.Equal(t, "de", p.Locale())
	require.Equal(t, map[string]any{"first_name": "there", "spend": 120.5}, p.Values([]string{"first_name", "spend", "phone", "nonsense"}))

	// the same Person is somebody else after Reset
	p.Reset(&store.Record{Person: store.Person{ID: 8, Attributes: map[string]any{"timezone": "Berlin", "language": "fr", "birthday": "yesterday"}}, Suppressed: []string{"email"}}, now)
	require.Equal(t, int64(8), p.ID())
	zone, ok = p.Zone()
	require.False(t, ok, "a zone that is none is told")
	require.Equal(t, "Europe/Berlin", zone.String())
	require.Equal(t, "en", p.Locale())
	require.Equal(t, expr.Unknown, p.Test(condition(t, project, "profile.birthday == date('1990-05-05')")), "what does not fit its type is absent")
	require.Equal(t, expr.Unknown, p.Test(condition(t, project, "segment.big")))
	require.False(t, p.Reachable("email"))
	require.Empty(t, p.Address("pigeon"))
}

func TestReachable(t *testing.T) {
	schema := audience.NewSchema(linktest.Project(t, bakery()...))
	for _, tt := range []struct {
		name        string
		record      store.Record
		reachable   bool
		deliverable bool
		permits     bool
	}{
		{"nothing", store.Record{}, false, false, false},
		{"address", store.Record{Person: store.Person{Email: "a@b.c"}}, false, true, false},
		{"consent", store.Record{Consents: []store.Consent{{Topic: "news", Channel: "email", Granted: true}}}, false, false, true},
		{"both", store.Record{Person: store.Person{Email: "a@b.c"}, Consents: []store.Consent{{Topic: "news", Channel: "email", Granted: true}}}, true, true, true},
		{"other topic", store.Record{Person: store.Person{Email: "a@b.c"}, Consents: []store.Consent{{Topic: "jobs", Channel: "email", Granted: true}}}, true, true, false},
		{"withdrawn", store.Record{Person: store.Person{Email: "a@b.c"}, Consents: []store.Consent{{Topic: "news", Channel: "email"}}}, false, true, false},
		{"other channel", store.Record{Person: store.Person{Email: "a@b.c"}, Consents: []store.Consent{{Topic: "news", Channel: "sms", Granted: true}}}, false, true, false},
		{"suppressed", store.Record{Person: store.Person{Email: "a@b.c"}, Consents: []store.Consent{{Topic: "news", Channel: "email", Granted: true}}, Suppressed: []string{"email"}}, false, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := audience.PersonOf(schema, &tt.record, now)
			require.Equal(t, tt.reachable, p.Reachable("email"))
			require.Equal(t, tt.deliverable, p.Deliverable("email"))
			require.Equal(t, tt.permits, p.Permits("news", "email"))
		})
	}
}

// Segments that need each other are refused by compile; what gets here all the
// same ends, and is unknown.
func TestCircleOfSegmentsIsUnknown(t *testing.T) {
	project := linktest.Project(t, bakery(segment("a", "segment.b"), segment("b", "!segment.a || segment.c"), segment("c", "true"))...)
	p := audience.PersonOf(audience.NewSchema(project), &store.Record{}, now)
	require.Equal(t, expr.True, p.Segment("a"))
	q := audience.PersonOf(audience.NewSchema(linktest.Project(t, bakery(segment("a", "segment.b"), segment("b", "!segment.a"))...)), &store.Record{}, now)
	require.Equal(t, expr.Unknown, q.Segment("a"))
	require.Equal(t, expr.Unknown, q.Segment("nowhere"))
}

func TestScan(t *testing.T) {
	s := open(t)
	project := linktest.Project(t, bakery()...)
	var ids []int64
	for i := range 5 {
		ids = append(ids, identify(t, s, store.Person{Key: fmt.Sprint("u", i), Email: fmt.Sprintf("p%d@example.com", i), Attributes: map[string]any{"spend": 40.0 * float64(i)}}))
	}
	nobody := identify(t, s, store.Person{Key: "u9"})
	happen(t, s,
		store.Event{Person: ids[1], Name: "order_completed", At: days(3), Properties: map[string]any{"total": 250.0}},
		store.Event{Person: ids[2], Name: "order_completed", At: days(91), Properties: map[string]any{"total": 250.0}},
	)
	update(t, s, func(tx store.Tx) error {
		if err := tx.Suppress(store.Suppression{Channel: "email", Address: "p2@example.com", Reason: "hard bounce", At: now}); err != nil {
			return err
		}
		return tx.PutConsents([]store.Consent{
			{Person: ids[1], Topic: "news", Channel: "email", Granted: true, At: days(5), Proof: "x"},
			{Person: ids[2], Topic: "news", Channel: "email", Granted: true, At: days(5), Proof: "x"},
			{Person: nobody, Topic: "news", Channel: "email", Granted: true, At: days(5), Proof: "x"},
		})
	})
	var e audience.Evaluator = audience.NewScan(s, project)

	got, err := e.SelectMany(t.Context(), []*expr.Checked{
		condition(t, project, "segment.vip"), condition(t, project, "segment.big"), condition(t, project, "segment.vip_readers"), condition(t, project, "!segment.reachable"),
	}, now)
	require.NoError(t, err)
	require.Equal(t, []audience.Selection{
		{Yes: []int64{ids[1]}},
		{Yes: []int64{ids[3], ids[4]}, Unknown: []int64{nobody}},
		{Yes: []int64{ids[1]}},
		{Yes: []int64{ids[0], ids[2], ids[3], ids[4], nobody}},
	}, got)

	later, err := e.Select(t.Context(), condition(t, project, "segment.vip"), now.AddDate(0, 0, 88))
	require.NoError(t, err)
	require.Empty(t, later.Yes, "time moves people, too")

	truths, err := e.Test(t.Context(), condition(t, project, "segment.big"), []int64{nobody, ids[4], 4711, ids[0]}, now)
	require.NoError(t, err)
	require.Equal(t, []expr.Truth{expr.Unknown, expr.True, expr.Unknown, expr.False}, truths)

	scan := audience.NewScan(s, project)
	reach, err := scan.Reach(t.Context(), condition(t, project, "segment.big || !has(profile.spend) || profile.spend >= 40"), "news", "email", now)
	require.NoError(t, err)
	require.Equal(t, audience.Reach{Matched: 5, Consented: 3, Deliverable: 1}, reach)
	reach, err = scan.Reach(t.Context(), condition(t, project, "segment.big"), "", "email", now)
	require.NoError(t, err)
	require.Equal(t, audience.Reach{Matched: 2, Consented: 2, Deliverable: 2, Unknown: 1}, reach)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Select(ctx, condition(t, project, "true"), now)
	require.Error(t, err)
}

func TestNeedFollowsSegments(t *testing.T) {
	project := linktest.Project(t, bakery()...)
	require.Equal(t, store.Need{Events: []string{"order_completed"}, Consents: true}, audience.NeedOf(project, condition(t, project, "segment.vip_readers").Reads()))
	require.Equal(t, store.Need{}, audience.NeedOf(project, condition(t, project, "segment.big").Reads()))
}

func TestCompare(t *testing.T) {
	d := audience.Compare(audience.Selection{Yes: []int64{1, 2, 5, 9}}, audience.Selection{Yes: []int64{2, 3, 9, 10, 11}, Unknown: []int64{4}})
	require.Equal(t, audience.Difference{Before: 4, After: 5, Enters: []int64{3, 10, 11}, Leaves: []int64{1, 5}, Stays: 2, Unknown: 1}, d)
}

func TestCompareAgreesWithSets(t *testing.T) {
	set := rapid.Custom(func(t *rapid.T) []int64 {
		ids := rapid.SliceOfDistinct(rapid.Int64Range(1, 40), rapid.ID[int64]).Draw(t, "ids")
		slices.Sort(ids)
		return ids
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := set.Draw(t, "before"), set.Draw(t, "after")
		d := audience.Compare(audience.Selection{Yes: before}, audience.Selection{Yes: after})
		for id := int64(1); id <= 40; id++ {
			was, is := slices.Contains(before, id), slices.Contains(after, id)
			require.Equal(t, is && !was, slices.Contains(d.Enters, id))
			require.Equal(t, was && !is, slices.Contains(d.Leaves, id))
		}
		require.Equal(t, len(before)-len(d.Leaves), d.Stays)
		require.Equal(t, len(after)-len(d.Enters), d.Stays)
	})
}

func TestSample(t *testing.T) {
	require.Equal(t, []int64{1, 2}, audience.Sample([]int64{1, 2}, 5))
	require.Equal(t, []int64{1, 3, 5}, audience.Sample([]int64{1, 2, 3, 4, 5, 6}, 3))
	require.Empty(t, audience.Sample([]int64{1}, 0))
}

// populate makes n people with 12 orders each, on average.
func populate(tb testing.TB, s store.Store, n int) {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for from := 0; from < n; from += 5000 {
		update(tb, s, func(tx store.Tx) error {
			var events []store.Event
			for i := from; i < min(from+5000, n); i++ {
				p, err := tx.Identify(store.Person{Key: fmt.Sprint("u", i), Email: fmt.Sprintf("p%d@example.com", i), CreatedAt: days(500), UpdatedAt: now,
					Attributes: map[string]any{"spend": float64(r.IntN(300)), "dietary": []any{"vegan"}, "store": "mitte", "language": "de", "birthday": "1990-05-05"}})
				if err != nil {
					return err
				}
				for range r.IntN(24) {
					events = append(events, store.Event{Person: p.ID, Name: "order_completed", At: days(r.IntN(700)), Properties: map[string]any{"total": float64(r.IntN(90))}})
				}
			}
			_, err := tx.AppendEvents(events)
			return err
		})
	}
}

func BenchmarkSelect100k(b *testing.B) {
	s := open(b)
	populate(b, s, 100_000)
	project := linktest.Project(b, bakery()...)
	scan := audience.NewScan(s, project)
	for name, src := range map[string]string{
		"attributes": "profile.spend > 100 && 'vegan' in profile.dietary && profile.store.city == 'Berlin'",
		"sum90d":     "segment.vip",
	} {
		c := condition(b, project, src)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				got, err := scan.Select(b.Context(), c, now)
				require.NoError(b, err)
				require.NotEmpty(b, got.Yes)
			}
		})
	}
}
