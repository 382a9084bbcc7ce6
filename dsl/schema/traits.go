package schema

var trait = &Block{
	Name: "trait", Label: "name", Repeats: true,
	Doc: "A value worked out for each person: computed by `value`, or modelled. It can be named as `trait.x` wherever a person is asked about; of an object, its fields: `trait.x.score`.",
	Example: `trait "spend" {
  description = "What a customer spent in a year, in EUR"
  value       = "events.order_completed.within('365d').sum(o, o.total)"
}

trait "lead_score" {
  model "points" {
    half_life = "30d"
    rule "read" {
      when   = "events.email_clicked.within('30d').count() >= 3"
      points = 10
    }
    rule "bought" {
      event  = event.order_completed
      where  = "e.total > 20"
      points = 25
    }
  }
}

trait "rfm" {
  model "rfm" {
    events = event.order_completed
    amount = "total"
    money  = [20, 50, 100, 250]
  }
}

trait "taste" {
  model "affinity" {
    events    = event.order_completed
    items     = "items"
    by        = "category"
    half_life = "90d"
  }
}

segment "champions" { when = "trait.rfm.score == '555' && trait.lead_score > 50 && trait.spend > 200" }
segment "bread" { when = "trait.taste.top == 'bread' && trait.taste.strength > 0.6" }

event "order_completed" {
  property "total" { type = number }
  property "items" { type = list(object({ category = string, price = number })) }
}`,
	Attributes: []Attribute{
		{Name: "description", Kind: String, Doc: "What it says of a person."},
		{Name: "value", Kind: CEL, Doc: "CEL that computes it. Either `value` or a `model`."},
		{Name: "per", Kind: Reference, Later: true, Doc: "One value for each person and row of a catalog."},
	},
	Blocks: []*Block{{
		Name: "model", Label: "kind",
		Doc: "Works the value out by a model. Each of them becomes CEL when the project is compiled, which is stored and evaluated like any other.",
		Kinds: []*Block{
			points, rfm, affinity,
			laterModel("bg_nbd", "How likely a customer still is one, and will buy how often (Fader, Hardie and Lee 2005)."),
			laterModel("gamma_gamma", "What a customer's next order is worth (Fader and Hardie 2013)."),
			laterModel("interval", "When a customer buys a product again."),
		},
	}},
}

func laterModel(word, doc string) *Block {
	return &Block{Name: "model", Word: word, Doc: doc, Open: true, Later: true}
}

var points = &Block{
	Name: "model", Word: "points",
	Doc: "A score: the sum of the points of its rules. With a `half_life`, points count half after that time, a quarter after twice that time, and so on: those of an event from the event on, those of a condition from the newest event of the histories that it, or a trait in it, asks. A condition that asks none, or holds for want of events, does not fade, and an unknown one gives no points.",
	Attributes: []Attribute{
		{Name: "half_life", Kind: Duration, Default: "points do not fade", Doc: "After how long points count half."},
	},
	Blocks: []*Block{{
		Name: "rule", Label: "name", Repeats: true, Required: true,
		Doc: "Points for something that holds (`when`), or for each event of a kind (`event`).",
		Attributes: []Attribute{
			{Name: "when", Kind: Condition, Doc: "Gives its points while it holds. Either `when` or `event`."},
			{Name: "event", Kind: Reference, Refs: []string{"event"}, Doc: "Gives its points for each of these events."},
			{Name: "where", Kind: Condition, Doc: "With `event`: CEL over the event `e`: only those of which it holds."},
			{Name: "within", Kind: Duration, Doc: "With `event`: only those of the last while."},
			{Name: "points", Kind: Number, Required: true, Doc: "How many; a negative number takes some away."},
		},
	}},
}

var rfm = &Block{
	Name: "model", Word: "rfm",
	Doc: "Recency, frequency and money (Hughes 1994): an object with `recency`, `frequency` and `money`, each from 1 to 5, and `score`, such as `\"543\"`. All four are unknown of who has no such event, so that they select nobody. The four edges of a scale stand between its five marks; what lies on an edge has the lower mark.",
	Attributes: []Attribute{
		{Name: "events", Kind: Reference, Refs: []string{"event"}, Required: true, Doc: "The purchases."},
		{Name: "amount", Kind: String, Required: true, Doc: "The property that says what one was worth: a number."},
		{Name: "within", Kind: Duration, Default: "`365d`", Doc: "How far back purchases count."},
		{Name: "recency", Kind: Durations, Default: "`[\"7d\", \"30d\", \"90d\", \"180d\"]`", Doc: "Four times since the last purchase, rising: 5 marks within the first, 1 after the last."},
		{Name: "frequency", Kind: Numbers, Default: "`[1, 2, 4, 8]`", Doc: "Four numbers of purchases, rising: 1 mark up to the first, 5 above the last."},
		{Name: "money", Kind: Numbers, Required: true, Doc: "Four sums of `amount`, rising: 1 mark up to the first, 5 above the last."},
	},
}

var affinity = &Block{
	Name: "model", Word: "affinity",
	Doc: "What a person likes best: an object with `top`, the value of `by` that has the most weight, and `strength`, its part of all weight from 0 to 1. What has no such value, or no weight above 0, does not count. Both are unknown of who has nothing that counts. Of values with the same weight, the first in the alphabet is on top.",
	Attributes: []Attribute{
		{Name: "events", Kind: Reference, Refs: []string{"event"}, Required: true, Doc: "What tells of it: purchases, views."},
		{Name: "items", Kind: String, Doc: "A property that is a list of objects, each of which counts for itself. Left out: the events count."},
		{Name: "by", Kind: String, Required: true, Doc: "The property of an item (of an event, without `items`) that is liked: a text."},
		{Name: "weight", Kind: String, Default: "each counts 1", Doc: "The property of an item (of an event) that says how much it counts: a number."},
		{Name: "half_life", Kind: Duration, Default: "weight does not fade", Doc: "After how long an event counts half."},
		{Name: "within", Kind: Duration, Default: "all of them", Doc: "How far back events count."},
	},
}

var library = &Block{
	Name: "library", Label: "name", Repeats: true,
	Doc: "Brings in segments that many projects need. A segment that the project declares under one of their names stands in for that one, also where the others refer to it.",
	Example: `library "lifecycle" {
  purchase = event.order_completed
}

segment "loyal" { when = "events.order_completed.within('90d').count() >= 3" }

event "order_completed" {}`,
	Kinds: []*Block{{
		Name: "library", Word: "lifecycle",
		Doc: "Where a customer stands: `prospect`, `new`, `loyal`, `active`, `lapsed` or `churned`. Everybody is in one of them, and in no other. The text of it: `dsl/library/lifecycle.hcl`.",
		Attributes: []Attribute{
			{Name: "purchase", Kind: Reference, Refs: []string{"event"}, Required: true, Doc: "The event that makes somebody a customer."},
			{Name: "prefix", Kind: String, Doc: "Stands before each name: `shop_` makes `segment.shop_new`."},
			{Name: "new", Kind: Duration, Default: "`30d`", Doc: "New is who bought first within this time."},
			{Name: "active", Kind: Duration, Default: "`90d`", Doc: "Active, or loyal, is who bought within this time."},
			{Name: "lapsed", Kind: Duration, Default: "`180d`", Doc: "Lapsed is who bought within this time, but not within `active`. After it they have churned."},
			{Name: "loyal", Kind: Number, Default: "`5`", Doc: "Loyal is who is active and bought so many times."},
		},
	}},
}
