// Package clock tells campaign time. In production it is the wall clock; in a
// demo a scale factor compresses it, and journeys, schedules and conditions
// honour that factor alike.
//
// Enters: a base instant and a scale. Leaves: instants and durations in either
// time. Refused: a scale below 1 is taken as 1.
package clock

import "time"

// Clock maps wall time to campaign time. The zero Clock is the wall clock. It
// holds plain values, so that it can be part of a workflow's input, where
// Campaign(workflow.Now(ctx)) is deterministic.
type Clock struct {
	Epoch time.Time `json:"epoch,omitzero"` // wall instant at which campaign time was Base
	Base  time.Time `json:"base,omitzero"`
	Scale float64   `json:"scale,omitempty"` // campaign seconds in a wall second
}

// Compressed returns a clock that starts at base when the wall says epoch and
// runs scale times as fast.
func Compressed(epoch, base time.Time, scale float64) Clock {
	return Clock{Epoch: epoch.UTC(), Base: base.UTC(), Scale: scale}
}

// Now is the present campaign instant.
func (c Clock) Now() time.Time { return c.Campaign(time.Now()) }

// Campaign is the campaign instant at a wall instant.
func (c Clock) Campaign(wall time.Time) time.Time {
	if c.scale() == 1 && c.Epoch.Equal(c.Base) {
		return wall.UTC()
	}
	return c.Base.Add(time.Duration(float64(wall.Sub(c.Epoch)) * c.scale())).UTC()
}

// Wall is the wall instant at which campaign time reaches t.
func (c Clock) Wall(t time.Time) time.Time {
	if c.scale() == 1 && c.Epoch.Equal(c.Base) {
		return t.UTC()
	}
	return c.Epoch.Add(time.Duration(float64(t.Sub(c.Base)) / c.scale())).UTC()
}

// Until is how long the wall clock takes from the wall instant now until
// campaign time reaches t; never negative.
func (c Clock) Until(t, now time.Time) time.Duration {
	return max(0, c.Wall(t).Sub(now))
}

// Shrink is the wall duration of a campaign duration.
func (c Clock) Shrink(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.scale())
}

func (c Clock) scale() float64 {
	if c.Scale <= 1 {
		return 1
	}
	return c.Scale
}
