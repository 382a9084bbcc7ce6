package compile

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// stepKinds are the blocks that are steps.
var stepKinds = []string{"send", "wait", "branch", "split", "update", "subscribe", "unsubscribe", "emit", "call", "enter", "throttle", "exit"}

// step reads one step; nil for a block that is none.
func (j *journeyReader) step(b *body) campaign.Step {
	switch b.schema.Name {
	case "send":
		return j.send(b)
	case "wait":
		return j.wait(b)
	case "branch":
		return j.branch(b)
	case "split":
		return j.split(b)
	case "update":
		return j.update(b)
	case "subscribe", "unsubscribe":
		return j.subscribe(b)
	case "emit":
		return j.emit(b)
	case "call":
		return j.call(b)
	case "enter":
		return j.enter(b)
	case "throttle":
		return j.throttle(b)
	case "exit":
		return &campaign.Exit{Name: b.label()}
	}
	return nil
}

func (j *journeyReader) branch(b *body) campaign.Step {
	out := &campaign.Branch{Name: b.label()}
	ways := j.fork()
	for _, n := range b.nested("case") {
		when := j.condition(n, "when")
		out.Cases = append(out.Cases, campaign.BranchCase{Name: n.label(), When: when, Steps: ways.down(n)})
		j.failed = j.failed || n.broken
	}
	if e := b.one("else"); e != nil {
		out.Cases = append(out.Cases, campaign.BranchCase{Name: "else", Steps: ways.down(e)})
	}
	ways.join()
	return out
}

// split reads the arms and their weights.
func (j *journeyReader) split(b *body) campaign.Step {
	out := &campaign.Split{Name: b.label(), Salt: b.str("salt")}
	if b.has("salt") && out.Salt == "" && !b.broken {
		b.fail("salt", "The salt is empty.", "Leave it out: the arms hang on the journey and the step then.")
	}
	arms := b.nested("arm")
	if len(arms) == 1 && len(b.blocks) == len(b.block.Blocks) {
		b.fail("", "A split has two arms at the least, and this one has one.", "Add another, or write its steps without a split.")
	}
	j.pass(b.label(), b) // the arms know which they are
	ways := j.fork()
	total := 0.0
	for _, n := range arms {
		arm := campaign.Arm{Name: n.label(), Weight: n.weight(), Steps: ways.down(n)}
		out.Arms = append(out.Arms, arm)
		total += arm.Weight
		j.failed = j.failed || n.broken
	}
	ways.join()
	if total == 0 && len(arms) > 0 && !j.failed && !b.broken {
		b.fail("", "No arm has a weight, so that nobody could go on.", "Give one a weight above 0.")
	}
	return out
}

func (b *body) weight() float64 {
	if !b.has("weight") {
		return 1
	}
	w, ok := typed[float64](b, "weight", "a number")
	if ok && (w < 0 || w > 1e6) {
		b.fail("weight", "A weight is a number from 0 to 1000000.", "Weights are relative: 50 and 50, 9 and 1.")
	}
	return w
}

// fork remembers the way up to a place where ways part.
func (j *journeyReader) fork() *ways {
	return &ways{j: j, before: maps.Clone(j.way), after: maps.Clone(j.way)}
}

// ways are those that part at a branch or a split.
type ways struct {
	j             *journeyReader
	before, after map[string]stepSeen
}

// down reads the steps of one of them.
func (w *ways) down(b *body) campaign.Steps {
	steps := w.j.readSteps(b)
	maps.Copy(w.after, w.j.way)
	w.j.way = maps.Clone(w.before)
	return steps
}

// join goes on with what has been passed on any of them.
func (w *ways) join() { w.j.way = w.after }

// update reads the attributes that are set.
func (j *journeyReader) update(b *body) campaign.Step {
	out := &campaign.Update{Name: b.label()}
	j.depends[j.c.profile.Address()] = true
	out.Set = j.bindings(b, "set", "an attribute", `{ first_name = "trigger.event.name" }`, func(item syntax.Item) (campaign.Type, bool) {
		a := j.settable(item)
		if a == nil {
			return campaign.Type{}, false
		}
		return a.Type, true
	})
	for _, set := range out.Set {
		j.allowed(b, set)
	}
	if len(out.Set) == 0 && b.has("set") && !b.broken {
		b.fail("set", "Nothing is set.", `Write { first_name = "trigger.event.name" }.`)
	}
	return out
}

// unsettable is why built-in attributes cannot be set by a journey.
var unsettable = map[string]string{
	"id":         "It is what the shop knows the person by.",
	"email":      "It is the person's address: consents and suppressions go by it.",
	"phone":      "It is the person's address: consents and suppressions go by it.",
	"created_at": "It is when the person came, which has happened.",
}

func (j *journeyReader) settable(item syntax.Item) *campaign.Attribute {
	if why := unsettable[item.Key]; why != "" {
		j.c.report(diag.Diagnostic{
			Code: "bad-value", Summary: "Value not allowed",
			Detail: fmt.Sprintf("A journey cannot set %s. %s", item.Key, why), Fix: "Set another attribute.", Subject: item.KeyRange,
		})
		return nil
	}
	var names []string
	for i := range j.c.profile.Attributes {
		a := &j.c.profile.Attributes[i]
		if a.Name == item.Key {
			return a
		}
		if unsettable[a.Name] == "" {
			names = append(names, a.Name)
		}
	}
	fix := didYouMean(item.Key, names)
	if fix == "" {
		fix = fmt.Sprintf("Declare it: `profile { attribute %q { … } }`.", item.Key)
	}
	j.c.report(diag.Diagnostic{
		Code: "unknown-attribute", Summary: "Unknown attribute",
		Detail: fmt.Sprintf("The profile has no attribute %q.", item.Key), Fix: fix, Subject: item.KeyRange,
	})
	return nil
}

// allowed refuses a text that the attribute does not take, where it is plain.
func (j *journeyReader) allowed(b *body, set campaign.Binding) {
	i := slices.IndexFunc(j.c.profile.Attributes, func(a campaign.Attribute) bool { return a.Name == set.Input })
	oneOf := j.c.profile.Attributes[i].OneOf
	text, err := strconv.Unquote(set.Value.Text)
	if err != nil || len(oneOf) == 0 || slices.Contains(oneOf, text) {
		return
	}
	fix := didYouMean(text, oneOf)
	if fix == "" {
		fix = "Allowed: " + quoteAll(oneOf) + "."
	}
	b.fail("set", fmt.Sprintf("profile.%s cannot be %q.", set.Input, text), fix)
}

func (j *journeyReader) subscribe(b *body) campaign.Step {
	out := &campaign.Subscribe{Name: b.label(), Topic: b.reference("topic"), Channel: b.str("channel"), Granted: b.schema.Name == "subscribe"}
	if out.Channel == "" {
		out.Channel = "email"
	}
	j.need("topic", out.Topic)
	return out
}

// emit reads an event of the project's own.
func (j *journeyReader) emit(b *body) campaign.Step {
	out := &campaign.Emit{Name: b.label(), Event: b.reference("event")}
	j.need("event", out.Event)
	e := j.c.events[out.Event]
	if e == nil {
		return out
	}
	if builtinEvent(e.Name) != nil && !fromOutside(e.Name) {
		b.fail("event", fmt.Sprintf("%s is recorded by herald itself, when it happens.", e.Name), "Declare an event of your own.")
		return out
	}
	out.With = j.bindings(b, "with", "a property", `{ total = "trigger.event.total" }`, func(item syntax.Item) (campaign.Type, bool) {
		var names []string
		for _, p := range e.Properties {
			if p.Name == item.Key {
				return p.Type, true
			}
			names = append(names, p.Name)
		}
		fix := didYouMean(item.Key, names)
		if item.Key == "at" {
			fix = "An event is recorded at the instant of the step."
		}
		j.c.report(diag.Diagnostic{
			Code: "unknown-property", Summary: "Unknown property",
			Detail: fmt.Sprintf("event.%s has no property %q.", e.Name, item.Key), Fix: fix, Subject: item.KeyRange,
		})
		return campaign.Type{}, false
	})
	return out
}

// bindings reads an object of CEL, sorted by key; typeOf tells what a value must
// be (the zero Type is anything), and says itself what is wrong with a key.
func (j *journeyReader) bindings(b *body, name, what, example string, typeOf func(syntax.Item) (campaign.Type, bool)) []campaign.Binding {
	if !b.has(name) {
		return nil
	}
	items, ok := b.attrs[name].Expr.Object()
	if !ok {
		b.mistyped(name, fmt.Sprintf("%s is an object that gives %s its CEL.", name, what), "Write "+example+".")
		return nil
	}
	var out []campaign.Binding
	for _, item := range items {
		t, ok := typeOf(item)
		if !ok {
			b.broken = true
			continue
		}
		e := j.c.cel(item.Value, j.scope(), t, j.explain)
		if e == nil {
			b.broken = true
			continue
		}
		j.needReads(e)
		out = append(out, campaign.Binding{Input: item.Key, Value: *e})
	}
	slices.SortFunc(out, func(a, b campaign.Binding) int { return strings.Compare(a.Input, b.Input) })
	return out
}

func (j *journeyReader) throttle(b *body) campaign.Step {
	out := &campaign.Throttle{Name: b.label(), Max: b.integer("max", 1, 1_000_000_000)}
	out.Per, _ = b.duration("per")
	if b.has("per") && out.Per <= 0 && !b.broken {
		b.fail("per", "A throttle counts over a second at the least.", "Write per = \"1h\".")
	}
	return out
}

// integer reads a whole number within bounds.
func (b *body) integer(name string, least, most float64) int {
	n, ok := typed[float64](b, name, "a number")
	if !ok {
		return 0
	}
	if n != math.Trunc(n) || n < least || n > most {
		b.fail(name, fmt.Sprintf("%s is a whole number from %.0f to %.0f.", name, least, most), "")
		return 0
	}
	return int(n)
}

// enter reads which journey goes on from here. What it needs is known before any
// journey is read.
func (j *journeyReader) enter(b *body) campaign.Step {
	out := &campaign.Enter{Name: b.label(), Journey: b.reference("journey")}
	j.need("journey", out.Journey)
	e, known := j.c.entries[out.Journey]
	if !known || out.Journey == "" {
		return out
	}
	if e.refuses != "" {
		b.fail("journey", fmt.Sprintf("journey.%s is started by %s, which who is sent there has not.", out.Journey, e.refuses),
			"Give it `trigger \"…\" { api {} }`, with an input for what it needs.")
		return out
	}
	out.With = j.c.inputs(b, "journey."+out.Journey, e.inputs, j.scope(), j.explain)
	for i := range out.With {
		j.needReads(&out.With[i].Value)
	}
	return out
}
