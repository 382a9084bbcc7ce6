package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/audience/overlap"
	"github.com/herald-campaigns/herald/engine/live"
	"github.com/herald-campaigns/herald/engine/store"
)

var segmentsCommand = command{
	name: "segments", args: "[-small N] [-pairs N] [-json] [DIR]", about: "show how big segments are, how they grow and how much they overlap",
	long: "Counts the people of every live segment. `Alike` is the index of Jaccard: the people\nin both of two segments, of the people in either.\n\nFindings have stable codes: S001 nobody is in it, S002 everybody is, S003 fewer than\n-small people, S004 nearly the same people as another.",
	run: func(ctx context.Context, c *call) error {
		c.storeFlags()
		c.nowFlag()
		c.flags.BoolVar(&c.json, "json", false, "print JSON for programs")
		small := c.flags.Int("small", 25, "a segment with fewer `people` than this is pointed out")
		pairs := c.flags.Int("pairs", overlap.DefaultPairs, "how many `pairs` of segments to show, the most alike first")
		if err := c.parse(); err != nil {
			return err
		}
		now, err := c.instant()
		if err != nil {
			return err
		}
		s, err := c.existingStore(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		census, err := c.census(ctx, s, now, overlap.Limits{Small: *small, Pairs: *pairs})
		if err != nil {
			return err
		}
		if c.json {
			enc := json.NewEncoder(c.out)
			enc.SetIndent("", "  ")
			return enc.Encode(census)
		}
		return census.write(c.out)
	},
}

// census is what `herald segments` tells.
type census struct {
	At       time.Time     `json:"at"`
	People   int64         `json:"people"`
	Segments []censusRow   `json:"segments"`
	Alike    []censusPair  `json:"alike"`
	Findings []censusIssue `json:"findings"`
	compared int
}

type censusRow struct {
	Segment string  `json:"segment"`
	People  int     `json:"people"`
	Share   float64 `json:"share"` // of all people, 0 to 1
	Unknown int     `json:"unknown"`
	Week    growth  `json:"last_7_days"`
	Month   growth  `json:"last_30_days"`
}

// growth is who crossed the border of a segment.
type growth struct {
	Entered int64 `json:"entered"`
	Left    int64 `json:"left"`
}

type censusPair struct {
	A       string  `json:"a"`
	B       string  `json:"b"`
	Both    int     `json:"both"`
	Jaccard float64 `json:"jaccard"`
}

type censusIssue struct {
	Code    overlap.Code `json:"code"`
	Segment string       `json:"segment"`
	Message string       `json:"message"`
}

// census counts the live segments at an instant.
func (c *call) census(ctx context.Context, s store.Store, now time.Time, limits overlap.Limits) (*census, error) {
	out := &census{At: now, Segments: []censusRow{}, Alike: []censusPair{}, Findings: []censusIssue{}}
	var found store.Live
	err := s.View(ctx, func(r store.Reader) (err error) {
		if out.People, err = r.CountPeople(); err != nil {
			return err
		}
		found, err = r.Live()
		return err
	})
	if err != nil {
		return nil, err
	}
	project, err := live.Link(found)
	if err != nil {
		return nil, err
	}
	sets, err := c.segmentSets(ctx, s, project, now)
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		row := censusRow{Segment: set.Segment, People: len(set.People), Unknown: set.Unknown}
		if out.People > 0 {
			row.Share = float64(row.People) / float64(out.People)
		}
		out.Segments = append(out.Segments, row)
	}
	if err := out.grow(ctx, s); err != nil {
		return nil, err
	}
	out.survey(overlap.Look(sets, int(out.People), limits))
	return out, nil
}

// segmentSets evaluates every segment of a project, in one pass.
func (c *call) segmentSets(ctx context.Context, s store.Store, project *link.Project, now time.Time) ([]overlap.Set, error) {
	names := project.Names("segment")
	conditions := make([]*expr.Checked, len(names))
	for i, name := range names {
		segment, err := project.Segment(name)
		if err != nil {
			return nil, err
		}
		conditions[i] = segment.When
	}
	ask, done, err := c.asker(ctx, s)
	if err != nil {
		return nil, err
	}
	defer done()
	selections, err := ask(project).SelectMany(ctx, conditions, now)
	if err != nil {
		return nil, err
	}
	sets := make([]overlap.Set, len(names))
	for i, name := range names {
		sets[i] = overlap.Set{Segment: name, People: selections[i].Yes, Unknown: len(selections[i].Unknown)}
	}
	return sets, nil
}

// grow adds who came and went lately.
func (s *census) grow(ctx context.Context, st store.Store) error {
	month, week := s.At.AddDate(0, 0, -30), s.At.AddDate(0, 0, -7)
	return st.View(ctx, func(r store.Reader) error {
		for i := range s.Segments {
			row := &s.Segments[i]
			row.Week, row.Month = growth{}, growth{}
			days, err := r.SegmentDays(row.Segment, month)
			if err != nil {
				return err
			}
			for _, d := range days {
				row.Month.add(d)
				if !d.Day.Before(week) {
					row.Week.add(d)
				}
			}
		}
		return nil
	})
}

func (g *growth) add(d store.SegmentDay) {
	g.Entered += d.Entered
	g.Left += d.Left
}

func (g growth) String() string {
	if g == (growth{}) {
		return "–"
	}
	return fmt.Sprintf("+%d −%d", g.Entered, g.Left)
}

func (s *census) survey(found overlap.Survey) {
	s.compared = found.Compared
	for _, p := range found.Pairs {
		s.Alike = append(s.Alike, censusPair{p.A, p.B, p.Both, p.Jaccard})
	}
	for _, f := range found.Findings {
		s.Findings = append(s.Findings, censusIssue{f.Code, f.Segment, findingText(f)})
	}
}

func findingText(f overlap.Finding) string {
	switch f.Code {
	case overlap.Empty:
		return "nobody is in it"
	case overlap.Everybody:
		return "everybody is in it"
	case overlap.Small:
		return fmt.Sprintf("%d in it: too few to tell anything about them", f.People)
	case overlap.Duplicate:
		if f.Jaccard == 1 {
			return fmt.Sprintf("the same people as segment.%s", f.Other)
		}
		return fmt.Sprintf("nearly the same people as segment.%s (%s alike)", f.Other, percent(f.Jaccard))
	}
	return string(f.Code)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func (s *census) write(w io.Writer) error {
	if len(s.Segments) == 0 {
		_, err := fmt.Fprintln(w, "No segment is live. `herald apply` makes the files' segments live.")
		return err
	}
	fmt.Fprintf(w, "%d people, counted %s\n\n", s.People, s.At.UTC().Format("2006-01-02 15:04 MST"))
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "segment\tpeople\tshare\tunknown\t7 days\t30 days")
	for _, r := range s.Segments {
		fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%s\t%s\n", r.Segment, r.People, percent(r.Share), r.Unknown, r.Week, r.Month)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := s.writePairs(w); err != nil {
		return err
	}
	return s.writeFindings(w)
}

func (s *census) writePairs(w io.Writer) error {
	if len(s.Alike) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nMost alike")
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, p := range s.Alike {
		fmt.Fprintf(t, "  %s\t%s\t%d in both\t%s\n", p.A, p.B, p.Both, percent(p.Jaccard))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if n := len(s.Segments); s.compared < n && s.compared >= overlap.DefaultCompare {
		fmt.Fprintf(w, "  (of the %d largest of %d)\n", s.compared, n)
	}
	return nil
}

func (s *census) writeFindings(w io.Writer) error {
	if len(s.Findings) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("\nTo look at\n")
	for _, f := range s.Findings {
		fmt.Fprintf(&b, "  %s segment.%s: %s\n", f.Code, f.Segment, f.Message)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
