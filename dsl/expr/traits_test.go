package expr_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// withTraits is the bakery with other traits: names and sources by turns.
func withTraits(t testing.TB, pairs ...string) *expr.Env {
	w := bakery()
	w.Traits = nil
	for i := 0; i < len(pairs); i += 2 {
		w.Traits = append(w.Traits, expr.Trait{Name: pairs[i], Source: pairs[i+1]})
	}
	env, err := expr.NewEnv(w)
	require.NoError(t, err)
	return env
}

// A trait stands by its name in the text, and with its value in the tree.
func TestTraitsAreExpanded(t *testing.T) {
	env := newEnv(t)
	c := mustCheck(t, env, `trait.warm && profile.points>trait.bar`, person, condition)
	require.Equal(t, `trait.warm && profile.points > trait.bar`, c.Text())
	require.Equal(t, `events.order_completed.within("90d").sum(o, o.total) / 10 + 5 * math.least(events.email_clicked.within("30d").count(), 3) + (segment.vip ? 10 : 0) >= 5`+
		` && math.least(events.email_opened.within("90d").distinct(o, o.send) / events.email_sent.within("90d").count(), 1) > 0.2 && profile.points > 20`, ir.Text(c.Node()))
	require.Len(t, c.Node().(*ir.Logic).Xs, 3, "the && of the trait is part of the one around it")
	ir.Walk(c.Node(), func(n ir.Node) bool {
		_, short := n.(*ir.Short)
		require.False(t, short)
		return true
	})
	require.Equal(t, campaign.Reads{Attributes: []string{"points"}, Events: []string{"email_clicked", "email_opened", "email_sent", "order_completed"},
		Segments: []string{"vip"}, Traits: []string{"bar", "score", "spent", "warm"}, Time: true}, c.Reads())

	// What a constant trait makes constant is a constant.
	require.Equal(t, `true`, ir.Text(mustCheck(t, env, `trait.bar > 3`, person, condition).Node()))
	require.Equal(t, `!true`, ir.Text(mustCheck(t, env, `!(trait.bar > 3)`, person, condition).Node()))
}

// The variables of a trait are others than those around it, whatever they are
// called.
func TestTraitsInFolds(t *testing.T) {
	c := mustCheck(t, newEnv(t), `profile.dietary.exists(d, profile.lucky.exists(o, o < trait.spent && size(d) < o))`, person, condition)
	require.Equal(t, `profile.dietary.exists(d, profile.lucky.exists(o, o < events.order_completed.within("90d").sum(o, o.total) && size(d) < o))`, ir.Text(c.Node()))
	slots := map[int]int{}
	ir.Walk(c.Node(), func(n ir.Node) bool {
		if f, ok := n.(*ir.Fold); ok {
			slots[f.Var.Slot]++
		}
		return true
	})
	require.Equal(t, map[int]int{0: 1, 1: 1, 2: 1}, slots)
	require.Equal(t, expr.True, c.Test(ada(), noon))
}

func TestCheckTrait(t *testing.T) {
	env := newEnv(t)
	for name, want := range map[string]string{
		"spent": "number", "warm": "bool", "favourite": "string", "skus": "list(string)", "shop": "ref(catalog.store)", "since": "time",
	} {
		c, problems := env.CheckTrait(name)
		require.Empty(t, problems)
		require.Equal(t, want, c.Type().String())
	}
	c, problems := env.CheckTrait("nobody")
	require.Nil(t, c)
	require.Nil(t, problems)
}

// What is wrong with a trait is said at the trait, once: whoever names it neither
// passes nor fails.
func TestTraitsInError(t *testing.T) {
	env := withTraits(t, "broken", `profile.nope > 3`, "history", `events.order_completed`, "user", `trait.broken && true`, "typo", `trait.brokn`, "fine", `profile.points`)
	for name, want := range map[string]string{
		"broken":  `cel-unknown-name: There is no attribute "nope".`,
		"history": `cel-type: events.order_completed is a history of events, not a value. Ask it something, as in .any(), .count() or .last().`,
		"typo":    `cel-unknown-name: There is no trait "brokn". Did you mean "broken"?`,
	} {
		c, problems := env.CheckTrait(name)
		require.Nil(t, c)
		require.Equal(t, want, fmt.Sprint(problems[0]), name)
	}
	for _, src := range []string{`trait.broken`, `trait.broken > 3 && trait.fine > 3`, `trait.history.any()`, `trait.user`, `events.order_completed.exists(o, o.total > trait.broken)`} {
		c, problems := env.Check(src, person, condition)
		require.Nil(t, c, src)
		require.Empty(t, problems, src)
	}
	_, problems := env.Check(`trait.broken > 3 && profile.none > 3`, person, condition)
	require.Len(t, problems, 1)
}

func TestTraitCircles(t *testing.T) {
	env := withTraits(t, "a", `trait.b + 1`, "b", `trait.c * 2`, "c", `trait.a - 1`, "d", `trait.b`, "self", `trait.self`, "out", `trait.a + 1`, "free", `3`)
	for name, want := range map[string]string{"a": "a → b → c → a", "b": "b → c → a → b", "self": "self → self"} {
		c, problems := env.CheckTrait(name)
		require.Nil(t, c)
		require.Len(t, problems, 1)
		require.Equal(t, expr.CodeNever, problems[0].Code)
		require.Contains(t, problems[0].Detail, want+".")
	}
	for _, name := range []string{"out", "d"} {
		c, _ := env.CheckTrait(name)
		require.Nil(t, c)
	}
	c, problems := env.CheckTrait("free")
	require.NotNil(t, c)
	require.Empty(t, problems)
}

func TestTwinTraits(t *testing.T) {
	w := bakery()
	w.Traits = append(w.Traits, w.Traits[0])
	_, err := expr.NewEnv(w)
	require.ErrorContains(t, err, `two traits "spent"`)
}

// The cost of a trait counts where it is named: once for each element that is
// gone over around it.
func TestTraitsCost(t *testing.T) {
	env := newEnv(t)
	once := mustCheck(t, env, `trait.spent > 3`, person, condition)
	often := mustCheck(t, env, `events.order_completed.exists(o, o.total > trait.spent)`, person, condition)
	require.Greater(t, often.Cost(), 900*once.Cost())
	_, problems := env.Check(`events.order_completed.exists(o, events.cart_updated.exists(c, trait.spent > o.total))`, person, condition)
	require.Len(t, problems, 1)
	require.Equal(t, expr.CodeCost, problems[0].Code)
	require.Contains(t, problems[0].Detail, "This takes about 2,006,") // its estimated cost
	require.Contains(t, problems[0].Detail, "at most 100,000,000")
}

// Traits that name others twice grow by powers of two: they are refused before
// they are written out.
func TestTraitsThatExplode(t *testing.T) {
	pairs := []string{"t0", `profile.points`}
	for i := 1; i < 60; i++ {
		pairs = append(pairs, fmt.Sprintf("t%d", i), fmt.Sprintf("trait.t%d + trait.t%d", i-1, i-1))
	}
	env := withTraits(t, pairs...)
	refused := 0
	for i := range 60 {
		c, problems := env.CheckTrait(fmt.Sprintf("t%d", i))
		if len(problems) > 0 {
			refused++
			require.Equal(t, expr.CodeCost, problems[0].Code)
			require.Equal(t, 14, i) // 2 to the power of 14 points, and the sums of them
		}
		require.Equal(t, i < 14, c != nil, i)
	}
	require.Equal(t, 1, refused)
	deep := strings.Repeat("[1].exists(x, ", 5) + "trait.deep" + strings.Repeat(")", 5)
	env = withTraits(t, "deep", strings.Repeat("[1].exists(x, ", 4)+"x > 0"+strings.Repeat(")", 4))
	_, problems := env.Check(deep, person, condition)
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Detail, "More than 8 lists and histories")
}

func TestTraitsConcurrently(t *testing.T) {
	env := newEnv(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				c, problems := env.Check(fmt.Sprintf(`trait.warm && trait.score > %d`, i), person, condition)
				if c == nil || len(problems) > 0 {
					t.Error(problems)
				}
			}
		})
	}
	wg.Wait()
}
