package server

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/link/linktest"
)

// text writes a drawing for a golden test: a line for each box, and for each line
// where it goes.
func (f flow) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d x %d\n", f.Width, f.Height)
	for _, x := range f.Boxes {
		fmt.Fprintf(&b, "%s %q at %d,%d\n", x.Kind, x.Label, x.X, x.Y)
	}
	for _, l := range f.Lines {
		fmt.Fprintf(&b, "line %v", l.Points)
		if l.Label != "" {
			fmt.Fprintf(&b, " %q", l.Label)
		}
		b.WriteString("\n")
	}
	return b.String()
}

var byEvent = campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "cart_updated"}}

func TestDraw(t *testing.T) {
	yes := linktest.When("true")
	for _, test := range []struct {
		name  string
		steps campaign.Steps
		want  string
	}{
		{"nothing", nil, `
196 x 152
trigger "cart_updated" at 0,0
end "end" at 0,98
line [{98 54} {98 98}]
`},
		{"one after another", campaign.Steps{&campaign.Send{Name: "a"}, &campaign.Wait{Name: "b", For: time.Hour}}, `
196 x 388
trigger "cart_updated" at 0,0
send "a" at 0,98
wait "b" at 0,236
end "end" at 0,334
line [{98 54} {98 98}]
line [{98 192} {98 236}]
line [{98 290} {98 334}]
`},
		{"a branch without else", campaign.Steps{
			&campaign.Branch{Name: "b", Cases: []campaign.BranchCase{{Name: "vip", When: yes, Steps: campaign.Steps{&campaign.Wait{Name: "w"}}}}},
		}, `
328 x 374
trigger "cart_updated" at 66,0
branch "b" at 66,98
wait "w" at 0,222
end "end" at 66,320
line [{164 54} {164 98}]
line [{164 152} {98 178} {98 222}] "vip"
line [{98 276} {164 320}]
line [{164 152} {276 178} {276 276} {164 320}] "otherwise"
`},
		{"a branch with else, of which one way ends", campaign.Steps{
			&campaign.Branch{Name: "b", Cases: []campaign.BranchCase{
				{Name: "out", When: yes, Steps: campaign.Steps{&campaign.Exit{Name: "bye"}}}, {Name: "else", Steps: campaign.Steps{&campaign.Wait{Name: "w"}, &campaign.Wait{Name: "v"}}},
			}},
		}, `
420 x 472
trigger "cart_updated" at 112,0
branch "b" at 112,98
exit "bye" at 0,222
wait "w" at 224,222
wait "v" at 224,320
end "end" at 112,418
line [{210 54} {210 98}]
line [{210 152} {98 178} {98 222}] "out"
line [{210 152} {322 178} {322 222}] "else"
line [{322 276} {322 320}]
line [{322 374} {210 418}]
`},
		{"every way ends", campaign.Steps{
			&campaign.Branch{Name: "b", Cases: []campaign.BranchCase{{Name: "else", Steps: campaign.Steps{&campaign.Exit{Name: "bye"}}}}},
		}, `
196 x 276
trigger "cart_updated" at 0,0
branch "b" at 0,98
exit "bye" at 0,222
line [{98 54} {98 98}]
line [{98 152} {98 178} {98 222}] "else"
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := draw(&campaign.Journey{Name: "j", Trigger: byEvent, Steps: test.steps}, crowd{})
			require.Equal(t, strings.TrimPrefix(test.want, "\n"), f.text())
		})
	}
}

// People who came through are shown even where nobody can any more.
func TestEndIsShownForThoseWhoReachedIt(t *testing.T) {
	f := draw(&campaign.Journey{Trigger: byEvent, Steps: campaign.Steps{&campaign.Exit{Name: "bye"}}}, crowd{finished: 3})
	end := f.Boxes[len(f.Boxes)-1]
	require.Equal(t, "end", end.Kind)
	require.EqualValues(t, 3, end.People)
}

func TestWords(t *testing.T) {
	for _, test := range []struct {
		step campaign.Step
		want string
	}{
		{&campaign.Send{Name: "s", Message: "hello"}, "send hello"},
		{&campaign.Wait{Name: "s", For: 36 * time.Hour}, "wait 1d12h"},
		{&campaign.Wait{Name: "s", Until: linktest.When("step.a.clicked")}, "wait until step.a.clicked"},
		{&campaign.Wait{Name: "s", Until: linktest.When("step.a.clicked"), Timeout: 72 * time.Hour}, "wait up to 3d until step.a.clicked"},
		{&campaign.Branch{Name: "s"}, "branch"},
		{&campaign.Exit{Name: "s"}, "exit"},
		{&campaign.Split{Name: "s"}, "split by chance"},
		{&campaign.Wait{Name: "s", Delay: linktest.When("now - profile.joined")}, "wait for now - profile.joined"},
		{&campaign.Wait{Name: "s", At: linktest.When("profile.birthday"), Clock: "09:00", Window: &campaign.Window{From: "09:00", To: "17:00"}}, "wait until profile.birthday 09:00, from 09:00 to 17:00"},
		{&campaign.Wait{Name: "s", For: time.Hour, Window: &campaign.Window{From: "09:00", To: "17:00"}}, "wait 1h, from 09:00 to 17:00"},
		{&campaign.Update{Name: "s", Set: []campaign.Binding{{Input: "tier"}, {Input: "points"}}}, "set tier, points"},
		{&campaign.Subscribe{Name: "s", Topic: "news", Channel: "email"}, "unsubscribe from news on email"},
		{&campaign.Subscribe{Name: "s", Topic: "news", Channel: "email", Granted: true}, "subscribe to news on email"},
		{&campaign.Emit{Name: "s", Event: "scored"}, "event scored"},
		{&campaign.Call{Name: "s", Method: "GET", URL: "https://example.com"}, "GET https://example.com"},
		{&campaign.Enter{Name: "s", Journey: "other"}, "enter other"},
		{&campaign.Throttle{Name: "s", Max: 10, Per: time.Minute}, "10 each 1m"},
	} {
		require.Equal(t, test.want, (&drawing{}).box(test.step).Detail)
	}
	for _, test := range []struct {
		trigger       campaign.Trigger
		label, detail string
	}{
		{byEvent, "cart_updated", "happens"},
		{campaign.Trigger{Name: "t", Event: &campaign.EventTrigger{Event: "cart_updated", Settle: time.Hour}}, "cart_updated", "happens, then quiet for 1h"},
		{campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "lapsed"}}, "lapsed", "is entered"},
		{campaign.Trigger{Name: "birthday", Date: &campaign.DateTrigger{At: "09:00"}}, "birthday", "each year at 09:00"},
		{campaign.Trigger{Name: "t", Segment: &campaign.SegmentTrigger{Segment: "lapsed", Leaves: true}}, "lapsed", "is left"},
		{campaign.Trigger{Name: "t", API: &campaign.APITrigger{}}, "t", "is called"},
		{campaign.Trigger{Name: "t", Catalog: &campaign.CatalogTrigger{Catalog: "breads"}}, "breads", "changes"},
		{campaign.Trigger{Name: "t", Schedule: &campaign.ScheduleTrigger{}}, "t", "by the calendar"},
		{campaign.Trigger{Name: "t"}, "t", "trigger"},
	} {
		require.Equal(t, test.label, triggerLabel(test.trigger))
		require.Equal(t, test.detail, triggerDetail(test.trigger))
	}
}

// steps draws random steps, branches within branches included.
func steps(t *rapid.T, depth int, names *int) campaign.Steps {
	var out campaign.Steps
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		*names++
		name := fmt.Sprint("s", *names)
		kind := rapid.IntRange(0, 6).Draw(t, "kind")
		if kind >= 4 && depth == 0 {
			kind = 0
		}
		switch kind {
		case 0, 1:
			out = append(out, &campaign.Send{Name: name, Message: "m"})
		case 2:
			out = append(out, &campaign.Wait{Name: name, For: time.Hour})
		case 3:
			out = append(out, &campaign.Exit{Name: name})
		case 4:
			s := &campaign.Split{Name: name}
			for i := range rapid.IntRange(1, 3).Draw(t, "arms") {
				s.Arms = append(s.Arms, campaign.Arm{Name: fmt.Sprint("a", i), Weight: 1, Steps: steps(t, depth-1, names)})
			}
			out = append(out, s)
		default:
			b := &campaign.Branch{Name: name}
			cases := rapid.IntRange(1, 4).Draw(t, "cases")
			for i := range cases {
				c := campaign.BranchCase{Name: fmt.Sprint("c", i), When: linktest.When("true"), Steps: steps(t, depth-1, names)}
				if i == cases-1 && rapid.Bool().Draw(t, "else") {
					c.Name, c.When = "else", nil
				}
				b.Cases = append(b.Cases, c)
			}
			out = append(out, b)
		}
	}
	return out
}

// In whatever journey: each step has its box within the drawing, no two boxes or
// labels overlap, each line leads down from the lower edge of one box to the upper
// edge of another and touches none between, and no label covers a foreign line.
func TestDrawingsAreClean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := 0
		j := &campaign.Journey{Name: "j", Trigger: byEvent, Steps: steps(t, 3, &names)}
		f := draw(j, crowd{finished: int64(rapid.IntRange(0, 1).Draw(t, "finished"))})

		drawn := map[string]bool{}
		for i, b := range f.Boxes {
			drawn[b.Label] = true
			require.True(t, b.X >= 0 && b.Y >= 0 && b.X+b.Width <= f.Width && b.Y+b.Height <= f.Height, "%v is outside of %dx%d", b, f.Width, f.Height)
			for _, other := range f.Boxes[:i] {
				require.False(t, overlap(b, other, gapX), "%v and %v", b, other)
			}
		}
		j.Steps.Walk(func(s campaign.Step) { require.True(t, drawn[s.StepName()]) })

		for i, l := range f.Lines {
			from, to := boxWith(f, l.Points[0], false), boxWith(f, l.last(), true)
			require.NotNil(t, from, "%v starts nowhere", l.Points)
			require.NotNil(t, to, "%v ends nowhere", l.Points)
			for _, s := range l.segments() {
				require.LessOrEqual(t, s.Height, 2*(gapY+fan)+f.Height)
				for k := range f.Boxes {
					if b := &f.Boxes[k]; b != from && b != to {
						require.False(t, overlap(s, *b, 0), "%v crosses %v", l.Points, *b)
					}
				}
			}
			if l.Label == "" {
				continue
			}
			for k, other := range f.Lines {
				if k == i {
					continue
				}
				require.False(t, other.Label != "" && overlap(l.LabelBox, other.LabelBox, 0), "labels %v and %v", l, other)
				for _, s := range other.segments() {
					require.False(t, overlap(l.LabelBox, s, 0), "the label of %v covers %v", l, other)
				}
			}
			for _, b := range f.Boxes {
				require.False(t, overlap(l.LabelBox, b, 0), "the label of %v covers %v", l, b)
			}
		}
	})
}

// segments are the straight parts of a line, as boxes.
func (l line) segments() []box {
	var out []box
	at := l.Points[0]
	for _, next := range l.Points[1:] {
		mid := (at.Y + next.Y) / 2
		if next.X == at.X {
			mid = next.Y
		}
		out = append(out, box{X: at.X, Y: at.Y, Width: 1, Height: mid - at.Y})
		if next.X != at.X {
			out = append(out, box{X: min(at.X, next.X), Y: mid, Width: max(at.X, next.X) - min(at.X, next.X), Height: 1}, box{X: next.X, Y: mid, Width: 1, Height: next.Y - mid})
		}
		at = next
	}
	return out
}

// overlap reports whether boxes come nearer than a gap, sideways.
func overlap(a, b box, gap int) bool {
	return a.X < b.X+b.Width+gap && b.X < a.X+a.Width+gap && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height
}

// boxWith finds the box in the middle of whose upper or lower edge a point is.
func boxWith(f flow, p point, upper bool) *box {
	for i := range f.Boxes {
		b := &f.Boxes[i]
		edge := b.Y + b.Height
		if upper {
			edge = b.Y
		}
		if p.X == b.X+b.Width/2 && p.Y == edge {
			return b
		}
	}
	return nil
}

var pathForm = regexp.MustCompile(`^M\d+ \d+(V\d+|Q\d+ \d+ \d+ \d+|H\d+|L\d+ \d+)+$`)

func TestPaths(t *testing.T) {
	for _, test := range []struct {
		line line
		want string
	}{
		{line{Points: []point{{10, 0}, {10, 40}}}, "M10 0V40"},
		{line{Points: []point{{10, 0}, {110, 40}}}, "M10 0V10Q10 20 20 20H100Q110 20 110 30V40"},
		{line{Points: []point{{110, 0}, {10, 40}, {10, 90}}}, "M110 0V10Q110 20 100 20H20Q10 20 10 30V40V90"},
		{line{Points: []point{{10, 0}, {12, 40}}}, "M10 0V19Q10 20 11 20H11Q12 20 12 21V40"},
	} {
		require.Equal(t, test.want, test.line.Path())
		require.Regexp(t, pathForm, test.line.Path())
		require.Regexp(t, pathForm, test.line.Head())
	}
}

// Lines that part share no points.
func TestLinesPart(t *testing.T) {
	l := line{Points: make([]point, 1, 8)}
	a, b := l, l
	a.to(1, 1)
	b.to(2, 2)
	require.Equal(t, point{1, 1}, a.last())
	require.Equal(t, point{2, 2}, b.last())
}
