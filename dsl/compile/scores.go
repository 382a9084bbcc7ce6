package compile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr/ir"
)

// marks is how many marks a scale has, and edges how many edges stand between.
const (
	marks = 5
	edges = marks - 1
)

// rfm is the CEL of a recency, frequency and money score: an object of four
// fields, all of them unknown of who has no event in the window.
func (b *body) rfm() string {
	e := b.event("events")
	window := b.durationOr("within", 365*day)
	recency := b.risingDurations("recency", []time.Duration{7 * day, 30 * day, 90 * day, 180 * day})
	frequency := b.risingNumbers("frequency", []float64{1, 2, 4, 8})
	money := b.risingNumbers("money", []float64{1, 2, 3, 4})
	if !b.broken && recency[edges-1] >= window {
		b.fail(b.lastOf("within", "recency"), fmt.Sprintf("The edges of recency reach back to %s, and purchases count for %s only.",
			campaign.FormatDuration(recency[edges-1]), campaign.FormatDuration(window)), "Let within be longer than the last edge.")
	}
	if e == nil {
		return ""
	}
	amount := b.property("amount", e.Properties, "event."+e.Name, campaign.Number)
	if amount == nil || b.broken {
		return ""
	}
	history := eventHistory(e.Name, campaign.FormatDuration(window))
	score := func(marks string) string {
		return fmt.Sprintf("(%[1]s.any() ? (%[2]s) : %[1]s.max(e, 0))", history, marks)
	}
	r := score(recencyMarks(e.Name, recency))
	f := score(upTo(history+".count()", frequency))
	m := score(upTo(fmt.Sprintf("%s.sum(e, e.%s)", history, celName(amount.Name)), money))
	return fmt.Sprintf(`{"recency": %[1]s, "frequency": %[2]s, "money": %[3]s, "score": string(%[1]s) + string(%[2]s) + string(%[3]s)}`, r, f, m)
}

// recencyMarks asks the windows from the shortest to the longest.
func recencyMarks(event string, edges []time.Duration) string {
	var b strings.Builder
	for i, edge := range edges {
		fmt.Fprintf(&b, "%s.any() ? %d : ", eventHistory(event, campaign.FormatDuration(edge)), marks-i)
	}
	return b.String() + "1"
}

// upTo compares a number with the edges from the lowest to the highest.
func upTo(number string, edges []float64) string {
	var b strings.Builder
	for i, edge := range edges {
		fmt.Fprintf(&b, "%s <= %s ? %d : ", number, ir.FormatNumber(edge), i+1)
	}
	return fmt.Sprintf("%s%d", b.String(), marks)
}

func (b *body) risingNumbers(name string, otherwise []float64) []float64 {
	return rising(b, name, otherwise, "numbers", func(v any) (float64, bool) {
		n, ok := v.(float64)
		return n, ok
	})
}

func (b *body) risingDurations(name string, otherwise []time.Duration) []time.Duration {
	return rising(b, name, otherwise, "durations", func(v any) (time.Duration, bool) {
		s, ok := v.(string)
		if !ok {
			return 0, false
		}
		d, err := campaign.ParseDuration(s)
		if err != nil {
			b.fail(name, sentence(err.Error()), durationFix(s))
		}
		return d, true
	})
}

// rising reads the edges of a scale. What is wrong is said, and the default stands
// in for it.
func rising[T time.Duration | float64](b *body, name string, otherwise []T, what string, read func(any) (T, bool)) []T {
	items, ok := typed[[]any](b, name, "a list of "+what)
	if !ok {
		return otherwise
	}
	said := len(b.c.diags)
	out := make([]T, 0, len(items))
	for _, item := range items {
		v, ok := read(item)
		if !ok {
			b.mistyped(name, fmt.Sprintf("%s must be a list of %s, and one element is %s.", name, what, describe(item)), "")
			return otherwise
		}
		out = append(out, v)
	}
	switch {
	case len(b.c.diags) > said:
		return otherwise
	case len(out) != edges:
		b.fail(name, fmt.Sprintf("%s has %d edges between the %d marks; %d given.", name, edges, marks, len(out)), "")
		return otherwise
	case !slices.IsSorted(out) || len(slices.Compact(slices.Clone(out))) < len(out):
		b.fail(name, fmt.Sprintf("The edges of %s must rise.", name), "Write the lowest first.")
		return otherwise
	}
	return out
}

// affinity is the CEL of what a person likes best.
func (b *body) affinity() string {
	e := b.event("events")
	window, half := b.window("within", ""), b.window("half_life", "")
	if e == nil {
		return ""
	}
	fields, of := e.Properties, "event."+e.Name
	items := ""
	if b.has("items") {
		list := b.property("items", e.Properties, of, campaign.List)
		if list == nil {
			return ""
		}
		if list.Type.Elem.Kind != campaign.Object {
			b.mistyped("items", fmt.Sprintf("items must name a list of objects, and %s of %s is a %s.", list.Name, of, list.Type), "Leave it out, and name a property of the event by `by`.")
			return ""
		}
		fields, of, items = list.Type.Elem.Fields, of+"."+list.Name, celName(list.Name)
	}
	by := b.property("by", fields, of, campaign.String, campaign.Ref)
	weight := ""
	if b.has("weight") {
		if w := b.property("weight", fields, of, campaign.Number); w != nil {
			weight = celName(w.Name)
		}
	}
	if by == nil || b.broken {
		return ""
	}
	return likes(eventHistory(e.Name, window), items, celName(by.Name), weight, half)
}

// likes writes top and strength. What is gone over has the variable x: an event,
// an item, or what of an item counts. Nothing in it is unknown: what has no value
// of `by`, or no weight, is left out.
func likes(history, items, by, weight, half string) string {
	counts := func(v string) string {
		if weight == "" {
			return fmt.Sprintf("has(%s.%s)", v, by)
		}
		return fmt.Sprintf("has(%[1]s.%[2]s) && %[1]s.%[3]s > 0", v, by, weight)
	}
	weighs := func(v, event string) string {
		var factors []string
		if weight != "" {
			factors = append(factors, v+"."+weight)
		}
		if half != "" {
			factors = append(factors, fmt.Sprintf("decay(now - %s.at, duration(%q))", event, half))
		}
		return strings.Join(factors, " * ")
	}
	var over string
	value, each := "x."+by, weighs("x", "x")
	switch {
	case items == "":
		over = fmt.Sprintf("%s.where(x, %s)", history, counts("x"))
	case half == "":
		over = fmt.Sprintf("%s.flat(e, e.%s.filter(i, %s))", history, items, counts("i"))
	default:
		over = fmt.Sprintf(`%s.flat(e, e.%s.filter(i, %s).map(i, {"value": i.%s, "weight": %s}))`, history, items, counts("i"), by, weighs("i", "e"))
		value, each = "x.value", "x.weight"
	}
	if each != "" {
		each = ", " + each
	}
	top := fmt.Sprintf("%s.top(x, %s%s)", over, value, each)
	return fmt.Sprintf(`{"top": %[1]s, "strength": [%[1]s].max(t, %[2]s.share(x, %[3]s == t%[4]s))}`, top, over, value, each)
}
