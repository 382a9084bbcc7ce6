package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// bindings reads `with` against the inputs of the message.
func (c *compiler) bindings(b *body, message string, sc expr.Scope, why explain) []campaign.Binding {
	m := c.messages[message]
	if m == nil {
		return nil
	}
	return c.inputs(b, "message."+message, m.Inputs, sc, why)
}

// inputs reads `with` against the inputs of what it is for.
func (c *compiler) inputs(b *body, of string, wanted []campaign.Field, sc expr.Scope, why explain) []campaign.Binding {
	given := map[string]syntax.Item{}
	if b.has("with") {
		items, ok := b.attrs["with"].Expr.Object()
		if !ok {
			b.mistyped("with", "with is an object that gives each input its CEL.", `Write { cart = "trigger.event" }.`)
			return nil
		}
		for _, item := range items {
			given[item.Key] = item
		}
	}
	var out []campaign.Binding
	var inputs []string
	var missing []campaign.Field
	for _, in := range wanted {
		inputs = append(inputs, in.Name)
		item, ok := given[in.Name]
		if !ok {
			missing = append(missing, in)
			continue
		}
		if e := c.cel(item.Value, sc, in.Type, why); e != nil {
			out = append(out, campaign.Binding{Input: in.Name, Value: *e})
		} else {
			b.broken = true
		}
		delete(given, in.Name)
	}
	for _, in := range missing {
		b.broken = true
		if !slices.ContainsFunc(sortedKeys(given), func(name string) bool { return diag.DidYouMean(name, inputs) == in.Name }) {
			c.missingInput(b, of, in)
		}
	}
	for _, name := range sortedKeys(given) {
		b.broken = true
		c.report(diag.Diagnostic{
			Code: "unknown-input", Summary: "Unknown input",
			Detail: fmt.Sprintf("%s has no input %q.", of, name), Fix: didYouMean(name, inputs), Subject: given[name].KeyRange,
		})
	}
	return out
}

func (c *compiler) missingInput(b *body, who string, in campaign.Field) {
	of := ""
	if in.Type.Kind != campaign.Object && !in.Type.IsZero() {
		of = fmt.Sprintf(" (a %s)", in.Type)
	}
	c.report(diag.Diagnostic{
		Code: "missing-input", Summary: "An input is missing",
		Detail: fmt.Sprintf("%s needs %q%s.", who, in.Name, of),
		Fix:    fmt.Sprintf("Add `with = { %s = \"…\" }`.", in.Name), Subject: b.at("with"),
	})
}

func (c *compiler) broadcast(b *body) {
	def := &campaign.Broadcast{Name: b.label(), Message: b.reference("message")}
	audience := b.condition("audience", link.PersonScope())
	def.With = c.bindings(b, def.Message, link.BroadcastScope(), nil)
	if s := b.one("schedule"); s != nil {
		def.Schedule = s.schedule()
		b.broken = b.broken || s.broken
	}
	if b.broken || audience == nil {
		return
	}
	def.Audience = *audience
	depends := append(readAddrs(audience.Reads), addr.New("message", def.Message))
	for _, w := range def.With {
		depends = append(depends, readAddrs(w.Value.Reads)...)
	}
	c.define(def, depends...)
}

// schedule reads once (a date and time) or again and again (a rule and a clock time).
func (b *body) schedule() campaign.Schedule {
	s := campaign.Schedule{RRule: strings.ToUpper(b.str("rrule")), Timezone: b.timezone("timezone", true)}
	if s.Timezone == "" {
		s.Timezone = campaign.Recipient
	}
	if b.has("start") {
		d, err := campaign.ParseDate(b.str("start"))
		if err != nil {
			b.fail("start", sentence(err.Error()), "")
		}
		s.Start = &d
	}
	if !b.has("rrule") {
		s.Once = b.str("at")
		if _, err := schedule.ParseOnce(s.Once); err != nil && s.Once != "" && !b.astray {
			b.fail("at", sentence(err.Error()), "To send again and again, add rrule; `at` is a clock time then.")
		}
		if b.has("start") {
			b.fail("start", "start belongs to rrule.", "Leave it out.")
		}
		return s
	}
	s.At = b.clock("at")
	if _, err := schedule.ParseRule(s.RRule); err != nil && s.RRule != "" {
		b.fail("rrule", sentence(err.Error()), ruleFix(s.RRule))
	}
	return s
}

// ruleFix proposes a rule for what was written instead of one.
func ruleFix(s string) string {
	fields := strings.Fields(s)
	if len(fields) != 5 {
		switch s {
		case "DAILY", "WEEKLY", "MONTHLY", "YEARLY":
			return fmt.Sprintf("Write \"FREQ=%s\".", s)
		}
		return `Write it as "FREQ=WEEKLY;BYDAY=TH".`
	}
	rule, at := "FREQ=DAILY", "08:00"
	if minute, hour := fields[0], fields[1]; isNumber(minute) && isNumber(hour) {
		at = fmt.Sprintf("%02s:%02s", hour, minute)
	}
	days := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA", "SU"}
	switch day, weekday := fields[2], fields[4]; {
	case len(weekday) == 1 && weekday[0] >= '0' && weekday[0] <= '7':
		rule = "FREQ=WEEKLY;BYDAY=" + days[weekday[0]-'0']
	case isNumber(day):
		rule = "FREQ=MONTHLY;BYMONTHDAY=" + day
	}
	return fmt.Sprintf("This is a line of cron; write rrule = %q and at = %q.", rule, at)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
