package compile

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/schema"
)

// wait reads how long people stay: one of for, until and at, or a window alone.
func (j *journeyReader) wait(b *body) campaign.Step {
	w := &campaign.Wait{Name: b.label(), Until: j.condition(b, "until")}
	personal := j.waitFor(b, w)
	var never string
	w.Timeout, never = b.duration("timeout", "never")
	w.React, _ = b.duration("react", "now")
	j.waitAt(b, w)
	w.Window = b.hours()
	j.waitZone(b, w)
	var kinds []string
	for _, kind := range []string{"for", "until", "at"} {
		if b.has(kind) {
			kinds = append(kinds, kind)
		}
	}
	windowed := b.one("window") != nil
	switch {
	case b.astray:
	case len(kinds) > 1:
		b.fail("", fmt.Sprintf("A wait has one of for, until and at; this one has %s.", andMore(kinds)), "Leave one out.")
	case len(kinds) == 0 && !windowed && !b.broken:
		b.fail("", "A wait has one of for, until and at, or a window; this one has none.", "Add `for = \"2d\"`.")
	case b.has("until") && windowed:
		b.fail("until", "A window belongs to for and at: who waits until something goes on when it is so.", "Put a wait with a window behind this one.")
	case b.has("until") && !b.has("timeout"):
		b.fail("", "A wait with `until` needs a timeout, so that nobody waits for ever.", "Add `timeout = \"2d\"`, or \"never\" if that is meant.")
	case !b.has("until") && b.has("timeout"):
		b.fail("timeout", "A timeout belongs to `until`.", "Leave it out.")
	case b.has("for") && !personal && w.For <= 0 && !b.broken, b.has("timeout") && never == "" && w.Timeout <= 0 && !b.broken:
		b.fail("", "A wait must last at least a second.", "")
	}
	return w
}

// computed is text that is CEL and no duration: it names or calls something.
var computed = regexp.MustCompile("[A-Za-z_][A-Za-z0-9_]*\\s*[.(\\[]|[?`]")

// waitFor reads a duration, or CEL that gives one.
func (j *journeyReader) waitFor(b *body, w *campaign.Wait) (personal bool) {
	if !b.has("for") {
		return false
	}
	if b.c.unquoted(b.attrs["for"].Expr) {
		b.broken = true
		return true
	}
	if s, ok := b.plain("for"); !ok || !computed.MatchString(s) {
		w.For, _ = b.duration("for")
		return false
	}
	b.asked["for"] = true
	w.Delay = j.cel(b, "for", j.scope(), campaign.Of(campaign.Duration))
	return true
}

// waitAt reads a time, or a date and the clock time of that day.
func (j *journeyReader) waitAt(b *body, w *campaign.Wait) {
	w.Clock = b.clock("clock")
	if !b.has("at") {
		if b.has("clock") {
			b.fail("clock", "clock belongs to `at`.", "Leave it out.")
		}
		return
	}
	at := j.cel(b, "at", j.scope(), campaign.Type{})
	if at == nil {
		return
	}
	switch at.Type.Kind {
	case campaign.Date:
		if w.Clock == "" {
			w.Clock = "09:00"
		}
	case campaign.Time:
		if b.has("clock") {
			b.fail("clock", "clock is the hour of a date, and `at` gives a time, which has one.", "Leave it out, or take the day: date(…).")
		}
	default:
		b.fail("at", fmt.Sprintf("at must give a date or a time; this gives a %s.", at.Type), "Name a date: \"profile.birthday\". A length of time is `for`.")
		return
	}
	w.At = at
}

// waitZone reads the time zone, which means something with a clock alone.
func (j *journeyReader) waitZone(b *body, w *campaign.Wait) {
	w.Timezone = b.timezone("timezone", true)
	local := w.Clock != "" || b.one("window") != nil
	if !local && b.has("timezone") && !b.broken && !b.astray {
		b.fail("timezone", "timezone is that of a clock or a window, and this wait has neither.", "Leave it out.")
	}
	if local && w.Timezone == "" {
		w.Timezone = campaign.Recipient
	}
}

// hours reads the window in which people go on.
func (b *body) hours() *campaign.Window {
	n := b.one("window")
	if n == nil {
		return nil
	}
	w := &campaign.Window{From: n.clock("from"), To: n.clock("to")}
	if w.From != "" && w.From == w.To {
		n.fail("to", "The window closes when it opens.", "Leave the window out if all hours will do.")
	}
	if a, _ := n.schema.Attr("days"); n.has("days") {
		w.Days = n.weekdays(a)
	}
	b.broken = b.broken || n.broken
	return w
}

// weekdays reads days as recurrence rules write them: Monday 1 to Sunday 7, sorted.
func (b *body) weekdays(a *schema.Attribute) []int {
	var out []int
	for _, word := range b.strings("days") {
		i := slices.Index(a.OneOf, word)
		if i < 0 {
			b.fail("days", fmt.Sprintf("There is no day %q.", word), dayFix(word, a.OneOf))
			return nil
		}
		if slices.Contains(out, i+1) {
			b.fail("days", fmt.Sprintf("%q stands there twice.", word), "Leave one out.")
		}
		out = append(out, i+1)
	}
	if len(out) == 0 && !b.broken {
		b.fail("days", "A window without days never opens.", "Leave days out if it opens on all of them.")
	}
	slices.Sort(out)
	return out
}
