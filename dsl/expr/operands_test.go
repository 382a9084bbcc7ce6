package expr_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

func TestOperands(t *testing.T) {
	c := mustCheck(t, newEnv(t), `segment.vip && !(trait.score >= 25 || profile.plan in ["free", "club"]) && (reachable.sms ? trait.warm : !has(profile.phone))
		&& events.order_completed.within("90d").sum(o, o.total) >= variable.vip_spend && anniversary(profile.birthday) && !segment.vip != true && true`, journey, condition)
	type line struct{ text, op, left, right, segment, trait, value string }
	var got []line
	for _, o := range c.Operands() {
		l := line{text: o.Text, op: o.Op, segment: o.Segment, trait: o.Trait, value: o.Truth(ada(), noon).String()}
		if o.Left != nil {
			l.left, l.right = o.Left.Text+" = "+o.Left.Eval(ada(), noon).Text(), o.Right.Eval(ada(), noon).Text()
			require.Nil(t, o.Left.Left)
		}
		got = append(got, l)
	}
	require.Equal(t, []line{
		{text: "segment.vip", segment: "vip", value: "true"},
		{text: "trait.score >= 25", op: ">=", left: "trait.score = 20.05", right: "25", value: "false"},
		{text: `profile.plan in ["free", "club"]`, op: "in", left: "profile.plan = ", value: "unknown"},
		{text: "reachable.sms", value: "false"},
		{text: "trait.warm", trait: "warm", value: "true"},
		{text: "has(profile.phone)", value: "false"},
		{text: `events.order_completed.within("90d").sum(o, o.total) >= 200`, op: ">=", left: `events.order_completed.within("90d").sum(o, o.total) = 50.5`, right: "200", value: "false"},
		{text: "anniversary(profile.birthday)", value: "false"},
		{text: "!segment.vip != true", op: "!=", left: "!segment.vip = false", right: "true", value: "true"},
	}, got)
	score := c.Operands()[1]
	require.Equal(t, "score", score.Left.Trait)
	require.False(t, score.Left.Constant())
	require.True(t, score.Right.Constant())
	ir.Walk(score.Node, func(n ir.Node) bool {
		_, short := n.(*ir.Short)
		require.False(t, short)
		return true
	})
}

// A condition of one part is its own operand; a constant hangs on nothing; what is
// no condition has its value.
func TestOperandsOfLittle(t *testing.T) {
	env := newEnv(t)
	one := mustCheck(t, env, `profile.points > 3`, person, condition).Operands()
	require.Len(t, one, 1)
	require.Equal(t, `profile.points > 3`, one[0].Text)
	require.Empty(t, mustCheck(t, env, `true`, person, condition).Operands())
	value := mustCheck(t, env, `trait.score`, person, typ("number")).Operands()
	require.Equal(t, 20.05, value[0].Eval(ada(), noon).Any())
	unset := mustCheck(t, env, `profile.points > variable.later && segment.vip`, person, condition).Operands()
	require.Equal(t, expr.Unknown, unset[0].Truth(ada(), noon))
	require.Equal(t, expr.True, unset[1].Truth(ada(), noon))
}

// The truths of the operands decide the truth of the whole.
func TestOperandsDecide(t *testing.T) {
	w := bakery() // without the trait that is an &&, which another && takes apart
	w.Traits = slices.DeleteFunc(w.Traits, func(t expr.Trait) bool { return t.Name == "warm" })
	language, err := exprtest.Of(w, journey)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		c, s := language.Checked(t), language.Person(t)
		truths := map[string]expr.Truth{}
		for _, o := range c.Operands() {
			truths[ir.Text(o.Node)] = o.Truth(s, noon)
		}
		require.Equal(t, c.Test(s, noon), decided(t, c.Node(), truths), "%s", c.Text())
	})
}

func decided(t *rapid.T, n ir.Node, truths map[string]expr.Truth) expr.Truth {
	if truth, ok := truths[ir.Text(n)]; ok {
		return truth
	}
	switch n := n.(type) {
	case *ir.Const:
		return expr.ValueOf(n.Value).Truth()
	case *ir.Not:
		return decided(t, n.X, truths).Not()
	case *ir.Cond:
		switch decided(t, n.If, truths) {
		case expr.True:
			return decided(t, n.Then, truths)
		case expr.False:
			return decided(t, n.Else, truths)
		}
		return expr.Unknown
	case *ir.Logic:
		whole := expr.TruthOf(n.Op == ir.And)
		for _, x := range n.Xs {
			if truth := decided(t, x, truths); n.Op == ir.And {
				whole = whole.And(truth)
			} else {
				whole = whole.Or(truth)
			}
		}
		return whole
	case *ir.Compare: // of a trait that is constant
	}
	t.Fatalf("%s is no operand", ir.Text(n))
	return expr.Unknown
}
