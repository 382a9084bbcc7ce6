package enrolment

import "time"

// SetWall gives a dispatcher another clock on the wall.
func (d *Dispatcher) SetWall(wall func() time.Time) { d.wall = wall }
