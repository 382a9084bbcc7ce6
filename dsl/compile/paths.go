package compile

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
)

// paths reads journeys and broadcasts.
func (c *compiler) paths() {
	inParallel(c, c.of("journey"), func(c *compiler, b *body) *campaign.Journey {
		j := &journeyReader{c: c, b: b, steps: map[string]*body{}, way: map[string]string{}, depends: map[addr.Addr]bool{}}
		def := j.read()
		if def != nil {
			c.definitions = append(c.definitions, frozen{def: def, depends: j.depends})
		}
		return def
	}, func(*campaign.Journey) {})
	for _, b := range c.of("broadcast") {
		c.broadcast(b)
	}
}

// journeyReader reads one journey.
type journeyReader struct {
	c       *compiler
	b       *body
	def     *campaign.Journey
	event   campaign.Type     // of trigger.event; zero without one
	steps   map[string]*body  // by label
	way     map[string]string // the sends and waits that come before the present place → kind
	depends map[addr.Addr]bool
	failed  bool
	astray  bool // the trigger's event is not known, so that nothing is said of trigger.event
	lost    bool // a step could not be read, so that nothing is said of steps that seem missing
}

func (j *journeyReader) read() *campaign.Journey {
	j.def = &campaign.Journey{Name: j.b.label(), Description: j.b.str("description"), OnChange: campaign.OnChange(j.b.str("on_change"))}
	if j.def.OnChange == "" {
		j.def.OnChange = campaign.Pin
	}
	if t := j.b.one("trigger"); t != nil {
		j.trigger(t)
	}
	j.reentry()
	j.collect(j.b)
	for name, b := range j.steps { // exit_when is asked on all of the way
		j.pass(name, b)
	}
	j.def.ExitWhen = j.condition(j.b, "exit_when")
	clear(j.way)
	j.def.Steps = j.readSteps(j.b)
	if len(j.def.Steps) == 0 && !j.failed && !j.b.broken {
		j.b.fail("", "The journey has no steps.", "Add a send, a wait or a branch.")
	}
	if j.failed || j.b.broken {
		return nil
	}
	return j.def
}

func (j *journeyReader) need(kind, name string) {
	if name != "" && !(kind == "event" && builtinEvent(name) != nil) {
		j.depends[addr.New(kind, name)] = true
	}
}

func (j *journeyReader) needReads(e *campaign.Expr) {
	if e == nil {
		return
	}
	for _, a := range readAddrs(e.Reads) {
		j.depends[a] = true
	}
}

func (j *journeyReader) condition(b *body, name string) *campaign.Expr {
	return j.cel(b, name, j.scope(), campaign.Of(campaign.Bool))
}

func (j *journeyReader) cel(b *body, name string, sc expr.Scope, want campaign.Type) *campaign.Expr {
	e := b.cel(name, sc, want, j.explain)
	j.needReads(e)
	return e
}

// scope is what an expression may name at the present place of the way.
func (j *journeyReader) scope() expr.Scope {
	vars := make([]expr.StepVar, 0, len(j.way))
	for _, name := range sortedKeys(j.way) {
		vars = append(vars, expr.StepVar{Name: name, Kind: j.way[name]})
	}
	return link.JourneyScope(j.event, vars)
}

// pass notes that people come by a step before what follows.
func (j *journeyReader) pass(name string, b *body) {
	if kind := b.schema.Name; kind == expr.StepSend || kind == expr.StepWait {
		j.way[name] = kind
	}
}

var stepPath = regexp.MustCompile(`^step\.([A-Za-z_][A-Za-z0-9_]*)`)

// explain knows the steps that are not on the way to the present place.
func (j *journeyReader) explain(p *expr.Problem, words string) bool {
	if j.astray && strings.HasPrefix(words, "trigger") {
		return false
	}
	m := stepPath.FindStringSubmatch(words)
	if m == nil || p.Code != expr.CodeName && p.Code != expr.CodeScope || j.way[m[1]] != "" {
		return true
	}
	b := j.steps[m[1]]
	if b == nil {
		return !j.lost
	}
	p.Code, p.Summary, p.End = "step-not-on-the-way", "The step is not on the way to this place", p.Start+len(m[0])
	p.Detail = fmt.Sprintf("%s (line %d) is not passed before this is asked.", written(b.block), b.block.Header.Start.Line)
	p.Fix = "Ask after the step, and on the same way."
	if kind := b.schema.Name; kind != expr.StepSend && kind != expr.StepWait {
		p.Detail, p.Fix = fmt.Sprintf("%s is %s, of which nothing is known.", written(b.block), article(kind)), "Ask a send or a wait."
	}
	return true
}

func (j *journeyReader) trigger(b *body) {
	t := &j.def.Trigger
	t.Name = b.label()
	var kinds []string
	for _, kind := range []string{"event", "enters", "date"} {
		if b.has(kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		j.failed, j.astray = true, true
		switch {
		case len(kinds) > 1:
			b.fail("", fmt.Sprintf("A trigger has one of event, enters and date; this one has %s.", andMore(kinds)), "Make a journey for each.")
		case !b.astray:
			b.fail("", "A trigger has one of event, enters and date; this one has none.", "Write `event = event.NAME`.")
		}
		return
	}
	j.onlyWith(b, kinds[0])
	switch kinds[0] {
	case "event":
		t.Event = j.eventTrigger(b)
	case "enters":
		t.Segment = &campaign.SegmentTrigger{Segment: b.reference("enters"), Backfill: b.boolean("backfill")}
		j.need("segment", t.Segment.Segment)
	case "date":
		t.Date = j.dateTrigger(b)
	}
	j.failed = j.failed || b.broken
}

// onlyWith refuses attributes that belong to another kind of trigger.
func (j *journeyReader) onlyWith(b *body, kind string) {
	belongs := map[string]string{"key": "event", "settle": "event", "where": "event", "backfill": "enters", "at": "date", "timezone": "date"}
	for _, name := range sortedKeys(belongs) {
		if b.has(name) && belongs[name] != kind {
			b.fail(name, fmt.Sprintf("%s belongs to a trigger with %q; this one has %q.", name, belongs[name], kind), "")
		}
	}
}

func (j *journeyReader) eventTrigger(b *body) *campaign.EventTrigger {
	t := &campaign.EventTrigger{Event: b.reference("event")}
	j.need("event", t.Event)
	e := j.c.events[t.Event]
	if e == nil {
		j.failed, j.astray = true, true
		return t
	}
	j.event = e.Type()
	sc := link.TriggerScope(e.Name)
	t.Key = j.cel(b, "key", sc, campaign.Of(campaign.String))
	t.Where = j.cel(b, "where", sc, campaign.Of(campaign.Bool))
	t.Settle, _ = b.duration("settle")
	return t
}

func (j *journeyReader) dateTrigger(b *body) *campaign.DateTrigger {
	t := &campaign.DateTrigger{At: b.clock("at"), Timezone: b.timezone("timezone", true)}
	if t.At == "" {
		t.At = "09:00"
	}
	if t.Timezone == "" {
		t.Timezone = campaign.Recipient
	}
	date := j.cel(b, "date", link.PersonScope(), campaign.Type{})
	if date == nil {
		return t
	}
	if k := date.Type.Kind; k != campaign.Date && k != campaign.Time {
		b.fail("date", fmt.Sprintf("date must give a date or a time; this gives a %s.", date.Type), "Name a date of the profile: \"profile.birthday\".")
		return t
	}
	t.Date = *date
	return t
}

func (b *body) clock(name string) string {
	s := b.str(name)
	if s == "" {
		return ""
	}
	if _, err := schedule.ParseClock(s); err != nil {
		b.fail(name, sentence(err.Error()), "")
		return ""
	}
	return s
}

func (j *journeyReader) reentry() {
	r := campaign.Reentry{Per: campaign.PerPerson, Allow: true}
	if t := j.def.Trigger; t.Segment != nil {
		r.Allow = false
	} else if t.Event != nil && t.Event.Key != nil {
		r.Per = campaign.PerKey
	}
	if b := j.b.one("reentry"); b != nil {
		b.str("inside")
		if per := b.str("per"); per != "" {
			r.Per = campaign.ReentryPer(per)
		}
		if r.Per == campaign.PerKey && (j.def.Trigger.Event == nil || j.def.Trigger.Event.Key == nil) && !j.failed {
			b.fail("per", "The trigger has no key.", "Give it one, or write per = \"person\".")
		}
		if b.has("after") {
			d, word := b.duration("after", "always", "never")
			r.After, r.Allow = d, word != "never"
		}
		j.failed = j.failed || b.broken
	}
	j.def.Reentry = r
}

// collect indexes the steps of b and of the branches in it by their labels.
func (j *journeyReader) collect(b *body) {
	j.lost = j.lost || len(b.blocks) < len(b.block.Blocks)
	for _, n := range b.blocks {
		switch n.schema.Name {
		case "send", "wait", "branch", "exit":
			if first := j.steps[n.label()]; first != nil {
				j.c.duplicate(n.block, first.block)
				j.failed = true
				continue
			}
			j.steps[n.label()] = n
			j.collect(n)
		case "case", "else":
			j.collect(n)
		}
	}
}

func (j *journeyReader) readSteps(b *body) campaign.Steps {
	var out campaign.Steps
	for _, n := range b.blocks {
		var step campaign.Step
		switch n.schema.Name {
		case "send":
			step = j.send(n)
		case "wait":
			step = j.wait(n)
		case "branch":
			step = j.branch(n)
		case "exit":
			step = &campaign.Exit{Name: n.label()}
		default:
			continue
		}
		j.failed = j.failed || n.broken
		j.pass(n.label(), n)
		out = append(out, step)
	}
	return out
}

func (j *journeyReader) send(b *body) campaign.Step {
	s := &campaign.Send{Name: b.label(), Message: b.reference("message"), ResendUnknown: b.boolean("resend_unknown")}
	j.need("message", s.Message)
	s.With = j.c.bindings(b, s.Message, j.scope(), j.explain)
	for i := range s.With {
		j.needReads(&s.With[i].Value)
	}
	return s
}

func (j *journeyReader) wait(b *body) campaign.Step {
	w := &campaign.Wait{Name: b.label(), Until: j.condition(b, "until")}
	w.For, _ = b.duration("for")
	var never string
	w.Timeout, never = b.duration("timeout", "never")
	w.React, _ = b.duration("react", "now")
	switch {
	case b.astray:
	case b.has("for") && b.has("until"):
		b.fail("", "A wait has either `for` or `until`, and this one has both.", "Leave one out.")
	case !b.has("for") && !b.has("until"):
		b.fail("", "A wait has either `for` or `until`, and this one has neither.", "Add `for = \"2d\"`.")
	case b.has("until") && !b.has("timeout"):
		b.fail("", "A wait with `until` needs a timeout, so that nobody waits for ever.", "Add `timeout = \"2d\"`, or \"never\" if that is meant.")
	case b.has("for") && b.has("timeout"):
		b.fail("timeout", "A timeout belongs to `until`.", "Leave it out.")
	case b.has("for") && w.For <= 0 && !b.broken, b.has("timeout") && never == "" && w.Timeout <= 0 && !b.broken:
		b.fail("", "A wait must last at least a second.", "")
	}
	return w
}

func (j *journeyReader) branch(b *body) campaign.Step {
	out := &campaign.Branch{Name: b.label()}
	before, after := maps.Clone(j.way), maps.Clone(j.way)
	inside := func(n *body) campaign.Steps {
		steps := j.readSteps(n)
		maps.Copy(after, j.way)
		j.way = maps.Clone(before)
		return steps
	}
	for _, n := range b.nested("case") {
		when := j.condition(n, "when")
		out.Cases = append(out.Cases, campaign.BranchCase{Name: n.label(), When: when, Steps: inside(n)})
		j.failed = j.failed || n.broken
	}
	if e := b.one("else"); e != nil {
		out.Cases = append(out.Cases, campaign.BranchCase{Name: "else", Steps: inside(e)})
	}
	j.way = after
	return out
}
