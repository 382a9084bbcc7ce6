package compile

import (
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/dsl/template"
	"github.com/herald-campaigns/herald/dsl/template/mjml"
	"github.com/herald-campaigns/herald/dsl/template/plaintext"
)

// markup checks where the output of compiled or hand-written HTML stands, and
// points at the same place in the source.
func (m *messageReader) markup(source syntax.Text) {
	_, problems := template.Check(m.def.HTML, template.HTML, m.vars)
	for _, p := range problems {
		if p.Context {
			m.failed = m.failed || p.Severity == diag.Error
			m.c.report(m.placed(p, source))
		}
	}
}

// placed finds the place of a problem of compiled HTML in what was written: the
// source, or a file that it includes.
func (m *messageReader) placed(p template.Problem, source syntax.Text) diag.Diagnostic {
	words := m.def.HTML[p.Start:p.End]
	nth := strings.Count(m.def.HTML[:p.Start], words)
	for _, text := range append([]syntax.Text{source}, m.included...) {
		if at, ok := occurrence(text.Value, words, &nth); ok {
			p.Start, p.End = at, at+len(words)
			return liquidDiagnostic(p, text)
		}
	}
	if at := strings.Index(source.Value, words); at >= 0 {
		p.Start, p.End = at, at+len(words)
	} else {
		p.Start, p.End = 0, len(source.Value)
	}
	return liquidDiagnostic(p, source)
}

// occurrence finds the n-th occurrence of words and takes those that it passes
// off n.
func occurrence(text, words string, n *int) (at int, ok bool) {
	for from := 0; words != ""; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return 0, false
		}
		if *n == 0 {
			return from + i, true
		}
		*n--
		from += i + len(words)
	}
	return 0, false
}

// mjml compiles the layout, and for it every content that it shows. Without
// sound Liquid only the layout's own problems are looked for.
func (m *messageReader) mjml(text syntax.Text, sound bool) {
	result, problems := mjml.Compile([]byte(text.Value), m.layoutOptions())
	if !sound {
		problems = withoutLiquid(problems)
	}
	if !m.layoutProblems(problems, text) || !sound {
		return
	}
	var fragments []mjml.Result
	for _, slot := range result.Slots {
		if slot.Name == "content" {
			fragments = append(fragments, m.show(slot)...)
		}
	}
	if m.failed {
		return
	}
	m.def.HTML = result.With(fragments...).HTML
	m.markup(text)
}

// withoutLiquid leaves out what only says again that tags do not match.
func withoutLiquid(problems []mjml.Problem) []mjml.Problem {
	var out []mjml.Problem
	for _, p := range problems {
		if p.Code != mjml.CodeLiquidBalance && !strings.Contains(p.Message, "Liquid") {
			out = append(out, p)
		}
	}
	return out
}

func (m *messageReader) layoutOptions() mjml.Options {
	return mjml.Options{
		Preview:  escapeText(m.def.Preheader),
		Language: m.c.profile.Locale.Default,
		Include: func(name string) ([]byte, error) {
			text, err := m.c.project.ReadText(name)
			if err == nil {
				m.included = append(m.included, text)
			}
			return []byte(text.Value), err
		},
	}
}

// layoutProblems reports what is wrong with MJML; true when it can be sent.
func (m *messageReader) layoutProblems(problems []mjml.Problem, text syntax.Text) bool {
	return m.eachLayoutProblem(problems, text, m.c.report)
}

func (m *messageReader) eachLayoutProblem(problems []mjml.Problem, text syntax.Text, report func(diag.Diagnostic)) bool {
	sound := true
	for _, p := range problems {
		d := diag.Diagnostic{
			Severity: p.Severity,
			Code:     "mjml-" + p.Code, Summary: "Problem in the layout", Detail: sentence(p.Message), Fix: p.Hint,
			Subject: text.Range(p.Offset, p.Offset+p.Length),
		}
		if p.Path != "" {
			if included, err := m.c.project.ReadText(p.Path); err == nil {
				d.Subject = included.Range(p.Offset, p.Offset+p.Length)
			}
		}
		sound = sound && p.Severity != diag.Error
		report(d)
	}
	m.failed = m.failed || !sound
	return sound
}

// blame records what is wrong with a content as this message shows it.
func (m *messageReader) blame(d diag.Diagnostic) {
	m.problems.add(d, m.def.Name)
	m.failed = m.failed || d.Severity == diag.Error
}

// contentLiquid checks the Liquid of a content with the message's variables.
func (m *messageReader) contentLiquid(text syntax.Text) bool {
	sound := true
	for _, p := range template.CheckLiquid(text.Value, m.vars) {
		m.blame(liquidDiagnostic(p, text))
		sound = sound && p.Severity != diag.Error
	}
	return sound
}

// show compiles a content for the slot of a message's layout.
func (m *messageReader) show(slot mjml.Slot) []mjml.Result {
	tags := template.Scan(slot.Tag)
	if len(tags) != 1 {
		return nil
	}
	src := m.contentOf(tags[0])
	if src == nil {
		return nil
	}
	block := campaign.Content{Name: src.def.Name}
	var fragments []mjml.Result
	for i, k := range src.def.Cases {
		if !m.contentLiquid(src.bodies[i]) {
			continue
		}
		fragment, problems := mjml.CompileFragment([]byte(k.Body), m.fragmentOptions(slot))
		if !m.eachLayoutProblem(problems, src.bodies[i], m.blame) {
			continue
		}
		fragments = append(fragments, fragment)
		block.Cases = append(block.Cases, campaign.ContentCase{
			Name: k.Name, When: k.When, HTML: fragment.HTML, Text: plaintext.FromHTML(fragment.HTML),
		})
	}
	m.addBlock(block, slot)
	return fragments
}

// contentOf finds the content that a tag names; nil if there is nothing to build
// upon, which has been said.
func (m *messageReader) contentOf(tag template.Tag) *contentSource {
	name := strings.Trim(strings.TrimSpace(strings.TrimPrefix(tag.Text, "content")), `"'`)
	src := m.c.contents[name]
	if src == nil {
		return nil
	}
	m.shown[name] = true
	m.failed = m.failed || src.broken
	return src
}

func (m *messageReader) fragmentOptions(slot mjml.Slot) mjml.Options {
	opts := m.layoutOptions()
	opts.Slot = &slot
	return opts
}

// showPlain takes the contents that an HTML or text body shows as they are.
func (m *messageReader) showPlain(src string) {
	for _, tag := range template.Scan(src) {
		if tag.Name != "content" {
			continue
		}
		source := m.contentOf(tag)
		if source == nil {
			continue
		}
		block := campaign.Content{Name: source.def.Name}
		for i, k := range source.def.Cases {
			m.contentLiquid(source.bodies[i])
			m.fits(source.bodies[i])
			out := campaign.ContentCase{Name: k.Name, When: k.When, HTML: k.Body, Text: plaintext.FromHTML(k.Body)}
			if m.def.HTML == "" {
				out.HTML, out.Text = "", k.Body
			}
			block.Cases = append(block.Cases, out)
		}
		m.addBlock(block, mjml.Slot{})
	}
}

// fits refuses a body of a kind that the message cannot show.
func (m *messageReader) fits(text syntax.Text) {
	src := strings.TrimSpace(text.Value)
	var have, want string
	switch {
	case strings.HasPrefix(src, "<mj-"):
		have, want = "MJML", "HTML"
		if m.def.HTML == "" {
			want = "text"
		}
	case m.def.HTML == "" && strings.HasPrefix(src, "<"):
		have, want = "HTML", "text"
	default:
		return
	}
	m.blame(diag.Diagnostic{
		Code: "content-kind", Summary: "A content of another kind",
		Detail: fmt.Sprintf("This is %s, and stands in a message that is %s.", have, want),
		Fix:    "Give that message a layout of its own kind, or show another content.", Subject: text.Range(0, len(text.Value)),
	})
}

// addBlock keeps a content as it was compiled for its place. In a second place
// it has to look the same, for a message holds it once.
func (m *messageReader) addBlock(block campaign.Content, slot mjml.Slot) {
	for i := range m.def.Blocks {
		if m.def.Blocks[i].Name != block.Name {
			continue
		}
		if !sameLook(m.def.Blocks[i], block) && !m.failed {
			m.failed = true
			m.c.report(diag.Diagnostic{
				Code: "content-places", Summary: "A content in places of two kinds",
				Detail:  fmt.Sprintf("message.%s shows content.%s a second time, in a place where it would look different.", m.def.Name, block.Name),
				Fix:     "Show it once, or in places of one kind and width.",
				Subject: m.slotRange(slot),
			})
		}
		return
	}
	m.def.Blocks = append(m.def.Blocks, block)
	m.depends[addr.New("content", block.Name)] = true
	for _, a := range m.c.contents[block.Name].depends {
		m.depends[a] = true
	}
}

func sameLook(a, b campaign.Content) bool {
	if len(a.Cases) != len(b.Cases) {
		return false
	}
	for i := range a.Cases {
		if a.Cases[i].HTML != b.Cases[i].HTML {
			return false
		}
	}
	return true
}

// slotRange is where a slot of the layout was written.
func (m *messageReader) slotRange(slot mjml.Slot) diag.Range {
	text, ok := m.b.text("body")
	if slot.Path != "" {
		included, err := m.c.project.ReadText(slot.Path)
		text, ok = included, err == nil
	}
	if !ok {
		return m.b.at("body")
	}
	return text.Range(slot.Offset, slot.Offset+slot.Length)
}
