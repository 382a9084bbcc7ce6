package expr

import (
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// ordered goes over the events of the steps by their instants. It keeps, for each
// step, the latest instant at which a chain that has come so far began: the later
// it began, the shorter the whole.
func (c *compiler) ordered(n *ir.Sequence) cond {
	steps := make([]*sequence, len(n.Steps))
	for i, h := range n.Steps {
		steps[i] = c.sequence(&ir.Fold{Over: h})
	}
	length := time.Duration(math.MaxInt64)
	if n.For != nil {
		length, _ = n.For.Value.(time.Duration)
	}
	return func(f *frame) Truth {
		var chain chains
		for i, s := range steps {
			cur, ok := s.start(f)
			if !ok {
				return Unknown
			}
			chain.at[i] = cur
		}
		return TruthOf(chain.complete(f, len(steps), length))
	}
}

// chains are the chains of events under way.
type chains struct {
	at    [maxSteps]cursor
	next  [maxSteps]time.Time // of the event that the cursor stands at
	more  [maxSteps]bool
	began [maxSteps]time.Time // of the best chain that has come to this step
	come  [maxSteps]bool
}

func (c *chains) complete(f *frame, steps int, within time.Duration) bool {
	for i := range steps {
		if c.advance(f, i); !c.more[i] {
			return false
		}
	}
	for {
		t, any := c.earliest(steps)
		if !any {
			return false
		}
		// Backwards, so that an event does not follow one of the same instant.
		for i := steps - 1; i >= 0; i-- {
			if !c.more[i] || !c.next[i].Equal(t) {
				continue
			}
			if i == 0 {
				c.began[0], c.come[0] = t, true
			} else if c.come[i-1] && (!c.come[i] || c.began[i-1].After(c.began[i])) {
				c.began[i], c.come[i] = c.began[i-1], true
			}
			if i == steps-1 && c.come[i] && t.Sub(c.began[i]) <= within {
				return true
			}
			c.skip(f, i, t)
		}
	}
}

// advance puts a cursor on its next event.
func (c *chains) advance(f *frame, i int) {
	if c.more[i] = c.at[i].next(f); c.more[i] {
		c.next[i] = c.at[i].rows[c.at[i].i-1].At
	}
}

// skip leaves the events of one instant behind.
func (c *chains) skip(f *frame, i int, t time.Time) {
	for c.more[i] && c.next[i].Equal(t) {
		c.advance(f, i)
	}
}

func (c *chains) earliest(steps int) (t time.Time, any bool) {
	for i := range steps {
		if c.more[i] && (!any || c.next[i].Before(t)) {
			t, any = c.next[i], true
		}
	}
	return t, any
}
