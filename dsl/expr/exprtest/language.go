package exprtest

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Language writes expressions over one World, as they can stand in one Scope. It
// is safe for concurrent use.
type Language struct {
	world expr.World
	scope expr.Scope
	env   *expr.Env
	words []word // everything that has a value
}

// word is something that can be written where a value of its type is wanted.
type word struct {
	text  string
	t     campaign.Type
	oneOf []string // what a text, or the elements of a set, can be
}

// Condition writes a random condition about a person. It passes Env.Check, but
// for what can never hold and what costs too much (CodeNever, CodeCost): Language
// leaves those out.
func Condition(t *rapid.T, w expr.World) string {
	return newLanguage(w, PersonScope()).Condition(t)
}

// PersonScope is where conditions of segments stand.
func PersonScope() expr.Scope { return expr.Scope{Person: true, Catalog: true} }

// Of makes the Language of a World and a Scope; of an Event in the Scope, `event`
// is written, of a Trigger `trigger.event`, of Steps `step.NAME`.
func Of(w expr.World, sc expr.Scope) (*Language, error) {
	env, err := expr.NewEnv(w)
	if err != nil {
		return nil, err
	}
	l := newLanguage(w, sc)
	l.env = env
	l.addTraits()
	return l, nil
}

// Env is where the expressions are checked.
func (l *Language) Env() *expr.Env { return l.env }

// Condition writes a random condition, of random depth.
func (l *Language) Condition(t *rapid.T) string { return l.Expression(t, campaign.Bool) }

// Expression writes a random expression of a kind: a scalar one, or campaign.List
// for a list of texts or numbers.
func (l *Language) Expression(t *rapid.T, kind campaign.Kind) string {
	g := &generator{T: t, Language: l, depth: rapid.SampledFrom([]int{2, 3, 1, 4, 5, 0}).Draw(t, "depth")}
	if kind == campaign.List {
		return g.list(campaign.Of(sampled(g, "kind of list", campaign.String, campaign.Number)))
	}
	return g.of(kind)
}

// Checked is a random condition that has passed. l must come from Of.
func (l *Language) Checked(t *rapid.T) *expr.Checked {
	for range 20 {
		if c, _ := l.env.Check(l.Condition(t), l.scope, campaign.Of(campaign.Bool)); c != nil {
			return c
		}
	}
	c, _ := l.env.Check("true", l.scope, campaign.Of(campaign.Bool))
	return c
}

func newLanguage(w expr.World, sc expr.Scope) *Language {
	l := &Language{world: w, scope: sc}
	l.add(word{text: "now", t: campaign.Of(campaign.Time)})
	if sc.Person {
		l.addPerson()
	}
	for name, c := range w.Variables {
		l.addConst("variable", name, c)
	}
	for name, c := range w.Locals {
		l.addConst("local", name, c)
	}
	if sc.Catalog {
		l.addCatalogs()
	}
	l.addPlace()
	slices.SortFunc(l.words, func(a, b word) int { return compareText(a.text, b.text) }) // maps have no order, and rapid needs one
	return l
}

func compareText(a, b string) int {
	switch {
	case len(a) != len(b):
		return len(a) - len(b) // short ones first, for shrinking
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (l *Language) addPerson() {
	for _, a := range l.world.Profile {
		l.add(word{path("profile", a.Name), a.Type, a.OneOf})
	}
	truth := campaign.Of(campaign.Bool)
	for _, name := range l.world.Segments {
		l.add(word{text: path("segment", name), t: truth})
	}
	for _, topic := range l.world.Topics {
		l.add(word{text: path("topic", topic, "subscribed"), t: truth})
		for _, channel := range l.world.Channels {
			said := path("consent", topic, channel)
			l.add(word{text: said + ".granted", t: truth})
			l.add(word{text: said + ".at", t: campaign.Of(campaign.Time)})
			l.add(word{text: said + ".source", t: campaign.Of(campaign.String)})
		}
	}
	for _, channel := range l.world.Channels {
		l.add(word{text: path("reachable", channel), t: truth})
	}
}

// addTraits adds the traits that pass.
func (l *Language) addTraits() {
	if !l.scope.Person {
		return
	}
	for _, trait := range l.world.Traits {
		if c, _ := l.env.CheckTrait(trait.Name); c != nil {
			l.add(word{text: path("trait", trait.Name), t: c.Type()})
		}
	}
}

func (l *Language) addConst(root, name string, c expr.Const) {
	if c.Known && c.Value != nil {
		l.add(word{text: path(root, name), t: c.Type})
	}
}

func (l *Language) addCatalogs() {
	for _, c := range l.world.Catalogs {
		for _, row := range c.Rows[:min(2, len(c.Rows))] {
			key, err := campaign.Coerce(campaign.Of(campaign.String), row[c.Key])
			if err == nil && key != nil {
				l.add(word{text: path("catalog", c.Name) + "[" + quote(key.(string)) + "]", t: c.RowType()})
			}
		}
	}
}

// addPlace adds what is known in a trigger, a journey, a source.
func (l *Language) addPlace() {
	sc := l.scope
	if e := l.event(sc.Event); e != nil {
		l.add(word{text: "event", t: e.Type()})
	}
	if sc.Trigger != nil && !sc.Trigger.IsZero() {
		l.add(word{text: "trigger.event", t: *sc.Trigger})
	}
	if sc.Item != nil {
		l.add(word{text: "trigger.item", t: *sc.Item})
	}
	if sc.Journey {
		l.add(word{text: "journey.entered_at", t: campaign.Of(campaign.Time)})
	}
	for _, s := range sc.Steps {
		for field, kind := range stepFields(s.Kind) {
			l.add(word{text: path("step", s.Name, field), t: campaign.Of(kind)})
		}
		if !s.Response.IsZero() {
			l.add(word{text: path("step", s.Name, "response"), t: s.Response})
		}
	}
	if sc.Value != nil {
		l.add(word{text: "value", t: *sc.Value})
	}
	if sc.Row != nil {
		l.add(word{text: "row", t: *sc.Row})
	}
}

func stepFields(kind string) map[string]campaign.Kind {
	switch kind {
	case expr.StepWait:
		return map[string]campaign.Kind{"met": campaign.Bool}
	case expr.StepCall:
		return map[string]campaign.Kind{"ok": campaign.Bool, "status": campaign.Number}
	case expr.StepSplit:
		return map[string]campaign.Kind{"arm": campaign.String}
	}
	return map[string]campaign.Kind{"at": campaign.Time, "opened": campaign.Bool, "clicked": campaign.Bool, "delivered": campaign.Bool}
}

func (l *Language) event(label string) *campaign.Event {
	for _, e := range l.world.Events {
		if e.Name == label {
			return e
		}
	}
	return nil
}

func (l *Language) add(w word) { l.words = append(l.words, l.within(w, 0)...) }

// within is a word, and what can be reached in it.
func (l *Language) within(w word, depth int) []word {
	out := []word{w}
	if depth > 3 {
		return out
	}
	switch w.t.Kind {
	case campaign.Object:
		for _, f := range w.t.Fields {
			out = append(out, l.within(word{text: w.text + path("", f.Name), t: f.Type}, depth+1)...)
		}
	case campaign.Ref:
		for _, c := range l.world.Catalogs {
			if c.Name != w.t.Catalog {
				continue
			}
			for _, f := range c.RowType().Fields {
				out = append(out, l.within(word{text: w.text + path("", f.Name), t: f.Type}, depth+1)...)
			}
		}
	case campaign.Map:
		for _, key := range []string{"a", "b"} {
			out = append(out, l.within(word{text: w.text + "[" + quote(key) + "]", t: *w.t.Elem}, depth+1)...)
		}
	case campaign.List:
		out = append(out, l.within(word{text: w.text + "[0]", t: *w.t.Elem}, depth+1)...)
	}
	return out
}
