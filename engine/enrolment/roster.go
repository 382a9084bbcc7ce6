package enrolment

import (
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/engine/store"
)

// roster is who is inside each segment, in memory, as of one turn. Whoever else
// takes a turn makes it worthless; the store has the truth.
type roster struct {
	turn   int64
	inside []*people           // by index in routes.segments
	ahead  map[int64]time.Time // people with events whose clock is ahead
	// bequests are segments of those who are no more, while the changes of those who
	// took them over may be in the next batch.
	bequests []int
}

// membership is one person's being inside one segment.
type membership struct {
	segment int
	person  int64
}

// maxAhead is by how much a clock may be ahead, and more; package intake refuses
// what is.
const maxAhead = 10 * time.Minute

// maxBack bounds how many events are gone back through for clocks that are ahead.
const maxBack = 100_000

// readAhead finds the people with events that are later than now.
func (m *roster) readAhead(r store.Reader, now time.Time) error {
	b, err := readPositions(r)
	if err != nil {
		return err
	}
	for from, to := b.event-batchSize, b.event; to > 0 && to > b.event-maxBack; from, to = from-batchSize, from {
		events, err := r.EventsAfter(max(from, 0), batchSize)
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Seq <= b.event && e.At.After(now) && e.At.After(m.ahead[e.Person]) {
				m.ahead[e.Person] = e.At
			}
		}
		if len(events) > 0 && events[0].ReceivedAt.Before(now.Add(-maxAhead)) {
			return nil
		}
	}
	return nil
}

// readRoster loads who is inside.
func readRoster(r store.Reader, rt *routes, turn int64, now time.Time) (*roster, error) {
	m := &roster{turn: turn, inside: make([]*people, len(rt.segments)), ahead: map[int64]time.Time{}}
	for i := range rt.segments {
		set := &people{}
		err := r.Members(rt.segments[i].Def.Name, func(person int64) error {
			set.put(person, true)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("who is inside %s: %w", rt.segments[i].Def.Name, err)
		}
		m.inside[i] = set
	}
	return m, m.readAhead(r, now)
}

// keep follows what a turn has written.
func (m *roster) keep(rt *routes, crossed map[membership]bool, c *changes, now time.Time) {
	for k, inside := range crossed {
		m.inside[k.segment].put(k.person, inside)
	}
	for _, shift := range c.shifts {
		i := slices.IndexFunc(rt.segments, func(s segment) bool { return s.Def.Name == shift.Segment })
		for _, id := range shift.Enter {
			m.inside[i].put(id, true)
		}
		for _, id := range shift.Leave {
			m.inside[i].put(id, false)
		}
	}
	for _, id := range c.gone {
		for _, set := range m.inside {
			set.put(id, false)
		}
	}
	for id, until := range m.ahead {
		if !until.After(now) {
			delete(m.ahead, id)
		}
	}
	for id, until := range c.ahead {
		m.ahead[id] = until
	}
}

// aheadOf is until when a person's clock is ahead; zero where it is not.
func (t *turn) aheadOf(person int64) time.Time {
	if until, ok := t.ahead[person]; ok {
		return until
	}
	return t.roster.ahead[person]
}

// inside tells whether a person is in a segment, by what this turn has found out
// so far.
func (t *turn) inside(segment int, person int64) bool {
	if inside, ok := t.crossed[membership{segment, person}]; ok {
		return inside
	}
	return t.roster.inside[segment].has(person)
}
