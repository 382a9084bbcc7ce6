package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
)

// TextOptions say how to write a plan for a terminal.
type TextOptions struct {
	Color bool
}

// WriteText writes a plan for people: consequences first, then what changes,
// attribute by attribute, then the counts.
func WriteText(w io.Writer, p *Plan, opts TextOptions) error {
	t := &text{color: opts.Color}
	if p.Empty() {
		t.line("No changes. What is live is what the files say (%d resources).", p.Unchanged)
		_, err := io.WriteString(w, t.b.String())
		return err
	}
	t.consequences(p)
	for _, c := range p.Settings {
		t.attribute("  ", c)
	}
	if len(p.Settings) > 0 {
		t.line("")
	}
	for _, c := range p.Changes {
		t.change(c)
	}
	t.line("%s %s; %d unchanged.", t.bold("Plan:"), p.Summary(), p.Unchanged)
	for _, r := range p.Refusals() {
		t.line("%s %s", t.paint(red, "Refused:"), r)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

const (
	red    = "31"
	green  = "32"
	yellow = "33"
	faint  = "2"
)

type text struct {
	b     strings.Builder
	color bool
}

func (t *text) line(format string, args ...any) {
	fmt.Fprintf(&t.b, format+"\n", args...)
}

func (t *text) paint(code, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (t *text) bold(s string) string { return t.paint("1", s) }

// consequences says what the plan does to people.
func (t *text) consequences(p *Plan) {
	where := p.Environment.Name
	if where == "" {
		where = "no environment"
	}
	reach := "mail stays in the local mailbox"
	if p.Environment.Deliver == "people" {
		reach = "mail goes to people"
	} else if len(p.Environment.Allow) > 0 {
		reach += " but for " + strings.Join(p.Environment.Allow, ", ")
	}
	t.line("%s: %s.", t.bold(strings.ToUpper(where[:1])+where[1:]), reach)
	t.line("")
	t.segments(p)
	said := t.b.Len()
	t.unfit(p)
	t.ripples(p)
	t.journeys(p)
	t.broadcasts(p)
	if t.b.Len() > said {
		t.line("")
	}
}

func (t *text) segments(p *Plan) {
	if len(p.Segments) == 0 {
		return
	}
	t.line("%s (counted %s)", t.bold("People"), p.CountedAt.UTC().Format("2006-01-02 15:04 MST"))
	empty, still := 0, 0
	for _, s := range p.Segments {
		switch {
		case s.Before+s.After+s.Enters+s.Leaves+s.Unknown == 0:
			empty++
			continue
		case len(s.Because) > 0 && s.Enters+s.Leaves == 0:
			still++
			continue
		}
		t.line("  segment.%s: %d → %s (%s, %s)%s", s.Segment, s.Before, t.bold(people(s.After)),
			t.paint(green, fmt.Sprintf("+%d", s.Enters)), t.paint(red, fmt.Sprintf("−%d", s.Leaves)), t.asides(s))
		t.samples(s.Sample)
	}
	switch {
	case still == 1:
		t.line("  %s", t.paint(faint, "1 segment reads what changed, and nobody moves"))
	case still > 1:
		t.line("  %s", t.paint(faint, fmt.Sprintf("%d segments read what changed, and nobody moves", still)))
	}
	switch {
	case empty == 1:
		t.line("  %s", t.paint(faint, "1 segment has nobody in it, before and after"))
	case empty > 1:
		t.line("  %s", t.paint(faint, fmt.Sprintf("%d segments have nobody in them, before and after", empty)))
	}
	t.line("")
}

// samples names a few of those who move, and why.
func (t *text) samples(list []Sample) {
	for _, s := range list {
		sign := t.paint(green, "+")
		if !s.Enters {
			sign = t.paint(red, "−")
		}
		why := ""
		if s.Why != "" {
			why = ": " + s.Why
		}
		t.line("    %s %s", sign, t.paint(faint, fmt.Sprintf("e.g. person %d%s", s.Person, why)))
	}
}

// ripples says what the segments' readers do with it.
func (t *text) ripples(p *Plan) {
	for _, r := range p.Ripples {
		place := ""
		if r.Place != "" {
			place = ", " + r.Place
		}
		for _, m := range r.Moves {
			t.line("  %s%s: %s", r.Reader, place, t.shift(r, m))
		}
	}
}

func (t *text) shift(r Ripple, m Shift) string {
	who := people(m.People)
	see := "see"
	if m.People == 1 {
		see = "sees"
	}
	switch r.Reader.Kind() {
	case "content":
		return fmt.Sprintf("%s %s %s instead of %s", who, see, shown(m.To), shown(m.From))
	case "broadcast":
		if m.To == "" {
			return "the audience loses " + who
		}
		return "the audience gains " + who
	}
	if r.Place == "exit_when" {
		return fmt.Sprintf("%s of %d under way would leave at the next look", who, r.People)
	}
	return fmt.Sprintf("%s of %d under way would go by %s instead of %s", who, r.People, shown(m.To), shown(m.From))
}

func shown(name string) string {
	if name == "" {
		return "nothing"
	}
	return fmt.Sprintf("%q", name)
}

// unfit says what stored values are lost to a narrower type.
func (t *text) unfit(p *Plan) {
	for _, u := range p.Unfit {
		what, then := "values do", ", and count as absent from then on"
		if u.Values == 1 {
			what, then = "value does", ", and counts as absent from then on"
		}
		if u.Stay {
			then = ": they stay, and new ones like them are refused"
		}
		t.line("  %s %s, %s: %s → %s: %d stored %s not fit%s.",
			t.paint(yellow, "!"), owner(u.Where), u.Name, u.Before, u.After, u.Values, what, then)
	}
}

func (t *text) asides(s SegmentEffect) string {
	out := ""
	if s.Spelling {
		out += ", written otherwise, meaning the same"
	}
	if s.Unknown > 0 {
		out += fmt.Sprintf(", unknown of %d", s.Unknown)
	}
	if len(s.Because) > 0 {
		out += ", because of " + strings.ReplaceAll(strings.Join(s.Because, ", "), "profile.profile", "profile")
	}
	return t.paint(faint, out)
}

func (t *text) journeys(p *Plan) {
	for _, j := range p.Journeys {
		if j.Enters > 0 {
			if j.Enrols > 0 {
				t.line("  journey.%s: %s %s enter at once (backfill).", j.Journey, t.paint(yellow, "!"), people(j.Enrols))
			} else {
				t.line("  journey.%s: nobody enters by this. The %s already inside segment.%s (backfill = false).", j.Journey, counting(j.Enters), j.Segment)
			}
		}
		if j.Inside > 0 && j.Action != NoOp {
			t.line("  journey.%s: %s under way finish on the revision that they entered: %s.", j.Journey, people(j.Inside), stepList(j.Steps))
		}
	}
}

func stepList(steps []StepPeople) string {
	parts := make([]string, len(steps))
	for i, s := range steps {
		parts[i] = fmt.Sprintf("%d at %s", s.People, s.Step)
	}
	return strings.Join(parts, ", ")
}

func (t *text) broadcasts(p *Plan) {
	for _, b := range p.Broadcasts {
		unknown := ""
		if b.Unknown > 0 {
			unknown = fmt.Sprintf(", unknown of %d", b.Unknown)
		}
		t.line("  broadcast.%s: %d match → %d consented → %s%s", b.Broadcast, b.Matched, b.Consented, t.bold(people(b.Reachable)+" reachable"), t.paint(faint, unknown))
	}
}

func (t *text) change(c Change) {
	sign, verb := t.paint(green, "+"), "is created"
	switch c.Action {
	case Update:
		sign, verb = t.paint(yellow, "~"), "is updated in place"
	case Replace:
		sign, verb = t.paint(red, "-")+"/"+t.paint(green, "+"), "is replaced: "+c.Why
	case Delete:
		sign, verb = t.paint(red, "-"), "is deleted"
	}
	t.line("%s %s %s", sign, t.bold(c.Addr.String()), verb)
	t.define("    ", c)
	t.line("")
}

func (t *text) attribute(indent string, a AttributeChange) {
	switch {
	case a.Before == nil:
		t.line("%s%s %s = %s", indent, t.paint(green, "+"), a.Path, show(a.After))
	case a.After == nil:
		t.line("%s%s %s = %s", indent, t.paint(red, "-"), a.Path, show(a.Before))
	case long(a.Before) || long(a.After):
		t.line("%s%s %s", indent, t.paint(yellow, "~"), a.Path)
		t.lines(indent, lines(a.Before), lines(a.After))
	default:
		t.line("%s%s %s = %s → %s", indent, t.paint(yellow, "~"), a.Path, show(a.Before), show(a.After))
	}
}

// lines shows two texts as the lines that differ.
func (t *text) lines(indent string, before, after []string) {
	shown := 0
	for _, d := range differences(before, after) {
		switch {
		case strings.TrimSpace(d.text) == "":
		case shown == maxLines:
			t.line("%s    … and more", indent)
			return
		default:
			shown++
			code := green
			if d.sign == "-" {
				code = red
			}
			t.line("%s    %s %s", indent, t.paint(code, d.sign), clip(d.text))
		}
	}
}

// difference is a line that is gone ("-") or new ("+").
type difference struct{ sign, text string }

// maxCompared bounds the lines that are compared one by one.
const maxCompared = 2000

// differences leaves out what two texts have in common, in the longest way.
func differences(before, after []string) []difference {
	start := 0
	for start < len(before) && start < len(after) && before[start] == after[start] {
		start++
	}
	before, after = before[start:], after[start:]
	for len(before) > 0 && len(after) > 0 && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	var same [][]int // the length of the longest common subsequence of what follows
	if len(before)*len(after) <= maxCompared*maxCompared {
		same = commonLengths(before, after)
	}
	var out []difference
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case same != nil && i < len(before) && j < len(after) && before[i] == after[j]:
			i, j = i+1, j+1
		case j == len(after) || i < len(before) && (same == nil || same[i+1][j] >= same[i][j+1]):
			out = append(out, difference{"-", before[i]})
			i++
		default:
			out = append(out, difference{"+", after[j]})
			j++
		}
	}
	return out
}

func commonLengths(a, b []string) [][]int {
	same := make([][]int, len(a)+1)
	for i := range same {
		same[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if same[i][j] = max(same[i+1][j], same[i][j+1]); a[i] == b[j] {
				same[i][j] = same[i+1][j+1] + 1
			}
		}
	}
	return same
}

const maxLines, maxWidth = 12, 160

func clip(s string) string {
	if r := []rune(s); len(r) > maxWidth {
		return string(r[:maxWidth]) + "…"
	}
	return s
}

func long(v any) bool {
	s, ok := v.(string)
	return ok && (len(s) > 70 || strings.Contains(s, "\n"))
}

func lines(v any) []string {
	if s, ok := v.(string); ok {
		return strings.Split(strings.TrimRight(s, "\n"), "\n")
	}
	return []string{compact(v)}
}

// show writes a value in one line; a long text as its size.
func show(v any) string {
	s, ok := v.(string)
	if !ok {
		return clip(compact(v))
	}
	if n := strings.Count(s, "\n"); n > 0 {
		return fmt.Sprintf("(%d lines)", n+1)
	}
	return clip(fmt.Sprintf("%q", s))
}

func compact(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// counting says that people count as something: "121 people count as".
func counting(n int) string {
	if n == 1 {
		return "1 person counts as"
	}
	return people(n) + " count as"
}

// owner writes an address as authors know it: there is one profile.
func owner(a addr.Addr) string {
	if a.Kind() == "profile" {
		return "profile"
	}
	return a.String()
}
