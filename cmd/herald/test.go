package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/engine/rehearse"
)

var testCommand = command{
	name: "test", args: "[-run REGEXP] [-cover] [-json] [DIR]", about: "play the tests of a project on simulated time",
	long: "Tests stand in *.test.hcl. Nothing outside the folder is read, nothing is sent and no\nserver runs. The exit code is 1 when a test fails.",
	run: func(_ context.Context, c *call) error {
		c.projectFlags()
		pattern := c.flags.String("run", "", "play the tests alone whose name matches `REGEXP`")
		cover := c.flags.Bool("cover", false, "tell which steps and ways of journeys no test goes through")
		if err := c.parse(); err != nil {
			return err
		}
		run, err := regexp.Compile(*pattern)
		if err != nil {
			return fmt.Errorf("-run: %w", err)
		}
		return c.test(run, *cover)
	},
}

// verdict is what came of a test.
type verdict struct {
	Name        string                `json:"name"`
	Journey     string                `json:"journey"`
	Place       string                `json:"place"`
	Passed      bool                  `json:"passed"`
	Differences []rehearse.Difference `json:"differences,omitempty"`
	Line        []occurrence          `json:"time_line"`
	run         *rehearse.Run
}

// occurrence is one line of a time-line.
type occurrence struct {
	At   string `json:"at"`
	What string `json:"what"`
}

// tested is the whole of a run of `herald test`.
type tested struct {
	Passed int                `json:"passed"`
	Failed int                `json:"failed"`
	Tests  []verdict          `json:"tests"`
	Cover  []rehearse.Covered `json:"coverage,omitempty"`
}

func (c *call) test(run *regexp.Regexp, cover bool) error {
	out, err := c.compile(false)
	if err != nil {
		return err
	}
	if len(out.diags) > 0 {
		c.showDiags(out.diags, out.tree.Source)
	}
	if out.revision == nil {
		return exitCode(exitError)
	}
	project, err := link.Link(out.revision.Resources, out.revision.Settings, out.revision.Environment)
	if err != nil {
		return err
	}
	tests := slices.DeleteFunc(slices.Clone(out.tests), func(t campaign.Test) bool { return !run.MatchString(t.Name) })
	sum, err := playAll(project, tests, cover)
	if err != nil {
		return err
	}
	if c.json {
		err = json.NewEncoder(c.out).Encode(sum)
	} else {
		err = c.showTested(sum, len(out.tests))
	}
	if err == nil && sum.Failed > 0 {
		err = exitCode(exitError)
	}
	return err
}

// playAll plays tests one after the other.
func playAll(project *link.Project, tests []campaign.Test, cover bool) (tested, error) {
	sum := tested{Tests: []verdict{}}
	stage := rehearse.New(project)
	var coverage rehearse.Coverage
	for i := range tests {
		t := &tests[i]
		r, err := stage.Play(t)
		if err != nil {
			return sum, fmt.Errorf("%s: %w", t.Place, err)
		}
		v := verdict{Name: t.Name, Journey: t.Journey, Place: t.Place, Differences: rehearse.Check(r), run: r}
		for _, l := range r.Lines {
			v.Line = append(v.Line, occurrence{rehearse.Clock(l.At), l.What})
		}
		if v.Passed = len(v.Differences) == 0; v.Passed {
			sum.Passed++
		} else {
			sum.Failed++
		}
		sum.Tests = append(sum.Tests, v)
		coverage.Add(r)
	}
	if !cover {
		return sum, nil
	}
	for _, name := range project.Names("journey") {
		j, err := project.Journey(name)
		if err != nil {
			return sum, err
		}
		sum.Cover = append(sum.Cover, coverage.Of(j.Def))
	}
	return sum, nil
}

func (c *call) showTested(sum tested, all int) error {
	for _, v := range sum.Tests {
		if v.Passed {
			continue
		}
		fmt.Fprintf(c.out, "FAIL  %s (%s)\n", v.Name, v.Place)
		if err := rehearse.WriteFailure(c.out, v.run, v.Differences); err != nil {
			return err
		}
		fmt.Fprintln(c.out)
	}
	switch {
	case all == 0:
		fmt.Fprintln(c.out, "There are no tests: they stand in *.test.hcl.")
	case len(sum.Tests) == 0:
		fmt.Fprintln(c.out, "No test has such a name.")
	case sum.Failed > 0:
		fmt.Fprintf(c.out, "%d of %d tests failed.\n", sum.Failed, len(sum.Tests))
	default:
		fmt.Fprintf(c.out, "All %d tests passed.\n", len(sum.Tests))
	}
	return c.showCover(sum.Cover)
}

func (c *call) showCover(covered []rehearse.Covered) error {
	if len(covered) == 0 {
		return nil
	}
	fmt.Fprintln(c.out)
	t := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "journey\tcovered\tno test goes through")
	for _, j := range covered {
		missing := make([]string, len(j.Missing))
		for i, p := range j.Missing {
			missing[i] = strings.TrimSuffix(p.Step+": "+p.Way, ": ")
		}
		list := "-"
		if len(missing) > 0 {
			list = strings.Join(missing, ", ")
		}
		fmt.Fprintf(t, "%s\t%d of %d\t%s\n", j.Journey, j.Passed, j.Of, list)
	}
	return t.Flush()
}
