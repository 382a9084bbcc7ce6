package ir_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// What Normal makes, by the text. That it keeps the value is tested where trees
// are evaluated, in package expr.
func TestNormal(t *testing.T) {
	vip, readers, email := &ir.Segment{Name: "vip"}, &ir.Segment{Name: "readers"}, &ir.Attribute{Name: "email", T: str}
	o := &ir.Var{Name: "order", T: order}
	total := &ir.Field{X: o, Name: "total", T: number}
	within := func(days int) ir.Filter {
		return &ir.Within{For: constant(campaign.Of(campaign.Duration), time.Duration(days)*24*time.Hour)}
	}
	and := func(xs ...ir.Node) ir.Node { return &ir.Logic{Op: ir.And, Xs: xs} }
	or := func(xs ...ir.Node) ir.Node { return &ir.Logic{Op: ir.Or, Xs: xs} }
	is := func(op ir.CompareOp, l, r ir.Node) ir.Node { return &ir.Compare{Op: op, L: l, R: r} }
	text := func(s string) *ir.Const { return constant(str, s) }
	fold := func(op ir.FoldOp, over ir.Node, body ir.Node) ir.Node {
		return &ir.Fold{Op: op, Over: over, Var: o, Body: body, T: boolean}
	}
	history := func(filters ...ir.Filter) *ir.History {
		return &ir.History{Event: "order", T: campaign.ListOf(order), Filters: filters}
	}
	for want, n := range map[string]ir.Node{
		`segment.readers && segment.vip`:                      and(vip, readers, vip),
		`!segment.readers || !segment.vip`:                    &ir.Not{X: and(vip, &ir.Not{X: &ir.Not{X: readers}})},
		`segment.vip`:                                         or(and(vip, constant(boolean, true)), constant(boolean, false)),
		`true`:                                                or(vip, constant(boolean, true)),
		`profile.email != "a"`:                                &ir.Not{X: is(ir.Eq, text("a"), email)},
		`profile.email in ["a", "b", "c"]`:                    or(is(ir.Eq, email, text("c")), &ir.In{X: email, Of: constant(campaign.ListOf(str), []any{"b", "a"})}),
		`!(profile.email in ["a", "b"])`:                      and(is(ir.Ne, email, text("b")), is(ir.Ne, text("a"), email)),
		`profile.email != "a" && profile.email != variable.x`: and(is(ir.Ne, email, text("a")), is(ir.Ne, email, &ir.Const{T: str, From: "variable.x", Unset: true})),
		`segment.vip ? segment.readers : profile.flag`:        &ir.Cond{If: &ir.Not{X: vip}, Then: &ir.Attribute{Name: "flag", T: boolean}, Else: readers},
		`events.order.all(v0, v0.total <= 3)`:                 &ir.Not{X: fold(ir.FoldExists, history(), is(ir.Lt, constant(number, 3.0), total))},
		`events.order.within("1w").where(v0, v0.total != 3 && v0.total > 1).count() > 2`: is(ir.Gt,
			fold(ir.FoldCountIf, history(&ir.Where{Var: o, Cond: is(ir.Gt, total, constant(number, 1.0))}, within(30), within(7)), is(ir.Ne, total, constant(number, 3.0))), constant(number, 2.0)),
		`events.order.any()`:  is(ir.Lt, constant(number, 0.0), &ir.Fold{Op: ir.FoldCount, Over: history(), T: number}),
		`events.order.none()`: &ir.Not{X: is(ir.Ge, &ir.Fold{Op: ir.FoldCount, Over: history(&ir.Where{Var: o, Cond: constant(boolean, true)}), T: number}, constant(number, 1.0))},
		`sequence("2d", events.order.where(v0, v0.total > 3), events.order)`: &ir.Sequence{For: constant(campaign.Of(campaign.Duration), 48*time.Hour),
			Steps: []*ir.History{history(&ir.Where{Var: o, Cond: is(ir.Lt, constant(number, 3.0), total)}), history()}},
	} {
		normal := ir.Normal(n)
		require.Equal(t, want, ir.Text(normal))
		require.Equal(t, want, ir.Text(ir.Normal(normal)))
	}
	before := ir.Text(tree())
	n := tree()
	ir.Normal(n)
	require.Equal(t, before, ir.Text(n), "the tree itself stays as it is")
}

// Expand puts the tree of a short form in its place, with its variables below
// those around it.
func TestExpand(t *testing.T) {
	n := tree()
	require.Same(t, n, ir.Expand(n))
	inner := &ir.Fold{Op: ir.FoldExists, Over: &ir.Attribute{Name: "tags", T: campaign.SetOf(str)}, Var: &ir.Var{Name: "t", T: str},
		Body: &ir.Has{X: &ir.Var{Name: "t", T: str}}, T: boolean}
	trait := &ir.Short{Name: "tagged", X: &ir.Logic{Op: ir.And, Xs: []ir.Node{inner, &ir.Segment{Name: "vip"}}}, Traits: []string{"deep", "tagged"}, Depth: 1}
	whole := &ir.Fold{Op: ir.FoldAll, Over: &ir.Attribute{Name: "lucky", T: campaign.ListOf(number)}, Var: &ir.Var{Name: "n", T: number},
		Body: &ir.Logic{Op: ir.And, Xs: []ir.Node{&ir.Not{X: &ir.Short{Name: "open_rate", Args: []ir.Node{constant(campaign.Of(campaign.Duration), time.Hour)}, X: &ir.Not{X: &ir.Has{X: &ir.Var{Name: "n", T: number}}}}}, trait}}, T: boolean}
	require.Equal(t, `profile.lucky.all(n, !open_rate("1h") && trait.tagged)`, ir.Text(whole))
	require.Equal(t, []string{"deep", "tagged"}, ir.Reads(whole).Traits)
	require.Equal(t, []string{"lucky", "tags"}, ir.Reads(whole).Attributes)
	expanded := ir.Expand(whole)
	require.Equal(t, `profile.lucky.all(n, has(n) && profile.tags.exists(t, has(t)) && segment.vip)`, ir.Text(expanded))
	ir.Walk(expanded, func(n ir.Node) bool {
		if v, ok := n.(*ir.Var); ok {
			require.Equal(t, map[string]int{"n": 0, "t": 1}[v.Name], v.Slot)
		}
		return true
	})
	require.Equal(t, 0, inner.Var.Slot, "the trait itself stays as it is")
}

// Rebuild without a change is the same tree, made anew.
func TestRebuild(t *testing.T) {
	var same func(ir.Node) ir.Node
	same = func(n ir.Node) ir.Node { return ir.Rebuild(n, same) }
	require.Equal(t, tree(), same(tree()))
}

func BenchmarkNormal(b *testing.B) {
	n := tree()
	b.ReportAllocs()
	for b.Loop() {
		ir.Normal(n)
	}
}
