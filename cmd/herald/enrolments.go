package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/herald-campaigns/herald/engine/enrolment"
	"github.com/herald-campaigns/herald/engine/store"
)

var enrolmentsCommand = command{
	name: "enrolments", args: "[-json] [journey.NAME] [DIR]", about: "count people by journey and step, and how those who are through came out",
	long: "The figures are those of the record, which follows the runs by a second or so.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		c.flags.BoolVar(&c.json, "json", false, "print JSON for programs")
		journey, err := c.parseJourney()
		if err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		var counts []store.StepCount
		err = s.View(ctx, func(r store.Reader) (err error) {
			counts, err = r.StepCounts()
			return err
		})
		if err != nil {
			return err
		}
		if journey != "" {
			counts = slices.DeleteFunc(counts, func(n store.StepCount) bool { return n.Journey != journey })
		}
		return c.showEnrolments(byPlace(counts))
	},
}

// parseJourney parses a command line whose first argument may be journey.NAME.
func (c *call) parseJourney() (string, error) {
	for i, arg := range c.args {
		if name, ok := strings.CutPrefix(arg, "journey."); ok {
			c.args = slices.Delete(slices.Clone(c.args), i, i+1)
			return name, c.parse()
		}
	}
	return "", c.parse()
}

// placed is how many people are at one place, or came out in one way.
type placed struct {
	Journey string `json:"journey"`
	Step    string `json:"step,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	People  int64  `json:"people"`
}

// byPlace sums counts: of who is through, the way counts and not the step.
func byPlace(counts []store.StepCount) []placed {
	sums := map[placed]int64{}
	for _, n := range counts {
		p := placed{Journey: n.Journey, Step: n.Step, Outcome: n.Outcome}
		if n.Outcome != "" {
			p.Step = ""
		}
		sums[p] += n.People
	}
	all := slices.SortedFunc(maps.Keys(sums), func(a, b placed) int {
		return cmp.Or(strings.Compare(a.Journey, b.Journey), strings.Compare(a.Outcome, b.Outcome), strings.Compare(a.Step, b.Step))
	})
	for i := range all {
		all[i].People = sums[all[i]]
	}
	return all
}

func (c *call) showEnrolments(all []placed) error {
	if c.json {
		return json.NewEncoder(c.out).Encode(all)
	}
	if len(all) == 0 {
		fmt.Fprintln(c.out, "Nobody has entered.")
		return nil
	}
	t := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "journey\tstep\tended\tpeople")
	for _, p := range all {
		step, outcome := p.Step, p.Outcome
		if outcome == "" {
			outcome = "-"
		}
		if step == "" {
			step = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", p.Journey, step, outcome, p.People)
	}
	return t.Flush()
}

var enrolmentCommand = command{
	name: "enrolment", args: "show PERSON [DIR]", about: "tell one person's ways through journeys, with times and reasons",
	long: "PERSON is the shop's identifier, a mail address, or an index as plans and logs print it.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		if err := c.parse("show", "PERSON"); err != nil {
			return err
		}
		if c.rest[0] != "show" {
			return fmt.Errorf("there is no `herald enrolment %s`: it is `herald enrolment show PERSON`", c.rest[0])
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		var person store.Person
		err = s.View(ctx, func(r store.Reader) (err error) {
			person, err = findPerson(r, c.rest[1])
			return err
		})
		if err != nil {
			return err
		}
		paths, err := enrolment.NewService(enrolment.Config{Store: s}).Show(ctx, person.ID)
		if err != nil {
			return err
		}
		return c.showPaths(person, paths)
	},
}

func (c *call) showPaths(person store.Person, paths []enrolment.Path) error {
	fmt.Fprintf(c.out, "Person %d (%s)\n", person.ID, person.Key)
	if len(paths) == 0 {
		fmt.Fprintln(c.out, "Has entered no journey.")
		return nil
	}
	for _, p := range paths {
		e := p.Enrolment
		fmt.Fprintf(c.out, "\njourney.%s%s, run %s, member %d\n", e.Journey, keyed(e), e.Cohort, e.Index)
		t := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
		for _, l := range wayOf(p) {
			fmt.Fprintf(t, "  %s\t%s\n", stamp(l.at), l.what)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func keyed(e store.Enrolment) string {
	if e.Key == "" {
		return ""
	}
	return " for " + e.Key
}

// moment is something on somebody's way.
type moment struct {
	at   time.Time
	what string
}

// wayOf is one way, oldest first: how it began, what was done, where it is now or
// how it ended.
func wayOf(p enrolment.Path) []moment {
	e := p.Enrolment
	out := []moment{{e.EnteredAt, "entered"}}
	for _, s := range p.Sends {
		at := s.SentAt
		for _, t := range []time.Time{s.ClosedAt, s.CreatedAt} {
			if at.IsZero() {
				at = t
			}
		}
		out = append(out, moment{at, fmt.Sprintf("step %s, %s: %s", s.Step, s.Message, outcome(s))})
	}
	for _, d := range p.Done {
		out = append(out, moment{d.At, d.String()})
	}
	last := moment{e.UpdatedAt, "at step " + e.Step}
	switch {
	case !e.EndedAt.IsZero():
		last = moment{e.EndedAt, "ended: " + e.Outcome}
	case e.Step == "":
		last.what = "not at a step yet"
	case !e.WakeAt.IsZero():
		last.what += ", until " + stamp(e.WakeAt)
	}
	slices.SortStableFunc(out, func(a, b moment) int { return a.at.Compare(b.at) })
	return append(out, last)
}
