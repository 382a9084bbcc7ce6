package template

import (
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

var dateFilters = []filter{
	{
		name: "date", in: momentKinds | stringKinds, params: []param{{name: "format", kinds: stringKinds, optional: true}},
		summary: "Writes a date or a time in the person's time zone and language: `short`, `long` (without an argument), `full` " +
			"with the day of the week, `time`, or a format of strftime such as \"%d.%m.%Y\". \"now\" is the moment of sending.",
		example: `{{ "2026-12-31" | date: "long" }}`, result: "December 31, 2026",
		typ: toString, check: func(c *call) { c.moment(); c.format() },
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			t, ok := instant(in, r.location)
			if !ok {
				return dst
			}
			l := r.localeTable()
			return l.strftime(dst, l.dateFormat(optional(args, 0, "")), t)
		},
	},
	{
		name: "date_add", in: momentKinds | stringKinds, params: []param{{name: "duration", kinds: stringKinds, constant: true}},
		summary: "A later date or time; an earlier one with a minus. Days keep the clock time when the clocks change.",
		example: `{{ "2026-12-31" | date_add: "14d" | date: "%-d %b" }}`, result: "14 Jan",
		typ: func(c *call) campaign.Type {
			if c.in.typ.Kind == campaign.Date {
				return c.in.typ
			}
			return campaign.Of(campaign.Time)
		},
		check: func(c *call) { c.moment(); c.duration() },
		apply: func(r *renderer, in any, args []any) any {
			d, err := signedDuration(str(r, args[0]))
			t, ok := instant(in, r.location)
			if err != nil || !ok {
				return nil
			}
			days := int(d / (24 * time.Hour))
			t = t.AddDate(0, 0, days).Add(d % (24 * time.Hour))
			if _, civil := in.(campaign.CivilDate); civil {
				return campaign.DateOf(t)
			}
			return t
		},
	},
}

// moment refuses a string that is no date: only a constant can be one.
func (c *call) moment() {
	if c.in.broken || !stringKinds.has(c.in.typ) || c.in.typ.Kind == campaign.Any {
		return
	}
	s, ok := c.in.constant.(string)
	if !ok {
		c.problems.add(c.expr.in.at(), codeType, "%s wants a date or a time, and this is %s.", c.filter.name, aType(c.in.typ))
		return
	}
	if _, ok := instant(s, time.UTC); !ok && !isNow(s) {
		c.problems.add(c.expr.in.at(), codeType, "%q is not a date.", s).fix("Write it as 2026-12-31, or \"now\".")
	}
}

// isNow reports whether a constant stands for the moment of rendering.
func isNow(s string) bool { return s == "now" || s == "today" }

func (c *call) format() {
	format, ok := c.constant(0).(string)
	if !ok {
		return
	}
	if bad, found := badConversion(format); found {
		c.bad(0, "%q is not a conversion of strftime.", bad).fix("To write a percent sign, write %%%%.")
	} else if !strings.Contains(format, "%") && localeOf("").dateFormat(format) == format {
		c.bad(0, "The format %q has nothing of the date in it.", format).Fix = suggest(format, []string{"short", "long", "full", "time"})
	}
}

func (c *call) duration() {
	s, ok := c.constant(0).(string)
	if !ok {
		return
	}
	d, err := signedDuration(s)
	switch {
	case err != nil:
		c.bad(0, "%v.", err)
	case c.in.typ.Kind == campaign.Date && d%(24*time.Hour) != 0:
		c.bad(0, "A date has no hours: %s is not a number of days.", s)
	}
}

// signedDuration reads a duration that may have a minus.
func signedDuration(s string) (time.Duration, error) {
	positive, negative := strings.CutPrefix(s, "-")
	d, err := campaign.ParseDuration(positive)
	if negative {
		d = -d
	}
	return d, err
}
