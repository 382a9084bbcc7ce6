package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/link"
)

// triggerKinds are the attributes and blocks of which a trigger has one, with the
// attributes that belong to each.
var triggerKinds = []struct {
	name string
	with []string
}{
	{"event", []string{"key", "settle", "where", "items"}},
	{"enters", []string{"backfill"}},
	{"leaves", []string{"backfill"}},
	{"date", []string{"at", "timezone"}},
	{"schedule", []string{"audience"}},
	{"api", nil},
}

// triggerKindsOf are the kinds that a trigger has.
func triggerKindsOf(b *body) []string {
	var kinds []string
	for _, k := range triggerKinds {
		if b.has(k.name) || b.one(k.name) != nil {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}

// oneOfKinds says what a trigger has one of.
func oneOfKinds(b *body, has string) string {
	var names []string
	for _, k := range triggerKinds {
		a, isAttr := b.schema.Attr(k.name)
		n, isBlock := b.schema.Block(k.name)
		if isAttr && !a.Later || isBlock && (!n.Later || b.c.opts.Ahead) {
			names = append(names, k.name)
		}
	}
	last := len(names) - 1
	return fmt.Sprintf("A trigger has one of %s and %s; this one has %s.", strings.Join(names[:last], ", "), names[last], has)
}

func (j *journeyReader) trigger(b *body) {
	t := &j.def.Trigger
	t.Name = b.label()
	kinds := triggerKindsOf(b)
	if len(kinds) != 1 {
		j.failed, j.astray = true, true
		switch {
		case len(kinds) > 1:
			b.fail("", oneOfKinds(b, andMore(kinds)), "Make a journey for each.")
		case !b.astray && len(b.blocks) == len(b.block.Blocks):
			b.fail("", oneOfKinds(b, "none"), "Write `event = event.NAME`.")
		}
		return
	}
	j.onlyWith(b, kinds[0])
	switch kinds[0] {
	case "event":
		t.Event = j.eventTrigger(b)
	case "enters", "leaves":
		t.Segment = &campaign.SegmentTrigger{Segment: b.reference(kinds[0]), Leaves: kinds[0] == "leaves", Backfill: b.boolean("backfill")}
		j.need("segment", t.Segment.Segment)
	case "date":
		t.Date = j.dateTrigger(b)
	case "schedule":
		t.Schedule = j.scheduleTrigger(b)
	case "api":
		t.API = &campaign.APITrigger{Inputs: j.c.entries[j.def.Name].inputs}
		j.event = t.API.Type()
	}
	j.failed = j.failed || b.broken
}

// onlyWith refuses attributes that belong to another kind of trigger.
func (j *journeyReader) onlyWith(b *body, kind string) {
	belongs := map[string][]string{}
	for _, k := range triggerKinds {
		for _, name := range k.with {
			belongs[name] = append(belongs[name], k.name)
		}
	}
	for _, name := range sortedKeys(belongs) {
		if b.has(name) && !slices.Contains(belongs[name], kind) {
			b.fail(name, fmt.Sprintf("%s belongs to a trigger with %s; this one has %q.", name, strings.Join(quoted(belongs[name]), " or "), kind), "")
		}
	}
}

func quoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return out
}

func (j *journeyReader) eventTrigger(b *body) *campaign.EventTrigger {
	t := &campaign.EventTrigger{Event: b.reference("event")}
	j.need("event", t.Event)
	e := j.c.events[t.Event]
	if e == nil {
		j.failed, j.astray = true, true
		return t
	}
	j.event = e.Type()
	if !j.items(b, t) {
		return t
	}
	sc := link.ElementScope(t)
	t.Key = j.cel(b, "key", sc, campaign.Of(campaign.String))
	t.Where = j.cel(b, "where", sc, campaign.Of(campaign.Bool))
	t.Settle, _ = b.duration("settle")
	return t
}

// items reads the list of whose elements each is an enrolment; false when it is
// wrong, so that nothing can be said of trigger.item.
func (j *journeyReader) items(b *body, t *campaign.EventTrigger) bool {
	if !b.has("items") {
		return true
	}
	items := j.cel(b, "items", link.TriggerScope(t.Event), campaign.Type{})
	switch {
	case items == nil:
		j.astray = true
		return false
	case items.Type.Kind != campaign.List && items.Type.Kind != campaign.Set:
		j.astray = true
		b.fail("items", fmt.Sprintf("items must give a list; this gives a %s.", items.Type.Kind), "Name a list of the event: \"event.items\".")
		return false
	}
	t.Items = items
	j.item = t.Item()
	if !b.has("key") && !b.astray {
		b.fail("items", "A trigger with items needs a key, so that the enrolments of one person can be told apart.", `Add key = "trigger.item.sku", or what else names an element.`)
	}
	if b.has("settle") {
		b.fail("settle", "settle waits for the last event of a key, and with items each element has a key of its own.", "Leave one of them out.")
	}
	return true
}

func (j *journeyReader) dateTrigger(b *body) *campaign.DateTrigger {
	t := &campaign.DateTrigger{At: b.clock("at"), Timezone: b.timezone("timezone", true)}
	if t.At == "" {
		t.At = "09:00"
	}
	if t.Timezone == "" {
		t.Timezone = campaign.Recipient
	}
	date := j.cel(b, "date", link.PersonScope(), campaign.Type{})
	if date == nil {
		return t
	}
	if k := date.Type.Kind; k != campaign.Date && k != campaign.Time {
		b.fail("date", fmt.Sprintf("date must give a date or a time; this gives a %s.", date.Type), "Name a date of the profile: \"profile.birthday\".")
		return t
	}
	t.Date = *date
	return t
}

// scheduleTrigger reads when people enter, and who.
func (j *journeyReader) scheduleTrigger(b *body) *campaign.ScheduleTrigger {
	s := b.one("schedule")
	t := &campaign.ScheduleTrigger{Schedule: s.schedule()}
	b.broken = b.broken || s.broken
	if !b.has("audience") {
		if !b.astray {
			b.fail("", "A trigger with a schedule needs an audience: who enters.", `Add audience = "segment.NAME".`)
		}
		return t
	}
	if audience := j.cel(b, "audience", link.PersonScope(), campaign.Of(campaign.Bool)); audience != nil {
		t.Audience = *audience
	}
	return t
}

// entrance is what a journey asks of those who send people into it.
type entrance struct {
	inputs  []campaign.Field // of its api trigger
	refuses string           // what starts it, where that cannot be given: "an event"
}

// entrances looks at the triggers of all journeys, so that each can be sent to by
// any other.
func (c *compiler) entrances() {
	c.entries = map[string]entrance{}
	for _, b := range c.of("journey") {
		t := b.one("trigger")
		if t == nil {
			continue
		}
		kinds := triggerKindsOf(t)
		switch {
		case len(kinds) != 1:
		case kinds[0] == "event":
			c.entries[b.label()] = entrance{refuses: "an event"}
		case kinds[0] == "api":
			c.entries[b.label()] = entrance{inputs: c.apiInputs(t)}
		default:
			c.entries[b.label()] = entrance{}
		}
	}
}

// apiInputs reads what a call to the HTTP API supplies.
func (c *compiler) apiInputs(t *body) []campaign.Field {
	var out []campaign.Field
	for _, n := range t.one("api").nested("input") {
		if n.label() == "at" {
			t.broken = true
			c.report(diag.Diagnostic{
				Code: "reserved-name", Summary: "The name is taken",
				Detail: "trigger.event.at is the instant of the entry, so no input can have that name.", Fix: "Choose another name.", Subject: n.block.Header,
			})
			continue
		}
		out = append(out, campaign.Field{Name: n.label(), Type: n.typeOf("type"), Optional: true})
		t.broken = t.broken || n.broken
	}
	return campaign.ObjectOf(out...).Fields
}

// enterCircles refuses journeys that send people on to themselves, through others
// perhaps: nobody would ever come to an end.
func (c *compiler) enterCircles() {
	to := map[string][]string{}
	for _, d := range c.definitions {
		if j, ok := d.def.(*campaign.Journey); ok {
			j.Steps.Walk(func(s campaign.Step) {
				if e, ok := s.(*campaign.Enter); ok {
					to[j.Name] = append(to[j.Name], e.Journey)
				}
			})
		}
	}
	said := map[string]bool{}
	for _, name := range sortedKeys(to) {
		path := circle(to, name, name, map[string]bool{})
		if path == nil || slices.ContainsFunc(path, func(n string) bool { return said[n] }) {
			continue
		}
		for i, n := range path {
			said[n] = true
			path[i] = "journey." + n
		}
		b := c.symbols["journey"][name].body
		c.report(diag.Diagnostic{
			Code: "journey-circle", Summary: "Journeys that never end",
			Detail:  fmt.Sprintf("%s sends people on to %s.", path[0], strings.Join(append(path[1:], path[0]), ", which sends them on to ")),
			Fix:     "Leave one of the enter steps out.",
			Subject: b.block.Header,
		})
	}
}

// circle is the way from a journey back to start; nil if there is none.
func circle(to map[string][]string, start, from string, seen map[string]bool) []string {
	seen[from] = true
	for _, next := range to[from] {
		if next == start {
			return []string{from}
		}
		if seen[next] {
			continue
		}
		if rest := circle(to, start, next, seen); rest != nil {
			return append([]string{from}, rest...)
		}
	}
	return nil
}
