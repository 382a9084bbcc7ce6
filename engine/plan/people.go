package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/state"
)

// SegmentEffect is what a change does to the people of one segment.
type SegmentEffect struct {
	Segment  string
	Because  []string // addresses of the segments whose change ripples here; empty: its own
	Spelling bool     // its own condition is written otherwise and means the same
	Before   int      // people inside as it is live
	After    int
	Enters   int
	Leaves   int
	Stays    int
	Unknown  int      // people for whom the new condition is unknown: not inside
	Sample   []Sample // some of those who enter, then some of those who leave
}

// Sample is one of the people whom a change moves.
type Sample struct {
	Person int64  // index
	Enters bool   // else leaves
	Why    string // what the condition found, as it will be; "" where that would tell personal data
}

// Ripple is what a segment's change does further on, at one place that reads it.
type Ripple struct {
	Reader   addr.Addr // content.hero, journey.win_back, broadcast.weekly
	Place    string    // within the reader: "exit_when", "branch next"; "" for all of it
	Segments []string  // the changed segments that it reads, also through others
	People   int       // who is looked at: everybody, or those under way
	Moves    []Shift   // in the order of From and To as written in the reader
}

// Shift is how many people get something else.
type Shift struct {
	From, To string // names of cases; "" for none
	People   int
}

// JourneyEffect is what a change does to the people of one journey.
type JourneyEffect struct {
	Journey string
	Action  Action
	Inside  int          // people under way on any revision
	Steps   []StepPeople // where they are
	Segment string       // of its trigger, when people move into it by this plan
	Enters  int          // people whom the plan moves into that segment
	Enrols  int          // of them, those who enter the journey: all with backfill, else none
}

// StepPeople is how many people are at a step.
type StepPeople struct {
	Step   string
	People int
}

// BroadcastEffect is whom a new or changed broadcast would reach now.
type BroadcastEffect struct {
	Broadcast string
	Matched   int // audience
	Consented int // of them, with permission for the message's topic (all, when transactional)
	Reachable int // of them, with an address that is not suppressed
	Unknown   int
}

// Facts are the numbers about people that a plan asks for.
type Facts struct {
	At         time.Time
	Segments   map[string]SegmentEffect // by name: Before … Sample
	Inside     map[string][]StepPeople  // journeys with people under way
	Broadcasts map[string]BroadcastEffect
	Ripples    []Ripple
	Backfills  map[string]int // new journeys with backfill: who is inside their segment
	Unfit      []Unfit
}

// Unfit is how many stored values do not fit a type that becomes narrower.
type Unfit struct {
	Where  addr.Addr // profile, event.x
	Name   string    // of the attribute or property
	Before string    // type
	After  string
	Values int
	Stay   bool // they are only outside of what is allowed; else they count as absent
}

// ChangedSegments names the segments whose meaning changes: by their own
// definition, or by that of a segment, trait or attribute that they read. The value
// holds the addresses that the change comes from, empty for their own.
func ChangedSegments(p *Plan, rev *campaign.Revision, live *state.Snapshot) map[string][]string {
	own := map[addr.Addr]bool{}
	for _, c := range p.Changes {
		switch c.Addr.Kind() {
		case "segment", "trait", "profile", "catalog", "event":
			own[c.Addr] = true
		}
	}
	out := map[string][]string{}
	causes := map[addr.Addr][]string{}
	for _, r := range rev.Resources { // dependency order: causes are known before they are needed
		var because []string
		for _, d := range r.DependsOn {
			if own[d] && meaningful(p, d) && reads(p, r, d) {
				because = append(because, d.String())
			}
			because = append(because, causes[d]...)
		}
		slices.Sort(because)
		because = slices.Compact(because)
		if r.Addr.Kind() == "trait" {
			causes[r.Addr] = because
			continue
		}
		if r.Addr.Kind() != "segment" {
			continue
		}
		switch {
		case own[r.Addr]:
			out[r.Addr.Name()] = nil
		case len(because) > 0:
			if _, known := live.Resource(r.Addr); known {
				out[r.Addr.Name()] = because
			}
		default:
			continue
		}
		causes[r.Addr] = because
	}
	return out
}

// reads reports whether a segment or trait looks at what changes in a model block:
// of the profile, one of the attributes that do.
func reads(p *Plan, r campaign.Resource, a addr.Addr) bool {
	if a.Kind() != "profile" {
		return true
	}
	names := map[string]bool{}
	for _, e := range campaign.Expressions(r.Def) {
		for _, name := range e.Reads.Attributes {
			names[name] = true
		}
	}
	for _, c := range p.Changes {
		if c.Addr != a {
			continue
		}
		for _, change := range c.Attributes {
			rest, ok := strings.CutPrefix(change.Path, "attributes.")
			if name, _, _ := strings.Cut(rest, "."); !ok || names[name] {
				return true
			}
		}
	}
	return false
}

// meaningful reports whether the change of a model block can move people: a new
// event or attribute has no history, so nobody moves by it.
func meaningful(p *Plan, a addr.Addr) bool {
	for _, c := range p.Changes {
		if c.Addr == a {
			return c.Action != Create
		}
	}
	return false
}

// AddPeople completes a plan with numbers about people.
func (p *Plan) AddPeople(rev *campaign.Revision, facts Facts) {
	p.CountedAt = facts.At
	for _, name := range keys(facts.Segments) {
		e := facts.Segments[name]
		e.Segment = name
		p.Segments = append(p.Segments, e)
	}
	for _, name := range keys(facts.Broadcasts) {
		e := facts.Broadcasts[name]
		e.Broadcast = name
		p.Broadcasts = append(p.Broadcasts, e)
	}
	p.Ripples, p.Unfit = facts.Ripples, facts.Unfit
	p.addJourneys(rev, facts)
}

func (p *Plan) addJourneys(rev *campaign.Revision, facts Facts) {
	effects := map[string]*JourneyEffect{}
	effect := func(name string) *JourneyEffect {
		if effects[name] == nil {
			effects[name] = &JourneyEffect{Journey: name, Action: NoOp, Steps: facts.Inside[name]}
			for _, s := range facts.Inside[name] {
				effects[name].Inside += s.People
			}
		}
		return effects[name]
	}
	for _, c := range p.Changes {
		if c.Addr.Kind() == "journey" {
			effect(c.Addr.Name()).Action = c.Action
		}
	}
	for _, r := range rev.Resources {
		j, ok := r.Def.(*campaign.Journey)
		if !ok || j.Trigger.Segment == nil {
			continue
		}
		if n, ok := facts.Backfills[j.Name]; ok {
			e := effect(j.Name)
			e.Segment, e.Enters, e.Enrols = j.Trigger.Segment.Segment, n, n
			continue
		}
		seg, moved := facts.Segments[j.Trigger.Segment.Segment]
		if !moved {
			continue
		}
		e := effect(j.Name)
		e.Segment, e.Enters = j.Trigger.Segment.Segment, seg.Enters
		if j.Trigger.Segment.Backfill {
			e.Enrols = seg.Enters
		}
	}
	for _, name := range keys(effects) {
		p.Journeys = append(p.Journeys, *effects[name])
	}
}

// Refusals says why a plan must not be applied, one sentence each.
func (p *Plan) Refusals() []string {
	var out []string
	for _, j := range p.Journeys {
		if j.Action == Delete && j.Inside > 0 {
			out = append(out, "journey."+j.Journey+" would be deleted with people inside: keep it until they have come to its end.")
		}
	}
	return out
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
