// Package lint looks for what a project says that its author is unlikely to have
// meant: conditions that nobody or everybody meets, ways that nobody can go,
// segments that nobody reads or that are another by a second name.
//
// By role:
//   - Run: the findings about a compiled project, at their places in its files
//   - Codes: what there is to find
//
// Enters: a Revision and the files that it was compiled from. Leaves: warnings.
// Refused: people; what depends on how many there are is asked of them by
// `herald segments`.
package lint

import (
	"fmt"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// Code is one kind of finding.
type Code struct {
	Name    string // stable: "lint-nobody"
	Summary string // constant for the code
	Doc     string // what it means, and why it is worth a look
}

// The codes.
const (
	Nobody      = "lint-nobody"
	Everybody   = "lint-everybody"
	Unreachable = "lint-unreachable"
	Unread      = "lint-unread"
	Twins       = "lint-twins"
	Forever     = "lint-forever"
	Echo        = "lint-echo"
)

var summaries = map[string]string{
	Nobody:      "A condition that nobody can meet",
	Everybody:   "A condition that everybody meets",
	Unreachable: "A way that nobody can go",
	Unread:      "Nothing reads it",
	Twins:       "Two segments with one meaning",
	Forever:     "A wait that may last for ever",
	Echo:        "A journey that sets itself off",
}

// Codes lists what there is to find.
func Codes() []Code {
	docs := [][2]string{
		{Nobody, "What the condition asks cannot be at once: a number above 5 and below 3, a segment and not that segment, an event in the last 30 days and none in the last 90. Segments and traits that it names are looked into."},
		{Everybody, "The condition cannot be false: it selects everybody of whom it is known."},
		{Unreachable, "Whoever the case of a branch or of a content holds of goes down an earlier one, because it asks less, the same in other words, or nothing. Or an arm of a split has the weight 0."},
		{Unread, "No journey, broadcast, message, content, trait or segment names the segment or the trait. Segments of a library are left out."},
		{Twins, "Two segments ask the same in other words; segments that they name are looked into."},
		{Forever, "A wait has `timeout = \"never\"`: whoever its condition never holds of stays in the journey."},
		{Echo, "A step emits the event that starts its own journey: whoever may enter again goes round and round."},
	}
	out := make([]Code, len(docs))
	for i, d := range docs {
		out[i] = Code{d[0], summaries[d[0]], d[1]}
	}
	return out
}

// Run looks at a project. Files that have changed since it was compiled make
// places wrong, and nothing else. The findings come in the order of the files. The
// error says that the project cannot be linked.
func Run(rev *campaign.Revision, files *syntax.Project) (diag.List, error) {
	project, err := link.Link(rev.Resources, rev.Settings, rev.Environment)
	if err != nil {
		return nil, err
	}
	l := &linter{project: project, places: placesOf(files), read: map[addr.Addr]bool{}, meanings: map[string]string{}}
	for _, r := range rev.Resources {
		if err := l.look(r.Def); err != nil {
			return nil, err
		}
	}
	for _, r := range rev.Resources {
		l.unread(r.Def)
	}
	l.diags.Sort()
	return l.diags, nil
}

// linter is one run.
type linter struct {
	project  *link.Project
	places   places
	read     map[addr.Addr]bool // segments and traits that something names
	meanings map[string]string  // meaning → label of the first segment that has it
	diags    diag.List
}

func (l *linter) report(code string, at diag.Range, detail, fix string) {
	l.diags = append(l.diags, diag.Diagnostic{Severity: diag.Warning, Code: code, Summary: summaries[code], Detail: detail, Fix: fix, Subject: at})
}

// look goes through one definition.
func (l *linter) look(def campaign.Definition) error {
	for _, e := range campaign.Expressions(def) {
		l.reads(e.Reads)
	}
	switch d := def.(type) {
	case *campaign.Segment:
		return l.segment(d)
	case *campaign.Content:
		return l.content(d)
	case *campaign.Message:
		m, err := l.project.Message(d.Name)
		if err == nil {
			l.reads(m.Reads)
		}
		return err
	case *campaign.Broadcast:
		b, err := l.project.Broadcast(d.Name)
		if err == nil {
			l.condition(l.places.block(d.Address()), "audience", b.Audience)
		}
		return err
	case *campaign.Journey:
		return l.journey(d)
	}
	return nil
}

func (l *linter) reads(r campaign.Reads) {
	for _, name := range r.Segments {
		l.read[addr.New("segment", name)] = true
	}
	for _, name := range r.Traits {
		l.read[addr.New("trait", name)] = true
	}
}

func (l *linter) content(d *campaign.Content) error {
	at := l.places.block(d.Address())
	w := &ways{linter: l, what: fmt.Sprintf("content %q", d.Name)}
	for _, c := range d.Cases {
		if c.When == nil {
			w.rest(at.within("else", ""))
			continue
		}
		checked, problems, err := l.project.Condition(c.When.Text)
		if err != nil {
			return err
		}
		if checked == nil {
			return fmt.Errorf("%s: case %q does not check: %v", d.Address(), c.Name, problems)
		}
		w.add(at.within("case", c.Name), c.Name, checked)
	}
	return nil
}

func (l *linter) journey(d *campaign.Journey) error {
	j, err := l.project.Journey(d.Name)
	if err != nil {
		return err
	}
	at := l.places.block(d.Address())
	if t := d.Trigger.Segment; t != nil {
		l.read[addr.New("segment", t.Segment)] = true
	}
	l.condition(at.within("trigger", d.Trigger.Name), "where", j.Where)
	l.condition(at.within("trigger", d.Trigger.Name), "audience", j.Audience)
	l.condition(at, "exit_when", j.ExitWhen)
	l.condition(at, "goal_when", j.GoalWhen)
	d.Steps.Walk(func(s campaign.Step) {
		linked, ok := j.Step(s.StepName())
		if !ok {
			return
		}
		switch s := s.(type) {
		case *campaign.Wait:
			l.wait(at.deep("wait", s.Name), s, linked.Until)
		case *campaign.Branch:
			l.branch(at.deep("branch", s.Name), s, linked.Cases)
		case *campaign.Split:
			l.split(at.deep("split", s.Name), s)
		case *campaign.Emit:
			if t := d.Trigger.Event; t != nil && t.Event == s.Event {
				l.report(Echo, at.deep("emit", s.Name).attribute("event"),
					fmt.Sprintf("emit %q records event.%s, which starts this journey.", s.Name, s.Event), "Emit an event of another name, unless that is meant.")
			}
		}
	})
	return nil
}

// split looks for arms that nobody comes into.
func (l *linter) split(at place, s *campaign.Split) {
	for _, arm := range s.Arms {
		if arm.Weight == 0 {
			l.report(Unreachable, at.within("arm", arm.Name).attribute("weight"),
				fmt.Sprintf("Arm %q of split %q has the weight 0: nobody comes into it.", arm.Name, s.Name), "Leave it out, unless people are still on their way in it.")
		}
	}
}

func (l *linter) wait(at place, s *campaign.Wait, until *expr.Checked) {
	if until == nil {
		return
	}
	l.condition(at, "until", until)
	if s.Timeout == 0 {
		l.report(Forever, at.attribute("timeout"),
			fmt.Sprintf("wait %q has no end: whoever its condition never holds of stays in the journey.", s.Name), "Give it a timeout, unless that is meant.")
	}
}

func (l *linter) branch(at place, s *campaign.Branch, cases []*expr.Checked) {
	w := &ways{linter: l, what: fmt.Sprintf("branch %q", s.Name)}
	for i, c := range s.Cases {
		if cases[i] == nil {
			w.rest(at.within("else", ""))
			continue
		}
		w.add(at.within("case", c.Name), c.Name, cases[i])
	}
}
