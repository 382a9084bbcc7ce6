package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/herald-campaigns/herald/engine/journey"
)

// show puts the table of steps into the workflow's current details, where the UI
// shows it. It costs no history.
func (c *cohort) show(ctx workflow.Context) {
	rows, err := c.program.Table(c.state)
	if err != nil {
		return // it has been stepped: it belongs to the program
	}
	if details := table(rows); details != c.details {
		c.details = details
		workflow.SetCurrentDetails(ctx, details)
	}
}

// table draws rows in Markdown.
func table(rows []journey.Row) string {
	var b strings.Builder
	b.WriteString("| step | people | |\n|---|---:|---|\n")
	for _, r := range rows {
		if r.Outcome != "" {
			fmt.Fprintf(&b, "| *%s* | %s | |\n", r.Outcome, thousands(r.People))
			continue
		}
		fmt.Fprintf(&b, "| %s `%s` | %s | %s |\n", r.Kind, r.Step, thousands(r.People), strings.Join(remarks(r), ", "))
	}
	return b.String()
}

func remarks(r journey.Row) []string {
	var out []string
	for _, n := range []struct {
		n    int
		what string
	}{{r.Busy, "in work"}, {r.PutOff, "put off"}, {r.Passed, "met"}, {r.Missed, "timed out"}} {
		if n.n > 0 {
			out = append(out, thousands(n.n)+" "+n.what)
		}
	}
	if !r.NextAt.IsZero() {
		out = append(out, "next "+stamp(r.NextAt))
	}
	return out
}

// stamp writes campaign time for people.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }
