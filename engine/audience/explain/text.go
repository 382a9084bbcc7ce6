package explain

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
)

// Text writes an explanation for people. Who is the person's name in it.
func (x *Explanation) Text(who string) string {
	var b strings.Builder
	switch x.Truth {
	case expr.True.String():
		fmt.Fprintf(&b, "%s is in segment.%s.\n", who, x.Segment)
	case expr.False.String():
		fmt.Fprintf(&b, "%s is not in segment.%s.\n", who, x.Segment)
	default:
		fmt.Fprintf(&b, "%s is not in segment.%s: it cannot be told.\n", who, x.Segment)
	}
	fmt.Fprintf(&b, "  when %s\n\n", x.When)
	writeFindings(&b, x.Findings, 1)
	if x.Next != nil {
		fmt.Fprintf(&b, "\nWith no news this changes on %s.\n", minute(*x.Next))
	}
	if len(x.Moves) > 0 {
		b.WriteString("\nUntil now:\n")
	}
	for _, m := range x.Moves {
		word := "left"
		if m.Entered {
			word = "entered"
		}
		fmt.Fprintf(&b, "  %s on %s because %s\n", word, minute(m.At), m.Because)
		for _, f := range m.Findings {
			if f.Decides {
				fmt.Fprintf(&b, "      %s\n", f.Sentence())
			}
		}
	}
	return b.String()
}

func writeFindings(b *strings.Builder, found []Finding, depth int) {
	for _, f := range found {
		mark := " "
		if f.Decides {
			mark = "→"
		}
		fmt.Fprintf(b, "%s%s %-7s %s\n", strings.Repeat("  ", depth), mark, f.Truth, f.Sentence())
		writeFindings(b, f.Parts, depth+1)
	}
}

// Sentence is a finding in words: what is looked at, what it is, what is needed.
func (f *Finding) Sentence() string {
	if f.Op == "" {
		return f.Text
	}
	value := "unknown"
	if f.Value != nil {
		value = show(f.Value)
	}
	need := show(f.Need)
	if f.Need == nil {
		need = "something that is unknown"
	}
	if f.Right != "" {
		need = f.Right + ", which is " + need + ","
	}
	if strings.HasSuffix(f.Op, "in") {
		return fmt.Sprintf("%s is %s, needed is one of %s", f.Left, value, need)
	}
	return fmt.Sprintf("%s is %s, %s is needed", f.Left, value, fmt.Sprintf(needs[f.Op], need))
}

// needs says what a comparison asks for.
var needs = map[string]string{
	"==": "%s", "!=": "anything but %s", "<": "less than %s", "<=": "at most %s", ">": "more than %s", ">=": "at least %s",
}

// show writes a JSON value.
func show(v any) string {
	if f, ok := v.(float64); ok {
		return expr.ValueOf(rounded(f)).Text()
	}
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(body)
}

func named(name string) string {
	if name == "" {
		return ""
	}
	return " #" + name
}

func day(t time.Time) string    { return t.UTC().Format("2006-01-02") }
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// length is "90 days" for 90d.
func length(s string) string {
	d, err := campaign.ParseDuration(s)
	if err != nil || d%(24*time.Hour) != 0 {
		return s
	}
	if days := int(d / (24 * time.Hour)); days != 1 {
		return fmt.Sprintf("%d days", days)
	}
	return "a day"
}

// shownDigits is how many digits of a number are shown: sums of prices have no
// more that mean anything.
const shownDigits = 10

func rounded(f float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', shownDigits, 64), 64)
	if err != nil {
		return f
	}
	return r
}
