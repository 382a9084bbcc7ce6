package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// line is one thing about a definition as its author would put it: an attribute,
// a step, a column.
type line struct {
	key   string
	value string
	form  form
}

// form tells how a line is shown.
type form uint8

const (
	spoken  form = iota // key: value
	written             // key = "value"
	body                // a text of many lines, of which those that differ are shown
	fact                // the value alone, and only when something changes: "layout changed"
)

// describer gathers the lines of one definition.
type describer struct{ lines []line }

func (d *describer) add(f form, key, value string) {
	if value != "" {
		d.lines = append(d.lines, line{key, value, f})
	}
}

func (d *describer) say(key, format string, args ...any) {
	d.add(spoken, key, fmt.Sprintf(format, args...))
}

func (d *describer) flag(key string, set bool) {
	if set {
		d.add(spoken, key, "true")
	}
}

func (d *describer) span(key string, length time.Duration) {
	if length > 0 {
		d.add(spoken, key, span(length))
	}
}

func (d *describer) expr(key string, e *campaign.Expr) {
	if e != nil {
		d.add(written, key, e.Text)
	}
}

// describe puts a definition into lines, in the order in which authors write
// them. What nobody writes (defaults, what is derived) is left out.
func describe(def campaign.Definition) []line {
	d := &describer{}
	switch def := def.(type) {
	case *campaign.Profile:
		d.profile(def)
	case *campaign.Event:
		d.add(written, "name", def.Wire)
		d.add(written, "description", def.Description)
		d.fields("property", def.Properties)
	case *campaign.Catalog:
		d.say("key", "%s", def.Key)
		d.fields("column", def.Columns)
	case *campaign.Topic:
		d.add(written, "description", def.Description)
		d.say("opt_in", "%s", def.OptIn)
		d.flag("transactional", def.Transactional)
	case *campaign.Segment:
		d.add(written, "description", def.Description)
		d.expr("when", &def.When)
	case *campaign.Trait:
		d.add(written, "description", def.Description)
		d.add(spoken, "model", def.Model)
		d.expr("value", &def.Value)
	case *campaign.Source:
		d.source(def)
	case *campaign.Content:
		d.content(def)
	case *campaign.Message:
		d.message(def)
	case *campaign.Sender:
		d.add(written, "from", def.From)
		d.add(written, "reply_to", def.ReplyTo)
		d.say("provider", "%s", def.Provider)
	case *campaign.Provider:
		d.say("source", "%s", def.Source)
		for _, name := range keys(def.Config) {
			d.say(name, "%s", setting(def.Config[name]))
		}
	case *campaign.Journey:
		d.journey(def)
	case *campaign.Broadcast:
		d.expr("audience", &def.Audience)
		d.say("message", "%s", def.Message+with(def.With))
		d.schedule(def.Schedule)
	}
	return d.lines
}

func (d *describer) source(s *campaign.Source) {
	d.add(written, "description", s.Description)
	d.add(written, "file", s.File)
	d.add(spoken, "format", string(s.Format))
	into := "profile"
	if s.Event != "" {
		into = "event." + s.Event
	}
	d.say("into", "%s", into)
	d.expr("where", s.Where)
	d.expr("key", s.Key)
	d.expr("at", s.At)
	for _, m := range s.Map {
		d.expr("map "+m.Input, &m.Value)
	}
	d.say("row", "%s", s.Row)
}

// setting writes a value of a provider's configuration; of a secret, where it
// comes from.
func setting(v any) string {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		if name, ok := m["$variable"].(string); ok {
			return "secret, from variable." + name
		}
		if name, ok := m["$env"].(string); ok {
			return "secret, from " + name + " in the environment"
		}
	}
	switch s := v.(type) {
	case campaign.Secret:
		if s.Variable != "" {
			return "secret, from variable." + s.Variable
		}
		return "secret, from " + s.Env + " in the environment"
	case string:
		return s
	}
	return compact(v)
}

func (d *describer) fields(what string, fields []campaign.Field) {
	for _, f := range fields {
		d.say(what+" "+f.Name, "%s", f.Type)
	}
}

func (d *describer) profile(p *campaign.Profile) {
	builtin := campaign.BuiltinAttributes()
	for _, a := range p.Attributes {
		if slices.ContainsFunc(builtin, func(b campaign.Attribute) bool { return b.Name == a.Name && a.Default == nil && b.PII == a.PII }) {
			continue
		}
		parts := []string{a.Type.String()}
		if a.Default != nil {
			parts = append(parts, "default "+compact(a.Default))
		}
		if len(a.OneOf) > 0 {
			parts = append(parts, "one of "+strings.Join(a.OneOf, ", "))
		}
		if a.PII {
			parts = append(parts, "personal data")
		}
		d.say("attribute "+a.Name, "%s", strings.Join(parts, ", "))
	}
	if tz := p.Timezone; tz != (campaign.TimezoneRule{}) {
		d.say("timezone", "from profile.%s, else %s", tz.From, orUTC(tz.Default))
	}
	if l := p.Locale; len(l.Known) > 0 {
		d.say("locale", "from profile.%s, one of %s, else %s", l.From, strings.Join(l.Known, ", "), l.Default)
	}
}

func orUTC(tz string) string {
	if tz == "" {
		return "UTC"
	}
	return tz
}

func (d *describer) content(c *campaign.Content) {
	for _, k := range c.Cases {
		d.expr("case "+k.Name+when, k.When)
		d.add(body, caseName(k.Name)+" shows", k.Body)
	}
}

// when ends the key of a case's condition.
const when = " when"

func caseName(name string) string {
	if name == "else" {
		return name
	}
	return "case " + name
}

func (d *describer) message(m *campaign.Message) {
	if m.Channel != "email" {
		d.say("channel", "%s", m.Channel)
	}
	d.say("topic", "%s", m.Topic)
	d.say("sender", "%s", m.Sender)
	d.add(written, "subject", m.Subject)
	d.add(written, "preheader", m.Preheader)
	d.fields("input", m.Inputs)
	d.add(body, "text", m.Text)
	d.add(fact, "layout", skeleton(m.HTML))
	for _, link := range links(m.HTML) {
		d.add(spoken, "link", link)
	}
	for _, block := range m.Blocks {
		shape := ""
		for _, k := range block.Cases {
			shape += k.Name + k.HTML + k.Text
		}
		d.add(fact, "content "+block.Name, shape)
	}
	for _, locale := range keys(m.Strings) {
		for _, key := range keys(m.Strings[locale]) {
			d.add(written, "strings."+locale+"."+key, m.Strings[locale][key])
		}
	}
}

var (
	betweenTags = regexp.MustCompile(`>[^<>]*<`)
	preview     = regexp.MustCompile(`<div style="display:none;[^"]*">[^<]*</div>\s*`) // the preheader
	hrefs       = regexp.MustCompile(`<a\s[^>]*?href="([^"]*)"`)
)

// skeleton is the markup of a mail without its words and the targets of its
// links, which are shown for themselves.
func skeleton(html string) string {
	html = preview.ReplaceAllString(html, "")
	html = betweenTags.ReplaceAllString(html, "><")
	return hrefs.ReplaceAllString(html, "<a ")
}

// links are the targets of a mail's links, each once.
func links(html string) []string {
	var out []string
	for _, m := range hrefs.FindAllStringSubmatch(html, -1) {
		if target := strings.ReplaceAll(m[1], "&amp;", "&"); !slices.Contains(out, target) {
			out = append(out, target)
		}
	}
	return out
}

func (d *describer) journey(j *campaign.Journey) {
	d.add(written, "description", j.Description)
	d.trigger(j.Trigger)
	d.reentry(j)
	d.expr("exit_when", j.ExitWhen)
	d.expr("goal_when", j.GoalWhen)
	if j.Priority != 0 {
		d.say("priority", "%d", j.Priority)
	}
	if j.OnChange != campaign.Pin {
		d.say("on_change", "%s", j.OnChange)
	}
	for _, m := range j.Moved {
		d.say("moved "+m.From, "is %s now", m.To)
	}
	d.steps(j.Steps)
}

func (d *describer) trigger(t campaign.Trigger) {
	switch {
	case t.Event != nil:
		d.say("trigger", "event %s", t.Event.Event)
		d.expr("trigger.key", t.Event.Key)
		d.span("trigger.settle", t.Event.Settle)
		d.expr("trigger.where", t.Event.Where)
		d.expr("trigger.items", t.Event.Items)
	case t.Segment != nil && t.Segment.Leaves:
		d.say("trigger", "leaves segment %s", t.Segment.Segment)
		d.flag("trigger.backfill", t.Segment.Backfill)
	case t.Segment != nil:
		d.say("trigger", "enters segment %s", t.Segment.Segment)
		d.flag("trigger.backfill", t.Segment.Backfill)
	case t.Date != nil:
		d.say("trigger", "each year on %s", t.Date.Date.Text)
		d.say("trigger.at", "%s, %s", t.Date.At, place(t.Date.Timezone))
	case t.Schedule != nil:
		d.say("trigger", "on a schedule")
		d.expr("trigger.audience", &t.Schedule.Audience)
		d.schedule(t.Schedule.Schedule)
	case t.API != nil:
		d.say("trigger", "`enter` steps")
		d.fields("trigger.input", t.API.Inputs)
	}
}

// reentry says when people may come again, where that is not what the trigger
// implies.
func (d *describer) reentry(j *campaign.Journey) {
	r := j.Reentry
	per := campaign.PerPerson
	if e := j.Trigger.Event; e != nil && e.Key != nil {
		per = campaign.PerKey
	}
	if r.After == 0 && !r.Restart && r.Per == per && r.Allow == (j.Trigger.Segment == nil) {
		return
	}
	text := "at once"
	switch {
	case !r.Allow:
		text = "never"
	case r.After > 0:
		text = "after " + span(r.After)
	}
	if r.Per != per {
		text += ", per " + string(r.Per)
	}
	if r.Restart {
		text += ", and who is inside begins anew"
	}
	d.say("reentry", "%s", text)
}

// steps describes each step by its address within the journey, which is the same
// wherever it stands.
func (d *describer) steps(steps campaign.Steps) {
	for _, s := range steps {
		key := "steps." + s.StepName()
		switch s := s.(type) {
		case *campaign.Send:
			text := "send " + s.Message + with(s.With)
			if s.ResendUnknown {
				text += ", again when a crash leaves it open"
			}
			d.say(key, "%s", text)
		case *campaign.Wait:
			d.wait(key, s)
		case *campaign.Branch:
			d.branch(key, s)
		case *campaign.Exit:
			d.say(key, "exit")
		case *campaign.Split:
			d.split(key, s)
		case *campaign.Call:
			d.call(key, s)
		default:
			d.say(key, "%s", act(s))
		}
	}
}

// act tells in a line what a step does to the person.
func act(s campaign.Step) string {
	switch s := s.(type) {
	case *campaign.Update:
		return "update " + values(s.Set)
	case *campaign.Subscribe:
		word := "unsubscribe from "
		if s.Granted {
			word = "subscribe to "
		}
		return word + s.Topic + " by " + s.Channel
	case *campaign.Emit:
		return "emit " + s.Event + with(s.With)
	case *campaign.Enter:
		return "enter journey " + s.Journey + with(s.With)
	case *campaign.Throttle:
		return fmt.Sprintf("throttle to %d per %s", s.Max, span(s.Per))
	}
	return fmt.Sprintf("%T", s)
}

func (d *describer) split(key string, s *campaign.Split) {
	arms := make([]string, len(s.Arms))
	for i, a := range s.Arms {
		arms[i] = fmt.Sprintf("%s %g", a.Name, a.Weight)
	}
	d.say(key, "split: %s", strings.Join(arms, ", "))
	d.add(written, key+".salt", s.Salt)
	for _, a := range s.Arms {
		d.steps(a.Steps)
	}
}

// call describes what is asked and read; of a secret header, where it comes from.
func (d *describer) call(key string, c *campaign.Call) {
	d.say(key, "call %s %s", c.Method, c.URL)
	for _, part := range []struct {
		name string
		with []campaign.Binding
	}{{"query", c.Query}, {"body", c.Body}} {
		if len(part.with) > 0 {
			d.say(key+"."+part.name, "%s", values(part.with))
		}
	}
	for _, name := range keys(c.Headers) {
		d.add(written, key+".headers."+name, c.Headers[name])
	}
	for _, name := range keys(c.Secrets) {
		d.say(key+".headers."+name, "%s", setting(c.Secrets[name]))
	}
	d.fields(key+".response", c.Response)
	d.span(key+".timeout", c.Timeout)
	d.say(key+".retries", "%d", c.Retries)
}

func (d *describer) branch(key string, b *campaign.Branch) {
	names := make([]string, len(b.Cases))
	for i, c := range b.Cases {
		names[i] = c.Name
	}
	d.say(key, "branch: %s", strings.Join(names, ", "))
	for _, c := range b.Cases {
		d.expr(key+"."+c.Name+when, c.When)
		d.steps(c.Steps)
	}
}

func (d *describer) wait(key string, w *campaign.Wait) {
	switch {
	case w.Until != nil:
		d.say(key, "wait until %s", w.Until.Text)
		if d.span(key+".timeout", w.Timeout); w.Timeout == 0 {
			d.say(key+".timeout", "never")
		}
	case w.Delay != nil:
		d.say(key, "wait for %s", w.Delay.Text)
	case w.At != nil && w.Clock != "":
		d.say(key, "wait until %s of %s, %s", w.Clock, w.At.Text, place(w.Timezone))
	case w.At != nil:
		d.say(key, "wait until %s", w.At.Text)
	case w.For > 0:
		d.say(key, "wait %s", span(w.For))
	default:
		d.say(key, "wait for the window")
	}
	if w.Window != nil {
		d.say(key+".window", "%s, %s", hours(w.Window), place(w.Timezone))
	}
	d.span(key+".react", w.React)
}

// hours writes a window: 09:00 to 17:00 on MO, TU.
func hours(w *campaign.Window) string {
	text := w.From + " to " + w.To
	days := make([]string, len(w.Days))
	for i, day := range w.Days {
		days[i] = []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}[(day+6)%7]
	}
	if len(days) > 0 {
		text += " on " + strings.Join(days, ", ")
	}
	return text
}

// with writes the values of a message's inputs.
func with(bindings []campaign.Binding) string {
	if len(bindings) == 0 {
		return ""
	}
	return " with " + values(bindings)
}

func values(bindings []campaign.Binding) string {
	parts := make([]string, len(bindings))
	for i, b := range bindings {
		parts[i] = b.Input + " = " + b.Value.Text
	}
	return strings.Join(parts, ", ")
}

func (d *describer) schedule(s campaign.Schedule) {
	if s.Once != "" {
		d.say("schedule", "once")
	} else {
		d.say("schedule", "%s", s.RRule)
	}
	d.say("schedule.at", "%s, %s", strings.Replace(s.Once+s.At, "T", " ", 1), place(s.Timezone))
	if s.Start != nil {
		d.say("schedule.start", "%s", s.Start)
	}
}

func place(tz string) string {
	if tz == campaign.Recipient {
		return "each in their own time zone"
	}
	return orUTC(tz)
}

func span(d time.Duration) string { return campaign.FormatDuration(d) }
