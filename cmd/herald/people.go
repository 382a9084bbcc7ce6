package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/herald-campaigns/herald/engine/report"
	"github.com/herald-campaigns/herald/engine/store"
)

var reportCommand = command{
	name: "report", args: "[-purchase EVENT] [-json] [DIR]", about: "show what came of each campaign",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		c.flags.BoolVar(&c.json, "json", false, "print JSON for programs")
		purchase := c.flags.String("purchase", "order_completed", "the `event` that counts as a purchase; \"\" counts none")
		if err := c.parse(); err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		return c.report(ctx, s, *purchase)
	},
}

// report counts a purchase only where the live project knows the event.
func (c *call) report(ctx context.Context, s store.Store, purchase string) error {
	known := false
	err := s.View(ctx, func(r store.Reader) error {
		live, err := r.Live()
		known = slices.ContainsFunc(live.Resources, func(r store.LiveResource) bool { return r.Addr.String() == "event."+purchase })
		return err
	})
	if err != nil {
		return err
	}
	if !known {
		purchase = ""
	}
	rows, err := report.Build(ctx, s, report.Options{Purchase: purchase})
	if err != nil {
		return err
	}
	if c.json {
		return json.NewEncoder(c.out).Encode(rows)
	}
	return report.WriteText(c.out, rows, purchase != "")
}

var auditCommand = command{
	name: "audit", args: "[DIR]", about: "list what was applied, when and by whom",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		limit := c.flags.Int("n", 20, "how many entries, the newest first")
		if err := c.parse(); err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		var applies []store.Apply
		err = s.View(ctx, func(r store.Reader) (err error) {
			applies, err = r.Applies(*limit)
			return err
		})
		if err != nil {
			return err
		}
		return c.showApplies(applies)
	},
}

func (c *call) showApplies(applies []store.Apply) error {
	if len(applies) == 0 {
		fmt.Fprintln(c.out, "Nothing was ever applied.")
		return nil
	}
	t := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "when\twho\tenvironment\tcommit\tplan\twhat\tended")
	for _, a := range applies {
		ended := "done"
		switch {
		case a.Error != "":
			ended = "failed: " + a.Error
		case a.FinishedAt.IsZero():
			ended = "interrupted: nothing of it is live; apply again"
		}
		commit := a.Commit
		if len(commit) > 8 {
			commit = commit[:8]
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.StartedAt.UTC().Format(time.RFC3339), a.Who, a.Environment, commit, a.PlanDigest[:min(8, len(a.PlanDigest))], a.Summary, ended)
	}
	return t.Flush()
}

var showCommand = command{
	name: "show", args: "PERSON [DIR]", about: "tell one person's way: journeys, messages and why some were withheld",
	long: "PERSON is the shop's identifier, a mail address, or an index as plans and logs print it.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		if err := c.parse("PERSON"); err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		return s.View(ctx, func(r store.Reader) error { return c.show(r, c.rest[0]) })
	},
}

// findPerson finds the one person of a name; a name that several have is refused.
func findPerson(r store.Reader, name string) (store.Person, error) {
	var id int64
	same, err := r.PeopleByEmail(name)
	if err != nil {
		return store.Person{}, err
	}
	if len(same) > 1 {
		names := make([]string, len(same))
		for i, p := range same {
			names[i] = fmt.Sprint(p.ID)
			if p.Key != "" {
				names[i] += " (" + p.Key + ")"
			}
		}
		return store.Person{}, fmt.Errorf("%d people have this address: %s. Name one of them; `herald people merge` makes two of them one", len(same), strings.Join(names, ", "))
	}
	finders := []func() (store.Person, error){
		func() (store.Person, error) { return r.PersonByKey(name) },
		func() (store.Person, error) { return r.PersonByEmail(strings.ToLower(name)) },
		func() (store.Person, error) {
			if _, err := fmt.Sscanf(name, "%d", &id); err != nil || fmt.Sprint(id) != name {
				return store.Person{}, store.ErrNotFound
			}
			return r.Person(id)
		},
	}
	for _, find := range finders {
		if p, err := find(); !errors.Is(err, store.ErrNotFound) {
			return p, err
		}
	}
	return store.Person{}, fmt.Errorf("nobody is known as %q: give the shop's identifier, a mail address or an index", name)
}

func (c *call) show(r store.Reader, name string) error {
	p, err := findPerson(r, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Person %d (%s), known since %s\n", p.ID, p.Key, stamp(p.CreatedAt))
	if err := c.showConsents(r, p.ID); err != nil {
		return err
	}
	enrolments, err := r.EnrolmentsOfPerson(p.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, "\nJourneys")
	for _, e := range enrolments {
		fmt.Fprintf(c.out, "  %s  journey.%s: %s\n", stamp(e.EnteredAt), e.Journey, place(e))
	}
	sends, err := r.SendsOfPerson(p.ID, 50)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, "\nMessages")
	for _, s := range sends {
		fmt.Fprintf(c.out, "  %s  %s for %s: %s\n", stamp(s.CreatedAt), s.Message, s.Campaign, outcome(s))
	}
	return nil
}

func (c *call) showConsents(r store.Reader, person int64) error {
	consents, err := r.ConsentLog(person)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, "\nConsents")
	slices.Reverse(consents)
	for _, k := range consents {
		verb := "withdrawn for"
		if k.Granted {
			verb = "given to"
		}
		fmt.Fprintf(c.out, "  %s  %s topic.%s on %s (%s)\n", stamp(k.At), verb, k.Topic, k.Channel, k.Source)
	}
	return nil
}

func place(e store.Enrolment) string {
	if !e.EndedAt.IsZero() {
		return fmt.Sprintf("ended %s, %s", stamp(e.EndedAt), e.Outcome)
	}
	if e.WakeAt.IsZero() {
		return "at step " + e.Step
	}
	return fmt.Sprintf("at step %s until %s", e.Step, stamp(e.WakeAt))
}

func outcome(s store.Send) string {
	text := string(s.State)
	if s.Reason != "" {
		text += " (" + s.Reason + ")"
	}
	g := s.Engagement
	for _, e := range []struct {
		at   time.Time
		what string
	}{{g.OpenedAt, "opened"}, {g.ClickedAt, "clicked"}, {g.UnsubscribedAt, "unsubscribed"}, {g.BouncedAt, "bounced"}, {g.ComplainedAt, "complained"}} {
		if !e.at.IsZero() {
			text += ", " + e.what + " " + stamp(e.at)
		}
	}
	return text
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
