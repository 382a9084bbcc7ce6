package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/report"
	"github.com/herald-campaigns/herald/engine/store"
)

// liveView is what the live page shows.
type liveView struct {
	Project, Environment, Now string
	Leaves                    bool // mail goes to people
	Mailbox                   bool
	UI                        string
	Rows                      []report.Row
	Purchases                 bool
	Journeys                  []journeyView
	More                      int // journeys that are not drawn
}

// journeyView is a journey with the people in it.
type journeyView struct {
	Name, Description string
	ExitWhen          string // "" for none
	Inside            int64
	Ended             []tally // by how, but for those who reached the end or an exit
	Elsewhere         []tally // at steps that the present revision does not have
	Flow              flow
	Broken            bool // it cannot be read
}

// tally is a number of people with what they have in common.
type tally struct {
	Label  string
	People int64
}

// maxDrawn is how many journeys one page draws: those with the most people.
const maxDrawn = 40

func (s *server) pages(mux *http.ServeMux) {
	mux.Handle("/{$}", local(methods{http.MethodGet: s.live}))
	if s.Mailbox != nil {
		mux.Handle("/mailbox/", local(http.StripPrefix("/mailbox", s.Mailbox)))
	}
}

// live shows each journey with the people at each step, and what came of it all.
func (s *server) live(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	counted, err := s.figures.get(ctx, s.count)
	if err != nil {
		if r.Context().Err() == nil {
			s.trouble(r, err)
		}
		w.Header().Set("Refresh", "5")
		notePage.write(w, http.StatusServiceUnavailable, note{"The store does not answer", "Look at the log of herald. This page looks again by itself."})
		return
	}
	livePage.write(w, http.StatusOK, s.liveView(counted))
}

func (s *server) liveView(c *count) liveView {
	project := s.Live.Current()
	view := liveView{
		Project: cmp.Or(project.Settings.Name, "herald"), Environment: project.Environment.Name, Leaves: project.Environment.Deliver == campaign.DeliverPeople,
		Now: s.Now().UTC().Format("Monday, 2 January 2006, 15:04 UTC"), Mailbox: s.Mailbox != nil, UI: s.UI,
		Rows: c.Rows, Purchases: c.Purchases,
	}
	names := c.busiest(project.Names("journey"), maxDrawn)
	view.More = len(project.Names("journey")) - len(names)
	for _, name := range names {
		j, err := project.Journey(name)
		if err != nil {
			view.Journeys = append(view.Journeys, journeyView{Name: name, Broken: true})
			continue
		}
		view.Journeys = append(view.Journeys, drawJourney(j.Def, c))
	}
	return view
}

// busiest are the names of at most limit journeys, those with the most people
// under way, in the order of names.
func (c *count) busiest(names []string, limit int) []string {
	if len(names) <= limit {
		return names
	}
	inside := map[string]int64{}
	for _, s := range c.Steps {
		if s.Outcome == "" {
			inside[s.Journey] += s.People
		}
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(inside[b], inside[a]) })
	sorted = sorted[:limit]
	slices.Sort(sorted)
	return sorted
}

// drawJourney puts people and sends into the drawing of a journey.
func drawJourney(def *campaign.Journey, c *count) journeyView {
	view := journeyView{Name: def.Name, Description: def.Description}
	if def.ExitWhen != nil {
		view.ExitWhen = def.ExitWhen.Text
	}
	at := crowd{people: map[string]int64{}, sends: sendsOf(def.Name, c.Sends)}
	known := map[string]bool{"": true} // "": entered, and not yet at a step
	def.Steps.Walk(func(s campaign.Step) { known[s.StepName()] = true })
	ended, elsewhere := map[string]int64{}, map[string]int64{}
	for _, s := range c.Steps {
		if s.Journey != def.Name {
			continue
		}
		label, exited := strings.CutPrefix(s.Outcome, "exit ")
		switch {
		case s.Outcome == "" && known[s.Step]:
			at.people[s.Step] += s.People
		case s.Outcome == "":
			elsewhere[s.Step] += s.People
		case s.Outcome == "finished":
			at.finished += s.People
		case exited && known[label]:
			at.people[label] += s.People
		default:
			ended[s.Outcome] += s.People
		}
		if s.Outcome == "" {
			view.Inside += s.People
		}
	}
	view.Ended, view.Elsewhere = tallies(ended), tallies(elsewhere)
	view.Flow = draw(def, at)
	return view
}

// sendsOf sums the ledger of a journey by step: a step may have had several
// messages over time.
func sendsOf(name string, counts []store.CampaignCount) map[string]outcome {
	journey := addr.New("journey", name)
	sends := map[string]outcome{}
	for _, c := range counts {
		if c.Campaign == journey {
			was := sends[c.Step]
			sends[c.Step] = outcome{was.Sent + c.Sent, was.Opened + c.Opened, was.Clicked + c.Clicked}
		}
	}
	return sends
}

func tallies(counts map[string]int64) []tally {
	var out []tally
	for label, n := range counts {
		out = append(out, tally{label, n})
	}
	slices.SortFunc(out, func(a, b tally) int { return strings.Compare(a.Label, b.Label) })
	return out
}
