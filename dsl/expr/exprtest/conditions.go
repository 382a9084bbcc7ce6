package exprtest

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// ordered are the kinds that have an order.
var ordered = []campaign.Kind{campaign.Number, campaign.String, campaign.Date, campaign.Time, campaign.Duration}

func (g *generator) bool() string {
	leaf := g.leaf(campaign.Bool)
	if g.folds > 0 && rapid.Bool().Draw(g.T, "of the element") {
		return g.comparison()
	}
	return g.deep(leaf,
		g.comparison,
		g.ask(leaf, func(h string, _ campaign.Type) string { return h + g.one(".any()", ".none()") }),
		func() string { return "!" + g.operand(campaign.Bool) },
		func() string { return g.joined(2) },
		func() string { return g.joined(3) },
		g.comparison,
		g.membership,
		func() string { return g.fold([]string{".exists", ".all", ".exists_one"}, g.bool) },
		g.presence,
		func() string { return g.choice(campaign.Bool) },
		func() string {
			return g.operand(campaign.Bool) + g.one(" == ", " != ") + g.operand(campaign.Bool)
		},
		func() string {
			return g.operand(campaign.String) + g.one(".contains(", ".startsWith(", ".endsWith(") + g.text() + ")"
		},
		func() string {
			return g.operand(campaign.String) + ".matches(" + quote(g.one("^[a-m]", "c[0-9]$", "e")) + ")"
		},
		g.sets,
		g.sequence,
		func() string { return "anniversary(" + g.date() + g.zone() + ")" },
		g.lists,
	)
}

// joined is && or ||, of operands that are what authors write most.
func (g *generator) joined(n int) string {
	op := g.one(" && ", " || ")
	parts := make([]string, n)
	for i := range parts {
		parts[i] = g.operand(campaign.Bool)
	}
	return strings.Join(parts, op)
}

// comparison compares a word with a value that it can have, or any two things of
// one kind.
func (g *generator) comparison() string {
	if w, ok := g.word(isKind(append(ordered, campaign.Ref)...)); ok && rapid.Bool().Draw(g.T, "simple") {
		v := g.constant(w.t, w.oneOf)
		if w.t.Kind == campaign.Ref || len(w.oneOf) > 0 {
			return w.text + g.one(" == ", " != ") + v
		}
		if g.one("right", "left") == "left" {
			return v + g.comparator() + w.text
		}
		return w.text + g.comparator() + v
	}
	if g.events() && rapid.Bool().Draw(g.T, "aggregate") {
		return g.aggregate() + g.comparator() + g.constant(campaign.Of(campaign.Number), nil)
	}
	kind := sampled(g, "kind", campaign.Number, campaign.Number, campaign.String, campaign.Date, campaign.Time, campaign.Duration)
	return g.operand(kind) + g.comparator() + g.operand(kind)
}

// aggregate is what segments are mostly made of: a number that comes of a window
// of a history.
func (g *generator) aggregate() string {
	if g.depth <= 0 || g.folds > 1 {
		h, _ := g.history()
		return h + ".count()"
	}
	return g.pick(
		func() string { return g.fold([]string{".sum", ".avg", ".min", ".max", ".distinct"}, g.number) },
		func() string { return g.fold([]string{".count", ".share"}, g.bool) },
	)
}

func (g *generator) comparator() string { return g.one(" >= ", " == ", " != ", " < ", " <= ", " > ") }

// membership asks for a value among several.
func (g *generator) membership() string {
	return g.pick(
		func() string {
			w, ok := g.word(func(w word) bool { return isScalarList(w.t) })
			if !ok {
				return "true"
			}
			return g.constant(*w.t.Elem, w.oneOf) + " in " + w.text
		},
		func() string {
			w, ok := g.word(isKind(campaign.String, campaign.Number, campaign.Ref, campaign.Date))
			if !ok {
				return "true"
			}
			return w.text + " in [" + g.constant(w.t, w.oneOf) + ", " + g.constant(w.t, w.oneOf) + "]"
		},
		func() string {
			kind := sampled(g, "kind", campaign.String, campaign.Number)
			return g.operand(kind) + " in " + grouped(g.list(campaign.Of(kind)))
		},
	)
}

func isScalarList(t campaign.Type) bool {
	if t.Kind != campaign.List && t.Kind != campaign.Set {
		return false
	}
	return t.Elem.Kind == campaign.String || t.Elem.Kind == campaign.Number
}

// presence asks has() of anything.
func (g *generator) presence() string {
	return "has(" + g.pick(
		func() string {
			w, ok := g.word(func(w word) bool { return w.t.Kind != campaign.Any })
			if !ok {
				return "now"
			}
			return w.text
		},
		g.number, g.text, g.date, g.time, g.duration, g.bool,
	) + ")"
}

func (g *generator) choice(kind campaign.Kind) string {
	return "(" + g.operand(campaign.Bool) + " ? " + g.of(kind) + " : " + g.of(kind) + ")"
}

// sets compares two sets; constants are values that a set can have.
func (g *generator) sets() string {
	f := g.one("sets.contains(", "sets.intersects(", "sets.equivalent(")
	if w, ok := g.word(func(w word) bool { return isScalarList(w.t) && w.t.Elem.Kind == campaign.String }); ok && rapid.Bool().Draw(g.T, "with constants") {
		return f + w.text + ", [" + g.constant(*w.t.Elem, w.oneOf) + ", " + g.constant(*w.t.Elem, w.oneOf) + "])"
	}
	elem := campaign.Of(sampled(g, "kind", campaign.Number, campaign.String))
	return f + g.list(elem) + ", " + g.list(elem) + ")"
}

// lists compares two lists for equality.
func (g *generator) lists() string {
	w, ok := g.word(func(w word) bool { return isScalarList(w.t) && w.t.Kind == campaign.List })
	if !ok {
		return "true"
	}
	return w.text + g.one(" == ", " != ") + grouped(g.list(*w.t.Elem))
}

func (g *generator) sequence() string {
	if !g.events() || g.folds > 1 {
		return g.leaf(campaign.Bool)()
	}
	var args []string
	if rapid.Bool().Draw(g.T, "bound") {
		args = append(args, g.length())
	}
	for range rapid.IntRange(2, 3).Draw(g.T, "steps") {
		h, _ := g.history()
		args = append(args, h)
	}
	return "sequence(" + strings.Join(args, ", ") + ")"
}

// zone is the optional last argument of functions of days.
func (g *generator) zone() string {
	if rapid.Bool().Draw(g.T, "in UTC") {
		return ""
	}
	if w, ok := g.word(func(w word) bool { return strings.HasSuffix(w.text, "timezone") }); ok && rapid.Bool().Draw(g.T, "own") {
		return ", " + w.text
	}
	return `, "Europe/Berlin"`
}
