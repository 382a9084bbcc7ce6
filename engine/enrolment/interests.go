package enrolment

import (
	"slices"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
	"github.com/herald-campaigns/herald/dsl/link"
)

// Interests are the labels of the events that can change a condition, through the
// segments that it names; sorted. A nil condition has none.
func Interests(p *link.Project, conditions ...*expr.Checked) []string {
	events := personEvents(p.Closure(link.ReadsOf(conditions...)...))
	for _, c := range conditions {
		if c != nil {
			events = append(events, stepEvents(c)...)
		}
	}
	slices.Sort(events)
	return slices.Compact(events)
}

// personEvents are the events that can change what a closure looks at of a person.
func personEvents(all campaign.Reads) []string {
	events := slices.Clone(all.Events)
	if len(all.Topics) > 0 || all.Reachable {
		events = append(events, "subscribed", "unsubscribed")
	}
	if all.Reachable {
		for _, channel := range link.Channels() {
			events = append(events, channel+"_bounced", channel+"_complained")
		}
	}
	return events
}

// stepEvents are the events that can change what a condition knows of a send.
func stepEvents(c *expr.Checked) []string {
	if len(c.Reads().Steps) == 0 {
		return nil
	}
	var events []string
	ir.Walk(c.Node(), func(n ir.Node) bool {
		if step, ok := n.(*ir.Step); ok {
			events = append(events, fieldEvents(step.Field)...)
		}
		return true
	})
	return events
}

func fieldEvents(field string) []string {
	var suffix string
	switch field {
	case "withheld":
		return []string{"message_withheld"}
	case "at":
		suffix = "_sent"
	case "delivered", "opened", "clicked", "bounced":
		suffix = "_" + field
	case "machine_opened":
		suffix = "_opened"
	default: // met: the run itself knows
		return nil
	}
	var events []string
	for _, channel := range link.Channels() {
		events = append(events, channel+suffix)
	}
	return events
}
