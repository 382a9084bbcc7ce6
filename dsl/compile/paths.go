package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/schedule"
)

// paths reads journeys and broadcasts.
func (c *compiler) paths() {
	c.entrances()
	c.movedSteps()
	c.removedJourneys()
	inParallel(c, c.of("journey"), func(c *compiler, b *body) *campaign.Journey {
		j := &journeyReader{c: c, b: b, steps: map[string]*body{}, way: map[string]stepSeen{}, responses: map[string][]campaign.Field{}, depends: map[addr.Addr]bool{}}
		def := j.read()
		if def != nil {
			c.definitions = append(c.definitions, frozen{def: def, depends: j.depends})
		}
		return def
	}, func(*campaign.Journey) {})
	c.enterCircles()
	for _, b := range c.of("broadcast") {
		c.broadcast(b)
	}
}

// stepSeen is what can be asked of a step.
type stepSeen = expr.StepVar

// journeyReader reads one journey.
type journeyReader struct {
	c         *compiler
	b         *body
	def       *campaign.Journey
	event     campaign.Type               // of trigger.event; zero without one
	item      *campaign.Type              // of trigger.item; nil without one
	steps     map[string]*body            // by label
	way       map[string]stepSeen         // the steps that come before the present place, and of which something is known
	responses map[string][]campaign.Field // by call
	depends   map[addr.Addr]bool
	failed    bool
	astray    bool // the trigger's event is not known, so that nothing is said of trigger.event
	lost      bool // a step could not be read, so that nothing is said of steps that seem missing
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
	j.moved()
	for name, b := range j.steps { // exit_when and goal_when are asked on all of the way
		j.pass(name, b)
	}
	j.def.ExitWhen = j.condition(j.b, "exit_when")
	j.def.GoalWhen = j.condition(j.b, "goal_when")
	if j.b.has("priority") {
		j.def.Priority = j.b.integer("priority", -1000, 1000)
	}
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
		vars = append(vars, j.way[name])
	}
	sc := link.JourneyScope(j.event, vars)
	sc.Item = j.item
	return sc
}

// pass notes that people come by a step before what follows.
func (j *journeyReader) pass(name string, b *body) {
	switch kind := b.schema.Name; kind {
	case expr.StepCall:
		j.way[name] = link.CallVar(name, j.responses[name])
	case expr.StepSend, expr.StepWait, expr.StepSplit:
		j.way[name] = expr.StepVar{Name: name, Kind: kind}
	}
}

var stepPath = regexp.MustCompile(`^step\.([A-Za-z_][A-Za-z0-9_]*)`)

// explain knows the steps that are not on the way to the present place.
func (j *journeyReader) explain(p *expr.Problem, words string) bool {
	if j.astray && strings.HasPrefix(words, "trigger") {
		return false
	}
	m := stepPath.FindStringSubmatch(words)
	if m == nil || p.Code != expr.CodeName && p.Code != expr.CodeScope || j.way[m[1]].Name != "" {
		return true
	}
	b := j.steps[m[1]]
	if b == nil {
		return !j.lost
	}
	p.Code, p.Summary, p.End = "step-not-on-the-way", "The step is not on the way to this place", p.Start+len(m[0])
	p.Detail = fmt.Sprintf("%s (line %d) is not passed before this is asked.", written(b.block), b.block.Header.Start.Line)
	p.Fix = "Ask after the step, and on the same way."
	if kind := b.schema.Name; !slices.Contains([]string{expr.StepSend, expr.StepWait, expr.StepCall, expr.StepSplit}, kind) {
		p.Detail, p.Fix = fmt.Sprintf("%s is %s, of which nothing is known.", written(b.block), article(kind)), "Ask a send, a wait, a call or a split."
	}
	return true
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
		r.Restart = b.str("inside") == "restart"
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
		switch kind := n.schema.Name; {
		case slices.Contains(stepKinds, kind):
			if first := j.steps[n.label()]; first != nil {
				j.c.duplicate(n.block, first.block)
				j.failed = true
				continue
			}
			j.steps[n.label()] = n
			if kind == "call" {
				j.responses[n.label()] = n.response()
			}
			j.collect(n)
		case kind == "case" || kind == "else" || kind == "arm":
			j.collect(n)
		}
	}
}

func (j *journeyReader) readSteps(b *body) campaign.Steps {
	var out campaign.Steps
	for _, n := range b.blocks {
		step := j.step(n)
		if step == nil {
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
