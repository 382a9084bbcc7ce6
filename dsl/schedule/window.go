package schedule

import (
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// Window is a part of the day, on all days or on some days of the week. It opens
// when clocks first show From and closes when they first show To. One whose To is
// not after its From closes on the next day; it belongs to the day on which it
// opens. On a day on which a change of the clocks swallows all of it, it does not
// open.
type Window struct {
	From, To Clock
	Days     []time.Weekday // empty: all
}

// NewWindow reads the parts of a window; days are Monday 1 to Sunday 7.
func NewWindow(from, to string, days []int) (Window, error) {
	var w Window
	var err error
	if w.From, err = ParseClock(from); err != nil {
		return w, err
	}
	if w.To, err = ParseClock(to); err != nil {
		return w, err
	}
	for _, d := range days {
		if d < 1 || d > 7 {
			return w, fmt.Errorf("%d is no day of the week: Monday is 1, Sunday 7", d)
		}
		w.Days = append(w.Days, time.Weekday(d%7))
	}
	return w, nil
}

// week is more days than can pass until a window opens again, holes in the
// calendar (a zone that skips a day at the date line) included.
const week = 9

// stretch is when the window of a day is open: [from, to).
func (w Window) stretch(day campaign.CivilDate, loc *time.Location) (from, to time.Time, ok bool) {
	if len(w.Days) > 0 && !slices.Contains(w.Days, day.In(time.UTC).Weekday()) {
		return from, to, false
	}
	closes := day
	if w.To.minutes() <= w.From.minutes() {
		closes = next(day, 1)
	}
	from, to = w.From.On(day, loc), w.To.On(closes, loc)
	return from, to, from.Before(to)
}

func (c Clock) minutes() int { return c.Hour*60 + c.Minute }

func next(day campaign.CivilDate, by int) campaign.CivilDate {
	t := time.Date(day.Year, day.Month, day.Day+by, 0, 0, 0, 0, time.UTC)
	return campaign.CivilDate{Year: t.Year(), Month: t.Month(), Day: t.Day()}
}

// Open reports whether the window is open at t on clocks in loc, and until when:
// over windows of following days that begin where this one ends. The zero time is
// for one that does not close within some days.
func (w Window) Open(t time.Time, loc *time.Location) (until time.Time, open bool) {
	day := localDay(t, loc, 0)
	for range week {
		further := false
		for shift := -1; shift <= 1; shift++ {
			from, to, ok := w.stretch(next(day, shift), loc)
			if ok && !from.After(t) && to.After(t) {
				t, until, open, further = to, to, true, true
			}
		}
		if !further {
			return until, open
		}
		day = localDay(t, loc, 0)
	}
	return time.Time{}, open
}

// Next is the first instant not before t at which the window is open: t itself if
// it is. ok is false for one that never opens.
func (w Window) Next(t time.Time, loc *time.Location) (at time.Time, ok bool) {
	if _, open := w.Open(t, loc); open {
		return t.UTC(), true
	}
	day := localDay(t, loc, -1)
	for shift := range week + 2 {
		from, _, opens := w.stretch(next(day, shift), loc)
		if opens && !from.Before(t) && (!ok || from.Before(at)) {
			at, ok = from, true
		}
	}
	return at, ok
}
