package enrolment

import (
	"fmt"
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/store"
)

// routes is what a live project lets an event, or time, set in motion.
type routes struct {
	serial  int64
	schema  *audience.Schema
	watched []watched           // by label of the segment
	moved   map[string][]int    // event → indices of watched that it can move
	starts  map[string][]*start // event → triggers that it meets
	need    store.Need          // what entering looks at
}

// watched is a segment that triggers watch.
type watched struct {
	*link.Segment
	journeys []*link.Journey
	swept    bool // something other than an event can move people in or out
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

// newRoutes reads the triggers of a project.
func newRoutes(schema *audience.Schema, serial int64) (*routes, error) {
	rt := &routes{serial: serial, schema: schema, moved: map[string][]int{}, starts: map[string][]*start{}}
	p := schema.Project()
	var reads []campaign.Reads
	bySegment := map[string][]*link.Journey{}
	for _, name := range p.Names("journey") {
		j, err := p.Journey(name)
		if err != nil {
			return nil, fmt.Errorf("journey %s: %w", name, err)
		}
		switch t := j.Def.Trigger; {
		case t.Segment != nil:
			bySegment[t.Segment.Segment] = append(bySegment[t.Segment.Segment], j)
		case t.Event != nil:
			event, ok := p.Event(t.Event.Event)
			if !ok {
				return nil, fmt.Errorf("journey %s: event %s is not declared", name, t.Event.Event)
			}
			rt.starts[t.Event.Event] = append(rt.starts[t.Event.Event], &start{Journey: j, trigger: t.Event, event: event})
		}
		reads = append(reads, link.ReadsOf(j.Key, j.Where, j.ExitWhen)...)
	}
	for _, label := range p.Names("segment") {
		if journeys := bySegment[label]; len(journeys) > 0 {
			s, err := p.Segment(label)
			if err != nil {
				return nil, fmt.Errorf("segment %s: %w", label, err)
			}
			rt.watch(s, journeys)
			reads = append(reads, s.When.Reads())
		}
	}
	rt.need = audience.NeedOf(p, reads...)
	return rt, nil
}

func (rt *routes) watch(s *link.Segment, journeys []*link.Journey) {
	i := len(rt.watched)
	all := rt.schema.Project().Closure(s.When.Reads())
	// Attributes, consents and suppressions change without an event, too.
	swept := all.Time || len(all.Attributes) > 0 || len(all.Topics) > 0 || all.Reachable
	rt.watched = append(rt.watched, watched{Segment: s, journeys: journeys, swept: swept})
	for _, event := range personEvents(all) {
		if !slices.Contains(rt.moved[event], i) {
			rt.moved[event] = append(rt.moved[event], i)
		}
	}
}

// quiet reports whether an event can neither move a segment nor meet a trigger.
func (rt *routes) quiet(event string) bool {
	return len(rt.moved[event]) == 0 && len(rt.starts[event]) == 0
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
