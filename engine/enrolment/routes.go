package enrolment

import (
	"fmt"
	"slices"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/audience/explain"
	"github.com/herald-campaigns/herald/engine/store"
)

// routes is what a live project lets an event, a change of a person, or time, set
// in motion.
type routes struct {
	serial    int64
	schema    *audience.Schema
	segments  []segment // all that are live, by label
	all       asking    // every segment
	byEvent   map[string]asking
	onChange  asking              // what attributes, consents and suppressions can move, and being new
	timed     asking              // what time alone can move
	starts    map[string][]*start // event → triggers that it meets
	need      store.Need          // what triggers and entering look at
	joins     map[string]asking   // by their parts
	explainer *explain.Explainer
	broken    []error // segments that nothing watches and that cannot be asked
}

// segment is a live segment, with the journeys that watch it.
type segment struct {
	*link.Segment
	watchers []*watcher
	events   []string // that can move somebody
	timed    bool
}

// watcher is a journey that watches a segment, and where that began: crossings
// from before it went live are none of its business.
type watcher struct {
	*link.Journey
	event, change int64
	at            time.Time
}

// wants tells whether the journey begins with those who cross in one direction.
func (w *watcher) wants(inside bool) bool { return w.Def.Trigger.Segment.Leaves != inside }

// history tells whether a crossing is from before.
func (w *watcher) history(c *crossing) bool {
	switch c.cause {
	case store.ByEvent:
		return c.ref <= w.event
	case store.ByProfile:
		return c.ref <= w.change
	}
	return c.at.Before(w.at)
}

// asking is some of the segments, to be asked together.
type asking struct {
	segments   []int // ascending
	conditions []*expr.Checked
	timed      []*expr.Checked // those of conditions that time can move
}

func (rt *routes) asking(segments []int) asking {
	ask := asking{segments: segments, conditions: make([]*expr.Checked, len(segments))}
	for i, n := range segments {
		s := &rt.segments[n]
		ask.conditions[i] = s.When
		if s.timed {
			ask.timed = append(ask.timed, s.When)
		}
	}
	return ask
}

// start is an event trigger.
type start struct {
	*link.Journey
	trigger *campaign.EventTrigger
	event   *campaign.Event
	after   int64 // events up to here are history
}

// history tells whether an event starts nothing: it was recorded before the
// trigger, or received long after it happened.
func (s *start) history(e store.Event) bool {
	return e.Seq <= s.after || isLate(e)
}

// newRoutes reads the segments and triggers of a project.
func newRoutes(schema *audience.Schema, serial int64) (*routes, error) {
	rt := &routes{serial: serial, schema: schema, joins: map[string]asking{}, explainer: explain.New(schema.Project()), starts: map[string][]*start{}}
	p := schema.Project()
	var reads []campaign.Reads
	watchers := map[string][]*watcher{} // by segment
	for _, name := range p.Names("journey") {
		j, err := p.Journey(name)
		if err != nil {
			return nil, fmt.Errorf("journey %s: %w", name, err)
		}
		switch t := j.Def.Trigger; {
		case t.Segment != nil:
			watchers[t.Segment.Segment] = append(watchers[t.Segment.Segment], &watcher{Journey: j})
		case t.Event != nil:
			event, ok := p.Event(t.Event.Event)
			if !ok {
				return nil, fmt.Errorf("journey %s: event %s is not declared", name, t.Event.Event)
			}
			rt.starts[t.Event.Event] = append(rt.starts[t.Event.Event], &start{Journey: j, trigger: t.Event, event: event})
		}
		reads = append(reads, link.ReadsOf(j.Key, j.Where, j.GoalWhen, j.ExitWhen)...)
	}
	rt.need = audience.NeedOf(p, reads...)
	return rt, rt.addSegments(watchers)
}

func (rt *routes) addSegments(watchers map[string][]*watcher) error {
	p := rt.schema.Project()
	for _, label := range p.Names("segment") {
		s, err := p.Segment(label)
		switch journeys := watchers[label]; {
		case err != nil && len(journeys) > 0:
			return fmt.Errorf("segment %s: %w", label, err)
		case err != nil:
			rt.broken = append(rt.broken, fmt.Errorf("segment %s: %w", label, err))
		default:
			rt.segments = append(rt.segments, segment{Segment: s, watchers: journeys})
		}
	}
	byEvent := map[string][]int{}
	var all, onChange, timed []int
	for i := range rt.segments {
		s := &rt.segments[i]
		reads := p.Closure(s.When.Reads())
		all = append(all, i)
		s.events, s.timed = personEvents(reads), reads.Time
		slices.Sort(s.events)
		s.events = slices.Compact(s.events)
		for _, event := range s.events {
			byEvent[event] = append(byEvent[event], i)
		}
		if s.timed {
			timed = append(timed, i)
		}
		if rt.changes(s, reads) {
			onChange = append(onChange, i)
		}
	}
	rt.byEvent = make(map[string]asking, len(byEvent))
	for event, segments := range byEvent {
		rt.byEvent[event] = rt.asking(segments)
	}
	rt.all, rt.onChange, rt.timed = rt.asking(all), rt.asking(onChange), rt.asking(timed)
	return nil
}

// changes tells whether a change of a person can move them into or out of a
// segment. Who is new has done nothing yet: that moves them where it is what the
// segment asks for.
func (rt *routes) changes(s *segment, reads campaign.Reads) bool {
	if len(reads.Attributes) > 0 || len(reads.Topics) > 0 || reads.Reachable || rt.reckons(s, reads) {
		return true
	}
	nobody := audience.PersonOf(rt.schema, &store.Record{}, time.Unix(0, 0).UTC())
	return nobody.Test(s.When) == expr.True
}

// reckons tells whether a condition looks at now other than by a window: of who
// has done nothing it holds at one time, and not at another.
func (rt *routes) reckons(s *segment, reads campaign.Reads) bool {
	m := newMoments(rt.schema.Project(), s.When)
	return reads.Time && m.reckons
}

// of is the segment with a label; nil where the project has none.
func (rt *routes) of(label string) *segment {
	i, ok := slices.BinarySearchFunc(rt.segments, label, func(s segment, label string) int {
		switch {
		case s.Def.Name < label:
			return -1
		case s.Def.Name > label:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &rt.segments[i]
}

// recordsByID loads people, each once.
func recordsByID(r store.Reader, ids []int64, need store.Need) (map[int64]*store.Record, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	out := make(map[int64]*store.Record, len(ids))
	for chunk := range slices.Chunk(ids, recordBatch) {
		records, err := r.Records(chunk, need)
		if err != nil {
			return nil, err
		}
		for i := range records {
			out[records[i].ID] = &records[i]
		}
	}
	return out, nil
}

// recordBatch bounds one query for records.
const recordBatch = 1000
