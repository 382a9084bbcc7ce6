package exprtest

import (
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

func (g *generator) number() string {
	leaf := g.leaf(campaign.Number)
	return g.deep(leaf,
		g.ask(leaf, func(h string, _ campaign.Type) string { return h + ".count()" }),
		func() string { return g.fold([]string{".sum", ".avg", ".min", ".max", ".top"}, g.number) },
		func() string { return g.fold([]string{".count"}, g.bool) },
		func() string {
			return g.operand(campaign.Number) + g.one(" + ", " - ", " * ", " / ", " % ") + g.operand(campaign.Number)
		},
		func() string {
			return g.fold([]string{".distinct"}, func() string { return g.pick(g.text, g.number, g.date, g.time, g.bool) })
		},
		g.ask(leaf, func(h string, elem campaign.Type) string { return g.end(h, elem, campaign.Number) }),
		func() string { return "-" + g.operand(campaign.Number) },
		func() string { return g.choice(campaign.Number) },
		func() string { return g.fold([]string{".share"}, g.bool) },
		func() string { return g.fold([]string{".share"}, g.bool, g.number) },
		func() string { return g.fold([]string{".top"}, g.number, g.number) },
		func() string { return g.flat("." + g.one("sum", "avg", "max")) },
		g.ask(leaf, func(h string, _ campaign.Type) string { return h + ".frequency(" + g.length() + ")" }),
		g.ask(leaf, func(h string, _ campaign.Type) string {
			other, _ := g.history()
			return "rate(" + h + ", " + other + ")"
		}),
		g.mail,
		func() string {
			return "size(" + g.pick(g.text, func() string { return g.list(campaign.Of(campaign.String)) }) + ")"
		},
		func() string {
			return g.one("year", "month", "day", "weekday", "week_of") + "(" + g.pick(g.date, g.time) + ")"
		},
		func() string { return g.one("year", "day", "weekday", "hour") + "(" + g.time() + g.zone() + ")" },
		func() string { return "age(" + g.date() + ")" },
		func() string { return "days_until(" + g.date() + g.zone() + ")" },
		func() string { return "decay(" + g.duration() + ", " + g.pick(g.length, g.duration) + ")" },
		func() string { return g.operand(campaign.Duration) + " / " + g.operand(campaign.Duration) },
		func() string {
			return g.one("math.abs", "math.round", "math.floor", "math.ceil") + "(" + g.number() + ")"
		},
		func() string {
			return g.one("math.least", "math.greatest") + "(" + g.number() + ", " + g.number() + ")"
		},
		func() string {
			return "distance_km(" + strings.Join([]string{g.number(), g.number(), g.number(), g.number()}, ", ") + ")"
		},
		func() string { return g.one("int", "double") + "(" + g.pick(g.number, g.text) + ")" },
		func() string { return g.row(campaign.Number) },
		func() string { return `{"n": ` + g.number() + `, "t": ` + g.text() + "}.n" },
	)
}

// mail is a rate of opens or clicks, where there are mails.
func (g *generator) mail() string {
	if !g.scope.Person || g.event("email_sent") == nil || g.event("email_opened") == nil || g.event("email_clicked") == nil {
		return g.leaf(campaign.Number)()
	}
	return g.one("open_rate", "click_rate") + "(" + g.length() + ")"
}

// end is a property of the first or last event.
func (g *generator) end(history string, elem campaign.Type, kind campaign.Kind) string {
	var names []string
	for _, f := range elem.Fields {
		if f.Type.Kind == kind {
			names = append(names, path("", f.Name))
		}
	}
	if len(names) == 0 {
		return g.leaf(kind)()
	}
	return history + g.one(".last()", ".first()") + g.one(names...)
}

// flat goes over the elements of all lists that events have.
func (g *generator) flat(method string) string {
	if !g.events() || g.folds > 0 {
		return g.leaf(campaign.Number)()
	}
	history, elem := g.history()
	for _, f := range elem.Fields {
		if f.Type.Kind == campaign.List || f.Type.Kind == campaign.Set {
			return g.over(*f.Type.Elem, history+".flat(e, e"+path("", f.Name)+")"+method, g.number)
		}
	}
	return g.leaf(campaign.Number)()
}

// row is a column of a row whose key is computed.
func (g *generator) row(kind campaign.Kind) string {
	if g.scope.Catalog {
		for _, c := range g.world.Catalogs {
			for _, f := range c.RowType().Fields {
				if keys := g.keys(c.Name); f.Type.Kind == kind && len(keys) > 0 && g.one("here", "further") == "here" {
					return path("catalog", c.Name) + "[" + grouped(g.computed(keys)) + "]" + path("", f.Name)
				}
			}
		}
	}
	return g.leaf(kind)()
}

// computed is a text that is a key, or comes of a choice or a word.
func (g *generator) computed(keys []string) string {
	if w, ok := g.word(isKind(campaign.String)); ok && !strings.HasPrefix(w.text, "variable.") && !strings.HasPrefix(w.text, "local.") {
		return g.one(quote(keys[0]), w.text)
	}
	return quote(keys[0])
}

func (g *generator) text() string {
	leaf := g.leaf(campaign.String)
	return g.deep(leaf,
		g.ask(leaf, func(h string, elem campaign.Type) string { return g.end(h, elem, campaign.String) }),
		func() string { return g.operand(campaign.String) + " + " + g.operand(campaign.String) },
		func() string { return g.operand(campaign.String) + g.one(".lowerAscii()", ".upperAscii()", ".trim()") },
		func() string { return g.choice(campaign.String) },
		func() string { return "string(" + g.pick(g.number, g.bool, g.date, g.time, g.duration) + ")" },
		func() string { return g.fold([]string{".min", ".max", ".top"}, g.text) },
		func() string { return g.fold([]string{".top"}, g.text, g.number) },
		func() string { return g.row(campaign.String) },
	)
}

func (g *generator) date() string {
	leaf := g.leaf(campaign.Date)
	return g.deep(leaf,
		func() string { return "date(" + g.time() + g.zone() + ")" },
		func() string { return g.operand(campaign.Date) + g.one(" + ", " - ") + g.operand(campaign.Duration) },
		func() string { return g.choice(campaign.Date) },
		func() string { return g.fold([]string{".min", ".max", ".top"}, g.date) },
		g.ask(leaf, func(h string, elem campaign.Type) string { return g.end(h, elem, campaign.Date) }),
	)
}

func (g *generator) time() string {
	leaf := g.leaf(campaign.Time)
	return g.deep(leaf,
		func() string { return g.operand(campaign.Time) + g.one(" - ", " + ") + g.operand(campaign.Duration) },
		g.ask(leaf, func(h string, elem campaign.Type) string { return g.end(h, elem, campaign.Time) }),
		func() string { return g.operand(campaign.Duration) + " + " + g.operand(campaign.Time) },
		func() string { return g.choice(campaign.Time) },
		func() string { return g.fold([]string{".min", ".max", ".top"}, g.time) },
	)
}

func (g *generator) duration() string {
	leaf := g.leaf(campaign.Duration)
	return g.deep(leaf,
		func() string { return g.operand(campaign.Time) + " - " + g.operand(campaign.Time) },
		g.ask(leaf, func(h string, _ campaign.Type) string { return h + ".gap()" }),
		func() string { return g.operand(campaign.Date) + " - " + g.operand(campaign.Date) },
		func() string {
			return g.operand(campaign.Duration) + g.one(" + ", " - ") + g.operand(campaign.Duration)
		},
		func() string { return "-" + g.operand(campaign.Duration) },
		g.days,
		func() string { return g.choice(campaign.Duration) },
		func() string { return g.fold([]string{".min", ".max", ".top"}, g.duration) },
	)
}

// days writes a personal delay, in a journey; else a length of time.
func (g *generator) days() string {
	if !g.scope.Journey {
		return g.operand(campaign.Duration)
	}
	return "days(" + g.number() + ")"
}

// list writes a list of texts or numbers.
func (g *generator) list(elem campaign.Type) string {
	kind := elem.Kind
	leaf := func() string {
		if w, ok := g.word(func(w word) bool { return isScalarList(w.t) && w.t.Elem.Kind == kind }); ok {
			return w.text
		}
		return "[" + g.constant(elem, nil) + ", " + g.constant(elem, nil) + "]"
	}
	return g.deep(leaf,
		func() string { return "[" + g.of(kind) + ", " + g.constant(elem, nil) + "]" },
		func() string { return "[" + g.constant(elem, nil) + "]" },
		func() string { return g.over(elem, grouped(g.list(elem))+".filter", g.bool) },
		func() string { return g.over(elem, grouped(g.list(elem))+".map", func() string { return g.of(kind) }) },
		func() string { return grouped(g.list(elem)) + " + " + grouped(g.list(elem)) },
		func() string {
			if !g.events() || g.folds > 0 {
				return leaf()
			}
			history, event := g.history()
			return g.over(event, history+".flat", func() string { return g.list(elem) })
		},
	)
}
