package vector

import (
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// The units of the calendar within which its parts stay the same, in seconds.
const (
	aDay   = secondsADay
	anHour = 60 * 60
)

// local is an instant in the time zone of the second argument, or in UTC; a time
// zone that does not exist makes it unknown. It notes when the next unit begins.
func (c *compiler) local(args []ir.Node, unit int64) fn[time.Time] {
	at, speed := c.time(args[0]), c.speed(args[0])
	if len(args) == 1 {
		return func(f *frame) (time.Time, bool) {
			t, ok := at(f)
			t = t.UTC()
			if f.watch && ok {
				f.turns(t, unit, speed(f))
			}
			return t, ok
		}
	}
	zone := c.text(args[1])
	return func(f *frame) (time.Time, bool) {
		t, ok1 := at(f)
		name, ok2 := zone(f)
		if !ok1 || !ok2 {
			return t, false
		}
		loc := location(name)
		if loc == nil {
			return t, false
		}
		t = t.In(loc)
		if f.watch {
			f.turns(t, unit, speed(f))
		}
		return t, true
	}
}

// turns notes when a moving instant leaves the unit of the calendar that it is in,
// or the stretch of time in which its zone keeps one offset.
func (f *frame) turns(t time.Time, unit int64, p pace) {
	switch {
	case !p.moves():
		return
	case !p.steady:
		f.unsteady()
		return
	}
	_, offset := t.Zone()
	start := floorDiv(t.Unix()+int64(offset), unit)*unit - int64(offset)
	from, to := time.Unix(start, 0), time.Unix(start+unit, 0)
	first, last := t.ZoneBounds()
	if !first.IsZero() && first.After(from) {
		from = first
	}
	if !last.IsZero() && last.Before(to) {
		to = last
	}
	if p.slope > 0 {
		f.in(int64(to.Sub(t)) / p.slope)
	} else {
		f.in(int64(t.Sub(from))/-p.slope + 1)
	}
}

// locations keeps time zones, which are slow to load: *time.Location by name.
var locations sync.Map

// location is the time zone with an IANA name; nil if there is none.
func location(name string) *time.Location {
	if kept, ok := locations.Load(name); ok {
		loc, _ := kept.(*time.Location)
		return loc
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "" {
		return nil
	}
	locations.Store(name, loc)
	return loc
}

// calendarParts are year(), month() and so on, with the unit within which each stays.
var calendarParts = map[ir.Func]struct {
	of   func(time.Time) int
	unit int64
}{
	ir.Year:    {time.Time.Year, aDay},
	ir.Month:   {func(t time.Time) int { return int(t.Month()) }, aDay},
	ir.Day:     {time.Time.Day, aDay},
	ir.Weekday: {func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }, aDay},
	ir.WeekOf:  {func(t time.Time) int { _, week := t.ISOWeek(); return week }, aDay},
	ir.Hour:    {time.Time.Hour, anHour},
}

// calendarPart is year(), month() and so on, of a date or of an instant.
func (c *compiler) calendarPart(n *ir.Call) fn[float64] {
	part := calendarParts[n.Func]
	if n.Args[0].Type().Kind == campaign.Date {
		date := c.day(n.Args[0])
		return func(f *frame) (float64, bool) {
			d, ok := date(f)
			return float64(part.of(midnight(d))), ok
		}
	}
	at := c.local(n.Args, part.unit)
	return func(f *frame) (float64, bool) {
		t, ok := at(f)
		return float64(part.of(t)), ok
	}
}

// age is the number of full years from a date until today in UTC. It grows on the
// anniversary; that of 29 February is 1 March in common years.
func (c *compiler) age(n ir.Node) fn[float64] {
	date := c.day(n)
	return func(f *frame) (float64, bool) {
		d, ok := date(f)
		if !ok {
			return 0, false
		}
		_, month, day := midnight(d).Date()
		born := midnight(d).Year()
		year, thisMonth, today := f.now.UTC().Date()
		years := year - born
		if thisMonth < month || thisMonth == month && today < day {
			years--
		}
		if f.watch {
			f.by(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).UnixNano())
			f.by(time.Date(year+1, month, day, 0, 0, 0, 0, time.UTC).UnixNano())
		}
		return float64(years), true
	}
}
