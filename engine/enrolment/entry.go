package enrolment

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience"
	"github.com/herald-campaigns/herald/engine/journey"
	"github.com/herald-campaigns/herald/engine/store"
)

// entry is somebody about to enter a journey.
type entry struct {
	journey   *link.Journey
	person    int64
	key       string
	trigger   map[string]any // the event's payload in JSON form, with `at`; nil
	enteredAt time.Time      // the trigger's own instant
	from      time.Time      // waits count from here: when it could be known
	ref       string         // what it came from; names the cohort that it is the first of
	dropped   bool           // another has come in its place
}

// welcome tells whether exit_when lets the person in, and goal_when, which whoever
// has reached it need not enter for. person must have been loaded with what they
// read.
func (e *entry) welcome(p *audience.Person, event *campaign.Event, now time.Time) bool {
	if e.journey.ExitWhen == nil && e.journey.GoalWhen == nil {
		return true
	}
	t := newTraveller(p, e.journey, event, store.Enrolment{EnteredAt: e.enteredAt, Trigger: e.trigger}, now)
	return !t.Test(e.journey.GoalWhen).Holds() && !t.Test(e.journey.ExitWhen).Holds()
}

// payloadOf is an event as trigger.event keeps it.
func payloadOf(e store.Event) map[string]any {
	payload := make(map[string]any, len(e.Properties)+1)
	for k, v := range e.Properties {
		payload[k] = v
	}
	payload["at"] = campaign.JSONValue(e.At)
	return payload
}

// cohorts groups entries by journey and by the minute from which their waits
// count, in the order in which they came, at most journey.MaxCohort in each.
func cohorts(entries []*entry) [][]*entry {
	type group struct {
		digest campaign.Digest
		name   string
		minute int64
	}
	open := map[group]int{} // index of the group's unfilled cohort
	var out [][]*entry
	for _, e := range entries {
		g := group{e.journey.Digest, e.journey.Def.Name, e.from.Unix() / 60}
		i, ok := open[g]
		if !ok || len(out[i]) >= journey.MaxCohort {
			i = len(out)
			open[g] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
}

// enrol writes cohorts and tells Temporal to start them, and the runs that people
// leave for them.
func enrol(tx store.Tx, entries []*entry, d *door, now time.Time) (int, error) {
	for _, r := range d.restarts {
		if err := r.write(tx, now); err != nil {
			return 0, err
		}
	}
	entries = slices.DeleteFunc(slices.Clone(entries), func(e *entry) bool { return e.dropped })
	all := cohorts(entries)
	for _, members := range all {
		if err := createCohort(tx, members, now); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func createCohort(tx store.Tx, members []*entry, now time.Time) error {
	def := members[0].journey.Def
	c := store.Cohort{
		ID: journey.CohortID(def.Name, members[0].ref), Journey: def.Name, Definition: members[0].journey.Digest,
		Size: len(members), CreatedAt: now,
	}
	first := ""
	if len(def.Steps) > 0 {
		first = def.Steps[0].StepName()
	}
	var from time.Time
	rows := make([]store.Enrolment, len(members))
	for i, m := range members {
		rows[i] = store.Enrolment{
			Cohort: c.ID, Index: i, Journey: c.Journey, Person: m.person, Key: m.key, Trigger: m.trigger,
			EnteredAt: m.enteredAt, Step: first, UpdatedAt: now,
		}
		if m.from.After(from) {
			from = m.from
		}
	}
	if err := tx.CreateCohort(c, rows); err != nil {
		return err
	}
	return enqueue(tx, journey.KindStartCohort, c.ID, now, journey.StartCohort{
		Journey: c.Journey, Definition: c.Definition, Size: c.Size, At: from,
	})
}

// enqueue leaves word for Temporal.
func enqueue(tx store.Tx, kind, workflow string, now time.Time, payload any) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("%s for %s: %w", kind, workflow, err)
	}
	return tx.Enqueue(&store.OutboxItem{Kind: kind, Workflow: workflow, Payload: body, At: now})
}

// slug makes a zone's name a part of an ID: Europe-Berlin.
func slug(zone string) string { return strings.ReplaceAll(zone, "/", "-") }
