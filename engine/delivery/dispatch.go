package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
	"github.com/herald-campaigns/herald/providers/provider"
)

// freshness is how old a snapshot may be when its turn comes.
const freshness = time.Second

// line is the people whose messages go out by one outlet.
type line struct {
	out     *outlet
	people  []*candidate
	next    atomic.Int64
	stopped atomic.Bool // a worker failed: nothing more is begun
}

// take is the next of the line; nil when nothing more is to be begun.
func (l *line) take(ctx context.Context) *candidate {
	if ctx.Err() != nil || l.stopped.Load() {
		return nil
	}
	i := int(l.next.Add(1)) - 1
	if i >= len(l.people) {
		return nil
	}
	return l.people[i]
}

// rest are those who were not begun, once nobody takes any more.
func (l *line) rest() []*candidate {
	return l.people[min(int(l.next.Load()), len(l.people)):]
}

// linesOf parts people by the outlet that their messages go out by.
func linesOf(due []*candidate) []*line {
	var lines []*line
	of := map[*outlet]*line{}
	for _, c := range due {
		l := of[c.out]
		if l == nil {
			l = &line{out: c.out}
			of[c.out] = l
			lines = append(lines, l)
		}
		l.people = append(l.people, c)
	}
	return lines
}

// failures keeps the first error of many workers.
type failures struct {
	once  sync.Once
	first error
}

func (f *failures) add(err error) {
	if err != nil {
		f.once.Do(func() { f.first = err })
	}
}

// dispatch hands the messages over, to each outlet as many at once as it can use.
// When ctx is done nothing more is begun, and what was not begun is given back.
func (b *batch) dispatch(ctx context.Context, due []*candidate) error {
	lingering, cancel := b.lingering(ctx)
	defer cancel()
	lines := linesOf(due)
	var workers sync.WaitGroup
	var failed failures
	for _, l := range lines {
		for range min(len(l.people), cap(l.out.slots)) {
			workers.Go(func() {
				if err := b.work(ctx, lingering, l); err != nil {
					l.stopped.Store(true)
					failed.add(err)
				}
			})
		}
	}
	workers.Wait()
	for _, l := range lines {
		failed.add(b.giveBack(ctx, l.rest()))
	}
	failed.add(ctx.Err())
	return failed.first
}

// lingering is a context for hand-overs: it goes on for a while when ctx is done,
// so that what is under way is not broken off in the middle.
func (b *batch) lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	lingering, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(b.Grace):
			cancel()
		case <-lingering.Done():
		}
	})
	return lingering, func() { stop(); cancel() }
}

// turnSize is how many messages a worker hands over before it lets another have
// its slot, if one waits: a receipt need not stand behind a whole newsletter.
const turnSize = 10

// work hands over one message after the other, in turns.
func (b *batch) work(ctx, lingering context.Context, l *line) error {
	for more := true; more; {
		if !l.out.enter(ctx) {
			return nil
		}
		var err error
		more, err = b.turn(ctx, lingering, l)
		l.out.leave()
		if err != nil {
			return err
		}
	}
	return nil
}

// turn hands over messages in one slot of the outlet, and reports whether there
// are more. The close of one and the mark of the next share a transaction, so at
// most one row is open for each slot.
func (b *batch) turn(ctx, lingering context.Context, l *line) (more bool, err error) {
	var done []*ending
	for n := 0; n < turnSize || !l.out.wanted(); n++ {
		c := l.take(ctx)
		if c == nil {
			_, err := b.commit(ctx, done, nil)
			return false, err
		}
		m, ending := b.compose(ctx, c)
		if ending != nil {
			done = append(done, ending)
			continue
		}
		marked, err := b.commit(ctx, done, c)
		if err != nil {
			return false, err
		}
		done = done[:0]
		if marked {
			done = append(done, b.handOver(ctx, lingering, c, m))
		}
	}
	_, err = b.commit(ctx, done, nil)
	return true, err
}

// handOver gives a message to the provider, for as long as the lease allows.
func (b *batch) handOver(ctx, lingering context.Context, c *candidate, m *provider.Message) *ending {
	lingering, cancel := context.WithTimeout(lingering, b.Lease-b.Lease/10)
	defer cancel()
	receipt, err := c.out.Deliver(lingering, m)
	return b.attempted(ctx, c, receipt, err)
}

// compose writes a message, after another look at a person who was looked at too
// long ago. Instead of a message there may be an ending.
func (b *batch) compose(ctx context.Context, c *candidate) (*provider.Message, *ending) {
	if b.Wall().Sub(b.loadedAt) > freshness {
		if e := b.lookAgain(ctx, c); e != nil {
			return nil, e
		}
	}
	l, v := newLetter(b.script, c, b.Links, b.now())
	if !v.sends() {
		return nil, b.withhold(c, v, b.now())
	}
	m, err := l.written()
	if err != nil {
		b.Log.ErrorContext(ctx, "a message cannot be written", "send", c.send.ID, "message", b.name.String(), "error", err)
		return nil, b.withhold(c, withheld(ReasonTemplate), b.now())
	}
	return m, nil
}

// lookAgain reads and judges one person anew. A person whose address has changed
// comes back in another batch, since the guard decided about the old one.
func (b *batch) lookAgain(ctx context.Context, c *candidate) *ending {
	var found []candidate
	now := b.now()
	err := b.Store.View(ctx, func(r store.Reader) (err error) {
		found, err = b.crowd.load(r, journey.Members{c.index}, now)
		return err
	})
	if err != nil {
		b.Log.ErrorContext(ctx, "a person cannot be read", "send", c.send.ID, "error", err)
		return b.release(c, "", now)
	}
	if len(found) == 0 {
		return b.withhold(c, verdict{journey.OutcomeGone, ReasonGone}, now)
	}
	c.person, c.subject, c.exited = found[0].person, found[0].subject, found[0].exited
	if address := c.person.Address(b.channel); address != "" && address != c.address {
		return b.release(c, "", now)
	}
	c.address = c.person.Address(b.channel)
	if v := b.judge(c); !v.sends() {
		return b.withhold(c, v, now)
	}
	return nil
}
