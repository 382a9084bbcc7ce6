package lint

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/lint/reason"
)

// segment looks at the condition of a segment, and for another of its meaning. What
// a library brings has been looked at.
func (l *linter) segment(d *campaign.Segment) error {
	s, err := l.project.Segment(d.Name)
	if err != nil {
		return err
	}
	if d.Library != "" || len(s.When.Unset()) > 0 {
		return nil
	}
	at := l.places.block(d.Address())
	n := l.inlined(s.When.Node())
	c := reason.Of(n)
	if !l.sense(at, "when", n, c) {
		return nil
	}
	meaning := c.Meaning()
	if twin := l.meanings[meaning]; twin != "" {
		l.report(Twins, at.attribute("when"), fmt.Sprintf("segment.%s holds of the same people as segment.%s.", d.Name, twin), "Delete one of them, and name the other in its place.")
		return nil
	}
	l.meanings[meaning] = d.Name
	return nil
}

// unread reports a segment or a trait that nothing names.
func (l *linter) unread(def campaign.Definition) {
	switch d := def.(type) {
	case *campaign.Segment:
		if d.Library != "" {
			return
		}
	case *campaign.Trait:
	default:
		return
	}
	a := def.Address()
	if l.read[a] {
		return
	}
	l.report(Unread, l.places.block(a).header(), fmt.Sprintf("Nothing names %s.", a), "Use it, or delete it.")
}
