package rehearse

import (
	"fmt"
	"io"
	"strings"
)

// WriteFailure prints what differs, and the time-line with what should have been sent
// beside it.
func WriteFailure(w io.Writer, r *Run, differences []Difference) error {
	for _, d := range differences {
		fmt.Fprintf(w, "  %s\n    expected  %s\n    got       %s\n", d.What, d.Want, d.Got)
	}
	rows := append([][3]string{{"when", "what happened", "expected"}}, r.rows()...)
	var width [2]int
	for _, row := range rows {
		width[0], width[1] = max(width[0], len(row[0])), max(width[1], len(row[1]))
	}
	var b strings.Builder
	for _, row := range rows {
		line := fmt.Sprintf("  %-*s  %-*s  %s", width[0], row[0], width[1], row[1], row[2])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rows lay the expected sends beside the lines: at their instants, or else at the
// end.
func (r *Run) rows() [][3]string {
	var rows [][3]string
	expected := r.Test.Expect.Sent
	done := make([]bool, len(expected))
	for _, l := range r.Lines {
		for i, e := range expected { // what should have come before
			if !done[i] && e.At != nil && *e.At < l.At {
				done[i] = true
				rows = append(rows, [3]string{Clock(*e.At), "", "sends message." + e.Message})
			}
		}
		row := [3]string{Clock(l.At), l.What, ""}
		for i, e := range expected {
			if want := "sends message." + e.Message; !done[i] && want == l.What && (e.At == nil || *e.At == l.At) {
				done[i], row[2] = true, want
				break
			}
		}
		rows = append(rows, row)
	}
	for i, e := range expected {
		if !done[i] {
			at := "any time"
			if e.At != nil {
				at = Clock(*e.At)
			}
			rows = append(rows, [3]string{at, "", "sends message." + e.Message})
		}
	}
	if len(rows) == 0 {
		rows = append(rows, [3]string{"", "nothing", ""})
	}
	return rows
}
