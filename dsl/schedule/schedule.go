package schedule

import (
	"errors"
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Schedule is a campaign.Schedule, read and checked.
type Schedule struct {
	once  time.Time // wall clock, as if in UTC; zero: by rule
	rule  Rule
	at    Clock
	start *campaign.CivilDate
	zone  *time.Location // nil: each recipient's own
}

// Occurrence is one issue: a local day, and the instant it is due in a zone.
type Occurrence struct {
	Day campaign.CivilDate
	At  time.Time
}

// ParseOnce reads a local date and time, 2026-12-01T08:00, as a wall clock in
// UTC.
func ParseOnce(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a local date and time: write it as 2026-12-01T08:00", s)
	}
	return t, nil
}

// Parse reads the schedule of a broadcast. Its parts have been checked one by
// one when the project was compiled (ParseRule, ParseClock, ParseOnce, Zone), so
// that each error points at its attribute; here they are checked once more.
func Parse(def campaign.Schedule) (*Schedule, error) {
	s := &Schedule{start: def.Start}
	if def.Timezone != campaign.Recipient {
		name := def.Timezone
		if name == "" {
			name = "UTC"
		}
		zone, ok := Zone(name)
		if !ok {
			return nil, fmt.Errorf("%q is not a time zone: write an IANA name such as Europe/Berlin, or %q", name, campaign.Recipient)
		}
		s.zone = zone
	}
	var err error
	switch {
	case def.Once != "" && def.RRule != "":
		return nil, errors.New("a schedule is either once or by rule, not both")
	case def.Once != "":
		s.once, err = ParseOnce(def.Once)
	case def.RRule != "":
		err = s.parseRule(def)
	default:
		return nil, errors.New("a schedule needs a rule, or one date and time")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Schedule) parseRule(def campaign.Schedule) (err error) {
	if s.rule, err = ParseRule(def.RRule); err != nil {
		return err
	}
	s.at, err = ParseClock(def.At)
	return err
}

// Zone is where the schedule's clock hangs; nil means each recipient's own.
func (s *Schedule) Zone() *time.Location { return s.zone }

// Recurs reports whether there is more than one issue.
func (s *Schedule) Recurs() bool { return s.once.IsZero() }

// Occurrences returns the issues due in (from, to] on clocks in loc, ascending.
// first is the first day of a rule that names none of its own.
func (s *Schedule) Occurrences(first campaign.CivilDate, from, to time.Time, loc *time.Location) []Occurrence {
	if !to.After(from) {
		return nil
	}
	if !s.once.IsZero() {
		return within(from, to, Occurrence{campaign.DateOf(s.once), Local(s.once, loc)})
	}
	if s.start != nil {
		first = *s.start
	}
	var all []Occurrence
	for _, d := range s.rule.Days(first, localDay(from, loc, -2), localDay(to, loc, 2)) {
		all = append(all, Occurrence{d, s.at.On(d, loc)})
	}
	return within(from, to, all...)
}

func within(from, to time.Time, all ...Occurrence) []Occurrence {
	var in []Occurrence
	for _, o := range all {
		if o.At.After(from) && !o.At.After(to) {
			in = append(in, o)
		}
	}
	return in
}

// localDay is the day in loc at t, shifted by some days.
func localDay(t time.Time, loc *time.Location, shift int) campaign.CivilDate {
	return campaign.DateOf(t.In(loc).AddDate(0, 0, shift))
}

// quarter is what all offsets of present zones are multiples of, and so are the
// instants at which clocks jump.
const quarter = 15 * time.Minute

// Possible reports whether there can be a zone, anywhere, in which a clock time
// falls in (from, to]. Where it says no, nobody's own zone need be looked at.
func Possible(at Clock, from, to time.Time) bool {
	passes := func(shift time.Duration) bool {
		return to.Add(-shift).Truncate(quarter).After(from.Add(-shift).Truncate(quarter))
	}
	return passes(0) || passes(time.Duration(at.Minute)*time.Minute%quarter)
}

// Clock is the clock time of the schedule.
func (s *Schedule) Clock() Clock {
	if !s.once.IsZero() {
		return Clock{s.once.Hour(), s.once.Minute()}
	}
	return s.at
}
