package reason_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/lint/reason"
)

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func world(t require.TestingT) *expr.Env {
	profile := &campaign.Profile{Attributes: []campaign.Attribute{
		{Name: "age", Type: campaign.Of(campaign.Number)},
		{Name: "visits", Type: campaign.Of(campaign.Number), Default: 0.0},
		{Name: "plan", Type: campaign.Of(campaign.String), OneOf: []string{"free", "pro", "team"}},
		{Name: "member", Type: campaign.Of(campaign.Bool)},
		{Name: "born", Type: campaign.Of(campaign.Date)},
		{Name: "likes", Type: campaign.SetOf(campaign.Of(campaign.String))},
	}}
	events := []*campaign.Event{{Name: "order", Properties: []campaign.Field{{Name: "total", Type: campaign.Of(campaign.Number), Optional: true}}}}
	env, err := expr.NewEnv(link.World(profile, events, nil, []string{"a", "b"}, []string{"news"}))
	require.NoError(t, err)
	return env
}

// node checks a condition. What stands between AND is checked for itself: the
// checker refuses some of what is asked here, where it stands side by side.
func node(t require.TestingT, env *expr.Env, src string) ir.Node {
	if parts := strings.Split(src, " AND "); len(parts) > 1 {
		all := &ir.Logic{Op: ir.And}
		for _, part := range parts {
			all.Xs = append(all.Xs, node(t, env, part))
		}
		return all
	}
	c, problems := env.Check(src, link.PersonScope(), campaign.Of(campaign.Bool))
	require.NotNil(t, c, "%s: %v", src, problems)
	return c.Node()
}

func TestNever(t *testing.T) {
	env := world(t)
	for _, src := range []string{
		"profile.age > 5 AND profile.age < 3",
		"profile.age > 5 AND profile.age <= 5",
		"5 < profile.age AND !(profile.age > 4)",
		"profile.age == 5 AND profile.age != 5",
		"profile.plan == 'free' AND profile.plan == 'pro'",
		"profile.plan in ['free', 'pro'] AND profile.plan == 'team'",
		"profile.plan != 'free' AND profile.plan != 'pro' AND profile.plan != 'team'",
		"!(profile.plan in ['free', 'pro', 'team'])",
		"profile.member AND !profile.member",
		"segment.a AND !segment.a",
		"topic.news.subscribed AND segment.a AND !topic.news.subscribed",
		"segment.a || segment.b AND !segment.a AND !segment.b",
		"!has(profile.age) AND profile.age > 3",
		"!has(profile.likes) AND 'rye' in profile.likes",
		"events.order.any() AND events.order.none()",
		"events.order.within('30d').any() AND events.order.within('90d').none()",
		"events.order.where(o, o.total > 5 && o.total < 9).any() AND events.order.where(o, o.total > 5).none()",
		"events.order.within('30d').count() > 4 AND events.order.count() < 3",
		"events.order.count() > 2 AND events.order.count() < 3",
		"month(profile.born) > 6 AND month(profile.born) < 7",
		"profile.age < profile.visits AND profile.age > profile.visits",
		"events.order.exists(o, o.total > 3) AND !events.order.exists(o, o.total > 3)",
		"profile.born < date('2000-01-01') AND profile.born > date('2001-01-01')",
		"segment.a ? segment.b && !segment.a : profile.age > 5 && segment.a",
	} {
		require.True(t, reason.Of(node(t, env, src)).Never(), src)
		require.True(t, reason.Of(&ir.Not{X: node(t, env, src)}).NeverFalse(), src)
	}
	for _, src := range []string{
		"profile.age > 3 && profile.age < 5", "profile.age >= 5 && profile.age <= 5", "profile.plan == 'free' || profile.plan == 'pro'",
		"events.order.any() && events.order.within('60d').none()", "events.order.within('30d').any() && events.order.where(o, o.total > 3).none()",
		"events.order.count() >= 2 && events.order.count() < 3", "segment.a && !segment.b", "!has(profile.age) && profile.visits > 3",
		"profile.age > 4 && profile.age < 5",
	} {
		require.False(t, reason.Of(node(t, env, src)).Never(), src)
		require.False(t, reason.Of(node(t, env, src)).NeverFalse(), src)
	}
}

func TestImplies(t *testing.T) {
	env := world(t)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"profile.age > 5", "profile.age > 3", true},
		{"profile.age > 3", "profile.age > 5", false},
		{"profile.age > 5 && segment.a", "segment.a", true},
		{"profile.plan == 'pro'", "profile.plan in ['pro', 'team']", true},
		{"segment.a", "segment.a || segment.b", true},
		{"segment.a", "profile.age > 3 || profile.age <= 3", false}, // it may be unknown
		{"segment.a", "profile.visits > 3 || profile.visits <= 3", true},
		{"events.order.within('30d').any()", "events.order.any()", true},
		{"events.order.any()", "events.order.within('30d').any()", false},
		{"profile.age > 5 AND profile.age < 3", "segment.a", false}, // nobody is asked
		{"segment.a", "segment.b || !segment.b", false},
		{"topic.news.subscribed", "segment.a || topic.news.subscribed", true},
	} {
		require.Equal(t, c.want, reason.Of(node(t, env, c.a)).Implies(reason.Of(node(t, env, c.b))), "%s → %s", c.a, c.b)
	}
	require.True(t, reason.Of(node(t, env, "events.order.count() > 3 && topic.news.subscribed")).Known())
	require.False(t, reason.Of(node(t, env, "profile.age > 3 || topic.news.subscribed")).Known())
}

// Of a condition with more alternatives than are looked at nothing is told.
func TestTooManyCases(t *testing.T) {
	env := world(t)
	src := "!has(profile.age) AND profile.age > 3 || profile.age < 2" // which is looked at last
	require.True(t, reason.Of(node(t, env, src)).Never())
	for i := range 9 {
		src += fmt.Sprintf(" AND 'x%d' in profile.likes || events.order.count() > %d", i, i)
	}
	require.False(t, reason.Of(node(t, env, src)).Never())
}

// person is somebody at random.
type person struct {
	expr.Nobody
	attributes map[string]any
	orders     []expr.EventRow
	segments   map[string]expr.Truth
	subscribed bool
}

func (p *person) Attribute(name string) (any, bool) { v, ok := p.attributes[name]; return v, ok }
func (p *person) Events(string) []expr.EventRow     { return p.orders }
func (p *person) Segment(name string) expr.Truth    { return p.segments[name] }
func (p *person) Subscribed(string) bool            { return p.subscribed }

func people(t *rapid.T) *person {
	p := &person{attributes: map[string]any{}, segments: map[string]expr.Truth{}, subscribed: rapid.Bool().Draw(t, "subscribed")}
	set := func(name string, values ...any) {
		if v := rapid.SampledFrom(append(values, nil)).Draw(t, name); v != nil {
			p.attributes[name] = v
		}
	}
	set("age", 1.0, 2.0, 2.5, 3.0, 4.0)
	set("visits", 1.0, 2.0, 2.5, 3.0, 4.0)
	set("plan", "free", "pro", "team")
	set("member", true, false)
	set("born", campaign.CivilDate{Year: 2000, Month: 1, Day: 1}, campaign.CivilDate{Year: 2000, Month: 2, Day: 1})
	set("likes", []any{"rye"}, []any{}, []any{"rye", "oat"})
	for _, s := range []string{"a", "b"} {
		p.segments[s] = expr.Truth(rapid.IntRange(0, 2).Draw(t, s))
	}
	for _, ago := range rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "orders") {
		row := expr.EventRow{At: noon.Add(-time.Duration(ago) * 24 * time.Hour), Props: map[string]any{}}
		if total := rapid.IntRange(0, 4).Draw(t, "total"); total > 0 {
			row.Props["total"] = float64(total)
		}
		p.orders = append(p.orders, row)
	}
	return p
}

var atoms = []string{
	"profile.age > 2", "profile.age < 2", "profile.age >= 3", "profile.age == 2", "profile.age != 3", "profile.age in [1, 2, 3]", "profile.age < profile.visits",
	"profile.age > profile.visits", "profile.age == profile.visits", "profile.visits >= 2", "profile.visits < 3", "profile.plan == 'free'", "profile.plan in ['free', 'pro']",
	"profile.plan != 'team'", "profile.member", "has(profile.age)", "has(profile.likes)", "'rye' in profile.likes", "size(profile.likes) > 1", "size(profile.likes) < 2",
	"profile.born < date('2000-01-15')", "profile.born >= date('2000-01-15')", "month(profile.born) == 1", "segment.a", "segment.b", "topic.news.subscribed",
	"events.order.any()", "events.order.within('2d').any()", "events.order.within('3d').none()", "events.order.count() >= 2", "events.order.within('2d').count() == 1",
	"events.order.where(o, o.total > 2).any()", "events.order.where(o, o.total > 1 && o.total < 4).any()", "events.order.where(o, o.total > 1).count() < 2",
	"events.order.sum(o, o.total) > 3", "events.order.exists(o, o.total > 2)", "events.order.all(o, o.total > 2)", "events.order.last().total > 2",
}

func condition(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 || kind == 0 {
		return rapid.SampledFrom(atoms).Draw(t, "atom")
	}
	a, b := condition(t, depth-1), condition(t, depth-1)
	switch kind {
	case 1:
		return "!(" + a + ")"
	case 2:
		return "(" + a + ") || (" + b + ")"
	case 3:
		return "(" + a + ") ? (" + b + ") : (" + condition(t, depth-1) + ")"
	}
	return "(" + a + ") && (" + b + ")"
}

// What is proved holds of everybody.
func TestProofsHold(t *testing.T) {
	env := world(t)
	proofs := map[string]int{}
	for range 200 { // some proofs are rare
		rapid.Check(t, func(t *rapid.T) { proofsHold(t, env, proofs) })
		if proofs["never"] > 0 && proofs["known"] > 0 && proofs["implies"] > 0 {
			return
		}
	}
	require.Fail(t, "something was never proved", "%v", proofs)
}

func proofsHold(t *rapid.T, env *expr.Env, proofs map[string]int) {
	part, other := condition(t, 2), condition(t, 2)
	a, problemsA := env.Check("("+part+") && ("+other+")", link.PersonScope(), campaign.Of(campaign.Bool))
	b, problemsB := env.Check(rapid.SampledFrom([]string{part, "(" + part + ") || (" + condition(t, 1) + ")", condition(t, 1)}).Draw(t, "b"), link.PersonScope(), campaign.Of(campaign.Bool))
	if a == nil || b == nil { // the checker sees some of it already
		for _, p := range append(problemsA, problemsB...) {
			require.Equal(t, expr.CodeNever, p.Code, p.Detail)
		}
		return
	}
	c := reason.Of(a.Node())
	never, neverFalse, known, implies := c.Never(), c.NeverFalse(), c.Known(), c.Implies(reason.Of(b.Node()))
	for name, proved := range map[string]bool{"never": never, "never false": neverFalse, "known": known, "implies": implies} {
		if proved {
			proofs[name]++
		}
	}
	for range 30 {
		p := people(t)
		truth := a.Test(p, noon)
		require.False(t, never && truth == expr.True, "never: %s of %+v", a.Text(), p)
		require.False(t, neverFalse && truth == expr.False, "never false: %s of %+v", a.Text(), p)
		require.False(t, known && truth == expr.Unknown, "known: %s of %+v", a.Text(), p)
		require.False(t, implies && truth == expr.True && b.Test(p, noon) != expr.True, "%s implies %s of %+v", a.Text(), b.Text(), p)
	}
}
