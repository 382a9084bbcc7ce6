package exprtest

import (
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// generator writes one expression. What is drawn first among alternatives is the
// simplest, which rapid shrinks to.
type generator struct {
	*rapid.T
	*Language
	depth int
	vars  []word // of the folds around, with what can be reached in them, outermost first
	folds int    // how many there are around
}

func sampled[V any](g *generator, label string, of ...V) V {
	return rapid.SampledFrom(of).Draw(g.T, label)
}

func (g *generator) one(of ...string) string { return sampled(g, "one", of...) }

func (g *generator) pick(alternatives ...func() string) string {
	return alternatives[rapid.IntRange(0, len(alternatives)-1).Draw(g.T, "alternative")]()
}

// deep picks a leaf at the bottom, and one of all alternatives above it.
func (g *generator) deep(leaf func() string, alternatives ...func() string) string {
	if g.depth <= 0 {
		return leaf()
	}
	g.depth--
	defer func() { g.depth++ }()
	return g.pick(append([]func() string{leaf}, alternatives...)...)
}

// of writes something of a scalar kind.
func (g *generator) of(kind campaign.Kind) string {
	switch kind {
	case campaign.Bool:
		return g.bool()
	case campaign.Number:
		return g.number()
	case campaign.String:
		return g.text()
	case campaign.Date:
		return g.date()
	case campaign.Time:
		return g.time()
	case campaign.Duration:
		return g.duration()
	}
	panic("exprtest: nothing is written of type " + kind.String())
}

// operand writes something that stands beside an operator.
func (g *generator) operand(kind campaign.Kind) string { return grouped(g.of(kind)) }

func grouped(s string) string {
	if strings.ContainsAny(s, " ") {
		return "(" + s + ")"
	}
	return s
}

// visible are the words that have their meaning here: those of the variables
// around, and all others.
func (g *generator) visible(fits func(word) bool) []word {
	var out []word
	for _, w := range slices.Backward(g.vars) {
		if fits(w) {
			out = append(out, w)
		}
	}
	for _, w := range g.words {
		if fits(w) {
			out = append(out, w)
		}
	}
	return out
}

// word draws one that fits; false if there is none. One of three times it is one
// of a variable, where there is any.
func (g *generator) word(fits func(word) bool) (word, bool) {
	near := slices.DeleteFunc(slices.Clone(g.vars), func(w word) bool { return !fits(w) })
	if len(near) > 0 && rapid.IntRange(0, 2).Draw(g.T, "near") > 0 {
		return sampled(g, "word", near...), true
	}
	all := g.visible(fits)
	if len(all) == 0 {
		return word{}, false
	}
	return sampled(g, "word", all...), true
}

func isKind(kinds ...campaign.Kind) func(word) bool {
	return func(w word) bool { return slices.Contains(kinds, w.t.Kind) }
}

// leaf is a word of a kind, or a value that is written down.
func (g *generator) leaf(kind campaign.Kind) func() string {
	return func() string {
		if rapid.IntRange(0, 3).Draw(g.T, "written") > 0 {
			if w, ok := g.word(isKind(kind)); ok {
				return w.text
			}
		}
		return g.constant(campaign.Of(kind), nil)
	}
}

func (g *generator) constant(t campaign.Type, oneOf []string) string {
	return written(t, rapid.SampledFrom(g.Values(t, oneOf)).Draw(g.T, "value"))
}

// over writes method(v, …) over elements of a type, v being one more variable. A
// variable may hide another of its name.
func (g *generator) over(elem campaign.Type, method string, bodies ...func() string) string {
	depth, vars, folds := g.depth, g.vars, g.folds
	defer func() { g.depth, g.vars, g.folds = depth, vars, folds }()
	g.depth, g.folds = min(depth-1, 2), folds+1
	name := g.one("o", "p", "x")
	g.vars = slices.DeleteFunc(slices.Clone(vars), func(w word) bool {
		return w.text == name || strings.HasPrefix(w.text, name+".") || strings.HasPrefix(w.text, name+"[")
	})
	g.vars = append(g.vars, g.within(word{text: name, t: elem}, 0)...)
	parts := make([]string, len(bodies))
	for i, body := range bodies {
		parts[i] = body()
	}
	return method + "(" + name + ", " + strings.Join(parts, ", ") + ")"
}

// history writes a history, with its event's type. Inside of two folds it is not
// gone over any more, which would cost too much.
func (g *generator) history() (text string, elem campaign.Type) {
	e := g.someEvent()
	text, elem = path("events", e.Name), e.Type()
	if g.depth <= 0 {
		return text, elem
	}
	for range rapid.IntRange(0, 2).Draw(g.T, "filters") {
		text += g.pick(
			func() string { return ".within(" + g.length() + ")" },
			func() string { return g.over(elem, ".where", g.bool) },
			func() string { return ".since(" + g.pick(g.time, g.date) + ")" },
		)
	}
	return text, elem
}

// someEvent is one of all events, or of those that have a number.
func (g *generator) someEvent() *campaign.Event {
	rich := slices.DeleteFunc(slices.Clone(g.world.Events), func(e *campaign.Event) bool {
		return !slices.ContainsFunc(e.Properties, func(f campaign.Field) bool { return f.Type.Kind == campaign.Number })
	})
	if len(rich) > 0 && rapid.Bool().Draw(g.T, "rich") {
		return sampled(g, "event", rich...)
	}
	return sampled(g, "event", g.world.Events...)
}

// length is a duration where a text stands for it.
func (g *generator) length() string {
	if w, ok := g.word(func(w word) bool { return w.t.Kind == campaign.Duration && strings.HasPrefix(w.text, "variable.") }); ok && rapid.IntRange(0, 3).Draw(g.T, "variable") == 0 {
		return w.text
	}
	return quote(g.one(windows...))
}

// many writes something to go over: a history, or a list that is known by name.
func (g *generator) many() (text string, elem campaign.Type, history bool) {
	if len(g.world.Events) > 0 && g.folds < 2 && g.scope.Person && rapid.IntRange(0, 3).Draw(g.T, "history") > 0 {
		text, elem = g.history()
		return text, elem, true
	}
	if w, ok := g.word(isKind(campaign.List, campaign.Set)); ok {
		return w.text, *w.t.Elem, false
	}
	return `["rye", "c1"]`, campaign.Of(campaign.String), false
}

// fold writes a fold whose body is one of the bodies; the name of the method hangs
// on what it goes over.
func (g *generator) fold(methods []string, bodies ...func() string) string {
	text, elem, _ := g.many()
	return g.over(elem, text+g.one(methods...), bodies...)
}

// events reports whether histories can be named.
func (g *generator) events() bool { return g.scope.Person && len(g.world.Events) > 0 }

// ask writes a question about a history; otherwise is written where there are
// none.
func (g *generator) ask(otherwise func() string, question func(history string, elem campaign.Type) string) func() string {
	return func() string {
		if !g.events() {
			return otherwise()
		}
		return question(g.history())
	}
}
