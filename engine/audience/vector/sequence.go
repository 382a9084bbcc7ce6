package vector

import (
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// maxSteps is how many steps a sequence can have.
const maxSteps = 8

// ordered asks for events one after the other. It goes over the events of all steps
// by their instants and keeps, for each step, the latest instant at which a chain
// that has come so far began: the later it began, the shorter the whole.
func (c *compiler) ordered(n *ir.Sequence) cond {
	if len(n.Steps) > maxSteps {
		c.missing = true
		return truth(expr.Unknown)
	}
	steps := make([]*walk, len(n.Steps))
	for i, h := range n.Steps {
		if steps[i] = c.walk(&ir.Fold{Over: h}); steps[i] == nil {
			return truth(expr.Unknown)
		}
	}
	longest := int64(math.MaxInt64)
	if n.For != nil {
		d, _ := n.For.Value.(time.Duration)
		longest = int64(d)
	}
	return func(f *frame) expr.Truth {
		var at [maxSteps]track
		for i, w := range steps {
			s, ok := w.start(f)
			if !ok {
				return expr.Unknown
			}
			at[i] = track{walk: w, span: s}
		}
		return expr.TruthOf(complete(f, at[:len(steps)], longest))
	}
}

// track is how far the events of one step have been gone over.
type track struct {
	*walk
	span
	now   int64 // microseconds since 1970 of the event at hand
	more  bool  // there is one
	began int64 // of the best chain that has come to this step
	come  bool  // there is one
}

// advance goes on to the next event that counts.
func (t *track) advance(f *frame) {
	for t.more = false; !t.more && t.from < t.to; t.from++ {
		if r := t.span.at(t.from); t.use(f, r) {
			t.leaves(f, r)
			t.now, t.more = t.events.At.Micros(r), true
		}
	}
}

func complete(f *frame, steps []track, longest int64) bool {
	for i := range steps {
		steps[i].advance(f)
	}
	last := len(steps) - 1
	for {
		now, more := earliest(steps)
		if !more {
			return false
		}
		// From the last step on, so that no event follows one of the same instant.
		for i := last; i >= 0; i-- {
			s := &steps[i]
			if !s.more || s.now != now {
				continue
			}
			switch {
			case i == 0:
				s.began, s.come = now, true
			case steps[i-1].come && (!s.come || steps[i-1].began > s.began):
				s.began, s.come = steps[i-1].began, true
			}
			if i == last && s.come && nanos(now-s.began) <= longest {
				return true
			}
			for s.more && s.now == now {
				s.advance(f)
			}
		}
	}
}

func earliest(steps []track) (now int64, more bool) {
	for i := range steps {
		if s := &steps[i]; s.more && (!more || s.now < now) {
			now, more = s.now, true
		}
	}
	return now, more
}
