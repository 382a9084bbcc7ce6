package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// expect reads what should come of a test.
func (t *testReader) expect(b *body) {
	e := &t.def.Expect
	e.Entered, e.Exited = b.maybe("entered"), b.maybe("exited")
	e.Attributes = t.attributes(b, "attributes")
	t.sent(b)
	t.outcome(b)
	t.path(b)
	for _, item := range b.entries("segments", "{ vip = true }") {
		in, ok := b.plainValue(item).(bool)
		switch {
		case !t.c.exists(syntax.Reference{Parts: []string{"segment", item.Key}, Range: item.KeyRange}):
		case !ok:
			b.badEntry(item.Value.Range(), "A segment is true (inside) or false.", "")
		default:
			if e.Segments == nil {
				e.Segments = map[string]bool{}
			}
			e.Segments[item.Key] = in
		}
	}
	if len(b.block.Attributes) == 0 {
		b.fail("", "Nothing is expected, so that nothing could fail.", `Add sent = [], or what else should come of it.`)
	}
}

// sent reads the messages that should go out.
func (t *testReader) sent(b *body) {
	if !b.has("sent") {
		return
	}
	b.asked["sent"] = true
	t.def.Expect.Sent = []campaign.ExpectedSend{}
	items, ok := b.attrs["sent"].Expr.List()
	if !ok {
		b.mistyped("sent", "sent is a list of messages.", `Write [{ message = message.x, at = "4h" }].`)
		return
	}
	for _, item := range items {
		if s, ok := t.expectedSend(b, item); ok {
			t.def.Expect.Sent = append(t.def.Expect.Sent, s)
		}
	}
}

func (t *testReader) expectedSend(b *body, e *syntax.Expr) (s campaign.ExpectedSend, ok bool) {
	entries, ok := e.Object()
	if !ok {
		b.badEntry(e.Range(), "What is sent is an object with its message.", `Write { message = message.x, at = "4h" }.`)
		return s, false
	}
	for _, entry := range entries {
		switch entry.Key {
		case "message":
			ref, named := entry.Value.Reference()
			if !named || len(ref.Parts) != 2 || ref.Parts[0] != "message" {
				b.badEntry(entry.Value.Range(), "message names a message, and this is none.", "Write message = message.NAME.")
				return s, false
			}
			if !b.c.exists(ref) {
				return s, false
			}
			s.Message = ref.Parts[1]
		case "at":
			text, _ := b.plainValue(entry).(string)
			at, err := parseOffset(text)
			if err != nil {
				b.badEntry(entry.Value.Range(), sentence(err.Error()), durationFix(text))
				return s, false
			}
			s.At = &at
		default:
			b.badEntry(entry.KeyRange, fmt.Sprintf("There is no %q in what is sent.", entry.Key), "It has message and at.")
			return s, false
		}
	}
	if s.Message == "" {
		b.badEntry(e.Range(), "The message is missing.", "Write { message = message.x }.")
	}
	return s, s.Message != ""
}

// outcome reads how the way ends.
func (t *testReader) outcome(b *body) {
	s := b.str("outcome")
	t.def.Expect.Outcome = s
	if label, exit := strings.CutPrefix(s, "exit "); exit {
		stepOf[*campaign.Exit](t, label, b.at("outcome"), "an exit")
		return
	}
	words := []string{"completed", "goal", "exited", "inside"}
	if s != "" && !slices.Contains(words, s) {
		fix := didYouMean(s, words)
		if _, exit := t.steps[s].(*campaign.Exit); exit {
			fix = fmt.Sprintf("Write %q.", "exit "+s)
		}
		if fix == "" {
			fix = "Allowed: " + quoteAll(words) + `, "exit LABEL".`
		}
		b.fail("outcome", fmt.Sprintf("No way ends as %q.", s), fix)
	}
}

// path reads the steps gone by.
func (t *testReader) path(b *body) {
	t.def.Expect.Path = b.strings("path")
	for _, name := range t.def.Expect.Path {
		if t.journey != nil && t.steps[name] == nil {
			b.fail("path", fmt.Sprintf("journey.%s has no step %q.", t.def.Journey, name), didYouMean(name, sortedKeys(t.steps)))
		}
	}
}
