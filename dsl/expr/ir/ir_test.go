package ir_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

var (
	boolean = campaign.Of(campaign.Bool)
	number  = campaign.Of(campaign.Number)
	str     = campaign.Of(campaign.String)
	order   = campaign.ObjectOf(campaign.Field{Name: "total", Type: number}, campaign.Field{Name: "tags", Type: campaign.SetOf(str)})
)

func constant(t campaign.Type, v any) *ir.Const { return &ir.Const{T: t, Value: v} }

// tree has every kind of node in it.
func tree() ir.Node {
	o := &ir.Var{Name: "o", T: order}
	orders := &ir.History{Event: "order", T: campaign.ListOf(order), Filters: []ir.Filter{
		&ir.Within{For: constant(campaign.Of(campaign.Duration), 90*24*time.Hour)},
		&ir.Since{From: &ir.EnteredAt{}},
		&ir.Where{Var: o, Cond: &ir.Compare{Op: ir.Gt, L: &ir.Field{X: o, Name: "total", T: number}, R: constant(number, 3.0)}},
	}}
	points := &ir.Attribute{Name: "points", T: number}
	store := &ir.Row{Catalog: "store", Key: &ir.Attribute{Name: "store", T: campaign.RefTo("store")}, T: order}
	return &ir.Logic{Op: ir.And, Xs: []ir.Node{
		&ir.Compare{Op: ir.Ge, L: &ir.Fold{Op: ir.FoldSum, Over: orders, Var: o, Body: &ir.Field{X: o, Name: "total", T: number}, T: number}, R: &ir.Neg{X: points}},
		&ir.In{X: constant(str, "x"), Of: &ir.List{Elems: []ir.Node{&ir.Call{Func: ir.Trim, Args: []ir.Node{&ir.Given{T: str}}, T: str}}, T: campaign.ListOf(str)}},
		&ir.Not{X: &ir.Logic{Op: ir.Or, Xs: []ir.Node{&ir.Segment{Name: "a-b"}, &ir.Subscribed{Topic: "news"}, &ir.Reachable{Channel: "email"}}}},
		&ir.Has{X: &ir.Field{X: &ir.Payload{Of: ir.OfTrigger, T: order}, Name: "total", T: number}},
		&ir.Compare{Op: ir.Lt, L: &ir.Arith{Op: ir.Mul, L: &ir.Arith{Op: ir.Add, L: points, R: constant(number, 1.5), T: number}, R: constant(number, -2.0), T: number},
			R: &ir.Index{X: &ir.Attribute{Name: "lucky", T: campaign.ListOf(number)}, Key: constant(number, 0.0), T: number}},
		&ir.Cond{If: &ir.Step{Step: "a", Field: "opened", T: boolean}, Then: constant(boolean, true), Else: &ir.Compare{Op: ir.Le, L: &ir.Now{},
			R: constant(campaign.Of(campaign.Time), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}},
		&ir.Compare{Op: ir.Eq, L: &ir.Field{X: store, Name: "total", T: number}, R: &ir.Const{T: number, From: "variable.later", Unset: true}},
		&ir.Compare{Op: ir.Ne, L: &ir.Call{Func: ir.Size, Args: []ir.Node{&ir.Object{T: order, Names: []string{"tags", "total"}, Values: []ir.Node{constant(campaign.SetOf(str), []any{"a"}), points}}}, T: number},
			R: constant(number, 1e30)},
		&ir.Fold{Op: ir.FoldNone, Over: &ir.History{Event: "in"}, T: boolean},
		&ir.Sequence{For: constant(campaign.Of(campaign.Duration), 7*24*time.Hour), Steps: []*ir.History{{Event: "cart", T: campaign.ListOf(order)}, orders}},
		&ir.Compare{Op: ir.Eq, L: &ir.Fold{Op: ir.FoldTop, Over: orders, Var: o, Body: &ir.Field{X: o, Name: "total", T: number}, Weight: points, T: number},
			R: &ir.Call{Func: ir.Least, Args: []ir.Node{&ir.Call{Func: ir.Size, Args: []ir.Node{&ir.Fold{Op: ir.FoldFlat, Over: orders, Var: o, Body: &ir.Field{X: o, Name: "tags", T: campaign.SetOf(str)}, T: campaign.ListOf(str)}}, T: number}, points}, T: number}},
		&ir.Compare{Op: ir.Lt, L: &ir.Consent{Topic: "offers", Channel: "email", Field: ir.ConsentAt}, R: &ir.Now{}},
		&ir.Fold{Op: ir.FoldExists, Over: &ir.Attribute{Name: "tags", T: campaign.SetOf(str)}, Var: &ir.Var{Name: "t", T: str}, Body: constant(boolean, false), T: boolean},
	}}
}

const text = `events.order.within("90d").since(journey.entered_at).where(o, o.total > 3).sum(o, o.total) >= -profile.points` +
	` && "x" in [value.trim()]` +
	" && !(segment.`a-b` || topic.news.subscribed || reachable.email)" +
	` && has(trigger.event.total)` +
	` && (profile.points + 1.5) * -2 < profile.lucky[0]` +
	` && (step.a.opened ? true : now <= timestamp("2026-01-02T03:04:05Z"))` +
	` && profile.store.total == variable.later` +
	` && size({"tags": ["a"], "total": profile.points}) != 1e+30` +
	" && events.`in`.none()" +
	` && sequence("1w", events.cart, events.order.within("90d").since(journey.entered_at).where(o, o.total > 3))` +
	` && events.order.within("90d").since(journey.entered_at).where(o, o.total > 3).top(o, o.total, profile.points)` +
	` == math.least(size(events.order.within("90d").since(journey.entered_at).where(o, o.total > 3).flat(o, o.tags)), profile.points)` +
	` && consent.offers.email.at < now` +
	` && profile.tags.exists(t, false)`

func TestText(t *testing.T) {
	require.Equal(t, text, ir.Text(tree()))
	for want, v := range map[string]any{
		`"a\"b\n"`:                        "a\"b\n",
		`duration("2d12h")`:               60 * time.Hour,
		`date("2026-02-03")`:              campaign.CivilDate{Year: 2026, Month: 2, Day: 3},
		`[1, [true], {"a": 1, "b": "x"}]`: []any{1.0, []any{true}, map[string]any{"b": "x", "a": 1.0}},
		`0.000001`:                        1e-6,
		`1e-07`:                           1e-7,
		`123456789`:                       123456789.0,
	} {
		require.Equal(t, want, ir.Text(&ir.Const{Value: v}))
	}
}

func TestReads(t *testing.T) {
	require.Equal(t, campaign.Reads{
		Attributes: []string{"lucky", "points", "store", "tags"}, Events: []string{"cart", "in", "order"}, Segments: []string{"a-b"}, Topics: []string{"news", "offers"},
		Catalogs: []string{"store"}, Steps: []string{"a"}, Reachable: true, Time: true,
	}, ir.Reads(tree()))
}

// Walk goes in the order written, and not below a node that visit declines.
func TestWalk(t *testing.T) {
	var names []string
	ir.Walk(tree(), func(n ir.Node) bool {
		switch n := n.(type) {
		case *ir.Attribute:
			names = append(names, n.Name)
		case *ir.Not, *ir.Fold:
			return false
		case *ir.Segment:
			t.Error("inside of !")
		}
		return true
	})
	require.Equal(t, []string{"points", "points", "lucky", "store", "points", "points"}, names)
}

func TestCost(t *testing.T) {
	total := &ir.Field{X: &ir.Var{Name: "o", T: order}, Name: "total", T: number}
	history := &ir.History{Event: "order"}
	list := &ir.Attribute{Name: "lucky", T: campaign.ListOf(number)}
	for _, c := range []struct {
		want float64
		n    ir.Node
	}{
		{1, total.X},
		{2, total},
		{2, &ir.Fold{Op: ir.FoldCount, Over: history}},
		{2 + 2000, &ir.Fold{Op: ir.FoldSum, Over: history, Body: total}},
		{2 + 200, &ir.Fold{Op: ir.FoldSum, Over: list, Body: total}},
		{2 + 20, &ir.Fold{Op: ir.FoldSum, Over: &ir.Attribute{T: campaign.SetOf(number)}, Body: total}},
		{2 + 1000*(2+1), &ir.Fold{Op: ir.FoldTop, Over: history, Body: total, Weight: total.X}},
		{2 + 1000*100*2 + 1000*2 + 1, &ir.Fold{Op: ir.FoldSum, Over: &ir.Fold{Op: ir.FoldFlat, Over: history, Body: &ir.Field{X: total.X, T: campaign.ListOf(number)}}, Body: total}},
		{1 + 2*(1+1000), &ir.Sequence{Steps: []*ir.History{history, history}}},
		{1 + 1, &ir.Short{Name: "x", X: total.X}},
		{3 + 3, &ir.In{X: list, Of: constant(campaign.ListOf(number), []any{1.0, 2.0, 3.0})}},
	} {
		require.Equal(t, c.want, ir.Cost(c.n), "%T", c.n)
	}
	nested := &ir.Fold{Op: ir.FoldExists, Over: history, Body: &ir.Fold{Op: ir.FoldExists, Over: history, Body: total}}
	require.Greater(t, ir.Cost(nested), 2e6)
}

func TestTypes(t *testing.T) {
	ir.Walk(tree(), func(n ir.Node) bool {
		if h, ok := n.(*ir.History); ok && h.Event == "in" {
			return true // made without a type
		}
		require.NotEqual(t, campaign.Invalid, n.Type().Kind, ir.Text(n))
		return true
	})
	empty := constant(campaign.ListOf(campaign.Of(campaign.Any)), []any{})
	full := &ir.Attribute{Name: "lucky", T: campaign.ListOf(number)}
	require.Equal(t, full.T, (&ir.Cond{Then: empty, Else: full}).Type())
	require.Equal(t, full.T, (&ir.Cond{Then: full, Else: empty}).Type())
}

func TestFlip(t *testing.T) {
	for op, want := range map[ir.CompareOp]ir.CompareOp{ir.Eq: ir.Ne, ir.Lt: ir.Ge, ir.Le: ir.Gt} {
		require.Equal(t, want, op.Opposite())
		require.Equal(t, op, want.Opposite())
	}

	for op, want := range map[ir.CompareOp]ir.CompareOp{ir.Eq: ir.Eq, ir.Ne: ir.Ne, ir.Lt: ir.Gt, ir.Le: ir.Ge, ir.Gt: ir.Lt, ir.Ge: ir.Le} {
		require.Equal(t, want, op.Flip())
		require.Equal(t, op, op.Flip().Flip())
	}
}
