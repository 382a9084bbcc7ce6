package compile_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/compile"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// somebody has a history and attributes, and asks the project for segments.
type somebody struct {
	expr.Nobody
	project    *link.Project
	attributes map[string]any
	events     map[string][]expr.EventRow
	now        time.Time
}

func (s *somebody) Attribute(name string) (any, bool)   { v, ok := s.attributes[name]; return v, ok }
func (s *somebody) Events(label string) []expr.EventRow { return s.events[label] }
func (s *somebody) Segment(label string) expr.Truth {
	segment, err := s.project.Segment(label)
	if err != nil {
		return expr.Unknown
	}
	return segment.When.Test(s, s.now)
}

// happened adds events, the oldest first.
func (s *somebody) happened(label string, ago time.Duration, props map[string]any) *somebody {
	if s.events == nil {
		s.events = map[string][]expr.EventRow{}
	}
	s.events[label] = append(s.events[label], expr.EventRow{At: s.now.Add(-ago), Props: props})
	return s
}

func linked(t require.TestingT, src string) *link.Project {
	rev, diags, tree := build(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, true)
	require.NotNil(t, rev, outcome(rev, diags, tree))
	resources := rev.Resources
	for i := range resources {
		resources[i].Def = nil // as a worker reads them
	}
	p, err := link.Link(resources, rev.Settings, rev.Environment)
	require.NoError(t, err)
	return p
}

func value(t *testing.T, p *link.Project, trait string, s *somebody) any {
	t.Helper()
	c, err := p.TraitValue(trait)
	require.NoError(t, err)
	s.project = p
	v, err := c.Eval(s, s.now)
	require.NoError(t, err)
	return v.Any()
}

func someone() *somebody { return &somebody{now: noon, attributes: map[string]any{}} }

const shop = `
event "bought" {
  property "total" { type = number }
  property "kind" { type = string }
  property "items" { type = list(object({ category = string, price = number })) }
}
event "looked" {}
profile {
  attribute "age" { type = number }
}
`

func TestPoints(t *testing.T) {
	p := linked(t, shop+`
variable "reward" {
  type    = number
  default = 8
}
trait "still" {
  model "points" {
    rule "grown_up" {
      when   = "profile.age >= 18 // of age"
      points = 3
    }
    rule "bought" {
      event  = event.bought
      where  = "e.total > 10"
      within = "90d"
      points = variable.reward
    }
    rule "never_looked" {
      when   = "events.looked.none()"
      points = -1
    }
  }
}
trait "fading" {
  model "points" {
    half_life = "30d"
    rule "grown_up" {
      when   = "profile.age >= 18"
      points = 3
    }
    rule "bought" {
      event  = event.bought
      points = 8
    }
    rule "looked" {
      when   = "events.looked.any() || events.bought.within('10d').any()"
      points = 4
    }
    rule "never_looked" {
      when   = "events.looked.none()"
      points = -1
    }
  }
}
`)
	require.Equal(t, -1.0, value(t, p, "still", someone()), "an unknown condition gives no points")
	buyer := someone()
	buyer.attributes["age"] = 20.0
	buyer.happened("bought", 100*day, map[string]any{"total": 50.0})
	buyer.happened("bought", 60*day, map[string]any{"total": 5.0})
	buyer.happened("bought", 60*day, map[string]any{"total": 50.0})
	buyer.happened("bought", 30*day, map[string]any{"total": 11.0})
	require.Equal(t, 3+2*8-1.0, value(t, p, "still", buyer))

	require.Equal(t, -1.0, value(t, p, "fading", someone()), "what holds for want of events does not fade")
	late := someone().happened("bought", 60*day, nil).happened("bought", 30*day, nil)
	require.Equal(t, 8/4.0+8/2-1, value(t, p, "fading", late))
	late.happened("looked", 60*day, nil)
	require.Equal(t, 8/4.0+8/2+1, value(t, p, "fading", late), "the newest event of the histories that the condition asks: those of the last ten days hold none")
	late.happened("bought", 0, nil)
	require.Equal(t, 8/4.0+8/2+8+4, value(t, p, "fading", late))
}

func TestRFM(t *testing.T) {
	p := linked(t, shop+`
trait "rfm" {
  model "rfm" {
    events = event.bought
    amount = "total"
    money  = [20, 50, 100, 250]
  }
}
segment "best" { when = "trait.rfm.score == '543'" }
segment "worst" { when = "trait.rfm.recency <= 2" }
`)
	require.Equal(t, map[string]any{}, value(t, p, "rfm", someone()), "nothing is known of who never bought")
	require.Equal(t, map[string]any{}, value(t, p, "rfm", someone().happened("bought", 366*day, map[string]any{"total": 9.0})))
	for _, c := range []struct {
		last  time.Duration
		times int
		each  float64
		score string
	}{
		{0, 1, 20, "511"}, {7*day - time.Second, 1, 20.5, "512"}, {7 * day, 2, 25, "422"}, {30 * day, 3, 20, "333"}, {90 * day, 8, 20, "244"},
		{180 * day, 9, 30, "155"}, {day, 8, 10, "543"},
	} {
		s := someone()
		for range c.times {
			s.happened("bought", c.last, map[string]any{"total": c.each})
		}
		got := value(t, p, "rfm", s).(map[string]any)
		require.Equal(t, c.score, got["score"], "%v", c)
		require.Equal(t, float64(c.score[0]-'0'), got["recency"])
		require.Equal(t, float64(c.score[1]-'0'), got["frequency"])
		require.Equal(t, float64(c.score[2]-'0'), got["money"])
		require.Equal(t, c.score == "543", s.Segment("best").Holds())
		require.Equal(t, c.score[0] <= '2', s.Segment("worst").Holds())
	}
	best, err := p.Segment("best")
	require.NoError(t, err)
	ir.Walk(best.When.Node(), func(n ir.Node) bool {
		_, whole := n.(*ir.Object)
		require.False(t, whole, "one field is worked out, not all four")
		return true
	})
	nobody := someone()
	nobody.project = p
	require.Equal(t, expr.Unknown, nobody.Segment("worst"))
}

func TestAffinity(t *testing.T) {
	p := linked(t, shop+`
trait "plain" {
  model "affinity" {
    events = event.bought
    by     = "kind"
  }
}
trait "weighed" {
  model "affinity" {
    events = event.bought
    items  = "items"
    by     = "category"
    weight = "price"
  }
}
trait "fading" {
  model "affinity" {
    events    = event.bought
    items     = "items"
    by        = "category"
    half_life = "30d"
    within    = "100d"
  }
}
trait "fading_events" {
  model "affinity" {
    events    = event.bought
    by        = "kind"
    weight    = "total"
    half_life = "30d"
  }
}
`)
	item := func(category string, price any) any {
		m := map[string]any{"category": category}
		if price != nil {
			m["price"] = price
		}
		return m
	}
	for _, trait := range []string{"plain", "weighed", "fading", "fading_events"} {
		require.Equal(t, map[string]any{}, value(t, p, trait, someone()), trait)
	}
	s := someone().
		happened("bought", 200*day, map[string]any{"items": []any{item("cake", 1.0), item("cake", 1.0), item("cake", 1.0), item("cake", 1.0), item("cake", 1.0)}, "kind": "gift", "total": 5.0}).
		happened("bought", 60*day, map[string]any{"items": []any{item("rye", 4.0), item("rye", 4.0), item("bun", nil)}, "kind": "own", "total": 8.0}).
		happened("bought", 0, map[string]any{"items": []any{item("bun", 2.0)}, "kind": "own", "total": 2.0})
	require.Equal(t, map[string]any{"top": "own", "strength": 2.0 / 3}, value(t, p, "plain", s))
	require.Equal(t, map[string]any{"top": "rye", "strength": 8.0 / 15}, value(t, p, "weighed", s))
	require.Equal(t, map[string]any{"top": "bun", "strength": 1.25 / 1.75}, value(t, p, "fading", s), "an old order weighs a quarter, and what is older than the window nothing")
	own := 8.0/4 + 2
	got := value(t, p, "fading_events", s).(map[string]any)
	require.Equal(t, "own", got["top"])
	require.InDelta(t, own/(own+5*0.0098431332), got["strength"], 1e-6)
}

// Everybody is in one segment of the library, and in no other, whatever stands in
// for one of them.
func TestLifecycleIsAPartition(t *testing.T) {
	names := []string{"prospect", "new", "loyal", "active", "lapsed", "churned"}
	plain := linked(t, shop+"library \"lifecycle\" {\n  purchase = event.bought\n  prefix = \"x_\"\n  loyal = 3\n}\n")
	overridden := linked(t, shop+"library \"lifecycle\" {\n  purchase = event.bought\n}\n"+
		"segment \"loyal\" { when = \"events.bought.within('90d').sum(b, b.total) > 100\" }\n"+
		"segment \"new\" { when = \"events.bought.count() == 1\" }\n")
	met := map[string]bool{}
	partition := func(t *rapid.T) {
		s := someone()
		for _, ago := range rapid.SliceOfN(rapid.SampledFrom([]time.Duration{
			-day, 0, time.Second, day, 30*day - 1, 30 * day, 31 * day, 89 * day, 90 * day, 91 * day, 179 * day, 180 * day, 181 * day, 400 * day,
		}), 0, 6).Draw(t, "orders") {
			props := map[string]any{}
			if rapid.Bool().Draw(t, "priced") {
				props["total"] = float64(rapid.IntRange(0, 80).Draw(t, "total"))
			}
			s.happened("bought", ago, props)
		}
		for prefix, p := range map[string]*link.Project{"x_": plain, "": overridden} {
			s.project = p
			var in []string
			for _, name := range names {
				truth := s.Segment(prefix + name)
				require.NotEqual(t, expr.Unknown, truth, name)
				if truth.Holds() {
					in = append(in, prefix+name)
				}
			}
			require.Len(t, in, 1)
			met[in[0]] = true
		}
	}
	for tries := 0; tries < 20 && len(met) < 12; tries++ { // some segments are rare
		rapid.Check(t, partition)
	}
	require.Len(t, met, 12, "some segment was never met: %v", met)
	s, err := overridden.Segment("loyal")
	require.NoError(t, err)
	require.Empty(t, s.Def.Library)
	s, err = overridden.Segment("active")
	require.NoError(t, err)
	require.Equal(t, "lifecycle", s.Def.Library)
}

func TestLifecycleBounds(t *testing.T) {
	p := linked(t, shop+"library \"lifecycle\" { purchase = event.bought }\n")
	for _, c := range []struct {
		orders []time.Duration
		want   string
	}{
		{nil, "prospect"}, {[]time.Duration{29 * day}, "new"}, {[]time.Duration{31 * day}, "active"}, {[]time.Duration{40 * day, day}, "active"},
		{[]time.Duration{50 * day, 40 * day, 30 * day, 20 * day, day}, "loyal"}, {[]time.Duration{5 * day, 4 * day, 3 * day, 2 * day, day}, "new"},
		{[]time.Duration{90 * day}, "lapsed"}, {[]time.Duration{180 * day}, "churned"},
	} {
		s := someone()
		s.project = p
		for _, ago := range c.orders {
			s.happened("bought", ago, nil)
		}
		require.True(t, s.Segment(c.want).Holds(), "%v is not %s", c.orders, c.want)
	}
}

// A trait that is edited changes the meaning of a segment whose own text stays.
func TestTraitsAreNotCopied(t *testing.T) {
	src := shop + "trait \"spend\" { value = \"events.bought.sum(b, b.total)\" }\nsegment \"big\" { when = \"trait.spend > 100\" }\n"
	before := linked(t, src)
	after := linked(t, strings.Replace(src, "b.total)", "b.total * 2)", 1))
	b, err := before.Segment("big")
	require.NoError(t, err)
	a, err := after.Segment("big")
	require.NoError(t, err)
	require.Equal(t, b.Digest, a.Digest)
	require.NotEqual(t, b.When.Meaning(), a.When.Meaning())
	require.Equal(t, []string{"spend"}, a.Def.When.Reads.Traits)
	require.Equal(t, []string{"bought"}, a.Def.When.Reads.Events)
}

func TestStoreIsReadAlone(t *testing.T) {
	src := "herald {\n  store \"postgres\" { url = env(\"DB\") }\n}\nsegment \"broken\" {}\n"
	tree, diags := syntax.LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
	require.Empty(t, diags)
	store, diags := compile.Store(tree, compile.Options{})
	require.Empty(t, diags)
	require.Equal(t, campaign.Store{Kind: campaign.StorePostgres, URL: campaign.Secret{Env: "DB"}}, store)

	src = "herald {\n  store \"postgres\" { url = \"postgres://u:hunter2@h/d\" }\n}\n"
	tree, _ = syntax.LoadFS(fstest.MapFS{"a.hcl": {Data: []byte(src)}}, ".")
	_, diags = compile.Store(tree, compile.Options{})
	require.Equal(t, "bad-value", diags[0].Code)
	require.NotContains(t, diags[0].Detail, "hunter2")
}

// What models expand to is the same for cel-go, and for another implementation of
// the models in plain Go.
func TestModelsHaveTwoMoreOpinions(t *testing.T) {
	p := linked(t, shop+`
trait "points" {
  model "points" {
    half_life = "30d"
    rule "bought" {
      event  = event.bought
      where  = "e.total > 2"
      points = 8
    }
    rule "looked" {
      when   = "events.looked.any() || events.bought.within('10d').any()"
      points = 4
    }
    rule "old" {
      when   = "profile.age > 3"
      points = -1
    }
  }
}
trait "rfm" {
  model "rfm" {
    events    = event.bought
    amount    = "total"
    frequency = [1, 2, 3, 4]
    money     = [2, 4, 6, 8]
    recency   = ["10d", "30d", "60d", "90d"]
  }
}
trait "taste" {
  model "affinity" {
    events    = event.bought
    items     = "items"
    by        = "category"
    weight    = "price"
    half_life = "30d"
    within    = "80d"
  }
}
`)
	env, err := expr.NewEnv(p.World())
	require.NoError(t, err)
	oracle, err := expr.NewOracle(env)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s := randomBuyer(t)
		s.project = p
		src := rapid.SampledFrom([]string{ // one of them: cel-go plans each anew
			"trait.points", "trait.rfm.recency", "trait.rfm.frequency", "trait.rfm.money", "trait.rfm.score", "trait.taste.top", "trait.taste.strength",
		}).Draw(t, "field")
		first, problems := env.Check(src, link.PersonScope(), campaign.Type{})
		require.NotNil(t, first, problems)
		got, err := first.Eval(s, s.now)
		require.NoError(t, err)
		second, err := oracle.Eval(src, link.PersonScope(), s, s.now)
		require.NoError(t, err)
		if _, isNumber := got.Any().(float64); isNumber {
			require.InDelta(t, second.Any(), got.Any(), 1e-9, src)
		} else {
			require.Equal(t, second.Any(), got.Any(), src)
		}
		for _, name := range []string{"points", "rfm", "taste"} {
			checked, err := p.TraitValue(name)
			require.NoError(t, err)
			got, err := checked.Eval(s, s.now)
			require.NoError(t, err)
			if third := byHand[name](s); third != nil {
				alike(t, third, got.Any(), "by hand: "+name)
			}
		}
	})
}

func randomBuyer(t *rapid.T) *somebody {
	s := someone()
	if age := rapid.IntRange(0, 6).Draw(t, "age"); age > 0 {
		s.attributes["age"] = float64(age)
	}
	times := rapid.SampledFrom([]int{0, 5, 10, 30, 60, 79, 80, 90, 400})
	sorted := func(label string) []int {
		ago := rapid.SliceOfN(times, 0, 4).Draw(t, label)
		slices.Sort(ago)
		slices.Reverse(ago)
		return ago
	}
	for _, ago := range sorted("bought") {
		props := map[string]any{}
		if total := rapid.IntRange(0, 4).Draw(t, "total"); total > 0 {
			props["total"] = float64(total)
		}
		var items []any
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			item := map[string]any{}
			if category := rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "category"); category != "" {
				item["category"] = category
			}
			if price := rapid.IntRange(0, 3).Draw(t, "price"); price > 0 {
				item["price"] = float64(price)
			}
			items = append(items, item)
		}
		if items != nil {
			props["items"] = items
		}
		s.happened("bought", time.Duration(ago)*day, props)
	}
	for _, ago := range sorted("looked") {
		s.happened("looked", time.Duration(ago)*day, nil)
	}
	return s
}

// byHand are the models in plain Go.
var byHand = map[string]func(*somebody) any{
	"points": func(s *somebody) any {
		sum, newest := 0.0, time.Time{}
		for _, e := range s.events["bought"] {
			age := s.now.Sub(e.At)
			if total, _ := e.Props["total"].(float64); total > 2 {
				sum += 8 * left(age)
			}
			if age < 10*day && e.At.After(newest) {
				newest = e.At
			}
		}
		for _, e := range s.events["looked"] {
			if e.At.After(newest) {
				newest = e.At
			}
		}
		if !newest.IsZero() {
			sum += 4 * left(s.now.Sub(newest))
		}
		if age, _ := s.attributes["age"].(float64); age > 3 {
			sum--
		}
		return sum
	},
	"rfm": func(s *somebody) any {
		count, sum, youngest := 0.0, 0.0, 365*day
		for _, e := range s.events["bought"] {
			if age := s.now.Sub(e.At); age < 365*day {
				total, _ := e.Props["total"].(float64)
				count, sum, youngest = count+1, sum+total, min(youngest, age)
			}
		}
		if count == 0 {
			return map[string]any{}
		}
		mark := func(edges ...bool) float64 { // how many edges it is beyond, and 1
			n := 1.0
			for _, beyond := range edges {
				if beyond {
					n++
				}
			}
			return n
		}
		r := mark(youngest < 90*day, youngest < 60*day, youngest < 30*day, youngest < 10*day)
		f := mark(count > 1, count > 2, count > 3, count > 4)
		m := mark(sum > 2, sum > 4, sum > 6, sum > 8)
		return map[string]any{"recency": r, "frequency": f, "money": m, "score": fmt.Sprintf("%v%v%v", r, f, m)}
	},
	"taste": func(s *somebody) any {
		weight, all := map[string]float64{}, 0.0
		for _, e := range s.events["bought"] {
			items, _ := e.Props["items"].([]any)
			for _, i := range items {
				item, _ := i.(map[string]any)
				price, _ := item["price"].(float64)
				category, known := item["category"].(string)
				if age := s.now.Sub(e.At); known && price > 0 && age < 80*day {
					weight[category] += price * left(age)
					all += price * left(age)
				}
			}
		}
		top := ""
		for _, category := range slices.Sorted(maps.Keys(weight)) {
			near := math.Abs(weight[category]-weight[top]) < 1e-9
			if top != "" && near && weight[category] != weight[top] {
				return nil // the last digits tell, which are nobody's business
			}
			if top == "" || weight[category] > weight[top] {
				top = category
			}
		}
		if top == "" {
			return map[string]any{}
		}
		out := map[string]any{"top": top}
		if all > 0 {
			out["strength"] = weight[top] / all
		}
		return out
	},
}

// left is what is left after an age with a half-life of 30 days.
func left(age time.Duration) float64 { return math.Exp2(-age.Hours() / (30 * day).Hours()) }

// alike compares values, numbers up to their last digits.
func alike(t require.TestingT, want, got any, what string) {
	w, isObject := want.(map[string]any)
	if !isObject {
		require.InDelta(t, want, got, 1e-9, what)
		return
	}
	g, _ := got.(map[string]any)
	require.Equal(t, slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g)), what)
	for name, v := range w {
		if _, isNumber := v.(float64); isNumber {
			require.InDelta(t, v, g[name], 1e-9, what+" "+name)
			continue
		}
		require.Equal(t, v, g[name], what+" "+name)
	}
}
