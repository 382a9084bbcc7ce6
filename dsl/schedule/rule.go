package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Rule is a recurrence rule after RFC 5545 that names whole days.
type Rule struct{ option rrule.ROption }

// horizon bounds the search for a rule's next day: who plans farther ahead
// than this has made a mistake, and impossible rules must not search for ever.
const horizon = 40

// maxRuleLength and maxInterval keep a rule's arithmetic within its bounds.
const (
	maxRuleLength = 1000
	maxInterval   = 1000
)

// ParseRule reads a rule such as FREQ=WEEKLY;BYDAY=TH. The clock time and the
// first day stand elsewhere, so rules that hold them are refused, as are rules
// that name no day.
func ParseRule(s string) (Rule, error) {
	if len(s) > maxRuleLength {
		return Rule{}, fmt.Errorf("a rule of %d characters is too long: write at most %d", len(s), maxRuleLength)
	}
	option, err := rrule.StrToROption(strings.ToUpper(strings.TrimSpace(s)))
	if err != nil {
		return Rule{}, fmt.Errorf("%q is not a recurrence rule: %w", s, err)
	}
	if err := checkOption(option); err != nil {
		return Rule{}, fmt.Errorf("%q: %w", s, err)
	}
	r := Rule{*option}
	if _, err := rrule.NewRRule(r.option); err != nil {
		return Rule{}, fmt.Errorf("%q: %w", s, err)
	}
	if !r.everOccurs() {
		return Rule{}, fmt.Errorf("%q names no day within %d years", s, horizon)
	}
	return r, nil
}

func checkOption(o *rrule.ROption) error {
	switch {
	case o.Freq > rrule.DAILY:
		return fmt.Errorf("FREQ=%s is finer than a day: broadcasts recur by DAILY, WEEKLY, MONTHLY or YEARLY", o.Freq)
	case len(o.Byhour)+len(o.Byminute)+len(o.Bysecond) > 0:
		return errors.New("the clock time stands in at, not in BYHOUR, BYMINUTE or BYSECOND")
	case !o.Dtstart.IsZero():
		return errors.New("the first day stands in start, not in DTSTART")
	case o.Interval < 0 || o.Interval > maxInterval:
		return fmt.Errorf("INTERVAL must be between 1 and %d", maxInterval)
	case o.Count < 0:
		return errors.New("COUNT must be at least 1")
	case len(o.Byeaster) > 0:
		return errors.New("BYEASTER is no part of RFC 5545")
	}
	return checkOrdinals(o)
}

// checkOrdinals refuses the sixth Friday of a month, which names no day and
// which rrule-go looks for beyond the end of its tables.
func checkOrdinals(o *rrule.ROption) error {
	if o.Freq == rrule.YEARLY && len(o.Bymonth) == 0 {
		return nil
	}
	for _, w := range o.Byweekday {
		if n := w.N(); n < -5 || n > 5 {
			return fmt.Errorf("BYDAY=%s: a month has at most five of a weekday", w)
		}
	}
	return nil
}

// everOccurs asks from a day that no rule can be too late for: its own end,
// less the horizon, or an arbitrary leap year.
func (r Rule) everOccurs() bool {
	first := campaign.CivilDate{Year: 2024, Month: time.January, Day: 1}
	if until := r.option.Until; !until.IsZero() && until.Before(day(first)) {
		return false
	}
	last := first
	last.Year += horizon
	return len(r.days(first, first, last, 1)) > 0
}

// Days returns the days of the rule in [from, to], ascending, when its first
// day is start or the next one that the rule names.
func (r Rule) Days(start, from, to campaign.CivilDate) []campaign.CivilDate {
	return r.days(start, from, to, -1)
}

func (r Rule) days(start, from, to campaign.CivilDate, limit int) []campaign.CivilDate {
	option := r.option
	option.Dtstart = day(start)
	if end := day(to); option.Until.IsZero() || end.Before(option.Until) {
		option.Until = end
	}
	rule, err := rrule.NewRRule(option)
	if err != nil { // cannot be: ParseRule built one
		return nil
	}
	var days []campaign.CivilDate
	next := rule.Iterator()
	for len(days) != limit {
		at, ok := next()
		if !ok {
			break
		}
		if d := campaign.DateOf(at); !before(d, from) {
			days = append(days, d)
		}
	}
	return days
}

// day is midnight of d in UTC, the calendar that rules are computed in.
func day(d campaign.CivilDate) time.Time { return d.In(time.UTC) }
