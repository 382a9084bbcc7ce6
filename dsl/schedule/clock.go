package schedule

import (
	"fmt"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Clock is a time of day, in no zone and on no day.
type Clock struct{ Hour, Minute int }

// ParseClock reads 08:00.
func ParseClock(s string) (Clock, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return Clock{}, fmt.Errorf("%q is not a clock time: write it as 08:00 or 17:30", s)
	}
	return Clock{t.Hour(), t.Minute()}, nil
}

// String writes 08:00.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }

// On is the instant, in UTC, at which clocks in loc show c on day: the first
// where there are two, the end of the gap where there is none.
func (c Clock) On(day campaign.CivilDate, loc *time.Location) time.Time {
	wall := time.Date(day.Year, day.Month, day.Day, c.Hour, c.Minute, 0, 0, time.UTC)
	return Local(wall, loc)
}

// reach is farther from UTC than any zone has been.
const reach = 26 * time.Hour

// Local is the instant, in UTC, at which clocks in loc show what wall shows in
// UTC. It walks the stretches of one offset that could hold the instant, in
// order, so the first of two wins, and a gap is seen as the jump across wall.
func Local(wall time.Time, loc *time.Location) time.Time {
	wall = wall.UTC()
	at := wall.Add(-reach)
	for {
		local := at.In(loc)
		_, offset := local.Zone()
		_, end := local.ZoneBounds()
		if !end.IsZero() && !end.After(at) { // package time errs on 31 December of leap years
			end = at.Add(time.Hour)
		}
		found := wall.Add(-time.Duration(offset) * time.Second)
		switch {
		case found.Before(at): // wall was skipped by the jump to this stretch
			return at.UTC()
		case end.IsZero() || found.Before(end):
			return found.UTC()
		}
		at = end
	}
}
