package compile

import (
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/template"
)

// wayOut refuses marketing mail that shows some reader no way to leave.
func (m *messageReader) wayOut() {
	topic := m.c.topics[m.def.Topic]
	if topic == nil || topic.Transactional || m.failed || m.b.broken {
		return
	}
	for _, part := range []struct{ src, attr string }{{m.def.HTML, "body"}, {m.def.Text, m.textAttr()}} {
		if part.src == "" {
			continue
		}
		found := m.leaves(part.src)
		if found == always {
			continue
		}
		m.failed = true
		detail := "but shows no way to leave."
		if found == sometimes {
			detail = "but shows a way to leave to some of them alone."
		}
		m.c.report(diag.Diagnostic{
			Code: "no-way-out", Summary: "Marketing mail without a way to unsubscribe",
			Detail:  fmt.Sprintf("message.%s goes to the readers of topic.%s, %s", m.def.Name, m.def.Topic, detail),
			Fix:     "Add a link to {{ unsubscribe_url }}, or make the topic transactional if it only answers what people did.",
			Subject: m.b.at(part.attr),
		})
		return
	}
}

// textAttr is where the text part was written.
func (m *messageReader) textAttr() string {
	if m.b.has("text") {
		return "text"
	}
	return "body"
}

// shownTo tells which readers something is shown to.
type shownTo uint8

const (
	never shownTo = iota
	sometimes
	always
)

// leaves tells who is shown a way to leave by a template.
func (m *messageReader) leaves(src string) shownTo {
	w := &wayScan{tags: template.Scan(src), message: m}
	return w.body()
}

// wayScan walks over the tags of a template.
type wayScan struct {
	tags    []template.Tag
	message *messageReader
}

// body reads up to the tag that ends or divides the block around, and leaves
// that for the caller.
func (w *wayScan) body() shownTo {
	best := never
	for len(w.tags) > 0 {
		tag := w.tags[0]
		switch tag.Name {
		case "elsif", "else", "when", "endif", "endunless", "endcase", "endfor", "endcapture":
			return best
		}
		w.tags = w.tags[1:]
		switch tag.Name {
		case "":
			if strings.HasPrefix(tag.Text, "unsubscribe_url") || strings.HasPrefix(tag.Text, "preferences_url") {
				best = always
			}
		case "content":
			best = max(best, w.message.contentLeaves(tag))
		case "if", "unless", "case", "for", "capture":
			best = max(best, w.block(tag.Name))
		}
	}
	return best
}

// block reads the branches of a block and its end. A loop may run not at all,
// and nobody knows what becomes of a capture.
func (w *wayScan) block(name string) shownTo {
	best, worst, complete := never, always, false
	first := true
	for {
		found := w.body()
		if name != "case" || !first { // what stands before the first when is not shown
			best, worst = max(best, found), min(worst, found)
		}
		first = false
		if len(w.tags) == 0 {
			return min(best, sometimes)
		}
		tag := w.tags[0]
		w.tags = w.tags[1:]
		if strings.HasPrefix(tag.Name, "end") {
			break
		}
		complete = complete || tag.Name == "else"
	}
	if complete && name != "for" && name != "capture" {
		return max(worst, min(best, sometimes))
	}
	return min(best, sometimes)
}

// contentLeaves tells who is shown a way to leave by a content.
func (m *messageReader) contentLeaves(tag template.Tag) shownTo {
	src := m.contentOf(tag)
	if src == nil {
		return never
	}
	best, worst, complete := never, always, false
	for _, k := range src.def.Cases {
		found := m.leaves(k.Body)
		best, worst = max(best, found), min(worst, found)
		complete = complete || isElse(k)
	}
	if complete {
		return max(worst, min(best, sometimes))
	}
	return min(best, sometimes)
}

func isElse(k campaign.ContentCase) bool { return k.When == nil }
