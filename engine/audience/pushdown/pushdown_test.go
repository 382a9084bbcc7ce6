package pushdown_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/audiencetest"
	"github.com/herald-campaigns/herald/engine/audience/pushdown"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/engine/store/postgres"
	"github.com/herald-campaigns/herald/engine/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func open(t testing.TB) *postgres.Store {
	t.Helper()
	address = pgtest.URL(t)
	s, err := postgres.Open(t.Context(), address, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// compare holds the evaluator to the closures, to cel-go and to Scan.
func compare(t *testing.T, s store.Store, p *link.Project, e audience.Evaluator, conditions []*expr.Checked, now time.Time, oracle int) {
	t.Helper()
	people, err := audiencetest.RecordsOf(t.Context(), s)
	require.NoError(t, err)
	trial := audiencetest.Trial{Schema: audience.NewSchema(p), People: people, Conditions: conditions, Now: now, Oracle: oracle}
	pairs, judged := audiencetest.Differential(t, trial, map[string]audience.Evaluator{"pushdown": e})
	t.Logf("%d pairs, %d of them by cel-go", pairs, judged)
}

func TestAgreesWithTheClosures(t *testing.T) {
	s, p := open(t), audiencetest.Project(t)
	require.NoError(t, audiencetest.Population{People: 400, Events: 8000, Seed: 7}.Fill(t.Context(), s))
	e := pushdown.New(s, p)
	compare(t, s, p, e, audiencetest.Checked(t, p, audiencetest.Conditions()...), audiencetest.Now, 3)
	compare(t, s, p, e, audiencetest.Checked(t, p,
		`sequence("7d", events.product_viewed, events.order_completed)`, `sequence(events.email_opened, events.email_clicked, events.order_completed)`,
		`!sequence("30d", events.product_viewed.where(v, v.seconds > 10), events.order_completed.within("90d").where(o, o.total > 20))`,
		`sequence(events.order_completed.since(profile.last_seen), events.order_completed)`,
		`sequence("1s", events.order_completed.where(o, o.items.exists(i, i.price > 3)), events.product_viewed.where(v, events.email_opened.any()))`,
	), audiencetest.Now, 3)
	n := 300
	if testing.Short() {
		n = 60
	}
	compare(t, s, p, e, audiencetest.Random(p, 3, n), audiencetest.Now, 1)
	compare(t, s, p, e, audiencetest.Checked(t, p, audiencetest.Conditions()...), audiencetest.Now.Add(time.Nanosecond), 0)
}

// TestAMillionPairs is TestAgreesWithTheClosures with other people and conditions
// for each of some seeds; HERALD_PAIRS in the environment asks for a million pairs.
func TestAMillionPairs(t *testing.T) {
	seeds := 2
	switch {
	case testing.Short():
		t.Skip("a shorter one is in TestAgreesWithTheClosures")
	case os.Getenv("HERALD_PAIRS") != "":
		seeds = 25
	}
	p := audiencetest.Project(t)
	for seed := range seeds {
		s := open(t)
		require.NoError(t, audiencetest.Population{People: 200, Events: 3000, Seed: uint64(seed)}.Fill(t.Context(), s))
		compare(t, s, p, pushdown.New(s, p), audiencetest.Random(p, 100+seed, 200), audiencetest.Now, 0)
	}
}

// odd are values that stand where others are expected: other spellings, which
// campaign.Coerce reads, and what it does not; what it reads in part; numbers at
// the limits.
var odd = map[string][]any{
	"birthday":  {"2000-02-29", "1990-13-01", "1990-02-30", "1990-07-01T10:00:00Z", "", " 1990-07-01 ", 5.0, "0001-01-01", "9999-12-31", []any{}},
	"city":      {7.0, 1e21, true, []any{"City 7"}, "", "City 7\u0000", "city 7", "Ä", "😀"},
	"dietary":   {"vegan|gluten_free", []any{"vegan", "vegan"}, []any{"vegan", nil}, []any{"vegan", 7.0}, map[string]any{"vegan": 1.0}, "vegan", []any{}, []any{[]any{"vegan"}}},
	"home":      {map[string]any{"city": 7.0}, map[string]any{"city": "City 0", "floor": "3"}, map[string]any{"floor": true, "city": "City 0"}, "City 0", map[string]any{}, []any{}, map[string]any{"city": nil}},
	"last_seen": {"2026-06-30T12:00:00.1234567Z", "2026-06-30T12:00:00+02:00", "2026-06-30 12:00:00", "2026-06-30", "2026-06-30T24:00:00Z", "2026-06-30T12:00:60Z", 7.0},
	"lucky":     {[]any{7.0, "7"}, []any{7.0, nil}, "7|8", []any{1e300, 1e300}, []any{7.0, 7.0}},
	"patience":  {"2d12h", "12h2d", "1x", "99999d", "0s", "", "999999999w", "2d 12h", 7.0, "-1d"},
	"plan":      {"club", nil, "Club", 7.0},
	"points":    {"12.5", "abc", true, "1e3", " 7 ", 1e308, -1e308, 5e-324, 1e-200, 9007199254740993.0, 0.1, map[string]any{}, []any{7.0}},
	"spend":     {1e308, 1e-308, 0.0, "0", "", 1e160},
	"store":     {7.0, "mitte ", "nowhere", []any{"mitte"}},
	"wholesale": {"true", "no", 1.0, "TRUE", "", false},
}

func TestOddValues(t *testing.T) {
	s, p := open(t), audiencetest.Project(t)
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		n := 0
		add := func(attributes map[string]any, events ...store.Event) {
			n++
			who, err := tx.Identify(store.Person{Key: fmt.Sprint("odd", n), Attributes: attributes, CreatedAt: audiencetest.Now})
			require.NoError(t, err)
			for i := range events {
				events[i].Person = who.ID
			}
			_, err = tx.AppendEvents(events)
			require.NoError(t, err)
		}
		for name, values := range odd {
			for _, v := range values {
				add(map[string]any{name: v, "points": either(name == "points", v, 7.0)})
			}
		}
		for _, e := range oddEvents() {
			add(nil, e...)
		}
		return nil
	}))
	e := pushdown.New(s, p)
	sources := append(audiencetest.Conditions(),
		`profile.points * profile.points > 0`, `profile.points + profile.points > 0`, `profile.points / profile.spend > 1`, `-profile.points * profile.spend < 5`,
		`profile.points - profile.spend * profile.points > 3`, `profile.lucky.sum(x, x) > 5`, `profile.lucky.exists(x, x * x > 3)`, `size(profile.lucky) == 2`,
		`events.order_completed.sum(o, o.total * o.total) > 5`, `events.order_completed.avg(o, o.total) > 5`, `profile.city < "b"`, `profile.city > "Z"`,
		`profile.birthday + duration("30d") > date("1990-01-01")`, `math.round(profile.points) == 13`, `math.least(profile.points, profile.spend) < 1`)
	compare(t, s, p, e, audiencetest.Checked(t, p, sources...), audiencetest.Now, 2)
	compare(t, s, p, e, audiencetest.Random(p, 77, 200), audiencetest.Now, 0)
}

func either(first bool, a, b any) any {
	if first {
		return a
	}
	return b
}

// oddEvents are histories of one person each.
func oddEvents() [][]store.Event {
	order := func(at time.Time, properties map[string]any) store.Event {
		return store.Event{Name: "order_completed", At: at, Properties: properties}
	}
	ago := func(d time.Duration) time.Time { return audiencetest.Now.Add(-d) }
	const month = 30 * 24 * time.Hour
	rye := map[string]any{"sku": "rye", "price": 2.0, "quantity": 1.0, "tags": []any{"gluten_free"}}
	return [][]store.Event{
		{order(time.Time{}, map[string]any{"total": 5.0})},
		{order(ago(-time.Hour), map[string]any{"total": 500.0}), order(ago(0), map[string]any{"total": 20.0})},
		{order(ago(1), map[string]any{"total": 1e308}), order(ago(2*time.Microsecond), map[string]any{"total": 1e308}), order(ago(month), map[string]any{"total": -1e308})},
		{order(ago(month), map[string]any{"total": "250"})},
		{order(ago(month), map[string]any{"total": true}), order(ago(month), map[string]any{"total": 3.0})},
		{order(ago(month), map[string]any{"items": []any{rye, map[string]any{"sku": 7.0, "tags": []any{"gluten_free"}}}})},
		{order(ago(month), map[string]any{"items": []any{rye, "loaf"}, "total": 1.0})},
		{order(ago(month), map[string]any{"items": []any{rye, nil}, "total": 1.0})},
		{order(ago(month), map[string]any{"items": "rye", "gift": "yes", "total": 0.1}), order(ago(month), map[string]any{"gift": "true", "total": 0.2})},
		{order(ago(month), map[string]any{"items": []any{map[string]any{"tags": "a|gluten_free", "price": "3"}}})},
		{order(ago(month), map[string]any{"items": []any{map[string]any{"tags": []any{"gluten_free", "gluten_free"}}}, "took": "13h", "placed": "2026-07-01T12:00:00.1234567Z"})},
		{order(ago(month), map[string]any{"deliver_on": "2024-02-29", "total": 5e-324}), order(ago(month), map[string]any{"deliver_on": "soon", "total": 5e-324})},
	}
}

// TestHostileConstants writes SQL where texts are expected.
func TestHostileConstants(t *testing.T) {
	s, p := open(t), audiencetest.Project(t)
	hostile := []string{
		`'; DROP TABLE people; --`, `' OR '1'='1`, `$1`, `%s %d %`, `\'; DROP TABLE people; --`, `"`, `$$; DROP TABLE people; $$`, `{"a":1}`, `*`, `\`, `?`, `a\u0000b`,
		`E'\x27'`, `/*`, `')) OR TRUE --`, "\u2028'", `::text`, `j1.c0`, "a\x00b",
	}
	require.NoError(t, s.Update(t.Context(), func(tx store.Tx) error {
		for i, text := range hostile {
			who, err := tx.Identify(store.Person{Key: fmt.Sprint("h", i), Attributes: map[string]any{"city": text}})
			require.NoError(t, err)
			_, err = tx.AppendEvents([]store.Event{{Person: who.ID, Name: "order_completed", At: audiencetest.Now, Properties: map[string]any{"coupon": text, "cart_id": text,
				"items": []any{map[string]any{"tags": []any{text}}}}}})
			require.NoError(t, err)
		}
		return nil
	}))
	e := pushdown.New(s, p)
	for _, text := range hostile {
		quoted := strconv.Quote(text)
		var sources []string
		for _, form := range []string{
			`profile.city == %s`, `profile.city in ["x", %s]`, `profile.city.contains(%s)`, `events.order_completed.exists(o, o.items.exists(i, %s in i.tags))`, `profile.city + %s == ""`, `profile.city < %s`,
			`events.order_completed.where(o, o.coupon == %s).any()`, `events.order_completed.last().cart_id.startsWith(%s)`,
		} {
			sources = append(sources, strings.ReplaceAll(form, "%s", quoted))
		}
		conditions := audiencetest.Checked(t, p, sources...)
		for _, c := range conditions {
			sql := e.Explain(c, audiencetest.Now).SQL
			if len(text) > 3 && text != "::text" && text != "j1.c0" {
				require.NotContains(t, sql, text)
			}
		}
		compare(t, s, p, e, conditions, audiencetest.Now, 1)
	}
	require.NoError(t, s.View(t.Context(), func(r store.Reader) error {
		n, err := r.CountPeople()
		require.EqualValues(t, len(hostile), n)
		return err
	}))
}

// TestPushes tells what is pushed down, and what is asked of people one by one.
func TestPushes(t *testing.T) {
	s, p := open(t), audiencetest.Project(t)
	e := pushdown.New(s, p)
	whole := 0
	for _, c := range audiencetest.Checked(t, p, audiencetest.Conditions()...) {
		plan := e.Explain(c, audiencetest.Now)
		if len(plan.Asked) == 0 {
			whole++
		}
	}
	require.GreaterOrEqual(t, whole, 115, "of %d", len(audiencetest.Conditions()))

	c := audiencetest.Checked(t, p, `profile.points > 10 && profile.city.matches("^City") && segment.vip`)[0]
	plan := e.Explain(c, audiencetest.Now)
	require.Equal(t, 2, plan.Pushed)
	require.Len(t, plan.Asked, 1)
	require.Contains(t, plan.Asked[0], "regular expression")

	for _, src := range []string{`now - profile.created_at > duration("30d")`} {
		c := audiencetest.Checked(t, p, src)[0]
		require.Empty(t, e.Explain(c, audiencetest.Now).Asked)
		require.NotEmpty(t, e.Explain(c, audiencetest.Now.Add(time.Nanosecond)).Asked, "an instant finer than a microsecond")
	}
	require.Contains(t, e.Explain(audiencetest.Checked(t, p, `events.order_completed.within("90d").count() > 1`)[0], audiencetest.Now).SQL, "GROUP BY", "all at once")
	require.Contains(t, e.Explain(audiencetest.Checked(t, p, `events.order_completed.since(profile.last_seen).count() > 1`)[0], audiencetest.Now).SQL, "LATERAL")
}

// TestAsked asks of people who are gone, twice of one, and of nobody.
func TestAsked(t *testing.T) {
	s, p := open(t), audiencetest.Project(t)
	require.NoError(t, audiencetest.Population{People: 3, Events: 10, Seed: 1}.Fill(t.Context(), s))
	e := pushdown.New(s, p)
	c := audiencetest.Checked(t, p, `!(profile.email == "?")`)[0]
	truths, err := e.Test(t.Context(), c, []int64{3, 99, 1, 3}, audiencetest.Now)
	require.NoError(t, err)
	require.Len(t, truths, 4)
	require.Equal(t, truths[0], truths[3])
	require.Equal(t, expr.Unknown, truths[1])
	truths, err = e.Test(t.Context(), c, nil, audiencetest.Now)
	require.NoError(t, err)
	require.Empty(t, truths)
	all, err := e.SelectMany(t.Context(), nil, audiencetest.Now)
	require.NoError(t, err)
	require.Empty(t, all)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = e.Select(ctx, c, audiencetest.Now)
	require.ErrorIs(t, err, context.Canceled)
}
