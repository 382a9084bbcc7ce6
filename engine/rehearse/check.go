package rehearse

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Difference is something that should have come of a play, and did not.
type Difference struct {
	What string `json:"what"` // sent, entered, exited, outcome, path, profile.X, segment.X
	Want string `json:"want"`
	Got  string `json:"got"`
}

// Check compares what came of a play with what its test expects; empty where the
// test passes. What a test says nothing of is not looked at.
func Check(r *Run) []Difference {
	c := &checker{run: r}
	e := &r.Test.Expect
	if e.Sent != nil && !r.sentAs(e.Sent) {
		c.differ("sent", expectedSends(e.Sent), r.sends())
	}
	if e.Entered != nil {
		c.compare("entered", yesNo(*e.Entered), yesNo(r.Entered))
	}
	if e.Exited != nil {
		c.compare("exited", yesNo(*e.Exited), yesNo(r.Outcome == "exited"))
	}
	if e.Outcome != "" {
		got := r.Outcome
		if got == "" {
			got = "never entered"
		}
		c.compare("outcome", word(e.Outcome), got)
	}
	if e.Path != nil {
		c.compare("path", strings.Join(e.Path, ", "), strings.Join(r.Path, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		got, _ := r.Person.Attribute(name)
		if want := e.Attributes[name]; !reflect.DeepEqual(campaign.JSONValue(want), campaign.JSONValue(got)) {
			c.differ("profile."+name, shown(want), shown(got))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Segments)) {
		c.compare("segment."+name, yesNo(e.Segments[name]), yesNo(r.Person.Segment(name) == expr.True))
	}
	return c.found
}

type checker struct {
	run   *Run
	found []Difference
}

func (c *checker) compare(what, want, got string) {
	if want != got {
		c.differ(what, want, got)
	}
}

func (c *checker) differ(what, want, got string) {
	c.found = append(c.found, Difference{what, want, got})
}

// sentAs tells whether exactly these messages went out, in this order.
func (r *Run) sentAs(want []campaign.ExpectedSend) bool {
	return slices.EqualFunc(want, r.Sent, func(w campaign.ExpectedSend, s Sent) bool {
		return w.Message == s.Message && (w.At == nil || *w.At == s.At)
	})
}

func expectedSends(want []campaign.ExpectedSend) string {
	out := make([]string, len(want))
	for i, w := range want {
		out[i] = "message." + w.Message
		if w.At != nil {
			out[i] += " at " + Clock(*w.At)
		}
	}
	return orNothing(out)
}

func (r *Run) sends() string {
	out := make([]string, len(r.Sent))
	for i, s := range r.Sent {
		out[i] = "message." + s.Message + " at " + Clock(s.At)
	}
	return orNothing(out)
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func shown(v any) string {
	if v == nil {
		return "absent"
	}
	return fmt.Sprint(campaign.JSONValue(v))
}

// Clock writes an instant as tests count it: 0h, 1d4h, -2d.
func Clock(d time.Duration) string {
	switch {
	case d == 0:
		return "0h"
	case d < 0:
		return "-" + campaign.FormatDuration(-d)
	}
	return campaign.FormatDuration(d)
}
