package exprtest_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/exprtest"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

func typ(s string) campaign.Type {
	t, err := campaign.ParseType(s)
	if err != nil {
		panic(err)
	}
	return t
}

// shop is a small World with something of everything.
func shop() expr.World {
	var events []*campaign.Event
	for _, e := range campaign.BuiltinEvents() {
		events = append(events, &e)
	}
	order := &campaign.Event{Name: "order", Properties: typ("object({at_till = time, day = date, gift = bool, items = list(object({price = number, sku = string})), store = ref(catalog.store), took = duration, total = number})").Fields}
	return expr.World{
		Profile: append(campaign.BuiltinAttributes(), campaign.Attribute{Name: "points", Type: typ("number")}, campaign.Attribute{Name: "born", Type: typ("date")},
			campaign.Attribute{Name: "likes", Type: typ("set(string)"), OneOf: []string{"rye", "oats"}}, campaign.Attribute{Name: "lucky", Type: typ("list(number)")},
			campaign.Attribute{Name: "store", Type: typ("ref(catalog.store)")}, campaign.Attribute{Name: "fan", Type: typ("bool")}, campaign.Attribute{Name: "patience", Type: typ("duration")}),
		Events: append([]*campaign.Event{order}, events...),
		Catalogs: []*campaign.Catalog{{Name: "store", Key: "id", Columns: typ("object({id = string, seats = number})").Fields, Rows: []map[string]any{
			{"id": "mitte", "seats": 12.0}, {"id": "c1", "seats": 3.0}}}},
		Segments: []string{"vip"}, Topics: []string{"news"}, Channels: []string{"email"},
		Traits: []expr.Trait{{Name: "spent", Source: `events.order.sum(o, o.total)`}},
	}
}

// onlyInJourneys is the function that no condition over people alone can call.
const onlyInJourneys = "days"

// Conditions are well typed, and every function, every kind of node and every
// truth comes about, among 40,000 at most.
func TestLanguageReachesEverything(t *testing.T) {
	language, err := exprtest.Of(shop(), exprtest.PersonScope())
	require.NoError(t, err)
	called, nodes, truths := map[string]int{}, map[string]int{}, map[expr.Truth]int{}
	drawn, refused := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 400 {
			if drawn > 2000 && !slices.ContainsFunc(expr.Functions(), func(f expr.FunctionDoc) bool { return called[f.Name] == 0 && f.Name != onlyInJourneys }) {
				return
			}
			src := language.Condition(t)
			c, problems := language.Env().Check(src, exprtest.PersonScope(), campaign.Of(campaign.Bool))
			drawn++
			if c == nil {
				refused++
				require.Contains(t, []string{expr.CodeNever, expr.CodeCost}, problems[0].Code, "%s: %v", src, problems)
				continue
			}
			for _, name := range regexp.MustCompile(`[a-z_A-Z]+\(|math\.\w+\(|sets\.\w+\(`).FindAllString(c.Text(), -1) {
				called[strings.TrimSuffix(name, "(")]++
			}
			ir.Walk(c.Node(), func(n ir.Node) bool { nodes[fmt.Sprintf("%T", n)]++; return true })
			truths[c.Test(language.Person(t), exprtest.Now)]++
		}
	})
	require.Less(t, refused*10, drawn, "fewer than one in ten is refused")
	for _, f := range expr.Functions() {
		require.True(t, called[f.Name] > 0 || f.Name == onlyInJourneys, "%s() is never written", f.Name)
	}
	for _, n := range []ir.Node{&ir.Arith{}, &ir.Attribute{}, &ir.Call{}, &ir.Compare{}, &ir.Cond{}, &ir.Consent{}, &ir.Const{}, &ir.Field{}, &ir.Fold{}, &ir.Has{},
		&ir.History{}, &ir.In{}, &ir.Index{}, &ir.List{}, &ir.Logic{}, &ir.Neg{}, &ir.Not{}, &ir.Now{}, &ir.Reachable{}, &ir.Row{}, &ir.Segment{}, &ir.Sequence{}, &ir.Subscribed{}, &ir.Var{}} {
		require.NotZero(t, nodes[fmt.Sprintf("%T", n)], "%T is never written", n)
	}
	for _, truth := range []expr.Truth{expr.True, expr.False, expr.Unknown} {
		require.Greater(t, truths[truth]*10, drawn, "%s comes about once in ten times", truth)
	}
}

// A World without events, catalogs or topics is enough.
func TestLittleWorld(t *testing.T) {
	w := expr.World{Profile: []campaign.Attribute{{Name: "points", Type: campaign.Of(campaign.Number)}}}
	env, err := expr.NewEnv(w)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		src := exprtest.Condition(t, w)
		c, problems := env.Check(src, exprtest.PersonScope(), campaign.Of(campaign.Bool))
		if c == nil {
			require.Contains(t, []string{expr.CodeNever, expr.CodeCost}, problems[0].Code, "%s: %v", src, problems)
			return
		}
		c.Test(exprtest.Person(t, w), exprtest.Now)
	})
}

// Histories are in order, have events at one instant and events to come; what a
// person has is of its declared type.
func TestPerson(t *testing.T) {
	w, ties, future := shop(), 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := exprtest.Person(t, w)
		for label, rows := range s.Histories {
			i := slices.IndexFunc(w.Events, func(e *campaign.Event) bool { return e.Name == label })
			for j, row := range rows {
				if j > 0 {
					require.False(t, row.At.Before(rows[j-1].At))
					if row.At.Equal(rows[j-1].At) {
						ties++
					}
				}
				if row.At.After(exprtest.Now) {
					future++
				}
				_, err := campaign.Coerce(w.Events[i].Type(), campaign.JSONValue(row.Props))
				require.NoError(t, err)
			}
		}
		for topic := range s.Topics {
			require.True(t, s.Consents[exprtest.Said{Topic: topic, Channel: "email"}].Granted)
		}
	})
	require.NotZero(t, ties)
	require.NotZero(t, future)
}
