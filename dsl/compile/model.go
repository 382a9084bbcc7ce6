package compile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/link"
)

// model reads what is known of people and things, and with it the world that
// conditions and templates are checked against.
func (c *compiler) model() {
	c.declareEvents()
	c.declareCatalogs()
	c.declareTopics()
	c.declareProfile()
	c.providers()
	c.senders()
	c.readTraits()
	c.declareWorld()
	c.checkTraits()
	c.vars = link.NewTemplates(c.world, c.profile).WithTraits(c.env)
}

func (c *compiler) declareEvents() {
	c.events = map[string]*campaign.Event{}
	for _, e := range campaign.BuiltinEvents() {
		c.events[e.Name] = &e
	}
	wires := map[string]*body{}
	for _, b := range c.of("event") {
		if builtinEvent(b.label()) != nil {
			c.report(diag.Diagnostic{
				Code: "reserved-name", Summary: "The name is taken",
				Detail: fmt.Sprintf("event %q is built in: it is recorded by herald itself.", b.label()), Fix: "Choose another label.", Subject: b.block.Header,
			})
			continue
		}
		e := c.event(b)
		wire := e.Wire
		if wire == "" {
			wire = e.Name
		}
		switch {
		case builtinEvent(wire) != nil:
			b.fail("name", fmt.Sprintf("%q is recorded by herald itself, and cannot come in from outside.", wire), "Choose another name.")
		case wireOutside(wire):
			b.fail("name", fmt.Sprintf("%q is built in: it is what pages and apps tell of by themselves.", wire), "Choose another name, or use the built-in event.")
		}
		if first := wires[wire]; first != nil {
			b.fail("name", fmt.Sprintf("%s has the name %q as well.", written(first.block), wire), "Each event has a name of its own.")
		}
		wires[wire] = b
		c.events[e.Name] = e
		c.define(e)
	}
}

// fromOutside reports whether a built-in event comes in from a shop's pages.
func fromOutside(label string) bool {
	return slices.ContainsFunc(campaign.SiteEvents(), func(e campaign.Event) bool { return e.Name == label })
}

// wireOutside reports whether such an event comes in under this name.
func wireOutside(wire string) bool {
	return slices.ContainsFunc(campaign.SiteEvents(), func(e campaign.Event) bool { return e.Wire == wire })
}

func (c *compiler) event(b *body) *campaign.Event {
	e := &campaign.Event{Name: b.label(), Wire: b.str("name"), Description: b.str("description"), Properties: []campaign.Field{}}
	for _, p := range b.nested("property") {
		if p.label() == "at" {
			p.c.report(diag.Diagnostic{
				Code: "reserved-name", Summary: "The name is taken",
				Detail: "Every event has `at`, the time it happened.", Fix: "Choose another name for the property.", Subject: p.block.Header,
			})
			continue
		}
		// A wrong type stays as the zero type, which nobody who uses it is blamed for.
		e.Properties = append(e.Properties, campaign.Field{Name: p.label(), Type: p.typeOf("type"), Optional: true})
	}
	e.Properties = campaign.ObjectOf(e.Properties...).Fields
	return e
}

func (c *compiler) declareTopics() {
	c.topics = map[string]*campaign.Topic{}
	for _, b := range c.of("topic") {
		t := &campaign.Topic{Name: b.label(), Description: b.str("description"), OptIn: b.str("opt_in"), Transactional: b.boolean("transactional")}
		if t.OptIn == "" {
			t.OptIn = "single"
		}
		c.topics[t.Name] = t
		c.define(t)
	}
}

func (c *compiler) declareProfile() {
	c.profile = &campaign.Profile{Attributes: campaign.BuiltinAttributes()}
	var depends []addr.Addr
	for _, b := range c.of("profile") {
		for _, a := range b.nested("attribute") {
			attr, ok := c.attribute(a)
			i := slices.IndexFunc(c.profile.Attributes, func(x campaign.Attribute) bool { return x.Name == attr.Name })
			switch {
			case !ok && i >= 0:
			case !ok: // known with the zero type, which nobody who uses it is blamed for
				c.profile.Attributes = append(c.profile.Attributes, campaign.Attribute{Name: attr.Name})
			case i < 0:
				c.profile.Attributes = append(c.profile.Attributes, attr)
			case c.profile.Attributes[i].Type.Equal(attr.Type):
				c.profile.Attributes[i] = attr // a built-in one, with a default of its own
			default:
				a.fail("type", fmt.Sprintf("profile.%s is built in and is a %s.", attr.Name, c.profile.Attributes[i].Type), "Choose another name.")
			}
			if attr.Type.Kind == campaign.Ref {
				depends = append(depends, addr.New("catalog", attr.Type.Catalog))
			}
		}
		c.rules(b)
	}
	slices.SortFunc(c.profile.Attributes, func(a, b campaign.Attribute) int { return strings.Compare(a.Name, b.Name) })
	c.define(c.profile, depends...)
}

func (c *compiler) attribute(b *body) (campaign.Attribute, bool) {
	a := campaign.Attribute{
		Name: b.label(), Type: b.typeOf("type"), OneOf: b.strings("one_of"),
		PII: b.boolean("pii"), Description: b.str("description"),
	}
	if a.Type.IsZero() {
		return a, false
	}
	if b.has("one_of") && len(a.OneOf) == 0 && !b.broken {
		b.fail("one_of", "one_of allows nothing.", "List the strings that may stand there, or leave it out.")
	}
	if len(a.OneOf) > 0 && a.Type.Kind != campaign.String && (a.Type.Elem == nil || a.Type.Elem.Kind != campaign.String) {
		b.fail("one_of", fmt.Sprintf("one_of lists strings, but %s is a %s.", a.Name, a.Type), "")
	}
	if raw, known := b.value("default"); known {
		v, err := campaign.Coerce(a.Type, raw)
		switch stranger := notOneOf(v, a.OneOf); {
		case err != nil:
			b.fail("default", fmt.Sprintf("The default does not fit: %v.", err), "")
		case stranger != "":
			b.fail("default", fmt.Sprintf("The default %q is not one of %s.", stranger, quoteAll(a.OneOf)), "")
		default:
			a.Default = campaign.JSONValue(v)
		}
	}
	return a, !b.broken
}

// notOneOf is the string in v that is not among those allowed.
func notOneOf(v any, allowed []string) string {
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	for _, item := range items {
		if s, ok := item.(string); ok && len(allowed) > 0 && !slices.Contains(allowed, s) {
			return s
		}
	}
	return ""
}

// rules reads how time zone and language are found.
func (c *compiler) rules(b *body) {
	if tz := b.one("timezone"); tz != nil {
		c.profile.Timezone = campaign.TimezoneRule{From: c.ruleFrom(tz, "timezone"), Default: tz.timezone("default", false)}
	}
	if l := b.one("locale"); l != nil {
		rule := campaign.LocaleRule{From: c.ruleFrom(l, "language"), Known: l.strings("known"), Default: l.str("default")}
		if rule.Default != "" && !slices.Contains(rule.Known, rule.Default) {
			l.fail("default", fmt.Sprintf("%q is not among the known languages.", rule.Default), "")
		}
		c.profile.Locale = rule
	}
}

func (c *compiler) ruleFrom(b *body, fallback string) string {
	if a := b.attrs["from"]; a != nil {
		if ref, ok := a.Expr.Reference(); ok && ref.Parts[0] == "profile" {
			b.mistyped("from", "from names an attribute in a string.", fmt.Sprintf("Write %q.", strings.Join(ref.Parts, ".")))
			b.asked["from"] = true
			return fallback
		}
	}
	from := b.str("from")
	if from == "" {
		return fallback
	}
	name, ok := strings.CutPrefix(from, "profile.")
	i := slices.IndexFunc(c.profile.Attributes, func(a campaign.Attribute) bool { return a.Name == name })
	if !ok || i < 0 || c.profile.Attributes[i].Type.Kind != campaign.String {
		b.fail("from", fmt.Sprintf("%q is not a string attribute of the profile.", from), "Write it as \"profile."+fallback+"\".")
		return fallback
	}
	return name
}

// timezone reads an IANA name, or "recipient" where that is allowed.
func (b *body) timezone(name string, recipient bool) string {
	tz := b.str(name)
	if tz == "" || recipient && tz == campaign.Recipient {
		return tz
	}
	if _, err := time.LoadLocation(tz); err != nil || tz == "Local" || tz == "" {
		fix := "Write an IANA name such as \"Europe/Berlin\"."
		if recipient {
			fix = "Write an IANA name such as \"Europe/Berlin\", or \"recipient\"."
		}
		if near := zoneNear(tz); near != "" {
			fix = fmt.Sprintf("Did you mean %q?", near)
		}
		b.fail(name, fmt.Sprintf("There is no time zone %q.", tz), fix)
		return ""
	}
	return tz
}

// zoneNear finds a zone whose name was written with other capitals or spaces,
// or by its city alone.
func zoneNear(tz string) string {
	words := strings.FieldsFunc(tz, func(r rune) bool { return r == ' ' || r == '_' })
	for i, w := range words {
		parts := strings.Split(strings.ToLower(w), "/")
		for j, p := range parts {
			parts[j] = capital(p)
		}
		words[i] = strings.Join(parts, "/")
	}
	name := strings.Join(words, "_")
	for _, prefix := range []string{"", "Europe/", "America/", "Asia/", "Africa/", "Australia/"} {
		if _, err := time.LoadLocation(prefix + name); err == nil && name != "" && name != "Local" {
			return prefix + name
		}
	}
	return ""
}
