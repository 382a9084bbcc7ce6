package schedule

import (
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Return is the day in year on which date returns: 29 February returns on 28
// February in common years.
func Return(date campaign.CivilDate, year int) campaign.CivilDate {
	if date.Month == time.February && date.Day == 29 && !isLeap(year) {
		return campaign.CivilDate{Year: year, Month: time.February, Day: 28}
	}
	return campaign.CivilDate{Year: year, Month: date.Month, Day: date.Day}
}

// Returns gives the yearly returns of date, at a clock time in loc, that fall
// in (from, to]. The date itself is no return, and nothing returns before it.
func Returns(date campaign.CivilDate, at Clock, from, to time.Time, loc *time.Location) []Occurrence {
	if !to.After(from) {
		return nil
	}
	var all []Occurrence
	first, last := localDay(from, loc, -2), localDay(to, loc, 2)
	for year := max(date.Year+1, first.Year); year <= last.Year; year++ {
		if d := Return(date, year); !before(d, first) && !before(last, d) {
			all = append(all, Occurrence{d, at.On(d, loc)})
		}
	}
	return within(from, to, all...)
}

// before orders days without writing them out: most people's dates are far from
// the window that is planned.
func before(d, e campaign.CivilDate) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }
