package expr

import (
	"sync"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

func (c *compiler) date(n ir.Node) fn[campaign.CivilDate] {
	switch n := n.(type) {
	case *ir.Call:
		t := c.local(n.Args)
		return func(f *frame) (campaign.CivilDate, bool) {
			t, ok := t(f)
			return campaign.DateOf(t), ok
		}
	case *ir.Arith:
		l, r, sign := c.date(n.L), c.duration(n.R), direction(n.Op)
		return func(f *frame) (campaign.CivilDate, bool) {
			d, ok1 := l(f)
			by, ok2 := r(f)
			return addDays(d, int(sign)*int(by/(24*time.Hour))), ok1 && ok2
		}
	case *ir.Cond:
		return choose(c, n, c.date)
	case *ir.Fold:
		return one(c, n, c.date, compareDates)
	}
	return lookUp[campaign.CivilDate](c, n)
}

func addDays(d campaign.CivilDate, days int) campaign.CivilDate {
	return campaign.DateOf(d.In(time.UTC).AddDate(0, 0, days))
}

// local is an instant in the time zone of the second argument, or in UTC. A time
// zone that does not exist makes it unknown.
func (c *compiler) local(args []ir.Node) fn[time.Time] {
	at := c.time(args[0])
	if len(args) == 1 {
		return func(f *frame) (time.Time, bool) {
			t, ok := at(f)
			return t.UTC(), ok
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
		return t.In(loc), true
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

// calendarPart is year(), month() and so on, of a date or of an instant.
func (c *compiler) calendarPart(n *ir.Call) fn[float64] {
	part := map[ir.Func]func(time.Time) int{
		ir.Year:    time.Time.Year,
		ir.Month:   func(t time.Time) int { return int(t.Month()) },
		ir.Day:     time.Time.Day,
		ir.Weekday: func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 },
		ir.WeekOf:  func(t time.Time) int { _, week := t.ISOWeek(); return week },
		ir.Hour:    time.Time.Hour,
	}[n.Func]
	if part == nil {
		return never[float64]()
	}
	if n.Args[0].Type().Kind == campaign.Date {
		date := c.date(n.Args[0])
		return func(f *frame) (float64, bool) {
			d, ok := date(f)
			return float64(part(d.In(time.UTC))), ok
		}
	}
	at := c.local(n.Args)
	return func(f *frame) (float64, bool) {
		t, ok := at(f)
		return float64(part(t)), ok
	}
}

// age is the number of full years from a date until today.
func (c *compiler) age(n ir.Node) fn[float64] {
	date := c.date(n)
	return func(f *frame) (float64, bool) {
		d, ok := date(f)
		today := campaign.DateOf(f.now.UTC())
		years := today.Year - d.Year
		if today.Month < d.Month || today.Month == d.Month && today.Day < d.Day {
			years--
		}
		return float64(years), ok
	}
}
