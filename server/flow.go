package server

import (
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// flow is a journey as a drawing: boxes, and the lines between them, in pixels.
type flow struct {
	Width, Height int
	Boxes         []box
	Lines         []line
}

// box is a step, the trigger, or the end.
type box struct {
	X, Y, Width, Height   int // X and Y are the left upper corner
	Kind                  string
	Label, Detail, Remark string // Remark is shown when the pointer rests on the box
	People                int64
	Sends                 *outcome // of a send
}

// outcome is what came of the messages of one step.
type outcome struct{ Sent, Opened, Clicked int64 }

// crowd is who is where in a journey, and who was sent what.
type crowd struct {
	people   map[string]int64   // by step; "": entered, and not yet at a step
	sends    map[string]outcome // by step
	finished int64
}

const (
	boxWidth   = 196
	boxHeight  = 54
	sendHeight = 94
	passWidth  = 104 // of the lane of those for whom no case of a branch holds
	gapX       = 28
	gapY       = 44 // between a box and the next, with room for a label
	fan        = 26 // more below a branch, for the lines to part
)

// draw lays a journey out from top to bottom. The cases of a branch stand in
// lanes beside each other; no line leaves the lane of where it starts before all
// lanes have ended, so none crosses a box.
func draw(j *campaign.Journey, at crowd) flow {
	d := &drawing{crowd: at}
	d.flow.Width = widthOf(j.Steps)
	x := d.flow.Width / 2
	y := d.place(box{Kind: "trigger", Label: triggerLabel(j.Trigger), Detail: triggerDetail(j.Trigger), People: at.people[""]}, x, 0)
	y, ends := d.sequence(j.Steps, x, y, []end{startingAt(x, y)})
	if len(ends) > 0 || at.finished > 0 {
		d.connect(ends, x, y+gapY)
		y = d.place(box{Kind: "end", Label: "end", Detail: "came through", People: at.finished}, x, y+gapY)
	}
	d.flow.Height = y
	return d.flow
}

// drawing collects boxes and lines.
type drawing struct {
	crowd
	flow flow
}

// end is a loose end of a line.
type end struct{ line }

func startingAt(x, y int) end { return end{line{Points: []point{{x, y}}}} }

// place puts a box with its middle at x; it returns its lower edge.
func (d *drawing) place(b box, x, y int) int {
	b.Width, b.Height = boxWidth, boxHeight
	if b.Sends != nil {
		b.Height = sendHeight
	}
	b.X, b.Y = x-b.Width/2, y
	d.flow.Boxes = append(d.flow.Boxes, b)
	return y + b.Height
}

// connect leads loose ends to the upper edge of a box: each stays in its lane
// until the gap above the box.
func (d *drawing) connect(ends []end, x, y int) {
	for _, e := range ends {
		l := e.line
		if last := l.last(); last.X != x && last.Y < y-gapY {
			l.to(last.X, y-gapY)
		}
		l.to(x, y)
		d.flow.Lines = append(d.flow.Lines, l)
	}
}

// widthOf is how much room steps take.
func widthOf(steps campaign.Steps) int {
	width := boxWidth
	for _, s := range steps {
		if ways := lanes(s); len(ways) > 0 {
			width = max(width, widthOfLanes(ways))
		}
	}
	return width
}

func widthOfLanes(ways []lane) int {
	width := -gapX
	for _, lane := range ways {
		width += lane.width + gapX
	}
	return width
}

// lane is the room of one way on from a branch or a split.
type lane struct {
	label, when string
	steps       campaign.Steps
	width       int
}

// lanes are the arms of a split, or the cases of a branch and, where there is no
// else, the way of those for whom none holds. Other steps have none.
func lanes(s campaign.Step) (out []lane) {
	switch s := s.(type) {
	case *campaign.Branch:
		return lanesOfBranch(s)
	case *campaign.Split:
		total := 0.0
		for _, a := range s.Arms {
			total += a.Weight
		}
		for _, a := range s.Arms {
			l := lane{label: a.Name, steps: a.Steps, width: widthOf(a.Steps)}
			if total > 0 {
				l.when = fmt.Sprintf("%.3g %%", 100*a.Weight/total)
			}
			out = append(out, l)
		}
	}
	return out
}

func lanesOfBranch(b *campaign.Branch) []lane {
	var out []lane
	otherwise := true
	for _, c := range b.Cases {
		l := lane{label: c.Name, when: "else", steps: c.Steps, width: widthOf(c.Steps)}
		if c.When == nil {
			otherwise = false
		} else {
			l.when = c.When.Text
		}
		out = append(out, l)
	}
	if otherwise {
		out = append(out, lane{label: "otherwise", when: "no case holds", width: passWidth})
	}
	return out
}

// sequence draws steps below each other; y is the lower edge of what stands above.
// It returns the lower edge of the last, and the loose ends.
func (d *drawing) sequence(steps campaign.Steps, x, y int, ends []end) (int, []end) {
	for _, s := range steps {
		d.connect(ends, x, y+gapY)
		y = d.place(d.box(s), x, y+gapY)
		ends = []end{startingAt(x, y)}
		switch s.(type) {
		case *campaign.Branch, *campaign.Split:
			if ways := lanes(s); len(ways) > 0 {
				y, ends = d.branch(ways, x, y)
			}
		case *campaign.Exit:
			ends = nil
		}
	}
	return y, ends
}

// branch draws the lanes below a box whose lower edge is at y.
func (d *drawing) branch(ways []lane, x, y int) (lowest int, loose []end) {
	lowest = y + fan + gapY // a lane without steps needs room for its label
	left := x - widthOfLanes(ways)/2
	for _, lane := range ways {
		middle := left + lane.width/2
		e := startingAt(x, y)
		e.to(middle, y+fan)
		e.label(lane, middle, y+fan)
		bottom, ends := d.sequence(lane.steps, middle, y+fan, []end{e})
		lowest = max(lowest, bottom)
		loose = append(loose, ends...)
		left += lane.width + gapX
	}
	return lowest, loose
}

// box is a step without its place.
func (d *drawing) box(s campaign.Step) box {
	b := box{Label: s.StepName(), People: d.people[s.StepName()]}
	switch s := s.(type) {
	case *campaign.Send:
		sends := d.sends[s.Name]
		b.Kind, b.Detail, b.Sends = "send", "send "+s.Message, &sends
	case *campaign.Wait:
		b.Kind, b.Detail = "wait", waitDetail(s)
	case *campaign.Branch:
		b.Kind, b.Detail = "branch", "branch"
	case *campaign.Exit:
		b.Kind, b.Detail = "exit", "exit"
	case *campaign.Split:
		b.Kind, b.Detail = "branch", "split by chance"
	default:
		b.Kind, b.Detail = "act", actDetail(s)
	}
	b.Remark = b.Label + "\n" + b.Detail
	return b
}

// actDetail says what a step does to the person.
func actDetail(s campaign.Step) string {
	switch s := s.(type) {
	case *campaign.Update:
		names := make([]string, len(s.Set))
		for i, b := range s.Set {
			names[i] = b.Input
		}
		return "set " + strings.Join(names, ", ")
	case *campaign.Subscribe:
		if s.Granted {
			return "subscribe to " + s.Topic + " on " + s.Channel
		}
		return "unsubscribe from " + s.Topic + " on " + s.Channel
	case *campaign.Emit:
		return "event " + s.Event
	case *campaign.Call:
		return s.Method + " " + s.URL
	case *campaign.Enter:
		return "enter " + s.Journey
	case *campaign.Throttle:
		return fmt.Sprintf("%d each %s", s.Max, campaign.FormatDuration(s.Per))
	}
	return ""
}

func waitDetail(w *campaign.Wait) string {
	if w.Personal() {
		return personalDetail(w)
	}
	switch {
	case w.Until == nil:
		return "wait " + campaign.FormatDuration(w.For)
	case w.Timeout == 0:
		return "wait until " + w.Until.Text
	}
	return "wait up to " + campaign.FormatDuration(w.Timeout) + " until " + w.Until.Text
}

// personalDetail is of a wait whose end differs from person to person.
func personalDetail(w *campaign.Wait) string {
	var parts []string
	switch {
	case w.Delay != nil:
		parts = append(parts, "for "+w.Delay.Text)
	case w.At != nil:
		parts = append(parts, strings.TrimRight("until "+w.At.Text+" "+w.Clock, " "))
	case w.For > 0:
		parts = append(parts, campaign.FormatDuration(w.For))
	}
	if w.Window != nil {
		parts = append(parts, "from "+w.Window.From+" to "+w.Window.To)
	}
	return "wait " + strings.Join(parts, ", ")
}

func triggerLabel(t campaign.Trigger) string {
	switch {
	case t.Event != nil:
		return t.Event.Event
	case t.Segment != nil:
		return t.Segment.Segment
	case t.Catalog != nil:
		return t.Catalog.Catalog
	}
	return t.Name
}

func triggerDetail(t campaign.Trigger) string {
	switch {
	case t.Event != nil && t.Event.Settle > 0:
		return "happens, then quiet for " + campaign.FormatDuration(t.Event.Settle)
	case t.Event != nil:
		return "happens"
	case t.Segment != nil && t.Segment.Leaves:
		return "is left"
	case t.Segment != nil:
		return "is entered"
	case t.Date != nil:
		return "each year at " + t.Date.At
	case t.API != nil:
		return "is called"
	case t.Schedule != nil:
		return "by the calendar"
	case t.Catalog != nil:
		return "changes"
	}
	return "trigger"
}
