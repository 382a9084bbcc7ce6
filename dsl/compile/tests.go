package compile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// plays reads the tests against what the project declares. Of a journey that is
// wrong itself nothing more is asked.
func (c *compiler) plays() []campaign.Test {
	journeys := map[string]*campaign.Journey{}
	for _, d := range c.definitions {
		if j, ok := d.def.(*campaign.Journey); ok {
			journeys[j.Name] = j
		}
	}
	var out []campaign.Test
	for _, b := range c.testBodies {
		t := &testReader{c: c, b: b}
		t.read(journeys)
		b.unasked()
		out = append(out, t.def)
	}
	return out
}

// testReader reads one test.
type testReader struct {
	c       *compiler
	b       *body
	def     campaign.Test
	journey *campaign.Journey // nil when it is wrong itself
	steps   map[string]campaign.Step
}

func (t *testReader) read(journeys map[string]*campaign.Journey) {
	b := t.b
	t.def = campaign.Test{Name: b.label(), Journey: b.reference("journey"), Place: place(b), Start: campaign.TestStart}
	if t.journey = journeys[t.def.Journey]; t.journey != nil {
		t.steps = map[string]campaign.Step{}
		t.journey.Steps.Walk(func(s campaign.Step) { t.steps[s.StepName()] = s })
	}
	if s := b.str("start"); s != "" {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			b.fail("start", fmt.Sprintf("%q is not an instant.", s), `Write it as "2026-03-28T09:00:00Z".`)
		}
		t.def.Start = at.UTC()
	}
	t.def.Until, _ = b.duration("until")
	if b.has("enter") {
		at, _ := b.duration("enter")
		t.def.Enter = &at
	}
	if g := b.one("given"); g != nil {
		t.given(g)
	}
	if e := b.one("expect"); e != nil {
		t.expect(e)
	}
}

func (t *testReader) given(b *body) {
	g := &t.def.Given
	g.Profile = t.attributes(b, "profile")
	t.arms(b)
	for _, n := range b.blocks {
		switch kind := n.schema.Name; kind {
		case "consent":
			t.consent(n)
		case "event":
			t.event(n)
		case "answered":
			t.answered(n)
		default:
			t.engagement(n, campaign.EngagementKind(kind))
		}
	}
}

func (t *testReader) consent(b *body) {
	w := campaign.GivenConsent{Topic: b.label(), Channel: b.str("channel"), Granted: !b.has("granted") || b.boolean("granted"), At: b.offset("at")}
	if w.Channel == "" {
		w.Channel = "email"
	}
	b.named("topic")
	t.def.Given.Consents = append(t.def.Given.Consents, w)
}

func (t *testReader) event(b *body) {
	e := campaign.GivenEvent{Event: b.label(), At: b.offset("at")}
	if known := t.c.events[b.label()]; known != nil {
		e.Data = b.fields("data", "event."+known.Name, "property", known.Properties)
	} else {
		b.named("event")
	}
	t.def.Given.Events = append(t.def.Given.Events, e)
}

// named says that the label of a block names nothing of a kind, unless it does.
func (b *body) named(kind string) {
	b.c.exists(syntax.Reference{Parts: []string{kind, b.label()}, Range: b.block.Labels[0].Range})
}

func (t *testReader) engagement(b *body, kind campaign.EngagementKind) {
	e := campaign.Engagement{Step: b.label(), Kind: kind, Link: b.str("link")}
	e.After, _ = b.duration("after")
	stepOf[*campaign.Send](t, b.label(), b.block.Labels[0].Range, "a send")
	t.def.Given.Engagements = append(t.def.Given.Engagements, e)
}

func (t *testReader) answered(b *body) {
	a := campaign.GivenAnswer{Step: b.label(), Status: 200}
	if b.has("status") {
		a.Status = b.integer("status", 0, 599)
	}
	if s, ok := stepOf[*campaign.Call](t, b.label(), b.block.Labels[0].Range, "a call"); ok {
		a.Response = b.fields("response", fmt.Sprintf("The response of call %q", s.Name), "field", s.Response)
	}
	t.def.Given.Answers = append(t.def.Given.Answers, a)
}

// stepOf finds a step of a kind in the journey, and says what there is instead.
func stepOf[S campaign.Step](t *testReader, name string, at diag.Range, kind string) (S, bool) {
	var none S
	if t.journey == nil {
		return none, false
	}
	s, ok := t.steps[name].(S)
	if ok {
		return s, true
	}
	var names []string
	for _, other := range sortedKeys(t.steps) {
		if _, same := t.steps[other].(S); same {
			names = append(names, other)
		}
	}
	detail := fmt.Sprintf("journey.%s has no step %q.", t.def.Journey, name)
	if t.steps[name] != nil {
		detail = fmt.Sprintf("Step %q of journey.%s is not %s.", name, t.def.Journey, kind)
	}
	fix := didYouMean(name, names)
	if fix == "" && len(names) > 0 {
		fix = "There is " + quoteAll(names) + "."
	}
	t.c.report(diag.Diagnostic{Code: "unknown-step", Summary: "Unknown step", Detail: detail, Fix: fix, Subject: at})
	return none, false
}

// arms reads the arm that each split takes.
func (t *testReader) arms(b *body) {
	for _, item := range b.entries("arms", `{ offer = "ten" }`) {
		s, ok := stepOf[*campaign.Split](t, item.Key, item.KeyRange, "a split")
		arm, isText := b.plainValue(item).(string)
		if !ok {
			continue
		}
		var names []string
		for _, a := range s.Arms {
			names = append(names, a.Name)
		}
		if !isText || !slices.Contains(names, arm) {
			fix := didYouMean(arm, names)
			if fix == "" {
				fix = "Its arms are " + quoteAll(names) + "."
			}
			b.badEntry(item.Value.Range(), fmt.Sprintf("split %q has no such arm.", s.Name), fix)
			continue
		}
		if t.def.Given.Arms == nil {
			t.def.Given.Arms = map[string]string{}
		}
		t.def.Given.Arms[item.Key] = arm
	}
}

// attributes reads values of the profile; null stays nil.
func (t *testReader) attributes(b *body, name string) map[string]any {
	var fields []campaign.Field
	for _, a := range t.c.profile.Attributes {
		fields = append(fields, campaign.Field{Name: a.Name, Type: a.Type})
	}
	return b.fields(name, "profile", "attribute", fields)
}

// maybe reads a bool that need not be there.
func (b *body) maybe(name string) *bool {
	if !b.has(name) {
		return nil
	}
	v := b.boolean(name)
	return &v
}

// offset reads a time from the start of a test: 4h, -30d.
func (b *body) offset(name string) time.Duration {
	s, ok := typed[string](b, name, `a duration such as "4h" or "-30d"`)
	if !ok {
		return 0
	}
	d, err := parseOffset(s)
	if err != nil {
		b.fail(name, sentence(err.Error()), durationFix(s))
	}
	return d
}

func parseOffset(s string) (time.Duration, error) {
	rest, before := strings.CutPrefix(s, "-")
	d, err := campaign.ParseDuration(rest)
	if before {
		d = -d
	}
	return d, err
}

// entries are the entries of an object that is written out.
func (b *body) entries(name, example string) []syntax.Item {
	if !b.has(name) {
		return nil
	}
	b.asked[name] = true
	items, ok := b.attrs[name].Expr.Object()
	if !ok {
		b.mistyped(name, name+" is an object.", "Write "+example+".")
	}
	return items
}

// plainValue evaluates an entry; nil when it is wrong, null, or not known.
func (b *body) plainValue(item syntax.Item) any {
	v, diags := item.Value.Value(b.c.scope())
	b.c.diags = append(b.c.diags, diags...)
	if _, unknown := v.(syntax.Unknown); unknown || diags.HasErrors() {
		return nil
	}
	return v
}

func (b *body) badEntry(at diag.Range, detail, fix string) {
	b.broken = true
	b.c.report(diag.Diagnostic{Code: "bad-value", Summary: "Value not allowed", Detail: detail, Fix: fix, Subject: at})
}

// fields reads an object of values of declared types, as campaign values; one that
// is null is nil.
func (b *body) fields(name, of, noun string, fields []campaign.Field) map[string]any {
	var out map[string]any
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	for _, item := range b.entries(name, `{ name = "value" }`) {
		i := slices.Index(names, item.Key)
		if i < 0 {
			fix := didYouMean(item.Key, names)
			if fix == "" && len(names) > 0 {
				fix = "It has " + andMore(names) + "."
			}
			b.broken = true
			b.c.report(diag.Diagnostic{
				Code: "unknown-" + noun, Summary: "Unknown " + noun, Detail: fmt.Sprintf("%s has no %s %q.", of, noun, item.Key), Fix: fix, Subject: item.KeyRange,
			})
			continue
		}
		v, err := campaign.Coerce(fields[i].Type, b.plainValue(item))
		if err != nil {
			b.badEntry(item.Value.Range(), fmt.Sprintf("%s does not fit: %v.", item.Key, err), "")
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		out[item.Key] = v
	}
	return out
}
