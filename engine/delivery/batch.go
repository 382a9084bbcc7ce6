package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// batch is one request at work.
type batch struct {
	*Delivery
	*script
	crowd  crowd
	repeat bool // the author says: send again what may have been sent
	ways   *ways

	loadedAt time.Time // wall time of the snapshot
	people   []candidate

	mu     sync.Mutex
	result journey.SendResult
}

// run takes a batch through. After an error the request is made again; what was
// closed until then stays closed.
func (b *batch) run(ctx context.Context, members journey.Members) error {
	if b.trouble == "" {
		var err error
		if b.ways, err = b.waysOf(b.project, b.sender); err != nil {
			return err
		}
		defer b.ways.done()
	}
	due, refused, err := b.look(ctx, members)
	if err == nil {
		due, err = b.reserve(ctx, due, refused)
	}
	if err == nil && len(due) > 0 {
		err = b.dispatch(ctx, due)
	}
	b.result.At = b.now()
	return err
}

// refusal is somebody who gets nothing, and why.
type refusal struct {
	*candidate
	verdict
}

// look reads the members and tells apart who is due, who is refused, and whose
// message the ledger knows already.
func (b *batch) look(ctx context.Context, members journey.Members) (due []*candidate, refused []refusal, err error) {
	rows, err := b.load(ctx, members)
	if err != nil {
		return nil, nil, err
	}
	present := make(map[int]bool, len(b.people))
	for i := range b.people {
		c := &b.people[i]
		present[c.index] = true
		c.address = c.person.Address(b.channel)
		c.send = b.crowd.row(c)
		if row, ok := rows[c.send.Key]; ok {
			c.send, c.known = row, true
			if b.settled(c) {
				continue
			}
		}
		if v := b.judge(c); !v.sends() {
			refused = append(refused, refusal{c, v})
			continue
		}
		if c.out, err = b.ways.to(ctx, c.address); err != nil {
			return nil, nil, err
		}
		due = append(due, c)
	}
	for _, i := range members {
		if !present[i] {
			b.result.Add(i, journey.OutcomeGone)
		}
	}
	return due, refused, nil
}

// load reads members, and the rows that they have by key, from one snapshot.
func (b *batch) load(ctx context.Context, members journey.Members) (rows map[string]store.Send, err error) {
	b.loadedAt = b.Wall()
	now := b.Clock.Campaign(b.loadedAt)
	err = b.Store.View(ctx, func(r store.Reader) error {
		if b.people, err = b.crowd.load(r, members, now); err != nil || len(b.people) == 0 {
			return err
		}
		row := b.crowd.row(&b.people[0])
		sends, err := r.SendsOfCohort(row.Cohort, row.Step, members)
		rows = make(map[string]store.Send, len(sends))
		for _, s := range sends {
			rows[s.Key] = s
		}
		return err
	})
	return rows, err
}

// settled reports whether a row needs nothing done now, and notes what it says.
func (b *batch) settled(c *candidate) bool {
	switch row := c.send; row.State {
	case store.Reserved:
		if row.RetryAt.After(b.now()) {
			b.putOff(c.index, row.RetryAt)
			return true
		}
		return row.Owner != b.Owner && b.leased(c)
	case store.Sending:
		return b.leased(c)
	case store.Sent, store.Withheld, store.Failed, store.Unknown:
	}
	b.add(c.index, outcomeOf(c.send))
	return true
}

// ownPatience is how long to leave a row to another request in this process,
// which lives and so will close it.
const ownPatience = 15 * time.Second

// leased reports whether somebody is at a row, and puts its person off until
// they must have ended.
func (b *batch) leased(c *candidate) bool {
	wall, until := b.Wall(), c.send.LeaseUntil
	if !until.After(wall) {
		return false
	}
	if soon := wall.Add(ownPatience); c.send.Owner == b.Owner && soon.Before(until) {
		until = soon
	}
	b.putOff(c.index, b.Clock.Campaign(until))
	return true
}

func (b *batch) add(index int, outcome journey.SendOutcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.result.Add(index, outcome)
}

func (b *batch) putOff(index int, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.result.PutOff(index, at)
}

// reserve opens the rows of the batch in one transaction, and closes those of the
// refused in the same. It returns who is ours to send to.
func (b *batch) reserve(ctx context.Context, due []*candidate, refused []refusal) ([]*candidate, error) {
	wall := b.Wall()
	endings := b.withholdAll(refused, b.Clock.Campaign(wall))
	if len(due)+len(endings) == 0 {
		return nil, nil
	}
	wanted := b.openings(due, endings, wall)
	var rows []store.Send
	err := b.Store.Update(ctx, func(tx store.Tx) error {
		if err := b.takeBack(tx, due); err != nil {
			return err
		}
		var err error
		if rows, err = tx.Reserve(wanted, wall); err != nil {
			return err
		}
		for i, e := range endings {
			e.send = rows[len(due)+i]
			if err := b.write(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, e := range endings {
		b.note(e)
	}
	return b.ours(due, rows), nil
}

// openings are the rows that messages begin with: those due, then those refused.
func (b *batch) openings(due []*candidate, endings []*ending, wall time.Time) []store.Send {
	out := make([]store.Send, 0, len(due)+len(endings))
	for _, c := range due {
		out = append(out, b.opening(c, wall))
	}
	for _, e := range endings {
		out = append(out, b.opening(e.candidate, wall))
	}
	return out
}

func (b *batch) opening(c *candidate, wall time.Time) store.Send {
	s := b.crowd.row(c)
	s.Person, s.Index, s.CreatedAt = c.person.ID(), c.index, b.Clock.Campaign(wall)
	s.Owner, s.LeaseUntil = b.Owner, wall.Add(b.Lease)
	s.Message, s.Channel, s.Topic = b.name, b.channel, b.topic
	if b.message != nil {
		s.Definition = b.message.Digest
	}
	if c.out != nil {
		s.Provider = c.out.name
	}
	return s
}

// takeBack frees rows whose worker died while sending, where a second message
// does no harm or is asked for. The others Reserve gives up as unknown.
func (b *batch) takeBack(tx store.Tx, due []*candidate) error {
	for _, c := range due {
		if !c.known || c.send.State != store.Sending || !b.repeatable(c) {
			continue
		}
		err := tx.CloseSend(c.send.ID, c.send.Owner, store.SendEnd{State: store.Reserved, Reason: "the worker died while sending"})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil
}

// repeatable reports whether a message that may have been taken can be sent again.
func (b *batch) repeatable(c *candidate) bool {
	return b.repeat || c.out.kind.Capabilities.Deduplicates && c.send.Provider == c.out.name
}

// ours are those of the due whose row is ours now. Of the others somebody else
// was first.
func (b *batch) ours(due []*candidate, rows []store.Send) []*candidate {
	out := due[:0]
	for i, c := range due {
		c.send = rows[i]
		if c.send.State == store.Reserved && c.send.Owner == b.Owner {
			out = append(out, c)
		} else if !b.settled(c) { // its lease ran out in this moment
			b.putOff(c.index, b.now())
		}
	}
	return out
}
