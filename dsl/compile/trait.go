package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// traitReader reads one trait. Whatever model it has, what comes of it is CEL: the
// evaluators know of no models.
type traitReader struct {
	c      *compiler
	b      *body
	model  *body       // nil for a trait that is computed
	text   syntax.Text // of value
	source string      // CEL; "" when it cannot be told
	rules  []*rule     // of a points model
}

// readTraits reads the traits as far as that can be done before anything is
// checked: World needs all of them first.
func (c *compiler) readTraits() {
	for _, b := range c.of("trait") {
		t := &traitReader{c: c, b: b, model: b.one("model")}
		t.read()
		c.traits = append(c.traits, t)
	}
}

func (t *traitReader) read() {
	b := t.b
	switch {
	case b.astray || len(b.blocks) < len(b.block.Blocks): // something is there that could not be read
		b.broken = true
	case b.has("value") && t.model != nil:
		b.fail("value", "A trait has either a value or a model, and this one has both.", "Leave one out.")
	case !b.has("value") && t.model == nil:
		b.fail("", "A trait has either a value or a model, and this one has neither.", "Add `value = \"…\"`.")
	case t.model == nil:
		t.value()
	default:
		t.modelled()
	}
}

// value reads the CEL of a computed trait.
func (t *traitReader) value() {
	e := t.b.attrs["value"].Expr
	if t.c.unquoted(e) {
		t.b.broken = true
		return
	}
	text, diags := e.PlainText(t.c.scope())
	if t.c.diags = append(t.c.diags, diags...); diags.HasErrors() || text.Unknown {
		t.b.broken = true
		return
	}
	t.text, t.source = text, text.Value
}

func (t *traitReader) modelled() {
	m := t.model
	switch m.label() {
	case "points":
		t.points()
	case "rfm":
		t.source = m.rfm()
	case "affinity":
		t.source = m.affinity()
	}
	if m.broken || t.b.broken || t.source == "" { // the last where it hangs on a variable without a value
		t.source, t.b.broken = "", true
	}
}

// declareTraits puts the traits into the world.
func (c *compiler) declareTraits() {
	c.world.Traits = nil
	for _, t := range c.traits {
		c.world.Traits = append(c.world.Traits, expr.Trait{Name: t.b.label(), Source: t.source})
	}
}

// checkTraits checks the traits and defines them. The environment that it leaves
// knows what points models make of their rules.
func (c *compiler) checkTraits() {
	lost := c.traitCircles()
	fading := false
	for _, t := range c.traits {
		for _, r := range t.rules {
			fading = t.check(r) || fading
		}
	}
	if fading {
		for _, t := range c.traits {
			t.source = t.sum()
		}
		c.declareTraits()
		c.declareEnv()
	}
	for _, t := range c.traits {
		if !t.b.broken && !lost[t.b.label()] {
			t.define()
		}
	}
}

// define checks the whole of a trait, and hands it to freeze.
func (t *traitReader) define() {
	name := t.b.label()
	checked, problems := t.c.env.CheckTrait(name)
	switch {
	case len(problems) > 0 && t.model == nil:
		if !t.c.hangsOnBroken(t.source) {
			t.c.celProblems(t.text, problems, nil)
		}
	case len(problems) > 0: // what it is made of has passed: it is too much of it
		p := problems[0]
		t.c.report(diag.Diagnostic{Code: p.Code, Summary: p.Summary, Detail: p.Detail, Fix: p.Fix, Subject: t.model.block.Header})
	}
	if checked == nil || len(problems) > 0 {
		return
	}
	def := &campaign.Trait{Name: name, Description: t.b.str("description"), Value: checked.Expr()}
	if t.model != nil {
		def.Model = t.model.label()
	}
	t.c.define(def, readAddrs(def.Value.Reads)...)
}

var traitPath = regexp.MustCompile(`\btrait\.([A-Za-z_][A-Za-z0-9_]*)`)

// traitReads is what the traits look at, by name.
func (c *compiler) traitReads() map[string]campaign.Reads {
	out := map[string]campaign.Reads{}
	for _, f := range c.definitions {
		if t, ok := f.def.(*campaign.Trait); ok {
			out[t.Name] = t.Value.Reads
		}
	}
	return out
}

// traitCircles reports the traits that need themselves, and tells which they are.
func (c *compiler) traitCircles() map[string]bool {
	needs, bodies := map[string][]string{}, map[string]*body{}
	for _, t := range c.traits {
		bodies[t.b.label()] = t.b
		for _, m := range traitPath.FindAllStringSubmatch(t.source, -1) {
			needs[t.b.label()] = append(needs[t.b.label()], m[1])
		}
	}
	lost := map[string]bool{}
	for _, circle := range circles(needs) {
		for _, name := range circle {
			lost[name] = true
		}
		c.report(diag.Diagnostic{
			Code: "cycle", Summary: "Things need each other in a circle",
			Detail:  fmt.Sprintf("trait.%s.", strings.Join(append(circle, circle[0]), " needs trait.")),
			Fix:     "Break the circle: write one of the values without the other.",
			Subject: bodies[circle[0]].block.Header,
		})
	}
	return lost
}

// eventHistory is the history of an event in CEL, of the last while if there is a
// window.
func eventHistory(event, window string) string {
	text := "events." + celName(event)
	if window != "" {
		text += fmt.Sprintf(".within(%q)", window)
	}
	return text
}

// property finds a property that an attribute names, of one of the kinds; nil when
// there is none, which it says.
func (b *body) property(name string, fields []campaign.Field, of string, kinds ...campaign.Kind) *campaign.Field {
	word := b.str(name)
	if word == "" {
		return nil
	}
	i := slices.IndexFunc(fields, func(f campaign.Field) bool { return f.Name == word })
	if i < 0 {
		var names []string
		for _, f := range fields {
			names = append(names, f.Name)
		}
		b.fail(name, fmt.Sprintf("%s has no %q.", capital(of), word), didYouMeanOr(word, names, "It has "+quoteAll(names)+"."))
		return nil
	}
	f := &fields[i]
	if f.Type.IsZero() { // which has been said
		b.broken = true
		return nil
	}
	if !slices.Contains(kinds, f.Type.Kind) {
		b.mistyped(name, fmt.Sprintf("%s must name %s, and %s of %s is a %s.", name, article(kinds[0].String()), word, of, f.Type), "")
		return nil
	}
	return f
}

// event reads a reference to an event; nil when it is wrong, which it says.
func (b *body) event(name string) *campaign.Event {
	label := b.reference(name)
	e := b.c.events[label]
	if e == nil {
		b.broken = true
	}
	return e
}

// window reads a duration as CEL writes it in within(); "" when it is left out.
func (b *body) window(name, otherwise string) string {
	if !b.has(name) {
		return otherwise
	}
	if d := b.durationOr(name, 0); d > 0 {
		return campaign.FormatDuration(d)
	}
	return otherwise
}

// number reads a number as CEL; a variable without a value goes by its name.
func (b *body) number(name string) string {
	if n, ok := typed[float64](b, name, "a number"); ok {
		if n < 0 {
			return "(" + ir.FormatNumber(n) + ")"
		}
		return ir.FormatNumber(n)
	}
	if ref, ok := b.attrs[name].Expr.Reference(); ok && !b.broken {
		return strings.Join(ref.Parts, ".")
	}
	return "0"
}
