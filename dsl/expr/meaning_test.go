package expr_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

func TestMeaning(t *testing.T) {
	env := newEnv(t)
	meaning := func(src string) string { return mustCheck(t, env, src, journey, condition).Meaning() }
	for _, same := range [][]string{
		{`segment.vip && segment.readers`, `segment.readers && segment.vip`, `segment.readers && (segment.vip && segment.readers)`, `!(!segment.vip || !segment.readers)`},
		{`segment.vip || segment.readers`, `!(!segment.readers && !segment.vip)`, `segment.vip || segment.readers || segment.vip`},
		{`profile.points >= 3`, `3 <= profile.points`, `!(profile.points < 3)`, `!(3 > profile.points)`, `!!(profile.points >= 3)`, `profile.points >= 3 && true`},
		{`profile.points > 3 == true`, `profile.points > 3`, `false != (profile.points > 3)`, `profile.points > 3 ? true : false`, `!(profile.points > 3) == false`},
		{`!(profile.points == 3)`, `profile.points != 3`, `profile.points == 3 ? false : true`},
		{`profile.email == "a" || profile.email == "b"`, `profile.email in ["b", "a"]`, `profile.email in ["a", "b", "a"]`, `!(profile.email != "a" && "b" != profile.email)`},
		{`profile.email != "a" && profile.email != "b"`, `!(profile.email in ["a", "b"])`},
		{`profile.email == "a"`, `profile.email in ["a"]`},
		{`segment.vip ? segment.readers : reachable.sms`, `!segment.vip ? reachable.sms : segment.readers`},
		{`!(segment.vip ? segment.readers : reachable.sms)`, `segment.vip ? !segment.readers : !reachable.sms`},
		{`events.order_completed.any()`, `!events.order_completed.none()`, `events.order_completed.count() > 0`, `0 < events.order_completed.count()`, `events.order_completed.count() >= 1`, `events.order_completed.count() != 0`},
		{`events.order_completed.none()`, `events.order_completed.count() == 0`, `events.order_completed.count() < 1`, `!events.order_completed.any()`},
		{`events.order_completed.exists(o, o.total > 3)`, `events.order_completed.exists(order, !(order.total <= 3))`, `!events.order_completed.all(o, o.total <= 3)`},
		{`events.order_completed.count(o, o.total > 3) > 2`, `events.order_completed.where(o, o.total > 3).count() > 2`},
		{`events.order_completed.within("9d").where(o, o.total > 3 && o.gift).any()`, `events.order_completed.where(x, x.gift).where(o, 3 < o.total).within("9d").any()`,
			`events.order_completed.within("216h").within("20d").where(o, o.gift && o.total > 3).any()`},
		{`profile.points + 3 > 7`, `3 + profile.points > 7`},
		{`sets.intersects(profile.dietary, ["vegan"])`, `sets.intersects(["vegan"], profile.dietary)`},
		{`profile.points > profile.home.floor`, `profile.home.floor < profile.points`},
		{`trait.warm`, `open_rate("90d") > 0.2 && 5 <= trait.score`}, // a trait means its value
		{`anniversary(profile.birthday)`, `days_until(profile.birthday) == 0`},
		{`events.order_completed.exists(o, events.cart_updated.exists(c, c.cart_id == o.cart_id))`, `events.order_completed.exists(c, events.cart_updated.exists(o, c.cart_id == o.cart_id))`},
		{`profile.points > variable.vip_spend`, `profile.points > 200`},
	} {
		for _, other := range same[1:] {
			require.Equal(t, meaning(same[0]), meaning(other), "%s\n%s", same[0], other)
		}
	}
	for _, different := range [][2]string{
		{`profile.points >= 3`, `profile.points > 3`},
		{`segment.vip && segment.readers`, `segment.vip || segment.readers`},
		{`segment.vip || !segment.vip`, `true`},                                                      // unknown for some
		{`events.order_completed.count(o, o.gift) > 0`, `events.order_completed.exists(o, o.gift)`},  // the first is never unknown
		{`events.order_completed.where(o, o.gift).none()`, `events.order_completed.all(o, !o.gift)`}, // likewise
		{`profile.lucky == [1, 2]`, `profile.lucky == [2, 1]`},                                       // lists have an order
		{`profile.points - 3 > 7`, `3 - profile.points > 7`},                                         // as minus has
		{`profile.email + "a" == "ab"`, `"a" + profile.email == "ab"`},                               // and + of texts
		{`has(profile.email) || segment.vip`, `has(profile.phone) || segment.vip`},                   // an attribute is not another
		{`events.order_completed.first().gift`, `events.order_completed.last().gift`},                // nor an end the other
		{`sequence(events.cart_updated, events.order_completed)`, `sequence(events.order_completed, events.cart_updated)`},
	} {
		require.NotEqual(t, meaning(different[0]), meaning(different[1]), "%s\n%s", different[0], different[1])
	}
}

// Whatever is written, of whomever it is asked: Normal gives what the tree gives,
// unknown included, and has nothing to do a second time.
func TestNormalKeepsTheValue(t *testing.T) {
	language := newLanguage(t, journey)
	rapid.Check(t, func(t *rapid.T) {
		c := language.Checked(t)
		once := ir.Normal(c.Node())
		require.Equal(t, ir.Text(once), ir.Text(ir.Normal(once)), "%s", c.Text())
		s := language.Person(t)
		require.Equal(t, c.Test(s, noon), c.EvalNode(once, s, noon).Truth(), "%s\n%s", c.Text(), ir.Text(once))
		if c.Test(s, noon) != expr.Unknown { // what is written otherwise, means the same
			negated, _ := language.Env().Check("!("+c.Text()+")", journey, condition)
			if negated != nil {
				require.Equal(t, ir.Text(ir.Normal(&ir.Not{X: c.Node()})), negated.Meaning(), "%s", c.Text())
			}
		}
	})
}
