package enrolment

import "time"

// What time may take of a turn, in wall time: events are not to wait for it.
const (
	timeInTurn  = 50 * time.Millisecond // for people whose instant has come, or is to be found out
	nextsInTurn = 50 * time.Millisecond // for the next instants of people who had news
	fewInstants = 8                     // of one person with news are gone through, once that is spent
)

// patience is how long a turn may go on with what can be put off.
type patience struct {
	wall  func() time.Time
	left  time.Duration // of nextsInTurn
	until time.Time     // of what goes on now
}

func newPatience(wall func() time.Time) patience {
	return patience{wall: wall, left: nextsInTurn}
}

// spend takes from what is left for next instants.
func (p *patience) spend(ask func()) {
	from := p.wall()
	ask()
	p.left -= p.wall().Sub(from)
}

// begin says how long what follows may take.
func (p *patience) begin(d time.Duration) { p.until = p.wall().Add(d) }

// instants is how many of one person who has news are gone through.
func (p *patience) instants() int {
	if p.left <= 0 {
		return fewInstants
	}
	return maxInstants
}

// over reports whether that time has passed.
func (p *patience) over() bool { return !p.wall().Before(p.until) }
